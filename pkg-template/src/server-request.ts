/** The session of one request. Nothing of it outlives the request but what {@link fly} shares among its likes. */
import { Call } from "./call.js";
import type { FlatContract, Sign } from "./contract.js";
import { RelatchError } from "./errors.js";
import type { SessionData, SessionState } from "./types.js";
import { unlessAborted } from "./server-abort.js";
import { accessCookie, accessOf, digest, isStored, markCookie, openAccess, sealAccess, type Access } from "./server-access.js";
import { applySetCookies, readCookie } from "./server-cookies.js";
import { arrived, fly, successorOf, type Flight, type Renewal } from "./server-flights.js";
import type { Backend } from "./server-options.js";
import { requestMs, send } from "./server-transport.js";
import { judgeRefresh, judgeSession, shows } from "./server-verdict.js";

/** Where the cookies of an answer go. */
export interface Jar {
  /** Whether cookies can be set. If not, nothing is refreshed: the new refresh cookie would be lost. */
  canSet(): boolean;
  set(lines: readonly string[]): void;
}

/** What of a request matters. */
export interface Head {
  readonly cookie: string | null;
  /** The site's origin, as the request knows it. */
  readonly origin: string;
  /** Whether the cookies are as the browser has sent them, and not such as a proxy hands on. */
  readonly isBrowsers?: boolean;
}

const ALWAYS = { error: null, refreshing: false } as const;

export class RequestState {
  readonly backend: Backend;
  readonly #origin: string;
  readonly #isBrowsers: boolean;
  readonly #jar: Jar;
  #cookie: string;
  #refreshToken: string | undefined;
  #owner = "";
  #access: Access | undefined;
  #ended: "expired" | "signedOut" | undefined;
  #user: object | undefined;
  #problem: RelatchError | undefined;
  #opening: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  #reading: Promise<SessionState> | undefined;
  #flight: Flight | undefined;
  #isBorrowed = false;

  constructor(backend: Backend, head: Head, jar: Jar) {
    this.backend = backend;
    this.#cookie = head.cookie ?? "";
    this.#origin = backend.origin ?? head.origin;
    this.#isBrowsers = head.isBrowsers === true;
    this.#jar = jar;
  }

  /** The `Cookie` header as the browser would send it now. */
  get cookie(): string {
    return this.#cookie;
  }

  get origin(): string {
    return this.#origin;
  }

  /** The digest of the refresh cookie; empty if there is none. Known after {@link ready}. */
  get owner(): string {
    return this.#owner;
  }

  /** The access token that this request came with or has had since, whether it can be used or not. */
  get held(): string | undefined {
    return this.#access?.token;
  }

  /** The access token, if it can be used. */
  get access(): Access | undefined {
    return this.#access && this.#access.end > Date.now() ? this.#access : undefined;
  }

  /** What kept the token from being renewed. */
  get problem(): RelatchError | undefined {
    return this.#problem;
  }

  /** Whether it is certain that nobody is signed in. Known after {@link ready}. */
  get isNobody(): boolean {
    return !this.#refreshToken || this.#ended !== undefined;
  }

  /** Reads the cookies, and changes nothing. */
  open(): Promise<void> {
    return (this.#opening ??= this.#open());
  }

  /** Sees to it that there is a usable token, if that is possible here. */
  async ready(): Promise<void> {
    await this.open();
    const isDue = !this.#access || this.#access.due <= Date.now();
    if (isDue && !this.#problem) await this.renew(this.#access?.token);
  }

  /** Replaces this token, unless that has been done or cannot be done here. Returns the renewal, to the one who has started it. */
  async renew(spent: string | undefined): Promise<Renewal | undefined> {
    if (this.isNobody || !this.#jar.canSet()) return undefined;
    await this.#renewing;
    if (this.isNobody || (this.#access && this.#access.token !== spent)) return undefined;
    let renewal: Renewal | undefined;
    this.#renewing ??= this.#fly()
      .then((done) => void (renewal = done))
      .finally(() => (this.#renewing = undefined));
    await this.#renewing;
    return renewal;
  }

  /**
   * What an answer that goes out now has to set of `lines`, which this request has set: nothing, if somebody has signed out
   * or in meanwhile; and the newest cookies too, if others have replaced these.
   */
  outgoing(lines: readonly string[]): readonly string[] {
    if (!this.#flight) return lines;
    if (this.#flight.isEnded) return [];
    const newer = successorOf(this.#owner);
    return newer ? [...lines, ...linesOf(this.backend, newer)] : lines;
  }

  state(): Promise<SessionState> {
    return (this.#reading ??= this.#read());
  }

  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const [target, given] = whole(typeof input === "string" ? new URL(input, this.backend.base).href : input, init);
    const bare = new Call(target, given);
    if (bare.hasAuthorization || !isApi(this.backend, bare.url)) return bare.sendBare();
    const call = new Call(target, this.#asPage(target, given));
    await unlessAborted(call.signal, () => this.ready());
    for (let sends = 1; ; sends++) {
      const { access } = this;
      if (!access && this.isNobody) return call.sendBare();
      if (!access) throw this.#problem ?? sessionStale();
      const response = await call.send({ authorization: `Bearer ${access.token}` });
      const isRefused = await isExpired(this.backend.contract, response);
      // A token that another request has fetched may be as old as the first; then there is one more try.
      if (!isRefused || call.isOnce || sends > (this.#isBorrowed ? 2 : 1) || !this.#jar.canSet()) return response;
      await unlessAborted(call.signal, () => this.renew(access.token));
      if (this.isNobody) return response;
      // It may have broken off meanwhile.
      response.body?.cancel().catch(() => {});
      if (this.#access?.token === access.token) throw this.#problem ?? sessionStale();
    }
  }

  /** As a page of the site would send it: with the site's `Origin` if it changes something, and uncached unless asked for. */
  #asPage(input: RequestInfo | URL, init: RequestInit | undefined): RequestInit {
    const own = typeof input === "object" && "headers" in input ? input : undefined;
    const isCached = init && ("cache" in init || "next" in init);
    const page: RequestInit = isCached ? { ...init } : { ...init, cache: "no-store" };
    if (/^(GET|HEAD)$/i.test(init?.method ?? own?.method ?? "GET")) return page;
    const headers = new Headers(init?.headers ?? own?.headers);
    if (!headers.has("origin")) headers.set("origin", this.#origin);
    return { ...page, headers };
  }

  /** `line`: the cookies that this has gone through already. */
  async #fly(line = new Set<string>()): Promise<Renewal | undefined> {
    const { backend } = this;
    line.add(this.#owner);
    const spans = { graceMs: backend.graceMs, requestMs: requestMs(backend, "refresh") };
    const flying = fly(this.#owner, spans, () => refresh(backend, this.#cookie, this.#origin));
    const landed = await within(backend.contract["timeoutMs"] as number, flying);
    if (!landed) {
      this.#problem = new RelatchError("Timeout", { temporary: true });
      return undefined;
    }
    const { renewal, isOwn, flight } = landed;
    this.#isBorrowed = !isOwn;
    this.#flight ??= flight;
    const { verdict, setCookies } = renewal;
    if (verdict.is === "unknown") {
      this.#problem = verdict.error;
      await this.#follow(renewal);
      // Others may have gone on with the new cookie, or the pause is over.
      return line.has(this.#owner) ? renewal : this.#fly(line);
    }
    this.#problem = undefined;
    this.#reading = undefined;
    if (verdict.is === "dead") {
      const gone = markCookie(backend.accessCookie, "", 0, "/", this.#origin);
      this.#take([...setCookies, gone]);
      this.#ended = "expired";
      this.#access = undefined;
      return renewal;
    }
    this.#take(setCookies, accessLine(backend, renewal));
    await this.#adopt(this.#cookie);
    this.#access = accessOf(backend, verdict.grant, renewal.sentAt);
    this.#user = verdict.grant.user;
    // What others have fetched a while ago may have run out; its cookie is the one to go on with.
    return isOwn || this.access ? renewal : this.#fly(line);
  }

  /** Takes the cookies of an answer that could not be judged: the backend may have rotated. What token there is stays good. */
  async #follow({ setCookies, successor }: Renewal): Promise<void> {
    if (!setCookies.length) return;
    const { backend, access } = this;
    const kept = access && successor ? accessCookie(backend, sealAccess(access, successor), (access.end - Date.now()) / 1000, setCookies) : undefined;
    this.#take(setCookies, kept);
    await this.#adopt(this.#cookie);
    this.#access = access;
  }

  /** `own`: the access token's line. What goes on to the page has it, whether or not a browser would store it. */
  #take(lines: readonly string[], own?: string): void {
    this.#cookie = applySetCookies(this.#cookie, own === undefined ? lines : [...lines, own]);
    this.#jar.set(own !== undefined && isStored(own) ? [...lines, own] : lines);
  }

  async #open(): Promise<void> {
    await this.#adopt(this.#cookie);
    if (this.#isBrowsers) arrived(this.#owner);
  }

  async #adopt(cookie: string): Promise<void> {
    const { backend } = this;
    this.#refreshToken = readCookie(cookie, backend.refreshCookie);
    this.#owner = this.#refreshToken ? await digest(backend, this.#refreshToken) : "";
    const found = this.#refreshToken ? openAccess(readCookie(cookie, backend.accessCookie), this.#owner) : undefined;
    this.#access = found === "signedOut" ? undefined : found;
    this.#ended = found === "signedOut" ? "signedOut" : undefined;
  }

  async #read(): Promise<SessionState> {
    await this.ready();
    for (let reads = 1; ; reads++) {
      if (this.isNobody) return { ...ALWAYS, status: "unauthenticated", data: null, reason: this.#ended ?? null, freshness: "fresh" };
      if (this.#user) return this.#known(this.#user, "fresh");
      if (this.backend.contract["session.path"] === undefined) return this.#unknown(this.#problem);
      const token = this.access?.token;
      const { outcome } = await send(this.backend, "session", { cookie: this.#cookie, bearer: token, origin: this.#origin });
      const verdict = judgeSession(this.backend.contract, outcome);
      if (verdict.is === "read") {
        this.#user = verdict.user;
        return this.#known(verdict.user, token ? "fresh" : "stale");
      }
      if (verdict.is === "unknown") return this.#unknown(this.#problem ?? verdict.error);
      if (!token || reads > 2) return this.#unknown(this.#problem);
      await this.renew(token);
      if (this.#access?.token === token) return this.#unknown(this.#problem);
    }
  }

  #known(user: object, freshness: "fresh" | "stale"): SessionState {
    const { access } = this;
    const exposed = access && this.backend.exposesAccessToken ? { accessToken: access.token } : {};
    const data = { user, ...exposed } as SessionData;
    return { status: "authenticated", data, reason: null, freshness: this.#problem ? "stale" : freshness, error: this.#problem ?? null, refreshing: false };
  }

  #unknown(error: RelatchError | undefined): SessionState {
    const freshness = error?.code === "Network" ? "offline" : "stale";
    const known = error ?? sessionStale();
    return { status: "loading", data: null, reason: null, freshness, error: known, refreshing: false };
  }
}

/** What a renewal sets: the backend's cookies, and the access token's. */
function linesOf(backend: Backend, renewal: Renewal): readonly string[] {
  const own = accessLine(backend, renewal);
  return own !== undefined && isStored(own) ? [...renewal.setCookies, own] : renewal.setCookies;
}

function accessLine(backend: Backend, { verdict, setCookies, sentAt, successor }: Renewal): string | undefined {
  if (verdict.is !== "renewed") return undefined;
  const access = accessOf(backend, verdict.grant, sentAt);
  return accessCookie(backend, sealAccess(access, successor ?? ""), (access.end - Date.now()) / 1000, setCookies);
}

/** Sends the refresh itself, for all who wait for it. */
async function refresh(backend: Backend, cookie: string, origin: string): Promise<Renewal> {
  const { outcome, setCookies, sentAt } = await send(backend, "refresh", { cookie, origin });
  const verdict = judgeRefresh(backend.contract, outcome);
  const answer = typeof outcome === "string" ? undefined : outcome;
  const left = readCookie(applySetCookies(cookie, setCookies), backend.refreshCookie);
  const isUnknown = verdict.is === "unknown";
  // What cannot be judged signs nobody out, so it takes no cookie away.
  if (isUnknown && left === undefined) return { verdict, answer, setCookies: [], sentAt, successor: undefined };
  const isSame = isUnknown && left === readCookie(cookie, backend.refreshCookie);
  const successor = verdict.is === "dead" || left === undefined || isSame ? undefined : await digest(backend, left);
  return { verdict, answer, setCookies, sentAt, successor };
}

/**
 * What a call is made with, in a form to which more can be added: a `Request` given as `init` has no members of its own. A body
 * that the platform makes a stream of (an async generator, Node's `Readable`) is one from here on, which cannot be sent twice.
 */
function whole(input: RequestInfo | URL, init: RequestInit | undefined): [input: RequestInfo | URL, init: RequestInit | undefined] {
  if (!init) return [input, undefined];
  const prototype: unknown = Object.getPrototypeOf(init);
  if (prototype !== Object.prototype && prototype !== null) {
    const request = new Request(input, init);
    return [request, request.cache === "default" ? undefined : { cache: request.cache }];
  }
  const { body } = init;
  const isIterated = typeof body === "object" && body !== null && Symbol.asyncIterator in body && !(body instanceof ReadableStream);
  return [input, isIterated ? { ...init, body: new Response(body).body } : init];
}

/** Whether an API's answer asks for a new token. Its body is read only where the contract asks about it. */
async function isExpired(contract: FlatContract, response: Response): Promise<boolean> {
  // As `asks_for_token` in the core: no new token cures these.
  if (/insufficient_scope|use_dpop_nonce/.test(response.headers.get("www-authenticate") ?? "")) return false;
  const signs = contract["api.expired"] as Sign[];
  const mayBe = signs.filter(([status]) => status === response.status);
  const asks = mayBe.length > 0 && mayBe.every(([, fact]) => fact !== undefined);
  const json: unknown = asks ? await response.clone().json().catch(() => undefined) : undefined;
  return shows(contract, "api.expired", { status: response.status, json });
}

/** Exact origins only, and never the contract's own operations: no token belongs there but relatch's own. */
function isApi(backend: Backend, url: string): boolean {
  const { origin, pathname } = new URL(url);
  const own = ["refresh", "session", "signIn", "exchange", "signOut"].map((operation) => backend.contract[`${operation}.path`]);
  return backend.origins.includes(origin) && !own.includes(origin + pathname);
}

/** What a promise comes to, or nothing if that takes longer, in milliseconds. The promise itself goes on. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A session whose token cannot be renewed here. */
const sessionStale = (): RelatchError =>
  new RelatchError("SessionStale", {
    temporary: true,
    message:
      "The access token has to be renewed, and no cookie can be set here. Let the proxy helper run before this page, or leave the call to the browser.",
  });
