// `node benches/native.mjs`: what criterion has measured of the machines by themselves, as a table in `benches/README.md`.
// `cargo xtask bench --native` starts it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tests/backend.mjs";
import { fill } from "./readme.mjs";
import { table } from "./tables.mjs";

const folder = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "criterion");
/** Needed, locked, announced, answered, stamped. */
const EVENTS_OF_A_TURN = 5;

/** Median nanoseconds by the name of each bench, the newest measurement of each. */
const measured = new Map(
  readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith(join("new", "estimates.json")))
    .map((path) => {
      const read = (name) => JSON.parse(readFileSync(join(folder, path, "..", name), "utf8"));
      return [read("benchmark.json").full_id, read("estimates.json").median.point_estimate];
    }),
);
const bytes = JSON.parse(readFileSync(join(folder, "bytes.json"), "utf8"));

const ns = (name) => {
  if (!measured.has(name)) throw new Error(`no measurement of "${name}"; run \`cargo xtask bench --native\``);
  return measured.get(name);
};
const show = (number, digits = 0) => number.toLocaleString("en", { maximumFractionDigits: digits });

const rows = bytes.waiting.map(({ calls, heap }) => {
  const [turn, all] = [ns(`a refresh turn while calls wait/${calls}`), ns(`calls refused, a renewal, and each resumed: all of it/${calls}`)];
  return [show(calls), show(turn / 1000, 2), show(all / 1000, 2), calls < 10 ? "–" : show((all - turn) / calls, 1), show(bytes.session), show(heap)];
});
const straight = ns("a call straight through: start and response");
const turn = ns("a refresh turn: lock, stamp, request, answer, stamp");

const text = `A call that goes straight through costs ${show(straight, 1)} ns; a refresh turn ${show(turn / 1000, 2)} µs, that is ${show((EVENTS_OF_A_TURN / turn) * 1e9)} events
a second. A waiting call is ${bytes.attempt} bytes, which its caller keeps; the session has no table of calls.

${table(["calls that wait", "a refresh turn, µs", "refused, renewed and resumed, µs", "per call, ns", "session, bytes", "and on the heap"], rows)}`;
console.log(`\n${text}`);
fill("native", text);
