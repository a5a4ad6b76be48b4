/**
 * One refresh per refresh token within the process.
 *
 * Requests that come with the same refresh cookie at once share one refresh, and those that still come with the cookie it
 * has replaced (tabs opened together, a prefetch that was under way) share its answer for a grace of seconds. The table is
 * keyed by a digest of the cookie: what is in it is found by those only who present that cookie. It is short-lived, bounded,
 * and the only thing that outlives a request.
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
  /** The digest of the refresh cookie that it left behind. */
  readonly successor: string | undefined;
}

interface Flight {
  readonly renewal: Promise<Renewal>;
  isUnderWay: boolean;
  /** Until when it answers, in milliseconds since the epoch. */
  until: number;
  successor: string | undefined;
}

/** After a refresh that could not be judged, nobody asks for this long, in milliseconds, unless the server says how long. */
const PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A refresh whose request was ended by its platform never lands; its place is free again after this, in milliseconds. */
const LONGEST_FLIGHT_MS = 70_000;
/** Those that answer already are dropped beyond this many, the oldest first. */
const MOST = 10_000;

const OVER: Renewal = { verdict: { is: "dead" }, answer: undefined, setCookies: [], sentAt: 0, successor: undefined };

/** Bundlers give one module several bodies (Next has one for `proxy.ts`); the process has one table. */
function table(): Map<string, Flight> {
  const shared = globalThis as { [name: symbol]: Map<string, Flight> | undefined };
  return (shared[Symbol.for("relatch:flights:1")] ??= new Map());
}

/** The refresh of this cookie: the one that is under way, or has just been, or a new one. `isOwn` says that it is new. */
export async function fly(key: string, graceMs: number, start: () => Promise<Renewal>): Promise<{ renewal: Renewal; isOwn: boolean }> {
  sweep();
  const present = table().get(key);
  if (!present) {
    const flight: Flight = { renewal: start(), isUnderWay: true, until: Date.now() + LONGEST_FLIGHT_MS, successor: undefined };
    table().set(key, flight);
    await land(flight, key, graceMs);
    // A sign-out may have ended it meanwhile.
    return { renewal: await (table().get(key) ?? flight).renewal, isOwn: true };
  }
  await present.renewal;
  let flight = table().get(key) ?? present;
  let renewal = await flight.renewal;
  // The cookie that it left may have been replaced since.
  for (let next; (next = renewal.successor && table().get(renewal.successor)); ) {
    if (next === flight || (await next.renewal).verdict.is === "unknown") break;
    flight = next;
    renewal = await flight.renewal;
  }
  return { renewal, isOwn: false };
}

/** Waits until no refresh of this cookie is under way. */
export async function settled(key: string): Promise<Renewal | undefined> {
  return table().get(key)?.renewal;
}

/** Ends a cookie and those that led to it: their refreshes answer "dead" from now on, those under way included. */
export function end(key: string, graceMs: number): void {
  const keys = new Set([key]);
  for (let size = 0; size !== keys.size; ) {
    size = keys.size;
    for (const [other, { successor }] of table()) if (successor && keys.has(successor)) keys.add(other);
  }
  for (const ended of keys) {
    table().set(ended, { renewal: Promise.resolve(OVER), isUnderWay: false, until: Date.now() + graceMs, successor: undefined });
  }
}

async function land(flight: Flight, key: string, graceMs: number): Promise<void> {
  const { verdict, successor } = await flight.renewal;
  flight.isUnderWay = false;
  flight.successor = successor;
  const pause = verdict.is === "unknown" ? Math.min(verdict.error.retryAfterMs ?? PAUSE_MS, LONGEST_PAUSE_MS) : graceMs;
  // A backend that does not rotate needs no grace, and is to be asked anew.
  flight.until = Date.now() + (successor === key ? 0 : pause);
}

function sweep(): void {
  const now = Date.now();
  const flights = table();
  for (const [key, { until }] of flights) if (until <= now) flights.delete(key);
  let surplus = flights.size - MOST;
  for (const [key, { isUnderWay }] of flights) {
    if (surplus-- <= 0) break;
    if (!isUnderWay) flights.delete(key);
  }
}
