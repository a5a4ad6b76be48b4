// The figures that the project holds itself to, each with its bound. One that is not met is said to be so.
import { FORMS } from "./parts/call.mjs";
import { table } from "./tables.mjs";

const OURS = "relatch";
const LOCKS = "hand-written-locks";

/** `[{ what, value, bound, unit, isMet, note }]` of the parts that were measured. */
export function ratios(results) {
  const parts = { size, call, storm, tabs, start, memory };
  return Object.entries(parts)
    .filter(([part]) => results[part])
    .flatMap(([part, figures]) => figures(results[part], results.peers));
}

export function ratiosTable(figures) {
  const show = (number) => (Number.isInteger(number) ? number.toLocaleString("en") : number.toFixed(2));
  const rows = figures.map(({ what, value, bound, sign = "≤", isMet, note }) => [what, show(value), `${sign} ${show(bound)}`, isMet ? "ok" : "NOT met", note ?? ""]);
  return table(["figure", "measured", "bound", "", "against"], rows);
}

const atMost = (what, value, bound, note) => ({ what, value, bound, note, isMet: value <= bound });
const exactly = (what, value, bound) => ({ what, value, bound, sign: "=", isMet: value === bound });

function size(rows) {
  const ours = rows[OURS];
  return [
    atMost("size in all, bytes", ours.total, 28_000),
    atMost("size of its JS, bytes", ours.javascript, 5_000),
    atMost("size that React adds, bytes", ours.react, 1_500),
  ];
}

function call(rows, peers) {
  return FORMS.flatMap((form) => {
    const own = rows[OURS][form].median;
    const others = Object.entries(rows).filter(([name, row]) => peers[name].versions.length && peers[name].retries && row[form]);
    const [best, row] = others.toSorted(([, one], [, other]) => one[form].median - other[form].median)[0] ?? [];
    return [
      atMost(`call, ${form}, to hand-written with locks`, own / rows[LOCKS][form].median, 1.5),
      row && atMost(`call, ${form}, to the best peer that retries on 401`, own / row[form].median, 1, peers[best].title),
    ].filter(Boolean);
  });
}

function storm({ peers: rows }, peers) {
  const ours = rows[OURS];
  const floor = Object.entries(rows).find(([name]) => peers[name].isFloor)[1];
  const whole = Object.entries(rows).filter(([name, row]) => !peers[name].isFloor && !peers[name].isOurs && row.refusedFailed.high === 0);
  const [best, row] = whole.toSorted(([, one], [, other]) => one.refusedMs.median - other.refusedMs.median)[0];
  return [
    exactly("storm, clock: refreshes", ours.clockRefreshes.median, 1),
    exactly("storm, clock: failures", ours.clockFailed.median, 0),
    atMost("storm, clock: time to the floor", ours.clockMs.median / floor.clockMs.median, 1.15),
    exactly("storm, 401: refreshes", ours.refusedRefreshes.median, 1),
    exactly("storm, 401: failures", ours.refusedFailed.median, 0),
    atMost("storm, 401: time to the best peer without failures", ours.refusedMs.median / row.refusedMs.median, 1, peers[best].title),
  ];
}

function tabs({ peers: rows }) {
  return ["expiry", "restored"].flatMap((kind) => [
    exactly(`tabs, ${kind}: refreshes`, rows[OURS][`${kind}Refreshes`].median, 1),
    exactly(`tabs, ${kind}: failures`, rows[OURS][`${kind}Failed`].median, 0),
    atMost(`tabs, ${kind}: time to hand-written with locks`, rows[OURS][`${kind}Ms`].median / rows[LOCKS][`${kind}Ms`].median, 1),
  ]);
}

function start(rows) {
  const ours = rows[OURS];
  return [
    atMost("cold start at 50 ms latency, to hand-written", ours.at50Ms.median / rows["hand-written"].at50Ms.median, 1.1),
    atMost("cold start without latency, to next-auth/react", ours.at0Ms.median / rows["next-auth"].at0Ms.median, 1),
    atMost("main thread at start over the bare page's, ms", ours.busyMs.median - rows.bare.busyMs.median, 10),
  ];
}

const memory = ({ peers: rows }) => [exactly("growth of the module's memory, bytes", rows[OURS].moduleGrowth, 0)];
