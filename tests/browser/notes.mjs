// The story of the examples that are a list of notes behind a sign-in, as a visitor sees it. They look alike.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { becomes, engine, openPage, OTHER, startBrowser, startSite, USER } from "./stage.mjs";

/** Tells it of the pages in the folder that `build()` returns. */
export function tell(name, build) {
  describe(`${name} in ${engine}`, { concurrency: false }, () => {
    let browser, server, page;
    const shows = (page, text) => page.waitForFunction((text) => document.body.innerText.includes(text), { polling: 100 }, text);

    /** Presses the button of that name. */
    const press = (page, name) =>
      page.evaluate((name) => [...document.querySelectorAll("button")].find((button) => button.textContent === name).click(), name);

    /** Types into the field of that name, in place of what stands there. */
    const type = async (page, name, text) => {
      await page.$eval(`[name=${name}]`, (field) => (field.focus(), field.select()));
      await page.keyboard.type(text);
    };

    before(async () => {
      server = await startSite(build());
      browser = await startBrowser();
      page = await openPage(browser, server.url, browser.defaultBrowserContext());
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
    });

    it("signs in, after a wrong password", async () => {
      await shows(page, "Sign in");
      await type(page, "email", USER.email);
      await type(page, "password", "wrong");
      await press(page, "Sign in");
      await shows(page, "Email or password is wrong.");
      assert.equal(await page.$eval("[name=email]", (field) => field.value), USER.email);
      await type(page, "password", USER.password);
      await press(page, "Sign in");
      await shows(page, USER.email);
    });

    it("goes on by one refresh when the token is refused", async () => {
      await type(page, "text", "milk");
      await press(page, "Add");
      await shows(page, "milk");
      await server.reset();
      await server.expireAccess();
      await type(page, "text", "bread");
      await press(page, "Add");
      await shows(page, "bread");
      const { refresh, session } = await server.counters();
      assert.deepEqual([refresh.requests, refresh.reuse, session], [1, 0, 0]);
    });

    it("shows the next user nothing of the last one, though nobody is signed out between them", async () => {
      await type(page, "text", "a draft");
      await becomes(page, server, OTHER);
      await press(page, "Add");
      await shows(page, OTHER.email);
      await page.waitForFunction(() => document.querySelector("ul")?.childElementCount === 0, { polling: 100 });
      assert.equal(await page.$eval("[name=text]", (field) => field.value), "");
      await becomes(page, server, USER);
      await type(page, "text", "eggs");
      await press(page, "Add");
      await shows(page, "bread");
    });

    it("is signed in after a reload, and in a second tab", async () => {
      await page.reload();
      await shows(page, "bread");
      const second = await openPage(browser, server.url, browser.defaultBrowserContext());
      await shows(second, "bread");
      await press(second, "Sign out");
      await shows(second, "Sign in");
      await shows(page, "Sign in");
      await second.close();
    });
  });
}
