// Asks and follows by graphql-ws. When it comes back it asks with the same payload, in which `after` has moved on.
import { EVENTS, after, load, options, tell, token } from "./common.mjs";

const { createClient } = load("graphql-ws");
const tokens = token.split(","); // a client asks for its token anew whenever it connects
const client = createClient({
  ...options,
  webSocketImpl: load("ws"),
  connectionParams: () => ({ token: tokens.length > 1 ? tokens.shift() : tokens[0] }),
  on: { closed: ({ code }) => tell("closed", code) },
});
const variables = { pipelineId: "weather", ...(after && { after }) };
client.subscribe(
  { query: EVENTS, variables },
  {
    next({ data: { pipelineEvents } }) {
      variables.after = pipelineEvents.cursor;
      tell("next", pipelineEvents);
    },
    error: (errors) => tell("error", errors),
    complete: () => tell("complete"),
  },
);
client.subscribe(
  { query: '{ pipeline(id: "weather") { slug } }' },
  { next: ({ data }) => tell("answer", data), error: (errors) => tell("error", errors), complete() {} },
);
