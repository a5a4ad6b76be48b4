// Bodies that are streams. Browsers send them over HTTP/2 only, so a TLS server of the test's own stands before the
// example server.
import assert from "node:assert/strict";
import { createSecureServer } from "node:http2";
import { request } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import selfsigned from "selfsigned";
import { engine, openPage, startBrowser, startServer, USER } from "./stage.mjs";

describe(`streams in ${engine}`, { concurrency: false }, () => {
  let browser, front, server, page;

  before(async () => {
    const { cert, private: key } = await selfsigned.generate([{ name: "commonName", value: "localhost" }]);
    front = createSecureServer({ cert, key, allowHTTP1: true }, (from, to) => {
      const headers = Object.fromEntries(Object.entries(from.headers).filter(([name]) => !name.startsWith(":")));
      const back = request(server.url + from.url, { method: from.method, headers }, (answer) => {
        const { connection, "keep-alive": _, "transfer-encoding": __, ...kept } = answer.headers;
        to.writeHead(answer.statusCode, kept);
        answer.pipe(to);
      });
      back.on("error", () => to.destroy());
      from.pipe(back);
    });
    await new Promise((resolve) => front.listen(0, resolve));
    const origin = `https://localhost:${front.address().port}`;
    server = await startServer("--origin", origin);
    browser = await startBrowser("--ignore-certificate-errors");
    page = await openPage(browser, origin, browser.defaultBrowserContext());
    await page.evaluate(async (user) => {
      open_();
      await session.signIn(user);
    }, USER);
  });
  after(async () => {
    await browser?.close();
    front?.close();
    await server?.stop();
  });
  beforeEach(() => server.reset());

  const post = () =>
    page.evaluate(async () => {
      const parts = ["one ", "two ", "three"];
      const body = new ReadableStream({
        pull(controller) {
          const part = parts.shift();
          if (part === undefined) return controller.close();
          controller.enqueue(new TextEncoder().encode(part));
        },
      });
      return outcome(
        session
          .fetch("/test/echo", { method: "POST", body, duplex: "half" })
          .then(async (response) => ({ status: response.status, echoed: (await response.json()).bodyText })),
      );
    });

  if (engine === "firefox") {
    it("refuses a stream, which this engine would send as the text [object ReadableStream]", async () => {
      assert.equal((await post()).code, "StreamBodyUnsupported");
      assert.equal((await server.counters()).api.requests, 0);
    });
    return;
  }

  it("sends a stream once, whole", async () => {
    assert.deepEqual((await post()).value, { status: 200, echoed: "one two three" });
    assert.equal((await server.counters()).api.requests, 1);
  });

  it("sends a stream only with a token that has life left: renews first", async () => {
    await page.evaluate(async () => {
      await session.refresh();
      // Of the 60 seconds of its life, two are left: enough for a call that can be sent again.
      const now = performance.now.bind(performance);
      performance.now = () => now() + 58_000;
    });
    await server.reset();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 1000, when: "before" });
    const posting = post();
    while ((await server.counters()).refresh.requests === 0) await sleep(20);
    await sleep(300);
    assert.equal((await server.counters()).api.requests, 0, "it waits for the new token");
    assert.deepEqual(await posting, { value: { status: 200, echoed: "one two three" } });
    const { refresh, api } = await server.counters();
    assert.deepEqual([refresh.requests, api.requests, api.unauthorized], [1, 1, 0]);
  });

  it("delivers a 401 on a stream, and renews the token for the next call", async () => {
    await server.expireAccess();
    assert.equal((await post()).value.status, 401);
    assert.equal((await server.counters()).api.requests, 1);
    assert.deepEqual(await post(), { value: { status: 200, echoed: "one two three" } });
    assert.equal((await server.counters()).refresh.requests, 1);
  });
});
