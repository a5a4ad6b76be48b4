// The charts, as SVG that follows the reader's colour scheme: one row a peer, ours in colour.
import * as Plot from "@observablehq/plot";

const STYLE = `
svg { color: #1f2328; background: none; font: 12px system-ui, sans-serif; }
.ours { fill: #0969da; } .peer { fill: #8c959f; } .failed { fill: #cf222e; }
@media (prefers-color-scheme: dark) {
  svg { color: #e6edf3; }
  .ours { fill: #4493f8; } .peer { fill: #6e7681; } .failed { fill: #f85149; }
}`;

/** `{ name: svg }` of the parts that were measured. */
export function draw(results) {
  const { peers } = results;
  const rows = (of, value, note = () => "") =>
    Object.entries(of)
      .filter(([name, row]) => !peers[name].isFloor && value(row) !== undefined && value(row) !== null)
      .map(([name, row]) => ({ title: peers[name].title, isOurs: Boolean(peers[name].isOurs), ...spread(value(row)), note: note(row) }));
  const charts = {};
  if (results.size) charts.size = bars("Size in kB of brotli: sign-in, session and calls", rows(results.size, (row) => row.total / 1000), { digits: 1 });
  if (results.call) {
    charts.call = bars("Time per call in µs, GET with headers as an object, fetch stubbed (logarithmic)", rows(results.call, (row) => row.object), {
      digits: 1,
      type: "log",
    });
  }
  if (results.storm) {
    const { calls, peers: of } = results.storm;
    const failures = (row) => failed(row.refusedFailed.median);
    charts.storm = bars(`Time in ms for ${calls} calls whose token the server refuses`, rows(of, (row) => row.refusedMs, failures), { digits: 0 });
  }
  if (results.tabs) {
    const { tabs, calls, peers: of } = results.tabs;
    const outcome = (row) => `${failed(row.expiryFailed.median)}${row.expirySignedOut.median ? `, ${row.expirySignedOut.median} tabs signed out` : ""}`;
    const title = `Refreshes when the token ends in ${tabs} tabs with ${calls} calls each (logarithmic)`;
    charts.tabs = bars(title, rows(of, (row) => row.expiryRefreshes, outcome), { digits: 0, type: "log" });
  }
  if (results.start) {
    charts.start = bars("Time in ms from a reload to the first answer of the API, at 50 ms latency", rows(results.start, (row) => row.at50Ms), { digits: 0 });
  }
  return charts;
}

const spread = (value) => (typeof value === "number" ? { value } : { value: value.median, low: value.low, high: value.high });

const failed = (count) => (count ? `${count} failed` : "");

/** Bars with whiskers from quartile to quartile, shortest first. */
function bars(title, rows, { digits, type = "linear" }) {
  const sorted = rows.filter((row) => type !== "log" || row.value > 0).concat(rows.filter((row) => type === "log" && row.value <= 0));
  sorted.sort((one, other) => one.value - other.value);
  const least = type === "log" ? Math.min(1, ...sorted.filter((row) => row.value > 0).map((row) => row.value)) / 2 : 0;
  const text = (row) => [row.value.toFixed(digits), row.note].filter(Boolean).join(" · ");
  const reach = Math.max(...sorted.map((row) => row.high ?? row.value));
  // Room for the text behind the longest bar.
  const end = type === "log" ? reach * (reach / least) ** 0.45 : reach * 1.45;
  const mark = (className, of) =>
    Plot.barX(of, { x1: least, x2: (row) => Math.max(row.value, least), y: "title", className, fill: null });
  const svg = Plot.plot({
    width: 760,
    height: 60 + sorted.length * 24,
    marginLeft: 190,
    marginTop: 40,
    x: { type, domain: [least, end], label: null, axis: null },
    y: { domain: sorted.map((row) => row.title), label: null, tickSize: 0 },
    marks: [
      mark("peer", sorted.filter((row) => !row.isOurs)),
      mark("ours", sorted.filter((row) => row.isOurs)),
      Plot.ruleY(sorted.filter((row) => row.low < row.high), { x1: (row) => Math.max(row.low, least), x2: "high", y: "title", stroke: "currentColor", strokeOpacity: 0.7 }),
      Plot.text(sorted, { x: (row) => Math.max(row.high ?? row.value, least), y: "title", text, textAnchor: "start", dx: 6 }),
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
  svg.prepend(make("title", title), make("style", STYLE), make("text", title, { x: 8, y: 20, "font-size": 14, "font-weight": 600, fill: "currentColor" }));
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  return new XMLSerializer().serializeToString(svg);
}
