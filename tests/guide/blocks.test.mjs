// What the guide's own pages tell a reader to paste, pasted: the first five minutes are built and run in a browser, what stands
// before and after a migration is held against the types of both packages. A block that is not pasted here fails the test.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { root } from "../backend.mjs";
import { becomes, openPage, OTHER, packageFolder, startBrowser, startSite, USER } from "../browser/stage.mjs";
import { pagesOf } from "../packaging/blocks.mjs";
import { build, clear, folder as nextFolder, freePort, installOnly, start } from "../packaging/next-app.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const work = join(here, "work");
const docs = pagesOf("guide");

/** What starts the example server. */
const commands = Object.fromEntries(
  [["start/typescript.md", "A backend to try it with"], ["start/next.md", "Start with Next"]].map(([page, heading]) => [page, docs[page].take(heading, "sh")]),
);

/** What any application has of its own. */
const CONFIG = {
  strict: true,
  target: "ES2022",
  module: "ESNext",
  moduleResolution: "bundler",
  lib: ["ES2022", "DOM", "DOM.Iterable"],
  types: ["node"],
  jsx: "react-jsx",
  noEmit: true,
  // next-auth's own declarations want Next beside them.
  skipLibCheck: true,
};
const POLICY = "default-src 'self'; img-src data:; script-src 'self' 'wasm-unsafe-eval'";

const runIn = (cwd, program, ...args) =>
  promisify(execFile)(program, args, { cwd }).catch((error) => assert.fail(`${program} ${args.join(" ")}\n${error.stdout}${error.stderr}`));
const run = (cwd, tool, ...args) => runIn(cwd, join(here, "node_modules/.bin", tool), ...args);

/** Writes an application, and checks its types. */
async function check(name, files) {
  const app = join(work, name);
  for (const [path, text] of Object.entries({ "tsconfig.json": JSON.stringify({ compilerOptions: CONFIG }), ...files })) {
    mkdirSync(dirname(join(app, path)), { recursive: true });
    writeFileSync(join(app, path), text);
  }
  await run(app, "tsc");
  return app;
}

/** Checks it with what Next has installed, in its folder. */
async function checkInNext(files) {
  await installOnly({ ...files, "tsconfig.json": JSON.stringify({ compilerOptions: { ...CONFIG, esModuleInterop: true } }) });
  await runIn(nextFolder, "node_modules/.bin/tsc");
}

/** Writes one, checks its types and builds it. */
async function buildApp(name, files) {
  const app = await check(name, files);
  await run(app, "vite", "build", "--logLevel", "error");
  return join(app, "dist");
}

/** A block, by the name of the file that its first line says. */
const file = (text) => [text.match(/^\/\/ ([\w./-]+)/)[1], text];

const html = (entry, body = "") => `<!doctype html><title>guide</title><link rel="icon" href="data:,">${body}<script type="module" src="${entry}"></script>`;

const said = (page, selector, text) =>
  page
    .waitForFunction((selector, text) => document.querySelector(selector)?.textContent.includes(text), { polling: 50, timeout: 15_000 }, selector, text)
    .catch(async (error) => assert.fail(`no "${text}": ${error}\n${await page.evaluate(() => document.body.innerText)}\n${page.said.join("\n")}`));

/** Presses the button of that name. */
const press = (page, name) =>
  page.evaluate((name) => [...document.querySelectorAll("button")].find((button) => button.textContent === name).click(), name);

/** Signs in by the form, whose fields have names that are read to whoever does not see them. */
async function signIn(page, password = USER.password) {
  await page.waitForSelector("form input[name=email]", { visible: true });
  assert.deepEqual(await page.$$eval("form input", (inputs) => inputs.map((input) => input.labels[0]?.textContent.trim())), ["Email", "Password"]);
  for (const [name, text] of [["email", USER.email], ["password", password]]) {
    await page.$eval(`[name=${name}]`, (field) => (field.focus(), field.select()));
    await page.keyboard.type(text);
  }
  await press(page, "Sign in");
}

/** Whether the form, which is hidden by now, holds nothing for the next user. */
const cleared = (page) => page.waitForFunction(() => [...document.querySelectorAll("form input")].every(({ value }) => value === ""), { polling: 50 });

/** Has an API call find no token while the backend is busy: the page says so, and the console hears of no more than the statuses. */
async function saysBusy(page, server, selector) {
  await server.expireAccess();
  await server.fault({ path: "/auth/refresh", times: null, status: 503 });
  await press(page, "Load notes");
  await said(page, selector, "The auth server is busy");
  await server.fault({ path: "/auth/refresh", times: 0 });
  assert.deepEqual(page.said.filter((line) => !line.startsWith("Failed to load resource")), []);
}

before(() => {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, "node_modules"), { recursive: true });
  cpSync(packageFolder, join(work, "node_modules/relatch"), { recursive: true });
});

describe("the first five minutes", { concurrency: false }, () => {
  let browser, server;

  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser?.close());
  afterEach(async () => {
    for (const context of browser.browserContexts()) if (context !== browser.defaultBrowserContext()) await context.close();
    await server?.stop();
    server = undefined;
  });

  it("with TypeScript end signed in, with an API that goes on over a refresh", async () => {
    const page = docs["start/typescript.md"];
    const headings = ["2. Make the session", "3. Show who is signed in", "4. Sign in and out", "5. Call the API", "5. Call the API", "A backend to try it with"];
    const [session, ...parts] = headings.map((heading) => page.take(heading, "ts"));
    const [config, notes] = [parts.pop(), parts.splice(2, 1)[0]];
    assert.equal(page.take("1. Install", "sh"), "npm i relatch\n");
    for (const part of parts) assert.equal(file(part)[0], "main.ts");
    const files = Object.fromEntries([session, notes, config].map(file));
    const dist = await buildApp("typescript", { ...files, "main.ts": parts.join("\n"), "index.html": page.take("3. Show who is signed in", "html") });
    server = await startSite(dist, "--csp", POLICY);
    const tab = await openPage(browser, server.url);
    await signIn(tab, "wrong");
    await said(tab, "output", "Wrong email or password.");
    await signIn(tab);
    await said(tab, "output", USER.email);
    await cleared(tab);
    const beside = await openPage(browser, server.url, tab.browserContext());
    await said(beside, "output", USER.email);
    await server.expireAccess();
    for (const each of [tab, beside]) {
      await press(each, "Load notes");
      await said(each, "output", "0 notes");
    }
    const { refresh } = await server.counters();
    assert.deepEqual([refresh.rotated, refresh.reuse], [1, 0]);
    await press(tab, "Sign out");
    for (const each of [tab, beside]) await said(each, "output", "unauthenticated");
  });

  it("with React end with a form, a session and notes", async () => {
    const page = docs["start/react.md"];
    assert.equal(page.take("1. Install", "sh"), "npm i relatch\n");
    const blocks = [page.take("2. Make the session", "ts"), page.take("3. Give it to the tree", "tsx"), page.take("4. Sign in, show, call, sign out", "tsx")];
    const dist = await buildApp("react", { ...Object.fromEntries(blocks.map(file)), "index.html": html("/src/main.tsx", '<div id="root"></div>') });
    server = await startSite(dist, "--csp", POLICY);
    const tab = await openPage(browser, server.url);
    await signIn(tab);
    await said(tab, "#root", USER.email);
    await server.expireAccess();
    await press(tab, "Load notes");
    await said(tab, "#root", "0 notes");
    const { refresh } = await server.counters();
    assert.deepEqual([refresh.rotated, refresh.reuse], [1, 0]);
    await becomes(tab, server, OTHER);
    await press(tab, "Load notes");
    await said(tab, "#root", OTHER.email);
    assert.equal(await tab.$eval("output", (output) => output.textContent), "", "nothing of the former user, and nothing of the call that was theirs");
    await saysBusy(tab, server, "output");
    await press(tab, "Sign out");
    await tab.waitForSelector("form", { visible: true });
  });

  it("without a build step end with one file that does all of it", async () => {
    const page = docs["start/script.md"];
    assert.equal(page.take("Start without a build step", "sh"), "npm i relatch\n");
    const folder = join(work, "script");
    mkdirSync(folder);
    writeFileSync(join(folder, "index.html"), page.take("Start without a build step", "html"));
    cpSync(join(packageFolder, "relatch.global.js"), join(folder, "relatch.global.js"));
    server = await startSite(folder, "--csp", "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'");
    const tab = await openPage(browser, server.url);
    await signIn(tab, "wrong");
    await said(tab, "output", "Sign-in was refused.");
    await signIn(tab);
    await said(tab, "output", USER.email);
    await cleared(tab);
    await press(tab, "Load notes");
    await said(tab, "output", "0 notes");
    await saysBusy(tab, server, "output");
    await press(tab, "Sign out");
    await said(tab, "output", "unauthenticated");
  });

  it("with Next have the types that Next wants, and end signed in on both sides, in every tab", async () => {
    const page = docs["start/next.md"];
    assert.equal(page.take("1. Install", "sh"), "npm i relatch\n");
    const blocks = [
      ["2. The backend, for both sides", "ts"],
      ["3. The session on the server", "ts"],
      ["3. The session on the server", "ts"],
      ["3. The session on the server", "ts"],
      ["4. The session in the browser", "tsx"],
      ["4. The session in the browser", "tsx"],
      ["4. The session in the browser", "tsx"],
      ["5. Pages", "tsx"],
      ["5. Pages", "tsx"],
    ].map(([heading, language]) => file(page.take(heading, language)));
    const held = `import type { NextConfig } from "next"; import type { NextProxy } from "next/server";
      import { proxy } from "./proxy"; import config from "./next.config";
      export const held: [NextProxy, NextConfig] = [proxy, config];`;
    const port = await freePort();
    const site = `http://localhost:${port}`;
    const flags = commands["start/next.md"].match(/--cookie-\S+ \S+/g).flatMap((flag) => flag.split(" "));
    server = await startSite("examples/html", ...flags, "--origin", site);
    // The one thing that is not as it says: the backend has another port here.
    const files = blocks.map(([name, text]) => [name, text.replaceAll("http://localhost:4460", server.url)]);
    let next;
    try {
      await checkInNext({ ...Object.fromEntries(files), "held.ts": held });
      await build(server);
      next = await start(server, port);
      const tab = await openPage(browser, `${site}/account`);
      await signIn(tab, "wrong");
      await said(tab, "[role=alert]", "Wrong email or password.");
      assert.deepEqual(await tab.$$eval("form input", (inputs) => inputs.map((input) => input.value)), [USER.email, ""], "the form is reset to the email");
      await signIn(tab);
      await said(tab, "body", `${USER.email}: 0 notes`);
      const beside = await openPage(browser, `${site}/account`, tab.browserContext());
      await press(beside, "Sign out");
      await tab.waitForFunction(() => location.pathname === "/sign-in", { polling: 50 });
      await said(tab, "body", "Email");
      assert.ok(!(await tab.$eval("body", (body) => body.innerText)).includes(USER.email));
    } finally {
      await next?.stop();
      clear();
    }
  });
});

describe("a migration", () => {
  /** What each block before it has of its own: its peer's types, and what an application adds to them. */
  const SESSION = `import "next-auth"; declare module "next-auth" { interface Session { accessToken?: string; error?: string } }`;

  for (const [page, heading, language, more] of [
    ["next-auth", "1. Change the import", "tsx", { "types.d.ts": SESSION }],
    ["next-auth", "2. Move the refresh token into a cookie", "tsx", { "types.d.ts": SESSION }],
    ["auth0-spa-js", "From auth0-spa-js", "ts", {}],
    ["axios-auth-refresh", "From axios-auth-refresh", "ts", {}],
    ["interceptors", "From interceptors of your own", "ts", {}],
    ["interceptors", "From interceptors of your own", "ts", {}],
  ]) {
    const taken = ["before", "after"].map((when) => [when, docs[`migration/${page}.md`].take(heading, language)]);
    it(`from ${page}: what stands before it and after it has the types of both packages (${heading})`, async () => {
      for (const [when, text] of taken) {
        assert.match(text, new RegExp(`^// ${when}`), "the first line says which of the two it is");
        await check(`${page}-${heading.length}-${text.length}-${when}`, { [`${when}.${language}`]: `${text}\nexport {};`, ...(when === "before" && more) });
      }
    });
  }

  it("to OpenID Connect installs what it needs", () => {
    assert.equal(docs["migration/auth0-spa-js.md"].take("From auth0-spa-js", "sh"), "npm i relatch oauth4webapi\n");
  });
});

describe("the Korean page", () => {
  const page = docs["ko/README.md"];

  it("begins with what next-auth of both versions takes", async () => {
    await check("ko-v4", { "auth.ts": page.take("출발점", "ts") });
    await check("ko-v5", { "auth.config.ts": page.take("출발점", "ts") });
  });

  it("changes an import, and the types hold", () => check("ko-import", { "providers.tsx": page.take("먼저 해 볼 수 있는 것: import만 바꾸기", "tsx") }));

  it("ends with an application whose parts fit", async () => {
    const blocks = [
      ["2단계: 계약(contract)을 정의합니다", "ts"],
      ["3단계: 브라우저와 서버에 세션을 둡니다", "tsx"],
      ["3단계: 브라우저와 서버에 세션을 둡니다", "ts"],
      ["3단계: 브라우저와 서버에 세션을 둡니다", "ts"],
      ["3단계: 브라우저와 서버에 세션을 둡니다", "tsx"],
      ["4단계: 소셜 로그인", "ts"],
      ["4단계: 소셜 로그인", "ts"],
      ["5단계: 쓰던 코드를 바꿉니다", "tsx"],
    ].map(([heading, language]) => file(page.take(heading, language)));
    const names = blocks.map(([name]) => name);
    assert.deepEqual(names, ["lib/contract.ts", "lib/session.tsx", "lib/auth.ts", "proxy.ts", "app/layout.tsx", "next.config.ts", "lib/social.ts", "app/account/orders.tsx"]);
    await checkInNext(Object.fromEntries(blocks)).finally(clear);
  });
});

describe("a command that a page of the guide names", () => {
  it("is one that there is", () => {
    assert.equal(docs["how-it-works.md"].take("How it works", "sh"), "cargo xtask draw\n");
    execFileSync("cargo", ["xtask", "draw", "--help"], { cwd: root, stdio: "pipe" });
  });

  it("starts the example server by flags that it has", () => {
    const help = execFileSync(process.env.RELATCH_SERVER ?? join(root, "target/debug/relatch-example-server"), ["--help"], { encoding: "utf8" });
    for (const [page, command] of Object.entries(commands)) {
      assert.match(command, /^cargo run -p relatch-example-server -- /);
      for (const [flag] of command.matchAll(/ --[a-z-]{2,}/g)) assert.ok(help.includes(flag.trim()), `${flag} of ${page}`);
    }
  });
});

it("no block of the guide is left out", () => assert.deepEqual(Object.values(docs).flatMap((page) => page.left()), []));
