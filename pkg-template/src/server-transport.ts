/** Sends relatch's own requests to the backend. Judges nothing. */
import { compose } from "./compose.js";
import { keepCookies } from "./server-cookies.js";
import type { Backend, Operation } from "./server-options.js";
import { readAnswer, type Outcome } from "./server-verdict.js";

/** What goes along. */
export interface Sent {
  /** The request's `Cookie` header; the backend's own cookies are picked from it. */
  readonly cookie: string;
  readonly bearer?: string | undefined;
  readonly origin: string;
  readonly body?: string | undefined;
  /** Further headers of the browser's. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Received {
  readonly outcome: Outcome;
  readonly setCookies: readonly string[];
  /** The header of that name. */
  readonly clearSiteData: string | null;
  /** When it was sent, in milliseconds since the epoch. */
  readonly sentAt: number;
}

/** A refresh that was sent is not given up: the backend may have rotated, and the new cookie must reach the browser. */
const LAST_MS = 60_000;

/** After what time a request is given up, in milliseconds. */
export function requestMs({ contract }: Backend, operation: Operation): number {
  const timeoutMs = contract["timeoutMs"] as number;
  return operation === "refresh" ? Math.max(LAST_MS, timeoutMs) : timeoutMs;
}

export async function send(backend: Backend, operation: Operation, sent: Sent): Promise<Received> {
  const { contract } = backend;
  const [body, own] = compose(contract, operation, undefined, {}, {});
  const headers = new Headers();
  // One by one: those of one name in other letters would be sent as one with both values.
  for (const [name, value] of [...own, ...Object.entries({ ...sent.headers, origin: sent.origin })]) headers.set(name, value);
  const cookie = keepCookies(sent.cookie, backend.ownCookies);
  if (cookie) headers.set("cookie", cookie);
  if (sent.bearer !== undefined) headers.set("authorization", `Bearer ${sent.bearer}`);
  const sentAt = Date.now();
  try {
    const response = await fetch(contract[`${operation}.path`] as string, {
      method: contract[`${operation}.method`] as string,
      headers,
      body: sent.body ?? body ?? null,
      // As in the browser: never cached, and a login page at the end of a redirect is no answer.
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(requestMs(backend, operation)),
    });
    const outcome = await readAnswer(response, String(contract["retryAfterHeader"]));
    return { outcome, setCookies: response.headers.getSetCookie(), clearSiteData: response.headers.get("clear-site-data"), sentAt };
  } catch (error) {
    const isTimeout = (error as Error | undefined)?.name === "TimeoutError";
    return { outcome: isTimeout ? "timeout" : "network", setCookies: [], clearSiteData: null, sentAt };
  }
}
