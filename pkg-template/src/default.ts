import { RelatchError } from "./errors.js";
import type { Credentials, SessionClient, SessionData, SessionState, SignOutResult } from "./types.js";

let current: SessionClient | undefined;
const followers = new Set<() => void>();

/** Makes this the default session, which the functions below use. A former one is disposed of. */
export function makeDefault(next: SessionClient): SessionClient {
  current?.dispose();
  current = next;
  for (const tell of followers) tell();
  return next;
}

/** Calls `tell` when there is another default session, until what is returned is called. */
export const followDefault = (tell: () => void): (() => void) => {
  followers.add(tell);
  return () => void followers.delete(tell);
};

/** The default session. Throws `NotConfigured` if there is none. */
export const defaultSession = (): SessionClient => {
  if (!current) throw new RelatchError("NotConfigured");
  return current;
};

/** {@link SessionClient.fetch} of the default session. */
export const authFetch: typeof globalThis.fetch = async (input, init) => defaultSession().fetch(input, init);
/** {@link SessionClient.get} of the default session. */
export const getSession = async (): Promise<SessionData | null> => defaultSession().get();
/** {@link SessionClient.signIn} of the default session. */
export const signIn = async (credentials: Credentials): Promise<SessionData> => defaultSession().signIn(credentials);
/** {@link SessionClient.signOut} of the default session. */
export const signOut = async (): Promise<SignOutResult> => defaultSession().signOut();
/** {@link SessionClient.subscribe} of the default session. */
export const subscribe = (listener: (state: SessionState) => void): (() => void) => defaultSession().subscribe(listener);
