// graphql-ws on ws: an async iterator per subscription. `node graphql_ws.mjs PORT SCHEMA-FILE`

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

/** What waits for one subscription. */
class Queue {
  #waiting = [];
  #wake = null;

  push(value) {
    if (this.#wake) this.#wake({ value, done: false });
    else this.#waiting.push(value);
    this.#wake = null;
  }

  next() {
    if (this.#waiting.length) return Promise.resolve({ value: this.#waiting.shift(), done: false });
    return new Promise((resolve) => (this.#wake = resolve));
  }

  return() {
    queues.delete(this);
    this.#wake?.({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

const queues = new Set();
const schema = buildSchema(readFileSync(process.argv[3], "utf8"));
let records = 0;

function follow() {
  const queue = new Queue();
  queues.add(queue);
  return queue;
}

async function publish(request, response) {
  let body = "";
  for await (const part of request) body += part;
  records += 1;
  const { timestamp, data, metrics } = JSON.parse(body);
  const event = { pipelineEvents: { offset: records, cursor: `k3v9q2m4-${records}`, timestamp, data, metrics } };
  for (const queue of queues) queue.push(event);
  const answer = '{"accepted":1}';
  response.writeHead(200, { "content-length": answer.length }).end(answer);
}

const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (request, response) => {
  if (request.method === "POST") publish(request, response);
  else response.end();
});
const sockets = new WebSocketServer({ server, path: "/api/graphql", perMessageDeflate: false });
useServer({ schema, roots: { subscription: { pipelineEvents: follow } } }, sockets, 0);
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
