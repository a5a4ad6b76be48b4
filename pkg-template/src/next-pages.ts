/** The Pages Router's requests: Node's, in `getServerSideProps` and API routes. */
import type { PageContext } from "./next-types.js";
import type { Backend } from "./server-options.js";
import { RequestState } from "./server-request.js";
import { requestSession } from "./server-session.js";
import type { RequestSession } from "./server-types.js";

const states = new WeakMap<object, Map<Backend, RequestSession>>();

/** One session a request, whoever asks. */
export function pageSession(backend: Backend, { req, res }: PageContext): RequestSession {
  const sessions = states.get(req) ?? new Map<Backend, RequestSession>();
  states.set(req, sessions);
  const present = sessions.get(backend);
  if (present) return present;
  const header = (name: string): string | undefined => {
    const value = req.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const cookie = header("cookie") ?? null;
  const scheme = header("x-forwarded-proto")?.split(",")[0]?.trim() ?? "http";
  const origin = `${scheme}://${header("x-forwarded-host") ?? header("host") ?? "localhost"}`;
  if (cookie !== null && !res.headersSent) res.setHeader("cache-control", "private, no-store");
  const jar = {
    canSet: () => !res.headersSent,
    set(lines: readonly string[]) {
      const present = res.getHeader("set-cookie") ?? [];
      res.setHeader("set-cookie", [...(Array.isArray(present) ? present : [String(present)]), ...lines]);
    },
  };
  const session = requestSession(new RequestState(backend, { cookie, origin }, jar));
  sessions.set(backend, session);
  return session;
}
