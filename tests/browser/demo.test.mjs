// The demo page, as a visitor uses it: by keyboard.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { engine, openPage, startBrowser, startDemo } from "./stage.mjs";

describe(`the demo in ${engine}`, { concurrency: false }, () => {
  let browser, server, page;
  const text = (selector) => page.$eval(selector, (element) => element.textContent.trim());
  const shows = (selector, part) =>
    page.waitForFunction((selector, part) => document.querySelector(selector)?.textContent.includes(part), { polling: 100 }, selector, part);

  before(async () => {
    server = await startDemo();
    browser = await startBrowser();
    page = await openPage(browser, server.url, browser.defaultBrowserContext());
    await page.evaluate(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
    });
    await shows("[data-testid=status]", "unauthenticated");
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  it("says beside the field that a password is wrong, and signs in with the right one", async () => {
    await page.focus("#password");
    await page.keyboard.type("x");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#sign-in-error").textContent !== "", { polling: 100 });
    assert.equal(await text("[data-testid=status]"), "unauthenticated");
    await page.$eval("#password", (field) => (field.value = "relatch-demo"));
    await page.focus("#password");
    await page.keyboard.press("Enter");
    await shows("[data-testid=status]", "authenticated");
    await shows("[data-testid=user]", "demo@example.com");
  });

  it("writes a note and reads it back as text", async () => {
    await page.focus("#note-text");
    await page.keyboard.type("<b>milk</b>");
    await page.keyboard.press("Enter");
    await shows("#notes", "<b>milk</b>");
  });

  it("answers 20 calls with one refresh after the token was expired", async () => {
    await page.focus("#expire");
    await page.keyboard.press("Enter");
    await page.focus("#burst");
    await page.keyboard.press("Enter");
    await shows("#burst-result", "20 calls, 20 answered 200, 1 refresh");
    assert.equal(await text("[data-testid=status]"), "authenticated");
  });

  it("signs out, and has broken no rule of its policy", async () => {
    await page.focus("#sign-out");
    await page.keyboard.press("Enter");
    await shows("[data-testid=status]", "unauthenticated");
    assert.deepEqual(await page.evaluate(() => violations), []);
  });
});
