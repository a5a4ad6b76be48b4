// A page makes many calls at once whose token is dead: (clock) by its lifetime, (refused) by the server's word alone.
import { Samples } from "../stats.mjs";
import { USER } from "../stage.mjs";

export async function measure({ stage, peers, quick, say }) {
  const rounds = quick ? 1 : 3;
  const calls = quick ? 200 : 1_000;
  const samples = new Samples();
  const pages = new Map();
  for (const peer of peers) {
    const context = await stage.browser.createBrowserContext();
    pages.set(peer, await stage.open(peer, context, { leap: stage.ahead() }));
    await pages.get(peer).evaluate((user) => bench.signIn(user), USER);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of ["clock", "refused"]) {
      say(`round ${round + 1} of ${rounds}, ${kind === "clock" ? "the clock tells" : "the 401 tells"}`);
      for (const [peer, page] of pages) {
        await page.evaluate(ensureSignedIn, USER);
        await stage.server.reset();
        if (kind === "clock") await stage.endLives([page]);
        else await stage.server.expireAccess();
        const { failed, began, ended } = await page.evaluate((count) => bench.storm(count), calls);
        const { refreshes, reuses } = await stage.counted();
        samples.add(peer, { [`${kind}Ms`]: ended - began, [`${kind}Refreshes`]: refreshes, [`${kind}Failed`]: failed, [`${kind}Reuses`]: reuses });
      }
    }
  }
  for (const page of pages.values()) await page.browserContext().close();
  return { calls, peers: samples.summarize() };
}

/** In the page. */
async function ensureSignedIn(user) {
  await Promise.resolve(bench.restore()).catch(() => {});
  if ((await bench.call()) !== 200) await bench.signIn(user);
}
