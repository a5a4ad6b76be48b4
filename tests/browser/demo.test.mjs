// The demo page, as a visitor uses it: by keyboard.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { becomes, engine, openPage, OTHER, startBrowser, startDemo, USER } from "./stage.mjs";

describe(`the demo in ${engine}`, { concurrency: false }, () => {
  let browser, server, page;
  const text = (selector) => page.$eval(selector, (element) => element.textContent.trim());
  const shows = (selector, part, tab = page) =>
    tab.waitForFunction((selector, part) => document.querySelector(selector)?.textContent.includes(part), { polling: 100 }, selector, part);

  /** What is wider than the narrowest of phones. */
  const tooWide = async () => {
    const usual = page.viewport();
    await page.setViewport({ width: 320, height: 640 });
    const found = await page.evaluate(() => {
      const isTooWide = (element) => element.getBoundingClientRect().right > 320 && element.checkVisibility();
      return [...document.body.querySelectorAll("*")].filter(isTooWide).map((element) => element.outerHTML.slice(0, 60));
    });
    await page.setViewport(usual);
    return found;
  };

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
    assert.deepEqual(await tooWide(), []);
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
    assert.equal(await page.evaluate(() => document.activeElement.id), "name", "whoever signed in by keyboard is led on");
  });

  it("writes a note and reads it back as text", async () => {
    await page.focus("#note-text");
    await page.keyboard.type("<b>milk</b>");
    await page.keyboard.press("Enter");
    await shows("#notes", "<b>milk</b>");
    assert.deepEqual(await tooWide(), []);
  });

  it("answers 20 calls with one refresh after the token was expired", async () => {
    await page.focus("#expire");
    await page.keyboard.press("Enter");
    await page.focus("#burst");
    await page.keyboard.press("Enter");
    await shows("#burst-result", "20 calls, 20 answered 200, 1 refresh");
    assert.equal(await text("[data-testid=status]"), "authenticated");
  });

  it("shares one refresh with a tab beside it, and is signed out by it, having broken no rule of its policy", async () => {
    const beside = await openPage(browser, server.url, browser.defaultBrowserContext());
    await shows("[data-testid=user]", "demo@example.com", beside);
    const before = await server.counters();
    await beside.evaluate(() => document.querySelector("#expire").click());
    await shows("#expire-result", "Done", beside);
    for (const tab of [page, beside]) await tab.evaluate(() => document.querySelector("#burst").click());
    for (const tab of [page, beside]) await shows("#burst-result", "20 calls, 20 answered 200", tab);
    assert.equal((await server.counters()).refresh.requests, before.refresh.requests + 1);
    await beside.focus("#sign-out");
    await beside.keyboard.press("Enter");
    for (const tab of [page, beside]) await shows("[data-testid=status]", "unauthenticated", tab);
    await shows("#reason", "You are signed out.");
    assert.deepEqual(await page.evaluate(() => violations), []);
  });

  it("keeps nothing of what one user has typed for the next", async () => {
    const filledIn = () => page.$$eval("#sign-in input", (fields) => fields.map((field) => field.value));
    const usual = await filledIn();
    for (const name of ["email", "password"]) {
      await page.$eval(`#${name}`, (field) => (field.focus(), field.select()));
      await page.keyboard.type(OTHER[name]);
    }
    await page.keyboard.press("Enter");
    await shows("[data-testid=user]", OTHER.email);
    assert.deepEqual(await filledIn(), usual);
    await page.focus("#note-text");
    await page.keyboard.type("a draft");
    await becomes(page, server, USER);
    await page.evaluate(() => document.querySelector("#reload").click());
    await shows("[data-testid=user]", USER.email);
    assert.equal(await page.$eval("#note-text", (field) => field.value), "");
    await shows("#notes", "<b>milk</b>");
  });
});
