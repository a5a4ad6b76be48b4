// Where the tokens of an OpenID provider are kept, how they are proven, and what becomes of them when something fails.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { engine } from "../browser/stage.mjs";
import backend from "./oidc/backend.mjs";
import { NOBODY, visitProvider } from "./oidc/visit.mjs";

const { credentials } = backend;
const signIn = (tab) => backend.signIn(tab, credentials);

/** From here on the token endpoint answers a tab like this. */
const spoil = (tab, how) =>
  tab.evaluate((how) => {
    const { fetch } = window;
    const ways = {
      busy: async () => new Response("", { status: 503 }),
      silent: (_, { signal }) => new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
      async unbound(...call) {
        const response = await fetch(...call);
        if (!response.ok) return response;
        return Response.json({ ...(await response.json()), token_type: "Bearer" });
      },
    };
    window.fetch = (url, ...more) => (String(url).endsWith("/token") && how ? ways[how] : fetch)(url, ...more);
    window.mend = () => (window.fetch = fetch);
  }, how);

describe(`tokens of an OpenID provider, in ${engine}`, { concurrency: false }, () => {
  const stage = visitProvider();
  const { open, state, call, until, kept, newest } = stage;

  it("keeps a session without a bound key in the memory of one tab, and asks the provider for it anew", async () => {
    const tab = await open(stage.plain);
    assert.equal(await tab.evaluate(() => session.signInSilently()), null, "not signed in at the provider");
    await signIn(tab);
    assert.equal((await call(tab)).value, 200);
    await stage.server.expire();
    assert.equal((await call(tab)).value, 200);
    assert.equal((await stage.server.counters())["grant refresh_token"], 1);
    const [stored, names] = await tab.evaluate(async () => [
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
      (await indexedDB.databases()).map(({ name }) => name),
    ]);
    assert.deepEqual(names.filter((name) => name.includes("oidc")), []);
    assert.ok(!/ey[\w-]+\.ey|[\w-]{43}/.test(stored), stored);

    await tab.reload();
    await tab.evaluate((options) => void open_(options), stage.plain);
    await until(tab, "unauthenticated");
    assert.equal((await tab.evaluate(() => session.signInSilently())).user.sub, "ada");
    assert.equal((await call(tab)).value, 200);
  });

  it("binds tokens to a key that cannot be read, and what is stored is worth nothing without it", async () => {
    const tab = await open(stage.bound);
    await signIn(tab);
    assert.equal((await call(tab)).value, 200);
    const [{ refreshToken, ...record }] = await kept(tab);
    assert.deepEqual([record.hasKey, record.isReadable], [true, false]);
    const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "bound", refresh_token: refreshToken });
    const stolen = await fetch(`${stage.bound.issuer}/token`, { method: "POST", body });
    assert.equal(stolen.status, 400);
    assert.equal((await stolen.json()).error, "invalid_grant");
  });

  it("proves the key anew with each request, and answers a new nonce with one request more and no refresh", async () => {
    const tab = await open(stage.bound);
    await signIn(tab);
    await call(tab);
    await stage.server.reset();
    await stage.server.renewNonce();
    const { answers } = await tab.evaluate((path) => callsOf(path, 5), "/api/notes?some=thing");
    assert.deepEqual(answers, Array(5).fill(200));
    const { "grant refresh_token": refreshes = 0, use_dpop_nonce: asked, replay = 0, invalid_dpop_proof: wrong = 0 } = await stage.server.counters();
    assert.deepEqual([refreshes, replay, wrong], [0, 0, 0]);
    assert.ok(asked >= 1 && asked <= 5, `${asked} were refused for want of the nonce`);
    assert.equal((await call(tab)).value, 200);
    assert.equal((await stage.server.counters()).use_dpop_nonce, asked, "it remembers the nonce that a 200 brought");
  });

  it("sends a request whole, however often: for a new nonce, for a new token, and for a nonce once more", async () => {
    const tab = await open(stage.bound);
    await signIn(tab);
    await call(tab);
    await stage.server.expire();
    await stage.server.renewNonce();
    const sent = await tab.evaluate(async () => {
      const forms = [["/api/notes", { method: "post", body: "a note" }], [new Request("/api/notes", { method: "POST", body: "a note" })]];
      const answers = await Promise.all(forms.map((form) => session.fetch(...form)));
      return Promise.all(answers.map(async (answer) => [answer.status, await answer.text()]));
    });
    assert.deepEqual(sent, Array(2).fill([200, "a note"]));
    const { "grant refresh_token": refreshes, replay = 0 } = await stage.server.counters();
    assert.deepEqual([refreshes, replay], [1, 0]);
  });

  it("forgets the key at sign-out, and finishes a sign-out that the provider could not hear", async () => {
    const tab = await open(stage.bound);
    await signIn(tab);
    assert.deepEqual((await kept(tab)).map(({ hasKey }) => hasKey), [true]);
    await tab.setOfflineMode(true);
    const lost = await tab.evaluate(async () => (({ confirmed, error }) => ({ confirmed, code: error.code }))(await session.signOut()));
    assert.deepEqual(lost, { confirmed: false, code: "Network" });
    assert.deepEqual(await state(tab), NOBODY);
    const [{ hasKey, user }] = await kept(tab);
    assert.deepEqual([hasKey, user], [false, {}], "at once, though the provider knows nothing yet");
    await tab.setOfflineMode(false);
    await tab.reload();
    assert.equal(await tab.evaluate((options) => open_(options).get(), stage.bound), null);
    for (const until = Date.now() + 10_000; Date.now() < until && (await newest()) !== "ended"; await tab.evaluate(() => session.get()));
    assert.equal(await newest(), "ended");
    for (const until = Date.now() + 5_000; Date.now() < until && (await kept(tab)).length > 0; );
    assert.deepEqual(await kept(tab), []);
  });

  it("forgets the key when the provider says that the session is over", async () => {
    const tab = await open(stage.bound);
    await signIn(tab);
    await stage.server.revoke();
    assert.equal((await call(tab)).value, 401);
    await until(tab, "unauthenticated");
    assert.deepEqual(await kept(tab), []);
  });

  for (const [what, breakStore] of [
    ["the disk is full", () => {
      IDBObjectStore.prototype.put = function () {
        this.transaction.abort();
      };
    }],
    ["the database is lost for a moment", () => {
      const { transaction } = IDBDatabase.prototype;
      let times = 0;
      IDBDatabase.prototype.transaction = function (...given) {
        if (this.name !== "relatch-oidc" || times++ % 2) return transaction.apply(this, given);
        throw new DOMException("Connection to Indexed Database server lost", "UnknownError");
      };
    }],
  ]) {
    it(`presents no refresh token twice where ${what}`, async () => {
      const tab = await open(stage.bound);
      await signIn(tab);
      await tab.evaluate(breakStore);
      for (let time = 0; time < 2; time++) {
        await stage.server.expire();
        assert.equal((await call(tab)).value, 200);
      }
      const { "grant refresh_token": refreshes, replay = 0 } = await stage.server.counters();
      assert.deepEqual([refreshes, replay, (await state(tab)).status], [2, 0, "authenticated"]);
    });
  }

  it("takes no tokens for bound that are not", async () => {
    const tab = await open(stage.bound);
    await spoil(tab, "unbound");
    const refused = await signIn(tab);
    assert.deepEqual([refused.code, await tab.evaluate(() => lastError.answer)], ["AuthorizationMismatch", { mismatch: "token_type" }]);
    assert.deepEqual([await state(tab), await kept(tab).catch(() => [])], [NOBODY, []]);
  });

  for (const kind of ["plain", "bound"]) {
    it(`renews on a device whose clock is hours off (${kind})`, async () => {
      const tab = await open(stage[kind]);
      await signIn(tab);
      await tab.evaluate(() => {
        const { now } = Date;
        Date.now = () => now() + 7_200_000;
      });
      await stage.server.expire();
      assert.equal((await call(tab)).value, 200);
    });
  }

  for (const [how, code] of [["busy", "TryLater"], ["silent", "Timeout"]]) {
    it(`says of a token endpoint that is ${how} what it is: at sign-in, and without a sign-out when it renews`, async () => {
      const tab = await open({ ...stage.bound, timeoutMs: 1500 });
      await spoil(tab, how);
      const failed = await signIn(tab);
      assert.deepEqual([failed.code, await state(tab)], [code, NOBODY]);
      await tab.evaluate(() => mend());
      assert.equal((await signIn(tab)).value.user.sub, "ada");
      await spoil(tab, how);
      await stage.server.expire();
      const refused = await call(tab);
      assert.deepEqual([refused.code, (await state(tab)).status], [code, "authenticated"]);
    });
  }
});
