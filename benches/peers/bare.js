// The floor: `fetch` with a token that is there, and no thought of its end.
import { obtain, signIn } from "./common/tokens.js";

export const about = {
  title: "bare fetch",
  packages: [],
  isFloor: true,
  setUp: "`fetch` with the header; in a storm one refresh before the calls",
  lacks: "everything else",
  looksAtClock: false,
  retries: false,
};

export function open() {
  let token;
  const renew = async () => (token = await obtain("/auth/refresh"));
  return {
    signIn: async (user) => (token = await signIn(user)),
    restore: renew,
    renew,
    call(input, init) {
      if (input instanceof Request) {
        input.headers.set("authorization", `Bearer ${token}`);
        return fetch(input);
      }
      const headers = new Headers(init?.headers);
      headers.set("authorization", `Bearer ${token}`);
      return fetch(input, { ...init, headers });
    },
  };
}
