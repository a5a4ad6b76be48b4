import type { Session } from "next-auth";

export default function SessionData({ session }: { session: Session | null }) {
  if (!session?.user) return <p id="session">No session data</p>;
  return <pre id="session">{JSON.stringify(session.user)}</pre>;
}
