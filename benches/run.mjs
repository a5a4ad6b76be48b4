// `node benches/run.mjs [--quick | --full] [--only size,call,… [--write]]`; `cargo xtask bench` builds what it needs and starts it.
//
// Prints what it does while it does it, then the tables and the ratios. A run of all parts that is not `--quick` also
// writes `results.json`, the charts in `docs/`, and the section of `benches/README.md` that holds its numbers. `--write` does
// so after a run of some parts; the numbers of the others stay.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { root } from "../tests/backend.mjs";
import { drawCharts } from "./charts.mjs";
import { fill } from "./readme.mjs";
import { ratios, ratiosTable } from "./ratios.mjs";
import { loadPeers, openStage } from "./stage.mjs";
import { peersTable, tables } from "./tables.mjs";

const PARTS = ["size", "call", "storm", "tabs", "start", "memory"];
/** Whom `--quick` measures: those that the bounds name, and the cheapest of the others. */
const QUICK = ["bare", "relatch", "hand-written", "hand-written-locks", "next-auth", "ofetch", "wretch"];
const folder = fileURLToPath(new URL(".", import.meta.url));

const { values: options } = parseArgs({
  options: { quick: { type: "boolean" }, full: { type: "boolean" }, only: { type: "string" }, write: { type: "boolean" }, charts: { type: "boolean" } },
});
const chosen = options.only?.split(",") ?? PARTS;
const unknown = chosen.filter((part) => !PARTS.includes(part));
if (unknown.length) throw new Error(`no such part: ${unknown.join(", ")}; there are ${PARTS.join(", ")}`);

async function bench() {
  const began = performance.now();
  const say = (text) => console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
  const peers = (await loadPeers()).filter(({ name }) => !options.quick || QUICK.includes(name));
  const results = { date: new Date().toISOString().slice(0, 10), machine: machine(), quick: Boolean(options.quick), dates: {}, peers: describe(peers) };
  const stage = chosen.every((part) => part === "size") ? undefined : await openStage(peers);
  if (stage) results.machine.browser = await stage.browser.version();
  try {
    for (const part of PARTS.filter((part) => chosen.includes(part))) {
      const { measure } = await import(`./parts/${part}.mjs`);
      results.dates[part] = results.date;
      results[part] = await measure({ stage, peers, quick: options.quick, full: options.full, say: (text) => say(`${part}: ${text}`) });
    }
  } finally {
    await stage?.close();
  }
  results.seconds = Math.round((performance.now() - began) / 1000);
  console.log(`\n${tables(results)}\n${ratiosTable(ratios(results))}`);
  if (options.quick || (options.only && !options.write)) return;
  const whole = options.only ? onto(last(), results) : results;
  writeFileSync(join(folder, "results.json"), `${JSON.stringify(whole, rounded, 1)}\n`);
  await drawCharts(whole, join(root, "docs"));
  fill("bench", `${head(whole)}\n\n${ratiosTable(ratios(whole))}\n${tables(whole)}`);
  fill("peers", peersTable(whole));
}

/** The results of a former run with some parts measured anew. */
function onto(former, results) {
  const { dates = Object.fromEntries(PARTS.map((part) => [part, former.date])), machine } = former;
  return { ...former, ...results, dates: { ...dates, ...results.dates }, machine: { ...machine, ...results.machine } };
}

const last = () => JSON.parse(readFileSync(join(folder, "results.json"), "utf8"));

function machine() {
  return { cores: availableParallelism(), processor: cpus()[0]?.model ?? "unknown", load: loadavg()[0], node: process.versions.node };
}

/** What the tables say of each peer, with the versions that were measured. */
function describe(peers) {
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  const version = (name) => `${name} ${lock.packages[`node_modules/${name}`].version}`;
  return Object.fromEntries(
    peers.map(({ name, title, isOurs, isFloor, packages, setUp, lacks, retries, looksAtClock }) => [
      name,
      { title, isOurs, isFloor, versions: packages.map(version), setUp, lacks, retries, looksAtClock },
    ]),
  );
}

function head({ date, dates, machine }) {
  const former = Object.entries(dates).filter(([, other]) => other !== date).map(([part, other]) => `${part} of ${other}`);
  return (
    `Of ${date}${former.length ? ` (${former.join(", ")})` : ""}, on ${machine.cores} cores (${machine.processor}) whose load was ` +
    `${machine.load.toFixed(1)} before it began, ${machine.browser}, Node.js ${machine.node}.`
  );
}

const rounded = (_, value) => (typeof value === "number" ? Number(value.toFixed(3)) : value);

if (options.charts) {
  await drawCharts(last(), join(root, "docs"));
} else {
  await bench();
}
