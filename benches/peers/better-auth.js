// better-auth's client with the jwt plugin's `/token` for calls to a service that takes a bearer, by its own `$fetch`.
// Its session is a cookie; the gateway makes each `/token` a rotation at the example server.
import { createAuthClient } from "better-auth/client";

const LEEWAY = 5_000;

export const about = {
  title: "better-auth",
  packages: ["better-auth"],
  setUp: "`$fetch` with `auth: { type: \"Bearer\", token }` from `/token` and `retry` on 401; single flight is ours",
  lacks: "keeping the token of `/token`, and anything between tabs for it; takes no `Request`",
  refuses: ["request"],
  looksAtClock: true,
  retries: true,
};

export function open() {
  const client = createAuthClient({ baseURL: `${location.origin}/better-auth` });
  let token;
  let endsAt = 0;
  let flight;
  const obtain = async () => {
    const { data, error } = await client.$fetch("/token");
    if (error) throw Object.assign(new Error(error.statusText), { status: error.status });
    token = data.token;
    const { iat, exp } = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    // Its life is counted here, so that no two clocks are compared: the page's may be ahead.
    endsAt = Date.now() + (exp - iat) * 1000;
    return token;
  };
  const renew = () => (flight ??= obtain().finally(() => (flight = undefined)));
  const usable = () => (token !== undefined && Date.now() < endsAt - LEEWAY ? token : renew());
  return {
    async signIn({ email, password }) {
      const { error } = await client.signIn.email({ email, password });
      if (error) throw new Error(error.message);
      token = undefined;
      await renew();
    },
    async call(path, { method = "GET", headers, body } = {}) {
      let status = 0;
      let sent;
      await client.$fetch(new URL(path, location.origin).href, {
        method,
        headers,
        body,
        auth: { type: "Bearer", token: async () => (sent = await usable()) },
        retry: { type: "linear", attempts: 1, delay: 0, shouldRetry: (response) => response?.status === 401 },
        // The retry asks for the token anew.
        onRetry: () => void (sent === token && (token = undefined)),
        onResponse: ({ response }) => void (status = response.status),
      });
      return { status };
    },
  };
}
