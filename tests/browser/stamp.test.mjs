// A measurement: where does the next holder of a Web Lock see what the last one wrote? The stamp has to live there.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { engine, openPage, startBrowser, startServer } from "./stage.mjs";

const TABS = 6;
const INCREMENTS = 20;

/** In the page: where a counter can be kept. Each gives `read` and `write`; `write` has ended when it says so. */
const prepare = () => {
  const channel = new BroadcastChannel("counter");
  let heard = 0;
  channel.onmessage = ({ data }) => (heard = data);
  const settled = (request) =>
    new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
  const opening = indexedDB.open("counter", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("counter");
  const opened = settled(opening);
  const transact = async (mode, act) => {
    const run = (await opened).transaction("counter", mode);
    const ended = new Promise((resolve, reject) => Object.assign(run, { oncomplete: resolve, onabort: reject }));
    const result = await settled(act(run.objectStore("counter")));
    await ended;
    return result;
  };
  const homes = {
    localStorage: {
      read: () => Number(localStorage.getItem("counter")),
      write: (value) => localStorage.setItem("counter", value),
    },
    BroadcastChannel: {
      read: () => heard,
      write: (value) => ((heard = value), channel.postMessage(value)),
    },
    IndexedDB: {
      read: async () => (await transact("readonly", (store) => store.get("counter"))) ?? 0,
      write: (value) => transact("readwrite", (store) => store.put(value, "counter")),
    },
    cookie: {
      read: () => Number(/(?:^|; )counter=(\d+)/.exec(document.cookie)?.[1] ?? 0),
      write: (value) => (document.cookie = `counter=${value}`),
    },
  };
  window.ready = opened.then(() => true);
  window.readAtOnce = async (name) => settled((await opened).transaction("counter").objectStore("counter").get(name));
  window.read = (name) => homes[name].read();
  window.count = async (name, times) => {
    const { read, write } = homes[name];
    // Nobody begins before all are there: the test holds this one.
    await navigator.locks.request("start", { mode: "shared" }, () => {});
    for (let time = 0; time < times; time++) await navigator.locks.request("counter", async () => write((await read()) + 1));
  };
};

describe(`what the next holder of the lock sees in ${engine}`, { concurrency: false }, () => {
  let browser, server, tabs;

  before(async () => {
    server = await startServer();
    browser = await startBrowser();
    const profile = await browser.createBrowserContext();
    tabs = [];
    while (tabs.length < TABS) tabs.push(await openPage(browser, server.url, profile));
    for (const tab of tabs) {
      await tab.evaluate(prepare);
      await tab.evaluate(() => ready);
    }
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** How many of the increments of all tabs are lost in this home. */
  const lost = async (name) => {
    const [first] = tabs;
    await first.evaluate(
      () => new Promise((held) => navigator.locks.request("start", () => (held(), new Promise((open) => (window.open_ = open))))),
    );
    const counting = Promise.all(tabs.map((tab) => tab.evaluate((name, times) => count(name, times), name, INCREMENTS)));
    await first.waitForFunction(
      async (tabs) => (await navigator.locks.query()).pending.filter((lock) => lock.name === "start").length === tabs,
      { polling: 50, timeout: 10_000 },
      TABS,
    );
    await first.evaluate(() => void window.open_());
    await counting;
    const values = await Promise.all(tabs.map((tab) => tab.evaluate((name) => read(name), name)));
    return TABS * INCREMENTS - Math.max(...values);
  };

  it("loses nothing in IndexedDB, where the stamp lives; the others are measured for information", async (test) => {
    const losses = {};
    for (const name of ["localStorage", "BroadcastChannel", "cookie", "IndexedDB"]) {
      losses[name] = await lost(name);
      test.diagnostic(`${name} lost ${losses[name]} of ${TABS * INCREMENTS}`);
    }
    assert.equal(losses.IndexedDB, 0);
  });

  it("keeps in IndexedDB what was under way when its writer stopped, and lets nobody read before that", async (test) => {
    const seen = await tabs[0].evaluate(async (times) => {
      const seen = [];
      while (seen.length < times) {
        const writer = new Worker("writer.js");
        await new Promise((resolve, reject) => Object.assign(writer, { onmessage: resolve, onerror: reject }));
        writer.terminate();
        seen.push(await readAtOnce("stopped"));
      }
      return seen;
    }, INCREMENTS);
    test.diagnostic(`read ${seen.join(" ")}`);
    assert.deepEqual(seen, Array.from({ length: INCREMENTS }, (_, time) => time + 1));
  });
});
