/** Looks up in an answer what the contract names. Judges nothing. */
import { END, type FlatContract } from "./contract.js";

/** Where something stands: `data.user` is `["data", "user"]`. */
type Place = readonly string[];

/** What the core asks of an answer (`Host::read` in `src/web/host.rs`). */
export type Found = readonly [
  retryAfterMs: number | undefined,
  accessToken: unknown,
  refreshToken: unknown,
  lifetime: number | undefined,
  userId: string | undefined,
  error: unknown,
  user: unknown,
  isSomebody: boolean,
  facts: string,
  isJson: boolean,
];

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const at = (value: unknown, place: Place): unknown =>
  place.reduce((found, key) => (isObject(found) ? found[key] : undefined), value);

/** What the contract's rules ask about, as JSON, one text after the other; an empty one for what is not there. */
export const factsOf = (contract: FlatContract, json: unknown): string =>
  (contract["facts"] as readonly Place[]).map((place) => JSON.stringify(at(json, place))).join(END);

/** Reads an answer, of which `json` is the body, if it is JSON. `isSessions`: it is the session's own request that was made. */
export function readAnswer(contract: FlatContract, { headers }: Response, json: unknown, isSessions: boolean): Found {
  const find = (name: string): unknown => at(json, contract[name] as Place);
  /** A place that the contract may not have. */
  const findIf = (name: string): unknown => ((contract[name] as Place).length ? find(name) : undefined);
  const date = headers.get("date");
  const now = date === null ? Date.now() : Date.parse(date);
  const user = find(isSessions ? "session.user" : "user.at");
  const id = at(user, contract["user.id"] as Place);
  return [
    retryAfter(headers.get("retry-after") ?? headers.get(contract["retryAfterHeader"] as string), now),
    find("access.token"),
    findIf("access.refreshToken"),
    lifetimeIn(contract, json, date),
    /string|number/.test(typeof id) ? String(id) : undefined,
    find("error.at"),
    user,
    // An empty object is nobody.
    isObject(user) && Object.keys(user).length > 0,
    factsOf(contract, json),
    json !== undefined,
  ];
}

/** The lifetime of the token in an answer, in seconds: as the answer says it, or the token. `date` is the answer's own. */
export function lifetimeIn(contract: FlatContract, json: unknown, date: string | null): number | undefined {
  const find = (name: string): unknown => at(json, contract[name] as Place);
  const now = date === null ? Date.now() : Date.parse(date);
  const expiresIn = find("access.expiresIn");
  if (typeof expiresIn === "number") return expiresIn;
  const end = (contract["access.expiresAt"] as Place).length ? find("access.expiresAt") : undefined;
  return secondsUntil(end, now) ?? lifeInToken(find("access.token"), date && now);
}

/** `Retry-After` is seconds, or a date that is compared with the server's own (RFC 9110 section 10.2.3). */
function retryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const span = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(span) ? Math.max(span, 0) : undefined;
}

/** The seconds until a moment: a date, or seconds or milliseconds since 1970, against the server's own clock. */
function secondsUntil(moment: unknown, now: number): number | undefined {
  if (typeof moment === "string") return (Date.parse(moment) - now) / 1000;
  // As seconds, 1e11 is the year 5138; as milliseconds, 1973.
  return typeof moment === "number" ? (moment < 1e11 ? moment * 1000 - now : moment - now) / 1000 : undefined;
}

/**
 * The lifetime that a JWT tells of itself, in seconds (RFC 7519 section 4.1): until `exp` by the server's clock, or `exp - iat`
 * where that is not shown. It is not verified, and only saves a call that would have been refused.
 */
function lifeInToken(token: unknown, now: number | null | ""): number | undefined {
  try {
    const claims = String(token).split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/");
    const { exp, iat } = JSON.parse(atob(claims)) as Record<string, unknown>;
    const life = (exp as number) - (now && Number.isFinite(now) ? now / 1000 : (iat as number));
    return typeof exp === "number" && Number.isFinite(life) ? life : undefined;
  } catch {
    return undefined;
  }
}
