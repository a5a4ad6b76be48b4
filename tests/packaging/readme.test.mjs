// What the README and the docs tell a reader to paste, pasted: into an application with nothing else in it than any has, with
// the packed package, against the example server. A block that is not pasted here fails the test.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { root, serve } from "../backend.mjs";
import { openPage, packageFolder, startBrowser, startSite, USER } from "../browser/stage.mjs";
import { Page, pagesOf } from "./blocks.mjs";
import { build, clear, freePort, installOnly, start } from "./next-app.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const work = join(here, "work/readme");

/** What any application has of its own. */
const CONFIG = {
  strict: true,
  target: "ES2022",
  module: "ESNext",
  moduleResolution: "bundler",
  lib: ["ES2022", "DOM", "DOM.Iterable"],
  types: [],
  jsx: "react-jsx",
  noEmit: true,
};
const html = (entry) => `<!doctype html><title>started</title><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="${entry}"></script>`;

const run = (cwd, program, ...args) => {
  const tool = join(here, "node_modules/.bin", program);
  return promisify(execFile)(tool, args, { cwd }).catch((error) => assert.fail(`${program} ${args.join(" ")}\n${error.stdout}${error.stderr}`));
};

/** Writes an application. */
function write(name, files) {
  const app = join(work, name);
  for (const [path, text] of Object.entries({ "tsconfig.json": JSON.stringify({ compilerOptions: CONFIG }), ...files })) {
    mkdirSync(dirname(join(app, path)), { recursive: true });
    writeFileSync(join(app, path), text);
  }
  return app;
}

/** Checks its types and builds it. */
async function buildApp(name, files) {
  const app = write(name, files);
  await run(app, "tsc");
  await run(app, "vite", "build", "--logLevel", "error");
  return join(app, "dist");
}

const readme = new Page("README.md");

before(() => {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, "package.json"), "{}");
  execFileSync("npm", ["pack", "--silent", "--pack-destination", work], { cwd: packageFolder, stdio: "pipe" });
  const tarball = readdirSync(work).find((file) => file.endsWith(".tgz"));
  const command = readme.take("Use it", "sh");
  assert.equal(command, "npm i relatch\n");
  // The one thing that is not as it says: the package comes from here.
  const env = { ...process.env, npm_config_audit: "false", npm_config_fund: "false", npm_config_offline: "true" };
  execFileSync(command.replace("relatch", `./${tarball}`), { cwd: work, env, shell: true, stdio: "pipe" });
});

describe("what the README says to paste", { concurrency: false }, () => {
  let browser, server;

  before(async () => {
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    clear();
  });
  afterEach(async () => {
    for (const context of browser.browserContexts()) if (context !== browser.defaultBrowserContext()) await context.close();
    await server?.stop();
    server = undefined;
  });

  const open = () => openPage(browser, server.url);

  /** The title that the page has in the end. */
  const titleOf = async (page) => {
    await page.waitForFunction(() => document.title !== "started", { polling: 100 }).catch((error) => assert.fail(`${error}\n${page.said.join("\n")}`));
    return page.title();
  };

  it("describes the state as it is typed", async () => {
    const app = write("state", {
      // Fields that are explained in words have no type in it.
      "tsconfig.json": JSON.stringify({ compilerOptions: { ...CONFIG, noImplicitAny: false } }),
      "state.ts": `
        import type { SessionState } from "relatch";
        type Described = ${readme.take("The state", "ts")}
        type Same<A, B> = [A, B] extends [B, A] ? true : false;
        export const fields: Same<keyof Described, keyof SessionState> = true;
        export const values: { [Field in "status" | "freshness" | "reason"]: Same<Described[Field], SessionState[Field]> } =
          { status: true, freshness: true, reason: true };`,
    });
    await run(app, "tsc");
  });

  it("signs in, calls and signs out with npm and TypeScript", async () => {
    const dist = await buildApp("npm", {
      "index.html": html("/main.ts"),
      "user.d.ts": readme.take("The state", "ts"),
      "main.ts": `
        import type { SessionState } from "relatch";
        const [email, password] = ${JSON.stringify([USER.email, USER.password])};
        const shown: string[] = [];
        const render = (state: SessionState) => shown.push(state.status);
        ${readme.take("Use it", "ts")}
        stop();
        const known: string | undefined = data?.user.email;
        document.title = [notes.status, (await notes.json()).length, known, ...shown].join(" ");`,
    });
    server = await startSite(dist);
    assert.equal(await titleOf(await open()), `200 0 ${USER.email} authenticated unauthenticated`);
  });

  it("shows the session in React, and goes on by one refresh", async () => {
    const text = readme.take("React", "tsx");
    const types = join(here, "react18/node_modules/@types/react");
    const paths = { react: [types], "react/*": [`${types}/*`] };
    await run(write("react18", { "tsconfig.json": JSON.stringify({ compilerOptions: { ...CONFIG, paths } }), "App.tsx": text }), "tsc");
    const dist = await buildApp("react", {
      "index.html": html("/main.tsx"),
      "App.tsx": text,
      "main.tsx": `
        import { createRoot } from "react-dom/client";
        import { App } from "./App";
        createRoot(document.getElementById("root")!).render(<App />);`,
    });
    server = await startSite(dist, "--csp", "default-src 'self'; img-src data:; script-src 'self' 'wasm-unsafe-eval'");
    const page = await open();
    const press = async (text) => {
      await page.waitForFunction((text) => document.querySelector("button")?.textContent === text, { polling: 100 }, text);
      const answer = page.waitForResponse((response) => /login|api/.test(response.url()) && response.status() !== 401);
      await page.click("button");
      return (await answer).status();
    };
    assert.equal(await press("Sign in"), 200);
    await server.expireAccess();
    assert.equal(await press(`Notes of ${USER.email}`), 200);
    const { refresh } = await server.counters();
    assert.deepEqual([refresh.rotated, refresh.reuse], [1, 0]);
    assert.deepEqual(page.said.filter((line) => !line.includes("401")), []);
  });

  it("works as a script without a build step", async () => {
    const folder = write("script", { "index.html": `<!doctype html><title>started</title><link rel="icon" href="data:,">${readme.take("Without a build step", "html")}` });
    cpSync(join(work, "node_modules/relatch/relatch.global.js"), join(folder, "relatch.global.js"));
    server = await startSite(folder, "--csp", "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'");
    const page = await open();
    await page.waitForFunction(() => document.title === "unauthenticated", { polling: 100 });
  });

  it("takes the module from a file, under the policy that is named", async () => {
    const code = `${readme.take("With the module as a file", "ts")}\ndocument.title = String(await session.get());`;
    const dist = await buildApp("streaming", { "index.html": html("/main.ts"), "main.ts": code });
    cpSync(join(work, "node_modules/relatch/relatch.wasm"), join(dist, "relatch.wasm"));
    server = await startSite(dist, "--csp", "script-src 'self' 'wasm-unsafe-eval'");
    assert.equal(await titleOf(await open()), "null");
  });

  it("renders the session on the server in Next, and renews it there", async () => {
    const port = await freePort();
    const site = `http://localhost:${port}`;
    server = await serve("examples/html", ["--cookie-name", "relatch_site", "--cookie-path", "/", "--origin", site]);
    const files = {
      "tsconfig.json": JSON.stringify({ compilerOptions: { strict: true } }),
      "app/layout.tsx": `export default ({ children }: { children: React.ReactNode }) => <html lang="en"><body>{children}</body></html>;`,
    };
    for (const language of ["ts", "ts", "tsx", "ts"]) {
      const text = readme.take("In Next", language);
      // The one thing that is not as it says: the backend has another port here.
      files[text.match(/^\/\/ ([\w./]+)/)[1]] = text.replaceAll("http://localhost:4460", server.url);
    }
    assert.deepEqual(Object.keys(files).slice(2), ["lib/auth.ts", "proxy.ts", "app/account/page.tsx", "next.config.ts"]);
    await installOnly(files);
    await build(server);
    const next = await start(server, port);
    try {
      const page = await openPage(browser, `${site}/account`);
      assert.equal(page.url(), `${site}/sign-in?callbackUrl=%2Faccount`);
      const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(USER) };
      assert.equal(await page.evaluate((post) => fetch("/auth/login", post).then(({ status }) => status), post), 200);
      await server.reset();
      await server.expireAccess();
      await page.browserContext().deleteCookie(...(await page.browserContext().cookies()).filter(({ name }) => name === "relatch_access"));
      await page.goto(`${site}/account`);
      assert.match(await page.$eval("p", (p) => p.textContent), /: 0 notes$/);
      const { refresh, api } = await server.counters();
      assert.deepEqual([refresh.rotated, refresh.reuse, api], [1, 0, { requests: 1, unauthorized: 0 }]);
      // What the browser asks of the API goes to the backend, where it needs a bearer.
      assert.equal(await page.evaluate(() => fetch("/api/notes").then(({ status }) => status)), 401);
    } finally {
      await next.stop();
    }
  });

  it("names commands that there are", () => {
    for (const line of readme.take("Try it", "sh").trim().split("\n")) {
      const [program, ...words] = line.replace(/#.*/, "").trim().split(/\s+/);
      execFileSync(program, [...words, "--help"], { cwd: root, stdio: "pipe" });
    }
  });

  it("leaves no block out", () => assert.deepEqual(readme.left(), []));
});

describe("what the docs say to paste", { concurrency: false }, () => {
  const docs = pagesOf("readme");
  const handler = docs["server.md"].take("Without Next", "ts");
  const devtools = {
    ts: docs["devtools.md"].take("Put it on the page", "ts"),
    tsx: docs["devtools.md"].take("In React", "tsx"),
    html: docs["devtools.md"].take("Without a build step", "html"),
  };

  it("has the types that it is said to have", async () => {
    const inComponent = (text) => `import { useSession } from "relatch/react";\nexport function Component() {\n${text}\n}`;
    const app = write("docs", {
      "fields.ts": inComponent(docs["react.md"].take("`useSession`", "ts")),
      "required.tsx": inComponent(docs["react.md"].take("`useSession`", "tsx")),
      "testing.tsx": docs["react.md"].take("In tests of your own", "tsx"),
      "axios.ts": docs["axios.md"].take("axios", "ts"),
      "temporary.ts": docs["axios.md"].take("axios", "ts"),
      "handle.ts": handler,
      "social.ts": docs["contract.md"].take("Social sign-in", "ts"),
      "rules.ts": docs["contract.md"].take("Rules", "ts"),
      "callbacks.ts": docs["contract.md"].take("Where data is not enough", "ts"),
      "troubleshooting.ts": `
        import type { SessionClient } from "relatch";
        import type { Explanation, SessionRecord } from "relatch/explain";
        declare const session: SessionClient;
        ${docs["troubleshooting.md"].take("Troubleshooting", "ts")}
        export const explanation: Explanation = ${docs["troubleshooting.md"].take("Troubleshooting", "ts")};
        export const record: SessionRecord = ${docs["troubleshooting.md"].take("Troubleshooting", "ts")};`,
      "oidc.ts": docs["oidc.md"].take("OpenID Connect", "ts"),
      "devtools.ts": devtools.ts,
    });
    assert.equal(docs["oidc.md"].take("OpenID Connect", "sh"), "npm i relatch oauth4webapi\n");
    await run(app, "tsc");
    // What is in Rust are excerpts of the example, which is compiled and tested.
    const example = (file) => readFileSync(join(root, "examples/leptos", file), "utf8");
    assert.ok(example("src/session.rs").includes(docs["rust.md"].take("Front ends in Rust", "rust")));
    assert.ok(example("src/notes.rs").includes(docs["rust.md"].take("Front ends in Rust", "rust")));
    for (const line of docs["rust.md"].take("Front ends in Rust", "toml").trim().split("\n")) {
      assert.ok(line.startsWith("relatch =") || example("Cargo.toml").includes(line), line);
    }
    // It declares a session of its own.
    await run(write("next-auth", { "App.tsx": docs["next-auth.md"].take("In place of `next-auth/react`", "tsx") }), "tsc");
    assert.deepEqual(Object.values(docs).flatMap((page) => page.left()), []);
  });

  it("puts the devtools on a page: by a bundler, in React and by a script", async () => {
    const react = `
      import { createRoot } from "react-dom/client";
      import { App } from "./App";
      createRoot(document.getElementById("root")!).render(<App />);`;
    const script = write("devtools-script", { "index.html": `<!doctype html><title>started</title><link rel="icon" href="data:,"><body>${devtools.html}` });
    for (const file of ["relatch.global.js", "relatch-devtools.global.js"]) cpSync(join(work, "node_modules/relatch", file), join(script, file));
    const sites = [
      await buildApp("devtools", { "index.html": html("/main.ts"), "main.ts": devtools.ts }),
      await buildApp("devtools-react", { "index.html": html("/main.tsx"), "App.tsx": devtools.tsx, "main.tsx": react }),
      script,
    ];
    const browser = await startBrowser();
    try {
      for (const site of sites) {
        const server = await startSite(site, "--csp", "default-src 'self'; img-src data:; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'");
        const page = await openPage(browser, server.url);
        await page
          .waitForFunction(() => /relatch devtools: \w/.test(document.querySelector("relatch-devtools")?.shadowRoot?.textContent), { polling: 100 })
          .catch((error) => assert.fail(`${site}: ${error}\n${page.said.join("\n")}`))
          .finally(() => server.stop());
      }
    } finally {
      await browser.close();
    }
  });

  it("answers sign-in and pages by the handler for other servers", async () => {
    const origin = "https://app.example.com";
    const server = await serve("examples/html", ["--cookie-name", "relatch_site", "--cookie-path", "/", "--origin", origin]);
    try {
      // The one thing that is not as it says: the backend is elsewhere.
      const { code } = await transform(handler.replace("http://backend:4460", server.url), { loader: "ts" });
      const app = write("handler", { "handle.mjs": code });
      const { handle } = await import(join(app, "handle.mjs"));
      const pageFor = async (headers) => (await handle(new Request(`${origin}/`, { headers }))).text();
      assert.equal(await pageFor({}), "Sign in.");
      const headers = { origin, "sec-fetch-site": "same-origin", "content-type": "application/json" };
      const signIn = await handle(new Request(`${origin}/auth/login`, { method: "POST", headers, body: JSON.stringify(USER) }));
      assert.equal(signIn.status, 200);
      const cookie = signIn.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
      assert.equal(await pageFor({ cookie }), "[]");
    } finally {
      await server.stop();
    }
  });
});
