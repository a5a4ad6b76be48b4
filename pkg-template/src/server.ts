/** @packageDocumentation The session on the server: web-standard `Request`, `Response` and `Headers`, no WebAssembly. */
import { answer, operationOf } from "./server-gateway.js";
import { checkOptions } from "./server-options.js";
import { openWeb } from "./server-session.js";
import type { Server, ServerOptions } from "./server-types.js";

export type { Condition, Contract, Endpoint, Method, Rule } from "./contract.js";
export { isRelatchError, RelatchError } from "./errors.js";
export type { ContractIssue, RelatchErrorCode, RelatchErrorDetails } from "./errors.js";
export { cookieRefresh } from "./cookie-refresh.js";
export { callbackPath } from "./server-paths.js";
export type { RequestSession, Server, ServerOptions, WebSession } from "./server-types.js";
export type { Register, SessionData, SessionState } from "./types.js";

/**
 * Makes the server's side of a backend.
 *
 * @throws RelatchError `InvalidContract`, naming every mistake in contract and options.
 */
export function createServer(options: ServerOptions): Server {
  const backend = checkOptions(options);
  return {
    open: (request, { readOnly = false } = {}) => openWeb(backend, request, readOnly),
    async handle(request) {
      const operation = operationOf(backend, request);
      return operation && answer(backend, operation, request, new URL(request.url).origin);
    },
  };
}
