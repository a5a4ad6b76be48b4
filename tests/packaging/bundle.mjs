// Bundles files for a page, with the packed package and what else is installed here.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { install } from "./install.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Bundles `page.ts` of the files (text by name) into a script, whose exports are the global `page`. */
export async function bundle(packageFolder, files, outfile) {
  install(packageFolder, here);
  mkdirSync(join(here, "work"), { recursive: true });
  const folder = mkdtempSync(join(here, "work/bundle-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  await build({ entryPoints: [join(folder, "page.ts")], bundle: true, format: "iife", globalName: "page", outfile, logLevel: "warning" });
  rmSync(folder, { recursive: true });
}
