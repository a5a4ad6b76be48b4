// The packed package in what people build and run it with, without any configuration: what the page or program shows after
// a real sign-in and a refresh.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createSocket } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openPage, packageFolder, startBrowser, startSite } from "../browser/stage.mjs";
import { install } from "./install.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const work = join(here, "work");
const SAID = "true true demo@example.com 200";

/** Runs a program of `node_modules/.bin`, or Node. */
const run = async (cwd, program, args, env = {}) => {
  const file = program === "node" ? process.execPath : join(here, "node_modules/.bin", program);
  const { stdout } = await promisify(execFile)(file, args, { cwd, env: { ...process.env, ...env } });
  return stdout;
};

/** An HTML page with nothing but scripts. */
const page = (...scripts) => `<!doctype html><title>started</title><link rel="icon" href="data:,">${scripts.join("")}`;

/** Runs a bundler of webpack's kind on `entry`. */
const pack = (bundler, app) =>
  new Promise((resolve, reject) => {
    const options = { context: app, mode: "production", entry: "./main.js", output: { path: join(app, "dist"), filename: "main.js" } };
    bundler(options, (error, stats) => (error || stats.hasErrors() ? reject(error ?? new Error(stats.toString("errors-only"))) : resolve()));
  });

/** What each builds: from the app's folder to the folder `dist` in it, with an `index.html`. */
const BUILDERS = {
  async "Vite (build)"(app) {
    const { build } = await import("vite");
    await build({ root: app, configFile: false, logLevel: "error" });
  },
  async webpack(app) {
    await pack((await import("webpack")).default, app);
    writeFileSync(join(app, "dist/index.html"), page('<script src="/main.js"></script>'));
  },
  async Rspack(app) {
    await pack((await import("@rspack/core")).rspack, app);
    writeFileSync(join(app, "dist/index.html"), page('<script src="/main.js"></script>'));
  },
  async Rollup(app) {
    await run(app, "rollup", ["main.js", "--silent", "--plugin", "node-resolve", "--format", "es", "--file", "dist/main.js"]);
    writeFileSync(join(app, "dist/index.html"), page('<script type="module" src="/main.js"></script>'));
  },
  async esbuild(app) {
    await run(app, "esbuild", ["main.js", "--bundle", "--outfile=dist/main.js", "--log-level=error"]);
    writeFileSync(join(app, "dist/index.html"), page('<script src="/main.js"></script>'));
  },
  async Parcel(app) {
    await run(app, "parcel", ["build", "index.html", "--dist-dir", "dist", "--cache-dir", "cache", "--log-level", "error"]);
  },
  async "a web worker"(app) {
    await run(app, "esbuild", ["worker.js", "--bundle", "--outfile=dist/worker.js", "--log-level=error"]);
    writeFileSync(join(app, "dist/start.js"), 'new Worker("/worker.js").onmessage = ({ data }) => (document.title = data);');
    writeFileSync(join(app, "dist/index.html"), page('<script src="/start.js"></script>'));
  },
  async '<script type="module">'(app) {
    for (const file of ["main.js", "run.js"]) cpSync(join(app, file), join(app, "dist", file));
    const imports = { relatch: "/relatch/index.js", "relatch/streaming": "/relatch/streaming.js" };
    const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
    writeFileSync(join(app, "dist/index.html"), page(map, '<script type="module" src="/main.js"></script>'));
  },
  async "classic <script>"(app) {
    cpSync(join(app, "run.js"), join(app, "dist/run.js"));
    const start = 'import("/run.js").then(({ run }) => run(relatch)).then((said) => (document.title = `true ${said}`));';
    writeFileSync(join(app, "dist/index.html"), page('<script src="/relatch/relatch.global.js"></script>', `<script>${start}</script>`));
  },
};

/** What runs outside of a browser: says on its output how it went. */
const PROGRAMS = {
  "Node, import": (app, url) => run(app, "node", ["node.mjs", url]),
  "Node, require": (app, url) => run(app, "node", ["node.cjs", url]),
  async "Vitest with jsdom"(app, url) {
    const out = await run(app, "vitest", ["run", "--environment", "jsdom", "--root", app], { ORIGIN: url });
    return /Tests .*1 passed/.test(out) ? SAID : out;
  },
};

describe("the packed package", { concurrency: false }, () => {
  let browser, server;

  before(async () => {
    install(packageFolder, here);
    rmSync(work, { recursive: true, force: true });
    browser = await startBrowser();
  });
  after(() => browser?.close());
  afterEach(() => server.stop());

  const prepare = (name) => {
    const app = join(work, name.replace(/\W+/g, "-"));
    cpSync(join(here, "app"), app, { recursive: true });
    mkdirSync(join(app, "dist"));
    writeFileSync(join(app, "package.json"), '{ "type": "module" }');
    return app;
  };

  /** What the page shows in the end. */
  const shows = async (url) => {
    const page = await openPage(browser, url);
    await page.waitForFunction(() => document.title !== "started", { polling: 100 }).catch((error) => assert.fail(`${error}\n${page.said.join("\n")}`));
    return page.title();
  };

  const refreshedOnce = async () => {
    const { refresh } = await server.counters();
    assert.deepEqual([refresh.rotated, refresh.reuse], [1, 0]);
  };

  for (const [name, build] of Object.entries(BUILDERS)) {
    it(`works in ${name}`, async () => {
      const app = prepare(name);
      await build(app);
      // The pages' own scripts are partly inline.
      server = await startSite(join(app, "dist"), "--csp", "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'");
      assert.equal(await shows(server.url), SAID);
      await refreshedOnce();
    });
  }

  it("works in Vite (dev)", async () => {
    const app = prepare("vite-dev");
    const port = await new Promise((resolve) => {
      const socket = createSocket().listen(0, () => socket.close(() => resolve(port)));
      const { port } = socket.address();
    });
    server = await startSite(app, "--origin", `http://localhost:${port}`);
    const { createServer } = await import("vite");
    const proxy = Object.fromEntries(["/auth", "/api", "/test"].map((path) => [path, server.url]));
    const dev = await createServer({ root: app, configFile: false, logLevel: "error", server: { port, strictPort: true, proxy } });
    try {
      await dev.listen();
      assert.equal(await shows(`http://localhost:${port}`), SAID);
      await refreshedOnce();
    } finally {
      await dev.close();
    }
  });

  for (const [name, start] of Object.entries(PROGRAMS)) {
    it(`works in ${name}`, async () => {
      const app = prepare(name);
      server = await startSite(app);
      assert.equal((await start(app, server.url)).trim().split("\n").at(-1), SAID);
      await refreshedOnce();
    });
  }
});
