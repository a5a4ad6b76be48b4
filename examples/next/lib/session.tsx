"use client";
// The session in the browser. This file is the one place to change for another way to hold it in React.

import { createContext, useContext, useSyncExternalStore, type ReactNode } from "react";
import { createSession, type SessionData, type SessionState } from "relatch";
import { contract } from "./contract";

export const session = createSession({ contract });

const Rendered = createContext<SessionData | null | undefined>(undefined);

/** Takes what the server knew (`await auth.getSession()`), so that the first paint is right. */
export function SessionProvider({ session, children }: { session: SessionData | null | undefined; children: ReactNode }) {
  return <Rendered value={session}>{children}</Rendered>;
}

/** What is known of the session: what the server rendered, until the browser knows by itself. */
export function useSession(): Pick<SessionState, "status" | "data"> {
  const rendered = useContext(Rendered);
  const state = useSyncExternalStore(session.subscribe, session.getState, session.getState);
  if (state.status !== "loading" || rendered === undefined) return state;
  return rendered ? { status: "authenticated", data: rendered } : { status: "unauthenticated", data: null };
}
