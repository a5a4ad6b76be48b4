/** What is left of a token's life, as a ring. */
import { s, setAttribute } from "./devtools-dom.js";

/** A ring that runs out, with a mark at the moment of the next refresh. */
export class Gauge {
  readonly root: SVGSVGElement;
  readonly #life = s("circle", { class: "life", cx: 30, cy: 30, r: 26, pathLength: 100 });
  readonly #due = s("line", { class: "due", x1: 51, x2: 60, y1: 30, y2: 30 });

  constructor(size: number, hasCore: boolean) {
    const track = s("circle", { cx: 30, cy: 30, r: 26 });
    const more = hasCore ? s("circle", { class: "core", cx: 30, cy: 30, r: 11 }) : this.#due;
    this.root = s("svg", { class: "ring", viewBox: "0 0 60 60", width: size, height: size, "aria-hidden": "true" }, track, this.#life, more);
  }

  /** `left` and `due` are parts of the whole life, from 0 to 1; `due` counts from its end. */
  show(left: number | null, due: number | null): void {
    setAttribute(this.#life, "visibility", left ? "visible" : "hidden");
    // Through the object model: an attribute would be an inline style to the policy.
    this.#life.style.strokeDashoffset = String(100 - 100 * (left ?? 0));
    setAttribute(this.#due, "visibility", due === null ? "hidden" : "visible");
    setAttribute(this.#due, "transform", `rotate(${Math.round(360 * (due ?? 0))} 30 30)`);
  }
}
