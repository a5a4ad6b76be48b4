// `relatch/streaming`: the module as a file that somebody hosts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { engine, openPage, packageFolder, startBrowser, startListener, startServer, USER } from "./stage.mjs";

describe(`the streaming entry in ${engine}`, { concurrency: false }, () => {
  let browser, server, elsewhere;
  let answer;
  const wasm = readFileSync(join(packageFolder, "relatch.wasm"));

  before(async () => {
    elsewhere = await startListener(() => answer);
    const policy = `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ${elsewhere.url}`;
    server = await startServer("--csp", policy);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await Promise.all([server?.stop(), elsewhere?.stop()]);
  });

  /** Makes `count` sessions with the module from there; each signs in. */
  const enter = (page, wasmUrl, count = 1) =>
    page.evaluate(
      async (wasmUrl, count, user) => {
        const { createSession, cookieRefresh } = await import("/relatch/streaming.js");
        const ends = Array.from({ length: count }, async () => {
          const session = createSession({ wasmUrl, contract: cookieRefresh({ baseUrl: "/auth" }) });
          const entered = await outcome(session.signIn(user));
          session.dispose();
          return entered;
        });
        return Promise.all(ends);
      },
      wasmUrl,
      count,
      USER,
    );

  it("fetches the module once for all clients, and carries no copy of it", async () => {
    const page = await openPage(browser, server.url);
    const entered = await enter(page, "/relatch/relatch.wasm", 3);
    assert.deepEqual(entered.map((end) => end.value?.user.email), Array(3).fill(USER.email));
    const files = await page.evaluate(() => performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname));
    assert.deepEqual(files.filter((file) => /wasm|index/.test(file)), ["/relatch/relatch.wasm"]);
  });

  it("says by a typed error that the file is not there, and tries again at the next call", async () => {
    const page = await openPage(browser, server.url);
    answer = { status: 404 };
    const [missing] = await enter(page, elsewhere.url);
    assert.deepEqual([missing.name, missing.code, missing.status], ["RelatchError", "ModuleUnavailable", 404]);
    answer = { headers: { "content-type": "application/wasm" }, body: wasm.subarray(0, 1000) };
    const [broken] = await enter(page, elsewhere.url);
    assert.deepEqual([broken.name, broken.code], ["RelatchError", "ModuleUnavailable"]);
    answer = { headers: { "content-type": "application/wasm" }, body: wasm };
    const [entered] = await enter(page, elsewhere.url);
    assert.equal(entered.value?.user.email, USER.email);
  });

  it("tries again by itself where somebody listens, who hears of one failure once", async () => {
    const page = await openPage(browser, server.url);
    answer = { status: 503 };
    elsewhere.requests.length = 0;
    await page.evaluate(async (wasmUrl) => {
      const { createSession, cookieRefresh } = await import("/relatch/streaming.js");
      window.errors = [];
      const onError = ({ code, status }) => errors.push([code, status]);
      window.session = createSession({ wasmUrl, contract: cookieRefresh({ baseUrl: "/auth" }), onError });
      session.subscribe(() => {});
    }, elsewhere.url);
    while (elsewhere.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    answer = { headers: { "content-type": "application/wasm" }, body: wasm };
    await page.waitForFunction(() => session.getState().status === "unauthenticated", { timeout: 10_000, polling: 50 });
    assert.deepEqual(await page.evaluate(() => [errors, session.getState().error]), [[["ModuleUnavailable", 503]], null]);
  });

  it("gives up a file that does not come, and leaves no timer when it is disposed of", async () => {
    const page = await openPage(browser, server.url);
    const seen = await page.evaluate(async () => {
      const { createSession, cookieRefresh } = await import("/relatch/streaming.js");
      // A second is as long as half a minute, and a host that never answers is heard of by its signal alone.
      const { timeout } = AbortSignal;
      const { setTimeout, clearTimeout } = window;
      const asked = [];
      const timers = new Set();
      AbortSignal.timeout = (ms) => (asked.push(ms), timeout.call(AbortSignal, ms / 30));
      window.fetch = (_, { signal }) => new Promise((_, reject) => (signal.onabort = () => reject(signal.reason)));
      window.setTimeout = (run, ms) => {
        const timer = setTimeout(() => (timers.delete(timer), run()), ms);
        timers.add(timer);
        return timer;
      };
      window.clearTimeout = (timer) => (timers.delete(timer), clearTimeout(timer));
      const session = createSession({ wasmUrl: "/nowhere.wasm", contract: cookieRefresh({ baseUrl: "/auth" }) });
      session.subscribe(() => {});
      const { code } = await outcome(session.get());
      const waiting = timers.size;
      session.dispose();
      return [code, asked, waiting, timers.size];
    });
    assert.deepEqual(seen, ["ModuleUnavailable", [30_000], 1, 0]);
  });

  it("takes the file from another origin that calls it by a wrong type", async () => {
    const page = await openPage(browser, server.url);
    answer = { headers: { "content-type": "text/plain" }, body: wasm };
    const [entered] = await enter(page, elsewhere.url);
    assert.equal(entered.value?.user.email, USER.email);
  });
});
