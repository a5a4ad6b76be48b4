// Ten tabs of one profile: their calls meet the end of the token together, and then all of them are opened anew, as by a
// browser that restores its windows, with a token that has ended.
import { Samples } from "../stats.mjs";
import { USER } from "../stage.mjs";

const TABS = 10;
const CALLS = 20;
/** Whom the bounds compare (`ratios.mjs`): with few rounds, what one of them is to the other is chance. */
const COMPARED = ["relatch", "hand-written-locks"];

export async function measure({ stage, peers, quick, say }) {
  const [rounds, most] = quick ? [1, 1] : [3, 9];
  const samples = new Samples();
  for (let round = 0; round < most; round += 1) {
    for (const peer of peers.filter(({ name, isFloor }) => !isFloor && (round < rounds || COMPARED.includes(name)))) {
      say(`round ${round + 1} of ${COMPARED.includes(peer.name) ? most : rounds}, ${peer.title}`);
      const context = await stage.browser.createBrowserContext();
      const tabs = await openTabs(stage, peer, context);
      await stage.server.reset();
      await stage.endLives(tabs);
      const expired = await Promise.all(tabs.map((tab) => tab.evaluate((count) => bench.storm(count), CALLS)));
      samples.add(peer, await outcome(stage, "expiry", expired));
      samples.add(peer, { expirySignedOut: await signedOut(tabs) });

      // Whoever was signed out comes back for the second half.
      if (await signedOut(tabs)) {
        await tabs[0].evaluate((user) => bench.signIn(user), USER);
        for (const tab of tabs.slice(1)) await tab.evaluate(enter).catch(() => {});
      }
      await Promise.all(tabs.map((tab) => tab.goto("about:blank")));
      await stage.server.reset();
      await stage.endLives([]);
      const restored = await Promise.all(
        tabs.map(async (tab) => {
          await stage.visit(tab, peer, { leap: stage.ahead(), start: "" });
          const { status, began, ended } = await tab.evaluate(() => started);
          return { failed: Number(status !== 200), began, ended };
        }),
      );
      samples.add(peer, await outcome(stage, "restored", restored));
      samples.add(peer, { restoredSignedOut: await signedOut(tabs) });
      await context.close();
    }
  }
  return { tabs: TABS, calls: CALLS, peers: samples.summarize() };
}

/** Opens the tabs; the first has signed in, and every one has made a call. */
async function openTabs(stage, peer, context) {
  const tabs = [];
  while (tabs.length < TABS) {
    const tab = await stage.open(peer, context, { leap: stage.ahead() });
    if (tabs.length === 0) await tab.evaluate((user) => bench.signIn(user), USER);
    else await tab.evaluate(enter);
    tabs.push(tab);
  }
  return tabs;
}

async function outcome(stage, kind, results) {
  const { refreshes, reuses } = await stage.counted();
  return {
    [`${kind}Refreshes`]: refreshes,
    [`${kind}Reuses`]: reuses,
    [`${kind}Failed`]: results.reduce((sum, { failed }) => sum + failed, 0),
    [`${kind}Ms`]: Math.max(...results.map(({ ended }) => ended)) - Math.min(...results.map(({ began }) => began)),
  };
}

/** In how many tabs nobody is signed in any more, when each asks once more, one after the other. */
async function signedOut(tabs) {
  let count = 0;
  for (const tab of tabs) count += Number((await tab.evaluate(enter).catch(() => 0)) !== 200);
  return count;
}

/** In the page: what it does to find its session, and a call. */
async function enter() {
  await Promise.resolve(bench.restore()).catch(() => {});
  return bench.call();
}
