/**
 * Every way in which relatch fails, by a stable code.
 *
 * - `Network`: the refresh (or sign-in) could not be sent, or its answer was lost.
 * - `Timeout`: no answer within the contract's `timeoutMs`.
 * - `TryLater`: the server said 408, 425, 429 or 5xx; see `retryAfterMs`.
 * - `BadResponse`: the answer is not what the contract says (a page instead of JSON, no token, a redirect).
 * - `Misconfigured`: the server refused the request itself (404, 405, 415, `invalid_client`): the contract is wrong.
 * - `BadCredentials`: sign-in was refused. The state is unchanged.
 * - `SessionEnded`: the session ended before the call could be sent.
 * - `SessionStale` (on the server): the access token has to be renewed, and that cannot be done where no cookie can be set.
 * - `SessionChanged`: somebody signed in or out since the call was made; it was not sent as another user.
 * - `Disposed`: the client was disposed of.
 * - `InvalidContract`: see `issues`, one for every mistake.
 * - `NotSupported`: the contract has no such operation.
 * - `NotConfigured`: `configure()` was not called.
 * - `ModuleUnavailable`: the WebAssembly module could not start; the next call tries again.
 * - `StreamBodyUnsupported`: this browser cannot send a `ReadableStream` as a request body.
 *
 * Those of {@link OidcErrorCode} come from `relatch/oidc`.
 */
export type RelatchErrorCode =
  | OidcErrorCode
  | "Network"
  | "Timeout"
  | "TryLater"
  | "BadResponse"
  | "Misconfigured"
  | "BadCredentials"
  | "SessionEnded"
  | "SessionStale"
  | "SessionChanged"
  | "Disposed"
  | "InvalidContract"
  | "NotSupported"
  | "NotConfigured"
  | "ModuleUnavailable"
  | "StreamBodyUnsupported";

/**
 * What can go wrong with OpenID Connect besides. Nobody is signed in by it.
 *
 * - `AuthorizationRefused`: the authorization server said no; `answer` is `{ error, error_description }` (RFC 6749 section 4.1.2.1).
 * - `AuthorizationMismatch`: an answer that is not to a sign-in of this tab, or of another server; `answer` is `{ mismatch }`,
 *   which says in what: `state`, `nonce`, `iss`, `aud`, ….
 * - `PopupBlocked`: the browser opened no window.
 * - `PopupClosed`: the window was closed before the sign-in was complete.
 * - `ForeignRedirect` (also of `relatch/next-auth`): the place to go to afterwards is not on this origin.
 * - `InsecureContext`: there is no Web Crypto here.
 */
export type OidcErrorCode =
  | "AuthorizationRefused"
  | "AuthorizationMismatch"
  | "PopupBlocked"
  | "PopupClosed"
  | "ForeignRedirect"
  | "InsecureContext";

/** One mistake in a contract. */
export interface ContractIssue {
  /** Where it is: `contract.refresh.path`. */
  readonly path: string;
  /** What is expected there, and what was found. */
  readonly message: string;
}

/** What is known of a failure beside its code. */
export interface RelatchErrorDetails {
  /** Whether the same thing, done later, may succeed without anybody changing anything. */
  readonly temporary?: boolean | undefined;
  /** The status of the answer behind it; 0 for a redirect that was not followed. */
  readonly status?: number | undefined;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Every mistake, for `InvalidContract`. */
  readonly issues?: readonly ContractIssue[] | undefined;
  /** What the server's JSON says to a refused sign-in (`BadCredentials`), as it came. */
  readonly answer?: unknown;
  /** The sentence, for codes of an entry of its own. */
  readonly message?: string | undefined;
  /** What was thrown underneath. */
  readonly cause?: unknown;
}

const MESSAGES: Record<string, string> = {
  Network: "The auth server could not be reached; the session is kept. Try again when the network is back.",
  Timeout: "The auth server did not answer in time; the session is kept. Try again.",
  TryLater: "The auth server is busy; the session is kept. Try again later.",
  BadResponse: "The auth server's answer is not what the contract says; the session is kept. Check the contract's paths and fields.",
  Misconfigured: "The auth server refused the request itself. Check the contract's paths, methods and headers.",
  BadCredentials: "Sign-in was refused. Check the credentials.",
  SessionEnded: "The session has ended. Sign in again.",
  SessionChanged: "Somebody signed in or out since the call was made; it was not sent. Make it again.",
  Disposed: "This session was disposed of. Make a new one with createSession().",
  InvalidContract: "The contract is not valid.",
  NotSupported: "The contract has no such operation. Add it to the contract.",
  NotConfigured: "There is no default session. Call configure() first.",
  ModuleUnavailable: "The WebAssembly module could not start; the next call tries again. In a Content-Security-Policy, script-src needs 'wasm-unsafe-eval'.",
  StreamBodyUnsupported: "This browser cannot send a ReadableStream. Send a Blob.",
};

/** The one error class of relatch. It holds no token, no cookie and no personal data. */
export class RelatchError extends Error {
  declare readonly name: "RelatchError";
  readonly code: RelatchErrorCode;
  /** Whether the same thing, done later, may succeed without anybody changing anything. */
  declare readonly temporary: boolean;
  /** The status of the answer behind it; 0 for a redirect that was not followed. */
  declare readonly status: number | undefined;
  /** How long the server asked to wait, in milliseconds. */
  declare readonly retryAfterMs: number | undefined;
  /** Every mistake, for `InvalidContract`. */
  declare readonly issues: readonly ContractIssue[] | undefined;
  /** What the server's JSON says to a refused sign-in (`BadCredentials`), as it came. */
  declare readonly answer: unknown;

  constructor(code: RelatchErrorCode, details: RelatchErrorDetails = {}) {
    const { message = MESSAGES[code], issues, temporary = false, status, retryAfterMs, answer } = details;
    super(message + (issues ?? []).map(({ path, message }) => `\n  ${path}: ${message}`).join(""), details);
    this.code = code;
    const name = "RelatchError";
    Object.assign(this, { name, temporary, status, retryAfterMs, issues, answer });
  }
}

/** Whether a value is a {@link RelatchError}, also one of another frame or another copy of relatch. */
export function isRelatchError(value: unknown): value is RelatchError;
/** The same of one code. */
export function isRelatchError<Code extends RelatchErrorCode>(value: unknown, code: Code): value is RelatchError & { readonly code: Code };
export function isRelatchError(value: unknown, code?: RelatchErrorCode): boolean {
  const error = Object(value) as Partial<RelatchError>;
  return error.name === "RelatchError" && (code ? error.code === code : typeof error.code === "string");
}
