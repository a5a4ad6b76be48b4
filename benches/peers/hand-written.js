// What a careful engineer writes: the token in memory, a look at the clock, one refresh for all calls of the page, one
// retry of a call that was refused.
import { renew, signIn, usable } from "./common/tokens.js";

export const about = {
  title: "hand-written",
  packages: [],
  setUp: "our own text: single flight, expiry by the clock, one retry on 401",
  lacks: "nothing between tabs",
  looksAtClock: true,
  retries: true,
};

export const open = () => ({ signIn, call: (input, init) => authFetch(input, init) });

async function authFetch(input, init) {
  // Only a body that is part of a `Request` is gone once it was sent.
  const spare = input instanceof Request && input.body ? input.clone() : input;
  const token = await usable();
  const response = await send(input, init, token);
  if (response.status !== 401) return response;
  await response.body?.cancel();
  return send(spare, init, await renew(token));
}

function send(input, init, token) {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set("authorization", `Bearer ${token}`);
  return fetch(input, { ...init, headers });
}
