/** @packageDocumentation The flight recorder in words: why a session is as it is, and what it has done lately. */
import { PROBLEMS } from "../generated/contract.js";
import { KINDS, REASONS, VERSION } from "../generated/record.js";
import type { RelatchErrorCode } from "./errors.js";
import type { Explanation, LastProblem, ReasonCode, RecordKind, ReportOptions, SessionRecord, SessionReport } from "./record-types.js";
import { NONE, OPERATIONS, recorded } from "./told.js";
import type { Recording, SessionClient } from "./types.js";

export type * from "./record-types.js";

/** How many numbers come before the records, and how many one record is. */
const [HEAD, WIDTH] = [14, 4] as const;

type Numbers = Uint32Array | readonly number[];

type Head = readonly [number, number, number, number, number, number, number, number, number, number, number, number, number, number];

const STATUS = { loading: "Not known yet", authenticated: "Signed in", unauthenticated: "Nobody is signed in" };

/** `RenewedByAnotherTab`: renewed by another tab. */
const words = (code: string): string => code.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();

const clock = (at: number): string => new Date(at).toTimeString().slice(0, 8);

const span = (ms: number): string => (ms < 120_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);

/** A problem is one more than its number, and its status above that. */
const problemOf = (packed: number): { code?: RelatchErrorCode; status?: number } => {
  const code = PROBLEMS[(packed & 255) - 1] as RelatchErrorCode | undefined;
  return { ...(code && { code }), ...((packed > 255 || code === "BadResponse") && { status: packed >>> 8 }) };
};

/** Why the state is what it is, in a stable code and in words, and what happens next. */
export const explain = (session: SessionClient): Explanation => report(session, { since: Infinity }).explanation;

/** What a session has done lately, as JSON fit for an issue: no token, no cookie, no user, no query. */
export function report(session: SessionClient, { since = 0 }: ReportOptions = {}): SessionReport {
  const { status, freshness, reason, error, refreshing } = session.getState();
  const now = Date.now();
  const recording = session.record(Math.min(since, NONE));
  const { tab, contract } = recording;
  const numbers = numbersOf(recording, !!error);
  const [why, by, had, left, due, next, wrong, ago, retries, recovered, generation, sharing, isOwn] = numbers as unknown as Head;
  const code = REASONS[why] as ReasonCode;
  const [expiresInMs, refreshInMs] = [recorded(left), recorded(next)];
  let text = `${STATUS[status]}: ${words(code)}${by ? ` (${by})` : ""}.`;
  if (error) text += ` ${error.message}`;
  if (expiresInMs !== null) text += ` Token: ${span(left)} left.`;
  if (refreshInMs !== null) text += ` Next request in ${span(next)}.`;
  let lastProblem: LastProblem | null = null;
  if (wrong) {
    lastProblem = { ...problemOf(wrong), at: now - ago, retries, recovered: !!recovered } as LastProblem;
    text += ` Last problem: ${lastProblem.status || words(lastProblem.code)} at ${clock(now - ago)}, ${retries} ${retries === 1 ? "retry" : "retries"}${recovered ? ", recovered" : ""}.`;
  }
  const at = (ms: number): number | null => (ms === NONE ? null : now + ms);
  return {
    relatch: VERSION,
    tab,
    at: now,
    state: { status, freshness, reason, error: error && error.code, refreshing },
    generation,
    token: had === NONE ? null : { issuedAt: now - had, expiresAt: at(left), dueAt: at(due), source: isOwn ? "own" : "tab" },
    sharing: !!sharing,
    contract,
    explanation: { code, text, expiresInMs, refreshInMs, lastProblem },
    records: records(numbers, now),
  };
}

/** How many records of a session have been logged. */
const logged = new WeakMap<SessionClient, number>();

/** Logs what is new since its last call, each record by one `console.debug` line; fit for `onRecords` of `createSession`. */
export function logRecords(session: SessionClient): void {
  const { tab, records } = report(session, { since: logged.get(session) ?? 0 });
  for (const { seq, at, kind, ...more } of records) {
    logged.set(session, seq + 1);
    console.debug(`relatch ${tab} ${clock(at)} ${kind}`, ...Object.entries(more).map((pair) => pair.join("=")));
  }
}

/** What the core says, or what there is to say without it. */
function numbersOf({ numbers, isDisposed }: Recording, hasError: boolean): Numbers {
  if (numbers) return numbers;
  const reason = isDisposed ? "Disposed" : hasError ? "ModuleUnavailable" : "NotStarted";
  return [REASONS.indexOf(reason), 0, NONE, NONE, NONE, NONE, 0, 0, 0, 0, 0, 0, 0, 0];
}

function records(numbers: Numbers, now: number): SessionRecord[] {
  const list: SessionRecord[] = [];
  for (let place = HEAD; place < numbers.length; place += WIDTH) {
    const [time, what, about, span] = numbers.slice(place, place + WIDTH) as unknown as [number, number, number, number];
    const kind = KINDS[what & 255] as RecordKind;
    const operation = OPERATIONS[(what >> 8) - 1];
    const isCall = kind.startsWith("call");
    const isProblem = /^(answered|paused|call(Refused|Failed|Changed))$/.test(kind);
    const { code, status } = problemOf(isProblem ? about : 0);
    const isRefused = code === "BadCredentials" || (!code && operation === "session" && status! > 399);
    const verdict = code === "SessionEnded" ? "dead" : isRefused ? "refused" : code ? "unknown" : "accepted";
    const spanName = isCall ? "call" : kind === "paused" ? "retryAfterMs" : /^(committed|adopted)$/.test(kind) ? "lifeMs" : "durationMs";
    list.push({
      seq: numbers[HEAD - 1]! - (numbers.length - place) / WIDTH,
      // The lower half of a clock that began with the page.
      at: now - ((performance.now() - time) >>> 0),
      kind,
      ...(operation && { operation }),
      ...(kind === "answered" && { verdict }),
      ...(code && { code }),
      ...(status !== undefined && { status }),
      ...(!isProblem && about && { generation: about }),
      ...(span !== NONE && { [spanName]: span }),
    } as SessionRecord);
  }
  return list;
}
