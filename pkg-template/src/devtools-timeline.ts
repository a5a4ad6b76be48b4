/** The view with the chart: what it is to show, what is chosen on it, and how that is said. */
import { Chart, type Item, type Lane } from "./devtools-chart.js";
import { h, icon, s, setAttribute, setText } from "./devtools-dom.js";
import { clamp, fitting, spanMs } from "./devtools-scale.js";
import { SHAPES } from "./devtools-marks.js";
import { clock, span } from "./devtools-words.js";

const NAME = "Time line. The arrow keys go from event to event";
/** How near a pointer has to be to what it chooses, in pixels. */
const REACH = 22;

/**
 * For eyes, a chart; for a screen reader, a slider along the events, whose value is what happened. The table of events has
 * the same for both.
 */
export class Timeline {
  readonly zoom = h("div", { class: "zoom", role: "group", "aria-label": "Time shown" });
  readonly root: HTMLElement;
  readonly #chart = new Chart();
  readonly #stage = h("div", { class: "stage", tabindex: 0, role: "slider", "aria-label": NAME }, this.#chart.root);
  readonly #under = h("div", { class: "under" }, ...legend());
  readonly #spanShown = h("output", { "aria-live": "off" });
  /** The span that was asked for; until then one in which the life of the newest token fits. */
  #span: number | undefined;
  #chosen: Pick<Item, "at" | "text" | "tab"> | undefined;
  #lanes: readonly Lane[] = [];
  #now = 0;
  #lifeMs: number | null = null;

  constructor() {
    this.root = h("div", { class: "view timeline" }, this.#stage, this.#under);
    this.zoom.append(this.#zoomButton("minus", "Show more time", 1), this.#spanShown, this.#zoomButton("plus", "Show less time", -1));
    this.#stage.addEventListener("keydown", (event) => this.#onKey(event));
    this.#stage.addEventListener("pointermove", (event) => this.#onPointer(event));
    this.#stage.addEventListener("pointerdown", (event) => this.#onPointer(event));
    this.#stage.addEventListener("blur", () => this.#pick(undefined));
    this.#stage.addEventListener("pointerleave", () => !this.#stage.matches(":focus") && this.#pick(undefined));
  }

  /** Draws the lanes. `lifeMs` is the whole life of this tab's token. */
  show(lanes: readonly Lane[], now: number, lifeMs: number | null): void {
    [this.#lanes, this.#now, this.#lifeMs] = [lanes, now, lifeMs ?? this.#lifeMs];
    const width = this.#stage.clientWidth;
    // Not laid out yet.
    if (width === 0) return;
    const index = this.#index;
    setText(this.#spanShown, span(spanMs(index)));
    this.#chart.draw(lanes, now, index, width, this.#stage.clientHeight);
    const at = this.#chosenAt();
    this.#chart.choose(at);
    this.#tell(at);
  }

  get #index(): number {
    return this.#span ?? fitting(this.#lifeMs);
  }

  #zoomButton(drawing: "minus" | "plus", name: string, step: number): HTMLButtonElement {
    const button = h("button", { type: "button", class: "action bare", "aria-label": name }, icon(drawing));
    button.addEventListener("click", () => this.#zoomBy(step));
    return button;
  }

  #zoomBy(step: number): void {
    this.#span = clamp(this.#index + step);
    this.#redraw();
  }

  #redraw(): void {
    this.show(this.#lanes, this.#now, this.#lifeMs);
  }

  /** Items are made anew with each drawing: the chosen one is found again by what it is. */
  #chosenAt(): number {
    const chosen = this.#chosen;
    return chosen ? this.#chart.items.findIndex(({ at, text, tab }) => at === chosen.at && tab === chosen.tab && text === chosen.text) : -1;
  }

  #pick(item: Item | undefined): void {
    if (item === this.#chosen) return;
    this.#chosen = item;
    this.#redraw();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "+" || event.key === "-") return this.#zoomBy(event.key === "+" ? -1 : 1);
    const last = this.#chart.items.length - 1;
    const at = this.#chosenAt();
    const [earlier, later] = at < 0 ? [last, last] : [at - 1, at + 1];
    const next = { ArrowLeft: earlier, ArrowDown: earlier, ArrowRight: later, ArrowUp: later, Home: 0, End: last }[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    this.#pick(this.#chart.items[Math.min(Math.max(next, 0), last)]);
  }

  #onPointer(event: PointerEvent): void {
    const box = this.#chart.root.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const distance = (item: Item): number => Math.hypot(item.x - x, item.y - y);
    const nearest = this.#chart.items.reduce<Item | undefined>((best, item) => (!best || distance(item) <= distance(best) ? item : best), undefined);
    this.#pick(nearest && distance(nearest) < REACH ? nearest : undefined);
  }

  /** Says below the chart, and to a screen reader, what is chosen. */
  #tell(at: number): void {
    const { items } = this.#chart;
    const item = items[at];
    const count = `${items.length} event${items.length === 1 ? "" : "s"} in view`;
    setAttribute(this.#stage, "aria-valuemin", 0);
    setAttribute(this.#stage, "aria-valuemax", items.length);
    setAttribute(this.#stage, "aria-valuenow", item ? at + 1 : items.length);
    setAttribute(this.#stage, "aria-valuetext", item ? `${clock(item.at)}, ${item.tab}: ${item.text}` : count);
    if (item) this.#under.replaceChildren(h("span", {}, clock(item.at)), h("b", {}, item.tab), h("span", {}, item.text));
    else if (this.#under.classList.contains("told")) this.#under.replaceChildren(...legend());
    this.#under.classList.toggle("told", item !== undefined);
  }
}

/** What the forms on the chart stand for. */
function legend(): HTMLElement[] {
  const key = (text: string, ...drawn: SVGElement[]): HTMLElement =>
    h("span", { class: "key" }, s("svg", { width: 16, height: 12, viewBox: "0 0 16 12", "aria-hidden": "true" }, ...drawn), text);
  const bar = (name: string, fill?: string): SVGElement => s("rect", { class: name, x: 0.5, y: 1.5, width: 15, height: 9, rx: 3, fill });
  const mark = (kind: keyof typeof SHAPES): SVGElement => s("path", { class: `mark ${kind}`, d: SHAPES[kind], transform: "translate(8 6)" });
  return [
    key("token", bar("lived own")),
    key("from another tab", bar("lived adopted"), bar("weave", "url(#hatch)")),
    key("left to live", bar("left")),
    key("request", s("rect", { class: "request good", x: 2, y: 2.5, width: 12, height: 7, rx: 3.5 })),
    key("refused", mark("refused")),
    key("sent again", mark("retried")),
    key("failed", mark("failed")),
  ];
}
