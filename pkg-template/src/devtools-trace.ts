/** What a tab has recorded, as what can be drawn: tokens, requests, waits, troubles and marks. Knows no screen. */
import type { RecordKind, SessionRecord } from "./record-types.js";
import type { Tab } from "./devtools-tabs.js";
import { describe, type Tone } from "./devtools-words.js";

/** A token that this tab had, in milliseconds since 1970. */
export interface Token {
  readonly generation: number;
  readonly from: number;
  /** When it was replaced or dropped; `null` for the present one. */
  until: number | null;
  /** When its life ends; `null` if that is not known. */
  expires: number | null;
  /** When it is renewed in the background. */
  due: number | null;
  /** Whether another tab has fetched it. */
  readonly isAdopted: boolean;
}

/** A request of the SDK's, or a wait for the lock. */
export interface Stretch {
  readonly from: number;
  /** `null` while it is not over. */
  to: number | null;
  tone: Tone;
}

export type MarkKind = "refresh" | "adopted" | "waited" | "refused" | "retried" | "failed" | "ended" | "lock";

/** Something that happened at one moment. */
export interface Mark {
  readonly at: number;
  readonly kind: MarkKind;
  readonly tone: Tone;
  readonly text: string;
  readonly generation: number | undefined;
}

export interface Trace {
  readonly tokens: Token[];
  readonly requests: Stretch[];
  readonly waits: Stretch[];
  /** While the server could not say or could not be reached. */
  readonly troubles: Stretch[];
  readonly marks: Mark[];
}

const MARKS: Partial<Record<RecordKind, MarkKind>> = {
  answered: "refresh",
  adopted: "adopted",
  callWaited: "waited",
  callRefused: "refused",
  callRetried: "retried",
  callReturned: "failed",
  callFailed: "failed",
  callChanged: "failed",
  ended: "ended",
  signedOut: "ended",
  lockForced: "lock",
  lockStolen: "lock",
};

/** Reads a tab's records, oldest first. */
export function traceOf(tab: Tab): Trace {
  const trace: Trace = { tokens: [], requests: [], waits: [], troubles: [], marks: [] };
  for (const record of tab.records) {
    follow(trace, record);
    const kind = MARKS[record.kind];
    if (!kind) continue;
    const [text, tone] = describe(record);
    // Where nobody was signed in, nothing has ended.
    const wasNobody = record.kind === "ended" && !trace.tokens.some(({ until }) => until === record.at);
    if (!wasNobody) trace.marks.push({ at: record.at, kind, tone, text, generation: record.generation });
  }
  reconcile(trace, tab);
  return trace;
}

function follow({ tokens, requests, waits, troubles }: Trace, record: SessionRecord): void {
  const { at, kind, verdict } = record;
  const close = (list: Stretch[], tone?: Tone): void => {
    const last = list.at(-1);
    if (last?.to === null) Object.assign(last, { to: at, tone: tone ?? last.tone });
  };
  switch (kind) {
    case "lockAsked":
      close(waits);
      waits.push({ from: at, to: null, tone: "plain" });
      break;
    case "locked":
    case "lockForced":
      close(waits);
      break;
    case "sent":
      close(waits);
      close(requests, "warn");
      requests.push({ from: at, to: null, tone: "plain" });
      break;
    case "answered": {
      const tone = describe(record)[1];
      if (requests.at(-1)?.to !== null) requests.push({ from: at - (record.durationMs ?? 0), to: null, tone });
      close(requests, tone);
      if (verdict !== "unknown") close(troubles);
      break;
    }
    case "paused":
      if (troubles.at(-1)?.to !== null) troubles.push({ from: at, to: null, tone: "warn" });
      break;
    case "committed":
    case "adopted": {
      drop(tokens, at);
      close(troubles);
      close(waits);
      const expires = record.lifeMs === undefined ? null : at + record.lifeMs;
      tokens.push({ generation: record.generation ?? 0, from: at, until: null, expires, due: null, isAdopted: kind === "adopted" });
      break;
    }
    case "changed":
    case "ended":
    case "signedOut":
    case "disposed":
      drop(tokens, at);
      close(troubles);
      close(waits);
  }
}

function drop(tokens: Token[], at: number): void {
  const last = tokens.at(-1);
  if (last?.until === null) last.until = at;
}

/** The report knows the present; the ring may have forgotten how it came about. */
function reconcile({ tokens, troubles, requests, waits }: Trace, { report, doubtAt }: Tab): void {
  const { token, state, generation, at } = report;
  const last = tokens.at(-1);
  if (!token) drop(tokens, at);
  else if (last?.until === null) {
    last.expires = token.expiresAt;
    last.due = token.dueAt;
  } else {
    const { issuedAt: from, expiresAt: expires, dueAt: due, source } = token;
    tokens.push({ generation, from, until: null, expires, due, isAdopted: source === "tab" });
  }
  const open = troubles.at(-1);
  if (state.freshness === "fresh" && open?.to === null) open.to = at;
  if (doubtAt !== null && open?.to !== null) troubles.push({ from: doubtAt, to: null, tone: "warn" });
  if (!state.refreshing) for (const list of [requests, waits]) if (list.at(-1)?.to === null) list.at(-1)!.to = at;
}
