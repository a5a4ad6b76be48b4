// An application of next-auth v5 and Next, of the same make as the example of next-auth: the same test with `next-auth/react` and
// with `relatch/next-auth` in its place.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { engine, startBrowser } from "../browser/stage.mjs";
import { freePort, nextApp } from "../packaging/next-app.mjs";
import { answerForm } from "./oidc/backend.mjs";
import { startServer } from "./stage.mjs";

/** How long a page may take on a busy machine, in milliseconds. */
const PATIENCE = 30_000;
const app = nextApp("next-auth", "tests/backends/next-example");
const CLIENTS = ["app/client-example/page.tsx", "components/client-example.tsx"];
const sourceOf = (file) => readFileSync(new URL(`next-example/${file}`, import.meta.url), "utf8");

before(() => app.install());

for (const client of ["next-auth/react", "relatch/next-auth"]) {
  describe(`an application of next-auth with ${client}, in ${engine}`, { concurrency: false }, () => {
    let issuer, site, browser, page;

    before(async () => {
      const [port, secret] = [await freePort(), randomUUID()];
      issuer = await startServer("oidc/server.mjs", { SITE_URL: `http://localhost:${port}`, SITE_SECRET: secret });
      const backend = { url: await fetch(`${issuer.url}/test/issuer`).then((response) => response.text()) };
      const swapped = CLIENTS.map((file) => [file, sourceOf(file).replace("next-auth/react", client)]);
      app.put({ ".env": `AUTH_SECRET=${secret}\n`, ...Object.fromEntries(swapped) });
      await app.build(backend);
      site = await app.start(backend, port);
      browser = await startBrowser();
      page = await browser.newPage();
      page.setDefaultTimeout(PATIENCE);
    });
    after(async () => {
      await browser?.close();
      await site?.stop();
      await issuer?.stop();
    });

    const go = (path) => page.goto(site.url + path);
    const shown = (selector) => page.$eval(selector, (element) => element.textContent);
    const shows = (selector, text) =>
      page.waitForFunction((selector, text) => document.querySelector(selector)?.textContent.includes(text), {}, selector, text);
    const enter = async (password) => {
      await page.$eval("[name=password]", (field) => (field.value = ""));
      await page.type("[name=password]", password);
      await page.click("#credentials button");
    };
    const protectedData = () => page.evaluate(() => fetch("/api/protected").then((response) => response.status));

    it("knows nobody, and sends who asks for more to the sign-in page", async () => {
      await go("/client-example");
      await shows("#status", "unauthenticated");
      assert.deepEqual([await shown("#session"), await protectedData()], ["No session data", 401]);
      await go("/protected");
      assert.match(page.url(), /\/auth\/signin\?callbackUrl=/);
    });

    it("says of a wrong password what is wrong", async () => {
      await go("/client-example");
      await enter("wrong");
      await shows("output", "CredentialsSignin");
      assert.equal(await shown("#status"), "unauthenticated");
    });

    it("signs in with a password, for client and server components and the API", async () => {
      await enter("lovelace");
      await shows("#status", "authenticated");
      await shows("#session", "ada@example.com");
      assert.equal(await protectedData(), 200);
      await go("/protected");
      assert.match(await shown("#session"), /ada@example.com/);
      assert.equal(await shown("#server span"), "ada@example.com");
    });

    it("is given the session by the server's first paint", async () => {
      const answer = await go("/client-example");
      assert.match(await answer.text(), /<p id="status">authenticated<\/p>/);
      await shows("#status", "authenticated");
    });

    it("updates the session by the server's callback, for good", async () => {
      await page.$eval("main input", (field) => field.select());
      await page.type("main input", "Countess");
      await page.click("#update");
      await shows("#session", "Countess");
      await go("/");
      assert.match(await shown("#session"), /Countess/);
    });

    it("signs out, and goes where it is to", async () => {
      await go("/client-example");
      await shows("#status", "authenticated");
      await Promise.all([page.waitForNavigation(), page.click("#leave")]);
      assert.equal(page.url(), `${site.url}/`);
      assert.equal(await shown("#session"), "No session data");
    });

    it("signs in with a provider that it redirects to, whose token the session brings", async () => {
      await go("/client-example");
      assert.equal(await page.$eval("#call", (button) => button.disabled), true);
      await page.click("#google");
      await page.waitForSelector("[name=login]");
      assert.equal(new URL(page.url()).origin === site.url, false);
      await answerForm(page, { login: "ada", password: "lovelace" });
      await shows("#session", "ada@example.com");
      assert.equal(page.url(), `${site.url}/client-example`);
      // The client looks for itself, whatever the server's first paint says.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.equal(await shown("#status"), "authenticated");
      assert.equal(await page.$eval("#call", (button) => button.disabled), false);
    });

    it("is signed out by the server's own action", async () => {
      await go("/");
      await page.click("#server button");
      await shows("#session", "No session data");
      await go("/client-example");
      await shows("#status", "unauthenticated");
    });
  });
}
