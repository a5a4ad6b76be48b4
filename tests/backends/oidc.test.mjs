// A session at an OpenID provider: the ways to sign in, answers that are not to be trusted, and tokens bound to a key.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { engine, openPage, startBrowser } from "../browser/stage.mjs";
import backend, { answerForm } from "./oidc/backend.mjs";

const { credentials } = backend;
const API = "/api/notes";

describe(`OpenID Connect, in ${engine}`, { concurrency: false }, () => {
  let browser, server, profile, bound, plain;

  before(async () => {
    server = await backend.start();
    bound = backend.contract;
    plain = { ...bound, clientId: "plain", dpop: false };
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    profile = await browser.createBrowserContext();
    await server.reset();
  });
  afterEach(() => profile.close());

  const open = async (options) => {
    const tab = await openPage(browser, server.url, profile);
    await tab.evaluate((options) => void open_(options), options);
    await tab.waitForFunction(() => session.getState().status === "unauthenticated");
    return tab;
  };
  const state = (tab) => tab.evaluate(() => (({ status, data }) => ({ status, data }))(session.getState()));
  const NOBODY = { status: "unauthenticated", data: null };
  const call = (tab) => tab.evaluate((path) => outcome(session.fetch(path).then(({ status }) => status)), API);
  const until = (tab, status) => tab.waitForFunction((status) => session.getState().status === status, { timeout: 10_000 }, status);

  /** Leaves for the provider, and waits until its form is there. */
  const leave = async (tab, returnTo = "/?after=1#here") => {
    await Promise.all([tab.waitForSelector("[name=login]"), tab.evaluate((returnTo) => void session.signIn({ returnTo }), returnTo)]);
  };
  /** Comes back from it, and says how the sign-in ended. */
  const comeBack = async (tab, { login, password } = credentials) => {
    await answerForm(tab, { login, password });
    await tab.waitForFunction(() => "completed" in window, { timeout: 10_000 });
    return tab.evaluate(() => completed);
  };
  /** What the provider's answer was, kept from reaching the page that it was for. */
  const intercept = async (tab) => {
    await tab.setRequestInterception(true);
    const caught = new Promise((resolve) => {
      tab.on("request", (request) => {
        const isAnswer = request.isNavigationRequest() && request.url().startsWith(`${server.url}/callback.html?`);
        if (isAnswer && !caught.is) return (caught.is = true), resolve(request.url()), request.respond({ status: 204 });
        return request.continue();
      });
    });
    await answerForm(tab, credentials);
    return new URL(await caught);
  };
  /** Opens the page for answers with this one. */
  const arrive = async (tab, answer) => {
    await tab.goto(answer.href);
    await tab.waitForFunction(() => "completed" in window);
    return tab.evaluate(() => completed);
  };

  it("signs in by the page itself, says where to go on, and leaves code and state nowhere", async () => {
    const tab = await open(plain);
    await leave(tab);
    const { value } = await comeBack(tab);
    assert.deepEqual(value, { data: { user: { sub: "ada", name: "Ada", email: "ada@example.com" } }, returnTo: "/?after=1#here" });
    assert.equal(tab.url(), `${server.url}/callback.html`);
    assert.deepEqual(await tab.evaluate(() => Object.keys(sessionStorage).filter((key) => key.includes("oidc"))), []);
    assert.equal((await call(tab)).value, 200);
  });

  it("gives an answer that it takes to one page only: a second one is of no sign-in", async () => {
    const tab = await open(plain);
    await leave(tab);
    const answer = await intercept(tab);
    const elsewhere = await open(plain);
    const refused = await arrive(elsewhere, answer);
    assert.deepEqual([refused.code, await state(elsewhere)], ["AuthorizationMismatch", NOBODY], "a tab that did not ask");
    assert.equal((await arrive(tab, answer)).value?.data.user.sub, "ada");
    const again = await arrive(tab, answer);
    assert.equal(again.code, "AuthorizationMismatch", "the same answer again");
  });

  for (const [what, forge, code, detail] of [
    ["another issuer", (answer) => answer.searchParams.set("iss", "https://evil.example"), "AuthorizationMismatch", { mismatch: "iss" }],
    ["no issuer", (answer) => answer.searchParams.delete("iss"), "AuthorizationMismatch", { mismatch: "iss" }],
    ["another state", (answer) => answer.searchParams.set("state", "forged"), "AuthorizationMismatch", { mismatch: "state" }],
    ["another code", (answer) => answer.searchParams.set("code", "forged"), "AuthorizationRefused", { error: "invalid_grant" }],
    ["an error", (answer) => answer.searchParams.set("error", "server_error"), "AuthorizationRefused", { error: "server_error" }],
  ]) {
    it(`takes no answer with ${what}`, async () => {
      const tab = await open(bound);
      await leave(tab);
      const answer = await intercept(tab);
      forge(answer);
      const refused = await arrive(tab, answer);
      assert.equal(refused.code, code, JSON.stringify(refused));
      const shown = await tab.evaluate((detail) => Object.entries(detail).every(([name, value]) => lastError.answer[name] === value), detail);
      assert.ok(shown);
      assert.deepEqual(await state(tab), NOBODY);
      assert.ok(!refused.message.includes(answer.searchParams.get("code")), "no code in a message");
    });
  }

  it("takes no ID token of another nonce", async () => {
    const tab = await open(plain);
    await leave(tab);
    const answer = await intercept(tab);
    await tab.goto(server.url);
    await tab.evaluate((name) => {
      const kept = JSON.parse(sessionStorage[name]);
      sessionStorage[name] = JSON.stringify({ ...kept, nonce: "of-another-sign-in" });
    }, `relatch:oidc:${answer.searchParams.get("state")}`);
    const refused = await arrive(tab, answer);
    assert.deepEqual([refused.code, await tab.evaluate(() => lastError.answer)], ["AuthorizationMismatch", { mismatch: "nonce" }]);
    assert.deepEqual(await state(tab), NOBODY);
  });

  it("takes no code that was good already, and the provider ends what it was good for", async () => {
    const tab = await open(plain);
    await leave(tab);
    const answer = await intercept(tab);
    await tab.goto(server.url);
    const name = `relatch:oidc:${answer.searchParams.get("state")}`;
    const kept = await tab.evaluate((name) => sessionStorage[name], name);
    assert.equal((await arrive(tab, answer)).value?.data.user.sub, "ada");
    await tab.evaluate((name, kept) => (sessionStorage[name] = kept), name, kept);
    const again = await arrive(tab, answer);
    assert.deepEqual([again.code, await tab.evaluate(() => lastError.answer.error)], ["AuthorizationRefused", "invalid_grant"]);
    assert.deepEqual(await state(tab), NOBODY);
  });

  it("goes to no other origin afterwards", async () => {
    const tab = await open(plain);
    for (const returnTo of ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"]) {
      const refused = await tab.evaluate((returnTo) => outcome(session.signIn({ returnTo })), returnTo);
      assert.equal(refused.code, "ForeignRedirect", returnTo);
      assert.equal((await tab.evaluate((returnTo) => outcome(session.signOutWithRedirect({ returnTo })), returnTo)).code, "ForeignRedirect");
    }
    assert.equal(tab.url(), `${server.url}/`);
  });

  it("says that a window was closed, or not opened, and nobody is signed in", async () => {
    const tab = await open(bound);
    const opened = new Promise((resolve) => tab.once("popup", resolve));
    const closed = tab.evaluate(() => outcome(session.signInWithPopup()));
    const popup = await opened;
    await popup.waitForSelector("[name=login]");
    await popup.close();
    assert.equal((await closed).code, "PopupClosed");
    const blocked = await tab.evaluate(() => ((window.open = () => null), outcome(session.signInWithPopup())));
    assert.equal(blocked.code, "PopupBlocked");
    assert.deepEqual(await state(tab), NOBODY);
  });

  it("keeps a session without a bound key in the memory of one tab, and asks the provider for it anew", async () => {
    const tab = await open(plain);
    assert.equal(await tab.evaluate(() => session.signInSilently()), null, "not signed in at the provider");
    await backend.signIn(tab, credentials);
    assert.equal((await call(tab)).value, 200);
    await server.expire();
    assert.equal((await call(tab)).value, 200);
    assert.equal((await server.counters())["grant refresh_token"], 1);
    const kept = await tab.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).filter((name) => name.includes("oidc")));
    assert.deepEqual(kept, []);

    await tab.reload();
    await tab.evaluate((options) => void open_(options), plain);
    await until(tab, "unauthenticated");
    assert.equal((await tab.evaluate(() => session.signInSilently())).user.sub, "ada");
    assert.equal((await call(tab)).value, 200);
  });

  it("binds tokens to a key that cannot be read, and proves it anew with each request", async () => {
    const tab = await open(bound);
    await backend.signIn(tab, credentials);
    assert.equal((await call(tab)).value, 200);
    const record = await tab.evaluate(async () => {
      const db = await new Promise((resolve) => (indexedDB.open("relatch-oidc").onsuccess = ({ target }) => resolve(target.result)));
      const all = db.transaction("sessions").objectStore("sessions").getAll();
      const [record] = await new Promise((resolve) => (all.onsuccess = () => resolve(all.result)));
      db.close();
      const readable = await crypto.subtle.exportKey("jwk", record.keys.privateKey).then(() => true, () => false);
      return { readable, extractable: record.keys.privateKey.extractable, refreshToken: record.refreshToken };
    });
    assert.deepEqual([record.readable, record.extractable], [false, false]);
    const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "bound", refresh_token: record.refreshToken });
    const stolen = await fetch(`${bound.issuer}/token`, { method: "POST", body });
    assert.equal(stolen.status, 400, "worth nothing without the key");

    // A nonce that the server has renewed costs one more request, and no refresh.
    await server.reset();
    await server.renewNonce();
    const answers = await tab.evaluate((path) => callsOf(path, 5), API);
    assert.deepEqual([...new Set(answers.answers)], [200]);
    const { "grant refresh_token": refreshes = 0, use_dpop_nonce: asked, replay = 0, invalid_dpop_proof: wrong = 0 } = await server.counters();
    assert.deepEqual([refreshes, replay, wrong], [0, 0, 0]);
    assert.ok(asked >= 1, "the nonce was asked for");
  });

  it("forgets key and token at sign-out, and finishes a sign-out that the provider could not hear", async () => {
    const tab = await open(bound);
    await backend.signIn(tab, credentials);
    const kept = () =>
      tab.evaluate(async () => {
        const db = await new Promise((resolve) => (indexedDB.open("relatch-oidc").onsuccess = ({ target }) => resolve(target.result)));
        const all = db.transaction("sessions").objectStore("sessions").count();
        return new Promise((resolve) => (all.onsuccess = () => (db.close(), resolve(all.result))));
      });
    assert.equal(await kept(), 1);
    await tab.setOfflineMode(true);
    const lost = await tab.evaluate(async () => (({ confirmed, error }) => ({ confirmed, code: error.code }))(await session.signOut()));
    assert.deepEqual(lost, { confirmed: false, code: "Network" });
    assert.deepEqual(await state(tab), NOBODY);
    await tab.setOfflineMode(false);
    await tab.reload();
    assert.equal(await tab.evaluate((options) => open_(options).get(), bound), null);
    const newest = await fetch(`${server.url}/test/newest-session`).then((response) => response.text());
    assert.deepEqual([newest, await kept()], ["ended", 0]);
  });

  it("ends the provider's own session too, and comes back", async () => {
    const tab = await open(plain);
    await backend.signIn(tab, credentials);
    await tab.evaluate(() => void session.signOutWithRedirect({ returnTo: "/" }));
    // The provider asks whether that is meant, unless the ID token says who it is.
    await tab.waitForFunction(() => document.querySelector("[name=logout]") || location.pathname === "/", { timeout: 10_000 });
    const confirm = await tab.$("[name=logout]");
    if (confirm) await Promise.all([tab.waitForNavigation(), confirm.click()]);
    await tab.waitForFunction((url) => location.href.startsWith(url), { timeout: 10_000 }, `${server.url}/`);
    await tab.evaluate((options) => void open_(options), plain);
    assert.equal(await tab.evaluate(() => session.signInSilently()), null);
  });

  it("names every mistake in its options", async () => {
    const tab = await open(plain);
    const issues = await tab.evaluate(() => {
      try {
        relatchOidc.createOidcSession({ issuer: "http://id.example.com", redirectUri: "https://evil.example/", scope: "email", dpop: "yes" });
      } catch (error) {
        return error.issues.map(({ path }) => path);
      }
    });
    assert.deepEqual(issues, ["options.issuer", "options.clientId", "options.redirectUri", "options.scope", "options.dpop"]);
  });

  it("is of no session, and says so, where the provider cannot be reached", async () => {
    const tab = await open({ ...plain, issuer: "http://localhost:9" });
    const refused = await tab.evaluate(() => outcome(session.signIn()));
    assert.deepEqual([refused.code, await state(tab)], ["Network", NOBODY]);
  });
});
