/** What `relatch/next` is made of, as types. */
import type { RequestSession, ServerOptions } from "./server-types.js";
import type { SessionData, SessionState } from "./types.js";

/** Which pages are for signed-in users, and where the others sign in. */
export interface ProxyOptions {
  /**
   * Paths for signed-in users: `/account`, `/orders/:id`, `/account/:path*`, `/files/:path+`; nothing else of the matcher's
   * syntax. Never the sign-in page. Default: none.
   */
  readonly protect?: readonly string[];
  /** Where to sign in, a path of this site. Default `/sign-in`. It gets the path to go back to as `callbackUrl`; see `callbackPath`. */
  readonly signInPage?: string;
}

/** What of a `NextRequest` is used beside the `Request` that it is. */
export type ProxyRequest = Request & { readonly nextUrl?: { readonly pathname: string; readonly basePath?: string } };

export type Proxy = (request: ProxyRequest) => Promise<Response>;

/** What of a context of `getServerSideProps`, or of an API route's arguments, is used. */
export interface PageContext {
  readonly req: { readonly headers: { readonly [name: string]: string | string[] | undefined } };
  readonly res: {
    readonly headersSent: boolean;
    getHeader(name: string): number | string | string[] | undefined;
    setHeader(name: string, value: string | string[]): unknown;
  };
}

/** A backend and the pages that need a user. */
export interface NextOptions extends ServerOptions, ProxyOptions {}

/** The session in a Next application. Holds nothing of any request, so that a module keeps it. */
export interface NextSession {
  /**
   * In Server Components, Route Handlers and Server Actions: the session's data; `null` if nobody is signed in; `undefined`
   * if that cannot be told here. It is what `SessionProvider session={…}` takes. However many components ask, the backend is
   * asked once a request.
   */
  readonly getSession: () => Promise<SessionData | null | undefined>;
  /** The same in full; see {@link RequestSession.state}. */
  readonly getState: () => Promise<SessionState>;
  /** `fetch` as this request's user, in the same places; see {@link RequestSession.fetch}. */
  readonly authFetch: typeof globalThis.fetch;
  /**
   * What `proxy.ts` exports: renews the access token where cookies can be set, hands the new cookies to the page and to the
   * browser, protects pages, and answers the contract's operations (`/auth/refresh` and its like) for the backend.
   */
  readonly proxy: Proxy;
  /** In the Pages Router: the session of a request, in `getServerSideProps`, `getInitialProps` or an API route. */
  readonly pages: (context: PageContext) => RequestSession;
  /**
   * In `getServerSideProps`: `{ session }` to spread into the props, for the `SessionProvider` in `_app.tsx`; `{}` if the
   * browser has to find out.
   */
  readonly pageProps: (context: PageContext) => Promise<{ session?: SessionData | null }>;
}
