/** The shapes of the flight recorder: what a session tells of itself. No token, no cookie, no user and no URL is in them. */
import type { RelatchErrorCode } from "./errors.js";

/** One of the SDK's own requests. */
export type RecordedOperation = "refresh" | "session" | "signIn" | "exchange" | "signOut";

/**
 * What has happened.
 *
 * The session: `start` (the application wants to know it), `asked` (the application asks for an operation), `sent`,
 * `answered` (or the wait for an answer was given up), `committed` (this tab has a new token), `adopted` (another tab's
 * token has been taken), `changed` (it is another user's), `ended`, `signedOut`, `paused` (nobody asks the server for a while).
 *
 * Tabs: `lockAsked`, `locked`, `lockForced` (taken from a holder that was taken for frozen), `lockStolen` (another tab did
 * so), `orphaned` (the last holder went away in the middle: its cookie is waited for), `announced` (the stamp says that a
 * request goes out), `overtaken` (another tab was faster, so this one's outcome does not count), `wanted` (the other tabs
 * are asked for their token), `gave` (another tab was given the token), `moved` (another tab has changed the session).
 *
 * Calls: `callWaited` (for a token), `callSent` (after its wait), `callRefused` (with a status that asks for a new token),
 * `callRetried`, `callReturned` (the refusal is the caller's answer), `callFailed`, `callChanged` (made as another user, so
 * it was not sent). A call that goes straight through leaves no record.
 *
 * The page: `visible`, `hidden`, `online`, `restored` (from the back/forward cache), `leaving`, `timer`, `disposed`.
 */
export type RecordKind =
  | "start"
  | "asked"
  | "sent"
  | "answered"
  | "committed"
  | "adopted"
  | "changed"
  | "ended"
  | "signedOut"
  | "paused"
  | "lockAsked"
  | "locked"
  | "lockForced"
  | "lockStolen"
  | "orphaned"
  | "announced"
  | "overtaken"
  | "wanted"
  | "gave"
  | "moved"
  | "callWaited"
  | "callSent"
  | "callRefused"
  | "callRetried"
  | "callReturned"
  | "callFailed"
  | "callChanged"
  | "visible"
  | "hidden"
  | "online"
  | "restored"
  | "leaving"
  | "timer"
  | "disposed";

/**
 * How an answer was judged: `accepted`; `dead` (it ends the session); `refused` (a sign-in, for its credentials); `unknown` (it
 * says nothing of the session, which is kept).
 */
export type RecordedVerdict = "accepted" | "dead" | "refused" | "unknown";

/** One thing that has happened. Numbers and names from closed lists only. */
export interface SessionRecord {
  /** Counts the records of this tab from 0. */
  readonly seq: number;
  /** When, in milliseconds since 1970. */
  readonly at: number;
  readonly kind: RecordKind;
  /** Of which operation, for `asked`, `sent`, `answered` and what a turn does with the lock. */
  readonly operation?: RecordedOperation;
  /** For `answered`. */
  readonly verdict?: RecordedVerdict;
  /** What went wrong, for `answered`, `paused` and `callFailed`. */
  readonly code?: RelatchErrorCode;
  /** The status of an answer; 0 for a redirect that was not followed. */
  readonly status?: number;
  /** Which generation of the token it is about. */
  readonly generation?: number;
  /** How long that took: the wait for the lock, for an answer, of a call. */
  readonly durationMs?: number;
  /** How long nobody is to ask the server, for `paused`. */
  readonly retryAfterMs?: number;
  /** What is left of the token's life, for `committed` and `adopted`; missing if it is not known. */
  readonly lifeMs?: number;
  /** Which call, counted from 1 in this tab. */
  readonly call?: number;
}

/**
 * Why the state is what it is. Stable: an application may match on them. `docs/troubleshooting.md` says of each what it means
 * and what to do.
 */
export type ReasonCode =
  // Not known, or on the way
  | "NotStarted"
  | "ModuleUnavailable"
  | "PageRestored"
  | "WaitingForLock"
  | "WaitingForToken"
  | "WaitingForCookie"
  | "Refreshing"
  | "ReadingSession"
  | "SigningIn"
  | "Disposed"
  // Signed in
  | "SignedInHere"
  | "RenewedHere"
  | "RenewedAlone"
  | "RenewedUntold"
  | "RenewedByAnotherTab"
  | "UserChanged"
  | "TokenEnded"
  | "CallRefused"
  | "CallNotAllowed"
  // The server could not say
  | "BrowserOffline"
  | "ServerUnreachable"
  | "ServerSilent"
  | "ServerBusy"
  | "TooManyRequests"
  | "BadAnswer"
  | "PageInstead"
  | "Redirected"
  | "RefusedTokenAgain"
  | "Misconfigured"
  // Nobody is signed in
  | "NoSession"
  | "RefreshRefused"
  | "FirstRefreshRefused"
  | "RefusedAfterLostAnswer"
  | "EndedInAnotherTab"
  | "SignedOutHere"
  | "SignedOutInAnotherTab"
  | "SignOutUnfinished"
  | "SignInRefused"
  | "SignInFailed";

/** What went wrong last, whether or not it is over. */
export interface LastProblem {
  readonly code: RelatchErrorCode;
  /** The status of the answer behind it, if there was one. */
  readonly status?: number;
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  /** How often it was tried again. */
  readonly retries: number;
  /** Whether something has succeeded since. */
  readonly recovered: boolean;
}

/** Why the state is what it is, and what happens next. */
export interface Explanation {
  readonly code: ReasonCode;
  /** The same in words, for a person. Not stable. */
  readonly text: string;
  /** What is left of the token's life, in milliseconds; `null` if there is none or it is not known. */
  readonly expiresInMs: number | null;
  /** When this tab asks the server next by itself, in milliseconds from now; `null` if it does not. */
  readonly refreshInMs: number | null;
  readonly lastProblem: LastProblem | null;
}

/** What a session reports of itself, fit for an issue: JSON without a token, a cookie, a user or a query. */
export interface SessionReport {
  /** The version of relatch. */
  readonly relatch: string;
  /** Tells tabs apart; random. */
  readonly tab: string;
  /** When the report was made, in milliseconds since 1970. */
  readonly at: number;
  readonly state: {
    readonly status: "loading" | "authenticated" | "unauthenticated";
    readonly freshness: "fresh" | "stale" | "offline";
    readonly reason: "expired" | "signedOut" | null;
    readonly error: RelatchErrorCode | null;
    readonly refreshing: boolean;
  };
  /** Counts the credential changes of the browser profile. */
  readonly generation: number;
  /** The present token, in milliseconds since 1970. `null` if there is none. */
  readonly token: {
    /** When this tab got it. */
    readonly issuedAt: number;
    readonly expiresAt: number | null;
    /** When it is renewed in the background. */
    readonly dueAt: number | null;
    /** Whether this tab has fetched it, or has it from another one. */
    readonly source: "own" | "tab";
  } | null;
  /** Whether tabs share a session here: there are Web Locks and IndexedDB, and the refresh token is in a cookie. */
  readonly sharing: boolean;
  /** The contract's paths (without origins and queries), methods, flags and times. */
  readonly contract: Readonly<Record<string, string | number | boolean>>;
  readonly explanation: Explanation;
  /** Oldest first; those that the ring still holds. */
  readonly records: readonly SessionRecord[];
}

/** Which records a report is to have. */
export interface ReportOptions {
  /** Only those whose `seq` is at least this. Default: all that there are. */
  readonly since?: number;
}
