// A browser as a server sees one: it sends its cookies and takes those of an answer in.
import { once } from "node:events";
import { createServer as createHttp } from "node:http";

/** The site that the tests are on; the backend is told of it by `--origin`. */
export const SITE = "https://app.example";

export class Visitor {
  #cookies = new Map();

  /** The value of a cookie. */
  cookie = (name) => this.#cookies.get(name)?.value;

  /** A copy that has the same cookies now and goes its own way. */
  twin() {
    const twin = new Visitor();
    for (const [name, cookie] of this.#cookies) twin.#cookies.set(name, cookie);
    return twin;
  }

  set(name, value, path = "/") {
    this.#cookies.set(name, { value, path });
    return this;
  }

  forget(name) {
    this.#cookies.delete(name);
    return this;
  }

  /** A request for a page, or whatever `init` makes of it. */
  request(path, { headers, ...init } = {}) {
    const cookie = [...this.#cookies].filter(([, { path: at }]) => path.startsWith(at)).map(([name, { value }]) => `${name}=${value}`);
    const own = { "sec-fetch-dest": init.method ? "empty" : "document", "sec-fetch-site": "same-origin", ...headers };
    return new Request(SITE + path, { ...init, headers: { ...(cookie.length && { cookie: cookie.join("; ") }), ...own } });
  }

  take(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split("; ");
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      if (attributes.includes("Max-Age=0")) this.#cookies.delete(name);
      else this.set(name, value, attributes.find((attribute) => attribute.startsWith("Path="))?.slice(5) ?? "/");
    }
    return response;
  }

  /** Signs in at the backend itself. */
  async signIn(backend, user) {
    const headers = { "content-type": "application/json", origin: SITE };
    const response = await fetch(`${backend.url}/auth/login`, { method: "POST", headers, body: JSON.stringify(user) });
    if (!response.ok) throw new Error(`sign-in answered ${response.status}`);
    this.take(response);
    return this;
  }
}

/**
 * A server that answers as the test says and keeps what it was asked. `answer` may return nothing: then it hangs. What it says
 * `isCut` of breaks off in the middle.
 */
export async function listen(answer) {
  const requests = [];
  const http = createHttp((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", async () => {
      const seen = { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() };
      requests.push(seen);
      const reply = await answer(seen);
      if (reply === "reset") return request.socket.destroy();
      if (reply?.isCut) response.writeHead(reply.status ?? 200, { ...reply.headers, "content-length": 1000 }).write(reply.body, () => request.socket.destroy());
      else if (reply) response.writeHead(reply.status ?? 200, reply.headers ?? {}).end(reply.body);
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const stop = () => new Promise((resolve) => (http.closeAllConnections(), http.close(resolve)));
  return { url: `http://127.0.0.1:${http.address().port}`, requests, stop };
}
