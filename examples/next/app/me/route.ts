import { auth } from "@/lib/auth";

/** A Route Handler answers as the user, too. */
export async function GET(): Promise<Response> {
  const me = await auth.authFetch("/api/me");
  return Response.json({ status: me.status, session: await auth.getSession() }, { headers: { "cache-control": "no-store" } });
}
