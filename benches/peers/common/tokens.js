// The part that a client of HTTP leaves to the application: an access token in memory, refreshed by cookie, once for
// however many calls of a page need it. The peers that have hooks and no session share it.

/** Sooner than this before its end, a token is not renewed, in milliseconds. */
const LEEWAY = 5_000;

let token;
let endsAt = 0;
let flight;

/** Asks one of the example server's endpoints for a token and keeps it. */
export async function obtain(path, fields) {
  const response = await fetch(path, {
    method: "POST",
    credentials: "include",
    ...(fields && { headers: { "content-type": "application/json" }, body: JSON.stringify(fields) }),
  });
  if (!response.ok) throw Object.assign(new Error(`${path} answered ${response.status}`), { status: response.status });
  const { accessToken, expiresIn } = await response.json();
  token = accessToken;
  endsAt = Date.now() + expiresIn * 1000;
  return token;
}

export const signIn = (user) => obtain("/auth/login", user);

/** A newer token than the one that was refused, by one refresh for all that wait. */
export function renew(refused) {
  if (token !== undefined && token !== refused) return token;
  flight ??= obtain("/auth/refresh").finally(() => (flight = undefined));
  return flight;
}

/** A token that the clock has nothing against: at once, or as a promise. */
export const usable = () => (token !== undefined && Date.now() < endsAt - LEEWAY ? token : renew(token));
