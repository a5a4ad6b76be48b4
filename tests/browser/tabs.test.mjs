// Many tabs of one profile against strict rotation: one refresh, and nobody signed out by mistake.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { engine, needsMoreThanWebDriver, openPage, OTHER, startBrowser, startServer, USER } from "./stage.mjs";

const RUNS = Number(process.env.RELATCH_RUNS ?? 1);

describe(`tabs in ${engine}`, { concurrency: false }, () => {
  let browser, server, profile;

  before(async () => {
    server = await startServer();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    profile = await browser.createBrowserContext();
    await server.reset();
  });
  afterEach(() => profile.close());

  /** Opens this many tabs in which the demo user is signed in; the server counts from here. */
  const openTabs = async (count) => {
    const first = await openPage(browser, server.url, profile);
    await first.evaluate(async (user) => {
      open_();
      await session.signIn(user);
    }, USER);
    const tabs = [first];
    while (tabs.length < count) {
      const tab = await openPage(browser, server.url, profile);
      await tab.evaluate(() => open_().get());
      tabs.push(tab);
    }
    return tabs;
  };

  const callsIn = (tabs, count) =>
    Promise.all(
      tabs.map((tab) =>
        tab.evaluate(async (count) => {
          const answers = await Promise.all(Array.from({ length: count }, () => statusOf(session.fetch("/api/notes"))));
          return { failed: answers.filter((answer) => answer.value !== 200), status: session.getState().status };
        }, count),
      ),
    );

  const assertAllWell = async (results, refreshes) => {
    assert.deepEqual(results.flatMap((result) => result.failed), []);
    assert.ok(results.every((result) => result.status === "authenticated"));
    const { refresh, families_revoked } = await server.counters();
    assert.deepEqual([refresh.reuse, refresh.refused, families_revoked], [0, 0, 0]);
    assert.equal(refresh.requests, refreshes);
  };

  it("a second tab gets its token from the first", async () => {
    const [first] = await openTabs(1);
    await server.reset();
    const second = await openPage(browser, server.url, profile);
    const user = await second.evaluate(async () => (await open_().get()).user.email);
    assert.equal(user, USER.email);
    await assertAllWell(await callsIn([first, second], 1), 0);
  });

  for (const count of (process.env.RELATCH_TABS ?? "2,10").split(",").map(Number)) {
    it(`${count} tabs with 20 calls each, whose token the server refuses, cause one refresh`, async () => {
      const tabs = await openTabs(count);
      for (let run = 0; run < RUNS; run++) {
        await server.reset();
        await server.expireAccess();
        await assertAllWell(await callsIn(tabs, 20), 1);
      }
    });
  }

  it("gives the new token to the tabs that wait for the lock, and none of them has to ask", async () => {
    const tabs = await openTabs(5);
    // What the last of them has asked may be answered twice.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await tabs[0].evaluate(() => {
      window.kinds = [];
      new BroadcastChannel(`relatch:1:${location.origin}/auth/refresh`).onmessage = ({ data }) => kinds.push(data.kind);
    });
    await server.reset();
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 600, when: "before" });
    await assertAllWell(await callsIn(tabs, 2), 1);
    // As `kind` in `src/core/wire.rs` has it: the token, then that the stamp has moved.
    assert.deepEqual(await tabs[0].evaluate(() => kinds), [2, 0]);
  });

  it("tells a tab that has asked for nothing of a token that was given to another", async () => {
    const tabs = await openTabs(3);
    await tabs[2].evaluate(() => {
      session.dispose();
      window.renewals = 0;
      open_({}, { onRefreshed: () => renewals++ });
    });
    await tabs[2].evaluate(() => session.get());
    await server.reset();
    await server.expireAccess();
    // The first renews while the second waits for the lock, so that the token is given.
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 600, when: "before" });
    await assertAllWell(await callsIn(tabs.slice(0, 2), 1), 1);
    const generation = await tabs[0].evaluate(() => session.inspect().generation);
    await tabs[2].waitForFunction((it) => session.inspect().generation === it, { timeout: 5000, polling: 50 }, generation);
    assert.deepEqual(await tabs[2].evaluate(() => [session.inspect().source, renewals]), ["tab", 1]);
  });

  it("signs out every tab within a second, while calls and a refresh are on their way, for good", async () => {
    const tabs = await openTabs(10);
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 600, when: "after" });
    const calls = callsIn(tabs, 5);
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const tab of tabs) {
      await tab.evaluate(() => session.subscribe(({ status }) => status === "unauthenticated" && (window.outAt ??= Date.now())));
    }
    const began = await tabs[2].evaluate(() => {
      const began = Date.now();
      window.left = session.signOut();
      return began;
    });
    await Promise.all(tabs.map((tab) => tab.waitForFunction(() => window.outAt, { timeout: 10_000, polling: 50 })));
    const spans = await Promise.all(tabs.map((tab) => tab.evaluate((began) => outAt - began, began)));
    assert.ok(Math.max(...spans) < 1000, `signed out after ${spans} ms`);
    assert.equal((await tabs[2].evaluate(() => left)).confirmed, true);
    await calls;
    await new Promise((resolve) => setTimeout(resolve, 800));
    for (const tab of tabs) {
      const [state, inspection] = await tab.evaluate(() => [session.getState(), session.inspect()]);
      assert.deepEqual([state.status, state.reason, state.data, inspection.expiresInMs], ["unauthenticated", "signedOut", null, null]);
    }
    const cookies = (await profile.cookies()).filter((cookie) => cookie.name === "relatch_refresh" && cookie.value !== "");
    assert.deepEqual(cookies, []);
    assert.equal((await server.counters()).refresh.reuse, 0);
  });

  it("a sign-out reaches a tab that is busy, though its answer clears the storage, and so does the sign-in that follows", async () => {
    const [first, second] = await openTabs(2);
    await server.fault({ path: "/auth/logout", times: 1, status: 204, headers: { "clear-site-data": '"storage"' }, when: "after" });
    const busy = second.evaluate(() => {
      for (const end = performance.now() + 1000; performance.now() < end; );
    });
    assert.deepEqual(await first.evaluate(() => session.signOut()), { confirmed: true, error: null });
    await busy;
    await second.waitForFunction(() => session.getState().status === "unauthenticated", { timeout: 3000, polling: 50 });
    assert.equal(await second.evaluate(() => session.inspect().expiresInMs), null);
    const third = await openPage(browser, server.url, profile);
    await third.evaluate((user) => open_().signIn(user).then(() => {}), OTHER);
    for (const tab of [first, second]) {
      await tab.waitForFunction(() => session.getState().status !== "unauthenticated", { timeout: 3000, polling: 50 });
      assert.equal(await tab.evaluate(async () => (await session.get()).user.email), OTHER.email);
    }
  });

  it("a sign-in reaches every tab though the storage was cleared after the sign-out", { skip: engine !== "chromium" && "no other clears it when asked" }, async () => {
    const tabs = await openTabs(2);
    assert.equal((await tabs[0].evaluate(() => session.signOut())).confirmed, true);
    await tabs[1].waitForFunction(() => session.getState().status === "unauthenticated", { timeout: 3000, polling: 50 });
    const devtools = await tabs[0].createCDPSession();
    await devtools.send("Storage.clearDataForOrigin", { origin: server.url, storageTypes: "indexeddb" });
    const page = await openPage(browser, server.url, profile);
    await page.evaluate((user) => open_().signIn(user).then(() => {}), OTHER);
    for (const tab of tabs) {
      await tab.waitForFunction(() => session.getState().status !== "unauthenticated", { timeout: 3000, polling: 50 });
      assert.equal(await tab.evaluate(async () => (await session.get()).user.email), OTHER.email);
    }
  });

  it("a sign-out reaches a tab whose store is lost for a moment, and a tab where nothing can be written", async () => {
    for (const breakStore of [
      () => {
        const { transaction } = IDBDatabase.prototype;
        IDBDatabase.prototype.transaction = function () {
          IDBDatabase.prototype.transaction = transaction;
          throw new DOMException("Connection to Indexed Database server lost", "UnknownError");
        };
      },
      () => {
        IDBObjectStore.prototype.put = function () {
          this.transaction.abort();
        };
      },
    ]) {
      const [first, second] = await openTabs(2);
      await server.fault({ path: "/auth/logout", times: 9, status: 503, when: "before" });
      for (const tab of [first, second]) await tab.evaluate(breakStore);
      await first.evaluate(() => session.signOut());
      await second.waitForFunction(() => session.getState().status === "unauthenticated", { timeout: 3000, polling: 50 });
      await server.reset();
      await Promise.all([first.close(), second.close()]);
      await profile.close();
      profile = await browser.createBrowserContext();
    }
  });

  it("refreshes once at a time where the disk is full", async () => {
    const [tab] = await openTabs(1);
    await tab.evaluate(() => {
      const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = function (...given) {
        const request = put.apply(this, given);
        // As a quota does it: the transaction ends without what was put, after it was asked to commit.
        const { transaction } = this;
        transaction.commit = () => transaction.abort();
        return request;
      };
    });
    for (let run = 0; run < 3; run++) {
      await server.reset();
      await server.expireAccess();
      await assertAllWell(await callsIn([tab], 5), 1);
    }
    assert.deepEqual(await tab.evaluate(() => session.signOut()), { confirmed: true, error: null });
    await server.reset();
    await tab.evaluate((user) => session.signIn(user).then(() => {}), USER);
    await assertAllWell(await callsIn([tab], 1), 0);
  });

  it("a sign-in as another user reaches every tab, and no call is sent as that one", async () => {
    const tabs = await openTabs(3);
    await server.expireAccess();
    await server.fault({ path: "/auth/login", times: 1, delayMs: 400, when: "before" });
    const entering = tabs[0].evaluate((other) => session.signIn(other).then((data) => data.user.email), OTHER);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const calls = Promise.all(
      tabs.slice(1).map((tab) => tab.evaluate(() => statusOf(session.fetch("/api/notes", { method: "POST", body: "{}" })))),
    );
    assert.equal(await entering, OTHER.email);
    assert.deepEqual((await calls).map((call) => call.code), ["SessionChanged", "SessionChanged"]);
    for (const tab of tabs) {
      await tab.waitForFunction((email) => session.getState().data?.user.email === email, { timeout: 10_000, polling: 50 }, OTHER.email);
    }
    assert.equal((await server.counters()).refresh.reuse, 0);
  });

  it("a tab that is closed with its refresh in flight costs nobody the session", async () => {
    const tabs = await openTabs(3);
    await server.reset();
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 500, when: "after" });
    tabs[0].evaluate(() => void session.fetch("/api/notes").catch(() => {})).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.equal((await server.counters()).refresh.requests, 1);
    await tabs[0].close();
    const results = await callsIn(tabs.slice(1), 3);
    assert.deepEqual(results.flatMap((result) => result.failed), []);
    assert.deepEqual(results.map((result) => result.status), ["authenticated", "authenticated"]);
    assert.equal((await server.counters()).refresh.reuse, 0);
  });

  it("a page that navigates with its refresh in flight finds its session again", async () => {
    const [tab] = await openTabs(1);
    await server.reset();
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 500, when: "after" });
    await tab.evaluate(() => void session.fetch("/api/notes").catch(() => {}));
    await new Promise((resolve) => setTimeout(resolve, 250));
    await tab.reload();
    const user = await tab.evaluate(async () => (await open_().get())?.user.email);
    assert.equal(user, USER.email);
    assert.equal((await server.counters()).refresh.reuse, 0);
  });

  it("tabs that are restored together cause one refresh", async () => {
    const tabs = await openTabs(5);
    await Promise.all(tabs.map((tab) => tab.goto("about:blank")));
    await server.reset();
    await Promise.all(tabs.map((tab) => tab.goto(server.url)));
    const users = await Promise.all(tabs.map((tab) => tab.evaluate(async () => (await open_().get())?.user.email)));
    assert.deepEqual(users, Array(5).fill(USER.email));
    await assertAllWell(await callsIn(tabs, 3), 1);
  });

  it("a tab that is frozen while it holds the lock holds nobody up for ever, and commits nothing when it thaws", { skip: engine !== "chromium" && "only Chromium gives each tab a process of its own" }, async () => {
    const tabs = await openTabs(3);
    for (const tab of tabs) await tab.evaluate(() => (session.dispose(), open_({ timeoutMs: 1500 }).get()));
    await server.reset();
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 400, when: "after" });
    // Its request leaves, and then the tab does nothing for 20 s: no timer, no message, no answer.
    const first = tabs[0].evaluate(() => {
      const call = statusOf(session.fetch("/api/notes"));
      setTimeout(() => {
        for (const end = performance.now() + 20_000; performance.now() < end; );
      }, 200);
      return call;
    });
    await new Promise((resolve) => setTimeout(resolve, 250));
    let thawed = false;
    first.then(() => (thawed = true));
    const others = await callsIn(tabs.slice(1), 2);
    assert.deepEqual(others.flatMap((result) => result.failed), []);
    assert.equal(thawed, false, "the others did not wait for it");
    assert.deepEqual(await first, { value: 200 });
    const states = await Promise.all(tabs.map((tab) => tab.evaluate(() => session.getState().status)));
    assert.deepEqual(states, Array(3).fill("authenticated"));
    const { refresh } = await server.counters();
    assert.deepEqual([refresh.requests, refresh.reuse], [2, 0]);
  });

  it("does without a window: in a worker", async () => {
    const page = await openPage(browser, server.url, profile);
    const answer = await page.evaluate(
      (user) =>
        new Promise((resolve, reject) => {
          const worker = new Worker("worker.js");
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = (event) => reject(new Error(event.message));
          worker.postMessage(user);
        }),
      USER,
    );
    assert.deepEqual(answer, { status: 200, email: USER.email });
  });

  it("is not moved by a clock that is wrong by hours, nor by one that jumps", { skip: needsMoreThanWebDriver }, async () => {
    const page = await profile.newPage();
    await page.evaluateOnNewDocument(() => {
      const now = Date.now;
      window.skew = 5 * 3_600_000;
      Date.now = () => now() + window.skew;
    });
    await page.goto(server.url);
    await page.evaluate(async (user) => {
      open_();
      await session.signIn(user);
    }, USER);
    await server.reset();
    for (const skew of [0, -30, 3_000].map((hours) => hours * 3_600_000)) {
      const status = await page.evaluate(async (skew) => ((window.skew = skew), (await session.fetch("/api/notes")).status), skew);
      assert.equal(status, 200);
    }
    assert.equal((await server.counters()).refresh.requests, 0);
  });

  it("works in each tab alone where there are no locks", { skip: needsMoreThanWebDriver }, async () => {
    const page = await profile.newPage();
    page.said = [];
    page.on("console", (message) => page.said.push(message.text()));
    await page.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
    await page.goto(server.url);
    const status = await page.evaluate(async (user) => {
      open_();
      await session.signIn(user);
      return (await session.fetch("/api/notes")).status;
    }, USER);
    assert.equal(status, 200);
    assert.equal(page.said.filter((text) => text.includes("each tab works on its own")).length, 1);
  });

  it("is correct where IndexedDB or BroadcastChannel is missing", { skip: needsMoreThanWebDriver }, async () => {
    for (const name of ["indexedDB", "BroadcastChannel"]) {
      const page = await profile.newPage();
      await page.evaluateOnNewDocument((name) => Object.defineProperty(window, name, { value: undefined }), name);
      await page.goto(server.url);
      const result = await page.evaluate(async (user) => {
        open_();
        await session.signIn(user);
        return [(await session.fetch("/api/notes")).status, (await session.signOut()).confirmed];
      }, USER);
      assert.deepEqual(result, [200, true], name);
      await page.close();
    }
  });
});
