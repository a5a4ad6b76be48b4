/** @packageDocumentation The session SDK for the browser. */
import { WASM } from "../generated/wasm.js";
import { makeDefault, makeSession } from "./core.js";
import type { SessionOptions } from "./session.js";
import type { SessionClient } from "./types.js";

/**
 * Makes a session with a backend. Returns at once: nothing is loaded and nothing is sent before it is needed.
 *
 * @throws RelatchError `InvalidContract`, naming every mistake in the contract with its path.
 */
export const createSession = (options: SessionOptions): SessionClient => makeSession(options, decode);

/** Makes the default session, which `authFetch` and its like use. A former one is disposed of. */
export const configure = (options: SessionOptions): SessionClient => makeDefault(createSession(options));

/** Hex: it compresses better than base64. */
function decode(): Uint8Array<ArrayBuffer> {
  const { fromHex } = Uint8Array as { fromHex?: (text: string) => Uint8Array<ArrayBuffer> };
  if (fromHex) return fromHex.call(Uint8Array, WASM);
  const bytes = new Uint8Array(WASM.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(WASM.slice(at * 2, at * 2 + 2), 16);
  return bytes;
}

export { authFetch, cookieRefresh, getSession, isRelatchError, RelatchError, signIn, signOut, subscribe } from "./core.js";
export type { Condition, Contract, Endpoint, Method, Rule } from "./contract.js";
export type { ContractIssue, OidcErrorCode, RelatchErrorCode, RelatchErrorDetails } from "./errors.js";
export type { Callbacks } from "./callbacks.js";
export type { SessionOptions, Transport, TransportCall } from "./session.js";
export type {
  Credentials,
  Inspection,
  Register,
  SessionClient,
  SessionData,
  SessionState,
  SignOutResult,
} from "./types.js";
