// The provider, the site and a browser for the tests of OpenID Connect, and what they do there.
import { after, afterEach, before, beforeEach } from "node:test";
import { openPage, startBrowser } from "../../browser/stage.mjs";
import backend, { answerForm } from "./backend.mjs";

export const NOBODY = { status: "unauthenticated", data: null };
const { credentials } = backend;

/** Registers what a suite needs, and returns what its tests use. */
export function visitProvider() {
  let browser, profile;
  const stage = {
    async open(options) {
      const tab = await openPage(browser, stage.server.url, profile);
      await tab.evaluate((options) => void open_(options), options);
      await tab.waitForFunction(() => session.getState().status === "unauthenticated");
      return tab;
    },
    /** What a page knows once it knows whether anybody is signed in. */
    async state(tab) {
      await tab.waitForFunction(() => session.getState().status !== "loading");
      return tab.evaluate(() => (({ status, data }) => ({ status, data }))(session.getState()));
    },
    call: (tab) => tab.evaluate(() => outcome(session.fetch("/api/notes").then(({ status }) => status))),
    until: (tab, status) => tab.waitForFunction((status) => session.getState().status === status, { timeout: 10_000 }, status),

    /** Whether the refresh token that was issued last is still good for anything. */
    newest: () => fetch(`${stage.server.url}/test/newest-session`).then((response) => response.text()),

    /** Leaves for the provider, and waits until its form is there. */
    async leave(tab, returnTo = "/?after=1#here") {
      const leaving = tab.evaluate((returnTo) => void session.signIn({ returnTo }), returnTo);
      await Promise.all([tab.waitForSelector("[name=login]"), leaving]);
    },
    /** Comes back from it, and says how the sign-in ended. */
    async comeBack(tab) {
      await answerForm(tab, credentials);
      await tab.waitForFunction(() => "completed" in window, { timeout: 10_000 });
      return tab.evaluate(() => completed);
    },
    /** What the provider's answer was, kept from reaching the page that it was for. */
    async intercept(tab) {
      await tab.setRequestInterception(true);
      let isCaught = false;
      const caught = new Promise((resolve) => {
        tab.on("request", (request) => {
          const isAnswer = request.isNavigationRequest() && request.url().startsWith(`${stage.server.url}/callback.html?`);
          if (!isAnswer || isCaught) return request.continue();
          isCaught = true;
          resolve(request.url());
          return request.respond({ status: 204 });
        });
      });
      await answerForm(tab, credentials);
      return new URL(await caught);
    },
    /** Opens the page for answers with this one. */
    async arrive(tab, answer) {
      await tab.goto(answer.href);
      await tab.waitForFunction(() => "completed" in window);
      return tab.evaluate(() => completed);
    },
    /** What is kept of bound sessions, but for keys; with them, whether each can be read. */
    kept: (tab) =>
      tab.evaluate(async () => {
        const db = await new Promise((resolve) => (indexedDB.open("relatch-oidc").onsuccess = ({ target }) => resolve(target.result)));
        const all = db.transaction("sessions").objectStore("sessions").getAll();
        const records = await new Promise((resolve) => (all.onsuccess = () => resolve(all.result)));
        db.close();
        const readable = (keys) => crypto.subtle.exportKey("jwk", keys.privateKey).then(() => true, () => false);
        return Promise.all(
          records.map(async ({ keys, ...rest }) => ({ ...rest, hasKey: Boolean(keys), isReadable: Boolean(keys && (await readable(keys))) })),
        );
      }),
  };

  before(async () => {
    stage.server = await backend.start();
    stage.bound = backend.contract;
    stage.plain = { ...backend.contract, clientId: "plain", dpop: false };
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await stage.server?.stop();
  });
  beforeEach(async () => {
    profile = await browser.createBrowserContext();
    await stage.server.reset();
  });
  afterEach(() => profile.close());
  return stage;
}
