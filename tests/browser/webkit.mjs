// WebKit through WebKitWebDriver, with as much of puppeteer's surface as the tests use: puppeteer does not drive it.
//
// A WebDriver session is one profile with one window in focus, and a script that waits would keep all other tabs waiting.
// So what is evaluated is only begun, in the page, and asked for until it has ended.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Builder } from "selenium-webdriver";

const DRIVER = process.env.RELATCH_WEBKIT ?? "/usr/bin/WebKitWebDriver";
const POLL_MS = 15;
/** What a single look, or the way to a page, may take. */
const PATIENCE_MS = 60_000;

/** A browser whose contexts are WebDriver sessions. It needs a display. */
export function startWebKit() {
  const contexts = new Set();
  return {
    createBrowserContext: async () => {
      const context = await openContext(() => contexts.delete(context));
      contexts.add(context);
      return context;
    },
    browserContexts: () => [...contexts],
    defaultBrowserContext: () => undefined,
    close: () => Promise.all([...contexts].map((context) => context.close())),
  };
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A profile of its own, in a browser of its own: a driver has one session. */
async function openContext(closed) {
  const port = await freePort();
  const child = spawn(DRIVER, [`--port=${port}`], { stdio: "ignore" });
  const failed = new Promise((_, reject) => child.once("error", reject));
  const driver = await Promise.race([connect(`http://127.0.0.1:${port}`), failed]).catch((error) => {
    child.kill("SIGKILL");
    throw error;
  });
  let isFresh = true;
  let turn = Promise.resolve();
  /** One command after the other, each in its tab. */
  const inTab = (handle, act) => {
    const result = turn.then(async () => {
      if (handle) await driver.switchTo().window(handle);
      return act(driver);
    });
    turn = result.catch(() => {});
    return result;
  };
  const context = {
    newPage: async () => {
      const handle = await inTab(undefined, async () => {
        if (!isFresh) await driver.switchTo().newWindow("tab");
        isFresh = false;
        return driver.getWindowHandle();
      });
      return pageOf(handle, inTab, context);
    },
    cookies: () => inTab(undefined, () => allCookies(driver)),
    close: async () => {
      closed();
      await turn;
      await Promise.race([driver.quit().catch(() => {}), sleep(5000)]);
      child.kill("SIGKILL");
    },
  };
  return context;
}

/** Where the example server's cookies are sent. */
const COOKIE_PATHS = ["/", "/auth/"];

/** WebDriver tells the cookies of a document's own path only, so a tab is sent to each. */
async function allCookies(driver) {
  const handle = await driver.getWindowHandle();
  const { origin } = new URL(await driver.getCurrentUrl());
  await driver.switchTo().newWindow("tab");
  const found = new Map();
  for (const path of COOKIE_PATHS) {
    await driver.get(origin + path);
    for (const cookie of await driver.manage().getCookies()) found.set(`${cookie.name} ${cookie.path}`, cookie);
  }
  await driver.close();
  await driver.switchTo().window(handle);
  return [...found.values()];
}

async function connect(url) {
  for (const end = performance.now() + PATIENCE_MS; ; await sleep(100)) {
    try {
      if ((await fetch(`${url}/status`)).ok) break;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
  return new Builder().usingServer(url).withCapabilities({ browserName: "MiniBrowser", acceptInsecureCerts: true }).build();
}

let begun = 0;

function pageOf(handle, inTab, context) {
  const look = (script, ...args) => inTab(handle, (driver) => driver.executeScript(script, ...args));

  const evaluate = async (act, ...args) => {
    const id = `e${++begun}`;
    await look(
      `const [id, args] = arguments, ended = (window.ended_ ??= {});
       Promise.resolve().then(() => (${act})(...args)).then(
         (value) => (ended[id] = { value }),
         (error) => (ended[id] = { error: String(error?.stack ?? error) }));`,
      id,
      args.map((arg) => arg ?? null),
    );
    for (;;) {
      await sleep(POLL_MS);
      const end = await look("const ended = window.ended_; return ended ? ended[arguments[0]] ?? null : { gone: true }", id);
      if (end?.gone) throw new Error("the page was left before it had answered");
      if (end?.error) throw new Error(end.error);
      if (end) return end.value;
    }
  };

  return {
    browserContext: () => context,
    evaluate,
    waitForFunction: async (act, { timeout = PATIENCE_MS } = {}, ...args) => {
      for (const end = performance.now() + timeout; performance.now() < end; await sleep(POLL_MS)) {
        if (await look(`return (${act})(...arguments) ? true : false`, ...args)) return;
      }
      throw new Error(`waited for ${timeout} ms in vain`);
    },
    goto: (url) => inTab(handle, (driver) => driver.get(url)),
    reload: () => inTab(handle, (driver) => driver.navigate().refresh()),
    bringToFront: () => look("return true"),
    close: () => inTab(handle, (driver) => driver.close()),
    /** What it says is not to be had. */
    on: () => {},
  };
}
