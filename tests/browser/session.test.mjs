// The session against the example server, in a real browser.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { engine, openPage, OTHER, signedIn, startBrowser, startListener, startServer, USER } from "./stage.mjs";

describe(`a session in ${engine}`, { concurrency: false }, () => {
  let browser, server, quick;

  before(async () => {
    server = await startServer();
    quick = await startServer("--access-ttl", "2");
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await Promise.all([server?.stop(), quick?.stop()]);
  });
  beforeEach(() => Promise.all([server.reset(), quick.reset()]));
  afterEach(async () => {
    for (const context of browser.browserContexts()) if (context !== browser.defaultBrowserContext()) await context.close();
  });

  const twentyCalls = (page) =>
    page.evaluate(async () => {
      const from = states.length;
      const answers = await Promise.all(Array.from({ length: 20 }, () => statusOf(session.fetch("/api/notes"))));
      return { statuses: answers.map((answer) => answer.value), seen: states.slice(from - 1).map((state) => state.status) };
    });

  it("answers 20 calls after the token's end after one refresh, spends no 401, and never looks signed out", async () => {
    const page = await openPage(browser, quick.url);
    await page.evaluate(async (user) => {
      // As in a tab in the background, whose timers come late: otherwise the token is renewed ahead of its end.
      const inTime = window.setTimeout;
      window.setTimeout = (run, ms, ...rest) => (ms > 500 ? 0 : inTime(run, ms, ...rest));
      open_();
      await session.signIn(user);
      await new Promise((resolve) => inTime(resolve, 2100));
    }, USER);
    await quick.reset();
    const { statuses, seen } = await twentyCalls(page);
    assert.deepEqual(statuses, Array(20).fill(200));
    assert.ok(seen.every((status) => status === "authenticated"), seen.join());
    const { refresh, api } = await quick.counters();
    assert.deepEqual([refresh.requests, refresh.rotated, refresh.reuse], [1, 1, 0]);
    assert.deepEqual([api.requests, api.unauthorized], [20, 0]);
  });

  it("renews ahead of the token's end by itself", async () => {
    const page = await signedIn(browser, quick);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2100)));
    const { refresh } = await quick.counters();
    assert.ok(refresh.rotated >= 1 && refresh.reuse === 0, JSON.stringify(refresh));
  });

  it("answers 20 calls whose token the server refuses early after one refresh", async () => {
    const page = await signedIn(browser, server);
    await server.reset();
    await server.expireAccess();
    const { statuses, seen } = await twentyCalls(page);
    assert.deepEqual(statuses, Array(20).fill(200));
    assert.ok(seen.every((status) => status === "authenticated"), seen.join());
    const counters = await server.counters();
    assert.deepEqual([counters.refresh.requests, counters.refresh.rotated, counters.refresh.reuse], [1, 1, 0]);
    assert.equal(counters.api.unauthorized, 20);
  });

  it("answers 20 calls made before the module is there, after a reload, with one refresh", async () => {
    const page = await signedIn(browser, server);
    await page.reload();
    await server.reset();
    const statuses = await page.evaluate(() => {
      open_();
      return Promise.all(Array.from({ length: 20 }, () => statusOf(session.fetch("/api/notes"))));
    });
    assert.deepEqual(statuses.map((status) => status.value), Array(20).fill(200));
    assert.deepEqual((await server.counters()).refresh.requests, 1);
  });

  it("keeps the user signed in over a reload", async () => {
    const page = await signedIn(browser, server);
    await server.reset();
    await page.reload();
    const [data, state] = await page.evaluate(async () => [await open_().get(), session.getState().status]);
    assert.equal(data.user.email, USER.email);
    assert.equal(state, "authenticated");
    assert.equal((await server.counters()).refresh.requests, 1);
  });

  it("tells a visitor from an error: get() is null", async () => {
    const page = await openPage(browser, server.url);
    assert.deepEqual(await page.evaluate(async () => [await open_().get(), session.getState().status, session.getState().error]), [
      null,
      "unauthenticated",
      null,
    ]);
  });

  for (const kind of ["string", "Blob", "FormData", "URLSearchParams", "ArrayBuffer", "Uint8Array", "Request", "Request and init"]) {
    for (const moment of ["after a 401", "after a wait"]) {
      it(`sends a ${kind} once more, whole, ${moment}`, async () => {
        const page = await signedIn(browser, server);
        if (moment === "after a wait") await page.reload();
        else await server.expireAccess();
        const { sent, echoed } = await page.evaluate(async (kind) => {
          if (!window.session) open_();
          const text = "grüße ".repeat(2000);
          const bytes = new TextEncoder().encode(text);
          const form = new FormData();
          form.set("text", text);
          form.set("file", new Blob([bytes], { type: "text/plain" }), "a.txt");
          const init = { method: "POST", headers: { "x-test": "1" } };
          const body = {
            string: text,
            Blob: new Blob([bytes], { type: "text/x-test" }),
            FormData: form,
            URLSearchParams: new URLSearchParams({ text }),
            ArrayBuffer: bytes.buffer,
            Uint8Array: bytes,
          }[kind];
          const args = {
            Request: [new Request("/test/echo", { ...init, body: text })],
            "Request and init": [new Request("/test/echo", { ...init, body: "old" }), { body: text, headers: { "x-test": "2" } }],
          }[kind] ?? ["/test/echo", { ...init, body }];
          const used = args[0] instanceof Request ? args[0] : undefined;
          const promise = session.fetch(...args);
          const response = await promise;
          const plain = body instanceof FormData ? null : (await new Response(body ?? text).arrayBuffer()).byteLength;
          const sent = { length: plain, text: body instanceof FormData ? null : kind === "URLSearchParams" ? String(body) : text };
          return { sent: { ...sent, leaked: used?.headers.has("authorization") ?? false }, echoed: await response.json() };
        }, kind);
        assert.equal(echoed.method, "POST");
        assert.equal(echoed.headers["x-test"], kind === "Request and init" ? "2" : "1");
        assert.equal(sent.leaked, false, "the caller's Request holds no bearer");
        if (kind === "FormData") {
          assert.match(echoed.contentType, /^multipart\/form-data; boundary=/);
          assert.equal(echoed.bodyText.split("grüße ").length - 1, 4000);
        } else {
          assert.equal(echoed.bodyLength, sent.length);
          assert.equal(echoed.bodyText, sent.text);
        }
        const { api, refresh } = await server.counters();
        assert.deepEqual([api.requests, api.unauthorized], moment === "after a 401" ? [2, 1] : [1, 0]);
        assert.equal(refresh.requests, 1);
      });
    }
  }

  it("takes the body of a call that has to wait over at once, as fetch does", async () => {
    const page = await signedIn(browser, server);
    await page.reload();
    const sent = await page.evaluate(async () => {
      const client = open_();
      const calls = [(bytes) => bytes, (bytes) => bytes.buffer, (bytes) => new DataView(bytes.buffer, 3)].map((form) => {
        const bytes = new TextEncoder().encode("as it was");
        const call = client.fetch("/test/echo", { method: "POST", body: form(bytes) });
        bytes.fill(120);
        return call;
      });
      return Promise.all(calls.map(async (call) => (await (await call).json()).bodyText));
    });
    assert.deepEqual(sent, ["as it was", "as it was", "it was"]);
  });

  it("keeps headers in each of their forms", async () => {
    const page = await signedIn(browser, server);
    await server.expireAccess();
    const seen = await page.evaluate(async () => {
      const forms = [{ "X-Test": "a" }, [["X-Test", "a"]], new Headers({ "X-Test": "a" }), new Map([["X-Test", "a"]])];
      const calls = forms.map((headers) => session.fetch("/test/echo", { headers }));
      calls.push(session.fetch(new Request("/test/echo", { headers: forms[0] })), session.fetch(new URL("/test/echo", location.href), { headers: forms[0] }));
      return Promise.all(calls.map(async (call) => (await (await call).json()).headers));
    });
    for (const headers of seen) assert.deepEqual([headers["x-test"], headers.authorization], ["a", "present"]);
  });

  it("aborts while a refresh is on its way, with the platform's error, and disturbs no other call", async () => {
    const page = await signedIn(browser, server);
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 700, when: "before" });
    const result = await page.evaluate(async () => {
      const before = new AbortController();
      const reason = new AbortController();
      const calls = [
        session.fetch("/api/notes", { signal: before.signal }),
        session.fetch("/api/notes", { signal: reason.signal }),
        session.fetch(new Request("/api/notes", { signal: before.signal })),
        session.fetch("/api/notes", { signal: AbortSignal.timeout(300) }),
        session.fetch("/api/notes"),
      ].map(statusOf);
      await new Promise((resolve) => setTimeout(resolve, 200));
      before.abort();
      reason.abort("because");
      const first = await calls[0];
      return { first, during: session.getState().refreshing, others: await Promise.all(calls.slice(1)) };
    });
    assert.equal(result.first.name, "AbortError");
    assert.equal(result.during, true, "the refresh goes on");
    const [reason, request, timeout, undisturbed] = result.others;
    assert.equal(reason.message, "because");
    assert.equal(request.name, "AbortError");
    assert.equal(timeout.name, "TimeoutError");
    assert.equal(undisturbed.value, 200);
    assert.equal((await server.counters()).refresh.requests, 1);
  });

  it("aborts in flight, before the start and before the module is there", async () => {
    const page = await signedIn(browser, server);
    const results = await page.evaluate(async () => {
      const inFlight = new AbortController();
      const call = statusOf(session.fetch("/test/slow?ms=3000", { signal: inFlight.signal }));
      const other = statusOf(session.fetch("/test/slow?ms=300"));
      setTimeout(() => inFlight.abort(), 100);
      const early = statusOf(session.fetch("/api/notes", { signal: AbortSignal.abort() }));
      const cold = relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }) });
      const unready = statusOf(cold.fetch("/api/notes", { signal: AbortSignal.abort() }));
      return [await call, await other, await early, await unready];
    });
    assert.deepEqual(results.map((result) => result.name ?? result.value), ["AbortError", 200, "AbortError", "AbortError"]);
  });

  it("hands every option of fetch on as it is", async () => {
    const page = await signedIn(browser, server);
    const seen = await page.evaluate(async () => {
      const original = window.fetch;
      const calls = [];
      window.fetch = (...args) => (calls.push(args), original(...args));
      const init = { credentials: "omit", cache: "no-cache", redirect: "manual", keepalive: true, priority: "high", referrerPolicy: "origin", mode: "same-origin", integrity: "" };
      const manual = await session.fetch("/test/redirect?to=/api/notes&status=307", init);
      const refused = await outcome(session.fetch("/test/redirect?to=/api/notes&status=307", { redirect: "error" }));
      const followed = await session.fetch("/test/redirect?to=/api/notes&status=307");
      const request = new Request("/api/notes", { ...init, redirect: "follow", referrer: location.origin + "/somewhere", referrerPolicy: "unsafe-url" });
      await session.fetch(request.clone());
      window.fetch = original;
      const { headers, ...rest } = calls[0][1];
      const sent = calls.at(-1)[0];
      // What the platform itself makes of it when it is given to fetch.
      const plain = new Request(request.clone());
      const kept = ["credentials", "cache", "redirect", "keepalive", "referrer", "referrerPolicy", "mode"].filter((name) => sent[name] !== plain[name]);
      return { rest, init, changed: kept, type: manual.type, refused: refused.name, followed: [followed.status, followed.redirected], unread: followed.body instanceof ReadableStream && !followed.bodyUsed };
    });
    assert.deepEqual(seen.rest, seen.init);
    assert.deepEqual(seen.changed, [], "a Request keeps its own options");
    assert.equal(seen.type, "opaqueredirect");
    assert.equal(seen.refused, "TypeError");
    assert.deepEqual(seen.followed, [200, true]);
    assert.equal(seen.unread, true);
  });

  it("hands the options of a call on that had to wait", async () => {
    const page = await signedIn(browser, server);
    const seen = await page.evaluate(async () => {
      const original = window.fetch;
      const calls = [];
      window.fetch = (...args) => (calls.push(args), original(...args));
      const init = { keepalive: true, cache: "no-cache", referrer: location.origin + "/somewhere", referrerPolicy: "unsafe-url" };
      const kept = [];
      for (const args of [["/api/notes", init], [new Request("/api/notes", init)], [new Request("/api/notes", { ...init, method: "POST", body: "{}" })]]) {
        const cold = relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }) });
        await cold.fetch(...args);
        const [input, more] = calls.at(-1);
        kept.push(Object.keys(init).filter((name) => (more?.[name] ?? input[name]) !== init[name]));
        cold.dispose();
      }
      window.fetch = original;
      return kept;
    });
    assert.deepEqual(seen, [[], [], []]);
  });

  it("gives the bearer to no other origin, and to none that a redirect leads to", async () => {
    const foreign = await startListener();
    const page = await signedIn(browser, await serverWithConnect(foreign.url));
    await page.evaluate(async (url) => {
      await session.fetch(`${url}/plain`);
      await session.fetch(new Request(`${url}/request`));
      await session.fetch(new URL(`${url}/url`));
      await session.fetch(`/test/redirect?status=307&to=${encodeURIComponent(`${url}/redirected`)}`);
      await session.fetch(`//${new URL(url).host}/schemeless`);
      await session.fetch(`\t/\\${new URL(url).host}/backslash`);
    }, foreign.url);
    await foreign.stop();
    const paths = foreign.requests.filter((request) => request.method === "GET").map((request) => request.url);
    assert.deepEqual(paths, ["/plain", "/request", "/url", "/redirected", "/schemeless", "/backslash"]);
    assert.ok(foreign.requests.every((request) => request.headers.authorization === undefined));
    // WebKit asks by the header's name whether it may follow a redirect, and then follows it without the header.
    const asked = foreign.requests.filter((request) => `${request.headers["access-control-request-headers"]}`.includes("authorization"));
    assert.deepEqual(asked.map((request) => request.url), engine === "webkit" ? ["/redirected"] : []);
  });

  it("asks where a path leads anew when the document's base changes", async () => {
    const foreign = await startListener();
    const page = await signedIn(browser, await serverWithConnect(foreign.url));
    await page.evaluate(async (url) => {
      const base = document.head.appendChild(document.createElement("base"));
      base.href = `${url}/`;
      await session.fetch("/elsewhere");
    }, foreign.url);
    await foreign.stop();
    assert.deepEqual(foreign.requests.map((request) => [request.url, request.headers.authorization]), [["/elsewhere", undefined]]);
  });

  it("leaves a request alone that brings its own Authorization", async () => {
    const page = await signedIn(browser, server);
    await server.reset();
    const status = await page.evaluate(() => statusOf(session.fetch("/api/notes", { headers: { Authorization: "Bearer mine" } })));
    assert.equal(status.value, 401);
    const counters = await server.counters();
    assert.deepEqual([counters.api.requests, counters.refresh.requests], [1, 0]);
  });

  it("passes 403, 404 and 5xx of the API through as they are", async () => {
    const page = await signedIn(browser, server);
    await server.reset();
    const statuses = await page.evaluate(() => Promise.all([403, 404, 422, 500, 503].map((status) => statusOf(session.fetch(`/test/status/${status}`)))));
    assert.deepEqual(statuses.map((status) => status.value), [403, 404, 422, 500, 503]);
    const counters = await server.counters();
    assert.deepEqual([counters.api.requests, counters.refresh.requests], [5, 0]);
  });

  it("reads a refused answer to its end: the connection is good for the next, and the browser's cache keeps its count", async () => {
    const api = await startListener(({ method, url }) =>
      method === "GET" && url === "/slow" && api.requests.filter((request) => request.method === "GET").length === 1
        ? { status: 401, body: ["ref", "used"] }
        : {},
    );
    const page = await signedIn(browser, await serverWithConnect(api.url), { api: { origins: [api.url] } });
    const status = await page.evaluate((url) => statusOf(session.fetch(`${url}/slow`)), api.url);
    assert.equal(status.value, 200);
    const calls = api.requests.filter((request) => request.method === "GET");
    assert.deepEqual([calls.length, await calls[0].isRead], [2, true]);
    await api.stop();
  });

  it("delivers a 401 that stays after a refresh, after exactly one retry", async () => {
    const page = await signedIn(browser, server);
    await server.reset();
    const answer = await page.evaluate(async () => {
      const response = await session.fetch("/test/always-401");
      return [response.status, (await response.text()).length > 0, session.getState().status];
    });
    assert.deepEqual(answer, [401, true, "authenticated"]);
    const counters = await server.counters();
    assert.deepEqual([counters.api.requests, counters.refresh.requests], [2, 1]);
  });

  it("refuses a wrong password by a typed error and changes nothing", async () => {
    const page = await openPage(browser, server.url);
    const result = await page.evaluate(async () => {
      await open_().get();
      const before = session.getState();
      const refused = await outcome(session.signIn({ email: "demo@example.com", password: "wrong" }));
      return [refused.name, refused.code, refused.status, session.getState() === before];
    });
    assert.deepEqual(result, ["RelatchError", "BadCredentials", 401, true]);
  });

  it("rejects what cannot be sent as the caller's own mistake, and asks for nothing", async () => {
    const page = await openPage(browser, server.url);
    await page.evaluate(() => open_().get());
    await server.reset();
    const ends = await page.evaluate(() => {
      const circle = {};
      circle.circle = circle;
      return Promise.all([circle, { id: 10n }].map((fields) => outcome(session.signIn(fields))));
    });
    assert.deepEqual(ends.map(({ name, code }) => [name, Boolean(code)]), Array(2).fill(["TypeError", false]));
    assert.equal((await server.counters()).login, 0);
    // A form's fields are texts, whatever they are.
    const form = await page.evaluate(() => {
      const { signIn, ...contract } = relatch.cookieRefresh({ baseUrl: "/auth" });
      return outcome(open_({ ...contract, signIn: { ...signIn, encoding: "form" } }).signIn({ id: 10n }));
    });
    assert.notEqual(form.name, "TypeError", JSON.stringify(form));
    assert.equal((await server.counters()).login, 1);
  });

  it("clears cookie, memory and waiting calls at sign-out", async () => {
    const page = await signedIn(browser, server);
    const held = async () => (await page.browserContext().cookies()).filter(({ name, value }) => name === "relatch_refresh" && value !== "");
    assert.equal((await held()).length, 1);
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 500, when: "before" });
    const result = await page.evaluate(async () => {
      const waiting = statusOf(session.fetch("/api/notes"));
      await new Promise((resolve) => setTimeout(resolve, 150));
      const leaving = session.signOut();
      await Promise.resolve();
      const left = await leaving;
      return { waiting: await waiting, left, state: session.getState(), generation: session.inspect() };
    });
    assert.equal(result.waiting.code, "SessionChanged");
    assert.deepEqual(result.left, { confirmed: true, error: null });
    assert.deepEqual([result.state.status, result.state.data, result.state.reason], ["unauthenticated", null, "signedOut"]);
    assert.equal(result.generation.expiresInMs, null);
    await page.reload();
    assert.equal(await page.evaluate(() => open_().get()), null);
    assert.deepEqual(await held(), []);
  });

  it("says of a refused exchange that it was refused, also where there is no sign-in", async () => {
    const page = await openPage(browser, server.url);
    await page.evaluate(() => void open_({ signIn: undefined }));
    await server.fault({ path: "/auth/social-login", times: 1, status: 401, when: "before" });
    assert.equal((await page.evaluate(() => statusOf(session.exchange({ provider: "kakao" })))).code, "BadCredentials");
  });

  it("sets no cookie by the late answer to a sign-in that was given up", async () => {
    const page = await openPage(browser, server.url);
    await page.evaluate(() => void open_({ timeoutMs: 600 }));
    // Longer than anybody waits for the cookie of a request that was given up.
    await server.fault({ path: "/auth/login", times: 1, delayMs: 5000, when: "after" });
    const late = await page.evaluate((user) => statusOf(session.signIn(user)), USER);
    assert.equal(late.code, "Timeout");
    await page.evaluate((user) => session.signIn(user).then(() => {}), OTHER);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await page.reload();
    assert.equal(await page.evaluate(async () => (await open_().get())?.user.email), OTHER.email);
  });

  it("sets no cookie by the late answer to one whose proof of origin came late, either", async () => {
    const page = await openPage(browser, server.url);
    const csrf = { path: "/csrf", at: "token", header: "X-Csrf" };
    const proof = { path: "/auth/csrf", status: 200, body: '{"token":"t"}', headers: { "content-type": "application/json" }, when: "before" };
    await server.fault({ ...proof, times: 1 });
    const nobody = await page.evaluate((csrf) => {
      // On its own, so that the next one need not wait for the cookie of a request that was given up.
      Object.defineProperty(navigator, "locks", { value: undefined });
      return open_({ timeoutMs: 1000, csrf }).get();
    }, csrf);
    assert.equal(nobody, null);
    await server.fault({ ...proof, times: 1, delayMs: 800 });
    await server.fault({ path: "/auth/login", times: 1, delayMs: 900, when: "after" });
    const late = await page.evaluate((user) => statusOf(session.signIn(user)), USER);
    assert.equal(late.code, "Timeout");
    await server.fault({ ...proof, times: 9 });
    await page.evaluate((user) => session.signIn(user).then(() => {}), OTHER);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    await page.reload();
    assert.equal(await page.evaluate(async () => (await open_().get())?.user.email), OTHER.email);
  });

  it("ends the session once when the refresh token is dead, and delivers the 401", async () => {
    const page = await signedIn(browser, server);
    await server.reset();
    await server.expireAccess();
    await server.expireRefresh();
    const result = await page.evaluate(async () => [await statusOf(session.fetch("/api/notes")), session.getState().status, session.getState().reason]);
    assert.deepEqual(result, [{ value: 401 }, "unauthenticated", "expired"]);
    assert.equal((await server.counters()).refresh.requests, 1);
  });

  it("stays signed in when the refresh endpoint is down, and says so by a typed error", async () => {
    const page = await signedIn(browser, server);
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, status: 503, headers: { "retry-after": "1" }, when: "before" });
    const [failed, state] = await page.evaluate(async () => [await statusOf(session.fetch("/api/notes")), session.getState()]);
    assert.deepEqual([failed.code, failed.status], ["TryLater", 503]);
    assert.deepEqual([state.status, state.freshness], ["authenticated", "stale"]);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2100)));
    assert.deepEqual(await page.evaluate(() => statusOf(session.fetch("/api/notes"))), { value: 200 });
  });

  it("does not take a login page with status 200 for an answer", async () => {
    const page = await signedIn(browser, server);
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, status: 200, body: "<h1>Log in</h1>", headers: { "content-type": "text/html" }, when: "before" });
    const [failed, state] = await page.evaluate(async () => [await statusOf(session.fetch("/api/notes")), session.getState().status]);
    assert.deepEqual([failed.code, state], ["BadResponse", "authenticated"]);
  });

  it("tells the application what has happened, and bears its mistakes", async () => {
    const page = await openPage(browser, server.url);
    const told = await page.evaluate(async (user) => {
      const reported = [];
      window.told = [];
      addEventListener("error", (event) => (reported.push(event.message), event.preventDefault()));
      open_({}, {
        mapSession: (user) => ({ user, name: user.name.toUpperCase() }),
        onSignIn: (data) => told.push(["in", data.name]),
        onRefreshed: (data) => {
          told.push(["refreshed", data.name]);
          throw new Error("of the application");
        },
        onSignedOut: (reason) => told.push(["out", reason]),
        onError: (error) => told.push(["error", error.code]),
      });
      await outcome(session.signIn({ ...user, password: "wrong" }));
      const data = await session.signIn(user);
      await session.refresh();
      const isSame = session.getState().data === data;
      await session.signOut();
      return { told: [...told], isSame, reported: reported.length };
    }, USER);
    const name = told.told[0][1];
    assert.ok(name.length > 0 && name === name.toUpperCase());
    assert.deepEqual(told, { told: [["in", name], ["refreshed", name], ["out", "signedOut"]], isSame: true, reported: 1 });
    await server.fault({ path: "/auth/refresh", times: 1, status: 503, when: "before" });
    await page.evaluate(async (user) => (await session.signIn(user), await outcome(session.refresh())), USER);
    await server.expireRefresh();
    await page.evaluate(() => outcome(session.refresh()));
    assert.deepEqual(await page.evaluate(() => told.slice(3)), [["in", name], ["error", "TryLater"], ["out", "expired"]]);
  });

  it("goes on where no answer tells who has signed in", async () => {
    const page = await openPage(browser, server.url);
    const seen = await page.evaluate(async (user) => {
      open_({ session: undefined, user: { at: "nobody" } });
      const data = await session.signIn(user);
      const answers = [await statusOf(session.fetch("/api/notes")), await outcome(session.refresh())];
      return [Object.keys(data), answers.map(({ code }) => code ?? "done"), session.getState().status, (await navigator.locks.query()).held.length];
    }, USER);
    assert.deepEqual(seen, [["user"], ["done", "done"], "authenticated", 0]);
  });

  it("shows data that JSON does not take beside the token, the same object while the token is", async () => {
    const page = await openPage(browser, server.url);
    const seen = await page.evaluate(async (user) => {
      open_({}, { exposeAccessToken: true, mapSession: (user) => ({ user, since: 1n }) });
      const data = await session.signIn(user);
      await session.update();
      const isSame = session.getState().data === data;
      const next = await session.refresh();
      return [isSame, next === data, typeof next.since, next.accessToken === data.accessToken];
    }, USER);
    assert.deepEqual(seen, [true, false, "bigint", false]);
  });

  it("calls no listener that another one has stopped", async () => {
    const page = await openPage(browser, server.url);
    const late = await page.evaluate(async () => {
      open_();
      let stop;
      let isStopped = false;
      const late = [];
      session.subscribe(({ refreshing }) => stop && refreshing && (stop(), (isStopped = true)));
      stop = session.subscribe(({ status }) => isStopped && late.push(status));
      await session.get();
      return late;
    });
    assert.deepEqual(late, []);
  });

  it("leaves nothing waiting when it is disposed of: no get(), no lock, no timer", async () => {
    const page = await signedIn(browser, server);
    await page.reload();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 3000, when: "before" });
    const seen = await page.evaluate(async () => {
      const timers = new Set();
      const { setTimeout: set, clearTimeout: clear } = window;
      window.setTimeout = (act, ms) => {
        const timer = set(() => (timers.delete(timer), act()), ms);
        return timers.add(timer) && timer;
      };
      window.clearTimeout = (timer) => (timers.delete(timer), clear(timer));
      const sleep = (ms) => new Promise((resolve) => set(resolve, ms));
      open_();
      const got = outcome(session.get());
      while (!session.getState().refreshing) await sleep(10);
      await sleep(300);
      session.dispose();
      const ended = await Promise.race([got, sleep(1000)]);
      await sleep(100);
      return [ended?.code, timers.size, (await navigator.locks.query()).held.length];
    });
    assert.deepEqual(seen, ["Disposed", 0, 0]);
  });

  it("may be disposed of by a listener, in the middle of what it does", async () => {
    const page = await signedIn(browser, server);
    await page.reload();
    await server.fault({ path: "/auth/session", times: 1, delayMs: 700, when: "before" });
    await page.evaluate(() => {
      open_({ user: { at: "nobody" }, session: { path: "/session", user: "user" } });
      session.subscribe(({ status }) => status === "authenticated" && session.dispose());
      window.failures = [];
      addEventListener("error", ({ message }) => failures.push(message));
    });
    while ((await server.counters()).session === 0) await sleep(20);
    const seen = await page.evaluate(async () => {
      const ended = await Promise.race([outcome(session.refresh()), new Promise((resolve) => setTimeout(resolve, 2000))]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [ended?.code, (await navigator.locks.query()).held.length, failures, rejections];
    });
    assert.deepEqual(seen, ["Disposed", 0, [], []]);
  });

  it("never sends a call of one user as another", async () => {
    const page = await signedIn(browser, server);
    await server.expireAccess();
    await server.fault({ path: "/auth/login", times: 1, delayMs: 300, when: "before" });
    const [call, user] = await page.evaluate(async (other) => {
      const entering = session.signIn(other);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const call = statusOf(session.fetch("/api/notes", { method: "POST", body: "{}" }));
      return [await call, (await entering).user.email];
    }, OTHER);
    assert.equal(call.code, "SessionChanged");
    assert.equal(user, OTHER.email);
  });

  async function serverWithConnect(origin) {
    await quick.stop();
    quick = await startServer("--access-ttl", "2", "--csp", `default-src 'self'; connect-src 'self' ${origin}; base-uri *; script-src 'self' 'wasm-unsafe-eval'`);
    return quick;
  }
});
