// The sections of `benches/README.md` that are written by a command.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("README.md", import.meta.url));

/** Writes what stands between `<!-- name -->` and `<!-- /name -->`. */
export function fill(name, text) {
  const readme = readFileSync(path, "utf8");
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [readme.indexOf(open) + open.length, readme.indexOf(close)];
  if (from < open.length || to < from) throw new Error(`benches/README.md has no ${open}`);
  writeFileSync(path, `${readme.slice(0, from)}\n${text}\n${readme.slice(to)}`);
}
