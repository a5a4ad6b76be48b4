// What a call costs with a good token and a `fetch` that answers at once, in microseconds.
import { Samples } from "../stats.mjs";
import { USER } from "../stage.mjs";

export const FORMS = ["object", "array", "headers", "request", "post"];
const BATCH = 300;
const WARM_UP = 3;

export async function measure({ stage, peers, quick, say }) {
  const rounds = quick ? 6 : 20;
  const samples = new Samples();
  const pages = new Map();
  for (const peer of peers) {
    const page = await stage.open(peer, await stage.browser.createBrowserContext(), { stub: "" });
    await page.evaluate((user) => bench.signIn(user), USER);
    pages.set(peer, page);
  }
  for (let round = -WARM_UP; round < rounds; round += 1) {
    if (round % 10 === 0) say(`round ${round} of ${rounds}`);
    for (const form of FORMS) {
      for (const [peer, page] of pages) {
        const cost = await page.evaluate((form, count) => bench.cost(form, count), form, BATCH);
        if (round >= 0) samples.add(peer, { [form]: cost });
      }
    }
  }
  for (const page of pages.values()) await page.browserContext().close();
  return samples.summarize();
}
