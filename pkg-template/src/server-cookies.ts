/** Cookies as text: what a request carries, and what an answer sets. */

/** A `Set-Cookie` line, taken apart (RFC 6265 section 5.2). Names of attributes are in lower case. */
export interface SetCookie {
  readonly name: string;
  /** As it stands, not decoded. */
  readonly value: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** The value of the first cookie of this name, as it stands. Empty ones do not count. */
export function readCookie(header: string | null | undefined, name: string): string | undefined {
  for (const [found, value] of pairs(header)) if (found === name && value) return value;
  return undefined;
}

/** The header with these cookies in it only. */
export const keepCookies = (header: string | null | undefined, names: readonly string[]): string =>
  write(pairs(header).filter(([name]) => names.includes(name)));

/**
 * The header as the browser would send it after it has taken `lines` in. A cookie is told by its name, domain and path (RFC 6265
 * section 5.3): one that another of these lines has set elsewhere is not taken away. Of those in the header nobody knows where
 * they are, so what replaces or takes away one of the name is for them.
 */
export function applySetCookies(header: string | null | undefined, lines: readonly string[]): string {
  let cookies: (readonly [name: string, value: string, place?: string])[] = pairs(header);
  for (const line of lines) {
    const set = parseSetCookie(line);
    if (!set) continue;
    const place = placeOf(set);
    const isTaken = isRemoval(set);
    cookies = cookies.filter(([name, , at]) => name !== set.name || (isTaken && at !== undefined && at !== place));
    if (!isTaken) cookies.push([set.name, set.value, place]);
  }
  return write(cookies);
}

/**
 * What is left of `lines` where one line a name can be kept, as in Next: the removal of a cookie that another of them sets
 * elsewhere would be kept instead of that.
 */
export function onePerName(lines: readonly string[]): readonly SetCookie[] {
  const last = new Map<string, SetCookie>();
  for (const line of lines) {
    const set = parseSetCookie(line);
    if (!set) continue;
    const key = `${set.name};${placeOf(set)}`;
    last.delete(key);
    last.set(key, set);
  }
  const left = [...last.values()];
  return left.filter((set) => !isRemoval(set) || !left.some((other) => other.name === set.name && !isRemoval(other)));
}

const placeOf = ({ attributes }: SetCookie): string =>
  `${(attributes.get("domain") ?? "").replace(/^\./, "").toLowerCase()};${attributes.get("path") ?? ""}`;

export function parseSetCookie(line: string): SetCookie | undefined {
  const [pair = "", ...rest] = line.split(";");
  const at = pair.indexOf("=");
  const name = pair.slice(0, at).trim();
  if (at < 1 || !name) return undefined;
  const attributes = new Map<string, string>();
  for (const part of rest) {
    const [key = "", ...value] = part.split("=");
    attributes.set(key.trim().toLowerCase(), value.join("=").trim());
  }
  return { name, value: pair.slice(at + 1).trim(), attributes };
}

/** Whether it takes the cookie away. */
export function isRemoval({ value, attributes }: SetCookie): boolean {
  const age = attributes.get("max-age");
  if (age !== undefined) return Number(age) <= 0;
  return value === "" || Date.parse(attributes.get("expires") ?? "") <= Date.now();
}

function pairs(header: string | null | undefined): [name: string, value: string][] {
  const found: [string, string][] = [];
  for (const part of (header ?? "").split(";")) {
    const at = part.indexOf("=");
    if (at > 0) found.push([part.slice(0, at).trim(), part.slice(at + 1).trim()]);
  }
  return found;
}

const write = (cookies: readonly (readonly [name: string, value: string, place?: string])[]): string => cookies.map(([name, value]) => `${name}=${value}`).join("; ");
