// From the start of a navigation to the first answer of the API for somebody who is signed in, after a reload: scripts come
// from the browser's cache, the access token is gone or not, the refresh token is good.
import { Samples } from "../stats.mjs";
import { USER } from "../stage.mjs";

export const LATENCIES_MS = [0, 50];

export async function measure({ stage, peers, quick, say }) {
  const rounds = quick ? 2 : 15;
  const samples = new Samples();
  const pages = new Map();
  for (const peer of peers) {
    const page = await stage.open(peer, await stage.browser.createBrowserContext());
    await page.evaluate((user) => bench.signIn(user), USER);
    const devtools = await page.createCDPSession();
    // Time that the main thread has worked, not time that has passed.
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    // Once, so that the browser has the scripts, and its own cache of their code.
    for (let visit = 0; visit < 2; visit += 1) {
      await stage.visit(page, peer, { start: "" });
      await page.evaluate(() => started);
    }
    pages.set(peer, { page, devtools });
  }
  for (let round = 0; round < rounds; round += 1) {
    say(`round ${round + 1} of ${rounds}`);
    for (const latency of LATENCIES_MS) {
      for (const [peer, { page, devtools }] of pages) {
        await page.emulateNetworkConditions(latency ? { latency, download: -1, upload: -1 } : null);
        await page.reload();
        const { status, ms } = await page.evaluate(() => started);
        if (status !== 200) throw new Error(`${peer.title} answered ${status} after a reload`);
        samples.add(peer, { [`at${latency}Ms`]: ms, ...(latency === 0 && { busyMs: await busyMs(devtools) }) });
      }
    }
  }
  for (const { page } of pages.values()) await page.browserContext().close();
  return samples.summarize();
}

/** How long the page's main thread has worked since the navigation, with which the count begins anew. */
async function busyMs(devtools) {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration").value * 1_000;
}
