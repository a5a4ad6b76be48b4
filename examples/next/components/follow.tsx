"use client";
import { useRouter } from "next/navigation";
import { useFollow, type Known } from "@/lib/session";

/** Has the server render its part of the page anew when somebody has signed in or out in another tab. */
export function Follow({ known }: { known: Known }) {
  const { refresh } = useRouter();
  useFollow(known, refresh);
  return null;
}
