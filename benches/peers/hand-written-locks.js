// The same for many tabs: refreshes are done one at a time under a Web Lock, and who has a new token tells the others
// before it lets go.

const LEEWAY = 5_000;

export const about = {
  title: "hand-written with Web Locks",
  packages: [],
  setUp: "our own text: as hand-written, under a Web Lock, the token told by BroadcastChannel",
  lacks: "what was told may come after the lock is free: a tab more refreshes then",
  looksAtClock: true,
  retries: true,
};

let held;
let flight;
let channel;

export function open() {
  channel = new BroadcastChannel("session");
  channel.onmessage = ({ data }) => {
    if (data.endsAt > (held?.endsAt ?? 0)) held = data;
  };
  return { signIn: (user) => obtain("/auth/login", user), call: authFetch };
}

async function authFetch(input, init) {
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

const isAlive = () => held !== undefined && Date.now() < held.endsAt - LEEWAY;

const usable = () => (isAlive() ? held.token : renew(held?.token));

function renew(refused) {
  if (isAlive() && held.token !== refused) return held.token;
  flight ??= navigator.locks
    .request("session", () => (isAlive() && held.token !== refused ? held.token : obtain("/auth/refresh")))
    .finally(() => (flight = undefined));
  return flight;
}

async function obtain(path, fields) {
  const response = await fetch(path, {
    method: "POST",
    credentials: "include",
    ...(fields && { headers: { "content-type": "application/json" }, body: JSON.stringify(fields) }),
  });
  if (!response.ok) throw Object.assign(new Error(`${path} answered ${response.status}`), { status: response.status });
  const { accessToken, expiresIn } = await response.json();
  held = { token: accessToken, endsAt: Date.now() + expiresIn * 1000 };
  channel.postMessage(held);
  return accessToken;
}
