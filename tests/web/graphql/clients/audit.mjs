// The audit of GraphQL over HTTP: what it says of a server, as one line of JSON.
import { auditServer } from "../../../../assets/node_modules/graphql-http/lib/index.mjs";

const results = await auditServer({ url: process.argv[2], fetchFn: fetch });
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
