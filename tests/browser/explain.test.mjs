// The flight recorder in a browser: what a session says of itself, and what it keeps to itself.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { engine, openPage, signedIn, startBrowser, startServer, USER } from "./stage.mjs";

describe(`relatch/explain in ${engine}`, { concurrency: false }, () => {
  let browser, server;

  before(async () => {
    server = await startServer();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(async () => {
    for (const context of browser.browserContexts()) if (context !== browser.defaultBrowserContext()) await context.close();
  });

  /** A page in which the words are at hand. */
  const withWords = async (opening) => {
    const page = await opening;
    await page.evaluate(async () => void (window.words = await import("/relatch/explain.js")));
    return page;
  };
  const open = (...given) => withWords(openPage(...given));
  const enter = (...given) => withWords(signedIn(...given));

  const explain = (page) => page.evaluate(() => words.explain(session));
  const kinds = (page) => page.evaluate(() => words.report(session).records.map(({ kind }) => kind));

  it("says that somebody is signed in, how the token came and how long it lasts", async () => {
    const profile = await browser.createBrowserContext();
    const first = await open(browser, server.url, profile);
    const [begun, inspected] = await first.evaluate(() => [words.explain(open_()), session.inspect()]);
    assert.match(begun.text, /^Not known yet: not started\.$/);
    assert.deepEqual(inspected, { generation: 0, expiresInMs: null, dueInMs: null, source: null });
    await first.evaluate((user) => session.signIn(user), USER);
    const here = await explain(first);
    assert.equal(here.code, "SignedInHere");
    assert.match(here.text, /^Signed in: signed in here\. Token: \d+ (s|min) left\. Next request in \d+ (s|min)\.$/);
    assert.ok(here.expiresInMs > here.refreshInMs && here.refreshInMs > 0 && here.lastProblem === null, JSON.stringify(here));
    const second = await open(browser, server.url, profile);
    await second.evaluate(() => open_().get());
    const adopted = await explain(second);
    assert.equal(adopted.code, "RenewedByAnotherTab");
    assert.match(adopted.text, /^Signed in: renewed by another tab\. Token/);
    const [given, taken] = [await first.evaluate(() => words.report(session)), await second.evaluate(() => words.report(session))];
    assert.deepEqual([given.token.source, taken.token.source, given.sharing], ["own", "tab", true]);
    const sources = () => Promise.all([first, second].map((page) => page.evaluate(() => session.inspect().source)));
    assert.deepEqual(await sources(), ["own", "tab"]);
    assert.equal(given.generation, taken.generation);
    assert.notEqual(given.tab, taken.tab);
    assert.ok(given.records.some(({ kind, generation }) => kind === "gave" && generation === given.generation));
    assert.ok(Math.abs(given.token.expiresAt - taken.token.expiresAt) < 2000);
    await first.evaluate(() => session.signOut());
    await second.waitForFunction(() => session.getState().status === "unauthenticated", { polling: 50 });
    assert.deepEqual([await explain(first), await explain(second)].map(({ text }) => text), [
      "Nobody is signed in: signed out here.",
      "Nobody is signed in: signed out in another tab.",
    ]);
    assert.deepEqual(await sources(), [null, null]);
  });

  it("says what is wrong with the server, when it is asked again, and that it is over", async () => {
    const page = await enter(browser, server);
    await server.fault({ path: "/auth/refresh", times: 2, status: 503, when: "before" });
    await server.expireAccess();
    await page.evaluate(() => statusOf(session.fetch("/api/notes")));
    const busy = await explain(page);
    assert.equal(busy.code, "ServerBusy");
    assert.match(busy.text, /^Signed in: server busy \(503\)\. The auth server is busy.* Next request in \d+ s\. Last problem: 503 at \d\d:\d\d:\d\d, 0 retries\.$/);
    assert.deepEqual([busy.lastProblem.code, busy.lastProblem.status, busy.lastProblem.recovered], ["TryLater", 503, false]);
    await page.evaluate(async () => (await outcome(session.refresh()), await session.refresh()));
    const well = await explain(page);
    assert.deepEqual([well.code, well.lastProblem.retries], ["RenewedHere", 2]);
    assert.match(well.text, /^Signed in: renewed here\. .* Last problem: 503 at \d\d:\d\d:\d\d, 2 retries, recovered\.$/);
  });

  it("tells a cookie that is not kept from a session that is over", async () => {
    const page = await enter(browser, server);
    await page.browserContext().deleteCookie(...(await page.browserContext().cookies()).filter(({ name }) => name === "relatch_refresh"));
    await server.expireAccess();
    await page.evaluate(() => session.fetch("/api/notes"));
    const { code, text } = await explain(page);
    assert.equal(code, "FirstRefreshRefused");
    assert.match(text, /^Nobody is signed in: first refresh refused \(401\)/);
  });

  it("says that the module could not start", async () => {
    const strict = await startServer("--csp", "default-src 'self'; script-src 'self'");
    try {
      const page = await open(browser, strict.url);
      const [explanation, report] = await page.evaluate(async () => {
        await outcome(open_().get());
        return [words.explain(session), words.report(session)];
      });
      assert.equal(explanation.code, "ModuleUnavailable");
      assert.match(explanation.text, /^Not known yet: module unavailable\. .*'wasm-unsafe-eval'/);
      assert.deepEqual([report.records, report.token, report.state.error], [[], null, "ModuleUnavailable"]);
    } finally {
      await strict.stop();
    }
  });

  it("says that a session was disposed of, be it before it was started or afterwards", async () => {
    const page = await enter(browser, server);
    const codes = await page.evaluate(() => {
      const never = relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }) });
      return [never, session].map((session) => (session.dispose(), words.explain(session).code));
    });
    assert.deepEqual(codes, ["Disposed", "Disposed"]);
  });

  it("records what becomes of calls that wait, are refused, go again or fail, and not of others", async () => {
    const page = await enter(browser, server);
    const before = await page.evaluate(async () => {
      const before = words.report(session).records.at(-1).seq;
      for (let at = 0; at < 20; at++) await session.fetch("/api/notes");
      return before;
    });
    assert.equal(await page.evaluate(() => words.report(session).records.at(-1).seq), before);
    await server.expireAccess();
    await page.evaluate(() => session.fetch("/api/notes"));
    const records = await page.evaluate((since) => words.report(session, { since }).records, before + 1);
    assert.equal(records[0].seq, before + 1);
    const call = records.filter((record) => record.call);
    assert.deepEqual(call.map(({ kind }) => kind), ["callRefused", "callWaited", "callRetried"]);
    assert.deepEqual([...new Set(call.map((record) => record.call))], [21], "the call's number in this tab");
    assert.equal(call[0].status, 401);
    assert.ok(call[2].generation > call[1].generation);
    const refresh = records.find(({ kind }) => kind === "answered");
    assert.deepEqual([refresh.operation, refresh.verdict, refresh.status, "code" in refresh], ["refresh", "accepted", 200, false]);
    assert.ok(refresh.durationMs >= 0 && Math.abs(refresh.at - Date.now()) < 60_000);
    const order = ["lockAsked", "locked", "announced", "sent", "answered", "committed"];
    assert.deepEqual(records.map(({ kind }) => kind).filter((kind) => order.includes(kind)), order);
    assert.ok(records.find(({ kind }) => kind === "committed").lifeMs > 0);
  });

  it("logs each record by one line, once, where logRecords is given as onRecords, and none where nothing is", async () => {
    const page = await open(browser, server.url);
    await page.evaluate(async (user) => {
      open_({}, { onRecords: words.logRecords });
      await session.signIn(user);
      await session.fetch("/api/notes");
    }, USER);
    const lines = () => page.said.filter((line) => line.startsWith("relatch "));
    const said = lines();
    const { tab, records } = await page.evaluate(() => words.report(session));
    assert.deepEqual(said.map((line) => line.split(" ").slice(0, 2).concat(line.split(" ")[3])), records.map(({ kind }) => ["relatch", tab, kind]));
    assert.match(said.find((line) => line.includes(" answered ")), /operation=\w+ verdict=\w+ /);
    await page.evaluate(() => words.logRecords(session));
    assert.deepEqual(lines(), said, "nothing is new");
    const quiet = await enter(browser, server);
    assert.deepEqual(quiet.said.filter((line) => line.startsWith("relatch ")), []);
  });

  it("goes on where onRecords throws, and reports what it has thrown", async () => {
    const page = await open(browser, server.url);
    await server.reset();
    const { given, status, kept, unhandled } = await page.evaluate(async (user) => {
      const given = new Set();
      const onRecords = (session) => {
        given.add(session);
        throw new Error("thrown by onRecords");
      };
      open_({}, { onRecords });
      await session.signIn(user);
      await session.refresh();
      const { status } = await session.fetch("/api/notes");
      const kept = words.report(session).records.length;
      return { given: given.size === 1 && given.has(session), status, kept, unhandled: rejections };
    }, USER);
    assert.deepEqual([given, status, unhandled], [true, 200, []]);
    assert.ok(kept > 5, `${kept} records`);
    assert.ok(page.said.some((line) => line.includes("thrown by onRecords")), page.said.join("\n"));
    assert.equal((await server.counters()).refresh.rotated, 1);
    await page.evaluate(() => session.signOut());
    assert.equal(await page.evaluate(() => session.getState().status), "unauthenticated");
  });

  it("keeps the newest records only, as many as were asked for, and explains without any", async () => {
    const page = await open(browser, server.url);
    const [few, none] = await page.evaluate(async (user) => {
      const made = [5, 0].map((records) => relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }), records }));
      await made[0].signIn(user);
      await made[1].get();
      await made[1].refresh();
      return made.map((session) => [words.report(session), words.explain(session).code]);
    }, USER);
    const [first, ...rest] = few[0].records.map(({ seq }) => seq);
    assert.deepEqual(rest, [1, 2, 3, 4].map((more) => first + more));
    assert.ok(first > 0);
    assert.deepEqual([none[0].records, none[1]], [[], "RenewedHere"]);
  });

  it("has no token, no cookie, no password, no user and no query in it", async () => {
    const page = await open(browser, server.url);
    const secrets = await page.evaluate(async (user) => {
      window.seen = [];
      const json = Response.prototype.json;
      Response.prototype.json = async function (...args) {
        const value = await json.apply(this, args);
        if (value?.accessToken) seen.push(value.accessToken, value.accessToken.split(".").at(-1));
        return value;
      };
      const contract = { signOut: { path: "/logout?trace=canary-path", headers: { "x-canary": "canary-header" }, extra: { more: "canary-field" } } };
      open_(contract, { onRecords: words.logRecords });
      window.told = [];
      const tell = () => told.push(JSON.stringify([words.explain(session), words.report(session), session.record(0)]));
      session.subscribe(tell);
      await outcome(session.signIn({ ...user, password: "canary-password" }));
      await session.signIn(user);
      await session.fetch("/api/notes?filter=canary-query", { headers: { "x-more": "canary-call" } });
      tell();
      return [user.password, user.email, ...Object.values(session.getState().data.user).filter((value) => typeof value === "string")];
    }, USER);
    const cookies = (await page.browserContext().cookies()).map(({ value }) => value);
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, status: 503, when: "before" });
    await page.evaluate(() => statusOf(session.fetch("/api/notes?filter=canary-query", { method: "POST", body: "canary-body" })));
    await page.evaluate(() => session.refresh());
    cookies.push(...(await page.browserContext().cookies()).map(({ value }) => value));
    const { tokens, told } = await page.evaluate(async () => {
      await session.signOut();
      return { tokens: seen, told: [...told, JSON.stringify([words.explain(session), words.report(session), session.record(0)])] };
    });
    const said = [...told, ...page.said.filter((line) => line.startsWith("relatch "))].join("\n");
    assert.ok(tokens.length >= 4 && cookies.filter((value) => value.length > 20).length >= 2, "the test knows what it looks for");
    assert.ok(said.includes("committed") && said.includes('"signOut.path":"/auth') === false && said.includes('"signOut.path":"/logout"'));
    const needles = [...tokens, ...cookies, ...secrets, "canary", server.url].filter((needle) => needle.length > 3);
    assert.deepEqual(needles.filter((needle) => said.includes(needle)), []);
    const text = await page.evaluate(() => JSON.stringify(words.report(session)));
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(JSON.parse(text))));
    assert.ok(text.length < 60_000, `${text.length} characters`);
  });

  it("says that the browser is offline", { skip: engine !== "chromium" && "Firefox has no switch for it" }, async () => {
    const page = await enter(browser, server);
    await server.expireAccess();
    await page.setOfflineMode(true);
    await page.evaluate(() => statusOf(session.refresh()));
    assert.equal((await explain(page)).code, "BrowserOffline");
    await page.setOfflineMode(false);
    await page.evaluate(() => session.refresh());
    assert.equal((await explain(page)).code, "RenewedHere");
    assert.ok((await kinds(page)).includes("online"));
  });
});
