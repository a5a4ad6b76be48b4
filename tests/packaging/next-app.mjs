// The Next example, or another application of Next, installed from the packed tarball into a folder of its own, built and
// started.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../backend.mjs";

const target = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "packaging");
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", CI: "1" };

/** A port that is free now. The backend has to know the site's origin before the site is there. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** An application of Next's, from a folder of this project. It is run in one of its own, by that name. */
export function nextApp(name, source) {
  const folder = join(target, name);
  const example = join(root, source);

  /** Copies it, with further files, and installs what it names, and the package as it would be published. */
  async function install(files = {}) {
    mkdirSync(folder, { recursive: true });
    for (const part of ["app", "components", "lib", "pages"]) rmSync(join(folder, part), { recursive: true, force: true });
    const isOwn = (path) => !/\/(node_modules|\.next|package-lock\.json)$/.test(path);
    cpSync(example, folder, { recursive: true, filter: isOwn });
    await complete(files);
  }

  /** An application of these files alone, with what this one has installed. */
  async function installOnly(files) {
    clear();
    mkdirSync(folder, { recursive: true });
    await complete(files);
  }

  /** Removes the application, but for what is installed. */
  function clear() {
    if (!existsSync(folder)) return;
    for (const entry of readdirSync(folder)) if (entry !== "node_modules") rmSync(join(folder, entry), { recursive: true });
  }

  /** Puts further files there, or others in place of some. */
  function put(files) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }

  async function complete(files) {
    put(files);
    const [{ filename }] = JSON.parse(await run("npm", ["pack", "--json", "--pack-destination", folder], join(root, "pkg")));
    const [manifest, lock] = ["package.json", "package-lock.json"].map((file) => JSON.parse(readFileSync(join(example, file), "utf8")));
    manifest.dependencies.relatch = lock.packages[""].dependencies.relatch = `file:${filename}`;
    // The tarball keeps its name when it changes, so what is known and installed of it has to go.
    delete lock.packages["node_modules/relatch"];
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(folder, "package-lock.json"), JSON.stringify(lock));
    rmSync(join(folder, "node_modules/relatch"), { recursive: true, force: true });
    await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"], folder);
    if (!existsSync(join(folder, "node_modules/relatch/next.js"))) throw new Error("the package is not installed");
  }

  /** Builds it against a backend, whose address is written into its rewrites. */
  const build = (backend, ...flags) => run("npx", ["next", "build", ...flags], folder, { BACKEND_URL: backend.url });

  /** Starts it; `command` is `start` or `dev`. */
  async function start(backend, port, command = "start", ...flags) {
    const next = join(folder, "node_modules/next/dist/bin/next");
    const child = spawn(process.execPath, [next, command, "-p", String(port), ...flags], {
      cwd: folder,
      env: { ...env, BACKEND_URL: backend.url },
      // `next dev` has a child of its own, which would outlive it: a group is ended as one.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        if (process.env.RELATCH_LOG) console.error(line);
      });
    }
    const url = `http://localhost:${port}`;
    const ended = once(child, "exit");
    const stop = async () => {
      process.kill(-child.pid, "SIGKILL");
      await ended;
    };
    process.once("exit", () => child.exitCode === null && child.signalCode === null && process.kill(-child.pid, "SIGKILL"));
    for (const until = Date.now() + 120_000; Date.now() < until; ) {
      const answer = await fetch(`${url}/sign-in`).catch(() => undefined);
      if (answer && answer.status < 500) return { url, stop };
      const isOver = await Promise.race([ended.then(() => true), new Promise((resolve) => setTimeout(resolve, 200))]);
      if (isOver || answer) break;
    }
    if (child.exitCode === null) await stop();
    throw new Error(`next ${command} did not start\n${said.join("\n")}`);
  }

  return { folder, install, installOnly, put, clear, build, start };
}

export const { folder, install, installOnly, clear, build, start } = nextApp("next", "examples/next");

async function run(program, args, cwd, more) {
  const child = spawn(program, args, { cwd, env: { ...env, ...more }, stdio: ["ignore", "pipe", "pipe"] });
  const [out, all] = [[], []];
  child.stdout.on("data", (chunk) => (out.push(chunk), all.push(chunk)));
  child.stderr.on("data", (chunk) => all.push(chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}\n${Buffer.concat(all)}`);
  return Buffer.concat(out).toString();
}
