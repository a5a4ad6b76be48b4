// wretch's README, "Middlewares" for the header and `resolve` with `unauthorized` for the refresh and the replay.
import wretch from "wretch";
import { renew, signIn, usable } from "./common/tokens.js";

export const about = {
  title: "wretch",
  packages: ["wretch"],
  setUp: "the token by a middleware, `.resolve((chain) => chain.unauthorized(…))` with our single flight",
  lacks: "a session, and anything between tabs; takes no `Request`",
  refuses: ["request"],
  looksAtClock: true,
  retries: true,
};

const refusals = new WeakMap();

const authorize = (next) => async (url, options) => {
  const headers = new Headers(options.headers);
  const token = await usable();
  headers.set("authorization", `Bearer ${token}`);
  const response = await next(url, { ...options, headers });
  // The catcher has to know which token was refused.
  if (response.status === 401) refusals.set(response, token);
  return response;
};

export function open() {
  const api = wretch()
    .middlewares([authorize])
    .resolve((chain) =>
      chain
        .unauthorized(async (error, request) => {
          await renew(refusals.get(error.response));
          // The same request without this catcher.
          return request.resolve((chain) => chain.res(), true).fetch();
        })
        .res(),
    );
  return {
    signIn,
    call: (url, { method = "GET", headers, body } = {}) =>
      api.options({ method, body }).headers(Symbol.iterator in (headers ?? {}) ? Object.fromEntries(headers) : (headers ?? {})).fetch(method, url),
  };
}
