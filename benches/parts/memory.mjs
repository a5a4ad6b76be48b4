// What many calls leave behind: the memory of a WebAssembly module and the heap of JavaScript, after a collection.
import { USER } from "../stage.mjs";

const WARM_UP = 5_000;
const STRETCH = 10_000;

export async function measure({ stage, peers, quick, full, say }) {
  const calls = full ? 1_000_000 : quick ? 10_000 : 100_000;
  const rows = {};
  for (const peer of peers) {
    say(`${calls.toLocaleString("en")} calls of ${peer.title}`);
    const context = await stage.browser.createBrowserContext();
    const page = await stage.open(peer, context, { stub: "" });
    const devtools = await page.createCDPSession();
    const look = async () => {
      await devtools.send("HeapProfiler.collectGarbage");
      const { usedSize } = await devtools.send("Runtime.getHeapUsage");
      return { heap: usedSize, module: await page.evaluate(() => bench.moduleBytes()) };
    };
    await page.evaluate((user) => bench.signIn(user), USER);
    await page.evaluate((count) => bench.drain(count), WARM_UP);
    const before = await look();
    for (let done = 0; done < calls; done += STRETCH) await page.evaluate((count) => bench.drain(count), STRETCH);
    const after = await look();
    rows[peer.name] = { heapGrowth: after.heap - before.heap, moduleGrowth: after.module - before.module, module: after.module };
    await context.close();
  }
  return { calls, peers: rows };
}
