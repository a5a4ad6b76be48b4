import type { RelatchError } from "./errors.js";

/**
 * Declares the application's session type once, by module augmentation:
 *
 * ```ts
 * export {}; // a module, so that this adds to the types of the package
 * declare module "relatch" {
 *   interface Register {
 *     session: { user: { id: string; email: string } };
 *   }
 * }
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Register {}

/** The session's data: what {@link Register} declares, or a user of unknown shape. */
export type SessionData = Register extends { session: infer Session } ? Session : { user: Record<string, unknown> };

interface Always {
  /** How far `status` can be trusted: `stale` when the server could not say, `offline` when it could not be reached. */
  readonly freshness: "fresh" | "stale" | "offline";
  /** What went wrong last, until something succeeds. */
  readonly error: RelatchError | null;
  /** Whether a refresh is on its way. It never turns `authenticated` into `loading`. */
  readonly refreshing: boolean;
}

/** What is known of the session. The same object is returned until something changes. */
export type SessionState = Always &
  (
    | { readonly status: "loading"; readonly data: null; readonly reason: null }
    | { readonly status: "authenticated"; readonly data: SessionData; readonly reason: null }
    | {
        readonly status: "unauthenticated";
        readonly data: null;
        /** Why nobody is signed in; `null` if nobody was. */
        readonly reason: "expired" | "signedOut" | null;
      }
  );

/** What a sign-in sends: the contract says as what. */
// Of `any`, because an interface is no record of `unknown`.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Credentials = Readonly<Record<string, any>>;

/** How a sign-out ended. The local session is gone in either case. */
export interface SignOutResult {
  /** Whether the server confirmed. If not, it is told again before anything else. */
  readonly confirmed: boolean;
  /** Why it did not. */
  readonly error: RelatchError | null;
}

/** Numbers about the present access token that are no secret. */
export interface Inspection {
  /** Counts what becomes known of the credential (a sign-in, a refresh, a sign-out, that there is none) in all tabs. */
  readonly generation: number;
  /** What is left of the token's life, in milliseconds; `null` if it is not known. */
  readonly expiresInMs: number | null;
  /** When it is renewed in the background, in milliseconds from now. */
  readonly dueInMs: number | null;
  /** Whether this tab has fetched it, or has it from another one; `null` if there is none. */
  readonly source: "own" | "tab" | null;
}

/** What `relatch/explain` puts into words. No token, no cookie, no user, no header, no field, no origin and no query is in it. */
export interface Recording {
  /** Tells tabs apart; random. */
  readonly tab: string;
  readonly isDisposed: boolean;
  /** The contract's paths, methods, flags and times, by the names of its fields. */
  readonly contract: Readonly<Record<string, string | number | boolean>>;
  /** How things stand, then four numbers a record (`src/core/record/numbers.rs`); `undefined` before the module is there. */
  readonly numbers: Uint32Array | undefined;
}

/** A session with one backend. */
export interface SessionClient {
  /**
   * `fetch`, as the signed-in user. Takes what `fetch` takes and answers as `fetch` does.
   *
   * To an allowed origin it adds `Authorization`; where the token has expired it waits for the refresh, and on a 401 it
   * refreshes and sends the same request once more. Requests to other origins, and requests that have an
   * `Authorization` header already, pass through untouched. A body that is a `ReadableStream` is sent once. The
   * call stays the one that was made, whatever becomes of its arguments and of the document's base; only a body object is not to
   * be changed before the call has settled. While 256 calls have no answer, further ones wait
   * for their turn, but for those with `keepalive`.
   *
   * @throws what `fetch` throws; {@link RelatchError} if the call could not be completed for want of a token.
   */
  readonly fetch: typeof globalThis.fetch;
  /** The session's data, `null` if nobody is signed in. Waits until that is known; rejects while it cannot be. */
  get(): Promise<SessionData | null>;
  /** What is known now, without waiting and without a request. */
  getState(): SessionState;
  /**
   * Signs in with what the backend asks for. Rejects with `BadCredentials` if refused, `NotSupported` if the contract has no
   * `signIn`, and with what kept it from the server (`Network`, `Timeout`, `TryLater`, …); the state is unchanged then.
   * But where the answer tells no user and reading it (`session`) fails, it has signed in although it rejects: the user is read
   * again, and the state says so once that succeeds.
   */
  signIn(credentials: Credentials): Promise<SessionData>;
  /** Signs in with another provider's token, for backends that issue their own for it. Rejects as `signIn` does. */
  exchange(fields: Credentials): Promise<SessionData>;
  /**
   * Signs out here at once, then tells the server. Never rejects for want of a server; `NotSupported` if the contract has no
   * `signOut`, `ModuleUnavailable`, `Disposed`.
   */
  signOut(): Promise<SignOutResult>;
  /**
   * Renews the access token now, also within a pause after a failed try, unless the server asked for one (`Retry-After`).
   * `null` if the session turns out to have ended. Rejects while the server cannot say.
   */
  refresh(): Promise<SessionData | null>;
  /** Reads the session's data anew. `null` if the session turns out to have ended. Rejects while the server cannot say. */
  update(): Promise<SessionData | null>;
  /**
   * Calls `listener` now and after each change, and starts the session: whether somebody is signed in is found out. Returns a
   * function that stops it.
   */
  subscribe(listener: (state: SessionState) => void): () => void;
  /** Numbers about the present access token. */
  inspect(): Inspection;
  /** For `explain`, `report` and `logRecords` of `relatch/explain`: the records from the one counted `since`, as numbers. */
  record(since: number): Recording;
  /** Ends this client: leaves no timer, no listener and no waiting call. May be called again. */
  dispose(): void;
}

/** Where the WebAssembly module comes from: its bytes, or compiled. */
export type ModuleSource = () => BufferSource | WebAssembly.Module | Promise<BufferSource | WebAssembly.Module>;
