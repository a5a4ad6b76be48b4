// The stage of the browser tests: a real server, a real browser, and what a test needs to look at both.
import { createServer } from "node:http";
import puppeteer from "puppeteer-core";
import { OTHER, packageFolder, serve, USER } from "../backend.mjs";
import { startWebKit } from "./webkit.mjs";

/** The engine under test: `chromium`, `firefox` or `webkit`. */
export const engine = process.env.RELATCH_BROWSER ?? "chromium";

const EXECUTABLES = {
  chromium: process.env.RELATCH_CHROMIUM ?? "/usr/bin/chromium",
  firefox: process.env.RELATCH_FIREFOX ?? "/usr/bin/firefox-esr",
};

export { OTHER, packageFolder, USER };

/** A reason to skip what can only be tested with more than WebDriver gives, a script that runs before the page's own say. */
export const needsMoreThanWebDriver = engine === "webkit" && "WebDriver cannot run a script before the page's own";

/** WebKit takes no `Secure` cookie over http, not even from `localhost`. */
const forEngine = engine === "webkit" ? ["--insecure-cookies"] : [];

/** Starts the example server on a free port, with its test controls and the pages of the tests. */
export const startServer = (...flags) => serve("tests/browser/pages", [...forEngine, ...flags]);

/** The same with the demo page. */
export const startDemo = (...flags) => serve("examples/html", flags);

/** The same with the pages of a folder. */
export const startSite = (folder, ...flags) => serve(folder, flags);

/** This machine by another name than `localhost`, so that http is not a secure context there. */
export const INSECURE_HOST = "insecure.test";

/** Starts the engine under test. */
export async function startBrowser(...more) {
  if (engine === "webkit") return startWebKit();
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

/** Has the page's cookie become that of another user, and its token refused: whoever is signed in is found out by its next call. */
export async function becomes(page, server, user) {
  const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(user) };
  await page.evaluate((post) => fetch("/auth/login", post).then(({ status }) => status), post);
  await server.expireAccess();
}

/**
 * A server of the test's own, on another origin, that keeps what it was asked, and whether its answer was read to the end.
 * A body in parts is sent one by one.
 */
export async function startListener(answer = () => ({})) {
  const requests = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const seen = { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() };
      seen.isRead = new Promise((resolve) => response.once("close", () => resolve(response.writableFinished)));
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
      const parts = [body].flat();
      const sendNext = () => {
        response.write(parts.shift());
        if (parts.length > 0) setTimeout(sendNext, 200);
        else response.end();
      };
      sendNext();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}
