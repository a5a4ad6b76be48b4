import { auth } from "@/lib/auth";
import { unlessBusy } from "@/lib/busy";

/** A Route Handler answers as the user, too. */
export async function GET(): Promise<Response> {
  const me = await auth.authFetch("/api/me").catch(unlessBusy);
  const headers = { "cache-control": "no-store" };
  if (!me) return Response.json({ error: "not now" }, { status: 503, headers });
  return Response.json({ status: me.status, session: await auth.getSession() }, { headers });
}
