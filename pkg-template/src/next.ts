/** @packageDocumentation The session in Next: App Router and Pages Router, `proxy.ts` before both. */
import { currentState } from "./next-app.js";
import { pageSession } from "./next-pages.js";
import { checkPages, makeProxy } from "./next-proxy.js";
import type { NextOptions, NextSession, PageContext } from "./next-types.js";
import { checkOptions } from "./server-options.js";
import { openWeb, requestSession } from "./server-session.js";
import type { RequestSession } from "./server-types.js";

export type { Condition, Contract, Endpoint, Method, Rule } from "./contract.js";
export { isRelatchError, RelatchError } from "./errors.js";
export type { ContractIssue, RelatchErrorCode, RelatchErrorDetails } from "./errors.js";
export type { NextOptions, NextSession, PageContext, Proxy, ProxyOptions, ProxyRequest } from "./next-types.js";
export { cookieRefresh } from "./cookie-refresh.js";
export { callbackPath } from "./server-paths.js";
export type { RequestSession, ServerOptions } from "./server-types.js";
export type { Register, SessionData, SessionState } from "./types.js";

/**
 * Makes a Next application's session. Call it once, in a module that pages and `proxy.ts` import.
 *
 * @throws RelatchError `InvalidContract`, naming every mistake in contract and options.
 */
export function createNextSession(options: NextOptions): NextSession {
  const backend = checkOptions(options, (expect) => checkPages(options, expect));
  const current = async (): Promise<RequestSession> => requestSession(await currentState(backend));
  const pages = (context: PageContext): RequestSession => pageSession(backend, context);
  return {
    getSession: async () => (await current()).get(),
    getState: async () => (await current()).state(),
    authFetch: async (input, init) => (await current()).fetch(input, init),
    proxy: makeProxy(backend, (request) => openWeb(backend, request, false), options),
    pages,
    async pageProps(context) {
      const session = await pages(context).get();
      return session === undefined ? {} : { session };
    },
  };
}
