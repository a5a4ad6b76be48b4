// The verdicts of ../verdicts.json, to which the core is held by ../verdicts.rs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { cookieRefresh, createServer } from "../../pkg/server.js";
import { listen, Visitor } from "./visitor.mjs";

const table = JSON.parse(readFileSync(new URL("../verdicts.json", import.meta.url), "utf8"));

const reply = ({ answer }) => {
  if (answer === "network") return "reset";
  if (answer === "timeout") return undefined;
  if (answer === "redirect") return { status: 302, headers: { location: "/login" } };
  const { status, type, retryAfter, body } = answer;
  return { status, headers: { ...(type && { "content-type": type }), ...(retryAfter && { "retry-after": retryAfter }) }, body };
};

async function serverOf(row, answer) {
  const listener = await listen(answer);
  const contract = { ...cookieRefresh({ baseUrl: "/auth" }), timeoutMs: row.answer === "timeout" ? 200 : 10_000 };
  for (const [group, fields] of Object.entries(row.rules ?? {})) contract[group] = { ...contract[group], ...fields };
  try {
    return { server: createServer({ contract, baseUrl: `${listener.url}/auth`, refreshCookie: "r" }), listener };
  } catch (error) {
    await listener.stop();
    throw error;
  }
}

const problem = ({ code, status, retryAfterMs }) => JSON.parse(JSON.stringify({ is: "unknown", code, status, retryAfterMs }));

describe("an answer to a refresh", { concurrency: true }, () => {
  for (const row of table.refresh) {
    // A server sends no proof, so none is refused.
    if (row.rules?.csrf) continue;
    it(row.name, async () => {
      let bearer;
      const { server, listener } = await serverOf(row, ({ url, headers }) => {
        if (url === "/auth/refresh") return reply(row);
        bearer = headers.authorization;
        return { headers: { "content-type": "application/json" }, body: `{"user":{"id":"read"},"data":{"me":{"id":"read"}}}` };
      });
      try {
        const visitor = new Visitor().set("r", crypto.randomUUID());
        const session = server.open(visitor.request("/"));
        const state = await session.refresh();
        const { verdict } = row;
        if (verdict.is === "dead") return assert.deepEqual([state.status, state.reason], ["unauthenticated", "expired"]);
        if (verdict.is === "unknown") {
          assert.notEqual(state.status, "unauthenticated");
          assert.equal(state.error.temporary, verdict.code !== "Misconfigured");
          return assert.deepEqual(problem(state.error), verdict);
        }
        assert.equal(state.status, "authenticated");
        assert.equal(state.data.user.id !== "read", verdict.hasUser, "the user comes with the token, or is read");
        await session.fetch("/api");
        assert.equal(bearer, `Bearer ${verdict.token}`);
        const line = session.commit(new Response()).headers.getSetCookie().find((line) => line.startsWith("relatch_access="));
        const age = Number(/Max-Age=(\d+)/.exec(line)[1]);
        const life = verdict.expiresIn ?? 60;
        assert.ok(age <= life && age > life - 9, `${age} s of ${life} s`);
      } finally {
        await listener.stop();
      }
    });
  }
});

describe("an answer to a session read", { concurrency: true }, () => {
  for (const row of table.session) {
    it(row.name, async () => {
      const json = { "content-type": "application/json" };
      const { server, listener } = await serverOf(row, ({ url }) =>
        url === "/auth/refresh" ? { headers: json, body: `{"accessToken":"t","expiresIn":60}` } : reply(row),
      );
      try {
        const visitor = new Visitor().set("r", crypto.randomUUID());
        const first = server.open(visitor.request("/"));
        await first.ready();
        visitor.take(first.commit(new Response()));
        const state = await server.open(visitor.request("/"), { readOnly: true }).state();
        assert.equal(listener.requests.filter(({ url }) => url === "/auth/session").length, 1);
        const { verdict } = row;
        if (verdict.is === "read") return assert.deepEqual([state.status, state.freshness], ["authenticated", "fresh"]);
        assert.deepEqual([state.status, state.freshness], ["loading", verdict.code === "Network" ? "offline" : "stale"]);
        if (verdict.is === "refused") assert.equal(state.error.code, "SessionStale");
        else assert.deepEqual(problem(state.error), verdict);
      } finally {
        await listener.stop();
      }
    });
  }
});

describe("an answer to a sign-out", { concurrency: true }, () => {
  for (const row of table.signOut) {
    it(row.name, async () => {
      const { server, listener } = await serverOf(row, () => reply(row));
      try {
        const visitor = new Visitor().set("r", crypto.randomUUID()).set("relatch_access", "1.x");
        visitor.take(await server.handle(visitor.request("/auth/logout", { method: "POST" })));
        // What is not confirmed is marked: no page is rendered for this user any more.
        const mark = visitor.cookie("relatch_access");
        assert.equal(row.verdict.is === "done" ? mark : mark?.split(".")[0], row.verdict.is === "done" ? undefined : "0");
        assert.equal(await server.open(visitor.request("/")).get(), null);
      } finally {
        await listener.stop();
      }
    });
  }
});
