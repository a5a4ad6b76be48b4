/** Puts names and words to the numbers of the recorder (`src/core/record/numbers.rs`). */
import type { Client } from "../generated/relatch.js";
import { PROBLEMS } from "../generated/contract.js";
import { KINDS, REASONS, VERSION } from "../generated/record.js";
import { OPERATIONS, type FlatContract } from "./contract.js";
import type { RelatchErrorCode } from "./errors.js";
import type { LastProblem, ReasonCode, RecordKind, ReportOptions, SessionRecord, SessionReport } from "./record-types.js";
import type { Inspection, SessionState } from "./types.js";

/** How many numbers come before the records, how many one record is, and what stands where there is nothing. */
const [HEAD, WIDTH, NONE] = [14, 4, 2 ** 32 - 1] as const;

type Head = readonly [number, number, number, number, number, number, number, number, number, number, number, number, number, number];

const STATUS = { loading: "Not known yet", authenticated: "Signed in", unauthenticated: "Nobody is signed in" };

/** `RenewedByAnotherTab`: renewed by another tab. */
const words = (code: string): string => code.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();

const clock = (at: number): string => new Date(at).toTimeString().slice(0, 8);

const span = (ms: number): string => (ms < 120_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);

const some = (number: number): number | null => (number === NONE ? null : number);

/** A problem is one more than its number, and its status above that. */
const problemOf = (packed: number): { code?: RelatchErrorCode; status?: number } => {
  const code = PROBLEMS[(packed & 255) - 1] as RelatchErrorCode | undefined;
  return { ...(code && { code }), ...((packed > 255 || code === "BadResponse") && { status: packed >>> 8 }) };
};

/** What a recorder looks at. */
export interface Recorded {
  readonly client: Client | undefined;
  readonly state: SessionState;
  readonly isDisposed: boolean;
}

/** What a session tells of itself. */
export class Recorder {
  readonly #contract: FlatContract;
  readonly #look: () => Recorded;
  readonly #tab = Math.random().toString(36).slice(2, 8);
  #seen = 0;

  constructor(contract: FlatContract, look: () => Recorded) {
    this.#contract = contract;
    this.#look = look;
  }

  inspect(): Inspection {
    const [, , , left, due, , , , , , generation] = this.#numbers(NONE) as unknown as Head;
    return { generation, expiresInMs: some(left), dueInMs: some(due) };
  }

  report({ since = 0 }: ReportOptions = {}): SessionReport {
    const { status, freshness, reason, error, refreshing } = this.#look().state;
    const now = Date.now();
    const numbers = this.#numbers(since);
    const [why, by, had, left, due, next, wrong, ago, retries, recovered, generation, sharing, isOwn] = numbers as unknown as Head;
    const code = REASONS[why] as ReasonCode;
    const [expiresInMs, refreshInMs] = [some(left), some(next)];
    let text = `${STATUS[status]}: ${words(code)}${by ? ` (${by})` : ""}.`;
    if (error) text += ` ${error.message}`;
    if (expiresInMs !== null) text += ` Token: ${span(left)} left.`;
    if (refreshInMs !== null) text += ` Next request in ${span(next)}.`;
    let lastProblem: LastProblem | null = null;
    if (wrong) {
      lastProblem = { ...problemOf(wrong), at: now - ago, retries, recovered: !!recovered } as LastProblem;
      text += ` Last problem: ${lastProblem.status || words(lastProblem.code)} at ${clock(now - ago)}, ${retries} ${retries === 1 ? "retry" : "retries"}${recovered ? ", recovered" : ""}.`;
    }
    const contract: Record<string, string | number | boolean> = {};
    for (const [path, value] of Object.entries(this.#contract)) {
      // Paths without origin and query; no header, no field.
      if (/^baseUrl$|share|path$|method$|encoding$|by$|Ms$|^by/.test(path)) contract[path] = typeof value === "string" ? value.replace(/^https?:\/\/[^/]*|\?.*/g, "") : (value as number);
    }
    const at = (ms: number): number | null => (ms === NONE ? null : now + ms);
    return {
      relatch: VERSION,
      tab: this.#tab,
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

  /** What the core says, or what there is to say without it. */
  #numbers(since: number): readonly number[] {
    const { client, state, isDisposed } = this.#look();
    if (client) return [...client.record(globalThis.navigator?.onLine !== false, Math.min(since, NONE))];
    const reason = isDisposed ? "Disposed" : state.error ? "ModuleUnavailable" : "NotStarted";
    return [REASONS.indexOf(reason), 0, NONE, NONE, NONE, NONE, 0, 0, 0, 0, 0, 0, 0, 0];
  }

  /** Logs what is new, one line each. */
  readonly log = (): void => {
    for (const { seq, at, kind, ...more } of this.report({ since: this.#seen }).records) {
      this.#seen = seq + 1;
      console.debug(`relatch ${this.#tab} ${clock(at)} ${kind}`, ...Object.entries(more).map((pair) => pair.join("=")));
    }
  };
}

function records(numbers: readonly number[], now: number): SessionRecord[] {
  const list: SessionRecord[] = [];
  for (let place = HEAD; place < numbers.length; place += WIDTH) {
    const [time, what, about, span] = numbers.slice(place, place + WIDTH) as [number, number, number, number];
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
