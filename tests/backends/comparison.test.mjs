// What ten tabs cost that share a session whose refresh token the server rotates: measured with the client of next-auth and
// with relatch, against the same server. Nothing is asserted of the other client; what was counted is printed.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { engine, openPage, startBrowser } from "../browser/stage.mjs";
import backend from "./nextauth-rotating/backend.mjs";

const RUNS = Number(process.env.RELATCH_RUNS ?? 1);
const TABS = 10;
const CALLS = 5;

describe(`${TABS} tabs with ${CALLS} calls each once the access token has expired, in ${engine}`, { concurrency: false }, () => {
  let browser, server;

  before(async () => {
    server = await backend.start();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Signs in, opens the tabs, lets the token expire, calls in all of them, and says what came of it. */
  const measure = async (path, enter, ready, signedOut) => {
    const profile = await browser.createBrowserContext();
    const open = async () => {
      const tab = await openPage(browser, server.url + path, profile);
      await tab.evaluate(ready.open, backend.contract);
      return tab;
    };
    const tabs = [await open()];
    await tabs[0].evaluate(enter, backend.credentials);
    while (tabs.length < TABS) {
      const tab = await open();
      await tab.waitForFunction(ready.is, { timeout: 10_000, polling: 50 });
      tabs.push(tab);
    }
    await server.reset();
    await server.expire();
    const call = (tab) => tab.evaluate((count) => callsOf("/api/notes", count), CALLS);
    const results = await Promise.all(tabs.map(call));
    const { "upstream GET /refresh": refreshes, "GET /api/auth/session": reads, reuse } = await server.counters();
    // Whether anybody is signed in still shows when the token that is there has expired too.
    await server.expire();
    const later = await call(tabs[0]);
    await profile.close();
    const delivered = results.flatMap(({ answers }) => answers).filter((status) => status === 200).length;
    return {
      reads,
      refreshes,
      reuse,
      delivered: `${delivered} of ${TABS * CALLS}`,
      "tabs signed out": results.filter(signedOut).length,
      "session lost": later.answers.every((status) => status === 200) ? "no" : "yes",
    };
  };

  const report = async (test, name, ...how) => {
    const runs = [];
    for (let run = 0; run < RUNS; run++) runs.push(await measure(...how));
    for (const run of runs) test.diagnostic(`${name}: ${Object.entries(run).map((entry) => entry.join(" ")).join(", ")}`);
    return runs;
  };

  it("is measured with next-auth/react", async (test) => {
    const ready = { open: () => {}, is: () => document.querySelector("#status")?.textContent === "authenticated" };
    await report(test, "next-auth/react", "/client", (credentials) => enter(credentials), ready, ({ error }) => error !== null);
  });

  it("is measured with relatch, which loses nothing", async (test) => {
    const ready = {
      open: (contract) => void open_(contract),
      is: () => session.getState().status === "authenticated" && !session.getState().refreshing,
    };
    const enter = (credentials) => session.signIn(credentials).then(() => {});
    const runs = await report(test, "relatch", "/", enter, ready, ({ status }) => status !== "authenticated");
    for (const run of runs) {
      const { refreshes, reuse, delivered, "session lost": lost } = run;
      const all = `${TABS * CALLS} of ${TABS * CALLS}`;
      assert.deepEqual({ refreshes, reuse, delivered, lost }, { refreshes: 1, reuse: 0, delivered: all, lost: "no" });
    }
  });
});
