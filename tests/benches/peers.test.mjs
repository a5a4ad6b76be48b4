// The benches compare what works: every peer signs in, and meets the end of a token as its file says that it does.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadPeers, openStage, USER } from "../../benches/stage.mjs";

const peers = (await loadPeers()).filter((peer) => !peer.isFloor);

describe("the peers of the benches", { concurrency: false }, () => {
  let stage;
  before(async () => (stage = await openStage(peers)));
  after(() => stage?.close());

  for (const peer of peers) {
    const word = (does) => (does ? "gets over" : "does not notice");
    it(`${peer.title} ${word(peer.looksAtClock || peer.retries)} an end by the clock, and ${word(peer.retries)} one that only the 401 tells`, async () => {
      const context = await stage.browser.createBrowserContext();
      const page = await stage.open(peer, context, { leap: stage.ahead() });
      await page.evaluate((user) => bench.signIn(user), USER);
      const outcome = async (end) => {
        await stage.server.reset();
        await end();
        const status = await page.evaluate(() => bench.call());
        const { refreshes, reuses } = await stage.counted();
        return { status, refreshes, reuses };
      };
      const renewed = { status: 200, refreshes: 1, reuses: 0 };
      const delivered = { status: 401, refreshes: 0, reuses: 0 };
      assert.deepEqual(await outcome(() => stage.server.expireAccess()), peer.retries ? renewed : delivered);
      assert.deepEqual(await outcome(() => stage.endLives([page])), peer.looksAtClock || peer.retries ? renewed : delivered);
      // A token that the server takes (since it began anew, every one) is left alone, in a page whose clock is ahead as well.
      assert.deepEqual(await outcome(() => {}), { status: 200, refreshes: 0, reuses: 0 });
      await context.close();
    });
  }
});
