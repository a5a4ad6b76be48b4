/** @packageDocumentation The session SDK for the browser. */
export type { Contract, Method } from "./contract.js";
export { authFetch, configure, getSession, signIn, signOut, subscribe } from "./default.js";
export { isRelatchError, RelatchError } from "./errors.js";
export type { ContractIssue, RelatchErrorCode, RelatchErrorDetails } from "./errors.js";
export { cookieRefresh } from "./presets.js";
export { createSession } from "./session.js";
export type { SessionOptions } from "./session.js";
export type {
  Credentials,
  Inspection,
  Register,
  SessionClient,
  SessionData,
  SessionState,
  SignOutResult,
} from "./types.js";
