/** Puts together what one of the SDK's own requests sends. Decides nothing. */
import type { FlatContract } from "./contract.js";

type Fields = Readonly<Record<string, unknown>>;

/** A body, if there is one, and headers. */
export type Composed = readonly [body: string | undefined, headers: readonly (readonly [name: string, value: string])[]];

/** Fields and headers of an operation, with those that the contract adds. */
export function compose(contract: FlatContract, group: string, given: Fields | undefined, more: Fields, headers: Record<string, string>): Composed {
  const extra = contract[`${group}.extra`] as Fields | null;
  const hasBody = (given || extra || Object.keys(more).length > 0) && contract[`${group}.method`] !== "GET";
  const all: Record<string, string> = { accept: "application/json", ...headers };
  if (!hasBody) return [undefined, Object.entries({ ...all, ...(contract[`${group}.headers`] as object) })];
  const fields = { ...extra, ...given, ...more };
  const isForm = contract[`${group}.encoding`] === "form";
  all["content-type"] = isForm ? "application/x-www-form-urlencoded" : "application/json";
  const body = isForm ? new URLSearchParams(fields as Record<string, string>).toString() : JSON.stringify(fields);
  return [body, Object.entries({ ...all, ...(contract[`${group}.headers`] as object) })];
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
 * The proof that a request comes from the site's own page, as it is now.
 *
 * @throws `{ status }` of the answer in which it should have been; 0 if it was not in there.
 */
export async function csrfToken(contract: FlatContract): Promise<string | undefined> {
  const [cookie, path, at] = [contract["csrf.cookie"], contract["csrf.path"], contract["csrf.at"] as string[] | null];
  const present = cookie ? readableCookie(cookie) : undefined;
  if (present !== undefined || !path) return present;
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
