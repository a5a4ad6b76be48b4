import { RelatchError } from "./errors.js";
import { createSession, type SessionOptions } from "./session.js";
import type { Credentials, SessionClient, SessionData, SessionState, SignOutResult } from "./types.js";

let current: SessionClient | undefined;

/** Makes the default session, which the functions below use. A former one is disposed of. */
export function configure(options: SessionOptions): SessionClient {
  const next = createSession(options);
  current?.dispose();
  current = next;
  return next;
}

const session = (): SessionClient => {
  if (!current) throw new RelatchError("NotConfigured");
  return current;
};

/** {@link SessionClient.fetch} of the default session. */
export const authFetch: typeof globalThis.fetch = async (input, init) => session().fetch(input, init);
/** {@link SessionClient.get} of the default session. */
export const getSession = async (): Promise<SessionData | null> => session().get();
/** {@link SessionClient.signIn} of the default session. */
export const signIn = async (credentials: Credentials): Promise<SessionData> => session().signIn(credentials);
/** {@link SessionClient.signOut} of the default session. */
export const signOut = async (): Promise<SignOutResult> => session().signOut();
/** {@link SessionClient.subscribe} of the default session. */
export const subscribe = (listener: (state: SessionState) => void): (() => void) => session().subscribe(listener);
