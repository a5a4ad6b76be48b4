"use client";
import { Fragment, type ReactNode } from "react";
import { useSession } from "relatch/react";

/** A key, so that nothing that one user has typed or loaded is there for the next. */
export function PerUser({ children }: { children: ReactNode }) {
  return <Fragment key={useSession().data?.user.id}>{children}</Fragment>;
}
