// More calls than a browser sends at once, with a token that the API does not take any more.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { engine, signedIn, startBrowser, startListener, startServer } from "./stage.mjs";

const CALLS = 600;
/** As many may have been sent when the first is refused. The rest waits for its turn. */
const MOST = 256;
/** A call whose turn does not come would wait for the session to move: for the next renewal, most of a minute from now. */
const SOON = { timeout: 30_000 };

describe(`a storm of calls in ${engine}`, { concurrency: false }, () => {
  let api, browser, server;
  /** What API calls are refused for. */
  const dead = new Set();
  const answered = ({ method, headers: { authorization } }) => (method !== "OPTIONS" && dead.has(authorization) ? { status: 401 } : {});

  before(async () => {
    api = await startListener(answered);
    server = await startServer("--csp", `default-src 'self'; connect-src 'self' ${api.url}; script-src 'self' 'wasm-unsafe-eval'`);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await Promise.all([api, server].map((each) => each?.stop()));
  });
  beforeEach(async () => {
    dead.clear();
    api.requests.length = 0;
    await server.reset();
  });
  afterEach(async () => {
    for (const context of browser.browserContexts()) if (context !== browser.defaultBrowserContext()) await context.close();
  });

  /** A page whose token the API refuses from now on. */
  const refused = async () => {
    const page = await signedIn(browser, server, { api: { origins: [api.url] } });
    await page.evaluate((url) => session.fetch(url), api.url);
    dead.add(api.requests.at(-1).headers.authorization);
    api.requests.length = 0;
    return page;
  };

  /** The statuses of the API's answers, and how often each was given. */
  const outcome = (method = "GET") => {
    const asked = api.requests.filter((request) => request.method === method);
    const refusals = asked.filter(({ headers }) => dead.has(headers.authorization)).length;
    return { refusals, answers: asked.length - refusals };
  };

  /** Makes so many calls at once, and counts how they end. */
  const storm = (page, count, init) =>
    page.evaluate(
      async (url, count, init) => {
        const calls = Array.from({ length: count }, (_, n) => session.fetch(`${url}/${n}`, init));
        const tally = {};
        for (const { value, code } of await Promise.all(calls.map(statusOf))) tally[value ?? code] = (tally[value ?? code] ?? 0) + 1;
        return tally;
      },
      api.url,
      count,
      init,
    );

  it("spends no 401 on a call that the browser has not sent when the first is refused", async () => {
    const page = await refused();
    assert.deepEqual(await storm(page, CALLS), { 200: CALLS });
    const { refusals, answers } = outcome();
    assert.equal(answers, CALLS);
    assert.ok(refusals <= MOST, `${refusals} calls were refused`);
    assert.equal((await server.counters()).refresh.requests, 1);
  });

  it("sends what waits when another is answered", SOON, async () => {
    const page = await signedIn(browser, server, { api: { origins: [api.url] } });
    assert.deepEqual(await storm(page, CALLS), { 200: CALLS });
    assert.deepEqual(outcome(), { refusals: 0, answers: CALLS });
  });

  it("sends no more at once when the session has moved", SOON, async () => {
    const page = await signedIn(browser, server, { api: { origins: [api.url] } });
    await page.evaluate(() => {
      const { fetch } = window;
      window.most = window.unanswered = 0;
      window.fetch = (...args) => {
        most = Math.max(most, ++unanswered);
        return fetch(...args).finally(() => unanswered--);
      };
    });
    const storms = storm(page, CALLS);
    await page.evaluate(() => session.refresh());
    assert.deepEqual(await storms, { 200: CALLS });
    // The refresh is a request too.
    assert.ok((await page.evaluate(() => most)) <= MOST + 1, `${await page.evaluate(() => most)} calls were on their way`);
  });

  it("spends none on what changes something either, and sends that once more at most", async () => {
    const page = await refused();
    assert.deepEqual(await storm(page, CALLS, { method: "POST", body: "x" }), { 200: CALLS });
    const { refusals, answers } = outcome("POST");
    assert.equal(answers, CALLS);
    assert.ok(refusals <= MOST, `${refusals} calls were refused`);
  });

  it("lets a caller abort a call that waits for its turn, whose turn is the next one's", SOON, async () => {
    const page = await signedIn(browser, server, { api: { origins: [api.url] } });
    const { early, late } = await page.evaluate(
      async (api, count, most) => {
        const controller = new AbortController();
        const call = (n, init) => session.fetch(`${api}/${n}`, init);
        const first = Array.from({ length: most }, (_, n) => call(n));
        const aborted = Array.from({ length: count }, (_, n) => call(most + n, { signal: controller.signal }));
        const last = [call("last"), session.fetch(new Request(`${api}/request`, { method: "POST", body: "x" }))];
        first[0].then(() => controller.abort(new RangeError("enough")));
        const early = (await Promise.all(aborted.map(statusOf))).map(({ value, name }) => value ?? name);
        return { early, late: await Promise.all([...first, ...last].map(statusOf)) };
      },
      api.url,
      CALLS,
      MOST,
    );
    // What has just been sent ends with WebKit's own AbortError there.
    assert.ok(early.every((each) => /^(Range|Abort)Error$/.test(each)), String(early));
    assert.deepEqual(late, Array(MOST + 2).fill({ value: 200 }));
    const sent = api.requests.filter(({ url }) => Number(url.slice(1)) > MOST);
    assert.ok(sent.length < MOST, `${sent.length} calls were sent that nobody wanted any more`);
  });

  it("hands a call that is to outlive the page to the browser at once", async () => {
    const page = await signedIn(browser, server, { api: { origins: [api.url] } });
    const sent = await page.evaluate(
      async (api, count) => {
        const real = fetch;
        const urls = [];
        window.fetch = (input, init) => (urls.push(String(input.url ?? input)), real(input, init));
        const calls = Array.from({ length: count }, (_, n) => session.fetch(`${api}/${n}`));
        calls.push(session.fetch(`${api}/last`, { method: "POST", keepalive: true }), session.fetch(new Request(`${api}/request`, { keepalive: true })));
        const sent = urls.splice(0);
        await Promise.all(calls);
        return sent;
      },
      api.url,
      CALLS,
    );
    assert.equal(sent.length, MOST + 2);
    assert.deepEqual(sent.slice(-2), [`${api.url}/last`, `${api.url}/request`]);
  });

  it("fails what waits for its turn when the session is disposed of", SOON, async () => {
    const page = await signedIn(browser, server, { api: { origins: [api.url] } });
    const ended = await page.evaluate(
      async (api, count) => {
        const calls = Array.from({ length: count }, (_, n) => session.fetch(`${api}/${n}`));
        session.dispose();
        return (await Promise.all(calls.map(statusOf))).map(({ value, code }) => value ?? code);
      },
      api.url,
      CALLS,
    );
    assert.deepEqual(ended, [...Array(MOST).fill(200), ...Array(CALLS - MOST).fill("Disposed")]);
  });

  it("ends for all where the session turns out to have ended, with the server's own 401 for what was sent", async () => {
    const page = await refused();
    await server.expireRefresh();
    const { 401: refusals, SessionEnded: unsent } = await storm(page, CALLS);
    assert.equal(refusals + unsent, CALLS);
    assert.ok(refusals <= MOST, `${refusals} calls were refused`);
  });
});
