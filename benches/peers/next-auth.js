// next-auth 4: its client, and on the gateway its own server with the rotation of refresh tokens as its guide has it. The
// access token is a field of the session, as that guide exposes it.
import { getSession, signIn } from "next-auth/react";

export const about = {
  title: "next-auth/react",
  packages: ["next-auth"],
  setUp: "`getSession()`, the access token in the session; its own server on the gateway, rotating in the `jwt` callback",
  lacks: "an authFetch: calls are bare `fetch` with the token of the last poll, and fail until the next one",
  looksAtClock: false,
  retries: false,
};

export function open() {
  let session;
  const restore = async () => (session = await getSession());
  return {
    async signIn(user) {
      await signIn("credentials", { ...user, redirect: false });
      await restore();
    },
    restore,
    call(input, init) {
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
      headers.set("authorization", `Bearer ${session?.accessToken}`);
      return fetch(input, { ...init, headers });
    },
  };
}
