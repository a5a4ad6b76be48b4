// The stage of the benches: the example server, the gateway in front of it, a browser, and a page for each peer.
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { packageFolder, serve, USER } from "../tests/backend.mjs";
import { startBrowser } from "../tests/browser/stage.mjs";
import { install } from "../tests/packaging/install.mjs";
import { startGateway } from "./gateway.mjs";

export { USER };

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Longer than any access token lives here, in milliseconds. */
const LONGER_THAN_A_TOKEN = 2 * 3_600_000;
/** How long access tokens live, in seconds: longer than a run, so that none ends but by a leap of the clocks. */
const LIFE_S = 3_600;

/** Every peer: a file of `peers/`, by its name and what it says of itself. */
export async function loadPeers() {
  install(packageFolder, folder);
  const files = readdirSync(join(folder, "peers")).filter((file) => file.endsWith(".js")).sort();
  const peers = await Promise.all(
    files.map(async (file) => ({ name: basename(file, ".js"), file: join(folder, "peers", file), ...(await import(`./peers/${file}`)).about })),
  );
  return peers.sort((one, other) => rank(one) - rank(other));
}

const rank = (peer) => (peer.isFloor ? 0 : peer.isOurs ? 1 : peer.packages.length === 0 ? 2 : 3);

/** A bundle as an application's build makes it: minified, one ES module, for browsers. */
export async function bundle(source, external = []) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"', "process.env": "{}" },
    legalComments: "none",
    external,
    write: false,
    logLevel: "warning",
  });
  return outputFiles[0].contents;
}

export const brotli = (bytes) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });

/** Starts everything. What is measured asks it for pages. */
export async function openStage(peers) {
  const scripts = new Map([["/bench/clock.js", await bundle(`import "./page/clock.js"`)]]);
  for (const { name, file } of peers) {
    const source = `import * as peer from ${JSON.stringify(file)}; import { start } from "./page/page.js"; start(peer);`;
    scripts.set(`/bench/${name}.js`, await bundle(source));
  }
  const gateway = await startGateway((path) => serveBench(scripts, path));
  const server = await serve("benches/page", ["--origin", gateway.url, "--access-ttl", String(LIFE_S)]);
  gateway.to(server.url);
  const browser = await startBrowser();
  let ahead = 0;

  return {
    server,
    browser,
    /** Opens a page of a peer; `options` are those of `page/clock.js` and `page/page.js`. */
    async open(peer, context, options = {}) {
      const page = await context.newPage();
      page.on("pageerror", (error) => console.error(`${peer.name}: ${error?.stack ?? error}`));
      if (process.env.RELATCH_LOG) page.on("console", (message) => console.error(`${peer.name}: ${message.text()}`));
      await this.visit(page, peer, options);
      return page;
    },
    visit: (page, peer, options = {}) => page.goto(`${gateway.url}/bench/${peer.name}.html?${new URLSearchParams(options)}`),
    /** How far the clocks of pages that are opened now have to be ahead. */
    ahead: () => ahead,
    /**
     * Every access token meets the end of its life, in these pages, on the gateway and at the server. Other pages stay
     * behind: what they would do by themselves is not to be counted among what these do.
     */
    async endLives(pages) {
      ahead += LONGER_THAN_A_TOKEN;
      gateway.leap(ahead);
      await server.expireAccess();
      await Promise.all(pages.map((page) => page.evaluate((ms) => leapTo(ms), ahead)));
    },
    /** What the server has counted since it was asked to begin anew. */
    async counted() {
      const { refresh, families_revoked } = await server.counters();
      return { refreshes: refresh.requests, reuses: refresh.reuse, refused: refresh.refused, revoked: families_revoked };
    },
    async close() {
      await browser.close();
      await gateway.stop();
      await server.stop();
    },
  };
}

/** As a production server does: a page is asked for anew, a script is kept, and both come compressed. */
function serveBench(scripts, path) {
  if (!path.startsWith("/bench/")) return undefined;
  const common = { "content-encoding": "br", "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
  const script = scripts.get(path);
  if (script) {
    const headers = { ...common, "content-type": "text/javascript", "cache-control": "public, max-age=31536000, immutable" };
    return { headers, body: brotli(script) };
  }
  const html = `<!doctype html><meta charset="utf-8"><title>bench</title><link rel="icon" href="data:,">
<script src="/bench/clock.js"></script><script type="module" src="/bench/${basename(path, ".html")}.js"></script>`;
  return { headers: { ...common, "content-type": "text/html", "cache-control": "no-cache" }, body: brotli(Buffer.from(html)) };
}
