"use client";
// The session in the browser.

import type { ReactNode } from "react";
import { createSession, type SessionData } from "relatch";
import { SessionProvider as Provider } from "relatch/react";
import { contract } from "./contract";

export const session = createSession({ contract });

/** Takes what the server knew (`await auth.getSession()`), so that the first paint is right. */
export function SessionProvider({ session: known, children }: { session: SessionData | null | undefined; children: ReactNode }) {
  return (
    <Provider client={session} session={known}>
      {children}
    </Provider>
  );
}
