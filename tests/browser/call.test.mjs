// A call that waits, or is sent once more, is the call that was made.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { engine, openPage, signedIn, startBrowser, startListener, startServer } from "./stage.mjs";

describe(`a call in ${engine}`, { concurrency: false }, () => {
  let api, browser, elsewhere, server;
  /** Paths that the API refuses the next time. */
  const refused = new Set();
  /** What the other origin answers. */
  let elsewhereAnswer = {};
  /** What it sends of events, piece by piece. */
  const parts = [];

  before(async () => {
    api = await startListener(({ method, url }) => {
      if (method !== "OPTIONS" && url === "/events") return { headers: { "content-type": "text/event-stream" }, body: parts.splice(0) };
      return method !== "OPTIONS" && refused.delete(url) ? { status: 401 } : {};
    });
    elsewhere = await startListener(({ method }) => (method === "OPTIONS" ? {} : elsewhereAnswer));
    const connect = `connect-src 'self' ${api.url} ${elsewhere.url}`;
    server = await startServer("--csp", `default-src 'self'; ${connect}; base-uri *; script-src 'self' 'wasm-unsafe-eval'`);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await Promise.all([api, elsewhere, server].map((each) => each?.stop()));
  });
  beforeEach(async () => {
    refused.clear();
    elsewhereAnswer = {};
    for (const { requests } of [api, elsewhere]) requests.length = 0;
    await server.reset();
  });
  afterEach(async () => {
    for (const context of browser.browserContexts()) if (context !== browser.defaultBrowserContext()) await context.close();
  });

  /** When a call does not go straight through: each prepares a page in which the next one will not. */
  const MOMENTS = {
    "made before the module is there": async () => {
      const page = await signedIn(browser, server);
      await page.reload();
      await page.evaluate((origin) => void open_({ api: { origins: [origin, location.origin] } }), api.url);
      return page;
    },
    "that waits for a refresh": async () => {
      const page = await signedIn(browser, server, { api: { origins: [api.url, new URL(server.url).origin] } });
      refused.add("/first");
      await server.fault({ path: "/auth/refresh", times: 1, delayMs: 800, when: "before" });
      await page.evaluate(async (url) => {
        session.fetch(`${url}/first`);
        while (!session.getState().refreshing) await new Promise((resolve) => setTimeout(resolve, 20));
      }, api.url);
      return page;
    },
    "sent once more": async () => {
      const page = await signedIn(browser, server, { api: { origins: [api.url, new URL(server.url).origin] } });
      for (const path of ["/a?1", "/a?2", "/b", "/c", "/d"]) refused.add(path);
      await server.expireAccess();
      return page;
    },
  };

  it("that changes something carries the proof of origin to the API, also while nobody is signed in, and nowhere else", async () => {
    const page = await openPage(browser, server.url);
    await page.evaluate(
      async (api, elsewhere) => {
        document.cookie = "csrf=proof; path=/";
        open_({ api: { origins: [api] }, csrf: { cookie: "csrf", header: "X-Test" } });
        const early = session.fetch(`${api}/early`, { method: "POST" });
        await session.get();
        await Promise.all([early, session.fetch(`${api}/post`, { method: "POST" }), session.fetch(`${api}/get`), session.fetch(`${elsewhere}/post`, { method: "POST" })]);
        await session.fetch(new Request(`${api}/request`, { method: "PUT", body: "x" }));
      },
      api.url,
      elsewhere.url,
    );
    const seen = [...api.requests, ...elsewhere.requests].filter(({ method }) => method !== "OPTIONS").map(({ url, headers }) => [url, headers["x-test"]]);
    assert.deepEqual(seen.slice(0, -1).sort(), [["/early", "proof"], ["/get", undefined], ["/post", "proof"], ["/request", "proof"]]);
    assert.deepEqual(seen.at(-1), ["/post", undefined]);
  });

  it("carries the proof once, also where the caller has brought one under the same name in other letters", async () => {
    const page = await openPage(browser, server.url);
    await page.evaluate(async (api) => {
      document.cookie = "csrf=proof; path=/";
      open_({ api: { origins: [api] }, csrf: { cookie: "csrf", header: "X-Test" } });
      await session.get();
      for (const headers of [{ "x-test": "old" }, [["x-test", "old"]], new Headers({ "x-test": "old" })]) await session.fetch(`${api}/post`, { method: "POST", headers });
    }, api.url);
    const seen = api.requests.filter(({ method }) => method === "POST").map(({ headers }) => headers["x-test"]);
    assert.deepEqual(seen, ["proof", "proof", "proof"]);
  });

  it("to another origin, or with an Authorization of its own, passes through where the module cannot start", async () => {
    const page = await openPage(browser, server.url);
    const ended = await page.evaluate(
      async (api, elsewhere) => {
        WebAssembly.instantiate = () => Promise.reject(new WebAssembly.CompileError("out of memory"));
        const session = relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth", api: { origins: [api] } }) });
        const headers = new Map([["authorization", "Basic mine"]]).entries();
        const own = session.fetch(`${api}/own`, { headers });
        const calls = [session.fetch(`${elsewhere}/x`), session.fetch(new Request(`${elsewhere}/y`)), session.fetch("/api/notes"), own, session.fetch(`${api}/z`), session.fetch("http://[")];
        return (await Promise.all(calls.map(statusOf))).map(({ value, code, name }) => value ?? code ?? name);
      },
      api.url,
      elsewhere.url,
    );
    assert.deepEqual(ended, [200, 200, 401, 200, "ModuleUnavailable", "TypeError"]);
    const asked = api.requests.filter(({ method }) => method !== "OPTIONS").map(({ url, headers }) => [url, headers.authorization]);
    assert.deepEqual(asked, [["/own", "Basic mine"]]);
  });

  for (const [moment, prepare] of Object.entries(MOMENTS)) {
    it(`${moment} is what it was made of, whatever becomes of its arguments`, async () => {
      const page = await prepare();
      const statuses = await page.evaluate(
        (api, elsewhere) => {
          const url = new URL("/a?1", api);
          const [headers, plain] = [new Headers({ "x-test": "1" }), { "x-test": "4" }];
          const [init, list] = [{ headers }, [["x-test", "5"]]];
          const request = new Request(`${api}/b`, { headers: { "x-test": "3" } });
          const calls = [session.fetch(url, init)];
          url.search = "?2";
          headers.set("x-test", "2");
          calls.push(session.fetch(url, init), session.fetch(request));
          calls.push(session.fetch(`${api}/c`, { method: "PUT", body: "x", headers: plain }), session.fetch(`${api}/d`, { headers: list }));
          for (const each of [headers, request.headers]) each.set("x-test", "changed");
          Object.assign(init, { method: "POST", body: "changed", signal: AbortSignal.abort() });
          plain["x-test"] = "changed";
          list[0][1] = "changed";
          list.push(["content-type", "text/changed"]);
          url.href = `${elsewhere}/changed`;
          return Promise.all(calls.map((call) => statusOf(call)));
        },
        api.url,
        elsewhere.url,
      );
      assert.deepEqual(statuses, Array(5).fill({ value: 200 }));
      assert.deepEqual(elsewhere.requests, []);
      const asked = api.requests.filter(({ method, url }) => method !== "OPTIONS" && url !== "/first");
      const seen = asked.map(({ method, url, headers, body }) => `${method} ${url} ${headers["x-test"]} ${headers["content-type"] ?? ""} ${body}`.trim());
      assert.deepEqual([...new Set(seen)].sort(), ["GET /a?1 1", "GET /a?2 2", "GET /b 3", "GET /d 5", "PUT /c 4 text/plain;charset=UTF-8 x"]);
      assert.equal(seen.length, moment === "sent once more" ? 10 : 5);
      assert.ok(asked.every(({ headers }) => /^Bearer [^,]+$/.test(headers.authorization)));
    });

    it(`${moment} goes where its path led, whatever becomes of the document's base`, async () => {
      const page = await prepare();
      const echoed = await page.evaluate(async (elsewhere) => {
        const call = session.fetch("test/echo", { method: "POST", body: "mine" });
        const other = session.fetch("/test/echo");
        history.pushState(null, "", "/settings/profile");
        const base = document.head.appendChild(document.createElement("base"));
        base.href = `${elsewhere}/`;
        return [(await (await call).json()).bodyText, (await (await other).json()).method];
      }, elsewhere.url);
      assert.deepEqual(echoed, ["mine", "GET"]);
      assert.deepEqual(elsewhere.requests, []);
    });
  }

  it("takes the 401 of another origin, to which it was redirected, for no word about the session", async () => {
    const page = await signedIn(browser, server);
    elsewhereAnswer = { status: 401 };
    await server.fault({ path: "/api/notes", times: 2, status: 302, headers: { location: `${elsewhere.url}/gone` }, when: "before" });
    const statuses = await page.evaluate(() => Promise.all([1, 2].map(() => statusOf(session.fetch("/api/notes")))));
    assert.deepEqual(statuses, [{ value: 401 }, { value: 401 }]);
    assert.equal((await server.counters()).refresh.requests, 0);
    assert.deepEqual(elsewhere.requests.filter(({ method }) => method === "GET").map(({ headers }) => headers.authorization), [undefined, undefined]);
  });

  it("fails by its own error where several are refused at one moment and none can be renewed", async () => {
    const page = await signedIn(browser, server);
    await server.fault({ path: "/auth/refresh", times: 1, status: 503, when: "before" });
    const codes = await page.evaluate(async () => {
      const { fetch } = window;
      window.fetch = (input, init) => (String(input.url ?? input).includes("/api/") ? Promise.resolve(new Response(null, { status: 401 })) : fetch(input, init));
      const calls = (count) => Promise.all(Array.from({ length: count }, () => statusOf(session.fetch("/api/notes"))));
      return [...(await calls(1)), ...(await calls(3))].map(({ value, code }) => value ?? code);
    });
    assert.equal(codes.length, 4);
    assert.ok(codes.every((code) => code === codes[3] && code), codes.join());
  });

  it("delivers an answer that goes on, whatever the contract wants to know of its status", async () => {
    const origins = [api.url, new URL(server.url).origin];
    const expired = [401, { status: 200, at: "errors.0.code", is: "UNAUTHENTICATED" }];
    const page = await signedIn(browser, server, { api: { origins, expired } });
    parts.push(...Array(20).fill("data: 1\n\n"));
    const [ms, length] = await page.evaluate(async (url) => {
      const began = performance.now();
      const response = await session.fetch(url);
      return [performance.now() - began, (await response.text()).length];
    }, `${api.url}/events`);
    assert.equal(length, 180);
    assert.ok(ms < 2000, `after ${ms} ms of about 4000`);
  });
});
