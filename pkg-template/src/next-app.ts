/** The App Router's requests: Server Components, Route Handlers and Server Actions. */
import { isRemoval, onePerName, readCookie } from "./server-cookies.js";
import type { Backend } from "./server-options.js";
import { RequestState, type Jar } from "./server-request.js";

/** Next gives every request one object of headers, however many components ask for it. */
const requests = new WeakMap<object, Map<Backend, RequestState>>();

/** The state of the request that is being answered: one, whoever asks. */
export async function currentState(backend: Backend): Promise<RequestState> {
  const next = await import("next/headers.js");
  const [headers, store] = await Promise.all([next.headers(), next.cookies()]);
  const states = requests.get(headers) ?? new Map<Backend, RequestState>();
  requests.set(headers, states);
  const present = states.get(backend);
  if (present) return present;
  const cookie = headers.get("cookie");
  const state = new RequestState(backend, { cookie, origin: originOf(headers) }, jarOf(backend, cookie, store));
  states.set(backend, state);
  return state;
}

interface Store {
  set(name: string, value: string, options: Record<string, unknown>): unknown;
}

/** What Next and others define in the edge runtime. */
declare const EdgeRuntime: unknown;

/**
 * Next does not say whether cookies can be set; it throws where they cannot (Server Components). So, whenever a refresh is
 * wanted, a cookie of relatch's own that a refresh makes worthless is taken back: an action can set cookies, and the page that
 * is rendered after it, in the same request, can not.
 */
function jarOf(backend: Backend, cookie: string | null, store: Store): Jar {
  // Next encodes what it sets. A refresh token that this would change had better stay as it is. And what runs at the edge has
  // another table than `proxy.ts`: a cookie that this has replaced would be presented again.
  const token = readCookie(cookie, backend.refreshCookie) ?? "";
  let canSet = encodeURIComponent(token) === token && typeof EdgeRuntime === "undefined";
  return {
    canSet() {
      if (!canSet) return false;
      try {
        store.set(backend.handoverCookie, "", { path: backend.paths.refresh, maxAge: 0, secure: backend.handoverCookie.startsWith("__") });
      } catch {
        canSet = false;
      }
      return canSet;
    },
    set(lines) {
      for (const cookie of onePerName(lines)) {
        store.set(cookie.name, decode(cookie.value), { ...attributesOf(cookie.attributes), ...(isRemoval(cookie) && { maxAge: 0 }) });
      }
    },
  };
}

/** Next encodes the value again, with the result that it had. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function attributesOf(attributes: ReadonlyMap<string, string>): Record<string, unknown> {
  const options: Record<string, unknown> = {
    httpOnly: attributes.has("httponly"),
    secure: attributes.has("secure"),
    partitioned: attributes.has("partitioned"),
  };
  for (const [name, option] of [["path", "path"], ["domain", "domain"], ["samesite", "sameSite"]] as const) {
    const value = attributes.get(name);
    if (value) options[option] = option === "sameSite" ? value.toLowerCase() : value;
  }
  if (attributes.has("max-age")) options["maxAge"] = Number(attributes.get("max-age"));
  if (attributes.has("expires")) options["expires"] = new Date(attributes.get("expires")!);
  return options;
}

/** Next itself tells how it was reached, by the headers of a proxy. */
function originOf(headers: Headers): string {
  const host = headers.get("x-forwarded-host") ?? headers.get("host") ?? "localhost";
  const scheme = headers.get("x-forwarded-proto")?.split(",")[0]?.trim() ?? "http";
  return `${scheme}://${host.split(",")[0]!.trim()}`;
}
