/**
 * Answers the contract's own operations on the site's origin, in the backend's name.
 *
 * Because the browser's refreshes come this way too, they share the table of {@link fly} with the server's: one refresh
 * token is presented once, whoever needs it.
 */
import type { Sign } from "./contract.js";
import { accessCookie, accessOf, bindingOf, digest, isStored, markCookie, sealAccess, sealSignedOut } from "./server-access.js";
import { applySetCookies, readCookie } from "./server-cookies.js";
import { end, settled } from "./server-flights.js";
import { OPERATIONS, type Backend, type Operation } from "./server-options.js";
import { RequestState } from "./server-request.js";
import { send, type Received } from "./server-transport.js";
import { judgeSignOut, readGrant, withLifetime, writeGrant } from "./server-verdict.js";

/** Headers of the browser's that go along; `Authorization` only where a token belongs (never with a sign-in or a refresh). */
const FORWARDED = ["accept-language", "content-type", "user-agent", "x-forwarded-for"];

/** How long a page may take the token over that the server has rendered it with, in seconds. */
const HANDOVER = 60;

/** The operation that a request is for, if it is for one. */
export function operationOf(backend: Backend, request: Request): Operation | undefined {
  const { pathname } = new URL(request.url);
  return OPERATIONS.find(
    (operation) => backend.paths[operation] === pathname && backend.contract[`${operation}.method`] === request.method,
  );
}

/** A line that lets the page that is being opened take the present token over, once. */
export function offerHandover(backend: Backend, state: RequestState): string | undefined {
  const path = backend.paths.refresh!;
  if (!state.access || state.isNobody) return undefined;
  return markCookie(backend.handoverCookie, bindingOf(state.owner), HANDOVER, path, state.origin);
}

/** Answers it. */
export async function answer(backend: Backend, operation: Operation, request: Request, origin: string): Promise<Response> {
  if (isForeign(request)) return json({ error: "cross_site" }, 403, []);
  const own = request.headers.get("origin") ?? origin;
  const lines: string[] = [];
  const jar = { canSet: () => true, set: (more: readonly string[]) => void lines.push(...more) };
  const cookie = request.headers.get("cookie");
  const state = new RequestState({ ...backend, origin: backend.origin ?? own }, { cookie, origin: own, isBrowsers: true }, jar);
  await state.open();
  if (operation === "refresh") return refresh(state, cookie, lines);
  // What changes the cookie waits for a refresh of it that is under way: its answer could come later, and undo this.
  const landed = operation !== "session" && state.owner ? await settled(state.owner) : undefined;
  const present = landed ? applySetCookies(cookie, landed.setCookies) : (cookie ?? "");
  const headers: Record<string, string> = {};
  const withBearer = operation === "session" || operation === "signOut" ? ["authorization"] : [];
  for (const name of [...FORWARDED, ...withBearer]) {
    const value = request.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  const body = request.method === "GET" ? undefined : await request.text();
  const received = await send(backend, operation, { cookie: present, origin: state.origin, body: body || undefined, headers });
  if (operation === "signOut") lines.push(...(await afterSignOut(backend, received, present, state.origin)));
  else lines.push(...received.setCookies);
  if (operation === "signIn" || operation === "exchange") lines.push(...(await afterSignIn(backend, received, present, state.owner)));
  const answer = pass(received, lines);
  // What a browser forgets with a session is the backend's to say.
  if (operation === "signOut" && received.clearSiteData !== null) answer.headers.set("clear-site-data", received.clearSiteData);
  return answer;
}

/**
 * The page that was just rendered with a token may take that one over instead of having it renewed: once, so that the next
 * refresh is one, and only while the backend takes it.
 */
async function refresh(state: RequestState, cookie: string | null, lines: string[]): Promise<Response> {
  const { backend } = state;
  const offered = readCookie(cookie, backend.handoverCookie);
  const takenBack = markCookie(backend.handoverCookie, "", 0, backend.paths.refresh!, state.origin);
  if (offered) lines.push(takenBack);
  if (offered === bindingOf(state.owner) && state.access && state.access.due > Date.now()) {
    // Reading the session tells whether the backend still takes the token; if not, it has been renewed by then.
    const { data } = backend.contract["session.path"] === undefined ? { data: null } : await state.state();
    if (state.access) {
      const expiresIn = secondsLeft(state.access.end);
      return json(writeGrant(backend.contract, { token: state.access.token, expiresIn, user: data?.user }), 200, lines);
    }
  }
  const renewal = await state.renew(state.held);
  const given = renewal?.answer;
  if (!given && state.isNobody) return json({ error: "no_session" }, noSession(backend), lines);
  if (!given) return json({ error: "unreachable" }, 504, lines);
  if (renewal.verdict.is !== "renewed") return raw(given.text, given.status || 502, given.contentType, given.retryAfterMs, lines);
  const { expiresIn } = renewal.verdict.grant;
  const left = accessOf(backend, renewal.verdict.grant, renewal.sentAt).end;
  const body = expiresIn === undefined ? given.json : withLifetime(backend.contract, given.json, secondsLeft(left));
  return json(body, given.status, lines);
}

/** What is still on its way for a former user, by the cookie that was presented or the one that has replaced it, comes to nothing. */
async function afterSignIn(backend: Backend, received: Received, cookie: string, presented: string): Promise<string[]> {
  const { outcome, setCookies, sentAt } = received;
  const grant = typeof outcome === "string" ? undefined : readGrant(backend.contract, outcome);
  const refreshToken = readCookie(applySetCookies(cookie, setCookies), backend.refreshCookie);
  if (!grant || !refreshToken) return [];
  const owner = await digest(backend, refreshToken);
  const former = readCookie(cookie, backend.refreshCookie);
  for (const gone of [presented, former && (await digest(backend, former))]) if (gone && gone !== owner) end(gone, backend.graceMs);
  const access = accessOf(backend, grant, sentAt);
  const value = sealAccess(access, owner);
  const line = accessCookie(backend, value, (access.end - sentAt) / 1000, setCookies);
  return isStored(line) ? [line] : [];
}

/** Confirmed or not, no page is rendered for this user any more, and no refresh under way brings a cookie back. */
async function afterSignOut(backend: Backend, { outcome, setCookies }: Received, cookie: string, origin: string): Promise<string[]> {
  const refreshToken = readCookie(cookie, backend.refreshCookie);
  const owner = refreshToken ? await digest(backend, refreshToken) : "";
  if (owner) end(owner, backend.graceMs);
  const isGone = judgeSignOut(backend.contract, outcome).is === "done" || !owner;
  const mark = markCookie(backend.accessCookie, isGone ? "" : sealSignedOut(owner), isGone ? 0 : 30 * 24 * 3600, "/", origin);
  return [...setCookies, mark];
}

/** A status that the contract calls dead, 401 if that is one. */
function noSession({ contract }: Backend): number {
  const plain = (contract["refresh.dead"] as Sign[]).filter(([, fact]) => fact === undefined).map(([status]) => status);
  return plain.includes(401) ? 401 : (plain[0] ?? 401);
}

const secondsLeft = (end: number): number => Math.max(0, Math.floor((end - Date.now()) / 1000));

function pass({ outcome }: Received, lines: readonly string[]): Response {
  if (typeof outcome === "string") return json({ error: "unreachable" }, 504, lines);
  // A redirect is no answer of an API: the browser's client would not follow it either.
  return raw(outcome.text, outcome.status || 502, outcome.contentType, outcome.retryAfterMs, lines);
}

const json = (value: unknown, status: number, lines: readonly string[]): Response =>
  raw(JSON.stringify(value), status, "application/json", undefined, lines);

function raw(text: string, status: number, type: string, retryAfterMs: number | undefined, lines: readonly string[]): Response {
  const headers = new Headers({ "cache-control": "no-store" });
  if (type) headers.set("content-type", type);
  if (retryAfterMs !== undefined) headers.set("retry-after", String(Math.ceil(retryAfterMs / 1000)));
  for (const line of lines) headers.append("set-cookie", line);
  const isEmpty = [204, 205, 304].includes(status);
  return new Response(isEmpty ? null : text, { status, headers });
}

/** Whether another site sent it (Fetch Metadata; `Origin` against `Host` where a browser has none). */
function isForeign({ headers }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin";
  const origin = headers.get("origin");
  if (origin === null) return false;
  const hosts = [headers.get("host"), headers.get("x-forwarded-host")];
  return !URL.canParse(origin) || !hosts.includes(new URL(origin).host);
}
