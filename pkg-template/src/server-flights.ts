/**
 * One refresh per refresh token within the process.
 *
 * Requests that come with the same refresh cookie at once share one refresh, and those that still come with the cookie it
 * has replaced (tabs opened together, a prefetch that was under way) share its answer: until the browser has shown that it
 * has the new cookie, and for a grace of seconds from then on. The table is keyed by a digest of the cookie: what is in it is
 * found by those only who present that cookie. It is short-lived, bounded, and the only thing that outlives a request.
 */
import type { Answer, RefreshVerdict } from "./server-verdict.js";

/** What a refresh came to. */
export interface Renewal {
  readonly verdict: RefreshVerdict;
  /** The backend's answer, if there was one. */
  readonly answer: Answer | undefined;
  readonly setCookies: readonly string[];
  /** When its request was sent, in milliseconds since the epoch. */
  readonly sentAt: number;
  /** The digest of the refresh cookie that it left behind: of a new one only, if it could not be judged. */
  readonly successor: string | undefined;
}

/** How long refreshes and their outcomes last, in milliseconds. */
export interface Spans {
  /** How long an outcome is shared once the browser has the new cookie. */
  readonly graceMs: number;
  /** After this a request is given up. */
  readonly requestMs: number;
}

/** The refresh of one cookie. */
export interface Flight {
  readonly key: string;
  readonly graceMs: number;
  renewal: Promise<Renewal>;
  /** What it came to; nothing while it is under way. */
  landed: Renewal | undefined;
  /** Whether a sign-out or another sign-in has ended the session meanwhile. */
  isEnded: boolean;
  /** Until when it answers, in milliseconds since the epoch. */
  until: number;
}

/** After a refresh that could not be judged, nobody asks for this long, in milliseconds, unless the server says how long. */
const PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A refresh whose request was ended by its platform never lands; its place is free again so long after its time, in milliseconds. */
const SLACK_MS = 10_000;
/** How long an answer may take to reach the browser after the refresh that it carries, in milliseconds. */
const LONGEST_DELIVERY_MS = 300_000;
/** Those that answer already are dropped beyond this many. */
const MOST = 10_000;

const OVER: Renewal = { verdict: { is: "dead" }, answer: undefined, setCookies: [], sentAt: 0, successor: undefined };

interface Table {
  /** By the cookie that is presented. */
  readonly flights: Map<string, Flight>;
  /** Those whose new cookie nobody has presented yet, by that. */
  readonly undelivered: Map<string, Flight>;
}

/** Bundlers give one module several bodies (Next has one for `proxy.ts`); the process has one table. */
function table(): Table {
  const shared = globalThis as { [name: symbol]: Table | undefined };
  return (shared[Symbol.for("relatch:flights:2")] ??= { flights: new Map(), undelivered: new Map() });
}

/** The refresh of this cookie: the one that is under way, or has just been, or a new one. `isOwn` says that it is new. */
export async function fly(
  key: string,
  { graceMs, requestMs }: Spans,
  start: () => Promise<Renewal>,
): Promise<{ renewal: Renewal; isOwn: boolean; flight: Flight }> {
  sweep();
  const { flights } = table();
  const present = flights.get(key);
  if (!present) {
    const until = Date.now() + requestMs + SLACK_MS;
    const flight: Flight = { key, graceMs, renewal: start(), landed: undefined, isEnded: false, until };
    flights.set(key, flight);
    await land(flight);
    return { renewal: await flight.renewal, isOwn: true, flight };
  }
  const renewal = await newest(present);
  // A sign-out may have ended it meanwhile.
  return { renewal: present.isEnded ? OVER : renewal, isOwn: false, flight: present };
}

/** What this refresh came to or, if the cookie that it left has been replaced since, the last of those. */
async function newest(flight: Flight): Promise<Renewal> {
  const { flights } = table();
  const line = new Set([flight.key]);
  let found = await flight.renewal;
  for (let next; (next = found.successor && flights.get(found.successor)) && !line.has(next.key); line.add(next.key)) {
    const renewal = await next.renewal;
    if (renewal.verdict.is === "unknown") break;
    found = renewal;
  }
  return found;
}

/** The last renewal of those that have replaced this cookie, as far as they have landed. */
export function successorOf(key: string): Renewal | undefined {
  const { flights } = table();
  const line = new Set<string>();
  let found: Renewal | undefined;
  for (let at = key, next; !line.has(at) && (next = flights.get(at)?.landed)?.successor; at = next.successor) {
    line.add(at);
    found = next;
  }
  return found;
}

/** A browser has presented this cookie: the answer that brought it has arrived, and so have those before it. */
export function arrived(key: string): void {
  const { undelivered } = table();
  const now = Date.now();
  for (let flight; (flight = undelivered.get(key)); key = flight.key) {
    undelivered.delete(key);
    flight.until = Math.min(flight.until, now + flight.graceMs);
  }
}

/** Waits until no refresh of this cookie is under way. */
export async function settled(key: string): Promise<Renewal | undefined> {
  return table().flights.get(key)?.renewal;
}

/** Ends a cookie and those of its line: their refreshes answer "dead" from now on, those under way included. */
export function end(key: string, graceMs: number): void {
  const { flights } = table();
  const keys = new Set([key]);
  for (let size = 0; size !== keys.size; ) {
    size = keys.size;
    for (const [other, { landed }] of flights) {
      const successor = landed?.successor;
      if (successor && keys.has(successor)) keys.add(other);
      else if (successor && keys.has(other)) keys.add(successor);
    }
  }
  const over = { renewal: Promise.resolve(OVER), landed: OVER, isEnded: true, until: Date.now() + graceMs };
  for (const ended of keys) {
    const flight = flights.get(ended);
    if (flight) leave(flight);
    flights.set(ended, Object.assign(flight ?? { key: ended, graceMs }, over));
  }
}

async function land(flight: Flight): Promise<void> {
  const { key, graceMs } = flight;
  const renewal = await flight.renewal;
  if (flight.isEnded) return;
  flight.landed = renewal;
  const { verdict, successor } = renewal;
  const now = Date.now();
  const isUnknown = verdict.is === "unknown";
  const rested = isUnknown ? now + Math.min(verdict.error.retryAfterMs ?? PAUSE_MS, LONGEST_PAUSE_MS) : now;
  if (successor === undefined) {
    flight.until = isUnknown ? rested : now + graceMs;
  } else if (successor === key || graceMs === 0) {
    // A backend that does not rotate needs no grace, and is to be asked anew.
    flight.until = rested;
  } else {
    flight.until = now + LONGEST_DELIVERY_MS;
    table().undelivered.set(successor, flight);
  }
  if (isUnknown && successor !== undefined) pause(successor, renewal, graceMs, rested);
}

/** The cookie that came with an answer that could not be judged rests too, as if it had been presented and had that answer. */
function pause(key: string, { verdict, answer, sentAt }: Renewal, graceMs: number, until: number): void {
  const { flights } = table();
  const landed: Renewal = { verdict, answer, setCookies: [], sentAt, successor: undefined };
  if (!flights.has(key)) flights.set(key, { key, graceMs, renewal: Promise.resolve(landed), landed, isEnded: false, until });
}

function sweep(): void {
  const { flights } = table();
  const now = Date.now();
  for (const flight of flights.values()) if (flight.until <= now) drop(flight);
  // What has brought no cookie goes first, the oldest of it: anybody can have made-up cookies refused, as many as they like.
  for (const hasSuccessor of [false, true]) {
    for (const flight of flights.values()) {
      if (flights.size <= MOST) return;
      if (flight.landed && Boolean(flight.landed.successor) === hasSuccessor) drop(flight);
    }
  }
}

function drop(flight: Flight): void {
  table().flights.delete(flight.key);
  leave(flight);
}

/** Nobody is waited for any more to show the new cookie. */
function leave({ key, landed }: Flight): void {
  const { undelivered } = table();
  const successor = landed?.successor;
  if (successor && undelivered.get(successor)?.key === key) undelivered.delete(successor);
}
