// Where a page can find itself: in the back/forward cache, behind a service worker, on an insecure origin, in a frame, beside
// another copy of relatch, in a tab that dies.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gate, startProxy } from "./proxy.mjs";
import { engine, INSECURE_HOST, openPage, signedIn, startBrowser, startServer, USER } from "./stage.mjs";

const REFRESH = "/auth/refresh";
/** Firefox shows no request with `keepalive` to a service worker. */
const KEEPALIVE_PASSES_BY = engine === "firefox";

describe(`the platform in ${engine}`, { concurrency: false }, () => {
  let browser, proxy, server;

  before(async () => {
    proxy = await startProxy();
    const insecure = `http://${INSECURE_HOST}:${proxy.port}`;
    // On a host that is not `localhost`, a `Secure` cookie needs https.
    server = await startServer("--origin", proxy.url, "--origin", insecure, "--insecure-cookies");
    proxy.to(server.url);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await Promise.all([server?.stop(), proxy?.stop()]);
  });
  beforeEach(() => proxy.reset());
  afterEach(async () => {
    for (const context of browser.browserContexts()) if (context !== browser.defaultBrowserContext()) await context.close();
  });

  const opened = () => signedIn(browser, { ...server, url: proxy.url });

  /** Another tab of the same profile, with a session that is known. */
  const beside = async (page, prepare) => {
    const tab = await page.browserContext().newPage();
    if (prepare) await tab.evaluateOnNewDocument(prepare);
    await tab.goto(proxy.url);
    await tab.evaluate(() => open_().get());
    return tab;
  };

  const calls = (page, count = 20) =>
    page.evaluate(async (count) => {
      const answers = await Promise.all(Array.from({ length: count }, () => statusOf(session.fetch("/api/notes"))));
      return [...new Set(answers.map((answer) => answer.code ?? answer.value))];
    }, count);

  const stateOf = (page) =>
    page.evaluate(() => {
      const { status, reason, data, freshness } = session.getState();
      return [status, reason, data?.user.email ?? null, freshness];
    });

  const SIGNED_IN = ["authenticated", null, USER.email, "fresh"];

  const assertNoReuse = async () => {
    const { refresh, families_revoked } = await server.counters();
    assert.deepEqual([refresh.reuse, families_revoked], [0, 0]);
    return refresh.requests;
  };

  /** Waits until `look` gives something, over the moments at which the page changes. */
  const eventually = async (look) => {
    for (const end = performance.now() + 20_000; performance.now() < end; await sleep(50)) {
      const found = await look().catch(() => undefined);
      if (found) return found;
    }
    throw new Error("it did not come to pass within 20 s");
  };

  /** Leaves the page, does something, and comes back to it through the history. */
  const leaveAndReturn = async (page, meanwhile) => {
    await page.evaluate(() => {
      window.shown = [];
      const note = (what) => shown.push([what, session.getState().status, session.getState().data?.user.email ?? null]);
      addEventListener("pageshow", ({ persisted }) => {
        note(persisted ? "restored" : "loaded");
        session.subscribe(() => note("changed"));
      });
    });
    await page.goto(`${proxy.url}/icon.svg`);
    await meanwhile();
    await page.bringToFront();
    // Not `goBack`, which waits for a load that a restored page does not have.
    page.evaluate(() => history.back()).catch(() => {});
    await eventually(() => page.evaluate(() => window.relatch && document.readyState === "complete"));
  };

  it("shows nothing of a user who signed out in another tab while the page was in the back/forward cache", async () => {
    const page = await opened();
    await leaveAndReturn(page, async () => {
      // A message would have it thrown out of the cache.
      const other = await beside(page, () => Object.defineProperty(window, "BroadcastChannel", { value: undefined }));
      assert.equal(await other.evaluate(() => session.signOut().then((left) => left.confirmed)), true);
    });
    await page.waitForFunction(() => session.getState().status !== "loading", { polling: 50, timeout: 10_000 });
    const shown = await page.evaluate(() => window.shown);
    assert.deepEqual(shown[0], ["restored", "loading", null]);
    assert.ok(shown.every(([, status, user]) => status !== "authenticated" && user === null), JSON.stringify(shown));
    assert.deepEqual(await stateOf(page), ["unauthenticated", "signedOut", null, "fresh"]);
    assert.equal(await page.evaluate(() => session.get()), null);
  });

  it("shows the user again when the page comes out of the back/forward cache, without a request", async () => {
    const page = await opened();
    await leaveAndReturn(page, async () => {});
    await page.waitForFunction(() => session.getState().status === "authenticated", { polling: 50, timeout: 10_000 });
    assert.deepEqual((await page.evaluate(() => window.shown))[0], ["restored", "loading", null]);
    assert.deepEqual(await stateOf(page), SIGNED_IN);
    assert.deepEqual(proxy.asked(REFRESH).slice(1), [], "but for the visitor's, before the sign-in");
    assert.deepEqual(await calls(page, 2), [200]);
  });

  /** Puts a service worker between a page and the network. */
  const behind = (page, script) =>
    page.evaluate(async (script) => {
      const controlled = new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
      await navigator.serviceWorker.register(script);
      await controlled;
    }, script);

  const seenByWorker = (page, path) => page.evaluate(async (path) => (await (await fetch("/seen")).json()).filter((seen) => seen === path).length, path);

  it("works behind a service worker that passes requests on", async () => {
    const page = await opened();
    await behind(page, "/service-worker.js");
    await server.expireAccess();
    assert.deepEqual(await calls(page), [200]);
    assert.equal(await seenByWorker(page, "/api/notes"), 40);
    assert.equal(await seenByWorker(page, REFRESH), KEEPALIVE_PASSES_BY ? 0 : 1);
    assert.equal(await assertNoReuse(), 1);
    await page.reload();
    assert.equal(await page.evaluate(() => open_().get().then((data) => data.user.email)), USER.email);
    assert.deepEqual(await calls(page), [200]);
    assert.equal(await assertNoReuse(), 2);
  });

  const skip = KEEPALIVE_PASSES_BY && "a refresh is sent with keepalive, and so past the service worker";

  /** A page whose service worker answers a refresh with the token that the server refuses. */
  const answeredFromCache = async () => {
    const page = await opened();
    await behind(page, "/service-worker.js?keeps");
    await page.evaluate(() => session.refresh());
    await server.expireAccess();
    return page;
  };

  it("keeps the session when a service worker answers a refresh from its cache, and does not ask in a loop", { skip }, async () => {
    const page = await answeredFromCache();
    const ended = await calls(page);
    assert.ok(ended.every((answer) => [401, "BadResponse"].includes(answer)), ended.join());
    assert.equal((await stateOf(page))[0], "authenticated");
    assert.ok((await seenByWorker(page, REFRESH)) <= 2, "the one that was kept, and one for all calls");
    assert.equal(await assertNoReuse(), 1);
  });

  it("does not take the refused token for a new one", { skip }, async () => {
    const page = await answeredFromCache();
    await calls(page);
    assert.deepEqual(await stateOf(page), ["authenticated", null, USER.email, "stale"]);
  });

  it("works in each tab alone on an insecure origin, and says so once", async () => {
    const page = await openPage(browser, `http://${INSECURE_HOST}:${proxy.port}/`);
    const found = await page.evaluate(async (user) => {
      open_();
      await session.signIn(user);
      return [isSecureContext, navigator.locks === undefined];
    }, USER);
    assert.deepEqual(found, [false, true]);
    await server.reset();
    await server.expireAccess();
    assert.deepEqual(await calls(page), [200]);
    assert.equal(await assertNoReuse(), 1);
    assert.deepEqual(await stateOf(page), SIGNED_IN);
    assert.equal(page.said.filter((text) => text.includes("each tab works on its own")).length, 1);
    await page.reload();
    assert.equal(await page.evaluate(() => open_().get().then((data) => data.user.email)), USER.email);
    assert.deepEqual(await page.evaluate(async () => [(await session.signOut()).confirmed, rejections]), [true, []]);
  });

  it("sends a call again whose refusal comes with the very answer that renews", async () => {
    const page = await openPage(browser, `http://${INSECURE_HOST}:${proxy.port}/`);
    const ends = await page.evaluate(async () => {
      const json = (value) => new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });
      const ends = [];
      // Some turns of the microtask queue between the two, of which one is the one that matters.
      for (let turns = 0; turns < 40; turns++) {
        let open;
        const gate = new Promise((resolve) => (open = resolve));
        let tokens = 0;
        window.fetch = async (input, init) => {
          const { pathname } = new URL(input.url ?? input, location.href);
          if (pathname.startsWith("/auth/")) {
            if (tokens) await gate;
            return json({ accessToken: `t${++tokens}`, expiresIn: 600, user: { id: "1" } });
          }
          const isOld = new Headers(init?.headers ?? input.headers).get("authorization") === "Bearer t1";
          if (isOld && pathname === "/slow") await gate;
          if (isOld && pathname === "/slow") for (let turn = 0; turn < turns; turn++) await null;
          return new Response(null, { status: isOld ? 401 : 200 });
        };
        const session = relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }) });
        await session.get();
        const calls = ["/slow", "/first"].map((path) => statusOf(session.fetch(path)));
        await new Promise((resolve) => setTimeout(resolve, 5));
        open();
        const late = new Promise((resolve) => setTimeout(resolve, 2000, [{ value: `hangs after ${turns}` }]));
        ends.push(...(await Promise.race([Promise.all(calls), late])));
        session.dispose();
      }
      return ends.filter(({ value }) => value !== 200);
    });
    assert.deepEqual(ends, []);
  });

  /** A page of no policy with one frame in it, at `host`. */
  const framed = async (host, frame, context) => {
    proxy.fault("/outer", { status: 200, headers: { "content-type": "text/html" }, body: `<!doctype html>${frame}` });
    const page = await openPage(browser, `http://${host}:${proxy.port}/outer`, context);
    const inner = await eventually(async () => page.frames().find((frame) => frame !== page.mainFrame()));
    await eventually(() => inner.evaluate(() => window.open_ && window.relatch && document.readyState === "complete"));
    return [page, inner];
  };

  const inSandbox = async () => {
    const found = await framed("localhost", `<iframe sandbox="allow-scripts" src="${proxy.url}/"></iframe>`);
    const throws = await found[1].evaluate(() => {
      try {
        return localStorage && "storage is there";
      } catch (error) {
        return error.name;
      }
    });
    assert.equal(throws, "SecurityError");
    return found;
  };

  it("fails typed in a sandboxed frame that the server does not let in", async () => {
    const [page, frame] = await inSandbox();
    const found = await frame.evaluate(
      async (user, baseUrl) => {
        open_({ baseUrl });
        const answers = [await outcome(session.get()), await outcome(session.signIn(user)), await statusOf(session.fetch(new URL("/api/notes", baseUrl)))];
        const left = await session.signOut();
        return [origin, answers.map(({ name, code }) => [name, code]), left.confirmed, session.getState().status, rejections];
      },
      USER,
      `${proxy.url}/auth`,
    );
    const failed = ["RelatchError", "Network"];
    assert.deepEqual(found, ["null", [failed, failed, failed], false, "unauthenticated", []]);
    assert.deepEqual(page.said.filter((text) => text.includes("Uncaught")), []);
  });

  it("works alone in a sandboxed frame that the server lets in, as long as its token does", async () => {
    for (const path of ["/auth/login", REFRESH, "/api/notes"]) proxy.fault(path, { cors: true });
    const [, frame] = await inSandbox();
    const found = await frame.evaluate(
      async (user, url) => {
        open_({ baseUrl: `${url}/auth` });
        const email = (await session.signIn(user)).user.email;
        const { value } = await statusOf(session.fetch(`${url}/api/notes`));
        return [email, value, session.getState().status, rejections];
      },
      USER,
      proxy.url,
    );
    assert.deepEqual(found, [USER.email, 200, "authenticated", []]);
    await server.reset();
    await server.expireAccess();
    // Its origin is nobody's, so there is no cookie.
    const ended = await frame.evaluate(
      async (url) => [await statusOf(session.fetch(`${url}/api/notes`)), session.getState().status, session.getState().reason, rejections],
      proxy.url,
    );
    assert.deepEqual(ended, [{ value: 401 }, "unauthenticated", "expired", []]);
    assert.equal((await server.counters()).refresh.requests, 1);
  });

  it("says once that it works alone in a sandboxed frame", async () => {
    const [page, frame] = await inSandbox();
    await frame.evaluate((baseUrl) => outcome(open_({ baseUrl }).get()), `${proxy.url}/auth`);
    assert.equal(page.said.filter((text) => text.includes("each tab works on its own")).length, 1);
  });

  it("a frame on another site is a stranger to the tabs of its own, and harms none of them", async () => {
    const first = await opened();
    const [, frame] = await framed("127.0.0.1", `<iframe src="${proxy.url}/"></iframe>`, first.browserContext());
    assert.equal(await frame.evaluate(() => open_().get()), null);
    assert.equal((await server.counters()).refresh.refused, 1);
    const lasting = await frame.evaluate(async (user) => {
      const email = (await session.signIn(user)).user.email;
      return [email, (await session.fetch("/api/notes")).status];
    }, USER);
    assert.deepEqual(lasting, [USER.email, 200]);
    await server.expireAccess();
    assert.deepEqual([await calls(frame), await stateOf(frame)], [[401], ["unauthenticated", "expired", null, "fresh"]]);
    assert.equal((await server.counters()).refresh.refused, 2);
    // The tab has noticed nothing of all that.
    assert.deepEqual(await stateOf(first), SIGNED_IN);
    assert.deepEqual(await calls(first), [200]);
    const { refresh } = await server.counters();
    assert.deepEqual([refresh.rotated, refresh.reuse, refresh.refused], [1, 0, 2]);
  });

  it("two copies of relatch in one page, and two clients of one copy, share one refresh", async () => {
    const page = await opened();
    const users = await page.evaluate(async () => {
      const first = relatch;
      const script = document.createElement("script");
      script.src = "/relatch/relatch.global.js?second";
      await new Promise((resolve, reject) => Object.assign(script, { onload: resolve, onerror: reject }) && document.head.append(script));
      if (relatch === first || relatch.createSession === first.createSession) throw new Error("it is the same copy");
      const contract = relatch.cookieRefresh({ baseUrl: "/auth" });
      window.clients = [session, first.createSession({ contract }), relatch.createSession({ contract }), relatch.createSession({ contract })];
      window.copies = [first, relatch];
      const all = [];
      for (const client of clients) all.push((await client.get()).user.email);
      return all;
    });
    assert.deepEqual(users, Array(4).fill(USER.email));
    await assertNoReuse();
    await server.reset();
    await server.expireAccess();
    const statuses = await page.evaluate(() =>
      Promise.all(clients.flatMap((client) => Array.from({ length: 5 }, () => client.fetch("/api/notes").then(({ status }) => status)))),
    );
    assert.deepEqual(statuses, Array(20).fill(200));
    assert.equal(await assertNoReuse(), 1);
    const known = await page.evaluate(async () => {
      clients[3].dispose();
      const error = await clients[3].fetch("/api/notes").catch((error) => error);
      return copies.map((copy) => copy.isRelatchError(error, "Disposed"));
    });
    assert.deepEqual(known, [true, true]);
    assert.equal(await page.evaluate(() => clients[0].signOut().then((left) => left.confirmed)), true);
    await page.waitForFunction(() => clients.slice(0, 3).every((client) => client.getState().status === "unauthenticated"), { polling: 50, timeout: 10_000 });
    assert.deepEqual(await page.evaluate(() => rejections), []);
  });

  it("two versions of relatch, deaf to each other, take turns and present no token twice", async () => {
    const page = await opened();
    const script = await (await fetch(`${proxy.url}/relatch/relatch.global.js`)).text();
    const next = script.replace(/`relatch:(\$\{\w+\}|\d+):/, "`relatch:next:");
    assert.notEqual(next, script);
    proxy.fault("/relatch/relatch.global.js", { status: 200, headers: { "content-type": "text/javascript" }, body: next });
    await page.evaluate(async () => {
      const script = document.createElement("script");
      script.src = "/relatch/relatch.global.js?next";
      await new Promise((resolve, reject) => Object.assign(script, { onload: resolve, onerror: reject }) && document.head.append(script));
      window.clients = [session, relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }) })];
      await clients[1].get();
    });
    await assertNoReuse();
    for (let run = 0; run < 3; run++) {
      await server.reset();
      await server.expireAccess();
      const statuses = await page.evaluate(() =>
        Promise.all(clients.flatMap((client) => Array.from({ length: 5 }, () => client.fetch("/api/notes").then(({ status }) => status)))),
      );
      assert.deepEqual(statuses, Array(10).fill(200));
      assert.equal(await assertNoReuse(), 2);
    }
  });

  /** The name of a lock of ours that is `held` or `pending` in this profile, as soon as one is. */
  const lockThatIs = (state, page) =>
    eventually(() =>
      page.evaluate(async (state) => (await navigator.locks.query())[state].map(({ name }) => name).find((name) => name.startsWith("relatch:")), state),
    );

  /** Well within the span in which a tab does not present a cookie that may have been presented already. */
  const MEANWHILE_MS = 700;

  it("a tab that is killed while it holds the lock, with its refresh in flight, costs nobody the session", { skip: engine !== "chromium" && "only Chromium has a switch for it" }, async () => {
    const doomed = await opened();
    const other = await beside(doomed);
    await server.reset();
    await server.expireAccess();
    const hold = gate();
    proxy.fault(REFRESH, { hold, when: "after", times: 1 });
    doomed.evaluate(() => void session.fetch("/api/notes").catch(() => {})).catch(() => {});
    await hold.reached;
    const answers = calls(other);
    assert.equal(await lockThatIs("pending", other), await lockThatIs("held", other));
    const died = new Promise((resolve) => doomed.once("error", resolve));
    const devtools = await doomed.createCDPSession();
    devtools.send("Page.crash").catch(() => {});
    assert.match(String(await died), /crashed/);
    await sleep(MEANWHILE_MS);
    hold.open();
    assert.deepEqual(await answers, [200]);
    assert.deepEqual(await stateOf(other), SIGNED_IN);
    assert.equal(await assertNoReuse(), 2);
  });

  it("a tab that is robbed of the lock goes on, and nobody presents a token twice", async () => {
    const robbed = await opened();
    const thief = await beside(robbed);
    await server.reset();
    await server.expireAccess();
    const hold = gate();
    proxy.fault(REFRESH, { hold, when: "after", times: 1 });
    const first = calls(robbed);
    await hold.reached;
    const second = calls(thief);
    const name = await lockThatIs("pending", thief);
    // From the one that holds it, and then from the one that waited.
    for (let times = 0; times < 2; times++) {
      await thief.evaluate((name) => navigator.locks.request(name, { steal: true }, () => {}), name);
    }
    await sleep(MEANWHILE_MS);
    hold.open();
    assert.deepEqual([await first, await second], [[200], [200]]);
    for (const tab of [robbed, thief]) {
      assert.deepEqual(await stateOf(tab), SIGNED_IN);
      assert.deepEqual(await tab.evaluate(() => rejections), []);
    }
    const refreshes = await assertNoReuse();
    assert.ok(refreshes <= 2, `${refreshes} refreshes`);
  });
});
