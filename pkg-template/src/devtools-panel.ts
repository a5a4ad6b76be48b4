/** What is on the screen, and what can be pressed. Knows nothing of a session: it shows what it is given. */
import type { Lane } from "./devtools-chart.js";
import { h, icon, setAttribute, setText } from "./devtools-dom.js";
import { Gauge } from "./devtools-gauge.js";
import type { CallRow } from "./devtools-network.js";
import { CallsTable, EventsTable, Facts } from "./devtools-tables.js";
import { ownPaths } from "./devtools-tabs.js";
import { Timeline } from "./devtools-timeline.js";
import { headline, span } from "./devtools-words.js";
import type { SessionReport } from "./record-types.js";

/** What can be pressed. */
export type Action = "refresh" | "expire" | "offline" | "signOut" | "copy" | "toggle";
type View = "timeline" | "events" | "calls";

/** What is to be shown. */
export interface Shown {
  readonly report: SessionReport;
  readonly lanes: readonly Lane[];
  readonly calls: readonly CallRow[];
  readonly isOffline: boolean;
  readonly isExpired: boolean;
  readonly now: number;
}

const VIEWS: readonly (readonly [View, string])[] = [["timeline", "Time line"], ["events", "Events"], ["calls", "Calls"]];
/** From this width on the calls stand beside the time line, in pixels (the sheet knows it too). */
const DOCK = 1000;
/** How long the button says that the report was copied, in milliseconds. */
const COPIED_MS = 2000;

export class Panel {
  readonly root: HTMLElement;
  readonly #act: (action: Action) => void;
  readonly #title = h("h2");
  readonly #explanation = h("p");
  readonly #head = h("div", { class: "title" }, this.#title, this.#explanation);
  readonly #gauge = new Gauge(112, false);
  readonly #left = h("b");
  readonly #leftUnit = h("span");
  readonly #leftWord = h("i");
  readonly #leftText = h("p", {}, this.#left, h("span", {}, this.#leftUnit, this.#leftWord));
  readonly #gaugeBox = h("div", { class: "gauge", "aria-hidden": "true" }, this.#gauge.root, this.#leftText);
  readonly #facts = new Facts();
  readonly #timeline = new Timeline();
  readonly #calls = new CallsTable();
  readonly #events = new EventsTable();
  readonly #buttons = new Map<Action, HTMLButtonElement>();
  readonly #tabs = new Map<View, HTMLButtonElement>();
  readonly #views: Record<View, HTMLElement>;
  #view: View = "timeline";
  #width = 0;
  #shown: Shown | undefined;

  constructor(act: (action: Action) => void) {
    this.#act = act;
    this.#views = {
      timeline: this.#timeline.root,
      events: h("div", { class: "view events" }, this.#events.root),
      calls: h("div", { class: "view calls" }, h("h3", {}, "Calls"), this.#calls.root),
    };
    const actions = h("div", { class: "actions", role: "group", "aria-label": "Try it" }, ...[
      this.#button("refresh", "Refresh", "refresh"),
      this.#button("expire", "Expire", "expire"),
      this.#button("offline", "Offline", "offline"),
      this.#button("signOut", "Sign out elsewhere", "signOut", "wide"),
      this.#button("copy", "Copy report", "copy", "wide"),
    ]);
    const close = this.#button("toggle", "", "down", "bare close");
    setAttribute(close, "aria-label", "Collapse");
    setAttribute(close, "aria-expanded", "true");
    const inner = h("div", { class: "inner" },
      h("div", { class: "head" }, this.#head, actions, close),
      h("div", { class: "facts" }, this.#gaugeBox, this.#facts.root),
      h("div", { class: "views" }, this.#drawBar(), ...Object.values(this.#views)),
    );
    this.root = h("section", { class: "panel", "aria-label": "relatch devtools" }, inner);
    this.#choose("timeline");
  }

  /** Puts the focus where somebody who has just opened the panel wants it. */
  focus(): void {
    this.#buttons.get("toggle")!.focus();
  }

  resize(width: number): void {
    this.#width = width;
    if (this.#isDock && this.#view === "calls") this.#choose("timeline");
    else this.#choose(this.#view);
    if (this.#shown) this.show(this.#shown);
  }

  show(shown: Shown): void {
    this.#shown = shown;
    const { report, lanes, calls, isOffline, isExpired, now } = shown;
    const [text, tone] = headline(report.state);
    setText(this.#title, text);
    setAttribute(this.#head, "class", `title ${isOffline ? "warn" : tone}`);
    setText(this.#explanation, explained(shown));
    this.#showLife(report, now, tone);
    this.#showFacts(shown);
    setAttribute(this.#buttons.get("offline")!, "aria-pressed", String(isOffline));
    setAttribute(this.#buttons.get("expire")!, "aria-pressed", String(isExpired));
    for (const action of ["refresh", "expire", "signOut"] as const) {
      setAttribute(this.#buttons.get(action)!, "aria-disabled", report.state.status !== "authenticated");
    }
    if (this.#view === "timeline") this.#timeline.show(lanes, now, lifeOf(report));
    if (this.#view === "events") this.#events.show(lanes.map(({ tab }) => tab));
    if (this.#view === "calls" || this.#isDock) {
      const own = ownPaths(report);
      this.#calls.show(calls, (path) => own.has(path.replace(/^https?:\/\/[^/]+/, "")));
    }
  }

  /** Says on the button that it is done. */
  copied(): void {
    const text = this.#buttons.get("copy")!.lastChild!;
    setText(text, "Report copied");
    setTimeout(() => setText(text, "Copy report"), COPIED_MS);
  }

  /** Shows a text for copying by hand, where the clipboard is not to be had. */
  offer(text: string): void {
    const area = h("textarea", { readonly: true, "aria-label": "Report" });
    area.value = text;
    const close = h("button", { type: "button", class: "action" }, "Close");
    const why = h("p", {}, "The clipboard is not to be had here. Copy it from this field:");
    const dialog = h("dialog", { class: "copy", "aria-label": "Copy the report" }, why, area, close);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("close", () => dialog.remove());
    this.root.append(dialog);
    dialog.showModal();
    area.select();
  }

  get #isDock(): boolean {
    return this.#width >= DOCK;
  }

  #button(action: Action, text: string, drawing: Parameters<typeof icon>[0], more = ""): HTMLButtonElement {
    const button = h("button", { type: "button", class: `action ${more}` }, icon(drawing), text);
    button.addEventListener("click", () => button.getAttribute("aria-disabled") === null && this.#act(action));
    this.#buttons.set(action, button);
    return button;
  }

  #showLife(report: SessionReport, now: number, tone: string): void {
    const { token } = report;
    const life = lifeOf(report);
    const left = life === null ? null : Math.max(0, token!.expiresAt! - now);
    const due = life === null || token!.dueAt === null || token!.dueAt < now ? null : (token!.expiresAt! - token!.dueAt) / life;
    this.#gauge.show(life === null ? null : left! / life, due);
    const [number, unit] = left === null ? ["–", token ? "end unknown" : "no token"] : span(left).split(" ");
    setText(this.#left, number!);
    setText(this.#leftUnit, unit === "s" ? "seconds" : unit!);
    setText(this.#leftWord, left === null ? "" : " left");
    setAttribute(this.#gaugeBox, "class", `gauge ${tone}`);
  }

  #showFacts({ report, lanes, now }: Shown): void {
    const { token, generation, state, sharing } = report;
    const due = token?.dueAt == null ? "–" : token.dueAt <= now ? "when needed" : `in ${span(token.dueAt - now)}`;
    const end = token?.expiresAt ?? null;
    this.#facts.set("Expires", end === null ? "–" : end <= now ? "has expired" : `in ${span(end - now)}`);
    this.#facts.set("Next refresh", state.refreshing ? "under way" : due);
    this.#facts.set("Token", token ? `${generation}, ${token.source === "tab" ? "from a tab" : "own"}` : "none");
    this.#facts.set("Tabs", sharing ? String(lanes.filter(({ isSilent }) => !isSilent).length) : "each alone");
  }

  #drawBar(): HTMLElement {
    const list = h("div", { class: "tabs", role: "tablist", "aria-label": "Views" });
    for (const [view, name] of VIEWS) {
      const id = `view-${view}`;
      const tab = h("button", { type: "button", role: "tab", id: `tab-${view}`, "aria-controls": id, class: view === "calls" ? "narrow" : undefined }, name);
      tab.addEventListener("click", () => this.#choose(view));
      this.#tabs.set(view, tab);
      list.append(tab);
      setAttribute(this.#views[view], "id", id);
    }
    list.addEventListener("keydown", (event) => this.#onTabKey(event));
    return h("div", { class: "bar" }, list, this.#timeline.zoom);
  }

  #choose(view: View): void {
    this.#view = view;
    this.#timeline.zoom.hidden = view !== "timeline";
    for (const [name, tab] of this.#tabs) {
      setAttribute(tab, "aria-selected", String(name === view));
      setAttribute(tab, "tabindex", name === view ? 0 : -1);
      const isBeside = name === "calls" && this.#isDock;
      this.#views[name].hidden = name !== view && !isBeside;
      // Beside the time line it is a part of the page like any other.
      setAttribute(this.#views[name], "role", isBeside ? undefined : "tabpanel");
      setAttribute(this.#views[name], "aria-labelledby", isBeside ? undefined : `tab-${name}`);
    }
    if (this.#shown) this.show(this.#shown);
  }

  #onTabKey(event: KeyboardEvent): void {
    const views = VIEWS.map(([view]) => view).filter((view) => view !== "calls" || !this.#isDock);
    const at = views.indexOf(this.#view);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(views.at(next % views.length)!);
    this.#tabs.get(this.#view)!.focus();
  }
}

/** The whole life of the present token, in milliseconds. */
const lifeOf = ({ token }: SessionReport): number | null => (token && token.expiresAt !== null ? token.expiresAt - token.issuedAt : null);

/** What the heading has said already is not said again. */
function explained({ report, isOffline, isExpired }: Shown): string {
  if (isOffline) return "You have taken this tab offline. Its requests fail until you bring it back.";
  if (isExpired) return "You have expired the token of this tab. Its next call is refused once, refreshes, and is sent again.";
  const text = report.explanation.text.replace(/^(Signed in|Nobody is signed in|Not known yet): /, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
