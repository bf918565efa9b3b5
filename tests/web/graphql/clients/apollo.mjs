// Asks over HTTP and follows over a socket by Apollo Client. A link notes where a subscription is, so that it goes on
// there when the socket comes back.
import { EVENTS, after, load, options, tell, token, url } from "./common.mjs";

const { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } = load("@apollo/client");
const { GraphQLWsLink } = load("@apollo/client/link/subscriptions");
const { createClient } = load("graphql-ws");
const { tap } = load("rxjs");

globalThis.WebSocket ??= load("ws"); // browsers have one
const socket = createClient({ ...options, connectionParams: { token }, on: { closed: ({ code }) => tell("closed", code) } });
const resuming = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap(({ data }) => {
      if (data?.pipelineEvents) operation.variables.after = data.pipelineEvents.cursor;
    }),
  ),
);
const link = ApolloLink.split(
  ({ operationType }) => operationType === "subscription",
  ApolloLink.from([resuming, new GraphQLWsLink(socket)]),
  new HttpLink({ uri: url, headers: { authorization: `Bearer ${token}` } }),
);
const client = new ApolloClient({ link, cache: new InMemoryCache() });
client
  .subscribe({ query: gql(EVENTS), variables: { pipelineId: "weather", ...(after && { after }) }, fetchPolicy: "no-cache" })
  .subscribe({
    next: ({ data, error }) => (error ? tell("error", error.errors) : tell("next", data.pipelineEvents)),
    error: (error) => tell("error", error.errors ?? [{ message: `${error}` }]),
    complete: () => tell("complete"),
  });
const answer = await client.query({ query: gql`{ pipeline(id: "weather") { slug } }` });
tell("answer", { pipeline: { slug: answer.data.pipeline.slug } });
