"use client";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useSession } from "relatch/react";
import { session } from "@/lib/session";

export function Account() {
  const router = useRouter();
  const { status, data } = useSession();
  const signOut = async () => {
    await session.signOut();
    router.replace("/");
    router.refresh();
  };
  return (
    <header id="account" data-status={status}>
      {data ? (
        <>
          {data.user.email} <button onClick={signOut}>Sign out</button>
        </>
      ) : (
        status === "unauthenticated" && <Link href="/sign-in">Sign in</Link>
      )}
    </header>
  );
}
