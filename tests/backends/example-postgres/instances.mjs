// Two instances of the example server on one PostgreSQL, and in front of them one origin whose requests they get in turn:
// what one has issued is renewed and refused by the other.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { listening, root, serve } from "../../backend.mjs";
import { startProxy } from "../../browser/proxy.mjs";

/** Starts a PostgreSQL of its own. */
async function startPostgres() {
  const child = spawn("sh", [join(root, "examples/server/tests/postgres.sh")], { stdio: ["pipe", "pipe", "inherit"] });
  return {
    url: await listening(child),
    async stop() {
      child.stdin.end();
      await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

export async function startInstances() {
  const postgres = await startPostgres();
  const proxy = await startProxy({ keepAlive: true });
  const shared = { database: postgres.url, environment: { RELATCH_JWT_SECRET: randomUUID() } };
  const start = () => serve("tests/backends/pages", ["--origin", proxy.url], shared);
  const instances = [await start(), await start()];
  proxy.to(...instances.map(({ url }) => url));
  /** What each has done in all. */
  const done = instances.map(() => ({ rotated: 0, api: 0 }));

  const everyCounters = () => Promise.all(instances.map((instance) => instance.counters()));
  const remember = async () => {
    for (const [index, { refresh, api }] of (await everyCounters()).entries()) {
      done[index].rotated += refresh.rotated;
      done[index].api += api.requests;
    }
  };

  return {
    url: proxy.url,
    async counters() {
      const all = await everyCounters();
      const sum = (of) => all.reduce((sum, counters) => sum + of(counters), 0);
      return {
        "POST /auth/refresh": sum(({ refresh }) => refresh.requests),
        "GET /auth/session": sum(({ session }) => session),
        reuse: sum(({ refresh }) => refresh.reuse),
      };
    },
    async reset() {
      await remember();
      for (const instance of instances) await instance.reset();
    },
    // One is told; the other knows it from the database.
    expire: () => instances[0].expireAccess(),
    async revoke() {
      await instances[1].expireRefresh();
      await instances[1].expireAccess();
    },
    async stop() {
      await remember();
      for (const instance of instances) await instance.stop();
      await proxy.stop();
      await postgres.stop();
      for (const { rotated, api } of done) assert.ok(rotated > 0 && api > 0, `one instance did all the work: ${JSON.stringify(done)}`);
    },
  };
}
