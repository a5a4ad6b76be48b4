// The contract's own operations, answered on the site's origin, so that browser and server refresh in one place.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { cookieRefresh } from "../../pkg/server.js";
import { listen, OTHER, refreshes, render, serverOf, SITE, startBackend, USER, Visitor } from "./stage.mjs";

describe("the operations on the site's own origin", { concurrency: false }, () => {
  let backend, server;
  before(async () => {
    backend = await startBackend();
    server = serverOf(backend);
  });
  after(() => backend?.stop());
  beforeEach(() => backend.reset());

  const ask = async (visitor, path, init) => visitor.take(await server.handle(visitor.request(path, { method: "POST", headers: { origin: SITE }, ...init })));
  const signIn = (visitor, user = USER) =>
    ask(visitor, "/auth/login", { headers: { origin: SITE, "content-type": "application/json" }, body: JSON.stringify(user) });
  const notes = (token) => fetch(`${backend.url}/api/notes`, { headers: { authorization: `Bearer ${token}` } });

  it("answer nothing else", async () => {
    const visitor = new Visitor();
    for (const [path, init] of [["/"], ["/auth"], ["/auth/refresh"], ["/auth/refreshed", { method: "POST" }], ["/x/auth/refresh", { method: "POST" }]]) {
      assert.equal(await server.handle(visitor.request(path, init)), undefined, path);
    }
  });

  it("sign in, and the first page needs no refresh", async () => {
    const visitor = new Visitor();
    const answer = await signIn(visitor);
    assert.deepEqual([answer.status, answer.headers.get("cache-control"), (await answer.json()).user.email], [200, "no-store", USER.email]);
    assert.equal((await render(server, visitor)).user.email, USER.email);
    assert.deepEqual(await refreshes(backend), [0, 0, 0]);
    const refused = await signIn(new Visitor(), { ...USER, password: "wrong" });
    assert.deepEqual([refused.status, (await refused.json()).error], [401, "invalid_credentials"]);
  });

  it("share one refresh with the pages that are rendered meanwhile", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    await backend.fault({ path: "/auth/refresh", times: 1, delayMs: 200 });
    const tabs = Array.from({ length: 10 }, () => visitor.twin());
    const answers = await Promise.all(tabs.flatMap((tab) => [render(server, tab), ask(tab.twin(), "/auth/refresh")]));
    for (const answer of answers) {
      if (answer.user) assert.equal(answer.user.email, USER.email);
      else assert.equal((await notes((await answer.json()).accessToken)).status, 200);
    }
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
  });

  it("hand the token of the page that was just rendered over to it, once, without a refresh", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    await render(server, visitor);
    await backend.reset();
    const handed = await (await ask(visitor, "/auth/refresh")).json();
    assert.deepEqual(await refreshes(backend), [0, 0, 0]);
    assert.equal((await notes(handed.accessToken)).status, 200);
    assert.ok(handed.expiresIn > 40 && handed.expiresIn <= 60 && handed.user.email === USER.email, JSON.stringify(handed.expiresIn));
    const renewed = await (await ask(visitor, "/auth/refresh")).json();
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
    assert.notEqual(renewed.accessToken, handed.accessToken);
  });

  it("hand it over where the access token's cookie is `__Host-`, by a cookie that a browser takes", async () => {
    const strict = serverOf(backend, { accessCookie: "__Host-relatch" });
    const visitor = await new Visitor().signIn(backend, USER);
    const session = strict.open(visitor.request("/"));
    await session.ready();
    const lines = visitor.take(session.commit(new Response("page"))).headers.getSetCookie();
    const [offer] = lines.filter((line) => line.includes("_handover="));
    assert.match(offer, /^__Secure-relatch_handover=[^;]+; Path=\/auth\/refresh; Max-Age=60; HttpOnly; Secure/);
    await backend.reset();
    await strict.handle(visitor.request("/auth/refresh", { method: "POST", headers: { origin: SITE } }));
    assert.deepEqual(await refreshes(backend), [0, 0, 0]);
  });

  it("hand no token over that the backend has come to refuse", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    await render(server, visitor);
    await backend.reset();
    await backend.expireAccess();
    const given = await (await ask(visitor, "/auth/refresh")).json();
    assert.equal((await notes(given.accessToken)).status, 200);
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
  });

  it("hand none over to what fetches a part of a page", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    await render(server, visitor, "/", (session) => session.get(), { headers: { "sec-fetch-dest": "empty" } });
    await backend.reset();
    await ask(visitor, "/auth/refresh");
    assert.deepEqual(await refreshes(backend), [1, 1, 0]);
  });

  it("say what is left of a token's life when they answer from a refresh of a while ago", async () => {
    const brief = await startBackend("--access-ttl", "4");
    try {
      const visitor = await new Visitor().signIn(brief, USER);
      const early = serverOf(brief);
      const request = () => early.handle(visitor.request("/auth/refresh", { method: "POST", headers: { origin: SITE } }));
      const first = await (await request()).json();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const second = await (await request()).json();
      assert.equal(second.accessToken, first.accessToken);
      assert.ok(first.expiresIn >= 3 && second.expiresIn < first.expiresIn, `${first.expiresIn}, then ${second.expiresIn}`);
    } finally {
      await brief.stop();
    }
  });

  it("say what the backend says when it refuses or is busy", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    await backend.fault({ path: "/auth/refresh", times: 1, status: 503, body: "{}", headers: { "retry-after": "1" } });
    const busy = await ask(visitor, "/auth/refresh");
    assert.deepEqual([busy.status, busy.headers.get("retry-after")], [503, "1"]);
    await backend.expireRefresh();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.equal((await ask(visitor, "/auth/refresh")).status, 401);
    assert.equal(visitor.cookie("relatch_refresh"), undefined);
    await backend.reset();
    assert.equal((await ask(new Visitor(), "/auth/refresh")).status, 401);
    assert.deepEqual(await refreshes(backend), [0, 0, 0], "without a cookie there is nothing to ask");
  });

  it("pass on the cookie of an answer that cannot be judged, so that the next refresh is as good as the first", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    const former = visitor.cookie("relatch_refresh");
    await backend.fault({ path: "/auth/refresh", times: 1, status: 502, when: "after" });
    assert.equal((await ask(visitor, "/auth/refresh")).status, 502);
    assert.notEqual(visitor.cookie("relatch_refresh"), former);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const renewed = await (await ask(visitor, "/auth/refresh")).json();
    assert.equal((await notes(renewed.accessToken)).status, 200);
    assert.deepEqual(await refreshes(backend), [2, 2, 0]);
  });

  it("sign out: cookies are gone, and a request that was on its way brings none back", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    const late = visitor.twin();
    await render(server, visitor);
    assert.equal((await ask(visitor, "/auth/logout")).status, 204);
    assert.deepEqual([visitor.cookie("relatch_refresh"), visitor.cookie("relatch_access")], [undefined, undefined]);
    assert.equal(await render(server, late), null);
    assert.equal(late.cookie("relatch_access"), undefined);
    assert.deepEqual((await refreshes(backend)).slice(1), [1, 0]);
  });

  it("sign out with what the backend has the browser clear, and clear nothing by any other answer", async () => {
    const clearing = await listen(() => ({ headers: { "clear-site-data": `"cache", "storage"`, "content-type": "application/json" }, body: "{}" }));
    try {
      const front = serverOf(clearing);
      for (const [path, header] of [["/auth/logout", `"cache", "storage"`], ["/auth/login", null]]) {
        const visitor = new Visitor().set("relatch_refresh", "r");
        const answer = await front.handle(visitor.request(path, { method: "POST", headers: { origin: SITE } }));
        assert.equal(answer.headers.get("clear-site-data"), header, path);
      }
    } finally {
      await clearing.stop();
    }
  });

  it("send a header of the contract's once, in whatever letters", async () => {
    const seen = await listen(() => ({ status: 204 }));
    try {
      const { signOut } = cookieRefresh({ baseUrl: "/auth" });
      const front = serverOf(seen, { contract: { signOut: { ...signOut, headers: { "Content-Type": "application/json", "X-Own": "1" } } } });
      const headers = { origin: SITE, "content-type": "application/json" };
      await front.handle(new Visitor().request("/auth/logout", { method: "POST", headers }));
      const [{ headers: sent }] = seen.requests;
      assert.deepEqual([sent["content-type"], sent["x-own"]], ["application/json", "1"]);
    } finally {
      await seen.stop();
    }
  });

  it("sign out while a refresh is under way: it waits, and nobody is signed in after it", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    await backend.fault({ path: "/auth/refresh", times: 1, delayMs: 400 });
    const [tab, leaving] = [visitor.twin(), visitor.twin()];
    const shown = render(server, tab);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await ask(leaving, "/auth/logout")).status, 204);
    await shown;
    assert.equal(await render(server, tab.twin()), null);
    assert.equal((await backend.counters()).refresh.reuse, 0);
  });

  it("sign out with the cookie that a refresh under way brings, which may be the only one that the backend knows", async () => {
    const strict = await listen(async ({ url }) => {
      if (url !== "/auth/refresh") return { status: 204 };
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { headers: { "content-type": "application/json", "set-cookie": "relatch_refresh=new; Path=/; HttpOnly" }, body: `{"accessToken":"t"}` };
    });
    try {
      const visitor = new Visitor().set("relatch_refresh", "former");
      const front = serverOf(strict);
      const shown = front.open(visitor.request("/")).ready();
      await new Promise((resolve) => setTimeout(resolve, 100));
      await front.handle(visitor.request("/auth/logout", { method: "POST", headers: { origin: SITE } }));
      await shown;
      assert.equal(strict.requests.find(({ url }) => url === "/auth/logout").headers.cookie, "relatch_refresh=new");
    } finally {
      await strict.stop();
    }
  });

  it("render nothing for a user whose sign-out has not reached the backend", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    await render(server, visitor);
    await backend.fault({ path: "/auth/logout", times: 1, status: 503 });
    assert.equal((await ask(visitor, "/auth/logout")).status, 503);
    const state = await render(server, visitor, "/", (session) => session.state());
    assert.deepEqual([state.status, state.reason], ["unauthenticated", "signedOut"]);
    await signIn(visitor);
    assert.equal((await render(server, visitor)).user.email, USER.email);
  });

  it("set no cookie that a browser would not take on a site without TLS", async () => {
    const site = "http://192.168.0.9:3000";
    const plain = await listen(({ url }) => {
      if (url !== "/auth/refresh") return { status: 503 };
      return { headers: { "content-type": "application/json", "set-cookie": "relatch_refresh=next; Path=/; HttpOnly" }, body: `{"accessToken":"t"}` };
    });
    try {
      for (const [origin, isSecure] of [[site, false], [SITE, true]]) {
        const front = serverOf(plain, { origin });
        const visitor = new Visitor().set("relatch_refresh", crypto.randomUUID());
        const session = front.open(visitor.request("/"));
        await session.ready();
        visitor.take(session.commit(new Response("page")));
        const left = await front.handle(visitor.request("/auth/logout", { method: "POST", headers: { origin } }));
        const [mark] = left.headers.getSetCookie().filter((line) => line.startsWith("relatch_access=0."));
        assert.equal(mark.includes("; Secure"), isSecure, mark);
      }
    } finally {
      await plain.stop();
    }
  });

  it("sign another user in: nothing of the former is shown, late requests included", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    const late = visitor.twin();
    await render(server, visitor);
    await signIn(visitor, OTHER);
    assert.equal((await render(server, visitor)).user.email, OTHER.email);
    assert.equal(await render(server, late), null);
  });

  it("sign another user in: the slow answer to a request of the former does not undo it", async () => {
    for (const ends of [false, true]) {
      const visitor = await new Visitor().signIn(backend, USER);
      if (ends) await backend.expireRefresh();
      const slow = server.open(visitor.request("/report"));
      await slow.ready();
      await signIn(visitor, OTHER);
      const late = visitor.take(slow.commit(new Response("report")));
      assert.equal(late.headers.get("cache-control"), "private, no-store");
      assert.equal((await render(server, visitor))?.user.email, OTHER.email, ends ? "which had ended" : "which was renewed");
    }
  });

  it("refuse what another site sends", async () => {
    const visitor = await new Visitor().signIn(backend, USER);
    for (const headers of [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }]) {
      assert.equal((await ask(visitor, "/auth/refresh", { headers })).status, 403);
    }
    const old = new Request(`${SITE}/auth/refresh`, { method: "POST", headers: { origin: "https://evil.example", host: "app.example" } });
    assert.equal((await server.handle(old)).status, 403);
    assert.deepEqual(await refreshes(backend), [0, 0, 0]);
  });
});
