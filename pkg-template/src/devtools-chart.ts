/** Draws the time line: a lane for each tab, its tokens as bars, and what happened as marks. */
import { h, Layer, s, setAttribute } from "./devtools-dom.js";
import { scaleOf, tickName, ticks, type Scale } from "./devtools-scale.js";
import type { Tab } from "./devtools-tabs.js";
import { cluster, countOf, forms, SHAPES, STEP, textOf, toneOf, type Cluster } from "./devtools-marks.js";
import type { Mark, Token, Trace } from "./devtools-trace.js";
import type { Tone } from "./devtools-words.js";

/** One lane as it is to be drawn. */
export interface Lane {
  readonly tab: Tab;
  readonly trace: Trace;
  /** Two or three words about its state. */
  readonly state: string;
  readonly tone: Tone;
  readonly isSilent: boolean;
}

/** Something on the chart that can be chosen. */
export interface Item {
  readonly at: number;
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly tone: Tone;
  readonly tab: string;
}

const AXIS = 24;
const BAR = 16;
/** A lane is as tall as there is room for: taller up to this, in pixels, … */
const TALLEST = 92;
/** … and lower by at most as much. */
const TIGHTER = 6;

/** From the top of a lane, in pixels: where each thing has its place. */
interface Places {
  readonly lane: number;
  readonly left: number;
  readonly work: number;
  readonly bar: number;
  readonly marks: number;
}

const WIDE: Places = { lane: 66, left: 124, work: 14, bar: 24, marks: 52 };
const NARROW: Places = { lane: 82, left: 12, work: 32, bar: 40, marks: 68 };

/** The same places in a lane of another height. */
function roomy(places: Places, height: number): Places {
  const lane = Math.max(places.lane - TIGHTER, Math.min(Math.floor(height), TALLEST));
  const more = Math.floor((lane - places.lane) / 2);
  return { lane, left: places.left, work: places.work + more, bar: places.bar + more, marks: places.marks + more };
}

export class Chart {
  readonly root: HTMLElement;
  /** What can be chosen, by time. */
  items: Item[] = [];
  #svg = s("svg", { class: "chart", "aria-hidden": "true" });
  #layers = ["grid", "bands", "links", "bars", "marks", "fades", "labels", "present", "chosen"].map((name) => new Layer(name));

  constructor() {
    const hatch = s("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    hatch.append(s("rect", { class: "hatch", width: 2.5, height: 6 }));
    const doubt = s("pattern", { id: "doubt", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    doubt.append(s("rect", { class: "doubt", width: 2, height: 8 }));
    const gradient = s("linearGradient", { id: "fade" }, s("stop", { class: "solid", offset: 0 }), s("stop", { class: "clear", offset: 1 }));
    this.#svg.append(s("defs", {}, hatch, doubt, gradient), ...this.#layers.map((layer) => layer.group));
    this.root = h("div", { class: "plot" }, this.#svg);
  }

  /** Draws it all anew, `width` pixels wide. `room` is its height, if it has one. */
  draw(lanes: readonly Lane[], now: number, span: number, width: number, room: number): void {
    const places = roomy(width < 560 ? NARROW : WIDE, (room - AXIS) / lanes.length);
    const height = lanes.length * places.lane + AXIS;
    setAttribute(this.#svg, "width", width);
    setAttribute(this.#svg, "height", height);
    setAttribute(this.#svg, "viewBox", `0 0 ${width} ${height}`);
    const scale = scaleOf(now, span, places.left, width - 12);
    this.items = [];
    this.#drawGrid(lanes, scale, places, width, height);
    lanes.forEach((lane, at) => this.#drawLane(lane, at * places.lane, scale, places, width));
    this.#drawLinks(lanes, scale, places);
    this.#drawPresent(scale, height);
    this.items.sort((a, b) => a.at - b.at);
    for (const layer of this.#layers) layer.end();
  }

  /** Marks an item by its place in {@link items}; -1 for none. */
  choose(at: number): void {
    const item = this.items[at];
    const layer = this.#layer("chosen");
    if (item) layer.draw("circle", { cx: item.x, cy: item.y, r: 11 });
    layer.end();
  }

  #layer(name: string): Layer {
    return this.#layers.find(({ group }) => group.getAttribute("class") === name)!;
  }

  #drawGrid(lanes: readonly Lane[], scale: Scale, places: Places, width: number, height: number): void {
    const [grid, labels, fades] = [this.#layer("grid"), this.#layer("labels"), this.#layer("fades")];
    for (const ms of ticks(scale, width - places.left)) {
      const x = scale.x(scale.now + ms);
      if (ms !== 0) grid.draw("line", { x1: x, x2: x, y1: 0, y2: height - AXIS });
      const anchor = x > width - 40 ? "end" : x < places.left + 24 ? "start" : "middle";
      labels.draw("text", { class: ms === 0 ? "now" : "tick", x: anchor === "end" ? width - 8 : x, y: height - 7, "text-anchor": anchor }, tickName(ms));
    }
    lanes.forEach((_, at) => grid.draw("line", { class: "floor", x1: 0, x2: width, y1: (at + 1) * places.lane, y2: (at + 1) * places.lane }));
    // What runs out at the left runs out under the names.
    fades.draw("rect", { x: 0, y: 0, width: Math.max(places.left - 12, 0), height: height - AXIS, class: "cover" });
    fades.draw("rect", { x: Math.max(places.left - 12, 0), y: 0, width: 24, height: height - AXIS, fill: "url(#fade)" });
  }

  #drawLane(lane: Lane, top: number, scale: Scale, places: Places, width: number): void {
    const { trace, tab, isSilent } = lane;
    const quiet = isSilent ? " silent" : "";
    const labels = this.#layer("labels");
    const isNarrow = places.left === NARROW.left;
    const y = isNarrow ? top + places.work - 13 : top + places.bar + 6;
    labels.draw("circle", { class: `dot ${lane.tone}${quiet}`, cx: 14, cy: y - 4, r: 4 });
    labels.draw("text", { class: `name${quiet}`, x: 25, y }, tab.name);
    const place = isNarrow ? { x: width - 12, y, "text-anchor": "end" } : { x: 25, y: y + 15 };
    labels.draw("text", { class: `state${quiet}`, ...place }, lane.state);
    this.#drawTroubles(trace, top, scale, places);
    const middle = top + places.bar + BAR / 2;
    const seenTo = Math.min(scale.now, scale.to);
    this.#layer("bars").draw("line", { class: "base", x1: places.left, x2: scale.x(seenTo), y1: middle, y2: middle });
    for (const token of trace.tokens) this.#drawToken(token, top + places.bar, scale, isSilent);
    this.#drawWork(trace, top + places.work, scale);
    for (const mark of trace.marks) this.#drawMoment(mark, tab.name, top, scale, places);
    for (const made of cluster(trace.marks, scale)) this.#drawCluster(made, tab.name, top + places.marks);
  }

  #drawTroubles({ troubles }: Trace, top: number, scale: Scale, places: Places): void {
    for (const { from, to } of troubles) {
      const [x1, x2] = [Math.max(scale.x(from), places.left), scale.x(to ?? scale.now)];
      if (x2 > x1) this.#layer("bands").draw("rect", { x: x1, y: top + 4, width: Math.max(x2 - x1, 2), height: places.lane - 8, rx: 4, fill: "url(#doubt)" });
    }
  }

  #drawToken(token: Token, y: number, scale: Scale, isSilent: boolean): void {
    const bars = this.#layer("bars");
    const end = token.until ?? token.expires ?? scale.now;
    if (end < scale.from || token.from > scale.to) return;
    // A pixel on either side, so that one token does not run into the next.
    const x1 = Math.max(scale.x(Math.max(token.from, scale.from - 60_000)) + 1, -20);
    const x2 = Math.max(scale.x(Math.min(end, scale.to + 0.05 * scale.pastMs)) - 1, x1 + 3);
    const present = Math.min(Math.max(scale.x(Math.min(scale.now, end)) - (end <= scale.now ? 1 : 0), x1 + 3), x2);
    const kind = `${token.isAdopted ? "adopted" : "own"}${isSilent ? " silent" : ""}`;
    if (x2 > present) bars.draw("rect", { class: `left ${kind}`, x: x1, y, width: x2 - x1, height: BAR, rx: 4 });
    bars.draw("rect", { class: `lived ${kind}`, x: x1, y, width: present - x1, height: BAR, rx: 4 });
    if (token.isAdopted) bars.draw("rect", { class: "weave", x: x1, y, width: present - x1, height: BAR, rx: 4, fill: "url(#hatch)" });
    const labelAt = Math.max(x1 + 6, scale.x(scale.from) + 24);
    const name = String(token.generation);
    if (present - labelAt > name.length * 7) bars.draw("text", { class: `generation ${kind}`, x: labelAt, y: y + BAR - 4 }, name);
    const due = token.until === null && token.due !== null && token.due > scale.now && token.due < scale.to ? scale.x(token.due) : null;
    if (due === null) return;
    bars.draw("line", { class: "due", x1: due, x2: due, y1: y - 5, y2: y + BAR + 5 });
    bars.draw("circle", { class: "due", cx: due, cy: y - 7, r: 2.5 });
  }

  /** Requests as short lines over the bars, waits for the lock as thin ones. */
  #drawWork({ requests, waits }: Trace, y: number, scale: Scale): void {
    const marks = this.#layer("marks");
    for (const { from, to } of waits) {
      const [x1, x2] = [scale.x(from), scale.x(to ?? scale.now)];
      if (x2 >= scale.x(scale.from) && x2 - x1 > 1) marks.draw("line", { class: "wait", x1, x2, y1: y, y2: y });
    }
    for (const { from, to, tone } of requests) {
      const [x1, x2] = [scale.x(from), scale.x(to ?? scale.now)];
      if (x2 < scale.x(scale.from)) continue;
      const width = Math.max(x2 - x1, 7);
      marks.draw("rect", { class: `request ${to === null ? "pending" : tone}`, x: (x1 + x2 - width) / 2, y: y - 3.5, width, height: 7, rx: 3.5 });
    }
  }

  /** What happened on a bar or above it. */
  #drawMoment(mark: Mark, tab: string, top: number, scale: Scale, places: Places): void {
    const isAbove = mark.kind === "refresh";
    if ((!isAbove && mark.kind !== "adopted" && mark.kind !== "ended") || mark.at < scale.from) return;
    const [x, y] = [scale.x(mark.at), top + (isAbove ? places.work : places.bar + BAR / 2)];
    this.items.push({ at: mark.at, x, y, text: mark.text, tone: mark.tone, tab });
    if (mark.kind === "ended") this.#drawForm("ended", mark.tone, x, y);
  }

  /** What happened to calls, below it. */
  #drawCluster(made: Cluster, tab: string, y: number): void {
    const { at, x } = made;
    this.items.push({ at, x, y, text: textOf(made), tone: toneOf(made), tab });
    const kinds = forms(made);
    kinds.forEach((kind, place) => this.#drawForm(kind, "plain", x + place * STEP, y));
    const count = countOf(made);
    if (count > 1) this.#layer("marks").draw("text", { class: "count", x: x + kinds.length * STEP - 4, y: y + 4 }, String(count));
  }

  #drawForm(kind: keyof typeof SHAPES, tone: Tone, x: number, y: number): void {
    this.#layer("marks").draw("path", { class: `mark ${kind} ${tone}`, d: SHAPES[kind], transform: `translate(${x.toFixed(1)} ${y})` });
  }

  /** From the tab that fetched a token to the tabs that took it over. */
  #drawLinks(lanes: readonly Lane[], scale: Scale, places: Places): void {
    const links = this.#layer("links");
    const middle = (at: number): number => at * places.lane + places.bar + BAR / 2;
    lanes.forEach(({ trace }, at) => {
      for (const token of trace.tokens) {
        if (!token.isAdopted || token.from < scale.from) continue;
        const giver = lanes.findIndex((lane) => lane.trace.tokens.some((own) => !own.isAdopted && own.generation === token.generation));
        if (giver < 0) continue;
        const x = scale.x(token.from) + 1;
        const [y1, y2] = [middle(giver), middle(at)];
        const sign = Math.sign(y2 - y1);
        const [start, end] = [y1 + sign * (BAR / 2), y2 - sign * (BAR / 2)];
        links.draw("line", { class: "link", x1: x, x2: x, y1: start, y2: end });
        links.draw("circle", { class: "link", cx: x, cy: start, r: 3 });
        links.draw("path", { class: "link", d: `M-4 ${-5 * sign}L0 0L4 ${-5 * sign}Z`, transform: `translate(${x.toFixed(1)} ${end})` });
      }
    });
  }

  #drawPresent(scale: Scale, height: number): void {
    const x = scale.x(scale.now);
    this.#layer("present").draw("line", { x1: x, x2: x, y1: 0, y2: height - AXIS + 2 });
  }
}
