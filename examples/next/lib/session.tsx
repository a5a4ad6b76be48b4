"use client";
// The session in the browser.

import { useEffect, type ReactNode } from "react";
import { createSession, type SessionData } from "relatch";
import { SessionProvider as Provider, useSession } from "relatch/react";
import { contract } from "./contract";

/** What the server knew when it rendered (`await auth.getSession()`). */
export type Known = SessionData | null | undefined;

export const session = createSession({ contract });

/** Takes what the server knew, so that the first paint is right. */
export function SessionProvider({ session: known, children }: { session: Known; children: ReactNode }) {
  return (
    <Provider client={session} session={known}>
      {children}
    </Provider>
  );
}

/** Refreshes what the server has rendered when that is of somebody else than the session; twice at most, whatever it says. */
export function useFollow(known: Known, refresh: () => void): void {
  const { status, data } = useSession();
  const user = data?.user.id;
  const isOther = known !== undefined && status !== "loading" && known?.user.id !== user;
  useEffect(() => {
    if (!isOther) return;
    refresh();
    // A sign-out is heard here before the server hears of it. The session's own refresh has its turn after that.
    if (user === undefined) void session.refresh().then(refresh, refresh);
  }, [isOther, user]);
}
