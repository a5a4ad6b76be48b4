// The Next example in a real browser, against the strictly rotating example server.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { serve } from "../backend.mjs";
import { OTHER, startBrowser, USER } from "../browser/stage.mjs";
import { build, freePort, install, start } from "./next-app.mjs";

/** How long a page may take on a busy machine, in milliseconds. */
const PATIENCE = 60_000;

/** Code as it is written around `next-auth`, with a token that callers attach by hand; only its imports are relatch's. */
const BY_HAND = {
  "lib/by-hand.ts": `import { createNextSession } from "relatch/next";
import { contract } from "./contract";

export const { getSession } = createNextSession({
  contract,
  baseUrl: \`\${process.env.BACKEND_URL}/auth\`,
  refreshCookie: "relatch_site",
  exposeAccessToken: true,
});
`,
  "app/by-hand/provider.tsx": `"use client";
import type { ReactNode } from "react";
import { createSession, type SessionData } from "relatch";
import { SessionProvider } from "relatch/react";
import { contract } from "@/lib/contract";

const client = createSession({ contract, exposeAccessToken: true });

export function Provider(props: { session: SessionData | null | undefined; children: ReactNode }) {
  return <SessionProvider client={client} {...props} />;
}
`,
  "app/by-hand/notes.tsx": `"use client";
import { useState } from "react";
import { useSession } from "relatch/react";

export function Notes() {
  const { data: session, status } = useSession();
  const [shown, show] = useState("");
  const load = async () => {
    const res = await fetch("/api/notes", { headers: { Authorization: \`Bearer \${session?.accessToken}\` } });
    show(String(res.status));
  };
  return <button data-status={status} onClick={load}>{shown}</button>;
}
`,
  "app/by-hand/page.tsx": `import { getSession } from "@/lib/by-hand";
import { Notes } from "./notes";
import { Provider } from "./provider";

export default async function Page() {
  const session = await getSession();
  const res = await fetch(\`\${process.env.BACKEND_URL}/api/notes\`, {
    headers: { Authorization: \`Bearer \${session?.accessToken}\` },
    cache: "no-store",
  });
  return (
    <Provider session={session}>
      <p id="server">{session?.user.email}: {res.status}</p>
      <Notes />
    </Provider>
  );
}
`,
  "lib/contract.ts": `import { cookieRefresh } from "relatch";

export const contract = cookieRefresh({ baseUrl: "/auth" });

declare module "relatch" {
  interface Register {
    session: { user: { id: string; name: string; email: string | null }; accessToken?: string };
  }
}
`,
};

/** A page that is protected whatever it is called; handlers and an action that find a token refused before its time. */
const EARLY = {
  "app/account/[id]/page.tsx": `export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <p id="secret">{(await params).id}</p>;
}
`,
  "app/stuck/page.tsx": `import { Follow } from "@/components/follow";

let renders = 0;

export default function Page() {
  return (
    <>
      <Follow known={{ user: { id: "nobody that is signed in", name: "", email: null } }} />
      <p id="renders">{++renders}</p>
    </>
  );
}
`,
  "app/edge/route.ts": `export const runtime = "edge";
export { GET } from "../me/route";
`,
  "app/twice/actions.ts": `"use server";
import { revalidatePath } from "next/cache";
import { auth } from "@/lib/auth";

export async function act(): Promise<void> {
  await auth.authFetch("/api/me");
  // What it was renewed to is refused as well, when the page is rendered in the same request.
  await fetch(\`\${process.env.BACKEND_URL}/test/expire-access\`, { method: "POST" });
  revalidatePath("/twice");
}
`,
  "app/twice/page.tsx": `import { auth } from "@/lib/auth";
import { act } from "./actions";

export default async function Page() {
  const { status } = await auth.authFetch("/api/me");
  return (
    <form action={act}>
      <button id="twice">{status}</button>
    </form>
  );
}
`,
};

describe("the Next example", { concurrency: false }, () => {
  let backend, site, browser;

  before(async () => {
    const port = await freePort();
    backend = await serve("examples/html", ["--cookie-name", "relatch_site", "--cookie-path", "/", "--origin", `http://localhost:${port}`, "--access-ttl", "3600"]);
    await install({ ...EARLY, ...BY_HAND });
    await build(backend);
    site = await start(backend, port);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
    await backend?.stop();
  });

  const open = async (profile, path = "/account") => {
    const page = await profile.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.said = [];
    page.on("console", (message) => page.said.push(message.text()));
    page.on("pageerror", (error) => page.said.push(String(error)));
    page.answer = await page.goto(site.url + path, { timeout: PATIENCE });
    return page;
  };

  /** Signs in by the form, from the page that asked for it. */
  const visit = async (user = USER) => {
    const profile = await browser.createBrowserContext();
    const page = await open(profile);
    assert.equal(page.url(), `${site.url}/sign-in?callbackUrl=%2Faccount`);
    await page.type("[name=email]", user.email);
    await page.type("[name=password]", user.password);
    await page.click("form button");
    await page.waitForSelector(".part");
    return { profile, page };
  };

  const cookieOf = async (profile, name) => (await profile.cookies()).find((cookie) => cookie.name === name)?.value;

  /** Time passes: the backend refuses the token, and its cookie has run out with it. */
  const expire = async (profile) => {
    await backend.reset();
    await backend.expireAccess();
    const spent = (await profile.cookies()).filter(({ name }) => name === "relatch_access");
    await profile.deleteCookie(...spent);
  };

  /** Signs in by the form of a tab of its own, whoever is signed in beside. */
  const enter = async (profile, user) => {
    const page = await open(profile, "/sign-in");
    await page.type("[name=email]", user.email);
    await page.type("[name=password]", user.password);
    await page.click("form button");
    await page.waitForFunction(() => location.pathname === "/", { polling: 100 });
    await page.close();
  };

  const shows = (page, selector, text) =>
    page
      .waitForFunction((selector, text) => document.querySelector(selector)?.textContent === text, { polling: 100 }, selector, text)
      .catch(async (error) => assert.fail(`no "${text}" in ${selector}: ${error}\n${await page.evaluate(() => document.body.innerText)}`));

  const parts = (page) => page.$$eval(".part", (all) => all.map((part) => part.textContent));
  const loadInBrowser = async (page) => {
    await page.click("#load");
    await page.waitForFunction(() => document.querySelector("output").textContent !== "", { polling: 100 });
    return page.$eval("output", (output) => output.textContent);
  };

  it("signs in, comes back to where it was, and needs no refresh for that", async () => {
    await backend.reset();
    const { page, profile } = await visit();
    assert.deepEqual([page.url(), await parts(page)], [`${site.url}/account`, Array(10).fill("0 notes")]);
    assert.equal((await backend.counters()).refresh.requests, 0);
    await profile.close();
  });

  it("asks for an address and a password by name, and for the address once", async () => {
    const profile = await browser.createBrowserContext();
    const page = await open(profile, "/sign-in");
    assert.deepEqual(await page.$$eval("input", (inputs) => inputs.map((input) => input.labels[0]?.textContent.trim())), ["Email", "Password"]);
    await page.type("[name=email]", USER.email);
    await page.type("[name=password]", "wrong");
    await page.click("form button");
    await shows(page, "[role=alert]", "Wrong email or password.");
    assert.deepEqual(await page.$$eval("input", (inputs) => inputs.map((input) => input.value)), [USER.email, ""]);
    await page.type("[name=password]", USER.password);
    await page.click("form button");
    await shows(page, "h1", "Hello, demo");
    await profile.close();
  });

  it("renews once for a page of ten components that each call the API, and hands the token over to the browser", async () => {
    const { profile, page: entrance } = await visit();
    await entrance.close();
    const former = await cookieOf(profile, "relatch_site");
    await expire(profile);
    const page = await open(profile);
    assert.deepEqual(await parts(page), Array(10).fill("0 notes"));
    const { api, refresh } = await backend.counters();
    assert.deepEqual([refresh.requests, refresh.rotated, refresh.reuse], [1, 1, 0]);
    assert.deepEqual(api, { requests: 10, unauthorized: 0 });
    const renewed = await cookieOf(profile, "relatch_site");
    assert.ok(renewed && renewed !== former, "the browser holds the new cookie");
    assert.equal(page.answer.headers()["cache-control"], "private, no-store");

    assert.equal(await loadInBrowser(page), "0 notes");
    assert.equal((await backend.counters()).refresh.requests, 1, "the browser's first call needs no refresh of its own");
    assert.equal(await cookieOf(profile, "relatch_site"), renewed);

    const html = await page.answer.text();
    const token = decodeURIComponent((await cookieOf(profile, "relatch_access")).split(".").slice(4).join("."));
    assert.ok(token.length > 50 && !html.includes(token) && !html.includes(renewed), "no token in the page");
    assert.ok(html.includes(USER.email), "the first paint knows the user");
    assert.deepEqual(page.said, []);
    await profile.close();
  });

  it("renews without a reuse for ten such pages in ten tabs at once, and nobody is signed out", async () => {
    const { profile } = await visit();
    await expire(profile);
    const pages = await Promise.all(Array.from({ length: 10 }, () => open(profile)));
    for (const page of pages) assert.deepEqual(await parts(page), Array(10).fill("0 notes"));
    const shown = [];
    for (const page of pages) {
      await page.bringToFront();
      shown.push(await loadInBrowser(page), await page.$eval("#account", (account) => account.dataset.status));
    }
    assert.deepEqual(new Set(shown), new Set(["0 notes", "authenticated"]));
    const counters = await backend.counters();
    assert.deepEqual([counters.refresh.reuse, counters.families_revoked], [0, 0]);
    assert.ok(counters.refresh.requests <= 3, `${counters.refresh.requests} refreshes: a busy machine may need one more, in turn`);
    await profile.close();
  });

  it("runs code that attaches the token by hand with changed imports only", async () => {
    const { profile, page: entrance } = await visit();
    await entrance.close();
    await expire(profile);
    const page = await open(profile, "/by-hand");
    const server = await page.$eval("#server", (server) => server.textContent);
    await page.waitForSelector("button[data-status=authenticated]");
    await page.click("button[data-status]");
    await page.waitForFunction(() => document.querySelector("button[data-status]").textContent !== "", { polling: 100 });
    const browserSaw = await page.$eval("button[data-status]", (button) => button.textContent);
    assert.deepEqual([server, browserSaw], [`${USER.email}: 200`, "200"]);
    const { refresh } = await backend.counters();
    assert.deepEqual([refresh.requests, refresh.reuse], [1, 0]);
    assert.deepEqual(page.said, []);
    await profile.close();
  });

  it("does the same in Route Handlers (of Node and of the edge runtime), the Pages Router and Server Actions", async () => {
    const { profile } = await visit(OTHER);
    await expire(profile);
    const handler = await open(profile, "/me");
    assert.deepEqual(JSON.parse(await handler.$eval("body", (body) => body.innerText)).status, 200);
    await expire(profile);
    const edge = await open(profile, "/edge");
    assert.deepEqual(JSON.parse(await edge.$eval("body", (body) => body.innerText)).session.user.email, OTHER.email);
    await expire(profile);
    const classic = await open(profile, "/classic");
    assert.equal(await classic.$eval("#notes", (notes) => notes.textContent), "200");
    assert.equal(await classic.$eval("#account", (account) => account.dataset.status), "authenticated");
    const page = await open(profile);
    await loadInBrowser(page);
    await expire(profile);
    await page.type("[name=text]", "from an action");
    await page.click("form button");
    await page.waitForFunction(() => document.querySelector(".part").textContent === "1 notes", { polling: 100 });
    const { refresh } = await backend.counters();
    assert.deepEqual([refresh.requests, refresh.rotated, refresh.reuse], [1, 1, 0]);
    await profile.close();
  });

  it("renews in a Server Action itself when the backend refuses a token early", async () => {
    const { profile, page } = await visit();
    await loadInBrowser(page);
    await backend.reset();
    await backend.expireAccess();
    await page.type("[name=text]", "kept");
    await page.click("form button");
    await page.waitForFunction(() => document.querySelector(".part")?.textContent === "1 notes", { polling: 100 });
    const { refresh } = await backend.counters();
    assert.deepEqual([refresh.requests, refresh.rotated, refresh.reuse], [1, 1, 0]);
    const next = await open(profile);
    assert.deepEqual(await parts(next), Array(10).fill("1 notes"));
    assert.equal((await backend.counters()).refresh.requests, 1, "the browser holds what the action has fetched");
    await profile.close();
  });

  it("renews once in a request whose action has renewed, and whose page is refused again", async () => {
    const { profile, page: entrance } = await visit();
    await entrance.close();
    const page = await open(profile, "/twice");
    await backend.reset();
    await backend.expireAccess();
    await page.click("#twice");
    await page.waitForFunction(() => document.querySelector("#twice").textContent === "401", { polling: 100 });
    assert.deepEqual((({ requests, reuse }) => [requests, reuse])((await backend.counters()).refresh), [1, 0]);
    await expire(profile);
    const next = await open(profile);
    assert.match((await parts(next))[0], /^\d notes$/);
    assert.equal((await backend.counters()).refresh.reuse, 0, "the browser holds what the action has fetched");
    await profile.close();
  });

  it("renews nothing in a handler of the edge runtime, which has a table of its own", async () => {
    const { profile, page: entrance } = await visit();
    await entrance.close();
    await backend.reset();
    await backend.expireAccess();
    const edge = await open(profile, "/edge");
    assert.equal(JSON.parse(await edge.$eval("body", (body) => body.innerText)).status, 401);
    assert.equal((await backend.counters()).refresh.requests, 0);
    await profile.close();
  });

  it("protects every page of a list, whatever it is called", async () => {
    for (const id of ["5", "5.x", "5.rsc", "5.png", "5%0A", "%0D", "%E2%80%A8", "a%2Fb", "%ff", "a.b/c"]) {
      for (const headers of [{}, { rsc: "1" }]) {
        const answer = await fetch(`${site.url}/account/${id}`, { headers, redirect: "manual" });
        assert.ok(!(await answer.text()).includes("secret"), id);
      }
    }
  });

  it("keeps the user signed in while the backend is busy, and shows so", async () => {
    const { profile } = await visit();
    await expire(profile);
    await backend.fault({ path: "/auth/refresh", times: null, status: 503 });
    const page = await open(profile);
    assert.equal(page.url(), `${site.url}/account`, "not sent to the sign-in page");
    assert.deepEqual(await parts(page), Array(10).fill("not now"));
    await backend.fault({ path: "/auth/refresh", times: 0 });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await page.reload();
    assert.match((await parts(page))[0], /^\d notes$/);
    await profile.close();
  });

  it("says so in the Pages Router, a Route Handler and a call of the browser's too, while the backend is busy", async () => {
    const { profile, page } = await visit();
    await loadInBrowser(page);
    await expire(profile);
    await backend.fault({ path: "/auth/refresh", times: null, status: 503 });
    const classic = await open(profile, "/classic");
    assert.deepEqual([classic.answer.status(), await classic.$eval("#notes", (notes) => notes.textContent)], [200, "not now"]);
    assert.equal((await open(profile, "/me")).answer.status(), 503);
    await page.bringToFront();
    await page.click("#load");
    await shows(page, "output", "The auth server is busy; the session is kept. Try again later.");
    assert.deepEqual(page.said.filter((line) => !line.startsWith("Failed to load resource")), []);
    await backend.reset();
    await profile.close();
  });

  it("shows nothing of a user who has signed out in another tab, on pages of both routers", async () => {
    const { profile, page: account } = await visit();
    const [home, classic] = [await open(profile, "/"), await open(profile, "/classic")];
    await shows(home, "h1", "Hello, demo");
    await shows(classic, "#notes", "200");
    const beside = await open(profile, "/");
    await beside.waitForSelector("#account button");
    await beside.click("#account button");
    await shows(home, "h1", "Hello");
    await shows(classic, "#notes", "401");
    await account.waitForFunction(() => location.pathname === "/sign-in", { polling: 100 });
    assert.equal((await parts(account)).length, 0);
    await profile.close();
  });

  it("shows the next user, who has signed in in another tab, nothing of the former", async () => {
    const { profile, page } = await visit();
    const home = await open(profile, "/");
    await page.bringToFront();
    const [kept] = (await parts(page))[0].split(" ");
    await page.type("[name=text]", "of the demo user");
    await page.click("form button");
    await shows(page, ".part", `${Number(kept) + 1} notes`);
    assert.notEqual(await loadInBrowser(page), "");
    await page.type("[name=text]", "a draft");
    await enter(profile, OTHER);
    await home.bringToFront();
    await shows(home, "h1", "Hello, other");
    await page.bringToFront();
    await shows(page, "#account", `${OTHER.email} Sign out`);
    const [theirs] = await parts(await open(profile));
    await shows(page, ".part", theirs);
    assert.deepEqual(await page.evaluate(() => [document.querySelector("output").textContent, document.querySelector("[name=text]").value]), ["", ""]);
    await profile.close();
  });

  it("has room beside its text on a phone, and is dark where the system is", async () => {
    const { profile, page } = await visit();
    await page.setViewport({ width: 320, height: 640 });
    assert.deepEqual(await page.$eval("main", (main) => [main.getBoundingClientRect().left, document.documentElement.scrollWidth]), [16, 320]);
    assert.equal(await page.$eval("meta[name=color-scheme]", (meta) => meta.content), "light dark");
    await profile.close();
  });

  it("asks the server for no more than it has to tell, whatever it says", async () => {
    const { profile } = await visit();
    const stranger = await browser.createBrowserContext();
    for (const [visitor, asked] of [[profile, 1], [stranger, 2]]) {
      const page = await open(visitor, "/stuck");
      const first = Number((await page.answer.text()).match(/id="renders">(\d+)/)[1]);
      await shows(page, "#renders", String(first + asked));
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await shows(page, "#renders", String(first + asked));
      await visitor.close();
    }
  });

  it("goes on in a browser that has the demo's cookie as well", async () => {
    const { profile, page: entrance } = await visit();
    await entrance.close();
    await profile.setCookie({ name: "relatch_refresh", value: "demo", domain: "localhost", path: "/auth", httpOnly: true });
    const page = await open(profile);
    await backend.expireAccess();
    assert.match(await loadInBrowser(page), /^\d+ notes$/);
    assert.equal(await page.$eval("#account", (account) => account.dataset.status), "authenticated");
    await profile.close();
  });

  it("signs out on both sides", async () => {
    const { profile, page } = await visit();
    await page.waitForSelector("#account button");
    await page.click("#account button");
    await page.waitForSelector("#account[data-status=unauthenticated]");
    await page.waitForFunction(() => location.pathname === "/", { polling: 100 });
    const later = await open(profile);
    assert.equal(later.url(), `${site.url}/sign-in?callbackUrl=%2Faccount`);
    assert.equal(await cookieOf(profile, "relatch_site"), undefined);
    await profile.close();
  });
});
