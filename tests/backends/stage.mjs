// Starts the servers of the story, each a process of its own, and says what they counted.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { listening, serve } from "../backend.mjs";

/** Starts one of the servers here on a free port. */
export async function startServer(file, environment = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    env: { ...process.env, PORT: "0", ...environment },
    stdio: ["ignore", "pipe", process.env.RELATCH_LOG ? "inherit" : "ignore"],
  });
  const url = await listening(child);
  const control = async (name) => {
    const { ok, status } = await fetch(`${url}/test/${name}`, { method: "POST" });
    if (!ok) throw new Error(`/test/${name} answered ${status}`);
  };
  return {
    url,
    counters: () => fetch(`${url}/test/counters`).then((response) => response.json()),
    reset: () => control("reset"),
    expire: () => control("expire"),
    renewNonce: () => control("nonce"),
    revoke: () => control("revoke"),
    async stop() {
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

/** Starts the example server, and gives its counters the names that the others have. */
export async function startExample(...flags) {
  const server = await serve("tests/backends/pages", flags);
  return {
    ...server,
    async counters() {
      const { refresh, session } = await server.counters();
      return { "POST /auth/refresh": refresh.requests, "GET /auth/session": session, reuse: refresh.reuse };
    },
    expire: server.expireAccess,
    async revoke() {
      await server.expireRefresh();
      await server.expireAccess();
    },
  };
}

/** Starts one of the servers here that rotates the refresh token of the Express backend, and that backend. */
export async function startRotating(file) {
  const upstream = await startServer("express/server.mjs");
  const server = await startServer(file, { UPSTREAM: upstream.url });
  return {
    ...server,
    async counters() {
      const { "GET /refresh": refreshes = 0, reuse = 0 } = await upstream.counters();
      return { ...(await server.counters()), "upstream GET /refresh": refreshes, reuse };
    },
    async reset() {
      await upstream.reset();
      await server.reset();
    },
    async stop() {
      await server.stop();
      await upstream.stop();
    },
  };
}
