// A GraphQL server in front of the example server's notes. It keeps nothing: it asks the backend with the bearer that it was
// asked with. See `isRefused` for the one thing that a server of yours has to do as well.
import { createServer } from "node:http";
import { buildSchema } from "graphql";
import { createHandler } from "graphql-http/lib/use/http";

const backend = process.env.BACKEND ?? "http://localhost:4460";

const schema = buildSchema(`
  type Note { id: ID! text: String! }
  type Query { notes: [Note!]! }
  type Mutation { addNote(text: String!): Note! }
`);

const rootValue = {
  notes: (_, { ask }) => ask("/api/notes"),
  addNote: ({ text }, { ask }) => ask("/api/notes", { method: "POST", body: JSON.stringify({ text }) }),
};

/** What the backend is told of who asks. */
const caller = ({ authorization = "", origin = "" }) => ({ authorization, origin, "content-type": "application/json" });

/** Asks the backend on behalf of a request. */
const askFor = (request) => async (path, init) => {
  const response = await fetch(backend + path, { ...init, headers: caller(request.headers) });
  if (!response.ok) throw new Error(`the backend answered ${response.status}`);
  return response.json();
};

const graphql = createHandler({ schema, rootValue, context: ({ raw }) => ({ ask: askFor(raw) }) });

/**
 * Whether the bearer is none, or no longer one. Asked before anything is executed: the client renews the token at a 401 and
 * sends the request again, and a mutation is not to be half done by then.
 */
async function isRefused(request) {
  const session = await fetch(`${backend}/auth/session`, { headers: caller(request.headers) });
  return session.status === 401;
}

const server = createServer(async (request, response) => {
  try {
    // A 401 of HTTP, not a 200 with UNAUTHENTICATED in its `errors`.
    if (await isRefused(request)) response.writeHead(401, { "www-authenticate": "Bearer" }).end();
    else await graphql(request, response);
  } catch (error) {
    console.error(error);
    response.writeHead(502).end();
  }
});

server.listen(Number(process.env.PORT ?? 4470), "localhost", () => console.log(`listening on http://localhost:${server.address().port}`));
