/** What `relatch/server` is made of, as types. */
import type { Contract } from "./contract.js";
import type { SessionData, SessionState } from "./types.js";

/** A backend as the server sees it. */
export interface ServerOptions {
  /** The same contract as the browser's. */
  readonly contract: Contract;
  /**
   * Where the server reaches what the browser knows as the contract's `baseUrl`: `http://backend:4460/auth`. Default: the
   * contract's own, if that is absolute.
   */
  readonly baseUrl?: string;
  /** The name of the backend's refresh cookie. Its `Path` must cover the pages. */
  readonly refreshCookie: string;
  /** Names of further cookies that the backend's auth endpoints need. No other cookie is forwarded. Default: none. */
  readonly forwardCookies?: readonly string[];
  /**
   * The site's own origin, as a browser knows it; sent to the backend as `Origin`. Default: the origin of the request's
   * URL, which behind a proxy that ends TLS may be an inner one.
   */
  readonly origin?: string;
  /** The name of the cookie in which the access token waits for the next request. Default `relatch_access`. */
  readonly accessCookie?: string;
  /**
   * How long a refresh also answers requests that still come with the cookie it has replaced, in milliseconds from when the
   * browser has come with the new one, and five minutes in all. 0: not at all. At most 60000; default 30000.
   */
  readonly graceMs?: number;
  /**
   * Puts the access token on the session's data as `accessToken`, for code that sets `Authorization` by hand. Where a page hands
   * the data to `SessionProvider`, the token stands in its HTML. Default `false`.
   */
  readonly exposeAccessToken?: boolean;
}

/** The session of one request. Make one for each, and keep it no longer. */
export interface RequestSession {
  /**
   * The session's data; `null` if nobody is signed in; `undefined` if that cannot be told here, because the backend could
   * not be asked or the token would have to be renewed where no cookie can be set. Asks the backend at most once.
   *
   * It is what `SessionProvider session={…}` takes: with `undefined` the browser finds out for itself.
   */
  get(): Promise<SessionData | null | undefined>;
  /**
   * The same in full. `status: "loading"` is the `undefined` of {@link get}: `freshness` is `stale` or `offline`, and `error`
   * says why. Never rejects for want of a backend.
   */
  state(): Promise<SessionState>;
  /**
   * `fetch`, as the user of this request. Paths are resolved against the backend's origin. The access token goes to the
   * origin of `baseUrl` and to the contract's `api.origins`, to no other; a 401 is renewed and sent once more where cookies
   * can be set, unless the body is a stream, which is sent once. What is no GET or HEAD goes out with the site's `Origin`, as
   * from a page. Nothing is cached, unless `init` says so by `cache` or `next`.
   *
   * @throws RelatchError `SessionStale` if there is a session and no token, and none can be had here; what kept the token
   * from being renewed (`TryLater`, `Network`, …).
   */
  readonly fetch: typeof globalThis.fetch;
  /** Renews the access token now, where cookies can be set. */
  refresh(): Promise<SessionState>;
}

/** The session of a request that is answered with a `Response`. */
export interface WebSession extends RequestSession {
  /**
   * Renews the access token if it is due, and says who is there as far as cookies and that renewal tell: `nobody`, a `user`,
   * or `unknown` if there is a session that could not be renewed. The backend is not asked for the user, so a forged cookie
   * passes here; what a user may see, the backend's answers decide.
   */
  ready(): Promise<{ readonly status: "nobody" | "user" | "unknown" }>;
  /** Headers for the request as it goes on, to a page or another handler: it carries the cookies as they are now. */
  onward(headers?: Headers): Headers;
  /**
   * Puts the cookies on the answer and, where there is a user, `Cache-Control: private, no-store`. Call it last: it knows who
   * has signed out or in meanwhile, and of the newest cookie.
   */
  commit(response: Response): Response;
}

/** A backend, from a server's point of view. Holds nothing of any request, so that a module may keep it. */
export interface Server {
  /**
   * The session of a request. `readOnly`: no cookie can be set on the answer, so nothing is refreshed, and a session whose
   * token has run out is `stale`.
   */
  open(request: Request, options?: { readonly readOnly?: boolean }): WebSession;
  /**
   * Answers a request for one of the contract's own operations (`POST /auth/refresh` and its like) in the backend's name;
   * `undefined` for any other request. So browser and server refresh in one place, and no cookie is presented twice.
   */
  handle(request: Request): Promise<Response | undefined>;
}
