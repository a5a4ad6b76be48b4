// Draws the charts of the README with Observable Plot, in the browser that is there anyway, so that text is measured as it
// will be shown.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startBrowser } from "../tests/browser/stage.mjs";
import { bundle } from "./stage.mjs";

/** Writes `bench-*.svg` into a folder. */
export async function drawCharts(results, folder) {
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    await page.setContent("<!doctype html><body></body>");
    const script = await bundle(`import * as charts from "./page/charts.js"; globalThis.charts = charts;`);
    await page.addScriptTag({ type: "module", content: Buffer.from(script).toString() });
    await page.waitForFunction(() => globalThis.charts);
    const drawn = await page.evaluate((results) => charts.draw(results), results);
    for (const [name, svg] of Object.entries(drawn)) writeFileSync(join(folder, `bench-${name}.svg`), `${svg}\n`);
  } finally {
    await browser.close();
  }
}
