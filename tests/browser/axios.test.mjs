// axios as docs/axios.md sets it up, by the page's own code, with the packed package.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { Page } from "../packaging/blocks.mjs";
import { bundle } from "../packaging/bundle.mjs";
import { engine, openPage, packageFolder, startBrowser, startSite, USER } from "./stage.mjs";

describe(`axios with relatch in ${engine}`, { concurrency: false }, () => {
  let browser, server, page, folder;

  before(async () => {
    const docs = new Page("docs/axios.md");
    folder = mkdtempSync(join(tmpdir(), "relatch-axios-"));
    const parts = { "session.ts": docs.take("axios", "ts"), "temporary.ts": docs.take("axios", "ts") };
    assert.deepEqual(docs.left(), []);
    parts["page.ts"] = 'export * from "./session"; export * from "./temporary"; export { default as axios } from "axios";';
    await bundle(packageFolder, parts, join(folder, "page.js"));
    writeFileSync(join(folder, "index.html"), '<!doctype html><title>axios</title><link rel="icon" href="data:,"><script src="/page.js"></script>');
    server = await startSite(folder);
    browser = await startBrowser();
    page = await openPage(browser, server.url);
    await page.evaluate((user) => page.session.signIn(user), USER);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    if (folder) rmSync(folder, { recursive: true });
  });
  beforeEach(() => server.reset());

  /** The refreshes since the counters were set to nought. */
  const refreshes = async () => {
    const { refresh } = await server.counters();
    return [refresh.requests, refresh.reuse];
  };

  it("gets and posts across a token's end by one refresh, the body whole", async () => {
    await server.expireAccess();
    const text = "ü".repeat(1000);
    const seen = await page.evaluate(async (text) => {
      const { api } = globalThis.page;
      const [list, note] = await Promise.all([api.get("/notes", { params: { all: 1 } }), api.post("/notes", { text })]);
      const after = await api.get("/notes");
      return [list.status, note.status, note.data.text, after.data.map((note) => note.text)];
    }, text);
    assert.deepEqual(seen, [200, 201, text, [text]]);
    assert.deepEqual(await refreshes(), [1, 0]);
    assert.equal((await server.counters()).api.unauthorized, 2);
  });

  it("cancels by a signal while it waits for a refresh, which goes on for the others", async () => {
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 500 });
    const seen = await page.evaluate(async () => {
      const { api, axios, session } = globalThis.page;
      const stop = new AbortController();
      const canceled = api.post("/notes", { text: "never" }, { signal: stop.signal }).then(() => "sent", (error) => error);
      const kept = api.get("/notes");
      while (!session.getState().refreshing) await new Promise((resolve) => setTimeout(resolve, 10));
      stop.abort();
      const error = await canceled;
      const isEarly = session.getState().refreshing;
      const texts = (await kept).data.map((note) => note.text);
      return [error.name, error.code, axios.isCancel(error), error instanceof axios.CanceledError, isEarly, texts.includes("never")];
    });
    assert.deepEqual(seen, ["CanceledError", "ERR_CANCELED", true, true, true, false]);
    assert.deepEqual(await refreshes(), [1, 0]);
  });

  it("counts a refresh in a call's timeout", async () => {
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 1000 });
    const seen = await page.evaluate(async () => {
      const { api, session } = globalThis.page;
      const error = await api.get("/notes", { timeout: 200 }).catch((error) => error);
      return [error.code, session.getState().refreshing, (await api.get("/notes")).status];
    });
    assert.deepEqual(seen, ["ETIMEDOUT", true, 200]);
    assert.deepEqual(await refreshes(), [1, 0]);
  });

  it("fails with relatch's error as the cause, which says whether it may work later", async () => {
    await server.expireAccess();
    await server.fault({ path: "/auth/refresh", times: 1, status: 503 });
    const seen = await page.evaluate(async () => {
      const { api, axios, isTemporary, session } = globalThis.page;
      const error = await api.get("/notes").catch((error) => error);
      // So that the pause is over before the next test.
      while (!(await session.refresh().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 50));
      const missing = await api.get("/nothing").catch((error) => error);
      return [axios.isAxiosError(error), error.cause?.code, isTemporary(error), missing.response.status, isTemporary(missing)];
    });
    assert.deepEqual(seen, [true, "TryLater", true, 404, false]);
  });

  it("delivers a 401 that is final as axios does, by its status", async () => {
    await server.expireAccess();
    await server.expireRefresh();
    const seen = await page.evaluate(async () => {
      const error = await globalThis.page.api.get("/notes").catch((error) => error);
      return [error.code, error.response.status, globalThis.page.session.getState().reason];
    });
    assert.deepEqual(seen, ["ERR_BAD_REQUEST", 401, "expired"]);
  });
});
