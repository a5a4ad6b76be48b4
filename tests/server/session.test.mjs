// relatch/server against the example server: what it reads, what it refreshes, and what it lets nobody have.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, before, beforeEach, describe, it, mock } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { listen, OTHER, refreshes, render, serverOf, SITE, startBackend, USER, Visitor } from "./stage.mjs";

describe("a session on the server", { concurrency: false }, () => {
  let backend, server;
  before(async () => {
    backend = await startBackend();
    server = serverOf(backend);
  });
  after(() => backend?.stop());
  beforeEach(() => backend.reset());

  const someone = () => new Visitor().signIn(backend, USER);

  it("refreshes once for 50 renders at once, each of which reads the session and calls the API", async () => {
    const visitor = await someone();
    await backend.reset();
    await backend.fault({ path: "/auth/refresh", times: 1, delayMs: 200 });
    const renders = Array.from({ length: 50 }, () => {
      const tab = visitor.twin();
      return render(server, tab, "/", async (session) => [(await session.get()).user.email, (await session.fetch("/api/notes")).status, tab]);
    });
    const tabs = [];
    for (const [email, status, tab] of await Promise.all(renders)) {
      assert.deepEqual([email, status], [USER.email, 200]);
      tabs.push(tab.cookie("relatch_refresh"));
    }
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
    assert.equal(new Set(tabs).size, 1, "every answer has the same new cookie");
    assert.notEqual(tabs[0], visitor.cookie("relatch_refresh"));
  });

  it("answers a request that still comes with the replaced cookie, and one older still, from the refresh that replaced it", async () => {
    const visitor = await someone();
    const [late, later] = [visitor.twin(), visitor.twin()];
    await render(server, visitor);
    assert.equal((await render(server, late)).user.email, USER.email);
    assert.equal(late.cookie("relatch_refresh"), visitor.cookie("relatch_refresh"));
    await render(server, visitor.forget("relatch_access"));
    assert.equal((await render(server, later)).user.email, USER.email);
    assert.equal(later.cookie("relatch_refresh"), visitor.cookie("relatch_refresh"), "the newest, not the one that replaced its own");
    assert.deepEqual(await refreshes(backend), [2, 2, 0]);
  });

  it("answers it as long as the browser has not shown the new cookie, however slow the answer is that has it", async () => {
    const brisk = serverOf(backend, { graceMs: 100 });
    const visitor = await someone();
    const slow = brisk.open(visitor.request("/report"));
    assert.equal((await slow.get()).user.email, USER.email);
    await sleep(300);
    const [tab, late] = [visitor.twin(), visitor.twin()];
    assert.equal((await render(brisk, tab)).user.email, USER.email);
    visitor.take(slow.commit(new Response("report")));
    assert.equal(tab.cookie("relatch_refresh"), visitor.cookie("relatch_refresh"));
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
    // It has shown it, and the grace is over: now it would be a theft.
    await render(brisk, visitor);
    await sleep(300);
    assert.equal(await render(brisk, late), null);
    assert.deepEqual(await refreshes(backend), [2, 1, 1]);
  });

  it("puts the newest cookie on a slow answer, where others have replaced the one that it has fetched", async () => {
    const visitor = await someone();
    const slow = server.open(visitor.request("/report"));
    await slow.ready();
    const tab = visitor.twin();
    await render(server, tab);
    await render(server, tab.forget("relatch_access"));
    visitor.take(slow.commit(new Response("report")));
    for (const name of ["relatch_refresh", "relatch_access"]) assert.equal(visitor.cookie(name), tab.cookie(name), name);
    assert.equal((await render(server, visitor, "/", (session) => session.fetch("/api/notes"))).status, 200);
    assert.deepEqual(await refreshes(backend), [2, 2, 0]);
  });

  it("is not pushed out of the table by made-up cookies, of which anybody can have any number refused", async () => {
    const visitor = await someone();
    const late = visitor.twin();
    await render(server, visitor);
    // Without a network, since there are many.
    const refusing = mock.method(globalThis, "fetch", async () => new Response("{}", { status: 401 }));
    for (let nth = 0; nth < 10_100; nth++) await server.open(new Visitor().set("relatch_refresh", `made-up-${nth}`).request("/")).ready();
    refusing.mock.restore();
    assert.equal((await render(server, late)).user.email, USER.email);
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
  });

  it("is what a strict backend takes for theft without that grace", async () => {
    const hasty = serverOf(backend, { graceMs: 0 });
    const visitor = await someone();
    const late = visitor.twin();
    await render(hasty, visitor);
    await sleep(5);
    assert.equal(await render(hasty, late), null);
    assert.deepEqual(await refreshes(backend), [2, 1, 1]);
  });

  it("keeps 200 interleaved requests of two users apart", async () => {
    const users = [await someone(), await new Visitor().signIn(backend, OTHER)];
    const emails = [USER.email, OTHER.email];
    await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        await sleep((at * 7) % 40);
        const tab = users[at % 2].twin();
        const seen = await render(server, tab, "/", async (session) => {
          const [data, me] = await Promise.all([session.get(), session.fetch("/api/me").then((response) => response.json())]);
          return [data.user.email, me.email];
        });
        assert.deepEqual(seen, [emails[at % 2], emails[at % 2]]);
        users[at % 2].answers = (users[at % 2].answers ?? new Set()).add(tab.cookie("relatch_refresh"));
      }),
    );
    assert.equal([...users[0].answers].filter((cookie) => users[1].answers.has(cookie)).length, 0);
    assert.deepEqual(await refreshes(backend), [2, 2, 0]);
  });

  it("does not use an access token that lies beside another user's refresh cookie", async () => {
    const [visitor, other] = [await someone(), await new Visitor().signIn(backend, OTHER)];
    await render(server, visitor);
    other.set("relatch_access", visitor.cookie("relatch_access"));
    assert.equal((await render(server, other)).user.email, OTHER.email);
  });

  it("does not refresh while the access token is good, and does when it has run out", async () => {
    const brief = await startBackend("--access-ttl", "2");
    try {
      const visitor = await new Visitor().signIn(brief, USER);
      const quick = serverOf(brief);
      const late = visitor.twin();
      await render(quick, visitor);
      const after = visitor.cookie("relatch_refresh");
      await render(quick, visitor);
      assert.equal(visitor.cookie("relatch_refresh"), after);
      await sleep(2100);
      // One that still comes with the first cookie does not make do with a token that has run out since.
      assert.equal(await render(quick, late, "/", async (session) => (await session.fetch("/api/notes")).status), 200);
      // Its cookie has run out with it, in a browser; here it is sent all the same.
      assert.equal((await render(quick, visitor)).user.email, USER.email);
      assert.deepEqual(await refreshes(brief), [2, 2, 0]);
    } finally {
      await brief.stop();
    }
  });

  it("takes a token's life from its end, or from a JWT itself, by the backend's own clock", async () => {
    const [AHEAD, LIFE] = [3_600_000, 5];
    const end = () => Math.floor((Date.now() + AHEAD) / 1000) + LIFE;
    const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;
    const forms = [
      [{ expiresAt: "ends" }, () => ({ accessToken: "opaque", ends: new Date(end() * 1000).toISOString() })],
      [{ expiresAt: "ends" }, () => ({ accessToken: "opaque", ends: end() })],
      [{}, () => ({ accessToken: jwt({ exp: end() }) })],
    ];
    const hold = async ([access, body]) => {
      let asked = 0;
      const ahead = await listen(({ url }) => {
        const headers = { "content-type": "application/json", date: new Date(Date.now() + AHEAD).toUTCString() };
        if (url !== "/auth/refresh") return { headers, body: `{"user":{"id":"1"}}` };
        const cookie = `relatch_refresh=${crypto.randomUUID()}-${(asked += 1)}; Path=/; HttpOnly`;
        return { headers: { ...headers, "set-cookie": cookie }, body: JSON.stringify(body()) };
      });
      try {
        const front = serverOf(ahead, { contract: { access } });
        const visitor = new Visitor().set("relatch_refresh", crypto.randomUUID());
        await render(front, visitor);
        await render(front, visitor);
        assert.equal(asked, 1);
        await sleep((LIFE + 1) * 1000);
        await render(front, visitor);
        assert.equal(asked, 2, JSON.stringify([access, body()]));
        const request = visitor.request("/auth/refresh", { method: "POST", headers: { origin: SITE } });
        const { expiresIn } = await (await front.handle(request)).json();
        assert.ok(expiresIn >= 0 && expiresIn <= LIFE + 1, `${expiresIn} s, of which the browser hears`);
      } finally {
        await ahead.stop();
      }
    };
    await Promise.all(forms.map(hold));
  });

  it("renews by `refresh()` what a request has outlived", async () => {
    const brief = await startBackend("--access-ttl", "1");
    try {
      const visitor = await new Visitor().signIn(brief, USER);
      const quick = serverOf(brief);
      await render(quick, visitor);
      const state = await render(quick, visitor, "/stream", async (session) => {
        assert.equal((await session.state()).freshness, "fresh");
        await sleep(1200);
        return session.refresh();
      });
      assert.deepEqual([state.status, state.freshness], ["authenticated", "fresh"]);
      assert.deepEqual(await refreshes(brief), [2, 2, 0]);
    } finally {
      await brief.stop();
    }
  });

  it("puts the rotated cookie on the answer and on the request that goes on", async () => {
    const visitor = await someone();
    const former = visitor.cookie("relatch_refresh");
    visitor.set("theme", "dark");
    const session = server.open(visitor.request("/"));
    await session.ready();
    const onward = session.onward().get("cookie");
    const answer = session.commit(new Response("page"));
    visitor.take(answer);
    const renewed = visitor.cookie("relatch_refresh");
    assert.notEqual(renewed, former);
    assert.ok(onward.includes(`relatch_refresh=${renewed}`) && !onward.includes(former) && onward.includes("theme=dark"), onward);
    assert.ok(onward.includes(`relatch_access=${visitor.cookie("relatch_access")}`));
    assert.equal(answer.headers.get("cache-control"), "private, no-store");
    for (const line of answer.headers.getSetCookie()) assert.match(line, /HttpOnly; Secure; SameSite=Lax/);
    // The page, which cannot set cookies, has what it needs.
    const page = server.open(new Request(`${SITE}/`, { headers: { cookie: onward } }), { readOnly: true });
    assert.equal((await page.get()).user.email, USER.email);
    assert.equal((await page.fetch("/api/notes")).status, 200);
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
  });

  it("hands a token to the page that is too long for a browser's cookie", async () => {
    const token = "t".repeat(4200);
    const wordy = await listen(({ url, headers }) => {
      if (url !== "/auth/refresh") return { status: headers.authorization === `Bearer ${token}` ? 200 : 401 };
      const own = { "content-type": "application/json", "set-cookie": `relatch_refresh=${crypto.randomUUID()}; Path=/` };
      return { headers: own, body: JSON.stringify({ accessToken: token, expiresIn: 60 }) };
    });
    try {
      const front = serverOf(wordy);
      const session = front.open(new Visitor().set("relatch_refresh", crypto.randomUUID()).request("/"));
      await session.ready();
      const cookie = session.onward().get("cookie");
      for (const readOnly of [true, false]) {
        const page = front.open(new Request(`${SITE}/`, { headers: { cookie } }), { readOnly });
        assert.equal((await page.fetch("/api/x")).status, 200);
      }
      assert.equal(wordy.requests.filter(({ url }) => url === "/auth/refresh").length, 1);
      const names = session.commit(new Response("page")).headers.getSetCookie().map((line) => line.split("=")[0]);
      assert.ok(!names.includes("relatch_access"), "a browser would refuse it");
    } finally {
      await wordy.stop();
    }
  });

  it("hands an answer of the backend's on with its body as fetch has decoded it", async () => {
    const body = `{"accessToken":"t","expiresIn":60,"user":{"id":"1"}}`;
    const packed = gzipSync(body);
    const headers = { "content-encoding": "gzip", "content-length": packed.length, "content-type": "application/json" };
    const squeezed = await listen(() => ({ headers, body: packed }));
    try {
      for (const [visitor, caching] of [[new Visitor().set("relatch_refresh", crypto.randomUUID()), "private, no-store"], [new Visitor(), null]]) {
        const session = serverOf(squeezed).open(visitor.request("/"));
        const answer = session.commit(await session.fetch("/api/x"));
        const names = ["content-encoding", "content-length", "content-type", "cache-control"];
        assert.deepEqual(names.map((name) => answer.headers.get(name)), [null, null, "application/json", caching]);
        assert.equal(await answer.text(), body);
      }
    } finally {
      await squeezed.stop();
    }
  });

  it("puts the access token where the refresh cookie is", async () => {
    for (const attributes of ["HttpOnly; Secure; SameSite=None; Partitioned", "HttpOnly; Secure; SameSite=Strict", "HttpOnly; SameSite=Lax"]) {
      const set = { "content-type": "application/json", "set-cookie": `relatch_refresh=new; Path=/; ${attributes}` };
      const placed = await listen(() => ({ headers: set, body: `{"accessToken":"t","expiresIn":60}` }));
      try {
        const session = serverOf(placed).open(new Visitor().set("relatch_refresh", crypto.randomUUID()).request("/"));
        await session.ready();
        const [line] = session.commit(new Response()).headers.getSetCookie().filter((line) => line.startsWith("relatch_access="));
        assert.equal(line.split("; ").slice(3).join("; "), attributes);
      } finally {
        await placed.stop();
      }
    }
  });

  it("keeps the new cookie where the backend takes away one of the name at another path", async () => {
    const set = "relatch_refresh=new; Path=/; Max-Age=9999; HttpOnly; Secure";
    const gone = (attributes) => `relatch_refresh=; Max-Age=0; ${attributes}`;
    for (const [lines, status] of [
      [[set, gone("Path=/auth")], "authenticated"],
      [[gone("Path=/auth"), set], "authenticated"],
      [[set, gone("Path=/; Domain=.example")], "authenticated"],
      [[set, gone("Path=/")], "unauthenticated"],
      [[gone("Path=/auth")], "unauthenticated"],
    ]) {
      const moved = await listen(() => ({
        headers: { "content-type": "application/json", "set-cookie": lines },
        body: `{"accessToken":"t","expiresIn":60,"user":{"id":"1"}}`,
      }));
      try {
        const visitor = new Visitor().set("relatch_refresh", crypto.randomUUID());
        assert.equal((await serverOf(moved).open(visitor.request("/")).state()).status, status, lines.join());
      } finally {
        await moved.stop();
      }
    }
  });

  it("says nobody, and lets the page be cached, where there is no session", async () => {
    const session = server.open(new Visitor().set("theme", "dark").request("/"));
    assert.equal(await session.get(), null);
    const answer = session.commit(new Response("page"));
    assert.equal(answer.headers.get("cache-control"), null);
    assert.equal((await session.fetch("/api/notes")).status, 401);
    assert.deepEqual(await refreshes(backend), [0, 0, 0]);
  });

  it("ends the session when the refresh token is dead, and passes on what the backend says of the cookie", async () => {
    const visitor = await someone();
    await backend.expireRefresh();
    const state = await render(server, visitor, "/", (session) => session.state());
    assert.deepEqual([state.status, state.reason, state.data], ["unauthenticated", "expired", null]);
    assert.equal(visitor.cookie("relatch_refresh"), undefined);
  });

  it("keeps the session when the backend is down, says so, and asks once a second at most", async () => {
    const visitor = await someone();
    await backend.fault({ path: "/auth/refresh", times: null, status: 503 });
    const states = await Promise.all(Array.from({ length: 20 }, () => render(server, visitor.twin(), "/", (session) => session.state())));
    for (const state of states) assert.deepEqual([state.error?.code, state.status !== "unauthenticated"], ["TryLater", true]);
    await assert.rejects(render(server, visitor, "/", (session) => session.fetch("/api/notes")), { code: "TryLater", temporary: true });
    assert.ok((await refreshes(backend))[0] <= 2);
    await backend.reset();
    await sleep(1100);
    assert.equal((await render(server, visitor, "/", (session) => session.fetch("/api/notes"))).status, 200);
  });

  it("takes the cookie of an answer that cannot be judged, and the next refresh is as good as the first", async () => {
    const visitor = await someone();
    const [late, later] = [visitor.twin(), visitor.twin()];
    await backend.fault({ path: "/auth/refresh", times: 1, status: 502, when: "after" });
    const asked = Date.now();
    for (const tab of [visitor, late]) {
      const state = await render(server, tab, "/", (session) => session.state());
      assert.deepEqual([state.status, state.error.code], ["authenticated", "TryLater"]);
    }
    assert.notEqual(visitor.cookie("relatch_refresh"), later.cookie("relatch_refresh"));
    assert.equal(late.cookie("relatch_refresh"), visitor.cookie("relatch_refresh"));
    // A page that is answered at once comes with the new cookie, and nobody asks before the pause is over.
    await assert.rejects(render(server, visitor, "/", (session) => session.fetch("/api/notes")), { code: "TryLater" });
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
    await sleep(asked + 1500 - Date.now());
    for (const tab of [later, visitor]) {
      assert.equal(await render(server, tab, "/", async (session) => (await session.fetch("/api/notes")).status), 200);
    }
    assert.equal(later.cookie("relatch_refresh"), visitor.cookie("relatch_refresh"));
    assert.deepEqual(await refreshes(backend), [2, 2, 0]);
  });

  it("keeps a token that is still good with the cookie that such an answer brings", async () => {
    const lost = await listen(({ url, headers }) => {
      const type = { "content-type": "application/json" };
      const body = `{"accessToken":"t","expiresIn":3600,"user":{"id":"1"}}`;
      if (url !== "/auth/refresh") return { status: headers.authorization === "Bearer t" ? 200 : 401, headers: type, body };
      const own = { ...type, "set-cookie": `relatch_refresh=${crypto.randomUUID()}; Path=/` };
      return { headers: own, body, isCut: lost.requests.length > 1 };
    });
    try {
      const front = serverOf(lost);
      const visitor = new Visitor().set("relatch_refresh", crypto.randomUUID());
      await render(front, visitor);
      const former = visitor.cookie("relatch_refresh");
      const state = await render(front, visitor, "/", (session) => session.refresh());
      assert.deepEqual([state.freshness, state.error.code], ["stale", "Network"]);
      assert.notEqual(visitor.cookie("relatch_refresh"), former);
      const page = front.open(visitor.request("/"), { readOnly: true });
      assert.equal((await page.fetch("/api/x")).status, 200);
      assert.equal(lost.requests.filter(({ url }) => url === "/auth/refresh").length, 2);
    } finally {
      await lost.stop();
    }
  });

  it("keeps the cookie that an answer takes away which cannot be judged", async () => {
    const busy = await listen(() => ({ status: 503, headers: { "set-cookie": "relatch_refresh=; Path=/; Max-Age=0" } }));
    try {
      const visitor = new Visitor().set("relatch_refresh", "kept");
      assert.equal((await render(serverOf(busy), visitor, "/", (session) => session.state())).status, "loading");
      assert.equal(visitor.cookie("relatch_refresh"), "kept");
    } finally {
      await busy.stop();
    }
  });

  it("gives up waiting at timeoutMs, and a late answer still counts", async () => {
    const hasty = serverOf(backend, { contract: { timeoutMs: 300 } });
    const visitor = await someone();
    await backend.fault({ path: "/auth/refresh", times: 1, delayMs: 1000 });
    await assert.rejects(render(hasty, visitor, "/", (session) => session.fetch("/api/notes")), { code: "Timeout" });
    await sleep(1500);
    assert.equal((await render(hasty, visitor, "/", (session) => session.fetch("/api/notes"))).status, 200);
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
  });

  it("sends no second refresh while one is under way, however long `timeoutMs` lets it take", async () => {
    let answer;
    const hung = new Promise((resolve) => (answer = resolve));
    const slow = await listen(async ({ url }) => {
      await hung;
      const headers = { "content-type": "application/json", "set-cookie": "relatch_refresh=next; Path=/" };
      return url === "/auth/refresh" ? { headers, body: `{"accessToken":"t","expiresIn":3600,"user":{"id":"1"}}` } : { status: 404 };
    });
    try {
      const patient = serverOf(slow, { contract: { timeoutMs: 100_000 } });
      const visitor = new Visitor().set("relatch_refresh", "former");
      const shown = [patient.open(visitor.request("/")).get()];
      while (!slow.requests.length) await sleep(10);
      mock.timers.enable({ apis: ["Date"], now: Date.now() });
      mock.timers.tick(90_000);
      shown.push(patient.open(visitor.request("/")).get());
      await sleep(100);
      answer();
      assert.deepEqual(await Promise.all(shown), [{ user: { id: "1" } }, { user: { id: "1" } }]);
      assert.equal(slow.requests.length, 1);
    } finally {
      mock.timers.reset();
      await slow.stop();
    }
  });

  it("goes on with a token that is due and still good when it cannot be renewed", async () => {
    const brief = await startBackend("--access-ttl", "20");
    try {
      const visitor = await new Visitor().signIn(brief, USER);
      const early = serverOf(brief);
      await render(early, visitor);
      // Due at nine tenths of its life: the cookie says when, so the test says it is now.
      visitor.set("relatch_access", visitor.cookie("relatch_access").replace(/^1\.[^.]+/, `1.${Date.now().toString(36)}`));
      await brief.fault({ path: "/auth/refresh", times: null, status: 503 });
      const state = await render(early, visitor, "/", async (session) => {
        assert.equal((await session.fetch("/api/notes")).status, 200);
        return session.state();
      });
      assert.deepEqual([state.status, state.freshness, state.error.code], ["authenticated", "stale", "TryLater"]);
    } finally {
      await brief.stop();
    }
  });

  it("is stale, and refreshes nothing, where no cookie can be set", async () => {
    const visitor = await someone();
    const session = server.open(visitor.request("/"), { readOnly: true });
    const state = await session.state();
    assert.deepEqual([state.status, state.freshness, state.data.user.email], ["authenticated", "stale", USER.email]);
    await assert.rejects(session.fetch("/api/notes"), { code: "SessionStale", temporary: true });
    await session.refresh();
    assert.deepEqual(await refreshes(backend), [0, 0, 0]);
    // A backend that does not know its users by the cookie: still no sign-out.
    await backend.fault({ path: "/auth/session", times: 1, status: 401 });
    assert.equal(await server.open(visitor.request("/"), { readOnly: true }).get(), undefined);
  });

  it("renews a token that the backend refuses early, and sends the same call once more", async () => {
    const visitor = await someone();
    await render(server, visitor);
    await backend.reset();
    await backend.expireAccess();
    const note = JSON.stringify({ text: "sent once" });
    const init = { method: "POST", body: note, headers: { "content-type": "application/json" } };
    const answers = await render(server, visitor, "/", (session) =>
      Promise.all([session.fetch("/test/echo", init), session.fetch(new Request(`${backend.url}/test/echo`, init)), session.fetch("/test/echo", init)]),
    );
    for (const answer of answers) {
      const { bodyText, contentType, headers } = await answer.json();
      assert.deepEqual([answer.status, bodyText, contentType, headers.origin], [200, note, "application/json", SITE]);
    }
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
  });

  it("sends what a Request given as options says, and what options say that are no plain object", async () => {
    const visitor = await someone();
    await render(server, visitor);
    await backend.expireAccess();
    const init = { method: "PUT", body: "text", headers: { "content-type": "text/x-own", "x-own": "kept" } };
    for (const options of [new Request(`${SITE}/ignored`, init), Object.create(init), new (class { method = init.method; body = init.body; headers = init.headers; })()]) {
      const answer = await render(server, visitor, "/", (session) => session.fetch("/test/echo", options));
      const { method, bodyText, contentType, headers } = await answer.json();
      assert.deepEqual([method, bodyText, contentType, headers["x-own"], headers.origin], ["PUT", "text", "text/x-own", "kept", SITE]);
    }
    assert.equal((await refreshes(backend))[1], 2, "the first of them was sent once more");
  });

  it("delivers a 401 on a body that can be read once, of whatever kind, and renews the token for the next call", async () => {
    const early = await listen(({ url, headers, body }) => {
      const own = { "content-type": "application/json", "set-cookie": `relatch_refresh=${crypto.randomUUID()}; Path=/` };
      if (url === "/auth/refresh") return { headers: own, body: `{"accessToken":"t${early.requests.length}","expiresIn":3600}` };
      return { status: headers.authorization === "Bearer t1" ? 401 : 200, body };
    });
    try {
      const bodies = [() => Readable.from(["bo", "dy"]), () => (async function* () { yield "bo"; yield "dy"; })(), () => new Response("body").body];
      for (const body of bodies) {
        early.requests.length = 0;
        const session = serverOf(early).open(new Visitor().set("relatch_refresh", crypto.randomUUID()).request("/"));
        const post = () => session.fetch("/api/x", { method: "POST", body: body(), duplex: "half" });
        assert.equal((await post()).status, 401);
        assert.deepEqual(early.requests.map(({ url, body }) => [url, body]), [["/auth/refresh", ""], ["/api/x", "body"]]);
        await session.refresh();
        assert.equal(await (await post()).text(), "body");
      }
    } finally {
      await early.stop();
    }
  });

  it("lets calls go at once that are given up while the token is renewed, which goes on for the others", async () => {
    let renewed = 0;
    const warnings = [];
    const warn = (warning) => void warnings.push(warning);
    process.on("warning", warn);
    const slow = await listen(async ({ url, headers }) => {
      if (url !== "/auth/refresh") return { status: headers.authorization === "Bearer t2" ? 200 : 401 };
      await sleep(300);
      renewed += 1;
      const own = { "content-type": "application/json", "set-cookie": `relatch_refresh=${crypto.randomUUID()}; Path=/` };
      return { headers: own, body: `{"accessToken":"t${renewed}","expiresIn":3600}` };
    });
    try {
      const session = serverOf(slow).open(new Visitor().set("relatch_refresh", crypto.randomUUID()).request("/"));
      const giveUp = () => {
        const signal = AbortSignal.timeout(100);
        return Promise.all(Array.from({ length: 20 }, () => assert.rejects(session.fetch("/api/x", { signal }), { name: "TimeoutError" })));
      };
      await giveUp();
      assert.equal(renewed, 0, "while there is no token");
      assert.equal((await session.ready()).status, "user");
      await giveUp();
      assert.equal(renewed, 1, "while the refused one is renewed");
      assert.equal((await session.fetch("/api/x")).status, 200);
      assert.equal(renewed, 2);
      await assert.rejects(session.fetch("/api/x", { signal: AbortSignal.abort() }), { name: "AbortError" });
      assert.deepEqual(warnings, []);
    } finally {
      process.off("warning", warn);
      await slow.stop();
    }
  });

  it("leaves no rejection unhandled where a refused call's answer breaks off while the token is renewed", async () => {
    const unhandled = [];
    const note = (error) => void unhandled.push(error);
    const broken = await listen(async ({ url, headers }) => {
      if (url !== "/auth/refresh") return headers.authorization === "Bearer t2" ? { body: "whole" } : { status: 401, isCut: true, body: "bro" };
      if (broken.requests.length > 1) await sleep(100);
      const own = { "content-type": "application/json", "set-cookie": `relatch_refresh=${crypto.randomUUID()}; Path=/` };
      return { headers: own, body: `{"accessToken":"t${broken.requests.length > 1 ? 2 : 1}","expiresIn":3600}` };
    });
    process.on("unhandledRejection", note);
    try {
      const session = serverOf(broken).open(new Visitor().set("relatch_refresh", crypto.randomUUID()).request("/"));
      assert.equal(await (await session.fetch("/api/x")).text(), "whole");
      await sleep(50);
      assert.deepEqual(unhandled, []);
    } finally {
      process.off("unhandledRejection", note);
      await broken.stop();
    }
  });

  it("gives the bearer and the cookies to the backend's origin only", async () => {
    const foreign = await listen(() => ({ body: "{}" }));
    try {
      const visitor = await someone();
      await render(server, visitor, "/", async (session) => {
        await session.fetch(`${foreign.url}/api/notes`);
        await session.fetch(new Request(`${foreign.url}/x`));
        await session.fetch(`/test/redirect?to=${encodeURIComponent(`${foreign.url}/away`)}`);
        await session.fetch(`${SITE}.evil.example/`).catch(() => {});
      });
      assert.equal(foreign.requests.length, 3);
      for (const { headers } of foreign.requests) assert.deepEqual([headers.authorization, headers.cookie], [undefined, undefined]);
    } finally {
      await foreign.stop();
    }
  });

  it("forwards the backend's own cookies and no other", async () => {
    const seen = await listen(() => ({ status: 503 }));
    try {
      const visitor = new Visitor().set("relatch_refresh", "r").set("theme", "dark").set("csrf", "c").set("other_app", "secret");
      const picky = serverOf(seen, { forwardCookies: ["csrf"] });
      await picky.open(visitor.request("/")).state();
      assert.deepEqual(seen.requests.map(({ url, headers }) => [url, headers.cookie]), [
        ["/auth/refresh", "relatch_refresh=r; csrf=c"],
        ["/auth/session", "relatch_refresh=r; csrf=c"],
      ]);
    } finally {
      await seen.stop();
    }
  });

  it("names every mistake in its options", () => {
    const options = { baseUrl: "/auth", refreshCookie: "a b", origin: "https://app.example/x", graceMs: 1e6 };
    assert.throws(() => serverOf(backend, options), (error) => {
      assert.deepEqual([error.code, error.issues.map(({ path }) => path)], ["InvalidContract", ["baseUrl", "refreshCookie", "origin", "graceMs"]]);
      return true;
    });
    for (const baseUrl of ["http://u:p@backend/auth", "http://u@backend/auth"]) {
      assert.throws(() => serverOf(backend, { baseUrl }), (error) => error.issues.length === 1 && error.issues[0].path === "baseUrl");
    }
  });
});
