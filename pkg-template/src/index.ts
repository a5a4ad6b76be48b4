/** @packageDocumentation The session SDK for the browser. */
import { WASM } from "../generated/wasm.js";
import { decode } from "./decode.js";
import { makeDefault, makeSession } from "./core.js";
import type { SessionOptions } from "./options.js";
import type { SessionClient } from "./types.js";

/**
 * The module in this file, compiled at once: half a millisecond, because what its functions do is compiled when they are called.
 * The way over another thread takes several. Chromium before 115 refuses so many bytes here, and takes that way.
 */
function inlined(): BufferSource | WebAssembly.Module {
  const bytes = decode(WASM);
  try {
    return new WebAssembly.Module(bytes);
  } catch {
    return bytes;
  }
}

/**
 * Makes a session with a backend. Returns at once: nothing is loaded and nothing is sent before it is needed.
 *
 * @throws RelatchError `InvalidContract`, naming every mistake in the contract with its path.
 */
export const createSession = (options: SessionOptions): SessionClient => makeSession(options, inlined);

/** Makes the default session, which `authFetch` and its like use. A former one is disposed of. */
export const configure = (options: SessionOptions): SessionClient => makeDefault(createSession(options));

export { authFetch, cookieRefresh, getSession, isRelatchError, RelatchError, signIn, signOut, subscribe } from "./core.js";
export type { Condition, Contract, Endpoint, Method, Rule } from "./contract.js";
export type { ContractIssue, OidcErrorCode, RelatchErrorCode, RelatchErrorDetails } from "./errors.js";
export type { Callbacks } from "./callbacks.js";
export type { SessionOptions, Transport, TransportCall } from "./options.js";
export type {
  Credentials,
  Inspection,
  Recording,
  Register,
  SessionClient,
  SessionData,
  SessionState,
  SignOutResult,
} from "./types.js";
