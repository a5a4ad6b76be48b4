// The example server with a refresh cookie that pages see, and relatch/server in front of it.
import { cookieRefresh, createServer } from "../../pkg/server.js";
import { serve } from "../backend.mjs";
import { SITE } from "./visitor.mjs";

export { OTHER, USER } from "../backend.mjs";
export { SITE, Visitor, listen } from "./visitor.mjs";

export const startBackend = (...flags) => serve("examples/html", ["--cookie-path", "/", "--origin", SITE, ...flags]);

/** The server's side of a backend. */
export const serverOf = (backend, { contract, ...options } = {}) =>
  createServer({
    contract: { ...cookieRefresh({ baseUrl: "/auth" }), ...contract },
    baseUrl: `${backend.url}/auth`,
    refreshCookie: "relatch_refresh",
    origin: SITE,
    ...options,
  });

/** Answers a request for a page as an application would. */
export async function render(server, visitor, path = "/", act = (session) => session.get(), init) {
  const session = server.open(visitor.request(path, init));
  const shown = await act(session);
  visitor.take(session.commit(new Response("page")));
  return shown;
}

/** What the backend counted. */
export async function refreshes(backend) {
  const { refresh } = await backend.counters();
  return [refresh.requests, refresh.rotated, refresh.reuse];
}
