/** What `proxy.ts` does: it is the one place of a page's request where cookies can be set. */
import { answer, operationOf } from "./server-gateway.js";
import type { Backend, Expect } from "./server-options.js";
import { callbackPath, compile, isPattern } from "./server-paths.js";
import type { Proxy, ProxyOptions, ProxyRequest } from "./next-types.js";
import type { WebSession } from "./server-types.js";

const PATTERN = 'expected a path such as "/account", "/orders/:id" (one segment), "/account/:path*" (any number, none included) or "/files/:path+"';

/** Notes what would protect nothing, or lead nowhere. */
export function checkPages({ protect = [], signInPage = "/sign-in" }: ProxyOptions, expect: Expect): void {
  const isList = Array.isArray(protect);
  expect(isList, "protect", "expected a list of paths");
  if (isList) protect.forEach((pattern, at) => expect(isPattern(pattern), `protect[${at}]`, `${PATTERN}, got ${JSON.stringify(pattern)}`));
  const page = pathOf(signInPage);
  const isPlain = isPattern(page) && !page.includes(":") && !/^\/[/\\]/.test(page);
  expect(isPlain, "signInPage", `expected a path of this site such as "/sign-in", got ${JSON.stringify(signInPage)}`);
}

export function makeProxy(backend: Backend, open: (request: Request) => WebSession, options: ProxyOptions): Proxy {
  const { protect = [], signInPage = "/sign-in" } = options;
  const isProtected = compile(protect);
  // Nobody could sign in.
  const isSignIn = compile([pathOf(signInPage)]);
  return async (request) => {
    const operation = operationOf(backend, request);
    if (operation) return answer(backend, operation, request, new URL(request.url).origin);
    const session = open(request);
    // What cannot be told is no sign-out: the page is shown, and its session is stale.
    const { status } = await session.ready();
    const pathname = request.nextUrl?.pathname ?? new URL(request.url).pathname;
    if (status === "nobody" && isProtected(pathname) && !isSignIn(pathname)) return session.commit(signIn(request, pathname, signInPage));
    const { NextResponse } = await import("next/server.js");
    return session.commit(NextResponse.next({ request: { headers: session.onward() } }));
  };
}

const pathOf = (url: string): string => String(url).split(/[?#]/)[0]!;

/** To the sign-in page, with the way back. A POST (a Server Action) becomes a GET. */
function signIn(request: ProxyRequest, pathname: string, page: string): Response {
  const { searchParams } = new URL(request.url);
  searchParams.delete("_rsc");
  const query = searchParams.size ? `?${String(searchParams)}` : "";
  const base = request.nextUrl?.basePath ?? "";
  const to = new URL(base + page, request.url);
  to.searchParams.set("callbackUrl", callbackPath(pathname + query));
  const status = ["GET", "HEAD"].includes(request.method) ? 307 : 303;
  return new Response(null, { status, headers: { location: to.href, "cache-control": "private, no-store" } });
}
