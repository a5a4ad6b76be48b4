// The stage of the browser tests: a real server, a real browser, and what a test needs to look at both.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The package under test, as it was built. */
export const packageFolder = process.env.RELATCH_PACKAGE ?? join(root, "pkg");

/** The engine under test: `chromium` or `firefox`. */
export const engine = process.env.RELATCH_BROWSER ?? "chromium";

const EXECUTABLES = {
  chromium: process.env.RELATCH_CHROMIUM ?? "/usr/bin/chromium",
  firefox: process.env.RELATCH_FIREFOX ?? "/usr/bin/firefox-esr",
};

export const USER = { email: "demo@example.com", password: "relatch-demo" };
export const OTHER = { email: "other@example.com", password: "relatch-other" };

/** Starts the example server on a free port, with its test controls and the pages of the tests. */
export const startServer = (...flags) => serve("tests/browser/pages", flags);

/** The same with the demo page. */
export const startDemo = (...flags) => serve("examples/html", flags);

/** The same with the pages of a folder. */
export const startSite = (folder, ...flags) => serve(folder, flags);

async function serve(site, flags) {
  const folder = mkdtempSync(join(tmpdir(), "relatch-"));
  const binary = process.env.RELATCH_SERVER ?? join(root, "target/debug/relatch-example-server");
  const users = [USER, OTHER].flatMap(({ email, password }) => ["--demo-user", `${email}:${password}`]);
  const pages = ["--site", resolve(root, site), "--package", packageFolder];
  const database = ["--database", `sqlite:${join(folder, "db.sqlite")}`];
  const child = spawn(binary, ["--port", "0", "--test-controls", ...database, ...users, ...pages, ...flags], {
    stdio: ["ignore", "pipe", process.env.RELATCH_LOG ? "inherit" : "ignore"],
  });
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("listening on ")) resolve(line.slice("listening on ".length).trim());
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it listened`)));
    child.once("error", reject);
  });
  const post = (path, body) =>
    fetch(url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) }).then(
      (response) => {
        if (!response.ok) throw new Error(`${path} answered ${response.status}`);
      },
    );
  return {
    url,
    counters: () => fetch(`${url}/test/counters`).then((response) => response.json()),
    reset: () => post("/test/reset"),
    expireAccess: () => post("/test/expire-access"),
    expireRefresh: () => post("/test/expire-refresh"),
    fault: (fault) => post("/test/faults", fault),
    async stop() {
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** This machine by another name than `localhost`, so that http is not a secure context there. */
export const INSECURE_HOST = "insecure.test";

/** Starts the engine under test. */
export async function startBrowser(...more) {
  if (engine === "firefox") {
    return puppeteer.launch({
      browser: "firefox",
      executablePath: EXECUTABLES.firefox,
      headless: true,
      acceptInsecureCerts: more.includes("--ignore-certificate-errors"),
      extraPrefsFirefox: {
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
        "network.dns.localDomains": INSECURE_HOST,
      },
    });
  }
  const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return puppeteer.launch({
    executablePath: EXECUTABLES.chromium,
    headless: true,
    // Users have a back/forward cache.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
    args: ["--no-sandbox", "--disable-gpu", `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`, ...quiet, ...more],
  });
}

/** Opens a page in a profile of its own. `console` and `errors` collect what it says. */
export async function openPage(browser, url, context) {
  const profile = context ?? (await browser.createBrowserContext());
  const page = await profile.newPage();
  page.said = [];
  page.on("console", (message) => page.said.push(message.text()));
  page.on("pageerror", (error) => page.said.push(String(error?.stack ?? error)));
  await page.goto(url);
  return page;
}

/** Opens a page in which the demo user has signed in; the server counts from here. */
export async function signedIn(browser, server, contract = {}) {
  const page = await openPage(browser, server.url);
  await page.evaluate(async (user, contract) => {
    open_(contract);
    await session.signIn(user);
  }, USER, contract);
  await server.reset();
  return page;
}

/** A server of the test's own, on another origin, that keeps what it was asked. */
export async function startListener(answer = () => ({})) {
  const requests = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const seen = { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() };
      requests.push(seen);
      const { status = 200, headers = {}, body = "{}" } = answer(seen);
      const origin = request.headers.origin ?? "*";
      response.writeHead(status, {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-headers": "authorization, content-type, x-test",
        "access-control-allow-methods": "GET, POST, PUT",
        ...headers,
      });
      response.end(body);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}
