// What the clients here have in common: they tell what happens, a line of JSON each.
import { createRequire } from "node:module";

/** A package that is installed for the assets. */
export const load = createRequire(new URL("../../../../assets/package.json", import.meta.url));
export const [, , url, token, after] = process.argv;
export const tell = (...what) => console.log(JSON.stringify(what));
export const EVENTS = `subscription ($pipelineId: ID!, $after: String) {
  pipelineEvents(pipelineId: $pipelineId, after: $after) { offset cursor data }
}`;
/** They come back soon and never give up, unless the code says so. */
export const options = {
  url: url.replace(/^http/, "ws"),
  retryAttempts: Infinity,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  shouldRetry: () => true,
};
