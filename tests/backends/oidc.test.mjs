// Ways to sign in at an OpenID provider and out again, and answers that are not to be trusted.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { engine, startListener } from "../browser/stage.mjs";
import backend, { answerForm } from "./oidc/backend.mjs";
import { NOBODY, visitProvider } from "./oidc/visit.mjs";

const { credentials } = backend;
const ADA = { sub: "ada", name: "Ada", email: "ada@example.com" };

describe(`OpenID Connect, in ${engine}`, { concurrency: false }, () => {
  const stage = visitProvider();
  const { open, state, call, leave, comeBack, intercept, arrive } = stage;

  for (const kind of ["plain", "bound"]) {
    it(`signs in by the page itself (${kind}), says where to go on, and leaves code and state nowhere`, async () => {
      const tab = await open(stage[kind]);
      await leave(tab);
      const { value } = await comeBack(tab);
      assert.deepEqual(value, { data: { user: ADA }, returnTo: "/?after=1#here" });
      const place = `${stage.server.url}/callback.html`;
      assert.deepEqual([tab.url(), await tab.evaluate(() => seenNext)], [place, place], "before anything else could read it");
      assert.deepEqual(await tab.evaluate(() => Object.keys(sessionStorage).filter((key) => key.includes("oidc"))), []);
      assert.deepEqual(await tab.evaluate(() => session.completeSignIn()), value, "asked again, it says the same");
      assert.equal((await call(tab)).value, 200);
      assert.ok(!/code=|ey[\w-]+\.ey/.test(tab.said.join()), tab.said.join("\n"));
    });
  }

  it("gives an answer that it takes to one page only: a second one is of no sign-in", async () => {
    const tab = await open(stage.plain);
    await leave(tab);
    const answer = await intercept(tab);
    const elsewhere = await open(stage.plain);
    const refused = await arrive(elsewhere, answer);
    assert.deepEqual([refused.code, await state(elsewhere)], ["AuthorizationMismatch", NOBODY], "a tab that did not ask");
    assert.equal((await arrive(tab, answer)).value?.data.user.sub, "ada");
    const again = await arrive(tab, answer);
    assert.equal(again.code, "AuthorizationMismatch", "the same answer again");
  });

  it("leaves an answer to the client that has asked for it, where two have the same place for them", async () => {
    const tab = await open(stage.plain);
    await leave(tab);
    const answer = await intercept(tab);
    await tab.goto(stage.server.url);
    await tab.evaluate((other) => (localStorage.options = JSON.stringify(other)), stage.bound);
    assert.deepEqual(await arrive(tab, answer), { value: null }, "the other client is made first");
    const own = await tab.evaluate((options) => outcome(open_(options).completeSignIn()), stage.plain);
    assert.equal(own.value?.data.user.sub, "ada", JSON.stringify(own));
  });

  for (const [what, forge, code, detail] of [
    ["another issuer", (answer) => answer.searchParams.set("iss", "https://evil.example"), "AuthorizationMismatch", { mismatch: "iss" }],
    ["no issuer", (answer) => answer.searchParams.delete("iss"), "AuthorizationMismatch", { mismatch: "iss" }],
    ["another state", (answer) => answer.searchParams.set("state", "forged"), "AuthorizationMismatch", { mismatch: "state" }],
    ["another code", (answer) => answer.searchParams.set("code", "forged"), "AuthorizationRefused", { error: "invalid_grant" }],
    ["an error", (answer) => answer.searchParams.set("error", "server_error"), "AuthorizationRefused", { error: "server_error" }],
  ]) {
    it(`takes no answer with ${what}`, async () => {
      const tab = await open(stage.bound);
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
    const tab = await open(stage.plain);
    await leave(tab);
    const answer = await intercept(tab);
    await tab.goto(stage.server.url);
    await tab.evaluate((name) => {
      const kept = JSON.parse(sessionStorage[name]);
      sessionStorage[name] = JSON.stringify({ ...kept, nonce: "of-another-sign-in" });
    }, `relatch:oidc:${answer.searchParams.get("state")}`);
    const refused = await arrive(tab, answer);
    assert.deepEqual([refused.code, await tab.evaluate(() => lastError.answer)], ["AuthorizationMismatch", { mismatch: "nonce" }]);
    assert.deepEqual(await state(tab), NOBODY);
  });

  it("takes no code that was good already, and the provider ends what it was good for", async () => {
    const tab = await open(stage.plain);
    await leave(tab);
    const answer = await intercept(tab);
    await tab.goto(stage.server.url);
    const name = `relatch:oidc:${answer.searchParams.get("state")}`;
    const kept = await tab.evaluate((name) => sessionStorage[name], name);
    assert.equal((await arrive(tab, answer)).value?.data.user.sub, "ada");
    await tab.evaluate((name, kept) => (sessionStorage[name] = kept), name, kept);
    const again = await arrive(tab, answer);
    assert.deepEqual([again.code, await tab.evaluate(() => lastError.answer.error)], ["AuthorizationRefused", "invalid_grant"]);
    assert.deepEqual([await state(tab), await stage.newest()], [NOBODY, "ended"]);
  });

  it("goes to no other origin afterwards", async () => {
    const tab = await open(stage.plain);
    const tricks = ["/.//evil.example", "/x/..//evil.example", "/./\\evil.example"];
    for (const returnTo of ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example", ...tricks]) {
      const refused = await tab.evaluate((returnTo) => outcome(session.signIn({ returnTo })), returnTo);
      assert.equal(refused.code, "ForeignRedirect", returnTo);
      assert.equal((await tab.evaluate((returnTo) => outcome(session.signOutWithRedirect({ returnTo })), returnTo)).code, "ForeignRedirect");
    }
    assert.equal(tab.url(), `${stage.server.url}/`);
    // Such a path of this site, which is where a sign-in goes back to if nothing is said.
    await tab.evaluate(() => history.replaceState(null, "", "/.//evil.example"));
    assert.equal((await tab.evaluate(() => outcome(session.signIn()))).code, "ForeignRedirect");
  });

  it("says that a window was closed, or not opened, and nobody is signed in", async () => {
    const tab = await open(stage.bound);
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

  for (const idTokenHint of [false, true]) {
    it(`ends the provider's own session too, ${idTokenHint ? "with the ID token in the URL if that is asked for" : "with no token in a URL"}`, async () => {
      const tab = await open(stage.plain);
      await backend.signIn(tab, credentials);
      const urls = [];
      tab.on("framenavigated", (frame) => urls.push(frame.url()));
      await tab.evaluate((idTokenHint) => void session.signOutWithRedirect({ returnTo: "/", idTokenHint }), idTokenHint);
      // oidc-provider asks whether that is meant.
      await tab.waitForSelector("[name=logout]");
      await tab.click("[name=logout]");
      await tab.waitForFunction((url) => location.href === url && document.readyState === "complete", { timeout: 10_000, polling: 50 }, `${stage.server.url}/`);
      assert.equal(urls.some((url) => url.includes("id_token_hint=ey")), idTokenHint);
      await tab.evaluate((options) => void open_(options), stage.plain);
      assert.equal(await tab.evaluate(() => session.signInSilently()), null);
      assert.equal(await stage.newest(), "ended");
    });
  }

  it("gives no ID token away but that of whoever is signed in", async () => {
    const [first, second] = [await open(stage.bound), await open(stage.bound)];
    await backend.signIn(first, credentials);
    await stage.until(second, "authenticated");
    await second.evaluate(() => session.signOut());
    await stage.until(first, "unauthenticated");
    assert.equal((await backend.signIn(second, credentials)).code, undefined);
    // Hidden, it asks only when somebody does.
    await first.waitForFunction(() => session.getState().status !== "unauthenticated");
    assert.equal((await first.evaluate(() => session.get())).user.sub, "ada");
    const urls = [];
    first.on("framenavigated", (frame) => urls.push(frame.url()));
    await first.evaluate(() => void session.signOutWithRedirect({ returnTo: "/", idTokenHint: true }));
    await first.waitForSelector("[name=logout]");
    assert.deepEqual(urls.filter((url) => url.includes("id_token_hint")), []);
  });

  it("signs in by a window where another site embeds the page", async () => {
    const page = { headers: { "content-type": "text/html" }, body: `<iframe src="${stage.server.url}"></iframe>` };
    const other = await startListener(() => page);
    const top = await open(stage.plain);
    await top.goto(other.url);
    const embedded = await top.waitForFrame((frame) => frame.url().startsWith(stage.server.url));
    await embedded.evaluate((options) => void open_(options), stage.plain);
    const opened = new Promise((resolve) => top.once("popup", resolve));
    const done = embedded.evaluate(() => outcome(session.signInWithPopup()));
    await answerForm(await opened, credentials);
    assert.equal((await done).value?.user.sub, "ada");
    await other.stop();
  });

  it("names every mistake in its options", async () => {
    const tab = await open(stage.plain);
    const issues = await tab.evaluate(() => {
      try {
        relatchOidc.createOidcSession({ issuer: "http://id.example.com", redirectUri: "https://evil.example/", scope: "email", dpop: "yes" });
      } catch (error) {
        return error.issues.map(({ path }) => path);
      }
    });
    assert.deepEqual(issues, ["options.issuer", "options.clientId", "options.redirectUri", "options.scope", "options.dpop"]);
  });

  it("is made on a server too, where it does nothing", async () => {
    const script = await fetch(`${stage.server.url}/oidc.js`).then((response) => response.text());
    const { URL, URLSearchParams, TextEncoder, TextDecoder, crypto } = globalThis;
    const global = { URL, URLSearchParams, TextEncoder, TextDecoder, crypto, options: stage.bound };
    const make = `${script}; relatchOidc.createOidcSession(options).getState().status`;
    assert.equal(runInNewContext(make, global), "loading");
    const options = { ...stage.bound, issuer: "https://id.example.com/realms/main" };
    assert.equal(runInNewContext(make, { ...global, options }), "loading");
  });

  it("takes no metadata of another issuer", async () => {
    // The site has the provider's metadata at its own address.
    const tab = await open({ ...stage.plain, issuer: stage.server.url });
    const refused = await tab.evaluate(() => outcome(session.signIn()));
    const answer = await tab.evaluate(() => lastError.answer);
    assert.deepEqual([refused.code, answer, await state(tab)], ["AuthorizationMismatch", { mismatch: "issuer" }, NOBODY]);
  });

  it("is of no session, and says so, where the provider cannot be reached", async () => {
    const tab = await open({ ...stage.plain, issuer: "http://localhost:9" });
    const refused = await tab.evaluate(() => outcome(session.signIn()));
    assert.deepEqual([refused.code, await state(tab)], ["Network", NOBODY]);
  });
});
