// The page of the React tests, built from the packed package as an application is, React's development build with it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { install } from "../install.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Builds the page into a folder. `write` puts the view, as a server renders it, into a page of its own. */
export async function buildLab(packageFolder) {
  install(packageFolder, join(here, ".."));
  const folder = mkdtempSync(join(tmpdir(), "relatch-lab-"));
  cpSync(join(here, "index.html"), join(folder, "index.html"));
  await build({
    entryPoints: [join(here, "lab.mjs")],
    bundle: true,
    format: "esm",
    outfile: join(folder, "lab.js"),
    define: { "process.env.NODE_ENV": '"development"' },
    logLevel: "warning",
  });
  const { render } = await import("./render.mjs");
  return {
    folder,
    write(name, props) {
      const page = readFileSync(join(folder, "index.html"), "utf8").replace("<!-- view -->", render(props));
      writeFileSync(join(folder, name), page);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
