// The example server, started for a test, and what a test needs to look at it and to break it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** The package under test, as it was built. */
export const packageFolder = process.env.RELATCH_PACKAGE ?? join(root, "pkg");

export const USER = { email: "demo@example.com", password: "relatch-demo" };
export const OTHER = { email: "other@example.com", password: "relatch-other" };

/** The address that a server prints when it listens: `listening on http://localhost:4460`. */
export const listening = (child) =>
  new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("listening on ")) resolve(line.slice("listening on ".length).trim());
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it listened`)));
    child.once("error", reject);
  });

/** Starts it on a free port, with its test controls and the pages of a folder; on SQLite, unless a database is given. */
export async function serve(site, flags, { database, environment = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "relatch-"));
  const binary = process.env.RELATCH_SERVER ?? join(root, "target/debug/relatch-example-server");
  const users = [USER, OTHER].flatMap(({ email, password }) => ["--demo-user", `${email}:${password}`]);
  const pages = ["--site", resolve(root, site), "--package", packageFolder];
  const fixed = ["--port", "0", "--test-controls", "--database", database ?? `sqlite:${join(folder, "db.sqlite")}`];
  const child = spawn(binary, [...fixed, ...users, ...pages, ...flags], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", process.env.RELATCH_LOG ? "inherit" : "ignore"],
  });
  const url = await listening(child);
  const post = (path, body) =>
    fetch(url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) }).then(
      (response) => {
        if (!response.ok) throw new Error(`${path} answered ${response.status}`);
      },
    );
  return {
    url,
    counters: () => fetch(`${url}/test/counters`).then((response) => response.json()),
    reset: () => post("/test/reset"),
    expireAccess: () => post("/test/expire-access"),
    expireRefresh: () => post("/test/expire-refresh"),
    fault: (fault) => post("/test/faults", fault),
    async stop() {
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
