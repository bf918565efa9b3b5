// The one element that says how fresh the page is.
import { clock } from "./times.js";

const TEXTS = {
  live: () => "Live",
  "catching-up": () => "Catching up…",
  stale: (since) => `Stale since ${clock(since)}`,
  gone: () => "This dashboard was deleted",
};

/** `data-connection` is live, catching-up or stale: what was deleted stays stale for ever. */
export function showStatus(status, since) {
  const element = document.querySelector("[data-connection]");
  element.dataset.connection = status === "gone" ? "stale" : status;
  element.querySelector("[data-text]").textContent = TEXTS[status](since);
}
