// The panel of `relatch/devtools`, as somebody uses it: under a strict policy, by keyboard, in two tabs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { engine, packageFolder, startBrowser, startServer, USER } from "./stage.mjs";

const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types 'none'; " +
  "base-uri 'none'; object-src 'none'";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe(`the devtools in ${engine}`, { concurrency: false }, () => {
  let browser, server;

  before(async () => {
    server = await startServer("--csp", POLICY, "--access-ttl", "60");
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(async () => {
    for (const context of browser.browserContexts()) if (context !== browser.defaultBrowserContext()) await context.close();
    await server.reset();
  });

  /** What a test looks at and presses, inside the page. */
  const tools = () => {
    window.tokens = [];
    window.timers = new Set();
    const [start, end] = [setInterval, clearInterval];
    window.setInterval = (...args) => {
      const id = start(...args);
      timers.add(id);
      return id;
    };
    window.clearInterval = (id) => (timers.delete(id), end(id));
    const json = Response.prototype.json;
    Response.prototype.json = async function (...args) {
      const value = await json.apply(this, args);
      if (value?.accessToken) tokens.push(value.accessToken);
      return value;
    };
    window.panel = () => document.querySelector("relatch-devtools");
    window.inside = (selector) => panel().shadowRoot.querySelector(selector);
    window.shown = (selector) => inside(selector)?.textContent ?? "";
    window.press = (text) => [...panel().shadowRoot.querySelectorAll("button")].find((button) => button.textContent.includes(text)).click();
    window.show = (options) => (window.unshow = relatchDevtools.showDevtools(session, options));
    window.rows = () => [...panel().shadowRoot.querySelectorAll(".calls tbody tr")].map((row) => [...row.children].map((cell) => cell.innerText.replace(/\s+/g, " ").trim()));
    window.events = () => [...panel().shadowRoot.querySelectorAll(".events tbody tr")].map((row) => [...row.children].slice(1).map((cell) => cell.textContent));
    window.lanes = () => [...panel().shadowRoot.querySelectorAll(".labels .name")].map((text) => text.textContent);
    window.focused = () => {
      const at = panel().shadowRoot.activeElement;
      return at && (at.getAttribute("aria-label") ?? at.textContent);
    };
  };

  /** A page with a session and its panel. */
  const open = async ({ profile, signIn = true, options = { open: true }, width = 1280, at = server.url } = {}) => {
    const page = await (profile ?? (await browser.createBrowserContext())).newPage();
    await page.setViewport({ width, height: 800 });
    page.said = [];
    page.on("pageerror", (error) => page.said.push(String(error?.stack ?? error)));
    await page.evaluateOnNewDocument(tools);
    await page.goto(`${at}/devtools.html`);
    await page.evaluate(async (signIn, user, options) => {
      open_();
      if (options) show(options);
      if (signIn) await session.signIn(user);
      else await session.get();
    }, signIn, USER, options);
    return page;
  };

  const until = (page, check, ...args) => page.waitForFunction(check, { polling: 50, timeout: 10_000 }, ...args);
  const title = (page, text) => until(page, (text) => shown(".title h2") === text, text);

  /** What axe finds in the panel, in light and in dark, and what the policy found in the page. */
  const violations = async (page) => {
    const found = [];
    for (const theme of ["light", "dark"]) {
      await page.evaluate((theme) => panel().setAttribute("theme", theme), theme);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run("relatch-devtools", { resultTypes: ["violations"] }));
      found.push(...violations.map(({ id, nodes }) => `${theme}: ${id}: ${nodes.map((node) => node.target.flat().join(" ")).join(", ")}`));
    }
    return [...found, ...(await page.evaluate(() => window.violations))];
  };

  it("is a pill that says how the session stands, and opens and closes by keyboard", async () => {
    const page = await open({ options: {} });
    await until(page, () => /Signed in\d+ s$/.test(shown(".pill")));
    assert.deepEqual(await violations(page), []);
    assert.equal(await page.evaluate(() => inside(".panel").hidden), true);
    await page.keyboard.press("Tab");
    assert.match(await page.evaluate(() => focused()), /^relatch devtools: Signed in/);
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => focused()), "Collapse");
    await title(page, "Signed in");
    await page.keyboard.press("Escape");
    assert.match(await page.evaluate(() => focused()), /^relatch devtools: Signed in/);
    await page.keyboard.press(" ");
    await page.reload();
    await page.evaluate(() => (open_(), show()));
    await title(page, "Signed in");
    assert.deepEqual(page.said, []);
  });

  it("shows who is signed in, what the token has left and which calls were made", async () => {
    const page = await open();
    await page.evaluate(() => session.fetch("/api/notes?secret=canary"));
    await title(page, "Signed in");
    await until(page, () => rows().some((row) => row.join("|").startsWith("200|GET /api/notes|")));
    const facts = await page.evaluate(() => Object.fromEntries([...panel().shadowRoot.querySelectorAll("dl div")].map((row) => [...row.children].map((cell) => cell.textContent))));
    assert.match(facts.Expires, /^in (60|5\d) s$/);
    assert.match(facts["Next refresh"], /^in 5\d s$/);
    assert.match(facts.Token, /^\d+, own$/);
    assert.equal(facts.Tabs, "1");
    assert.ok(!(await page.evaluate(() => panel().shadowRoot.textContent)).includes("canary"), "no query is shown");
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(page.said, []);
  });

  it("walks along the time line and through its views by keyboard", async () => {
    const page = await open();
    await page.evaluate(() => session.refresh());
    await title(page, "Signed in");
    const walked = [];
    for (let step = 0; step < 10; step++) {
      await page.keyboard.press("Tab");
      walked.push(await page.evaluate(() => focused()));
    }
    assert.deepEqual(walked, [
      ...["Refresh", "Expire", "Offline", "Sign out elsewhere", "Copy report", "Collapse", "Time line", "Show more time", "Show less time"],
      "Time line. The arrow keys go from event to event",
    ]);
    const chosen = () => page.evaluate(() => inside("[role=slider]").getAttribute("aria-valuetext"));
    // The panel looks four times a second; the sign-in alone may be in view until then.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await until(page, () => /^[2-9] events in view$/.test(inside("[role=slider]").getAttribute("aria-valuetext")));
    await page.keyboard.press("ArrowLeft");
    assert.match(await chosen(), /^\d\d:\d\d:\d\d\.\d{3}, This tab: Refresh answered 200 in /);
    await page.keyboard.press("ArrowLeft");
    assert.match(await chosen(), /This tab: Sign-in answered 200 in /);
    assert.match(await page.evaluate(() => shown(".under")), /This tabSign-in answered 200/);
    await page.evaluate(() => inside("#tab-timeline").focus());
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate(() => focused()), "Events");
    await until(page, () => events().some(([tab, text]) => tab === "This tab" && text.startsWith("Refresh answered 200")));
    assert.deepEqual(await violations(page), []);
  });

  it("shows another tab, and how its refresh reaches this one", async () => {
    const profile = await browser.createBrowserContext();
    const [page, other] = [await open({ profile }), await open({ profile, signIn: false, options: {} })];
    await page.bringToFront();
    await until(page, () => lanes().length === 2);
    assert.deepEqual(await page.evaluate(() => lanes()), ["This tab", "Tab 2"]);
    await other.evaluate(() => session.refresh());
    assert.equal(await page.evaluate(async () => (await session.fetch("/api/notes")).status), 200);
    await page.evaluate(() => inside("#tab-events").click());
    await until(page, () => events().some(([tab, text]) => tab === "Tab 2" && text.startsWith("Refresh answered 200")));
    await page.evaluate(() => inside("#tab-timeline").click());
    await until(page, () => panel().shadowRoot.querySelectorAll("path.link").length >= 1);
    assert.deepEqual(await violations(page), []);
    await other.close();
    // Firefox lets a tab that is closed from outside say nothing any more.
    await until(page, () => /^(closed|not answering)$/.test([...panel().shadowRoot.querySelectorAll(".labels .state")].at(-1).textContent));
    assert.deepEqual(page.said, []);
  });

  it("expires the token of this tab: the next call is refused once, refreshes and is sent again", async () => {
    const page = await open();
    await title(page, "Signed in");
    await server.reset();
    await page.evaluate(() => press("Expire"));
    assert.equal(await page.evaluate(async () => (await session.fetch("/api/notes")).status), 200);
    const { refresh, api } = await server.counters();
    assert.deepEqual([refresh.rotated, api], [1, { requests: 1, unauthorized: 0 }]);
    await until(page, () => rows().some(([codes, call]) => /^401 ?→ ?(then)? ?200$/.test(codes) && call === "GET /api/notes"));
    assert.equal(await page.evaluate(() => [...panel().shadowRoot.querySelectorAll("button")].find((button) => button.textContent === "Expire").getAttribute("aria-pressed")), "false");
    assert.equal(await page.evaluate(async () => (await session.fetch("/api/notes")).status), 200);
    assert.equal((await server.counters()).refresh.rotated, 1, "once is all");
  });

  it("takes this tab offline and back, as the network would", async () => {
    const page = await open();
    await page.evaluate(() => press("Offline"));
    const said = await page.evaluate(async () => [await outcome(session.fetch("/api/notes")), await outcome(session.refresh()), navigator.onLine]);
    assert.deepEqual([said[0].name, said[1].code, said[2]], ["TypeError", "Network", false]);
    await title(page, "Signed in, offline");
    assert.match(await page.evaluate(() => shown(".title p")), /taken this tab offline/);
    assert.deepEqual(await violations(page), []);
    await page.evaluate(() => press("Offline"));
    assert.deepEqual(await page.evaluate(async () => [await statusOf(session.fetch("/api/notes")), navigator.onLine]), [{ value: 200 }, true]);
    await page.evaluate(() => press("Refresh"));
    await title(page, "Signed in");
  });

  it("shows an outage, and the calls that it costs", async () => {
    const page = await open();
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", status: 503 });
    await page.evaluate(() => Promise.all([1, 2, 3].map(() => outcome(session.fetch("/api/notes")))));
    await title(page, "Signed in, stale");
    await until(page, () => panel().shadowRoot.querySelectorAll(".mark.failed").length >= 1 && inside(".bands rect") !== null);
    assert.deepEqual(await violations(page), []);
    await page.evaluate(() => inside("#tab-events").click());
    await until(page, () => events().some(([, text]) => text.startsWith("Refresh got no answer that counts: 503")));
    assert.deepEqual(await violations(page), []);
    // A panel that comes when it is over still shows that it was.
    await server.reset();
    await page.evaluate(async () => (await session.refresh(), unshow(), show({ open: true })));
    await title(page, "Signed in");
    await until(page, () => inside(".bands rect") !== null);
    assert.deepEqual(page.said, []);
  });

  it("signs out in another tab, which every tab then shows", async () => {
    const profile = await browser.createBrowserContext();
    const [page, other] = [await open({ profile }), await open({ profile, signIn: false, options: {} })];
    await page.bringToFront();
    await until(page, () => lanes().length === 2);
    await page.evaluate(() => press("Sign out elsewhere"));
    await title(page, "Signed out");
    assert.equal((await server.counters()).logout, 1);
    assert.equal(await other.evaluate(() => session.getState().status), "unauthenticated");
    await page.evaluate(() => inside("#tab-events").click());
    await until(page, () => events().some(([tab, text]) => tab === "Tab 2" && text === "Sign-out sent"));
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(page.said, []);
  });

  it("fits a narrow screen, where it is a sheet with three views", async () => {
    const page = await open({ width: 360 });
    await title(page, "Signed in");
    for (const view of ["timeline", "events", "calls"]) {
      await page.evaluate((view) => inside(`#tab-${view}`).click(), view);
      const { height, overflow } = await page.evaluate(() => ({
        height: inside(".panel").getBoundingClientRect().height,
        overflow: [...panel().shadowRoot.querySelectorAll(".inner, .inner > *, .actions > *")].filter((element) => element.scrollWidth > element.clientWidth + 1).map((element) => element.className),
      }));
      assert.ok(height <= 800 * 0.82 + 2);
      assert.deepEqual(overflow, []);
      assert.deepEqual(await violations(page), []);
    }
  });

  it("has no token in its elements, its report or what it says to other tabs", async () => {
    const profile = await browser.createBrowserContext();
    const [page] = [await open({ profile }), await open({ profile, signIn: false })];
    await page.bringToFront();
    await page.evaluate(() => {
      window.heard = [];
      const channel = new BroadcastChannel("relatch-devtools:/auth/refresh");
      channel.onmessage = ({ data }) => heard.push(data);
      navigator.clipboard.writeText = (text) => ((window.copied = text), Promise.resolve());
    });
    await until(page, () => heard.some(({ type }) => type === "told"));
    await page.evaluate(() => session.fetch("/api/notes"));
    await page.evaluate(() => press("Copy report"));
    await until(page, () => window.copied);
    const { known, places } = await page.evaluate(() => {
      const html = [panel().shadowRoot.innerHTML, panel().outerHTML];
      for (const view of ["events", "calls"]) (inside(`#tab-${view}`).click(), html.push(panel().shadowRoot.innerHTML));
      return { known: tokens, places: [...html, copied, JSON.stringify(heard)] };
    });
    assert.ok(known.length >= 1, "the test knows what it looks for");
    const secrets = [...known, ...known.map((token) => token.split(".").at(-1)), USER.email];
    assert.deepEqual(places.flatMap((text, at) => secrets.filter((secret) => text.includes(secret)).map(() => at)), []);
    const report = JSON.parse(places.at(-2));
    assert.deepEqual([report.state.status, report.others.length, report.records.length > 3], ["authenticated", 1, true]);
  });

  it("offers the report for copying by hand where there is no clipboard", async () => {
    const page = await open();
    await title(page, "Signed in");
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
      press("Copy report");
    });
    await until(page, () => inside("dialog textarea")?.value.includes('"relatch"'));
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press("Escape");
    await until(page, () => inside("dialog") === null);
    assert.equal(await page.evaluate(() => panel().open), true);
  });

  it("believes nothing on its channel that has not the form of a report", async () => {
    const page = await open();
    await title(page, "Signed in");
    await page.evaluate(async () => {
      const channel = new BroadcastChannel("relatch-devtools:/auth/refresh");
      const { tab } = relatchDevtools.report(session);
      const report = { ...relatchDevtools.report(session), tab: "forged" };
      const wrong = [
        { records: [{ seq: 0, at: "now", kind: "sent" }] },
        { records: [{ seq: 0, at: 1, kind: "sent", code: "x".repeat(501) }] },
        { records: {} }, { state: null }, { state: { status: "x".repeat(501), freshness: "fresh" } }, { token: { issuedAt: "0" } }, { explanation: {} }, { generation: NaN },
      ];
      for (const part of wrong) channel.postMessage({ type: "told", to: tab, report: { ...report, ...part } });
      for (const junk of [null, 1, "told", [], { type: "ask", from: {} }, { type: "told", to: tab }, { type: "signOut" }, { type: "gone" }]) channel.postMessage(junk);
      await new Promise((resolve) => setTimeout(resolve, 400));
    });
    assert.deepEqual(await page.evaluate(() => lanes()), ["This tab"]);
    assert.equal(await page.evaluate(() => session.getState().status), "authenticated");
    // The same report with nothing wrong in it is believed.
    await page.evaluate(() => {
      const report = { ...relatchDevtools.report(session), tab: "forged" };
      new BroadcastChannel("relatch-devtools:/auth/refresh").postMessage({ type: "told", to: relatchDevtools.report(session).tab, report });
    });
    await until(page, () => lanes().length === 2);
    assert.deepEqual(page.said, []);
  });

  it("watches on when it is moved in the page, whoever has wrapped fetch meanwhile", async () => {
    const page = await open();
    const { status, wraps } = await page.evaluate(async () => {
      const { fetch } = globalThis;
      let wraps = 0;
      globalThis.fetch = async (...call) => (wraps++, fetch(...call));
      document.body.appendChild(document.createElement("div")).append(panel());
      return { status: (await session.fetch("/api/notes")).status, wraps };
    });
    assert.deepEqual([status, wraps], [200, 1]);
    await until(page, () => rows().filter((row) => row.join(" ").includes("/api/notes")).length === 1);
    assert.deepEqual(page.said, []);
  });

  it("may be defined twice and shown twice, and leaves nothing when it is taken away", async () => {
    const page = await open();
    const counts = await page.evaluate(async () => {
      const second = await import("/relatch/devtools.js");
      second.defineDevtools();
      relatchDevtools.defineDevtools();
      const own = globalThis.fetch;
      const hide = second.showDevtools(session, { open: true });
      const shown = document.querySelectorAll("relatch-devtools").length;
      hide();
      unshow();
      let looks = 0;
      const { record } = session;
      session.record = (since) => (looks++, record(since));
      await new Promise((resolve) => setTimeout(resolve, 1200));
      const native = Function.prototype.toString.call(globalThis.fetch).includes("[native code]");
      return { shown, left: document.querySelectorAll("relatch-devtools").length, native, wrapped: own !== globalThis.fetch, looks, timers: timers.size };
    });
    assert.deepEqual(counts, { shown: 2, left: 0, native: true, wrapped: true, looks: 0, timers: 0 });
    assert.deepEqual(page.said, []);
  });

  it("brings the words of the flight recorder to a page without a bundler", async () => {
    const page = await open({ options: null });
    const [code, reports, logs] = await page.evaluate(async () => {
      const bundled = await import("/relatch/explain.js");
      const logs = [];
      console.debug = (...args) => logs.push(args.join(" "));
      relatchDevtools.logRecords(session);
      return [relatchDevtools.explain(session).code, [relatchDevtools, bundled].map(({ report }) => report(session)), logs];
    });
    assert.equal(code, "SignedInHere");
    assert.equal(reports[0].tab, reports[1].tab);
    assert.equal(logs.length, reports[0].records.length);
  });

  it("takes a session that was given before it was defined", async () => {
    const page = await open({ options: null });
    await page.evaluate(() => {
      document.body.append(document.createElement("relatch-devtools"));
      panel().client = session;
      panel().setAttribute("open", "");
      relatchDevtools.defineDevtools();
    });
    await title(page, "Signed in");
  });

  it("is imported on a server without harm", async () => {
    const { defineDevtools, showDevtools } = await import(pathToFileURL(join(packageFolder, "devtools.js")).href);
    defineDevtools();
    showDevtools({})();
    const required = createRequire(import.meta.url)(join(packageFolder, "devtools.cjs"));
    assert.equal(typeof required.showDevtools, "function");
  });
});
