// A proxy that stands between the browser and the example server and does what networks, gateways and captive portals do.
//
// The page is opened at the proxy's address, so that all of it is one origin; start the server with `--origin` of that
// address. Each request has a connection of its own: on one that was used before, browsers send a request whose answer
// was lost a second time by themselves.
import { createServer, request as ask } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Starts a proxy; `to(url)` says where its server is. Several servers take turns, on each path by itself.
 *
 * `fault(path, …)` strikes the next `times` requests on a path, all of them by default, and several on one path queue up:
 *
 * - `reset: "before" | "after"`: the connection breaks, before or after the server has done its work;
 * - `status`, `headers`, `body`: this answer instead, without asking the server, or `{ when: "after" }` it has done its
 *   work, whose cookie is kept; without `status`, `headers` are added to the server's answer;
 * - `delayMs`, `hold: gate()`: the answer comes late, or when the gate is opened; `{ when: "after" }` the server has done
 *   its work;
 * - `dripMs`: the body comes byte by byte;
 * - `truncate`: half of the body comes, then the connection breaks;
 * - `strip: [names]`, `withhold: [names]`: headers taken from the answer, or from the request;
 * - `cors`: lets pages of any origin in, as if they were of the server's own.
 */
export async function startProxy({ keepAlive = false } = {}) {
  let targets = [];
  const turns = new Map();
  const log = [];
  const faults = new Map();

  const take = (path) => {
    const queue = faults.get(path) ?? [];
    const fault = queue[0];
    if (fault && --fault.times <= 0) queue.shift();
    return fault ?? {};
  };

  const handle = async (request, response) => {
    const path = request.url.split("?")[0];
    const fault = take(path);
    const entry = { method: request.method, path, headers: request.headers, cookie: request.headers.cookie, at: performance.now(), reached: false, answered: null };
    log.push(entry);
    const late = async () => {
      if (fault.delayMs) await sleep(fault.delayMs);
      if (fault.hold) await fault.hold.pass();
    };
    const body = await read(request);
    const isAfter = fault.when === "after" || fault.reset === "after";
    const isOwn = fault.status !== undefined && !isAfter;
    const isPreflight = fault.cors && request.method === "OPTIONS";
    if (!isAfter) await late();
    if (fault.reset === "before") return request.socket.resetAndDestroy();
    let answer = { status: fault.status ?? 204, headers: {}, body: Buffer.from(fault.body ?? "") };
    if (!isOwn && !isPreflight) {
      entry.reached = true;
      const turn = turns.get(path) ?? 0;
      turns.set(path, turn + 1);
      const target = targets[turn % targets.length];
      const forwarded = { ...request.headers, connection: "close" };
      for (const name of fault.withhold ?? []) delete forwarded[name];
      if (fault.cors) forwarded.origin = new URL(target).origin;
      const real = await forward(new URL(request.url, target), request.method, forwarded, body);
      if (fault.status === undefined) answer = real;
      else if (real.headers["set-cookie"]) answer.headers["set-cookie"] = real.headers["set-cookie"];
    }
    if (isAfter) await late();
    if (fault.reset === "after") return request.socket.resetAndDestroy();
    for (const name of fault.strip ?? []) delete answer.headers[name];
    const { "transfer-encoding": _, connection: __, ...headers } = answer.headers;
    if (!keepAlive) headers.connection = "close";
    if (![204, 304].includes(answer.status)) headers["content-length"] = answer.body.length;
    Object.assign(headers, fault.headers, fault.cors && allowing(request.headers));
    response.writeHead(answer.status, headers);
    if (fault.truncate) {
      // The half is on its way before the connection breaks.
      response.write(answer.body.subarray(0, answer.body.length / 2), () => setTimeout(() => request.socket.destroy(), 50));
      return;
    }
    if (fault.dripMs) {
      for (const byte of answer.body) {
        response.write(Buffer.of(byte));
        await sleep(fault.dripMs);
        if (response.destroyed) return;
      }
    }
    response.end(fault.dripMs ? undefined : answer.body);
    entry.answered = answer.status;
    entry.answeredAt = performance.now();
  };

  const listener = (request, response) => handle(request, response).catch(() => request.socket.destroy());
  const servers = await listenOnLoopback(listener);
  const { port } = servers[0].address();
  return {
    url: `http://localhost:${port}`,
    port,
    log,
    to: (...urls) => (targets = urls),
    fault(path, { times = Infinity, ...fault }) {
      if (!faults.has(path)) faults.set(path, []);
      faults.get(path).push({ times, ...fault });
    },
    /** Ends the faults of a path, or all. */
    heal: (path) => (path === undefined ? faults.clear() : faults.delete(path)),
    /** Ends all faults and forgets what was asked. */
    reset() {
      faults.clear();
      log.length = 0;
    },
    /** The requests on a path so far, without preflights. */
    asked: (path) => log.filter((entry) => entry.path === path && entry.method !== "OPTIONS"),
    stop: () => Promise.all(servers.map((server) => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))))),
  };
}

/** A gate for `hold`: `reached` resolves when a request waits at it, `open` lets all of them through. */
export function gate() {
  let open, arrive;
  const opened = new Promise((resolve) => (open = resolve));
  const reached = new Promise((resolve) => (arrive = resolve));
  return { reached, open, pass: () => (arrive(), opened) };
}

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function forward(url, method, headers, body) {
  return new Promise((resolve, reject) => {
    const out = ask(url, { method, headers, agent: false }, async (answer) => {
      try {
        resolve({ status: answer.statusCode, headers: { ...answer.headers }, body: await read(answer) });
      } catch (error) {
        reject(error);
      }
    });
    out.on("error", reject);
    out.end(body);
  });
}

/** Fetch standard, "HTTP extensions" of the CORS protocol. */
function allowing(headers) {
  return {
    "access-control-allow-origin": headers.origin ?? "*",
    "access-control-allow-credentials": "true",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-allow-methods": "GET, POST",
  };
}

/** Browsers may take `localhost` for either loopback address. */
async function listenOnLoopback(listener) {
  const listen = (port, host) =>
    new Promise((resolve, reject) => {
      const server = createServer(listener).once("error", reject);
      server.listen(port, host, () => resolve(server));
    });
  for (;;) {
    const v4 = await listen(0, "127.0.0.1");
    try {
      return [v4, await listen(v4.address().port, "::1")];
    } catch (error) {
      // This machine has no IPv6; otherwise another program would answer for `localhost`.
      if (error.code !== "EADDRINUSE") return [v4];
      v4.close();
    }
  }
}
