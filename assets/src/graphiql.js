// GraphiQL on `#graphiql`, for the address that the page itself has. Tokens stay in the page: nothing keeps its headers.
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

const FIRST = `# Everything is in the documentation on the left. With a stream or an API token as header
# (below: {"Authorization": "Bearer …"}) you ask in its name, else as who is signed in here.

query Pipelines {
  pipelines {
    id
    slug
    name
    log {
      last
      cursor
    }
  }
}
`;
const SECOND = `# Runs until you stop it. Records come as they are appended.

subscription Follow($pipelineId: ID!, $after: String) {
  pipelineEvents(pipelineId: $pipelineId, after: $after) {
    offset
    cursor
    timestamp
    data
    metrics
  }
}
`;
const url = location.pathname;

/** `Bearer …` among the headers that somebody has written, by whatever case. */
function tokenIn(headers = {}) {
  const [, value] = Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization") ?? [];
  return value?.replace(/^bearer\s+/i, "");
}

/** Subscriptions go over a socket of their own for each token, since a socket shows one. */
const sockets = new Map();
function socketFor(token = "") {
  if (!sockets.has(token)) {
    const connectionParams = token ? { token } : undefined;
    sockets.set(token, createClient({ url: new URL(url, location.href.replace(/^http/, "ws")).href, connectionParams }));
  }
  return sockets.get(token);
}

const overHttp = createGraphiQLFetcher({ url });
function fetcher(params, options) {
  const overSocket = createGraphiQLFetcher({ url, wsClient: socketFor(tokenIn(options?.headers)) });
  return (isSubscription(params) ? overSocket : overHttp)(params, options);
}

function isSubscription({ query, operationName }) {
  try {
    return getOperationAST(parse(query), operationName)?.operation === "subscription";
  } catch {
    return false; // the server says what is wrong with it
  }
}

const defaultTabs = [{ query: FIRST }, { query: SECOND, variables: '{\n  "pipelineId": "weather"\n}' }];
const element = createElement(GraphiQL, {
  fetcher,
  defaultTabs,
  shouldPersistHeaders: false,
  showPersistHeadersSettings: false,
});
createRoot(document.querySelector("#graphiql")).render(element);
