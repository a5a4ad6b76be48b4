// What of relatch/next can be told without Next; the rest is in ../packaging.
import assert from "node:assert/strict";
import { register } from "node:module";
import { after, before, beforeEach, describe, it } from "node:test";
import { callbackPath, cookieRefresh, createNextSession } from "../../pkg/next.js";
import { listen, refreshes, SITE, startBackend, USER, Visitor } from "./stage.mjs";

describe("the path to go back to after a sign-in", () => {
  it("is one of this site", () => {
    for (const path of ["/", "/account", "/orders/7?page=2#top", "/a//b", "/%2F%2Fevil.example", "/@evil.example"]) assert.equal(callbackPath(path), path);
  });
  it("is returned as a browser reads it", () => {
    for (const [path, read] of [["/a/../b", "/b"], ["/a\\b", "/a/b"], ["/a\tb", "/ab"], ["/a b", "/a%20b"]]) assert.equal(callbackPath(path), read);
  });
  it("is never another site's", () => {
    const tricks = [
      "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:evil.example", "javascript:alert(1)",
      "/\t/evil.example", "/\n/evil.example", " //evil.example", "\u0000//evil.example", "/./\\evil.example", "/x/..//evil.example", "/.//evil.example", "evil.example", "", null, undefined,
    ];
    for (const trick of tricks) assert.equal(callbackPath(trick, "/home"), "/home", JSON.stringify(trick));
  });
});

describe("the proxy helper", { concurrency: false }, () => {
  let backend, auth;
  before(async () => {
    backend = await startBackend();
    auth = createNextSession({
      contract: cookieRefresh({ baseUrl: "/auth" }),
      baseUrl: `${backend.url}/auth`,
      refreshCookie: "relatch_refresh",
      origin: SITE,
      protect: ["/account/:path*", "/orders/:id", "/files/:path+"],
      signInPage: "/enter?from=proxy",
    });
  });
  after(() => backend?.stop());
  beforeEach(() => backend.reset());

  const target = async (path, init) => {
    const answer = await auth.proxy(new Visitor().request(path, init));
    const to = new URL(answer.headers.get("location"));
    return [answer.status, to.origin, to.pathname, to.searchParams.get("from"), to.searchParams.get("callbackUrl")];
  };

  it("sends those who are not signed in to the sign-in page, with the way back", async () => {
    const to = (back, status = 307) => [status, SITE, "/enter", "proxy", back];
    assert.deepEqual(await target("/account"), to("/account"));
    assert.deepEqual(await target("/account/"), to("/account/"));
    assert.deepEqual(await target("/account/keys?tab=2&_rsc=x"), to("/account/keys?tab=2"));
    assert.deepEqual(await target("/orders/7"), to("/orders/7"));
    assert.deepEqual(await target("/files/a/b"), to("/files/a/b"));
    assert.deepEqual(await target("/%61ccount"), to("/%61ccount"));
    assert.deepEqual(await target("//account"), to("/"), "a path that would be another site's");
    assert.deepEqual(await target("/account", { method: "POST" }), to("/account", 303));
  });

  it("protects them with whatever is in a segment", async () => {
    for (const segment of ["x%0Ay", "%0A", "5%0D", "%E2%80%A8", "a%2Fb", "%ff", "5.rsc", "b/%0A", "b/%ff"]) {
      for (const path of [`/account/${segment}`, `/files/${segment}`, `/%61ccount/${segment}`]) assert.equal((await target(path))[0], 307, path);
    }
    for (const path of ["/orders/a%2Fb%0A", "/account%2Fkeys"]) assert.equal((await target(path))[0], 307, path);
  });

  // Without Next there is nothing to go on to, so what is let through fails for want of it.
  const missing = { code: "ERR_MODULE_NOT_FOUND" };

  it("sends nobody from the sign-in page to itself, where everything is protected", async () => {
    const { proxy } = createNextSession({ contract: cookieRefresh({ baseUrl: "/auth" }), baseUrl: `${backend.url}/auth`, refreshCookie: "relatch_refresh", protect: ["/:path*"] });
    assert.equal((await proxy(new Visitor().request("/other"))).status, 307);
    await assert.rejects(proxy(new Visitor().request("/sign-in?callbackUrl=%2F")), missing);
    await assert.rejects(auth.proxy(new Visitor().request("/enter/?from=proxy")), missing);
  });

  it("names every path that would protect nothing or lead nowhere, beside the other mistakes in its options", () => {
    const options = { contract: cookieRefresh({ baseUrl: "/auth" }), baseUrl: `${backend.url}/auth`, refreshCookie: "relatch_refresh" };
    const issues = (more) => {
      try {
        createNextSession({ ...options, ...more });
      } catch (error) {
        assert.equal(error.code, "InvalidContract");
        return error.issues;
      }
      return [];
    };
    const wrong = [
      "account", "", "/account/(.*)", "/account/*", "/account/:a?", "/@:user", "/account/:p(.*)", "/:a:b", "/:", "/account{/x}", "/orders/[id]",
      "/files/[...path]", "/account?tab=1", "/account#top", "/:p*/:id?", undefined, null, /account/,
    ];
    for (const pattern of wrong) {
      const [issue, ...more] = issues({ protect: ["/account", pattern] });
      assert.deepEqual([issue?.path, more], ["protect[1]", []], String(pattern));
      assert.match(issue.message, /"\/account\/:path\*".*, got /);
    }
    const right = ["/", "/account", "/account/", "/a-b_c.d~e", "/@me", "/:a", "/:a/b/:c", "/:a*", "/x/:a+", "/x/:a*/y", "/c%2B%2B", "/caf\u00e9", "/my files"];
    assert.deepEqual(issues({ protect: right }), []);
    assert.deepEqual(issues({ protect: "/account" }).map(({ path }) => path), ["protect"]);
    for (const page of ["sign-in", "", "//evil.example", "/\\evil.example", "https://app.example/sign-in", "/:path*", "/(auth)/sign-in", 1, null]) {
      assert.deepEqual(issues({ signInPage: page }).map(({ path }) => path), ["signInPage"], String(page));
    }
    for (const page of ["/", "/enter?from=proxy", "/enter#form"]) assert.deepEqual(issues({ signInPage: page }), []);
    const all = issues({ graceMs: -1, protect: ["*"], signInPage: "sign-in" });
    assert.deepEqual(all.map(({ path }) => path), ["graceMs", "protect[0]", "signInPage"]);
  });

  it("protects what is written percent-encoded", async () => {
    const { proxy } = createNextSession({
      contract: cookieRefresh({ baseUrl: "/auth" }),
      baseUrl: `${backend.url}/auth`,
      refreshCookie: "relatch_refresh",
      protect: ["/caf%C3%A9/:path*", "/c%2B%2B"],
    });
    for (const path of ["/caf\u00e9", "/caf%C3%A9/menu", "/c++", "/c%2B%2B"]) assert.equal((await proxy(new Visitor().request(path))).status, 307, path);
  });

  it("protects the listed paths and no others", async () => {
    for (const path of ["/", "/accounts", "/orders", "/orders/7/items", "/files", "/enter"]) {
      await assert.rejects(auth.proxy(new Visitor().request(path)), missing, path);
    }
  });

  it("sends those there whose session has ended, and takes their cookie away", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    await backend.expireRefresh();
    const answer = visitor.take(await auth.proxy(visitor.request("/account")));
    assert.equal(answer.status, 307);
    assert.equal(visitor.cookie("relatch_refresh"), undefined);
  });

  it("answers the contract's operations", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    const answer = visitor.take(await auth.proxy(visitor.request("/auth/refresh", { method: "POST", headers: { origin: SITE } })));
    assert.equal((await answer.json()).user.email, USER.email);
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
  });
});

describe("the App Router", { concurrency: false }, () => {
  before(() => {
    const module = (code) => `data:text/javascript,${encodeURIComponent(code)}`;
    const headers = module("export const headers = () => globalThis.next.headers, cookies = () => globalThis.next.cookies;");
    const found = JSON.stringify({ url: headers, shortCircuit: true });
    register(module(`export const resolve = (name, context, next) => (name === "next/headers.js" ? ${found} : next(name, context));`));
  });
  after(() => void delete globalThis.next);

  it("keeps the new cookie where the backend takes away one of the name at another path, though Next keeps one a name", async () => {
    const set = "relatch_refresh=new; Path=/; Max-Age=9999; HttpOnly; Secure";
    const gone = (path) => `relatch_refresh=; Max-Age=0; Path=${path}`;
    for (const [lines, kept] of [
      [[set, gone("/auth")], ["new", "/"]],
      [[gone("/auth"), set], ["new", "/"]],
      [[set, set.replace("Path=/", "Path=/auth"), gone("/auth")], ["new", "/"]],
      [[set, gone("/")], ["", "/"]],
      [[gone("/auth")], ["", "/auth"]],
    ]) {
      const moved = await listen(() => ({
        headers: { "content-type": "application/json", "set-cookie": lines },
        body: `{"accessToken":"t","expiresIn":60,"user":{"id":"1"}}`,
      }));
      try {
        const jar = new Map();
        const headers = new Headers({ cookie: `relatch_refresh=${crypto.randomUUID()}`, host: "app.example" });
        globalThis.next = { headers, cookies: { set: (name, value, { path }) => jar.set(name, [value, path]) } };
        const auth = createNextSession({ contract: cookieRefresh({ baseUrl: "/auth" }), baseUrl: `${moved.url}/auth`, refreshCookie: "relatch_refresh", origin: SITE });
        await auth.getState();
        assert.deepEqual(jar.get("relatch_refresh"), kept, lines.join());
      } finally {
        await moved.stop();
      }
    }
  });
});

describe("the Pages Router", { concurrency: false }, () => {
  let backend;
  before(async () => void (backend = await startBackend()));
  after(() => backend?.stop());

  it("has one session a request, hands its cookies to Node's response, and gives the props", async () => {
    const auth = createNextSession({ contract: cookieRefresh({ baseUrl: "/auth" }), baseUrl: `${backend.url}/auth`, refreshCookie: "relatch_refresh", origin: SITE });
    const visitor = await new Visitor().signIn(backend, USER);
    const set = new Map([["set-cookie", "theme=dark"]]);
    const res = { headersSent: false, getHeader: (name) => set.get(name), setHeader: (name, value) => set.set(name, value) };
    const context = { req: { headers: { cookie: visitor.request("/").headers.get("cookie"), host: "app.example" } }, res };
    const props = await auth.pageProps(context);
    assert.equal(props.session.user.email, USER.email);
    assert.equal((await auth.pages(context).fetch("/api/notes")).status, 200);
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
    assert.deepEqual(set.get("set-cookie").map((line) => line.split("=")[0]), ["theme", "relatch_refresh", "relatch_access"]);
    assert.equal(set.get("cache-control"), "private, no-store");
    res.headersSent = true;
    assert.deepEqual(await auth.pageProps({ req: { headers: {} }, res }), { session: null });
  });
});
