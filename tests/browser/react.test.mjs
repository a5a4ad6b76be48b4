// relatch/react, from the packed package, in a page with React's development build.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { buildLab } from "../packaging/react/build.mjs";
import { engine, openPage, OTHER, packageFolder, startBrowser, startListener, startSite, USER } from "./stage.mjs";

/** The major version of React under test: 18 or 19. */
const react = process.env.RELATCH_REACT ?? "19";

const OTHER_USER = { id: "2", email: "second@example.com" };

describe(`relatch/react with React ${react} in ${engine}`, { concurrency: false }, () => {
  let browser, server, lab, elsewhere;
  const elsewhereAnswers = () => ({ headers: { "content-type": "application/json" }, body: JSON.stringify({ accessToken: "x", expiresIn: 600, user: OTHER_USER }) });

  before(async () => {
    lab = await buildLab(packageFolder, react);
    elsewhere = await startListener(elsewhereAnswers);
    const policy = `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:; connect-src 'self' ${elsewhere.url}`;
    server = await startSite(lab.folder, "--csp", policy);
    browser = await startBrowser();
    const page = await visit();
    const version = await page.evaluate(() => React.version);
    assert.ok(version.startsWith(`${react}.`), `the page has React ${version}`);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([server?.stop(), elsewhere?.stop()]);
    lab?.remove();
  });
  beforeEach(() => server.reset());
  afterEach(async () => {
    for (const context of browser.browserContexts()) if (context !== browser.defaultBrowserContext()) await context.close();
  });

  /** The requests to the auth endpoints since the counters were set to nought. */
  const asked = async () => {
    const { refresh, session, login } = await server.counters();
    return { refresh: refresh.requests, session, login };
  };
  const NOTHING = { refresh: 0, session: 0, login: 0 };

  const visit = (context) => openPage(browser, server.url, context);

  /** A page whose client, `session`, has signed in. */
  const signedIn = async () => {
    const page = await visit();
    await page.evaluate((user) => (globalThis.session = open()).signIn(user), USER);
    await server.reset();
    return page;
  };

  /** A page of a user who signed in on an earlier one: the cookie is all there is. */
  const returning = async (path = "/") => {
    const page = await signedIn();
    await page.goto(server.url + path);
    await server.reset();
    return page;
  };

  /** The data that the server has for the user. */
  const dataOf = async (page) => {
    const data = await page.evaluate(() => session.getState().data);
    assert.equal(data.user.email, USER.email);
    return data;
  };

  it("makes one session request for 1,000 mounted useSession, and renders each once per change that it reads", async () => {
    const page = await returning();
    const seen = await page.evaluate(async () => {
      const session = open();
      const one = counter((it) => it.status);
      mount(h(SessionProvider, { client: session }, Array.from({ length: 1000 }, (_, key) => h(one.Component, { key }))));
      await until(() => one.last === "authenticated");
      await settle(session);
      return [one.renders, one.last];
    });
    assert.deepEqual(seen, [2000, "authenticated"]);
    assert.deepEqual(await asked(), { ...NOTHING, refresh: 1 });
  });

  it("makes no request for a mount once the session is known, nor for a focus", async () => {
    const page = await signedIn();
    const other = await visit(page.browserContext());
    const renders = await page.evaluate(async () => {
      const one = counter((it) => it.status);
      const tree = mount(h(SessionProvider, { client: session }, Array.from({ length: 1000 }, (_, key) => h(one.Component, { key }))));
      tree.unmount();
      mount(h(SessionProvider, { client: session }, h(one.Component)));
      return one.renders;
    });
    assert.equal(renders, 1001);
    await other.bringToFront();
    await page.bringToFront();
    await page.evaluate(async () => {
      for (const [target, type] of [[window, "focus"], [document, "visibilitychange"], [window, "online"]]) target.dispatchEvent(new Event(type));
      await settle(session);
    });
    assert.deepEqual(await asked(), NOTHING);
  });

  it("makes no request for what StrictMode and Suspense mount again", async () => {
    const page = await signedIn();
    const [strict, suspended] = await page.evaluate(async () => {
      const { StrictMode, Suspense } = React;
      const one = counter((it) => it.data.user.email);
      mount(h(StrictMode, null, h(SessionProvider, { client: session }, h(one.Component))));
      await settle(session);
      // A neighbour suspends after the first paint, and later is there again.
      const again = counter((it) => it.data.user.email);
      let [wake, wait, text] = [];
      const Neighbour = () => {
        if (wait) throw wait;
        return text;
      };
      const tree = () => h(SessionProvider, { client: session }, h(Suspense, { fallback: "wait" }, h(again.Component), h(Neighbour)));
      const { container, show } = mount(tree());
      wait = new Promise((resolve) => (wake = resolve));
      show(tree());
      await until(() => container.textContent === "wait");
      [wait, text] = [undefined, "there"];
      wake();
      await until(() => container.textContent === "there");
      await settle(session);
      return [one.last, again.last];
    });
    assert.deepEqual([strict, suspended], [USER.email, USER.email]);
    assert.deepEqual(await asked(), NOTHING);
  });

  it("renders for a refresh only what reads `refreshing`", async () => {
    const page = await signedIn();
    const renders = await page.evaluate(async () => {
      const readers = {
        status: counter((it) => it.status),
        data: counter(({ data, status, error, reason, freshness, update }) => [data, status, error, reason, freshness, update]),
        refreshing: counter(({ refreshing }) => refreshing),
        everything: counter((it) => ({ ...it })),
      };
      mount(h(SessionProvider, { client: session }, ...Object.values(readers).map((one) => h(one.Component))));
      await session.refresh();
      await until(() => readers.refreshing.renders === 3);
      await settle(session);
      return Object.entries(readers).map(([name, one]) => [name, one.renders]);
    });
    assert.deepEqual(renders, [["status", 1], ["data", 1], ["refreshing", 3], ["everything", 3]]);
    assert.deepEqual(await asked(), { ...NOTHING, refresh: 1 });
  });

  it("gives a field its present value when it is first read in a later render", async () => {
    const page = await signedIn();
    await server.fault({ path: "/auth/refresh", times: 1, delayMs: 1000, when: "before" });
    const seen = await page.evaluate(async () => {
      const values = [];
      const Late = ({ isLate }) => {
        const it = useSession();
        values.push(isLate ? it.refreshing : it.status);
        return null;
      };
      const tree = (isLate) => h(SessionProvider, { client: session }, h(Late, { isLate }));
      const { show } = mount(tree(false));
      const refreshed = session.refresh();
      await until(() => session.getState().refreshing);
      show(tree(true));
      await refreshed;
      await until(() => values.length > 2);
      return values;
    });
    assert.deepEqual(seen, ["authenticated", true, false]);
  });

  it("shows a field as it is to a component that is handed the object, and is the first to read it", async () => {
    const page = await signedIn();
    await server.fault({ path: "/auth/refresh", times: 2, delayMs: 1000, when: "before" });
    const seen = await page.evaluate(async () => {
      const Given = React.createContext(undefined);
      const Handing = ({ children }) => h(Given.Provider, { value: useSession() }, children);
      const Reader = () => {
        const { status, refreshing } = React.useContext(Given);
        return `${status} ${refreshing}`;
      };
      let setReads;
      const Later = () => {
        const [reads, set] = React.useState(false);
        setReads = set;
        return reads && h(Reader);
      };
      const late = open();
      const { container } = mount(h(SessionProvider, { client: late }, h(Handing, null, h(Later))));
      await until(() => late.getState().status === "authenticated");
      const refreshed = late.refresh();
      await until(() => late.getState().refreshing);
      setReads(true);
      await until(() => container.textContent === "authenticated true");
      await refreshed;
      await until(() => container.textContent === "authenticated false");
      return [container.textContent, warnings];
    });
    assert.deepEqual(seen, ["authenticated false", []]);
  });

  it("gives a handler what a field is now, though nothing has read it while rendering", async () => {
    const page = await signedIn();
    const emails = await page.evaluate(async (other) => {
      let held;
      const one = counter((it) => ((held = it), it.status));
      mount(h(SessionProvider, { client: session }, h(one.Component)));
      await session.signIn(other);
      await settle(session);
      return [held.data.user.email, session.getState().data.user.email];
    }, OTHER);
    assert.deepEqual(emails, [OTHER.email, OTHER.email]);
  });

  it("gives the same object for as long as nothing has changed that is read", async () => {
    const page = await signedIn();
    const [same, fetchSame, changed] = await page.evaluate(async () => {
      const objects = [];
      const One = () => {
        const it = useSession();
        objects.push([it, useAuthFetch(), it.status]);
        return null;
      };
      const { show } = mount(h(SessionProvider, { client: session }, h(One)));
      show(h(SessionProvider, { client: session }, h(One)));
      await session.signOut();
      await until(() => objects.length === 3);
      const [first, second, third] = objects;
      return [first[0] === second[0], first[1] === second[1] && second[1] === third[1], third[2]];
    });
    assert.deepEqual([same, fetchSame, changed], [true, true, "unauthenticated"]);
  });

  for (const known of ["somebody", "nobody"]) {
    it(`takes over a page of ${known} without a warning, and never shows "loading"`, async () => {
      const first = await signedIn();
      const data = known === "somebody" ? await dataOf(first) : null;
      lab.write("server.html", { session: data });
      const context = known === "somebody" ? first.browserContext() : undefined;
      if (known === "somebody") await first.close();
      await server.reset();
      const page = await openPage(browser, `${server.url}/server.html`, context);
      const texts = await takeOver(page, { session: data }, known === "somebody" ? "authenticated" : "unauthenticated");
      assert.deepEqual(texts, known === "somebody" ? [`Hello, ${USER.email}`] : ["unauthenticated"]);
      const { statuses, ...complaints } = await page.evaluate(() => ({ statuses: shown, recoverable, warnings }));
      assert.deepEqual(complaints, { recoverable: [], warnings: [] });
      // The data that the client finds is the server's: it is not rendered again.
      assert.deepEqual(statuses, [known === "somebody" ? "authenticated" : "unauthenticated"]);
      assert.deepEqual(await asked(), { ...NOTHING, refresh: 1 });
      // What the server said is not said again once the client has spoken.
      await page.evaluate(() => client.signOut().then(() => until(() => shown.at(-1) === "unauthenticated")));
      assert.deepEqual(await page.evaluate(() => violations), []);
    });
  }

  it("takes over a page whose server knew nothing without a warning", async () => {
    const first = await signedIn();
    lab.write("server.html", {});
    const page = await openPage(browser, `${server.url}/server.html`, first.browserContext());
    const texts = await takeOver(page, {}, "authenticated");
    assert.deepEqual(texts, ["loading", `Hello, ${USER.email}`]);
    assert.deepEqual(await page.evaluate(() => [recoverable, warnings]), [[], []]);
  });

  it("renews when the server, rendering anew, knows of another sign-in than the page", async () => {
    const page = await returning();
    const seen = await page.evaluate(async (user) => {
      const session = open();
      const one = counter((it) => it.status);
      const tree = (given) => h(SessionProvider, { client: session, session: given }, h(one.Component));
      const helper = open();
      await helper.signOut();
      const { show } = mount(tree(null));
      await until(() => session.getState().status === "unauthenticated");
      // A server's action signs in, by the cookie alone.
      const body = JSON.stringify(user);
      const answer = await fetch("/auth/login", { method: "POST", headers: { "content-type": "application/json" }, body });
      show(tree({ user: (await answer.json()).user }));
      await until(() => one.last === "authenticated");
      return session.getState().data.user.email;
    }, USER);
    assert.equal(seen, USER.email);
  });

  it("renews when the server, rendering anew, knows of the user who has signed out in the page", async () => {
    const page = await signedIn();
    const data = await dataOf(page);
    const seen = await page.evaluate(async (user, data) => {
      const one = counter((it) => it.status);
      // Next gives a new object each time.
      const tree = () => h(SessionProvider, { client: session, session: structuredClone(data) }, h(one.Component));
      const { show } = mount(tree());
      await session.signOut();
      await until(() => one.last === "unauthenticated");
      // A server's action signs in, by the cookie alone.
      await fetch("/auth/login", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(user) });
      show(tree());
      await until(() => one.last === "authenticated");
      return session.getState().data;
    }, USER, data);
    assert.deepEqual(seen, data);
    assert.equal((await asked()).refresh, 1);
  });

  it("renews when a provider is mounted whose server knows of a user who has signed out in the page", async () => {
    const page = await signedIn();
    const data = await dataOf(page);
    const last = await page.evaluate(async (user, data) => {
      const one = counter((it) => it.status);
      await session.signOut();
      await fetch("/auth/login", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(user) });
      // As by a link to a page with a provider of its own.
      mount(h(React.StrictMode, null, h(SessionProvider, { client: session, session: data }, h(one.Component))));
      await until(() => one.last === "authenticated");
      await settle(session);
      return one.last;
    }, USER, data);
    assert.equal(last, "authenticated");
    assert.equal((await asked()).refresh, 1);
  });

  it("believes a late word of the server about a user who has signed out no more than once", async () => {
    const page = await signedIn();
    const data = await dataOf(page);
    await server.fault({ path: "/auth/logout", times: 1, delayMs: 500, when: "before" });
    const seen = await page.evaluate(async (data) => {
      const one = counter((it) => `${it.status} ${it.reason}`);
      const tree = () => h(SessionProvider, { client: session, session: structuredClone(data) }, h(one.Component));
      const { show } = mount(tree());
      const signedOut = session.signOut();
      await until(() => one.last === "unauthenticated signedOut");
      for (let at = 0; at < 3; at++) show(tree());
      await signedOut;
      for (let at = 0; at < 3; at++) show(tree());
      await settle(session);
      return one.last;
    }, data);
    assert.equal(seen, "unauthenticated signedOut");
    const { refresh } = await asked();
    assert.ok(refresh <= 1, `${refresh} refreshes`);
  });

  it("renews when another tab gives the data of another user than the server has rendered the page for", async () => {
    const first = await signedIn();
    const page = await visit(first.browserContext());
    const seen = await page.evaluate(async (other) => {
      // Somebody signs in beside relatch, as by a redirect to a provider: the first tab knows nothing of it.
      const answer = await fetch("/auth/login", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(other) });
      const { user } = await answer.json();
      const session = open();
      const one = counter((it) => it.data?.user.email);
      mount(h(SessionProvider, { client: session, session: { user } }, h(one.Component)));
      await until(() => session.getState().data?.user.email === user.email);
      return [session.getState().data.user.email, (await session.get()).user.email];
    }, OTHER);
    assert.deepEqual(seen, [OTHER.email, OTHER.email]);
    assert.equal((await asked()).refresh, 1);
  });

  it("renews when another tab gives the data of somebody, and the server has rendered the page for nobody", async () => {
    const first = await signedIn();
    const page = await visit(first.browserContext());
    const seen = await page.evaluate(async () => {
      // Signed out beside relatch, as by a link to the server: the first tab knows nothing of it.
      await fetch("/auth/logout", { method: "POST" });
      const session = open();
      const one = counter((it) => it.status);
      mount(h(SessionProvider, { client: session, session: null }, h(one.Component)));
      await until(() => session.getState().reason === "expired" || session.getState().status === "unauthenticated", "the end");
      await settle(session);
      return [session.getState().status, one.last];
    });
    assert.deepEqual(seen, ["unauthenticated", "unauthenticated"]);
  });

  it("keeps two providers with two clients apart", async () => {
    const page = await signedIn();
    const seen = await page.evaluate(async (url) => {
      const second = open(url);
      const [one, two, inner] = [1, 2, 3].map(() => counter((it) => it.data?.user.email));
      mount(h(SessionProvider, { client: session }, h(one.Component), h(SessionProvider, { client: second }, h(inner.Component))));
      mount(h(SessionProvider, { client: second }, h(two.Component)));
      await until(() => two.last && inner.last);
      await second.signOut();
      await until(() => !two.last && !inner.last);
      await settle(session);
      return [one.last, one.renders];
    }, elsewhere.url);
    assert.deepEqual(seen, [USER.email, 1]);
    assert.ok(elsewhere.requests.some((request) => request.url === "/refresh"));
  });

  it("takes another client when it is given one", async () => {
    const page = await signedIn();
    const seen = await page.evaluate(async (url) => {
      const one = counter((it) => it.data?.user.email);
      const tree = (client) => h(SessionProvider, { client }, h(one.Component));
      const { show } = mount(tree(session));
      const before = one.last;
      show(tree(open(url)));
      await until(() => one.last && one.last !== before);
      return [before, one.last];
    }, elsewhere.url);
    assert.deepEqual(seen, [USER.email, OTHER_USER.email]);
  });

  it("uses the session of configure() where no client is given, and says what is missing without either", async () => {
    const page = await visit();
    const result = await page.evaluate(async (user) => {
      const failure = (element) => {
        let caught;
        class Boundary extends React.Component {
          static getDerivedStateFromError = (error) => ((caught = error), { isOver: true });
          state = { isOver: false };
          render = () => (this.state.isOver ? null : this.props.children);
        }
        mount(h(Boundary, null, element), { onCaughtError() {} });
        return caught;
      };
      const one = counter((it) => it.data?.user.email);
      const unconfigured = failure(h(SessionProvider, null, h(one.Component))).code;
      const outside = failure(h(one.Component)).message;
      relatch.configure({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }) });
      mount(h(SessionProvider, null, h(one.Component)));
      await relatch.signIn(user);
      await until(() => one.last);
      return [unconfigured, outside, one.last];
    }, USER);
    assert.equal(result[0], "NotConfigured");
    assert.match(result[1], /<SessionProvider>/);
    assert.equal(result[2], USER.email);
  });

  it("follows configure() to another session", async () => {
    const page = await visit();
    const emails = await page.evaluate(async (user, other) => {
      const configure = () => relatch.configure({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }) });
      const one = counter((it) => it.data?.user.email);
      configure();
      mount(h(SessionProvider, null, h(one.Component)));
      await relatch.signIn(user);
      await until(() => one.last);
      const first = one.last;
      configure();
      await relatch.signIn(other);
      await until(() => one.last === other.email);
      return [first, one.last];
    }, USER, OTHER);
    assert.deepEqual(emails, [USER.email, OTHER.email]);
  });

  it("reads the data anew by update(), and renders once what reads it", async () => {
    const page = await signedIn();
    const { user } = await dataOf(page);
    const renamed = JSON.stringify({ user: { ...user, name: "Renamed" } });
    await server.fault({ path: "/auth/session", times: 2, status: 200, body: renamed, headers: { "content-type": "application/json" }, when: "before" });
    const seen = await page.evaluate(async () => {
      let update;
      const one = counter((it) => ((update = it.update), it.data.user.name));
      const idle = counter((it) => it.status);
      mount(h(SessionProvider, { client: session }, h(one.Component), h(idle.Component)));
      const data = await update();
      await until(() => one.last === "Renamed");
      await update();
      await settle(session);
      return [data.user.name, one.renders, idle.renders];
    });
    assert.deepEqual(seen, ["Renamed", 2, 1]);
    assert.deepEqual(await asked(), { ...NOTHING, session: 2 });
  });

  it("shows what mapSession has made of the data, if it is no JSON", async () => {
    const page = await visit();
    const seen = await page.evaluate(async (user) => {
      const session = relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }), mapSession: (user) => ({ user, since: 1n }) });
      const [one, two] = [1, 2].map(() => counter((it) => it.data && `${it.data.user.email} ${it.data.since}`));
      mount(h(SessionProvider, { client: session }, h(one.Component)));
      const data = await session.signIn(user);
      await until(() => one.last);
      mount(h(SessionProvider, { client: session, session: { ...data } }, h(two.Component)));
      return [one.last, two.last];
    }, USER);
    assert.deepEqual(seen, Array(2).fill(`${USER.email} 1`));
  });

  it("calls onUnauthenticated once each time, and shows `loading` meanwhile", async () => {
    const page = await visit();
    const seen = await page.evaluate(async (user) => {
      const session = open();
      let calls = 0;
      const one = counter(({ status, data }) => `${status} ${data?.user.email}`, { required: true, onUnauthenticated: () => calls++ });
      const Shows = ({ of }) => useSession().status + of;
      const { container, show } = mount(h(React.StrictMode, null, h(SessionProvider, { client: session }, h(one.Component), h(Shows, { of: "" }))));
      await until(() => calls > 0);
      const first = [calls, one.last];
      show(h(React.StrictMode, null, h(SessionProvider, { client: session }, h(one.Component), h(Shows, { of: "!" }))));
      await session.signIn(user);
      await until(() => container.textContent === "authenticated!");
      const second = [calls, one.last];
      await session.signOut();
      await until(() => container.textContent === "unauthenticated!" && calls > 1);
      // Mounted when it is known already, twice as StrictMode does it.
      let late = 0;
      const again = counter((it) => it.status, { required: true, onUnauthenticated: () => late++ });
      mount(h(React.StrictMode, null, h(SessionProvider, { client: session }, h(again.Component))));
      await until(() => late > 0);
      return [first, second, [calls, one.last], late];
    }, USER);
    assert.deepEqual(seen, [[1, "loading undefined"], [1, `authenticated ${USER.email}`], [2, "loading undefined"], 1]);
  });

  for (const known of [true, false]) {
    it(`calls no onUnauthenticated on the server's word alone, where the client ${known ? "knows" : "finds"} somebody`, async () => {
      const page = await (known ? signedIn() : returning());
      const [calls, last] = await page.evaluate(async () => {
        globalThis.session ??= open();
        let calls = 0;
        const one = counter(({ status }) => status, { required: true, onUnauthenticated: () => calls++ });
        hydrateRoot(document.createElement("div"), h(SessionProvider, { client: session, session: null }, h(one.Component)));
        await until(() => one.last === "authenticated");
        return [calls, one.last];
      });
      assert.deepEqual([calls, last], [0, "authenticated"]);
    });
  }

  it("calls onUnauthenticated of a component that comes to be for signed-in users only", async () => {
    const page = await visit();
    const calls = await page.evaluate(async () => {
      const session = open();
      let calls = 0;
      const Page = ({ required }) => void useSession({ required, onUnauthenticated: () => calls++ }) ?? null;
      const tree = (required) => h(SessionProvider, { client: session }, h(Page, { required }));
      const { show } = mount(tree(false));
      show(tree(true));
      await until(() => session.getState().status === "unauthenticated");
      await until(() => calls > 0, "a call");
      return calls;
    });
    assert.equal(calls, 1);
  });

  it("calls onUnauthenticated again when the component is hidden and shown again", { skip: react === "18" && "no Activity" }, async () => {
    const page = await visit();
    const calls = await page.evaluate(async () => {
      const session = open();
      const calls = [];
      const one = counter((it) => it.status, { required: true, onUnauthenticated: () => calls.push(mode) });
      let mode = "visible";
      const tree = (next) => h(React.StrictMode, null, h(SessionProvider, { client: session }, h(React.Activity, { mode: (mode = next) }, h(one.Component))));
      const { show } = mount(tree("visible"));
      await until(() => calls.length > 0);
      show(tree("hidden"));
      await settle(session);
      show(tree("visible"));
      await settle(session);
      show(tree("visible"));
      await settle(session);
      return calls;
    });
    assert.deepEqual(calls, ["visible", "visible"]);
  });

  it("is up to date when it is shown again, and hears nothing meanwhile", { skip: react === "18" && "no Activity" }, async () => {
    const page = await signedIn();
    const seen = await page.evaluate(async () => {
      const Shows = () => useSession().status;
      const tree = (mode) => h(React.StrictMode, null, h(SessionProvider, { client: session }, h(React.Activity, { mode }, [1, 2, 3].map((key) => h(Shows, { key })))));
      const { container, show } = mount(tree("visible"));
      const texts = [container.textContent];
      show(tree("hidden"));
      await session.signOut();
      await settle(session);
      show(tree("visible"));
      await settle(session);
      return [...texts, container.textContent];
    });
    assert.deepEqual(seen, ["authenticated".repeat(3), "unauthenticated".repeat(3)]);
  });

  for (const place of ["inside", "outside"]) {
    it(`suspends until the session is known, without a storm, the boundary ${place} the provider`, async () => {
      const page = await returning();
      const seen = await page.evaluate(async (place) => {
        const session = open();
        const { StrictMode, Suspense } = React;
        const statuses = [];
        const User = () => {
          const { status, data } = useSession({ suspense: true });
          statuses.push(status);
          return data?.user.email ?? status;
        };
        const users = Array.from({ length: 50 }, (_, key) => h(User, { key }));
        const fallback = "fallback";
        const provider = (children) => h(SessionProvider, { client: session }, children);
        const boundary = (children) => h(Suspense, { fallback }, children);
        const { container } = mount(h(StrictMode, null, place === "inside" ? provider(boundary(users)) : boundary(provider(users))));
        const first = container.textContent;
        await until(() => container.textContent !== fallback && container.textContent.startsWith("demo"));
        await settle(session);
        return [first, container.textContent.length, [...new Set(statuses)]];
      }, place);
      assert.deepEqual(seen, ["fallback", 50 * USER.email.length, ["authenticated"]]);
      assert.deepEqual(await asked(), { ...NOTHING, refresh: 1 });
    });
  }

  it("throws to the error boundary what keeps the session from being known, and is there again afterwards", async () => {
    const page = await returning();
    await server.fault({ path: "/auth/refresh", times: 1, status: 503, when: "before" });
    const seen = await page.evaluate(async () => {
      const session = open();
      const User = () => useSession({ suspense: true }).data?.user.email;
      const silent = { onCaughtError() {} };
      const { container } = mount(h(SessionProvider, { client: session }, h(Boundary, null, h(React.Suspense, { fallback: "fallback" }, h(User)))), silent);
      await until(() => container.textContent.startsWith("failed"));
      const failed = container.textContent;
      await until(() => session.refresh().then(Boolean, () => false), "a refresh");
      retry();
      await until(() => container.textContent.startsWith("demo"));
      return failed;
    });
    assert.equal(seen, "failed: TryLater");
  });

  it("starts a module that could not start when the error boundary is rendered again", async () => {
    const page = await returning();
    const failed = await page.evaluate(async () => {
      const { instantiate } = WebAssembly;
      WebAssembly.instantiate = () => Promise.reject(new Error("not today"));
      const User = () => useSession({ suspense: true }).data?.user.email;
      const tree = h(Boundary, null, h(React.Suspense, { fallback: "fallback" }, h(User)));
      const { container } = mount(h(SessionProvider, { client: open() }, tree), { onCaughtError() {} });
      await until(() => container.textContent.startsWith("failed"));
      const failed = container.textContent;
      WebAssembly.instantiate = instantiate;
      await until(() => (container.textContent.startsWith("failed") && retry(), container.textContent.startsWith("demo")), "the user");
      return failed;
    });
    assert.equal(failed, "failed: ModuleUnavailable");
  });

  it("reads anew at an interval and when shown, if asked to, only while online, and stops with the provider", async () => {
    const page = await signedIn();
    await page.bringToFront();
    const mounted = (options) =>
      page.evaluate(async (options) => {
        globalThis.tree?.unmount();
        const one = counter((it) => it.status);
        globalThis.tree = mount(h(SessionProvider, { client: session, ...options }, h(one.Component)));
        document.dispatchEvent(new Event("visibilitychange"));
        await settle(session);
        return one.renders;
      }, options);
    const setOnline = (isOnline) => page.evaluate((isOnline) => Object.defineProperty(navigator, "onLine", { value: isOnline, configurable: true }), isOnline);

    assert.equal(await mounted({ refetchOnWindowFocus: true }), 1);
    assert.deepEqual(await asked(), { ...NOTHING, session: 1 });
    await setOnline(false);
    await mounted({ refetchOnWindowFocus: true });
    assert.deepEqual(await asked(), { ...NOTHING, session: 1 });
    await mounted({ refetchOnWindowFocus: true, refetchWhenOffline: true });
    assert.deepEqual(await asked(), { ...NOTHING, session: 2 });
    await setOnline(true);

    await mounted({ refetchInterval: 0.05 });
    for (let at = 0; (await asked()).session < 5; at++) assert.ok(at < 2000, "it is read at an interval");
    await mounted({ refetchInterval: 1e9 });
    await page.evaluate(() => settle(session));
    const before = (await asked()).session;
    await page.evaluate(() => settle(session));
    assert.equal((await asked()).session, before, "a provider that is gone reads nothing, and a long interval is none at once");
  });

  /** Hydrates the server's HTML. Returns each text that the page has shown. */
  const takeOver = (page, props, end) =>
    page.evaluate(
      async (props, end) => {
        const root = document.querySelector("#root");
        const text = () => root.textContent;
        const texts = [text()];
        new MutationObserver(() => texts.push(text())).observe(root, { childList: true, subtree: true, characterData: true });
        globalThis.recoverable = [];
        const client = (globalThis.client = open());
        hydrateRoot(root, h(View, { client, ...props }), {
          onRecoverableError: (error) => recoverable.push(String(error)),
        });
        await until(() => client.getState().status === end && shown.at(-1) === end);
        await settle(client);
        return texts;
      },
      props,
      end,
    );
});
