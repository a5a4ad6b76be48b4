// ofetch's README: a header in `onRequest`, and `onResponseError` to refresh before its own retry, which is asked for on 401.
import { ofetch } from "ofetch";
import { renew, signIn, usable } from "./common/tokens.js";

export const about = {
  title: "ofetch",
  packages: ["ofetch"],
  setUp: "`onRequest` for the header, `onResponseError` for the refresh, `retryStatusCodes: [401]`; the refresh is our single flight",
  lacks: "a session, and anything between tabs: the hook calls the application's own refresh",
  looksAtClock: true,
  retries: true,
};

export function open() {
  const bearer = "Bearer ";
  const api = ofetch.create({
    responseType: "text",
    retry: 1,
    retryStatusCodes: [401],
    async onRequest({ request, options }) {
      if (request instanceof Request) {
        for (const [name, value] of request.headers) if (!options.headers.has(name)) options.headers.set(name, value);
      }
      options.headers.set("authorization", bearer + (await usable()));
    },
    async onResponseError({ response, options }) {
      if (response.status === 401) await renew(options.headers.get("authorization").slice(bearer.length));
    },
  });
  return { signIn, call: (input, init) => api.raw(input, init) };
}
