/** Puts together what one of the SDK's own requests sends. Decides nothing. */
import type { FlatContract } from "./contract.js";

/** The core gives up first, and says why. */
const AFTER_TIMEOUT_MS = 50;

type Fields = Readonly<Record<string, unknown>>;

/** A body, if there is one, and headers. */
export type Composed = readonly [body: string | undefined, headers: readonly (readonly [name: string, value: string])[]];

/** Fields and headers of an operation, with those that the contract adds. */
export function compose(contract: FlatContract, group: string, given: Fields | undefined, more: Fields, headers: Record<string, string>): Composed {
  const extra = contract[`${group}.extra`] as Fields | null;
  const hasBody = (given || extra || Object.keys(more).length > 0) && contract[`${group}.method`] !== "GET";
  const isForm = contract[`${group}.encoding`] === "form";
  const all = new Headers({ accept: "application/json", ...headers });
  if (hasBody) all.set("content-type", isForm ? "application/x-www-form-urlencoded" : "application/json");
  for (const [name, value] of Object.entries((contract[`${group}.headers`] ?? {}) as Record<string, string>)) all.set(name, value);
  const fields = { ...extra, ...given, ...more };
  const body = isForm ? new URLSearchParams(fields as Record<string, string>).toString() : JSON.stringify(fields);
  return [hasBody ? body : undefined, [...all]];
}

/** What gives an operation up for good: it begins when the core's own time does, before there is anything to send. */
export const limitOf = (contract: FlatContract, group: string): AbortSignal | null =>
  /^(refresh|signOut)$/.test(group) ? null : AbortSignal.timeout((contract["timeoutMs"] as number) + AFTER_TIMEOUT_MS);

/**
 * The request of an operation, and what `fetch` is to be told besides: Firefox loses `keepalive` on the way from one `Request`
 * to another.
 *
 * Never cached and never redirected: a login page at the end of a redirect would read as a 200 (Fetch standard: redirect
 * mode). A refresh and a sign-out are sent with `keepalive`, so that their cookies reach the jar even if the page goes. The others
 * are given up for good when they take too long: a late cookie would come over that of whoever has signed in since. (Chromium
 * gives up nothing that was sent with `keepalive`.)
 */
export function prepare(
  contract: FlatContract,
  group: string,
  [body, headers]: Composed,
  signal: AbortSignal | null,
): readonly [Request, RequestInit] {
  const init = {
    method: contract[`${group}.method`] as string,
    body: body ?? null,
    headers: headers as [string, string][],
    credentials: "include",
    cache: "no-store",
    redirect: "manual",
  } as const;
  const request = new Request(contract[`${group}.path`] as string, init);
  return [request, { keepalive: !signal, signal }];
}

/** The value of a cookie that scripts can read. There is no `document` in a worker. */
export function readableCookie(name: unknown): string | undefined {
  const cookies = (globalThis.document?.cookie ?? "").split("; ");
  const found = cookies.find((cookie) => cookie.startsWith(`${String(name)}=`));
  const value = found?.slice(String(name).length + 1);
  try {
    return value && decodeURIComponent(value);
  } catch {
    return value;
  }
}

/**
 * The proof that a request comes from the site's own page, as it is now; a new one where the one at hand was refused and the
 * contract says where to ask for it.
 *
 * @throws `{ status }` of the answer in which it should have been; 0 if it was not in there.
 */
export async function csrfToken(contract: FlatContract, isRefused: boolean): Promise<string | undefined> {
  const [cookie, path, at] = [contract["csrf.cookie"], contract["csrf.path"], contract["csrf.at"] as string[] | null];
  const present = cookie ? readableCookie(cookie) : undefined;
  if (!path || (present !== undefined && !isRefused)) return present;
  const response = await fetch(path as string, {
    credentials: "include",
    cache: "no-store",
    redirect: "manual",
    headers: { accept: "application/json" },
  });
  // Without it the request would be refused, or worse, answered as if it had been done.
  if (!response.ok) throw { status: response.status };
  let found: unknown = at ? await response.json().catch(() => null) : readableCookie(cookie);
  for (const key of at ?? []) found = (found as Fields | null | undefined)?.[key];
  if (typeof found !== "string") throw { status: 0 };
  return found;
}
