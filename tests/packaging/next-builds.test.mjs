// The Next example by its other ways to run. What a browser sees of it is in next.test.mjs.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { serve, USER } from "../backend.mjs";
import { build, freePort, install, start } from "./next-app.mjs";

describe("the Next example", { concurrency: false }, () => {
  let backend, port;
  before(async () => {
    port = await freePort();
    backend = await serve("examples/html", ["--cookie-name", "relatch_site", "--cookie-path", "/", "--origin", `http://localhost:${port}`]);
    await install();
  });
  after(() => backend?.stop());

  /** A page of ten components, asked for with nothing but the refresh cookie. */
  async function renews(site) {
    try {
      const headers = { origin: site.url, "content-type": "application/json" };
      const signIn = await fetch(`${backend.url}/auth/login`, { method: "POST", headers, body: JSON.stringify(USER) });
      const cookie = signIn.headers.getSetCookie()[0].split(";")[0];
      await backend.reset();
      const answer = await fetch(`${site.url}/account`, { headers: { cookie } });
      const page = await answer.text();
      assert.equal(page.match(/<li class="part">0 notes<\/li>/g)?.length, 10);
      assert.ok(page.includes(USER.email));
      assert.match(answer.headers.get("cache-control"), /no-store/);
      assert.deepEqual(answer.headers.getSetCookie().map((line) => line.split("=")[0]), ["relatch_site", "relatch_access"]);
      const { refresh, api } = await backend.counters();
      assert.deepEqual([refresh.requests, refresh.reuse, api], [1, 0, { requests: 10, unauthorized: 0 }]);
    } finally {
      await site.stop();
    }
  }

  it("runs when webpack has built it", async () => {
    await build(backend, "--webpack");
    await renews(await start(backend, port));
  });

  it("runs in development", async () => renews(await start(backend, port, "dev")));
});
