// What every server here has besides its own: the pages under test, the package, what it counts, and its test controls.
import { join } from "node:path";
import express from "express";
import { packageFolder, root } from "../backend.mjs";

const counters = {};

/** Counts something that happened at this server. */
export const count = (what) => {
  counters[what] = (counters[what] ?? 0) + 1;
};

/** Counts each request when it arrives (`GET /refresh`) and when it is answered (`GET /refresh 200`). */
export function counted(request, response, next) {
  const call = `${request.method} ${request.path}`;
  if (!request.path.startsWith("/test/")) {
    count(call);
    response.once("finish", () => count(`${call} ${response.statusCode}`));
  }
  next();
}

/** Sets the server's clock ahead, so that what it has issued expires without anybody waiting for it. */
export function setClockAhead(seconds) {
  const now = Date.now;
  Date.now = () => now() + seconds * 1000;
}

/** The test controls (`POST /test/{name}` each), the package and the pages. */
export function site(controls) {
  const router = express.Router();
  router.all("/test/always-401", (_, response) => response.sendStatus(401));
  router.get("/test/counters", (_, response) => response.json(counters));
  const all = { ...controls, reset: () => Object.keys(counters).forEach((what) => delete counters[what]) };
  for (const [name, control] of Object.entries(all)) {
    router.post(`/test/${name}`, async (_, response) => {
      await control();
      response.sendStatus(204);
    });
  }
  router.use("/relatch", express.static(packageFolder));
  router.use(express.static(join(root, "tests/backends/pages")));
  return router;
}

/** Listens on `PORT`, or on a free port. `configure` is for what has to know the address; then the address is printed. */
export function listen(app, configure = () => {}) {
  const server = app.listen(Number(process.env.PORT ?? 0), "localhost", async () => {
    const url = `http://localhost:${server.address().port}`;
    await configure(url);
    console.log(`listening on ${url}`);
  });
}
