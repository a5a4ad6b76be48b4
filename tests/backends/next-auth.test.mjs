// `relatch/next-auth` in an application that was written for `next-auth/react`, on servers of both versions.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { build } from "esbuild";
import { packageFolder } from "../backend.mjs";
import { engine, openPage, startBrowser } from "../browser/stage.mjs";
import authjs from "./authjs/backend.mjs";
import rotating from "./authjs-rotating/backend.mjs";
import nextauth from "./nextauth/backend.mjs";

const bundle = await build({
  entryPoints: [fileURLToPath(new URL("drop-in.jsx", import.meta.url))],
  bundle: true,
  write: false,
  format: "iife",
  jsx: "automatic",
  alias: { "relatch/next-auth": join(packageFolder, "next-auth.js") },
  nodePaths: [fileURLToPath(new URL("node_modules", import.meta.url))],
  define: { "process.env.NODE_ENV": '"production"' },
});

for (const backend of [authjs, nextauth]) {
  describe(`relatch/next-auth on ${backend.name}, in ${engine}`, { concurrency: false }, () => {
    let browser, server, profile, tab;

    before(async () => {
      server = await backend.start();
      browser = await startBrowser();
      profile = await browser.createBrowserContext();
      tab = await open();
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
    });

    const render = async (page, baseUrl) => {
      await page.addScriptTag({ content: bundle.outputFiles[0].text });
      await page.evaluate((...places) => show(...places), backend.contract.baseUrl, baseUrl);
    };
    const open = async (baseUrl) => {
      const page = await openPage(browser, server.url, profile);
      await render(page, baseUrl);
      return page;
    };
    /** Sets the cookie of a user, as a provider's callback does: nothing in the page knows of it. */
    const enterUnseen = (page, fields) =>
      page.evaluate(async (base, fields) => {
        const { csrfToken } = await fetch(`${base}/csrf`).then((response) => response.json());
        await fetch(`${base}/callback/credentials`, { method: "POST", body: new URLSearchParams({ ...fields, csrfToken, json: "true" }) });
      }, backend.contract.baseUrl, fields);
    const signOutsOf = ({ "POST /auth/signout": v5 = 0, "POST /api/auth/signout": v4 = 0 }) => v5 + v4;
    const shows = (page, text) =>
      page.waitForFunction((text) => document.querySelector("#account")?.textContent === text, { timeout: 10_000, polling: 50 }, text);
    const enter = (page, fields) => page.evaluate((fields) => auth.signIn("credentials", { ...fields, redirect: false }), fields);

    it("begins signed out, and knows providers and CSRF token", async () => {
      await shows(tab, "unauthenticated");
      const [session, providers, token] = await tab.evaluate(async () => [
        await auth.getSession(),
        await auth.getProviders(),
        await auth.getCsrfToken(),
      ]);
      assert.equal(session, null);
      assert.equal(providers.credentials.type, "credentials");
      assert.match(token, /^[0-9a-f]{64}$/);
    });

    it("asks the page's own origin, whatever `baseUrl` says for the server", async () => {
      const preview = await open("https://production.example");
      await shows(preview, "unauthenticated");
      assert.equal((await preview.evaluate(() => auth.getProviders())).credentials.type, "credentials");
      await preview.close();
    });

    for (const [what, path] of [["the proof that the server asks for comes", "/csrf"], ["the request itself arrives", "/callback/credentials?"]]) {
      it(`signs nobody in after it has given up, when ${what} late`, async () => {
        const slow = await open();
        await shows(slow, "unauthenticated");
        const refused = await slow.evaluate(async (fields, held) => {
          const { fetch } = window;
          let release;
          const released = new Promise((resolve) => (release = resolve));
          window.fetch = async (input, ...more) => {
            if (String(input.url ?? input).endsWith(held)) await released;
            return fetch(input, ...more);
          };
          const refused = await outcome(auth.signIn("credentials", { ...fields, redirect: false }));
          release();
          await new Promise((resolve) => setTimeout(resolve, 1000));
          return refused;
        }, backend.credentials, path);
        assert.equal(refused.code, "Timeout", JSON.stringify(refused));
        const { nobody } = backend;
        assert.equal(await slow.evaluate((path) => fetch(path).then((response) => response.text()), nobody.path), nobody.body);
        await shows(slow, "unauthenticated");
        await slow.close();
      });
    }

    it("says of a wrong password that it is not ok, and stays signed out", async () => {
      const response = await enter(tab, backend.wrong);
      assert.equal(response.ok, false);
      assert.equal(response.error, "CredentialsSignin");
      assert.equal(response.url, null);
      await shows(tab, "unauthenticated");
    });

    it("says so when the proof that the server asks for cannot be had, and does not take a sign-out for done", async () => {
      await enter(tab, backend.credentials);
      await shows(tab, backend.user.email);
      const result = await tab.evaluate(async (contract) => {
        const { fetch } = window;
        const csrf = `${contract.baseUrl}/csrf`;
        window.fetch = (input, ...more) =>
          String(input.url ?? input).endsWith(csrf) ? Promise.resolve(new Response("{}", { status: 500 })) : fetch(input, ...more);
        const other = relatch.createSession({ contract });
        await other.get();
        const { confirmed, error } = await other.signOut();
        window.fetch = fetch;
        other.dispose();
        return { confirmed, code: error.code };
      }, backend.contract);
      assert.deepEqual(result, { confirmed: false, code: "TryLater" });
      await tab.evaluate(() => auth.signOut({ redirect: false }));
      await shows(tab, "unauthenticated");
    });

    it("does not sign in if it is to go to another origin afterwards", async () => {
      for (const place of [{ redirectTo: "https://evil.example/" }, { callbackUrl: "//evil.example" }, { redirectTo: "javascript:alert(1)" }]) {
        for (const redirect of [true, false]) {
          const refused = await tab.evaluate((fields) => outcome(auth.signIn("credentials", fields)), { ...backend.credentials, ...place, redirect });
          assert.deepEqual([refused.code, tab.url()], ["ForeignRedirect", `${server.url}/`], JSON.stringify(place));
        }
      }
      assert.equal(await tab.evaluate(() => auth.getSession()), null);
    });

    it("signs in, and hands the session on as the server gives it", async () => {
      const other = await open();
      await shows(other, "unauthenticated");
      const response = await enter(tab, backend.credentials);
      assert.deepEqual([response.ok, response.error, response.status], [true, undefined, 200]);
      await shows(tab, backend.user.email);
      await shows(other, backend.user.email);
      const session = await tab.evaluate(() => auth.getSession());
      assert.ok(Date.parse(session.expires) > Date.now());
      assert.equal(session.user.email, backend.user.email);
      await other.close();
    });

    it("signs in with a provider of another name, and is told where to go by the server's own callback", async () => {
      const fields = { badge: "7", redirect: false, redirectTo: "/old" };
      const response = await tab.evaluate((fields) => auth.signIn("staff", fields), fields);
      assert.deepEqual([response.ok, response.url], [true, `${server.url}/?new`]);
      await shows(tab, backend.user.email);
    });

    it("asks for the session once when a page is opened", async () => {
      await server.reset();
      const other = await open();
      await shows(other, backend.user.email);
      const { "GET /auth/session": v5 = 0, "GET /api/auth/session": v4 = 0 } = await server.counters();
      assert.ok(v5 + v4 <= 1, `${v5 + v4} requests; none if another tab gave it`);
      await other.close();
    });

    it("stays signed in while it is updated, which other tabs see, and when the network is away", async () => {
      const other = await open();
      await shows(other, backend.user.email);
      await server.reset();
      const from = await tab.evaluate(() => auth.seen.length);
      const session = await tab.evaluate(() => update({ name: "Countess" }));
      assert.equal(session.user.name, "Countess");
      await other.waitForFunction(() => auth.getSession().then(({ user }) => user.name === "Countess"), { timeout: 5_000 });
      const { "POST /auth/session": v5 = 0, "POST /api/auth/session": v4 = 0 } = await server.counters();
      assert.equal(v5 + v4, 1);
      await other.close();
      await tab.setOfflineMode(true);
      await tab.evaluate(() => update().catch(() => {}));
      assert.equal((await tab.evaluate(() => auth.getSession())).user.email, backend.user.email);
      await tab.setOfflineMode(false);
      const seen = await tab.evaluate((from) => auth.seen.slice(from), from);
      assert.deepEqual(seen.filter((status) => status !== "authenticated"), []);
    });

    it("shows who has come back from a provider, whoever another tab has as signed in", async () => {
      const other = await open();
      await shows(other, backend.user.email);
      const { url } = await tab.evaluate(() => auth.signIn("elsewhere", { redirect: false }));
      assert.match(url, /^https:\/\/elsewhere\.example\/authorize\?/);
      await enterUnseen(tab, { email: "bob@example.com", password: "builder" });
      await tab.reload();
      await render(tab);
      await shows(tab, "bob@example.com");
      await shows(other, "bob@example.com");
      await other.close();
      await enter(tab, backend.credentials);
      await shows(tab, backend.user.email);
    });

    it("takes neither a sign-in nor a sign-out for refused because the page was opened with an error", async () => {
      await tab.evaluate(() => auth.signOut({ redirect: false }));
      await tab.evaluate(() => history.replaceState(null, "", "/?error=SessionRequired&terror=1"));
      const response = await enter(tab, backend.credentials);
      assert.deepEqual([response.ok, response.error], [true, undefined]);
      await shows(tab, backend.user.email);
      // The server remembers where the last sign-in was to go.
      await enterUnseen(tab, { ...backend.credentials, callbackUrl: "/?error=OAuthCallbackError" });
      await server.reset();
      await tab.evaluate(() => auth.signOut({ redirect: false }));
      await tab.goto(server.url);
      await render(tab);
      await shows(tab, "unauthenticated");
      assert.equal(signOutsOf(await server.counters()), 1);
      await enter(tab, backend.credentials);
      await shows(tab, backend.user.email);
    });

    it("signs out in every tab, and goes nowhere if it is not to", async () => {
      const other = await open();
      await shows(other, backend.user.email);
      const { url } = await tab.evaluate(() => auth.signOut({ redirect: false, redirectTo: "https://evil.example/" }));
      assert.equal(url, server.url, "not to another origin");
      await shows(tab, "unauthenticated");
      await shows(other, "unauthenticated");
      const { path, body } = backend.nobody;
      assert.equal(await tab.evaluate((path) => fetch(path).then((response) => response.text()), path), body);
    });

    it("asks at paths with a slash at their end if the base path has one", async () => {
      await server.reset();
      const slashed = await openPage(browser, server.url, profile);
      await slashed.addScriptTag({ content: bundle.outputFiles[0].text });
      await slashed.evaluate((base) => show(`${base}/`), backend.contract.baseUrl);
      await shows(slashed, "unauthenticated");
      assert.equal((await enter(slashed, backend.credentials)).ok, true);
      await shows(slashed, backend.user.email);
      await slashed.evaluate(() => auth.signOut({ redirect: false }));
      const asked = Object.keys(await server.counters()).filter((key) => key.includes(` ${backend.contract.baseUrl}/`) && !/ \d+$/.test(key));
      assert.ok(asked.length >= 4);
      assert.deepEqual(asked.filter((key) => !key.endsWith("/")), []);
      await slashed.close();
    });

    it("goes to the sign-in page for a provider that there is not", async () => {
      const left = tab.waitForNavigation({ timeout: 10_000 });
      await tab.evaluate(() => void auth.signIn("nobody-has-this"));
      await left;
      assert.match(tab.url(), new RegExp(`${backend.contract.baseUrl}/signin\\?callbackUrl=`));
    });
  });
}

describe(`relatch/next-auth on ${rotating.name}, in ${engine}`, { concurrency: false }, () => {
  const TABS = 5;
  let browser, server, tabs;

  before(async () => {
    server = await rotating.start();
    browser = await startBrowser();
    const profile = await browser.createBrowserContext();
    tabs = [];
    while (tabs.length < TABS) {
      const tab = await openPage(browser, server.url, profile);
      await tab.addScriptTag({ content: bundle.outputFiles[0].text });
      await tab.evaluate(() => show("/auth"));
      tabs.push(tab);
    }
    await tabs[0].evaluate((fields) => auth.signIn("credentials", { ...fields, redirect: false }), rotating.credentials);
    for (const tab of tabs) await tab.waitForSelector("#account:not(:empty)");
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  it(`updates in ${TABS} tabs at once when the token has expired, and the upstream token is presented once`, async () => {
    await server.reset();
    await server.expire();
    const sessions = await Promise.all(tabs.map((tab, at) => tab.evaluate((at) => update({ at }), at)));
    assert.deepEqual(sessions.map(({ error }) => error ?? null), Array(TABS).fill(null));
    const { "upstream GET /refresh": refreshes, reuse, "POST /auth/session": posts } = await server.counters();
    assert.deepEqual([refreshes, reuse, posts], [1, 0, TABS]);
  });

  it("shows the error that the server puts on the session when the upstream token is dead", async () => {
    await server.revoke();
    const session = await tabs[0].evaluate(() => update());
    assert.equal(session.error, "RefreshAccessTokenError");
    await tabs[1].waitForFunction(() => auth.getSession().then(({ error }) => error === "RefreshAccessTokenError"), { timeout: 5_000 });
  });
});
