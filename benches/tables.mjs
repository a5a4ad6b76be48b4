// The results as tables of Markdown: a median, and behind it the quartiles.
import { FORMS } from "./parts/call.mjs";

const FORM_TITLES = {
  object: "GET, object",
  array: "GET, array",
  headers: "GET, `Headers`",
  request: "GET, `Request`",
  post: "POST, 100 kB",
};

/** Every table of what was measured. */
export function tables(results) {
  const parts = { size, call, storm, tabs, start, memory };
  return Object.entries(parts)
    .filter(([part]) => results[part])
    .map(([part, write]) => write(results))
    .join("\n");
}

/** How each peer is set up, and what it lacks. */
export function peersTable(results) {
  const rows = Object.values(results.peers).map(({ title, versions, setUp, lacks }) => [title, versions.join(", ") || "–", setUp, lacks || "–"]);
  return table(["peer", "versions", "set up with", "lacks"], rows);
}

function size({ peers, size }) {
  const rows = entries(peers, size).map(([title, row]) => [title, bytes(row.total), bytes(row.javascript), bytes(row.module), bytes(row.react)]);
  return titled("Size", "Bytes of brotli 11: sign-in, session and calls, bundled by esbuild, React left out.", ["", "total", "its JS", "its module", "React adds"], rows);
}

function call({ peers, call }) {
  const rows = entries(peers, call).map(([title, row]) => [title, ...FORMS.map((form) => spread(row[form], 1))]);
  return titled("A call", "Microseconds per call with a good token and a `fetch` that answers at once; headers given as …", ["", ...FORMS.map((form) => FORM_TITLES[form])], rows);
}

function storm({ peers, storm }) {
  const header = ["", "clock: ms", "refreshes", "failed", "401: ms", "refreshes", "failed"];
  const rows = entries(peers, storm.peers).map(([title, row]) => [
    title,
    ...["clock", "refused"].flatMap((kind) => [spread(row[`${kind}Ms`], 0), spread(row[`${kind}Refreshes`], 0), spread(row[`${kind}Failed`], 0)]),
  ]);
  return titled("A storm", `${count(storm.calls)} calls at once in one tab with a dead token: the clock tells, or only the 401 does.`, header, rows);
}

function tabs({ peers, tabs }) {
  const header = ["", "ms", "refreshes", "reuses", "failed", "tabs signed out"];
  const of = (kind) =>
    entries(peers, tabs.peers).map(([title, row]) => [
      title,
      ...["Ms", "Refreshes", "Reuses", "Failed", "SignedOut"].map((name) => spread(row[kind + name], 0)),
    ]);
  return [
    titled(`${tabs.tabs} tabs at expiry`, `${tabs.tabs} tabs of one profile, ${tabs.calls} calls in each, when the token ends.`, header, of("expiry")),
    titled(`${tabs.tabs} tabs restored`, `${tabs.tabs} tabs opened anew together with an ended token, one call in each.`, header, of("restored")),
  ].join("\n");
}

function start({ peers, start }) {
  const header = ["", "ms", "ms at 50 ms latency", "main thread, ms"];
  const rows = entries(peers, start).map(([title, row]) => [title, spread(row.at0Ms, 0), spread(row.at50Ms, 0), spread(row.busyMs, 1)]);
  return titled("Cold start", "From the reload of a page to the first answer of the API, signed in, scripts in the browser's cache; and the time that the main thread has worked until then, the page itself included.", header, rows);
}

function memory({ peers, memory }) {
  const rows = entries(peers, memory.peers).map(([title, row]) => [title, count(row.heapGrowth), row.module ? count(row.moduleGrowth) : "–", row.module ? count(row.module) : "–"]);
  return titled("Memory", `Bytes after ${count(memory.calls)} calls with a stubbed \`fetch\`, a warm-up before them not counted.`, ["", "JS heap growth", "module's growth", "module's memory"], rows);
}

const entries = (peers, rows) => Object.entries(rows).map(([name, row]) => [peers[name].isOurs ? `**${peers[name].title}**` : peers[name].title, row]);

const count = (number) => Math.round(number).toLocaleString("en");
const bytes = (number) => (number === undefined ? "–" : count(number));

/** A median, and its quartiles where they differ from it. */
function spread(summary, digits) {
  if (!summary) return "–";
  const show = (number) => number.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const [median, low, high] = [summary.median, summary.low, summary.high].map(show);
  return low === median && high === median ? median : `${median} (${low}–${high})`;
}

const titled = (title, text, header, rows) => `### ${title}\n\n${text}\n\n${table(header, rows)}`;

export function table(header, rows) {
  const lines = [header, header.map((_, column) => (column && rows[0]?.[column]?.match(/^[\d–-]/) ? "--:" : "---")), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
