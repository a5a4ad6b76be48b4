/** What is on the screen, in words. */
import type { RecordedOperation, SessionRecord, SessionReport } from "./record-types.js";

/** Good, worth a look, bad, or neither. */
export type Tone = "good" | "warn" | "bad" | "plain";

const OPERATIONS: Record<RecordedOperation, string> = {
  refresh: "Refresh",
  session: "Read of the session",
  signIn: "Sign-in",
  exchange: "Exchange",
  signOut: "Sign-out",
};

/** `84 ms`, `3.2 s`, `1 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(ms, 0) / 1000;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  return span(ms);
}

/** The same in whole seconds, for what counts down. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return join(minutes, "min", seconds % 60, "s");
  return join(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

const join = (whole: number, unit: string, rest: number, small: string): string => `${whole} ${unit}${rest ? ` ${rest} ${small}` : ""}`;

/** The time of day, with milliseconds. */
export const clock = (at: number): string => {
  const date = new Date(at);
  return `${date.toLocaleTimeString([], { hour12: false })}.${String(date.getMilliseconds()).padStart(3, "0")}`;
};

/** The state in two or three words, and how it stands. */
export function headline({ status, freshness, reason, error }: SessionReport["state"]): readonly [text: string, tone: Tone] {
  const doubt = freshness === "fresh" ? "" : `, ${freshness}`;
  if (status === "loading") return [error ? `Not known${doubt}` : "Looking for a session", error ? "warn" : "plain"];
  if (status === "authenticated") return [`Signed in${doubt}`, doubt ? "warn" : "good"];
  if (reason === "expired") return ["Session ended", "bad"];
  return [reason === "signedOut" ? "Signed out" : "Nobody signed in", "plain"];
}

/** What a record says, in a sentence, and how it stands. */
export function describe(record: SessionRecord): readonly [text: string, tone: Tone] {
  const operation = record.operation ? OPERATIONS[record.operation] : "Request";
  const took = record.durationMs === undefined ? "" : ` after ${duration(record.durationMs)}`;
  const token = `token ${record.generation ?? "?"}`;
  const life = record.lifeMs === undefined ? "" : `, ${span(record.lifeMs)} to live`;
  const call = record.call === undefined ? "A call" : `Call ${record.call}`;
  switch (record.kind) {
    case "start": return ["The page asks who is signed in", "plain"];
    case "asked": return [`${operation} asked for`, "plain"];
    case "sent": return [`${operation} sent`, "plain"];
    case "answered": return answered(record, operation);
    case "committed": return [`New ${token}${life}`, "good"];
    case "adopted": return [`Took ${token} from another tab${life}`, "good"];
    case "changed": return ["Another user's session", "warn"];
    case "ended": return ["The session has ended, or there was none", "bad"];
    case "signedOut": return ["Signed out", "plain"];
    case "paused": return [`Nobody asks the server for ${span(record.retryAfterMs ?? 0)}${reason(record)}`, "warn"];
    case "lockAsked": return ["Queues for the lock of all tabs", "plain"];
    case "locked": return [`Got the lock${took}`, "plain"];
    case "lockForced": return [`Took the lock from a frozen tab${took}`, "warn"];
    case "lockStolen": return ["Another tab took the lock", "warn"];
    case "orphaned": return ["The last holder went away; its cookie is waited for", "warn"];
    case "announced": return [`${operation} announced to all tabs`, "plain"];
    case "overtaken": return ["Another tab was faster", "plain"];
    case "wanted": return ["Asked the other tabs for their token", "plain"];
    case "gave": return [`Gave ${token} to another tab`, "good"];
    case "moved": return ["Another tab has changed the session", "plain"];
    case "callWaited": return [`${call} waits for a token`, "plain"];
    case "callSent": return [`${call} sent${took}`, "plain"];
    case "callRefused": return [`${call} refused: ${record.status ?? 401}`, "warn"];
    case "callRetried": return [`${call} sent again`, "good"];
    case "callReturned": return [`${call} returned as refused: ${record.status ?? 401}`, "bad"];
    case "callFailed": return [`${call} failed${reason(record)}`, "bad"];
    case "callChanged": return [`${call} not sent: made as another user`, "bad"];
    case "visible": return ["The page is shown", "plain"];
    case "hidden": return ["The page is hidden", "plain"];
    case "online": return ["The browser says it is online", "plain"];
    case "restored": return ["The page is back from the back/forward cache", "plain"];
    case "leaving": return ["The page goes away", "plain"];
    case "timer": return ["The timer fired", "plain"];
    case "disposed": return ["The client was disposed of", "plain"];
    // A tab with another version of relatch.
    default: return [String(record.kind), "plain"];
  }
}

const reason = ({ code }: SessionRecord): string => (code ? ` (${code})` : "");

function answered(record: SessionRecord, operation: string): readonly [text: string, tone: Tone] {
  const status = record.status === undefined ? "" : ` ${record.status}`;
  const took = record.durationMs === undefined ? "" : ` in ${duration(record.durationMs)}`;
  switch (record.verdict) {
    // Also what a first visit is answered with. That a session has ended is said by `ended`.
    case "dead": return [`${operation} answered${status}${took}: there is no session`, "plain"];
    case "refused": return [`${operation} refused${status}${took}`, "warn"];
    case "unknown": return [`${operation} got no answer that counts:${status}${reason(record)}`, "warn"];
    default: return [`${operation} answered${status}${took}`, "good"];
  }
}
