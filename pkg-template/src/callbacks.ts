/** What an application may say where data is not enough. Nothing waits for it, and its mistakes are its own. */
import type { RelatchError } from "./errors.js";
import type { SessionClient, SessionData, SessionState } from "./types.js";

/** Called when something has happened. None is waited for; an exception is reported and harms nothing. */
export interface Callbacks {
  /** Makes the session's data of what stands at `user.at`. Default `{ user }`, which it also is when this throws. */
  readonly mapSession?: ((user: unknown) => SessionData) | undefined;
  /** Somebody has signed in, by `signIn` or `exchange` of this client. */
  readonly onSignIn?: ((data: SessionData) => void) | undefined;
  /** The access token was renewed, by this tab or by another one that gave it. */
  readonly onRefreshed?: ((data: SessionData) => void) | undefined;
  /** Nobody is signed in any more: somebody has signed out, in any tab, or the session has expired. */
  readonly onSignedOut?: ((reason: "expired" | "signedOut") => void) | undefined;
  /** Something new is wrong; the session may go on with the token it has. */
  readonly onError?: ((error: RelatchError) => void) | undefined;
  /** The flight recorder has new records. Such as `logRecords` of `relatch/explain`. */
  readonly onRecords?: ((session: SessionClient) => void) | undefined;
}

/** Runs what is not ours. */
export function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    reportError(error);
    return undefined;
  }
}

/** Tells an application what a change of the state was. */
export function tell(callbacks: Callbacks, last: SessionState, next: SessionState, isGiven: boolean): void {
  const hasToken = isGiven || (last.refreshing && !next.refreshing);
  const wasRenewed = hasToken && last.status === "authenticated" && !next.error;
  if (wasRenewed && next.status === "authenticated") attempt(() => callbacks.onRefreshed?.(next.data));
  if (next.status === "unauthenticated" && last.status !== "unauthenticated" && next.reason) {
    const { reason } = next;
    attempt(() => callbacks.onSignedOut?.(reason));
  }
  if (next.error && next.error !== last.error) attempt(() => callbacks.onError?.(next.error!));
}
