// Photographs the demo: `node screenshot.mjs URL FOLDER`, called by `cargo xtask screenshot`.
import { join } from "node:path";
import { startBrowser, USER } from "./stage.mjs";

const [url, folder] = process.argv.slice(2);
const browser = await startBrowser("--hide-scrollbars");
const shots = [
  { name: "demo-light.png", scheme: "light", width: 1200, height: 900 },
  { name: "demo-dark.png", scheme: "dark", width: 1200, height: 900 },
  { name: "demo-phone.png", scheme: "light", width: 390, height: 844 },
];

for (const { name, scheme, width, height } of shots) {
  const page = await (await browser.createBrowserContext()).newPage();
  await page.setViewport({ width, height, deviceScaleFactor: 2 });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.goto(url);
  for (const [field, value] of [["#email", USER.email], ["#password", USER.password]]) {
    await page.$eval(field, (input, value) => (input.value = value), value);
  }
  await page.click("#sign-in-button");
  await page.waitForSelector("#burst", { visible: true });
  if (name === "demo-light.png") {
    for (const text of ["Call the bank about the train tunnel", "One refresh, however many tabs"]) {
      await page.type("#note-text", text);
      await page.keyboard.press("Enter");
      await page.waitForFunction((text) => document.querySelector("#notes").textContent.includes(text), { polling: 100 }, text);
    }
  }
  await page.click("#expire");
  await page.click("#burst");
  await page.waitForFunction(() => /20/.test(document.querySelector("#burst-result").textContent), { polling: 100 });
  await page.waitForSelector("#token:not(.flash)");
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(folder, name) });
  console.log(`${name}: ${width} × ${height}, ${scheme}`);
}
await browser.close();
