/** The calls of the page, and all that was recorded: as tables. */
import type { CallRow } from "./devtools-network.js";
import { h, setText, type Child } from "./devtools-dom.js";
import type { Tab } from "./devtools-tabs.js";
import { clock, describe, duration, type Tone } from "./devtools-words.js";

/** How many rows are shown. */
const MOST_ROWS = 200;

/** A table whose newest row is the first, and whose rows stay the same elements. */
class Rows {
  readonly root: HTMLElement;
  readonly #body = h("tbody");
  readonly #empty: HTMLElement;
  readonly #table: HTMLElement;
  #keys: string[] = [];

  constructor(name: string, columns: readonly (readonly [text: string, className: string])[], empty: string) {
    const heads = columns.map(([text, className]) => h("th", { scope: "col", class: className }, text));
    this.#table = h("table", {}, h("caption", { class: "unseen" }, name), h("thead", {}, h("tr", {}, ...heads)), this.#body);
    this.#empty = h("p", { class: "empty" }, empty);
    this.root = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, this.#table, this.#empty);
  }

  /** Shows rows by their keys, newest first; a row is made anew when its key is a new one. */
  show<Row>(rows: readonly Row[], keyOf: (row: Row) => string, make: (row: Row) => Child[]): void {
    const keys = rows.map(keyOf);
    if (keys.join() !== this.#keys.join()) {
      const old = new Map(this.#keys.map((key, at) => [key, this.#body.children[at]!]));
      this.#body.replaceChildren(...rows.map((row, at) => old.get(keys[at]!) ?? h("tr", {}, ...make(row))));
      this.#keys = keys;
    }
    this.#empty.hidden = rows.length > 0;
    this.#table.hidden = rows.length === 0;
  }
}

/** What the page has sent. */
export class CallsTable {
  readonly #rows = new Rows(
    "Calls of this tab, newest first",
    [["Answer", "fit"], ["Call", ""], ["Took", "fit number"]],
    "None yet. Calls appear as the page makes them: their paths without a query, and nothing of headers or bodies.",
  );
  readonly root = this.#rows.root;

  show(calls: readonly CallRow[], isOwn: (path: string) => boolean): void {
    this.#rows.show(
      calls.slice(-MOST_ROWS).reverse(),
      (call) => [call.id, call.statuses.length, call.durationMs === null].join("."),
      (call) => {
        const codes = h("span", { class: "codes" });
        call.statuses.forEach((status, at) => {
          if (at > 0) codes.append(h("span", { "aria-hidden": "true" }, "→"), h("span", { class: "unseen" }, " then "));
          codes.append(h("span", { class: `code ${toneOf(status)}` }, status === 0 ? "failed" : String(status)));
        });
        if (call.durationMs === null) codes.append(h("span", { class: "code" }, "…"), h("span", { class: "unseen" }, "on its way"));
        const note = isOwn(call.path) ? " by relatch" : call.hasToken ? "" : " no token";
        const took = call.durationMs === null ? "" : duration(call.durationMs);
        return [
          h("td", { class: "fit" }, codes),
          h("td", { class: "path" }, h("b", {}, call.method), " ", ...breakable(call.path), h("span", {}, note)),
          h("td", { class: "fit number" }, took),
        ];
      },
    );
  }
}

/** What all tabs have recorded: the time line for those who do not see it, and for those who look closely. */
export class EventsTable {
  readonly #rows = new Rows(
    "Events of all tabs, newest first",
    [["Time", "fit"], ["Tab", "fit"], ["What happened", ""]],
    "Nothing has happened yet.",
  );
  readonly root = this.#rows.root;

  show(tabs: readonly Tab[]): void {
    const all = tabs.flatMap((tab) => tab.records.slice(-MOST_ROWS).map((record) => ({ tab, record })));
    all.sort((a, b) => b.record.at - a.record.at || b.record.seq - a.record.seq);
    this.#rows.show(
      all.slice(0, MOST_ROWS),
      ({ tab, record }) => `${tab.id}.${record.seq}`,
      ({ tab, record }) => {
        const [text, tone] = describe(record);
        return [h("td", { class: "fit" }, clock(record.at)), h("td", { class: "fit" }, tab.name), h("td", { class: tone }, text)];
      },
    );
  }
}

/** A path that is broken at its slashes, where it has to be. */
const breakable = (path: string): Child[] => path.split(/(?<=[^/:]\/)/).flatMap((part) => [part, h("wbr")]);

const toneOf = (status: number): Tone => {
  if (status === 0 || status >= 500) return "bad";
  if (status >= 400) return "warn";
  return "good";
};

/** A list of facts, each with its name. */
export class Facts {
  readonly root = h("dl");
  readonly #values = new Map<string, HTMLElement>();

  set(name: string, value: string): void {
    let shown = this.#values.get(name);
    if (!shown) {
      this.#values.set(name, (shown = h("dd")));
      this.root.append(h("div", {}, h("dt", {}, name), shown));
    }
    setText(shown, value);
  }
}
