// Photographs the devtools: `node screenshot-devtools.mjs URL FOLDER`, called by `cargo xtask screenshot`. A story of three tabs is
// played out in real time, with tokens that live for 20 s.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startBrowser, USER } from "./stage.mjs";

const [url, folder] = process.argv.slice(2);
const browser = await startBrowser("--hide-scrollbars");
const profile = await browser.createBrowserContext();

const post = (path, body = {}) => fetch(url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** Opens a tab of the demo's; the newest is the one in front. */
async function open() {
  const page = await profile.newPage();
  await page.setViewport({ width: 1280, height: 720, deviceScaleFactor: 1.5 });
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector("relatch-devtools") && session.getState().status !== "loading", { polling: 100 });
  return page;
}

const calls = (page, count) => page.evaluate((count) => Promise.allSettled(Array.from({ length: count }, () => session.fetch("/api/notes"))), count);

/** Takes a picture of the panel in one scheme and one size. */
async function shoot(page, name, scheme, width, height) {
  await page.bringToFront();
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.setViewport({ width, height, deviceScaleFactor: 1.5 });
  await sleep(700);
  const box = await page.evaluate(() => {
    const { top, height } = document.querySelector("relatch-devtools").shadowRoot.querySelector(".panel").getBoundingClientRect();
    return { top, height };
  });
  await page.screenshot({ path: join(folder, name), clip: { x: 0, y: box.top, width, height: box.height }, captureBeyondViewport: false });
  console.log(`${name}: ${width} × ${Math.round(box.height)}, ${scheme}`);
}

const first = await open();
await first.evaluate(async (user) => {
  await session.signIn(user);
  document.querySelector("relatch-devtools").open = true;
}, USER);
await calls(first, 2);
await sleep(5_000);
const second = await open();
await calls(second, 1);
await sleep(6_000);
await second.evaluate(() => session.refresh());
await first.bringToFront();
await sleep(3_000);
await calls(first, 3);
await shoot(first, "devtools-signed-in.png", "light", 1280, 720);
const third = await open();
await calls(third, 1);
await first.bringToFront();
await sleep(4_000);
await post("/test/expire-access");
await calls(first, 20);
await sleep(2_500);
await calls(second, 2);
await calls(third, 2);
await sleep(4_000);
await shoot(first, "devtools-tabs.png", "light", 1280, 720);

await post("/test/faults", { path: "/auth/refresh", status: 503 });
await post("/test/expire-access");
await calls(first, 5);
await sleep(3_000);
await calls(first, 2);
await sleep(2_000);
await shoot(first, "devtools-outage.png", "dark", 1280, 720);

await post("/test/reset");
await first.evaluate(() => session.refresh());
await calls(second, 1);
await sleep(4_000);
await second.evaluate(() => session.signOut());
await sleep(1_500);
await shoot(first, "devtools-sign-out.png", "dark", 390, 844);
await browser.close();
