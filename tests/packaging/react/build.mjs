// The page of the React tests, built from the packed package as an application is, React's development build with it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { install } from "../install.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Where each major version of React is installed. */
const MODULES = { 18: join(here, "../react18/node_modules"), 19: join(here, "../node_modules") };

/** Builds the page into a folder. `write` puts the view, as a server renders it, into a page of its own. */
export async function buildLab(packageFolder, react) {
  install(packageFolder, join(here, ".."));
  const folder = mkdtempSync(join(tmpdir(), "relatch-lab-"));
  cpSync(join(here, "index.html"), join(folder, "index.html"));
  const bundle = (entry, outfile, options) =>
    build({
      entryPoints: [join(here, entry)],
      bundle: true,
      outfile,
      alias: Object.fromEntries(["react", "react-dom"].map((name) => [name, join(MODULES[react], name)])),
      define: { "process.env.NODE_ENV": '"development"' },
      logLevel: "warning",
      ...options,
    });
  await bundle("lab.mjs", join(folder, "lab.js"), { format: "esm" });
  const server = mkdtempSync(join(tmpdir(), "relatch-render-"));
  await bundle("render.mjs", join(server, "render.cjs"), { format: "cjs", platform: "node" });
  const { render } = createRequire(import.meta.url)(join(server, "render.cjs"));
  return {
    folder,
    write(name, props) {
      const page = readFileSync(join(folder, "index.html"), "utf8").replace("<!-- view -->", render(props));
      writeFileSync(join(folder, name), page);
    },
    remove() {
      for (const made of [folder, server]) rmSync(made, { recursive: true });
    },
  };
}
