// An application's own test, under Vitest with jsdom.
import * as relatch from "relatch";
import * as streaming from "relatch/streaming";
import { expect, it } from "vitest";
import { keepCookies } from "./jar.js";
import { run } from "./run.js";

it("signs in and refreshes", async () => {
  expect(document.title).toBe("");
  keepCookies(process.env.ORIGIN);
  const said = await run(relatch, process.env.ORIGIN);
  expect(`${relatch.RelatchError === streaming.RelatchError} ${said}`).toBe("true true demo@example.com 200");
});
