// The charts, as SVG that follows the reader's colour scheme: one row a peer, ours in blue, and in red who failed calls.
import * as Plot from "@observablehq/plot";

const STYLE = `
svg { color: #1f2328; background: none; font: 12px system-ui, sans-serif; }
.ours { fill: #0969da; } .peer { fill: #8c959f; } .failing { fill: #cf222e; fill-opacity: 0.45; }
@media (prefers-color-scheme: dark) {
  svg { color: #e6edf3; }
  .ours { fill: #4493f8; } .peer { fill: #6e7681; } .failing { fill: #f85149; }
}`;

/** `{ name: svg }` of the parts that were measured. */
export function draw(results) {
  const { peers } = results;
  const rows = (of, value, failures = () => []) =>
    Object.entries(of)
      .filter(([name, row]) => !peers[name].isFloor && (value(row) ?? undefined) !== undefined)
      .map(([name, row]) => ({
        title: peers[name].title,
        isOurs: Boolean(peers[name].isOurs),
        ...spread(value(row)),
        failures: failures(row).filter(Boolean).join(", "),
      }));
  const charts = {};
  if (results.size) {
    charts.size = bars({ title: "Size of sign-in, session and calls", unit: "kB of brotli", rows: rows(results.size, (row) => row.total / 1000), digits: 1 });
  }
  if (results.call) {
    charts.call = bars({
      title: "A call with a good token, fetch stubbed",
      unit: "µs per call, logarithmic",
      rows: rows(results.call, (row) => row.object),
      digits: 1,
      type: "log",
    });
  }
  if (results.storm) {
    const { calls, peers: of } = results.storm;
    charts.storm = bars({
      title: `${calls.toLocaleString("en")} calls at once whose token the server refuses`,
      unit: "ms until all have ended",
      rows: rows(of, (row) => row.refusedMs, (row) => [some(row.refusedFailed, "failed")]),
      digits: 0,
    });
  }
  if (results.tabs) {
    const { tabs, calls, peers: of } = results.tabs;
    charts.tabs = bars({
      title: `The token ends in ${tabs} tabs that make ${calls} calls each`,
      unit: "refreshes, logarithmic",
      rows: rows(of, (row) => row.expiryRefreshes, (row) => [some(row.expiryFailed, "calls failed"), some(row.expirySignedOut, "tabs signed out")]),
      digits: 0,
      type: "log",
    });
  }
  if (results.start) {
    charts.start = bars({
      title: "From a reload to the first answer of the API, at 50 ms latency",
      unit: "ms",
      rows: rows(results.start, (row) => row.at50Ms),
      digits: 0,
    });
  }
  return charts;
}

const spread = (value) => (typeof value === "number" ? { value } : { value: value.median, low: value.low, high: value.high });

const some = ({ median }, what) => (median ? `${median.toLocaleString("en")} ${what}` : "");

/** Bars with whiskers from quartile to quartile: shortest first, and last those with failures, however short. */
function bars({ title, unit, rows, digits, type = "linear" }) {
  const sorted = rows.toSorted((one, other) => Boolean(one.failures) - Boolean(other.failures) || one.value - other.value);
  const least = type === "log" ? Math.min(1, ...sorted.filter((row) => row.value > 0).map((row) => row.value)) / 2 : 0;
  const at = (value) => Math.max(value, least);
  const reach = Math.max(...sorted.map((row) => row.high ?? row.value));
  // Room for what stands behind the longest bar.
  const room = sorted.some((row) => row.failures) ? 0.8 : 0.15;
  const end = type === "log" ? reach * (reach / least) ** room : reach * (1 + room);
  const bar = (className, of) => Plot.barX(of, { x1: least, x2: (row) => at(row.value), y: "title", className });
  const behind = (row) => at(row.high ?? row.value);
  const number = (row) => row.value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const svg = Plot.plot({
    width: 800,
    height: 96 + sorted.length * 22,
    marginLeft: 220,
    marginRight: 16,
    marginTop: 40,
    marginBottom: 48,
    x: { type, domain: [least, end], ticks: 6, tickFormat: (value) => value.toLocaleString("en"), label: unit, labelArrow: "none", labelAnchor: "center", labelOffset: 40 },
    y: { domain: sorted.map((row) => row.title), label: null, tickSize: 0 },
    marks: [
      bar("peer", sorted.filter((row) => !row.isOurs && !row.failures)),
      bar("failing", sorted.filter((row) => !row.isOurs && row.failures)),
      bar("ours", sorted.filter((row) => row.isOurs)),
      Plot.ruleY(sorted.filter((row) => row.low < row.high), { x1: (row) => at(row.low), x2: "high", y: "title", strokeOpacity: 0.7 }),
      Plot.text(sorted, {
        x: behind,
        y: "title",
        text: (row) => (row.failures ? `${number(row)}  (${row.failures})` : number(row)),
        textAnchor: "start",
        dx: 6,
      }),
    ],
  });
  return finish(svg, title);
}

/** Adds the title, for eyes and for screen readers, and the colours of both schemes. */
function finish(svg, title) {
  const make = (name, content, attributes = {}) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    element.textContent = content;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  for (const style of svg.querySelectorAll("style")) style.remove();
  const heading = make("text", title, { x: 8, y: 20, "text-anchor": "start", "font-size": 15, "font-weight": 600 });
  svg.prepend(make("title", title), make("style", STYLE), heading);
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  return new XMLSerializer().serializeToString(svg);
}
