// examples/apollo, built with the packed package and served by its own programs, as a visitor uses it.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { install } from "../packaging/install.mjs";
import { freePort } from "../packaging/next-app.mjs";
import { engine, openPage, OTHER, packageFolder, startBrowser, startDemo, USER } from "./stage.mjs";

const app = fileURLToPath(new URL("../../examples/apollo", import.meta.url));

/** Starts a program of the example's, and waits until it says where it is. */
async function start(args, env) {
  const child = spawn(process.execPath, args, { cwd: app, env: { ...process.env, NO_COLOR: "1", ...env }, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  const url = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [said] = line.match(/http:\/\/localhost:\d+/) ?? [];
      if (said) resolve(said);
    });
  });
  const tooSoon = ended.then(([code]) => Promise.reject(new Error(`${args.join(" ")} ended with ${code} before it listened`)));
  tooSoon.catch(() => {});
  return { url: await Promise.race([url, tooSoon]), stop };
}

describe(`the Apollo example in ${engine}`, { concurrency: false }, () => {
  let browser, backend, graphql, site, page;
  const shows = (text) => page.waitForFunction((text) => document.body.innerText.includes(text), { polling: 100 }, text);

  /** Presses the buttons of those names, all of them before anything else happens in the page. */
  const press = (...names) =>
    page.evaluate((names) => {
      for (const name of names) [...document.querySelectorAll("button")].find((button) => button.textContent === name).click();
    }, names);

  /** Types into the field of that name, in place of what stands there. */
  const type = async (name, text) => {
    await page.$eval(`[name=${name}]`, (field) => (field.focus(), field.select()));
    await page.keyboard.type(text);
  };

  const signIn = async ({ email, password }) => {
    await shows("Password");
    await type("email", email);
    await type("password", password);
    await press("Sign in");
    await shows(email);
  };

  /** The notes that are shown, once there are any to show or it is known that there are none. */
  const notes = async () => {
    await page.waitForSelector("ul");
    return page.$$eval("li", (items) => items.map((item) => item.textContent));
  };

  before(async () => {
    install(packageFolder, app);
    execFileSync("npm", ["run", "build", "--silent"], { cwd: app, stdio: "pipe" });
    const port = await freePort();
    backend = await startDemo("--origin", `http://localhost:${port}`);
    graphql = await start(["graphql-server.mjs"], { BACKEND: backend.url, PORT: "0" });
    const vite = join("node_modules", "vite", "bin", "vite.js");
    site = await start([vite, "preview", "--port", String(port), "--strictPort"], { BACKEND: backend.url, GRAPHQL: graphql.url });
    browser = await startBrowser();
    page = await openPage(browser, site.url);
  });
  after(async () => {
    await browser?.close();
    for (const program of [site, graphql, backend]) await program?.stop();
  });

  it("signs in after a wrong password, queries and mutates", async () => {
    await shows("Password");
    await type("email", USER.email);
    await type("password", "wrong");
    await press("Sign in");
    await shows("Email or password is wrong.");
    assert.equal(await page.$eval("[name=email]", (field) => field.value), USER.email);
    await signIn(USER);
    assert.deepEqual(await notes(), []);
    await type("text", "milk");
    await press("Add");
    await shows("milk");
  });

  it("goes on by one refresh when the token of a query and a mutation is refused", async () => {
    await backend.reset();
    await backend.expireAccess();
    const answers = [];
    page.on("response", (response) => response.url().endsWith("/graphql") && answers.push(response.status()));
    await type("text", "bread");
    await press("Reload", "Add");
    await shows("bread");
    assert.deepEqual(await notes(), ["milk", "bread"]);
    assert.deepEqual(answers.slice(0, 4).sort(), [200, 200, 401, 401]);
    assert.equal(await page.$("[role=alert]"), null);
    const { refresh } = await backend.counters();
    assert.deepEqual([refresh.requests, refresh.reuse], [1, 0]);
  });

  it("shows the next user nothing from the cache of the last one", async () => {
    await press("Sign out");
    await signIn(OTHER);
    assert.deepEqual(await notes(), []);
  });
});
