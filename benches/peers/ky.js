// ky's documentation, "Hooks": a header in `beforeRequest`, `ky.retry()` with a fresh token in `afterResponse`.
import ky from "ky";
import { renew, signIn, usable } from "./common/tokens.js";

export const about = {
  title: "ky",
  packages: ["ky"],
  setUp: "`beforeRequest` for the header, `afterResponse` with `ky.retry()` on 401; the refresh is our single flight",
  lacks: "a session, and anything between tabs: the hook calls the application's own refresh",
  looksAtClock: true,
  retries: true,
};

export function open() {
  const bearer = (token) => `Bearer ${token}`;
  const api = ky.create({
    // A retry is asked for by the hook, after one 401, also for POST.
    retry: { limit: 1, statusCodes: [], methods: ["get", "post"] },
    timeout: false,
    hooks: {
      beforeRequest: [
        async ({ request, retryCount }) => {
          if (retryCount === 0) request.headers.set("authorization", bearer(await usable()));
        },
      ],
      afterResponse: [
        async ({ request, response, retryCount }) => {
          if (response.status !== 401 || retryCount > 0) return;
          const refused = request.headers.get("authorization").slice("Bearer ".length);
          const headers = new Headers(request.headers);
          headers.set("authorization", bearer(await renew(refused)));
          return ky.retry({ request: new Request(request, { headers }), code: "TOKEN_REFRESHED" });
        },
      ],
    },
  });
  return { signIn, call: (input, init) => api(input, init) };
}
