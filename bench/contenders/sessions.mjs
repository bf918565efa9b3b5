// better-sse on node's own HTTP server: one channel that everybody is in. `node sessions.mjs PORT`

import { createServer } from "node:http";
import { createChannel, createSession } from "better-sse";

const channel = createChannel();
const asItIs = (text) => text; // the record is JSON already, on one line
const options = { serializer: asItIs, sanitizer: asItIs, keepAlive: null };
let records = 0;

async function publish(request, response) {
  let body = "";
  for await (const part of request) body += part;
  records += 1;
  channel.broadcast(body, "message", { eventId: `k3v9q2m4-${records}` });
  const answer = '{"accepted":1}';
  response.writeHead(200, { "content-length": answer.length }).end(answer);
}

async function serve(request, response) {
  if (request.url === "/stream") channel.register(await createSession(request, response, options));
  else if (request.method === "POST") await publish(request, response);
  else response.end();
}

const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, serve);
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
