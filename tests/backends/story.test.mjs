// The same story against every backend: sign in, call, expire, revoke, sign out; in one tab and in ten. A backend is a
// folder here with its server and `backend.mjs`, which says what its contract is and how it is started.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { engine, openPage, startBrowser } from "../browser/stage.mjs";

const API = "/api/notes";
const TABS = 10;

const folders = readdirSync(new URL(".", import.meta.url), { withFileTypes: true }).filter((entry) => entry.isDirectory());
const backends = [];
for (const { name } of folders) {
  const file = new URL(`${name}/backend.mjs`, import.meta.url);
  const wanted = process.env.RELATCH_BACKEND?.split(",").includes(name) ?? true;
  if (wanted && readdirSync(new URL(`${name}/`, import.meta.url)).includes("backend.mjs")) backends.push((await import(file)).default);
}

/** Waits until a tab knows this, and has asked the server for nothing more. */
const until = (tab, status) => {
  const isSettled = (status) => session.getState().status === status && !session.getState().refreshing;
  return tab.waitForFunction(isSettled, { timeout: 10_000, polling: 50 }, status);
};

for (const backend of backends) {
  describe(`${backend.name}, in ${engine}`, { concurrency: false }, () => {
    let browser, server, profile;

    before(async () => {
      server = await backend.start();
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

    const openTab = async () => {
      const tab = await openPage(browser, server.url, profile);
      await tab.evaluate((contract) => void open_(contract), backend.contract);
      return tab;
    };

    const signIn = (tab, credentials) =>
      backend.signIn?.(tab, credentials) ?? tab.evaluate((credentials) => outcome(session.signIn(credentials)), credentials);

    /** Opens this many tabs in which the user is signed in; the server counts from here. */
    const openTabs = async (count) => {
      const tabs = [await openTab()];
      await signIn(tabs[0], backend.credentials);
      while (tabs.length < count) {
        const tab = await openTab();
        await until(tab, "authenticated");
        tabs.push(tab);
      }
      await server.reset();
      return tabs;
    };

    const callsIn = (tabs, count, path = API) =>
      Promise.all(tabs.map((tab) => tab.evaluate((path, count) => callsOf(path, count), path, count)));

    /** That every call was answered with 200, in tabs that are still signed in. */
    const assertDelivered = (results) => {
      assert.deepEqual(results.flatMap(({ answers }) => answers.filter((answer) => answer !== 200)), []);
      assert.deepEqual(results.filter(({ status }) => status !== "authenticated"), []);
    };

    /** What the server has seen of renewals and of tokens that came a second time. */
    const assertSeen = async (renewals) => {
      const seen = await server.counters();
      assert.deepEqual([seen[backend.renewal] ?? 0, seen.reuse ?? 0], [renewals, 0], JSON.stringify(seen));
    };

    /** That the session has ended in a tab, and once. */
    const assertEnded = async (tab, reason) => {
      await until(tab, "unauthenticated");
      const [state, inspection, endings] = await tab.evaluate(() => [session.getState(), session.inspect(), endings()]);
      assert.deepEqual([state.reason, state.data, inspection.expiresInMs, endings], [reason, null, null, 1]);
    };

    /** That nobody is signed in here, by the server's own word. */
    const assertNobody = async (tab) => {
      const { path, ...nobody } = backend.nobody;
      const ask = (path) => fetch(path).then(async (response) => ({ status: response.status, body: await response.text() }));
      const answer = await tab.evaluate(ask, path);
      assert.deepEqual({ ...answer, ...nobody }, answer);
    };

    it("refuses wrong credentials as such, and leaves the state as it was", async () => {
      const tab = await openTab();
      await until(tab, "unauthenticated");
      const shown = () => tab.evaluate(() => (({ status, data, reason }) => ({ status, data, reason }))(session.getState()));
      const before = await shown();
      const refused = await signIn(tab, backend.wrong);
      assert.equal(refused.code, backend.refused ?? "BadCredentials", JSON.stringify(refused));
      assert.deepEqual(await shown(), before);
    });

    it("signs in, calls the API, and stays signed in over a reload", async () => {
      const [tab] = await openTabs(1);
      assertDelivered(await callsIn([tab], 1));
      await tab.reload();
      const data = await tab.evaluate((contract) => open_(contract).get(), backend.contract);
      assert.deepEqual({ ...data.user, ...backend.user }, data.user);
      assertDelivered(await callsIn([tab], 1));
    });

    if (backend.expires) {
      it("delivers a call, and 20 at once, after the access has expired, by one renewal each", async () => {
        const [tab] = await openTabs(1);
        await server.expire();
        assertDelivered(await callsIn([tab], 1));
        await assertSeen(1);
        await server.expire();
        assertDelivered(await callsIn([tab], 20));
        await assertSeen(2);
      });

      it(`delivers the calls of ${TABS} tabs at once after the access has expired, by one renewal`, async () => {
        const tabs = await openTabs(TABS);
        await server.expire();
        assertDelivered(await callsIn(tabs, 5));
        await assertSeen(1);
      });
    }

    if (backend.lifeSeconds) {
      it("renews by itself or when it is called once the token has lived its life, once for three tabs", async () => {
        const tabs = await openTabs(3);
        await new Promise((resolve) => setTimeout(resolve, (backend.lifeSeconds + 1) * 1000));
        assertDelivered(await callsIn(tabs, 5));
        await assertSeen(1);
      });
    }

    it("takes an endpoint's own refusal for no more than that", async () => {
      const [tab] = await openTabs(1);
      // Without an id, a JWT of the same second is the same token, and a refused token that comes again is no new one.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const [{ answers, status }] = await callsIn([tab], 1, "/test/always-401");
      assert.deepEqual([answers, status], [[401], "authenticated"]);
      assertDelivered(await callsIn([tab], 1));
    });

    it("ends once when the session was revoked, and delivers the refusals of 20 calls", async () => {
      const [tab] = await openTabs(1);
      await server.revoke();
      const [{ answers }] = await callsIn([tab], 20);
      assert.deepEqual(answers.filter((answer) => answer !== backend.refusal), []);
      await assertEnded(tab, "expired");
      await assertSeen(1);
      await signIn(tab, backend.credentials);
      assertDelivered(await callsIn([tab], 1));
    });

    it(`ends once in each of ${TABS} tabs when the session was revoked`, async () => {
      const tabs = await openTabs(TABS);
      await server.revoke();
      const results = await callsIn(tabs, 5);
      assert.deepEqual(results.flatMap(({ answers }) => answers.filter((answer) => answer !== backend.refusal)), []);
      for (const tab of tabs) await assertEnded(tab, "expired");
      await assertSeen(1);
    });

    it("is signed out by another tab, holds nothing then, and the server knows of nobody", async () => {
      const [here, elsewhere] = await openTabs(2);
      assert.deepEqual(await elsewhere.evaluate(() => session.signOut()), { confirmed: true, error: null });
      await assertEnded(here, "signedOut");
      await assertNobody(here);
      const [{ answers }] = await callsIn([here], 1);
      assert.deepEqual(answers, [401]);
      await here.reload();
      assert.equal(await here.evaluate((contract) => open_(contract).get(), backend.contract), null);
    });
  });
}
