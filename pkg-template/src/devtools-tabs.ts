/** The tabs that have the panel on their page, over a channel of its own. What is said holds no secret, and is checked. */
import type { SessionRecord, SessionReport } from "./record-types.js";

/** What is known of one tab. */
export interface Tab {
  readonly id: string;
  /** `This tab`, `Tab 2`, …, in the order in which they were met. */
  readonly name: string;
  readonly isOwn: boolean;
  /** The newest report, without its records. */
  report: SessionReport;
  /** Oldest first. */
  records: SessionRecord[];
  /** When it was heard last, in milliseconds since 1970. */
  heardAt: number;
  /** Since when its state is in doubt, in milliseconds since 1970. */
  doubtAt: number | null;
  /** It has said goodbye. */
  isGone: boolean;
}

type Message =
  | { readonly type: "ask"; readonly from: string; readonly since: Readonly<Record<string, number>> }
  | { readonly type: "told"; readonly to: string; readonly report: SessionReport }
  | { readonly type: "here" | "gone"; readonly from: string }
  | { readonly type: "signOut"; readonly to: string };

/** What the channel needs of its owner. */
export interface TabsHost {
  readonly id: () => string | undefined;
  readonly report: (since: number) => SessionReport | undefined;
  readonly signOut: () => void;
  readonly here: (id: string) => void;
}

/** How many records of a tab are kept. */
const MOST_RECORDS = 1000;
/** A tab that has not answered for so long is frozen, or away without having said so, in milliseconds. */
const SILENT_AFTER_MS = 4_000;
/** So long after it was heard of last it is not shown any more, in milliseconds. */
const FORGOTTEN_AFTER_MS = 60_000;

/** Asks the other tabs, answers them, and keeps what they tell. */
export class Peers {
  #channel: BroadcastChannel | undefined;
  readonly #host: TabsHost;
  readonly #tabs = new Map<string, Tab>();
  #met = 1;

  constructor(name: string, host: TabsHost) {
    this.#host = host;
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(`relatch-devtools:${name}`);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => this.#hear(data);
  }

  /** This tab first, the others in the order in which they were met. */
  list(now: number): Tab[] {
    for (const [id, tab] of this.#tabs) if (!tab.isOwn && now - tab.heardAt > FORGOTTEN_AFTER_MS) this.#tabs.delete(id);
    return [...this.#tabs.values()].sort((a, b) => Number(b.isOwn) - Number(a.isOwn));
  }

  /** Whether a tab does not answer. */
  isSilent = (tab: Tab, now: number): boolean => !tab.isOwn && (tab.isGone || now - tab.heardAt > SILENT_AFTER_MS);

  /** The number of a tab's first record that is not known yet. */
  since(id: string): number {
    return (this.#tabs.get(id)?.records.at(-1)?.seq ?? -1) + 1;
  }

  hello(): void {
    this.#say({ type: "here", from: this.#host.id() ?? "" });
  }

  ask(): void {
    const since = Object.fromEntries([...this.#tabs.keys()].map((id) => [id, this.since(id)]));
    this.#say({ type: "ask", from: this.#host.id() ?? "", since });
  }

  signOut(id: string): void {
    this.#say({ type: "signOut", to: id });
  }

  close(): void {
    this.#say({ type: "gone", from: this.#host.id() ?? "" });
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** Takes in what a tab has told. */
  take(report: SessionReport, isOwn: boolean, now: number): void {
    let tab = this.#tabs.get(report.tab);
    if (!tab) {
      const name = isOwn ? "This tab" : `Tab ${++this.#met}`;
      this.#tabs.set(report.tab, (tab = { id: report.tab, name, isOwn, report, records: [], heardAt: now, doubtAt: null, isGone: false }));
    }
    const first = this.since(report.tab);
    const fresh = report.records.filter(({ seq }) => seq >= first);
    tab.records = [...tab.records, ...fresh].slice(-MOST_RECORDS);
    tab.doubtAt = report.state.freshness === "fresh" ? null : (tab.doubtAt ?? report.at);
    tab.report = { ...report, records: [] };
    tab.heardAt = now;
    tab.isGone = false;
  }

  #say(message: Message): void {
    this.#channel?.postMessage(message);
  }

  #hear(data: unknown): void {
    if (!isObject(data)) return;
    const own = this.#host.id();
    switch (data["type"]) {
      case "ask": {
        if (typeof data["from"] !== "string" || data["from"] === own || !isObject(data["since"])) return;
        const since = data["since"][own ?? ""];
        const report = this.#host.report(typeof since === "number" ? since : 0);
        if (report) this.#say({ type: "told", to: data["from"], report });
        return;
      }
      case "told":
        if (data["to"] === own && isReport(data["report"]) && data["report"].tab !== own) this.take(data["report"], false, Date.now());
        return;
      case "here":
        if (typeof data["from"] === "string" && data["from"] !== own) this.#host.here(data["from"]);
        return;
      case "gone": {
        const tab = this.#tabs.get(String(data["from"]));
        if (tab) tab.isGone = true;
        return;
      }
      case "signOut":
        if (data["to"] === own) this.#host.signOut();
    }
  }
}

/** The paths of the SDK's own requests, that of the refresh first if there is one. */
export function ownPaths({ contract }: SessionReport): Set<string> {
  const base = String(contract["baseUrl"] ?? "").replace(/\/$/, "");
  const named = ["refresh", "session", "signIn", "exchange", "signOut", "csrf"].map((operation) => contract[`${operation}.path`]);
  const paths = named.filter((path) => typeof path === "string");
  return new Set(paths.map((path) => (path.startsWith(base) ? path : base + path)));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
const isNumberOrNone = (value: unknown): boolean => value === undefined || value === null || isNumber(value);
const isText = (value: unknown): boolean => typeof value === "string" && value.length <= 500;
const isTextOrNone = (value: unknown): boolean => value === undefined || value === null || isText(value);

function isReport(value: unknown): value is SessionReport {
  if (!isObject(value) || !isText(value["tab"]) || !isNumber(value["generation"])) return false;
  const { state, token, explanation, records } = value;
  if (!isObject(state) || !isText(state["status"]) || !isText(state["freshness"])) return false;
  if (token !== null && !(isObject(token) && [token["issuedAt"], token["expiresAt"], token["dueAt"]].every(isNumberOrNone))) return false;
  if (!isObject(explanation) || !isText(explanation["text"])) return false;
  return Array.isArray(records) && records.length <= MOST_RECORDS && records.every(isRecord);
}

const NUMBERS = ["status", "generation", "durationMs", "retryAfterMs", "lifeMs", "call"] as const;
const TEXTS = ["operation", "verdict", "code"] as const;

const isRecord = (value: unknown): boolean =>
  isObject(value) && isNumber(value["seq"]) && isNumber(value["at"]) && isText(value["kind"]) &&
  NUMBERS.every((name) => isNumberOrNone(value[name])) && TEXTS.every((name) => isTextOrNone(value[name]));
