// What networks, gateways and servers do wrong, and what an application sees of it.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { gate, startProxy } from "./proxy.mjs";
import { engine, openPage, signedIn, startBrowser, startServer, USER } from "./stage.mjs";

const REFRESH = "/auth/refresh";
/** The shortest pause after a failed refresh, in milliseconds (`src/core/backoff.rs`). */
const SHORTEST_PAUSE = 250;
const json = { "content-type": "application/json" };
const html = { "content-type": "text/html; charset=utf-8" };

describe(`faults in ${engine}`, { concurrency: false }, () => {
  let browser, proxy, closing, keeping, server, quick;

  before(async () => {
    [closing, keeping] = [await startProxy(), await startProxy({ keepAlive: true })];
    server = await startServer("--origin", closing.url, "--origin", keeping.url);
    quick = await startServer("--origin", closing.url, "--access-ttl", "2");
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await Promise.all([server, quick, closing, keeping].map((it) => it?.stop()));
  });
  beforeEach(() => {
    proxy = closing;
    for (const each of [closing, keeping]) {
      each.to(server.url);
      each.reset();
    }
  });
  afterEach(async () => {
    for (const context of browser.browserContexts()) if (context !== browser.defaultBrowserContext()) await context.close();
  });

  const throughProxy = (server) => ({ ...server, url: proxy.url });

  /** A page whose user is signed in and whose access token the server refuses; the proxy's log begins here. */
  const refused = async (contract) => {
    const page = await signedIn(browser, throughProxy(server), contract);
    await page.evaluate(() => (states.length = 0));
    await server.expireAccess();
    proxy.reset();
    return page;
  };

  /** Strikes one refresh. */
  const strike = (fault) => {
    proxy.fault(REFRESH, { times: 1, ...fault });
    return fault;
  };

  const refreshes = () => proxy.asked(REFRESH).length;

  /** Calls at once, how each ended, and what the application sees then. */
  const calls = (page, count = 20) =>
    page.evaluate(async (count) => {
      const began = performance.now();
      const answers = await Promise.all(Array.from({ length: count }, () => statusOf(session.fetch("/api/notes"))));
      const { status, freshness, reason, error, data } = session.getState();
      return {
        ended: [...new Set(answers.map((answer) => answer.code ?? answer.value))],
        answer: answers[0],
        ms: performance.now() - began,
        state: { status, freshness, reason, code: error?.code ?? null, user: data?.user.email ?? null },
        rejections,
      };
    }, count);

  const signedInState = { status: "authenticated", freshness: "fresh", reason: null, code: null, user: USER.email };
  const endedState = { status: "unauthenticated", freshness: "fresh", reason: "expired", code: null, user: null };

  /**
   * Calls again and again, as an impatient user does, until one comes through; and after a while presses what is there to try
   * again, which ends every pause but one that the server asked for.
   */
  const recovers = async (page) => {
    const answer = await page.evaluate(async () => {
      const began = performance.now();
      const end = began + 20_000;
      let answer;
      do {
        answer = await statusOf(session.fetch("/api/notes"));
        if (answer.value !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
        if (answer.value !== 200 && performance.now() > began + 3_000) await session.refresh().catch(() => {});
      } while (answer.value !== 200 && performance.now() < end);
      return answer;
    });
    assert.deepEqual(answer, { value: 200 });
    assert.deepEqual((await calls(page, 1)).state, signedInState);
  };

  const assertNoHarm = async () => {
    const { refresh, families_revoked } = await server.counters();
    assert.deepEqual([refresh.reuse, families_revoked], [0, 0]);
  };

  const KEPT = [
    ["the refresh is reset before it reaches the server", { reset: "before" }, "Network", "offline"],
    ["the body of the answer is cut short", { truncate: true }, "Network", "offline"],
    ["the server answers 408", { status: 408 }, "TryLater", "stale"],
    ["the server answers 425", { status: 425 }, "TryLater", "stale"],
    ["the server answers 429 without Retry-After", { status: 429 }, "TryLater", "stale"],
    ["the server answers 500 with a page", { status: 500, headers: html, body: "<h1>Oops</h1>" }, "TryLater", "stale"],
    ["the server answers 503", { status: 503 }, "TryLater", "stale"],
    ["a gateway answers 502 after the server has rotated, and passes the cookie on", { status: 502, when: "after" }, "TryLater", "stale"],
    ["a page comes with 200", { status: 200, headers: html, body: "<h1>Log in</h1>" }, "BadResponse", "stale"],
    ["a page comes with 403", { status: 403, headers: html, body: "<h1>Log in</h1>" }, "BadResponse", "stale"],
    ["broken JSON comes with 200", { status: 200, headers: json, body: '{"accessToken": "ey' }, "BadResponse", "stale"],
    ["nothing comes with 204", { status: 204 }, "BadResponse", "stale"],
    ["JSON without a token comes with 200", { status: 200, headers: json, body: '{"ok":true}' }, "BadResponse", "stale"],
    ["the refresh is redirected to a login page", { status: 302, headers: { location: "/login" } }, "BadResponse", "stale"],
  ];
  for (const [name, fault, code, freshness] of KEPT) {
    it(`keeps the session when ${name}`, async () => {
      const page = await refused();
      proxy.fault(REFRESH, fault);
      const seen = await calls(page);
      assert.deepEqual([seen.ended, seen.answer.name, seen.rejections], [[code], "RelatchError", []]);
      assert.deepEqual(seen.state, { ...signedInState, freshness, code });
      assert.ok(refreshes() >= 1 && refreshes() <= 1 + seen.ms / SHORTEST_PAUSE, `${refreshes()} refreshes in ${seen.ms} ms`);
      proxy.heal();
      await recovers(page);
      assert.deepEqual(proxy.asked("/login"), []);
      await assertNoHarm();
    });
  }

  it("asks once a pause, however many calls are made, while the server is down", async () => {
    const page = await refused();
    proxy.fault(REFRESH, { status: 500 });
    const { count, codes, ms } = await page.evaluate(async () => {
      const began = performance.now();
      const codes = new Set();
      let count = 0;
      while (performance.now() < began + 3000) {
        const answers = await Promise.all(Array.from({ length: 5 }, () => statusOf(session.fetch("/api/notes"))));
        for (const answer of answers) codes.add(answer.code ?? answer.value);
        count += answers.length;
      }
      return { count, codes: [...codes], ms: performance.now() - began };
    });
    assert.deepEqual(codes, ["TryLater"]);
    assert.ok(count >= 20, `${count} calls`);
    assert.ok(refreshes() >= 2 && refreshes() <= 1 + ms / SHORTEST_PAUSE, `${refreshes()} refreshes for ${count} calls in ${ms} ms`);
    proxy.heal();
    await page.evaluate(() => session.refresh());
    assert.deepEqual((await calls(page)).state, signedInState);
    await assertNoHarm();
  });

  for (const [where, isUsed] of [
    ["on a connection of its own", false],
    ["on a used connection, where browsers ask again by themselves", true],
  ]) {
    it(`an answer lost after the server has rotated, ${where}, costs at most the session, once and without a loop`, async () => {
      if (isUsed) proxy = keeping;
      const page = await refused();
      proxy.fault(REFRESH, { reset: "after", times: 1 });
      const first = await calls(page, 1);
      if (!isUsed) assert.deepEqual([first.ended, first.state], [["Network"], { ...signedInState, freshness: "offline", code: "Network" }]);
      // A strict server takes the second request for theft. That is its word, and it is believed.
      const seen = await page.evaluate(async () => {
        const end = performance.now() + 20_000;
        while (session.getState().status === "authenticated" && performance.now() < end) {
          await statusOf(session.fetch("/api/notes"));
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return states.map((state) => state.status);
      });
      assert.equal(seen.filter((status) => status === "unauthenticated").length, 1);
      const { ended, state, rejections } = await calls(page);
      assert.deepEqual([ended, state, rejections], [[401], endedState, []]);
      const { refresh } = await server.counters();
      assert.deepEqual([refresh.requests, refresh.rotated, refresh.reuse], [2, 1, 1]);
    });
  }

  for (const [name, fault] of [
    ["hangs before the server sees it", () => ({ hold: gate() })],
    ["hangs after the server has rotated", () => ({ hold: gate(), when: "after" })],
  ]) {
    it(`a refresh that ${name} fails calls by Timeout, and its late answer counts`, async () => {
      const page = await refused({ timeoutMs: 700 });
      const { hold } = strike(fault());
      const seen = await calls(page);
      assert.deepEqual([seen.ended, seen.state], [["Timeout"], { ...signedInState, freshness: "stale", code: "Timeout" }]);
      hold.open();
      await page.waitForFunction(() => session.getState().freshness === "fresh", { polling: 50, timeout: 10_000 });
      assert.deepEqual(await calls(page).then(({ ended, state }) => [ended, state]), [[200], signedInState]);
      assert.equal(refreshes(), 1);
      await assertNoHarm();
    });
  }

  it("an answer that drips fails calls by Timeout, and counts when it is whole", async () => {
    const page = await refused({ timeoutMs: 700 });
    strike({ dripMs: 4 });
    const seen = await calls(page);
    assert.deepEqual([seen.ended, seen.state], [["Timeout"], { ...signedInState, freshness: "stale", code: "Timeout" }]);
    await page.waitForFunction(() => session.getState().freshness === "fresh", { polling: 50, timeout: 30_000 });
    assert.deepEqual((await calls(page)).ended, [200]);
    assert.equal(refreshes(), 1);
    await assertNoHarm();
  });

  it("a refresh that hangs and never reaches the server does not keep the next one from going", async () => {
    const page = await refused({ timeoutMs: 700 });
    const { hold } = strike({ hold: gate(), reset: "before" });
    assert.deepEqual((await calls(page)).ended, ["Timeout"]);
    // It may still be under way: nobody asks again for a while, unless the network comes back.
    assert.deepEqual((await calls(page)).ended, ["Timeout"]);
    assert.equal(refreshes(), 1);
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await recovers(page);
    assert.equal(refreshes(), 2);
    hold.open();
    await assertNoHarm();
    assert.deepEqual((await calls(page)).state, signedInState);
  });

  const DEAD = [
    ["401", { status: 401, headers: json, body: '{"error":"no_session"}' }],
    ["400 invalid_grant", { status: 400, headers: json, body: '{"error":"invalid_grant"}' }],
    ["403", { status: 403, headers: json, body: "{}" }],
  ];
  for (const [name, fault] of DEAD) {
    it(`ends the session once when the refresh is answered by ${name}`, async () => {
      const page = await refused();
      proxy.fault(REFRESH, fault);
      for (let round = 0; round < 2; round++) {
        const { ended, state, rejections } = await calls(page);
        assert.deepEqual([ended, state, rejections], [[401], endedState, []]);
      }
      assert.equal(await page.evaluate(() => states.filter((state) => state.status === "unauthenticated").length), 1);
      assert.equal(refreshes(), 1);
    });
  }

  const MISCONFIGURED = [
    ["404", { status: 404 }],
    ["405", { status: 405 }],
    ["415", { status: 415 }],
    ["400 invalid_client", { status: 400, headers: json, body: '{"error":"invalid_client"}' }],
    ["401 invalid_client", { status: 401, headers: json, body: '{"error":"invalid_client"}' }],
  ];
  it("keeps the session and says once that the contract is wrong when the refresh itself is refused", async () => {
    const page = await refused();
    await page.evaluate(() => {
      window.logged = [];
      const error = console.error;
      console.error = (first, ...rest) => (first?.name === "RelatchError" ? logged.push(first.code) : error(first, ...rest));
    });
    for (const [name, fault] of MISCONFIGURED) {
      proxy.fault(REFRESH, fault);
      const first = await calls(page);
      // Longer than the pause after a first failure of another kind; once is enough.
      if (name === "404") await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1500)));
      const second = await calls(page);
      for (const seen of [first, second]) {
        assert.deepEqual([seen.ended, seen.state], [["Misconfigured"], { ...signedInState, freshness: "stale", code: "Misconfigured" }], name);
      }
      assert.equal(refreshes(), 1, name);
      assert.deepEqual(await page.evaluate(() => logged.splice(0)), ["Misconfigured"], name);
      proxy.heal();
      assert.equal(await page.evaluate(() => session.refresh().then((data) => data.user.email)), USER.email, name);
      assert.deepEqual((await calls(page)).state, signedInState, name);
      await server.expireAccess();
      proxy.reset();
    }
    await assertNoHarm();
  });

  const soon = (ms, skew = 0) => {
    // Whole seconds: dates of HTTP have no finer ones.
    const now = Math.floor(Date.now() / 1000) * 1000 + skew;
    return { date: new Date(now).toUTCString(), "retry-after": new Date(now + ms).toUTCString() };
  };
  const ASKED = [
    ["429 with Retry-After in seconds", 429, () => ({ "retry-after": "2" })],
    ["503 with Retry-After as a date", 503, () => soon(2000)],
    ["429 with X-Retry-After alone", 429, () => ({ "x-retry-after": "2" })],
    ["429 with Retry-After as a date of a server whose clock is five hours off", 429, () => soon(2000, -5 * 3_600_000)],
  ];
  for (const [name, status, headers] of ASKED) {
    it(`nobody asks before the moment that ${name} names`, async () => {
      const page = await refused();
      strike({ status, headers: headers() });
      const first = await calls(page);
      assert.deepEqual([first.ended, first.state.freshness], [["TryLater"], "stale"]);
      assert.equal(await page.evaluate(() => session.getState().error.retryAfterMs), 2000);
      await recovers(page);
      const [asked, next, ...more] = proxy.asked(REFRESH);
      const waited = next.at - asked.answeredAt;
      assert.ok(waited > 1950, `${waited} ms`);
      assert.deepEqual(more, []);
      await assertNoHarm();
    });
  }

  it("sends a refresh once more, with a new proof, that was refused for its proof alone, and then says that the contract is wrong", async () => {
    const refresh = { path: "/refresh", headers: { Accept: "application/vnd.api+json" } };
    const page = await refused({ refresh, csrf: { cookie: "csrf", header: "X-Csrf", refused: [403] } });
    await page.evaluate(() => (document.cookie = "csrf=old; path=/"));
    // Another tab or the server itself sets a new one while the request is under way.
    proxy.fault(REFRESH, { status: 403, times: 1, headers: { "set-cookie": "csrf=new; Path=/" } });
    assert.deepEqual((await calls(page)).ended, [200]);
    assert.deepEqual(proxy.asked(REFRESH).map((entry) => entry.headers["x-csrf"]), ["old", "new"]);
    assert.equal(proxy.asked(REFRESH)[0].headers.accept, refresh.headers.Accept, "in place of relatch's own");
    await server.expireAccess();
    proxy.reset();
    proxy.fault(REFRESH, { status: 403 });
    const seen = await calls(page, 3);
    assert.deepEqual([seen.ended, seen.state.status, seen.state.code], [["Misconfigured"], "authenticated", "Misconfigured"]);
    assert.equal(refreshes(), 2);
    proxy.heal();
    await assertNoHarm();
  });

  it("ends a session by the 419 that the contract calls dead, where no proof is sent that could have been refused", async () => {
    const page = await refused({ refresh: { path: "/refresh", dead: [419] } });
    proxy.fault(REFRESH, { status: 419 });
    const { ended, state } = await calls(page);
    assert.deepEqual([ended, state, refreshes()], [[401], endedState, 1]);
    proxy.heal();
    await assertNoHarm();
  });

  it("reads the user again after a sign-in that rejects because reading it failed", async () => {
    const page = await openPage(browser, proxy.url);
    proxy.fault("/auth/session", { status: 503, times: 1 });
    const failed = await page.evaluate(async (user) => {
      await open_({ user: { at: "nobody" }, session: { path: "/session", user: "user" } }).get();
      return outcome(session.signIn(user));
    }, USER);
    assert.equal(failed.code, "TryLater");
    await page.waitForFunction((email) => session.getState().data?.user.email === email, { polling: 50, timeout: 10_000 }, USER.email);
    proxy.heal();
  });

  it("takes a session whose cookie was stripped at sign-in for ended once its token is, and does not ask in a loop", async () => {
    proxy.fault("/auth/login", { strip: ["set-cookie"] });
    const page = await refused();
    proxy.fault("/auth/login", { strip: ["set-cookie"] });
    for (let round = 0; round < 2; round++) {
      const { ended, state } = await calls(page);
      assert.deepEqual([ended, state], [[401], endedState]);
    }
    assert.equal(refreshes(), 1);
    // Nor is there a loop of sign-ins: each lasts as long as its token does.
    await page.evaluate((user) => session.signIn(user), USER);
    assert.deepEqual((await calls(page)).ended, [200]);
    await page.reload();
    assert.equal(await page.evaluate(() => open_().get()), null);
    assert.equal(refreshes(), 2);
  });

  it("ends the session once when a refresh's own cookie is stripped", async () => {
    const page = await refused();
    proxy.fault(REFRESH, { strip: ["set-cookie"] });
    assert.deepEqual((await calls(page)).ended, [200]);
    await server.expireAccess();
    for (let round = 0; round < 2; round++) {
      const { ended, state } = await calls(page);
      assert.deepEqual([ended, state], [[401], endedState]);
    }
    assert.equal(refreshes(), 2);
  });

  it("ends the session once when cookies do not reach the server", async () => {
    const page = await refused();
    proxy.fault(REFRESH, { withhold: ["cookie"] });
    for (let round = 0; round < 2; round++) {
      const { ended, state } = await calls(page);
      assert.deepEqual([ended, state], [[401], endedState]);
    }
    assert.equal(refreshes(), 1);
    assert.equal((await server.counters()).refresh.refused, 1);
  });

  it("a sign-out that does not reach the server is finished by the next page before anything else", async () => {
    const page = await refused();
    proxy.fault("/auth/logout", { reset: "before" });
    const left = await page.evaluate(async () => {
      const { confirmed, error } = await session.signOut();
      return [confirmed, error.code, session.getState().status, session.getState().data];
    });
    assert.deepEqual(left, [false, "Network", "unauthenticated", null]);
    await page.goto("about:blank");
    proxy.reset();
    await page.goto(proxy.url);
    assert.equal(await page.evaluate(() => open_().get()), null);
    // Nobody waits for it to know that the user is signed out; a sign-in does.
    await page.evaluate((user) => session.signIn(user), USER);
    const asked = proxy.log.filter((entry) => entry.path.startsWith("/auth/")).map((entry) => entry.path);
    assert.deepEqual(asked, ["/auth/logout", "/auth/login"]);
    assert.equal((await server.counters()).families_revoked, 1);
    assert.deepEqual((await calls(page)).ended, [200]);
  });

  it("tells a sign-in that failed on its way from one that was refused, and changes nothing", async () => {
    const page = await openPage(browser, proxy.url);
    const before = await page.evaluate(async () => (await open_().get(), session.getState()));
    const rows = [
      [{ reset: "before" }, "Network"],
      [{ truncate: true }, "Network"],
      [{ status: 500 }, "TryLater"],
      [{ status: 429, headers: { "retry-after": "1" } }, "TryLater"],
      [{ status: 200, headers: html, body: "<h1>Hello</h1>" }, "BadResponse"],
      [{ status: 200, headers: json, body: "{" }, "BadResponse"],
      [{ status: 302, headers: { location: "/login" } }, "BadResponse"],
      [{ status: 404 }, "Misconfigured"],
      [{ status: 401, headers: json, body: "{}" }, "BadCredentials"],
    ];
    for (const [fault, code] of rows) {
      proxy.fault("/auth/login", fault);
      const [answer, state] = await page.evaluate(async (user) => [await outcome(session.signIn(user)), session.getState()], USER);
      assert.deepEqual([answer.code, state], [code, before]);
      proxy.heal();
    }
    assert.equal(await page.evaluate((user) => session.signIn(user).then((data) => data.user.email), USER), USER.email);
  });

  /** A page of the server whose tokens live 2 s, which counts how often it asks for a refresh. */
  const shortLived = async () => {
    proxy.to(quick.url);
    const page = await signedIn(browser, throughProxy(quick));
    await page.evaluate(() => {
      window.asked = 0;
      const original = window.fetch;
      window.fetch = (...args) => ((asked += `${args[0]?.url ?? args[0]}`.endsWith("/auth/refresh")), original(...args));
    });
    return page;
  };

  it("keeps the session while the browser is offline, and is back by itself when it is online", async () => {
    const page = await shortLived();
    await page.setOfflineMode(true);
    await page.waitForFunction(() => session.getState().freshness === "offline", { polling: 50, timeout: 10_000 });
    await page.waitForFunction(() => session.inspect().expiresInMs <= 0, { polling: 50, timeout: 10_000 });
    const seen = await calls(page);
    assert.deepEqual([seen.ended, seen.state, seen.rejections], [["Network"], { ...signedInState, freshness: "offline", code: "Network" }, []]);
    await page.setOfflineMode(false);
    await page.waitForFunction(() => session.getState().freshness === "fresh", { polling: 50, timeout: 20_000 });
    assert.deepEqual((await calls(page)).ended, [200]);
    assert.equal((await quick.counters()).refresh.reuse, 0);
  });

  it("makes no storm of a network that comes and goes", async () => {
    const page = await shortLived();
    // Even when the browser says that it is online, nothing comes through.
    proxy.fault(REFRESH, { reset: "before" });
    await page.evaluate(() => {
      window.events = 0;
      addEventListener("online", () => events++);
    });
    await page.waitForFunction(() => session.getState().freshness === "offline", { polling: 50, timeout: 10_000 });
    const began = await page.evaluate(() => ((asked = 0), performance.now()));
    for (let round = 0; round < 8; round++) {
      await page.setOfflineMode(true);
      await page.setOfflineMode(false);
      await page.evaluate(async () => {
        for (let times = 0; times < 25; times++) {
          dispatchEvent(new Event("online"));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      });
    }
    const [asked, events, ms] = await page.evaluate((began) => [window.asked, window.events, performance.now() - began], began);
    assert.ok(events >= 200, `${events} events`);
    assert.ok(asked >= 1 && asked <= 1 + ms / SHORTEST_PAUSE, `${asked} refreshes at ${events} events in ${ms} ms`);
    proxy.heal();
    await page.waitForFunction(() => session.getState().freshness === "fresh", { polling: 50, timeout: 70_000 });
    assert.equal((await quick.counters()).refresh.reuse, 0);
  });
});
