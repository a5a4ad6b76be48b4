// What a token must never be seen in, and the conditions under which the package has to work.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { engine, openPage, signedIn, startBrowser, startServer, USER } from "./stage.mjs";

describe(`secrets in ${engine}`, { concurrency: false }, () => {
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

  /** Wraps what the page has before relatch is loaded, so that the test knows each token and the module's memory. */
  const watch = () => {
    window.tokens = [];
    window.logged = [];
    const text = (value) => {
      if (typeof value !== "object" || value === null) return String(value);
      return [value, value.stack, value.message, value.cause && text(value.cause), JSON.stringify(value)].map(String).join();
    };
    for (const name of ["debug", "log", "info", "warn", "error"]) {
      const real = console[name];
      console[name] = (...args) => (logged.push(args.map(text).join()), real.apply(console, args));
    }
    const json = Response.prototype.json;
    Response.prototype.json = async function (...args) {
      const value = await json.apply(this, args);
      if (value?.accessToken) tokens.push(value.accessToken);
      return value;
    };
    const instantiate = WebAssembly.instantiate;
    WebAssembly.instantiate = async (...args) => {
      const result = await instantiate.apply(WebAssembly, args);
      const exported = Object.values((result.instance ?? result).exports);
      window.memory = exported.find((value) => value instanceof WebAssembly.Memory);
      return result;
    };
  };

  /** Opens a page that is watched from its first script on. */
  const watched = async (context) => {
    const profile = context ?? (await browser.createBrowserContext());
    const page = await profile.newPage();
    page.said = [];
    page.on("console", (message) => page.said.push(message.text()));
    page.on("pageerror", (error) => page.said.push(String(error?.stack ?? error)));
    await page.evaluateOnNewDocument(watch);
    await page.goto(server.url);
    return page;
  };

  /** Every place of the page in which one of the tokens is found, be it only its signature. */
  const findTokens = (page) =>
    page.evaluate(async () => {
      const found = [];
      const needles = tokens.flatMap((token) => [token, token.split(".").at(-1), btoa(token)]);
      const look = (place, text) => needles.some((needle) => String(text).includes(needle)) && found.push(place);
      look("localStorage", JSON.stringify({ ...localStorage }));
      look("sessionStorage", JSON.stringify({ ...sessionStorage }));
      look("cookie", document.cookie);
      look("DOM", document.documentElement.outerHTML);
      look("URL", location.href);
      look("history", JSON.stringify(history.state));
      look("window.name", window.name);
      look("requested URLs", performance.getEntries().map((entry) => entry.name).join());
      look("state", JSON.stringify([states, session.inspect(), session.record(0)]));
      look("console", logged.join());
      for (const { name } of await indexedDB.databases()) {
        const db = await new Promise((resolve, reject) => {
          const request = indexedDB.open(name);
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
        for (const store of db.objectStoreNames) {
          const rows = await new Promise((resolve) => {
            const request = db.transaction(store).objectStore(store).getAll();
            request.onsuccess = () => resolve(request.result);
          });
          look(`IndexedDB ${name}/${store}`, JSON.stringify(rows));
        }
      }
      for (const name of (await globalThis.caches?.keys()) ?? []) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) look(`cache ${name}`, request.url + (await (await cache.match(request)).text()));
      }
      // All that the page can reach from its own session and from relatch's exports, private or not.
      const seen = new Set();
      const walk = (value, path) => {
        if (typeof value === "string") return void look(path, value);
        if (value === null || !/object|function/.test(typeof value) || seen.has(value) || path.length > 200) return;
        seen.add(value);
        for (const key of Reflect.ownKeys(value)) {
          try {
            walk(value[key], `${path}.${String(key)}`);
          } catch {}
        }
        if (typeof value === "function") look(`${path}()`, Function.prototype.toString.call(value));
      };
      walk(session, "session");
      walk(relatch, "relatch");
      return { found, count: tokens.length, known: tokens };
    });

  const inMemory = (page, more = []) =>
    page.evaluate((more) => {
      const bytes = new Uint8Array(memory.buffer);
      const text = Array.from({ length: Math.ceil(bytes.length / 8192) }, (_, at) =>
        String.fromCharCode(...bytes.subarray(at * 8192, (at + 1) * 8192)),
      ).join("");
      return [...tokens, ...more].map((token) => text.includes(token) || text.includes(token.split(".").at(-1)));
    }, more);

  it("has no token in any storage, the DOM, the console, an error, a URL or an object of the page's", async () => {
    const page = await watched();
    const errors = await page.evaluate(async (user) => {
      open_();
      const errors = [await outcome(session.signIn({ ...user, password: "wrong" }))];
      await session.signIn(user);
      await session.fetch("/api/notes", { method: "POST", headers: { "content-type": "application/json" }, body: '{"text":"x"}' });
      return errors.map((error) => JSON.stringify(error));
    }, USER);
    await server.expireAccess();
    await page.evaluate(() => Promise.all([session.fetch("/api/notes"), session.fetch("/api/notes")]));
    await server.fault({ path: "/auth/refresh", times: 1, status: 503, when: "after" });
    await server.expireAccess();
    errors.push(
      await page.evaluate(async () => {
        const error = await session.fetch("/api/notes").catch((error) => error);
        return JSON.stringify([error, error.message, error.stack, String(error.cause)]);
      }),
    );
    const { found, count, known } = await findTokens(page);
    assert.ok(count >= 2, "the test knows the tokens it looks for");
    assert.deepEqual(found, []);
    const said = [...page.said, ...errors].join("\n");
    for (const token of known) assert.ok(!said.includes(token) && !said.includes(token.split(".").at(-1)));
  });

  it("finds a token where one is put (the search itself works)", async () => {
    const page = await watched();
    await page.evaluate(async (user) => {
      open_();
      await session.signIn(user);
      localStorage.setItem("oops", tokens[0]);
      document.body.dataset.oops = tokens[0].split(".").at(-1);
      session.oops = { deep: [tokens[0]] };
      console.debug(new Error("oops", { cause: { deep: tokens[0] } }));
      await (await caches.open("oops")).put("/oops", new Response(tokens[0]));
    }, USER);
    const { found } = await findTokens(page);
    assert.deepEqual(found, ["localStorage", "DOM", "console", "cache oops", "session.oops.deep.0"]);
    assert.ok((await inMemory(page)).some(Boolean), "a live token is in the module's memory");
  });

  it("shows the token in the session's data to those who ask for it, each new one, in every tab", async () => {
    const profile = await browser.createBrowserContext();
    const [giver, taker] = [await openPage(browser, server.url, profile), await openPage(browser, server.url, profile)];
    const byHand = (page) =>
      page.evaluate(async () => {
        const { accessToken } = await session.get();
        const { status } = await fetch("/api/notes", { headers: { authorization: `Bearer ${accessToken}` } });
        return { accessToken, status };
      });
    await giver.evaluate(async (user) => (open_({}, { exposeAccessToken: true }), await session.signIn(user)), USER);
    await taker.evaluate(async () => void (await open_({}, { exposeAccessToken: true }).get()));
    const first = await byHand(giver);
    assert.deepEqual([first.status, await byHand(taker)], [200, first]);
    await server.expireAccess();
    await giver.evaluate(() => session.fetch("/api/notes"));
    const second = await byHand(giver);
    assert.ok(second.accessToken.length > 50 && second.accessToken !== first.accessToken);
    assert.equal(second.status, 200);
    await taker.evaluate(() => session.fetch("/api/notes"));
    await taker.waitForFunction((token) => session.getState().data.accessToken === token, { polling: 50 }, second.accessToken);
    assert.equal(await giver.evaluate(async () => (await session.signOut(), session.getState().data)), null);
    await taker.waitForFunction(() => session.getState().data === null, { polling: 50 });
  });

  it("wipes the token from the module's memory at sign-out", async () => {
    const page = await watched();
    await page.evaluate(async (user) => {
      open_();
      await session.signIn(user);
      await session.refresh();
      await session.fetch("/api/notes");
      await session.signOut();
    }, USER);
    const left = await inMemory(page);
    assert.ok(left.length >= 2);
    assert.deepEqual(left.filter(Boolean), []);
  });

  it("wipes it from the memory of a tab that gave it to another, and of that one", async () => {
    const profile = await browser.createBrowserContext();
    const giver = await watched(profile);
    await giver.evaluate(async (user) => (open_(), await session.signIn(user)), USER);
    const taker = await watched(profile);
    await taker.evaluate(async () => (await open_().get(), await session.fetch("/api/notes")));
    const known = await giver.evaluate(() => tokens);
    assert.deepEqual(await taker.evaluate(() => tokens), [], "it has asked the server for none");
    assert.deepEqual(await inMemory(taker, known), [true]);
    await taker.evaluate(() => session.signOut());
    await giver.waitForFunction(() => session.getState().status === "unauthenticated", { polling: 50 });
    assert.deepEqual([await inMemory(giver), await inMemory(taker, known)], [[false], [false]]);
  });

  it("works under a strict Content-Security-Policy without a violation", async () => {
    const page = await signedIn(browser, server);
    const result = await page.evaluate(async () => [(await session.fetch("/api/notes")).status, violations, rejections]);
    assert.deepEqual(result, [200, [], []]);
    // Chromium reports each 401 by itself: the visitor's first refresh.
    assert.deepEqual(page.said.filter((text) => !text.startsWith("Failed to load resource")), []);
  });

  it("works where Trusted Types are required", async () => {
    const strict = await startServer(
      "--csp",
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    try {
      const page = await openPage(browser, strict.url);
      const user = await page.evaluate(async (user) => (open_(), (await session.signIn(user)).user.email), USER);
      assert.equal(user, USER.email);
    } finally {
      await strict.stop();
    }
  });

  it("says by a typed error that the policy forbids WebAssembly, and tries again at the next call", async () => {
    const strict = await startServer("--csp", "default-src 'self'; script-src 'self'");
    try {
      const page = await openPage(browser, strict.url);
      const results = await page.evaluate(async () => {
        open_();
        return [await statusOf(session.fetch("/api/notes")), await outcome(session.get()), session.getState().status];
      });
      assert.deepEqual(results.map((result) => result.code ?? result), ["ModuleUnavailable", "ModuleUnavailable", "loading"]);
      assert.match(results[0].message, /'wasm-unsafe-eval'/);
    } finally {
      await strict.stop();
    }
  });

  it("tries a start that failed again", async () => {
    const page = await watched();
    const results = await page.evaluate(async () => {
      const real = WebAssembly.instantiate;
      WebAssembly.instantiate = () => Promise.reject(new WebAssembly.CompileError("out of memory"));
      open_();
      const first = await statusOf(session.fetch("/api/notes"));
      WebAssembly.instantiate = real;
      return [first.code, (await statusOf(session.fetch("/api/notes"))).value];
    });
    assert.deepEqual(results, ["ModuleUnavailable", 401]);
  });

  it("leaves no rejection unhandled where a call was aborted before a start that fails", async () => {
    const page = await watched();
    const seen = await page.evaluate(async () => {
      WebAssembly.instantiate = () => Promise.reject(new WebAssembly.CompileError("out of memory"));
      const session = relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }) });
      const { name } = await statusOf(session.fetch("/api/notes", { signal: AbortSignal.abort() }));
      await new Promise((resolve) => setTimeout(resolve, 200));
      return [name, rejections];
    });
    assert.deepEqual(seen, ["AbortError", []]);
  });

  const skip = engine !== "chromium" && "only Chromium's garbage is collected when a test says so";
  for (const [proof, csrf] of [["there is no proof of origin", undefined], ["a proof is never refused alone", { cookie: "csrf", header: "X-Csrf", refused: [] }]]) {
    it(`keeps no credentials once they have been sent, where ${proof}`, { skip }, async () => {
      const page = await openPage(browser, server.url);
      await server.reset();
      await server.fault({ path: "/auth/login", times: 1, delayMs: 1500, when: "before" });
      await page.evaluate(
        (user, csrf) => {
          open_({ csrf });
          const credentials = { ...user };
          window.credentials = new WeakRef(credentials);
          window.entering = outcome(session.signIn(credentials));
        },
        USER,
        csrf,
      );
      while ((await server.counters()).login === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      const devtools = await page.createCDPSession();
      await devtools.send("HeapProfiler.collectGarbage");
      assert.equal(await page.evaluate(() => credentials.deref() === undefined), true);
      assert.equal(await page.evaluate(async () => (await entering).value.user.email), USER.email);
    });
  }

  it("names every mistake in a contract when the client is made", async () => {
    const page = await openPage(browser, server.url);
    const issues = await page.evaluate(() => {
      try {
        relatch.createSession({
          contract: {
            baseUrl: "auth",
            refresh: { path: 7, methid: "POST", dead: [401, "403"], headers: { "x y": "z" }, extra: { list: [] } },
            session: { path: "no-slash", user: "a..b", none: [{ status: 200, is: null }] },
            signOut: { path: "/logout", done: [{ at: "url", is: 1, has: "x" }] },
            csrf: { cookie: "no spaces", header: "" },
            signIn: "login",
            api: { origins: ["https://api.example.com/v1", "*"], expired: [{ at: "code", is: "expired" }] },
            access: { token: "", by: "magic" },
            timeoutMs: 0,
            leadMs: 2 ** 31,
            refesh: {},
          },
        });
      } catch (error) {
        return [error.name, error.code, error.issues.map((issue) => `${issue.path}: ${issue.message}`)];
      }
    });
    assert.deepEqual(issues.slice(0, 2), ["RelatchError", "InvalidContract"]);
    assert.deepEqual(
      issues[2].map((issue) => issue.split(":")[0]).sort(),
      [
        "contract.access.by",
        "contract.access.token",
        "contract.api.expired",
        "contract.api.origins",
        "contract.baseUrl",
        "contract.csrf.cookie",
        "contract.csrf.header",
        "contract.leadMs",
        "contract.refesh",
        "contract.refresh.dead",
        "contract.refresh.extra",
        "contract.refresh.headers",
        "contract.refresh.methid",
        "contract.refresh.path",
        "contract.session.none",
        "contract.session.path",
        "contract.session.user",
        "contract.signIn",
        "contract.signOut.done",
        "contract.timeoutMs",
      ],
    );
    assert.ok(issues[2].includes('contract.refresh.path: expected a path such as "/refresh", got 7'));
    const disagreeing = await page.evaluate(() =>
      [
        { signIn: { path: "/login" } },
        { access: { by: "cookie" } },
        { refresh: { path: "/r" }, csrf: { path: "/csrf" } },
        { session: { path: "/me" }, access: { by: "cookie", refreshToken: "r" } },
        { refresh: { path: "/r" }, csrf: { header: "X-Csrf" } },
        { refresh: { path: "/r" }, csrf: { header: "X-Csrf", at: "token" } },
        { refresh: { path: "/r" }, csrf: { cookie: "csrf" } },
        { refresh: { path: "/r", method: "GET" }, access: { refreshToken: "r" } },
        { refresh: { path: "/r" }, signIn: { path: "/in", method: "GET" } },
        { refresh: { path: "/r" }, session: { path: "/me", extra: { a: "1" } } },
      ].map((contract) => {
        try {
          relatch.createSession({ contract: { baseUrl: "/auth", ...contract } });
        } catch (error) {
          return error.issues.map((issue) => issue.path);
        }
      }),
    );
    assert.deepEqual(disagreeing, [
      ["contract.refresh"],
      ["contract.refresh"],
      ["contract.csrf", "contract.csrf"],
      ["contract.access.refreshToken"],
      ["contract.csrf"],
      ["contract.csrf", "contract.csrf.path"],
      ["contract.csrf"],
      ["contract.refresh.method"],
      ["contract.signIn.method"],
      ["contract.session.method"],
    ]);
  });
});
