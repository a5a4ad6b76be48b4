// What the benches do within a page, the same for every peer.

const BODY = "x".repeat(100_000);
const HEADERS = { accept: "application/json", "x-one": "1", "x-two": "2" };

/** The forms in which a call can be given to `fetch`. Each gives the arguments anew, as an application would. */
const FORMS = {
  object: () => ["/api/me", { headers: { ...HEADERS } }],
  array: () => ["/api/me", { headers: Object.entries(HEADERS) }],
  headers: () => ["/api/me", { headers: new Headers(HEADERS) }],
  request: () => [new Request("/api/me", { headers: HEADERS })],
  post: () => ["/api/notes", { method: "POST", body: BODY, headers: { "content-type": "text/plain" } }],
};

/** A call that has not ended after so long never will, in milliseconds. */
const PATIENCE = 30_000;

let serial = 0;

/** Opens the peer of this page. As `?start`, it does at once what a page does that was opened by somebody signed in. */
export function start(peer) {
  const client = peer.open();

  /** The status that a call ends with; 0 if it ends with none. The body is read, as an application does. */
  const status = async (call) => {
    try {
      const response = await call();
      if (response.body && !response.bodyUsed) await response.arrayBuffer();
      return response.status;
    } catch (error) {
      return error?.response?.status ?? error?.status ?? 0;
    }
  };
  const call = () => status(() => client.call(`/api/me?${(serial += 1)}-${performance.timeOrigin}`, {}));

  globalThis.bench = {
    signIn: (user) => client.signIn(user),
    restore: () => client.restore?.(),
    call,

    /** So many calls at once; the times are those of the machine, so that the pages of a browser can be compared. */
    async storm(count) {
      const began = steadyNow();
      if (peer.about.isFloor) await client.renew();
      const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, 0));
      const statuses = await Promise.all(Array.from({ length: count }, () => Promise.race([call(), late])));
      const ended = steadyNow();
      const failed = statuses.filter((status) => status !== 200).length;
      return { failed, began: performance.timeOrigin + began, ended: performance.timeOrigin + ended };
    },

    /** Microseconds per call with a stubbed `fetch`, or nothing if the peer does not take the form. */
    async cost(form, count) {
      if (peer.about.refuses?.includes(form)) return null;
      const args = FORMS[form];
      const calls = Array.from({ length: count }, args);
      stubFetch(count * 2);
      const settled = new Array(count);
      const began = steadyNow();
      for (let n = 0; n < count; n += 1) settled[n] = client.call(calls[n][0], calls[n][1]);
      await Promise.all(settled);
      const spent = steadyNow() - began;
      stubFetch();
      return (spent / count) * 1000;
    },

    /** So many calls with a stubbed `fetch`, a few at a time, of which nothing is kept. */
    async drain(count) {
      for (let done = 0; done < count; done += 100) {
        stubFetch(200);
        await Promise.all(Array.from({ length: 100 }, () => client.call("/api/me", { headers: { ...HEADERS } })));
      }
      stubFetch();
    },

    moduleBytes: () => globalThis.modules.reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
  };

  if (new URLSearchParams(location.search).has("start")) {
    globalThis.started = (async () => {
      await client.restore?.();
      const status = await call();
      const ms = steadyNow();
      return { status, ms, began: performance.timeOrigin, ended: performance.timeOrigin + ms };
    })();
  }
}
