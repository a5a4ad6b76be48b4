/** `<relatch-devtools>`: brings a session, the other tabs and the screen together. */
import type { Lane } from "./devtools-chart.js";
import { h, setAttribute, setText } from "./devtools-dom.js";
import { Gauge } from "./devtools-gauge.js";
import { Network } from "./devtools-network.js";
import { Panel, type Action } from "./devtools-panel.js";
import { styles } from "./devtools-style.js";
import { ownPaths, Peers, type Tab } from "./devtools-tabs.js";
import { traceOf } from "./devtools-trace.js";
import { headline, span } from "./devtools-words.js";
import { report } from "./explain.js";
import type { SessionRecord, SessionReport } from "./record-types.js";
import type { SessionClient } from "./types.js";

/** How often an open panel looks, in milliseconds; a collapsed one looks once a second, and at its own tab only. */
const LOOK_MS = 250;
const LOOK_COLLAPSED_MS = 1000;
/** Every how many looks the other tabs are asked. */
const ASK_EVERY = 3;
/** How long a tab that was opened to sign out in has to come up, in milliseconds. */
const OPENS_WITHIN_MS = 20_000;

const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** The panel of a session. `client` is to be set before it shows anything. */
export class RelatchDevtoolsElement extends Base {
  static readonly observedAttributes = ["open"];

  #client: SessionClient | undefined;
  #shadow: ShadowRoot | undefined;
  #panel: Panel | undefined;
  #gauge = new Gauge(24, true);
  #pillState = h("span");
  #pillRest = h("span", { class: "rest", "aria-hidden": "true" });
  #pillName = h("span", { class: "unseen" }, "relatch devtools: ");
  #pill = h("button", { type: "button", class: "pill", "aria-expanded": "false" });
  #said = h("p", { class: "unseen", role: "status" });
  #network = new Network();
  #peers: Peers | undefined;
  #end: AbortController | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #looks = 0;
  #headline = "";
  #signsOutBefore = 0;
  #expired = false;

  /** The session to show. */
  get client(): SessionClient | undefined {
    return this.#client;
  }

  set client(client: SessionClient | undefined) {
    if (client === this.#client) return;
    this.#stop();
    this.#client = client;
    if (this.isConnected) this.#start();
  }

  /** Whether the panel is open; if not, it is a pill in the corner. */
  get open(): boolean {
    return this.hasAttribute("open");
  }

  set open(value: boolean) {
    this.toggleAttribute("open", value);
  }

  connectedCallback(): void {
    this.#build();
    // Set before the element was known to be one.
    if (Object.hasOwn(this, "client")) {
      const { client } = this;
      Reflect.deleteProperty(this, "client");
      this.client = client;
    }
    this.#start();
  }

  disconnectedCallback(): void {
    this.#stop();
  }

  attributeChangedCallback(): void {
    if (!this.#shadow) return;
    this.#arrange();
    if (this.#peers) this.#pace();
  }

  // ── Life ────────────────────────────────────────────────────────────────────────────────────────

  #build(): void {
    if (this.#shadow) return;
    this.#shadow = this.attachShadow({ mode: "open" });
    this.#shadow.adoptedStyleSheets = [styles()];
    this.#pill.append(this.#gauge.root, this.#pillName, this.#pillState, this.#pillRest);
    this.#pill.addEventListener("click", () => this.#toggle());
    this.#panel = new Panel((action) => this.#act(action));
    this.#panel.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) this.#toggle();
    });
    this.#shadow.append(this.#pill, this.#panel.root, this.#said);
    if (remembered() && !this.open) this.open = true;
    this.#arrange();
  }

  #start(): void {
    if (this.#peers || !this.#client || !this.isConnected) return;
    this.#network.start();
    this.#peers = new Peers(this.getAttribute("name") ?? this.#backend(), {
      id: () => this.#report(Infinity)?.tab,
      report: (since) => this.#report(since),
      signOut: () => void this.#client?.signOut().catch(() => {}),
      here: (id) => this.#met(id),
    });
    // A page in the back/forward cache would be thrown out of it by the first message that it gets.
    const leave = (): void => this.#peers?.close();
    const restore = (event: PageTransitionEvent): void => {
      if (!event.persisted) return;
      this.#stop();
      this.#start();
    };
    const look = (): void => void (document.visibilityState === "visible" && this.#look());
    this.#end = new AbortController();
    const { signal } = this.#end;
    globalThis.addEventListener("pagehide", leave, { signal });
    globalThis.addEventListener("pageshow", restore, { signal });
    document.addEventListener("visibilitychange", look, { signal });
    const size = new ResizeObserver(([entry]) => this.#panel!.resize(entry!.contentRect.width));
    size.observe(this.#panel!.root);
    signal.addEventListener("abort", () => size.disconnect());
    this.#peers.hello();
    this.#pace();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#end?.abort();
    this.#network.stop();
    this.#peers?.close();
    this.#peers = undefined;
    this.#expired = false;
  }

  /** The tabs of one backend meet under its path. */
  #backend(): string {
    const report = this.#report(Infinity);
    return (report && [...ownPaths(report)][0]) ?? "";
  }

  #report(since: number): SessionReport | undefined {
    return this.#client && report(this.#client, { since });
  }

  #pace(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => document.visibilityState !== "hidden" && this.#look(), this.open ? LOOK_MS : LOOK_COLLAPSED_MS);
    this.#looks = 0;
    this.#look();
  }

  // ── What is seen ────────────────────────────────────────────────────────────────────────────────

  #look(): void {
    if (!this.#client || !this.#peers) return;
    const now = Date.now();
    const known = this.#report(Infinity)!;
    this.#showState(known);
    if (!this.open) return this.#showPill(known, now);
    const report = this.#report(this.#peers.since(known.tab))!;
    this.#peers.take(report, true, now);
    if (this.#looks++ % ASK_EVERY === 0) this.#peers.ask();
    const lanes = this.#peers.list(now).map((tab) => this.#laneOf(tab, now));
    const calls = this.#network.rows;
    this.#panel!.show({ report, lanes, calls, isOffline: this.#network.offline, isExpired: this.#network.expired, now });
  }

  #laneOf(tab: Tab, now: number): Lane {
    const isSilent = this.#peers!.isSilent(tab, now);
    const [text, tone] = headline(tab.report.state);
    const state = !isSilent ? text : tab.isGone ? "closed" : "not answering";
    return { tab, trace: traceOf(tab), state, tone: isSilent ? "plain" : tone, isSilent };
  }

  #showPill({ token, state }: SessionReport, now: number): void {
    const [text, tone] = headline(state);
    const left = token?.expiresAt == null ? null : Math.max(0, token.expiresAt - now);
    this.#gauge.show(left === null ? null : left / (token!.expiresAt! - token!.issuedAt), null);
    setAttribute(this.#pill, "class", `pill ${this.#network.offline ? "warn" : tone}`);
    setText(this.#pillState, this.#network.offline ? "Offline by you" : text);
    // Not a part of the button's name, which would be read aloud each second.
    setText(this.#pillRest, left === null ? "" : span(left));
  }

  /** A screen reader hears of another state, and of nothing that counts down. */
  #showState({ state }: SessionReport): void {
    const [text] = headline(state);
    if (this.#headline !== "" && text !== this.#headline) this.#say(text);
    this.#headline = text;
    if (this.#expired && !this.#network.expired) {
      this.#expired = false;
      this.#say("The token has been renewed");
    }
  }

  #say(text: string): void {
    setText(this.#said, text);
  }

  // ── What is pressed ─────────────────────────────────────────────────────────────────────────────

  #toggle(): void {
    this.open = !this.open;
    remember(this.open);
    if (this.open) this.#panel!.focus();
    else this.#pill.focus();
  }

  #arrange(): void {
    this.#pill.hidden = this.open;
    this.#panel!.root.hidden = !this.open;
  }

  #act(action: Action): void {
    const client = this.#client!;
    switch (action) {
      case "toggle":
        return this.#toggle();
      case "refresh":
        this.#say("Refreshing");
        // How it ended is in the state.
        return void client.refresh().catch(() => {}).then(() => this.#look());
      case "expire": {
        const next = (this.#report(0)!.records.at(-1)?.seq ?? -1) + 1;
        const isNew = ({ kind }: SessionRecord): boolean => /^(committed|adopted|ended|signedOut|changed)$/.test(kind);
        this.#network.expire(() => !this.#report(next)?.records.some(isNew));
        this.#expired = true;
        this.#say("The next call of this tab will be refused once, and refresh");
        break;
      }
      case "offline":
        this.#network.offline = !this.#network.offline;
        this.#say(this.#network.offline ? "This tab is offline" : "This tab is online");
        break;
      case "signOut":
        this.#signOutElsewhere();
        break;
      case "copy":
        return void this.#copy();
    }
    this.#look();
  }

  #signOutElsewhere(): void {
    const now = Date.now();
    const other = this.#peers!.list(now).find((tab) => !tab.isOwn && !this.#peers!.isSilent(tab, now));
    if (other) {
      this.#peers!.signOut(other.id);
      return this.#say(`${other.name} signs out`);
    }
    this.#signsOutBefore = now + OPENS_WITHIN_MS;
    globalThis.open(location.href, "_blank", "noopener");
    this.#say("Another tab opens, and signs out");
  }

  /** Another tab has come up. */
  #met(id: string): void {
    if (Date.now() > this.#signsOutBefore) return;
    this.#signsOutBefore = 0;
    this.#peers!.signOut(id);
  }

  async #copy(): Promise<void> {
    const now = Date.now();
    const tabs = this.#peers!.list(now).filter((tab) => !tab.isOwn);
    const others = tabs.map(({ report, records }) => ({ ...report, records }));
    const text = JSON.stringify({ ...this.#report(0), others }, null, 2);
    try {
      await navigator.clipboard.writeText(text);
      this.#panel!.copied();
      this.#say("Report copied");
    } catch {
      this.#panel!.offer(text);
    }
  }
}

const KEY = "relatch-devtools";

/** Whether it was open before the page was loaded anew. */
function remembered(): boolean {
  try {
    return sessionStorage.getItem(KEY) === "open";
  } catch {
    return false;
  }
}

function remember(isOpen: boolean): void {
  try {
    if (isOpen) sessionStorage.setItem(KEY, "open");
    else sessionStorage.removeItem(KEY);
  } catch {
    // Nothing is remembered then.
  }
}
