/** The cookie in which an access token waits, `httpOnly`, for the next request of the same browser. */
import type { Grant } from "./server-verdict.js";
import { isRemoval, parseSetCookie } from "./server-cookies.js";
import type { Backend } from "./server-options.js";

/** An access token as a server holds it during one request. */
export interface Access {
  readonly token: string;
  /** From here on a request that can set cookies renews it, in milliseconds since the epoch. */
  readonly due: number;
  /** From here on it is not used. */
  readonly end: number;
}

/** A lifetime that neither the backend nor the token tells is taken for this, in seconds. */
const ASSUMED_LIFE = 60;
const LONGEST_LIFE = 365 * 24 * 3600;
/** What every browser stores: 4096 bytes with name and attributes (RFC 6265 section 6.1). */
const LONGEST_COOKIE = 3900;

/** Tells refresh cookies apart without telling them: a SHA-256 digest, base64url. */
export async function digest(backend: Backend, refreshToken: string): Promise<string> {
  const bytes = new TextEncoder().encode(`${String(backend.contract["refresh.path"])}\n${refreshToken}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return btoa(String.fromCharCode(...hash)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** A token's life, counted from when its request was sent. */
export function accessOf(backend: Backend, grant: Grant, sentAt: number): Access {
  const { expiresIn = ASSUMED_LIFE } = grant;
  const life = 1000 * Math.min(expiresIn > 0 ? expiresIn : ASSUMED_LIFE, LONGEST_LIFE);
  const lead = Math.min(backend.contract["leadMs"] as number, life / 10);
  return { token: grant.token, due: Math.floor(sentAt + life - lead), end: Math.floor(sentAt + life) };
}

/**
 * The cookie's value. It belongs to one refresh cookie, by the beginning of its digest: when that changes other than by a
 * refresh (another user signs in, somebody signs out), the access token beside it is nobody's.
 */
export const sealAccess = ({ token, due, end }: Access, owner: string): string =>
  ["1", due.toString(36), end.toString(36), bindingOf(owner), encodeURIComponent(token)].join(".");

/** Says that this refresh cookie was signed out, though the backend has not confirmed it yet. */
export const sealSignedOut = (owner: string): string => `0.${bindingOf(owner)}`;

/** Reads the cookie. What belongs to another refresh cookie, or has no such form, is nothing. */
export function openAccess(value: string | undefined, owner: string): Access | "signedOut" | undefined {
  const parts = (value ?? "").split(".");
  if (parts[0] === "0" && parts[1] === bindingOf(owner)) return "signedOut";
  if (parts[0] !== "1" || parts[3] !== bindingOf(owner)) return undefined;
  const [due, end] = [Number.parseInt(parts[1]!, 36), Number.parseInt(parts[2]!, 36)];
  if (!(end > Date.now())) return undefined;
  try {
    return { token: decodeURIComponent(parts.slice(4).join(".")), due, end };
  } catch {
    return undefined;
  }
}

/** What of a digest stands in a cookie: enough to tell, too little to find the table's entry by. */
export const bindingOf = (owner: string): string => owner.slice(0, 16);

/**
 * The access token's `Set-Cookie` line. It goes where the backend's refresh cookie goes: `Secure` unless that comes without, of
 * the same `SameSite`, and `Partitioned` if that is.
 */
export function accessCookie(backend: Backend, value: string, maxAge: number, backendLines: readonly string[]): string {
  const model = backendLines.map(parseSetCookie).find((set) => set?.name === backend.refreshCookie && !isRemoval(set));
  const isSecure = !model || model.attributes.has("secure");
  const sameSite = model?.attributes.get("samesite") || "Lax";
  const partition = model?.attributes.has("partitioned") ? "; Partitioned" : "";
  return write(backend.accessCookie, value, maxAge, "/", isSecure, sameSite) + partition;
}

/** Whether every browser stores the cookie of this line. */
export const isStored = (line: string): boolean => line.length <= LONGEST_COOKIE;

/**
 * The line of a mark, which has no token in it: `Secure`, unless the site is known by `http`, where no browser would take that,
 * and the cookie's name does not ask for it.
 */
export const markCookie = (name: string, value: string, maxAge: number, path: string, origin: string): string =>
  write(name, value, maxAge, path, !origin.startsWith("http:") || name.startsWith("__"), "Lax");

function write(name: string, value: string, maxAge: number, path: string, isSecure: boolean, sameSite: string): string {
  const age = Math.max(0, Math.ceil(maxAge));
  return `${name}=${value}; Path=${path}; Max-Age=${age}; HttpOnly${isSecure ? "; Secure" : ""}; SameSite=${sameSite}`;
}
