/**
 * How an answer to one of relatch's own requests is judged, without WebAssembly.
 *
 * The same table as `src/core/verdict.rs`: both are held to the rows of `tests/verdicts.json`.
 */
import { lifetimeIn } from "./answer.js";
import type { FlatContract, Sign } from "./contract.js";
import { RelatchError, type RelatchErrorCode } from "./errors.js";

/** An answer as it was read. */
export interface Answer {
  /** 0 for a redirect, which is not followed. */
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  readonly json: unknown;
  readonly kind: "html" | "json" | "other";
  readonly retryAfterMs: number | undefined;
  /** The header of that name. */
  readonly date: string | null;
}

export type Outcome = Answer | "network" | "timeout";

/** A new access token with what came along. */
export interface Grant {
  readonly token: string;
  /** Seconds, if the answer says it, or the token itself. */
  readonly expiresIn: number | undefined;
  readonly user: object | undefined;
}

export type RefreshVerdict =
  | { readonly is: "renewed"; readonly grant: Grant }
  | { readonly is: "dead" }
  | { readonly is: "unknown"; readonly error: RelatchError };

export type SessionVerdict =
  | { readonly is: "read"; readonly user: object }
  | { readonly is: "refused" }
  | { readonly is: "unknown"; readonly error: RelatchError };

export type SignOutVerdict = { readonly is: "done" } | { readonly is: "unknown"; readonly error: RelatchError };

/** RFC 6749 section 5.2: the application's mistake, which says nothing about the session. */
const BLAMES_REQUEST = ["invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"];

/** Without a rule of the contract's, these statuses say that a session is no more, beside 2xx. */
const GONE = [401, 404, 410];

export function judgeRefresh(contract: FlatContract, outcome: Outcome): RefreshVerdict {
  const said = saidBy(outcome);
  if (said instanceof RelatchError) return { is: "unknown", error: said };
  const dead = shows(contract, "refresh.dead", said);
  const code = at(said.json, contract, "error.at");
  if (dead && said.kind !== "html" && !BLAMES_REQUEST.includes(code as string)) return { is: "dead" };
  const grant = readGrant(contract, said);
  return grant ? { is: "renewed", grant } : { is: "unknown", error: problem(said) };
}

export function judgeSession(contract: FlatContract, outcome: Outcome): SessionVerdict {
  const said = saidBy(outcome);
  if (said instanceof RelatchError) return { is: "unknown", error: said };
  if (shows(contract, "api.expired", said)) return { is: "refused" };
  const user = isSuccess(said.status) && said.kind === "json" ? readUser(contract, said, "session.user") : undefined;
  return user ? { is: "read", user } : { is: "unknown", error: problem(said) };
}

/** Whether the backend has confirmed that the session is over. One that no longer knows it has confirmed it too. */
export function judgeSignOut(contract: FlatContract, outcome: Outcome): SignOutVerdict {
  const said = saidBy(outcome);
  if (said instanceof RelatchError) return { is: "unknown", error: said };
  const { status, kind } = said;
  if (shows(contract, "signOut.refused", said)) return { is: "unknown", error: new RelatchError("BadResponse", { status, temporary: true }) };
  const isDone = (contract["signOut.done"] as Sign[]).length ? shows(contract, "signOut.done", said) : GONE.includes(status) || isSuccess(status);
  return isDone && kind !== "html" ? { is: "done" } : { is: "unknown", error: problem(said) };
}

/** The token in an answer to a refresh, a sign-in or an exchange; none if the answer is no success. */
export function readGrant(contract: FlatContract, answer: Answer): Grant | undefined {
  if (!isSuccess(answer.status) || answer.kind !== "json") return undefined;
  const token = at(answer.json, contract, "access.token");
  if (typeof token !== "string" || !token) return undefined;
  const life = lifetimeIn(contract, answer.json, answer.date);
  return { token, expiresIn: Number.isFinite(life) ? life : undefined, user: readUser(contract, answer) };
}

/** Reads an answer. A body that breaks off is as good as no answer. */
export async function readAnswer(response: Response, retryAfterHeader: string): Promise<Outcome> {
  const { headers } = response;
  const contentType = headers.get("content-type") ?? "";
  const date = headers.get("date");
  const retryAfterMs = readRetryAfter(headers.get("retry-after") ?? headers.get(retryAfterHeader), date);
  const isRedirect = response.type === "opaqueredirect" || (response.status > 300 && response.status < 309 && headers.has("location"));
  let text: string;
  try {
    text = await response.text();
  } catch {
    return "network";
  }
  const common = { status: isRedirect ? 0 : response.status, contentType, text, retryAfterMs, date };
  if (isRedirect) return { ...common, kind: "other", json: undefined };
  if (contentType.startsWith("text/html")) return { ...common, kind: "html", json: undefined };
  try {
    return { ...common, kind: "json", json: JSON.parse(text) as unknown };
  } catch {
    return { ...common, kind: "other", json: undefined };
  }
}

/** The answer's JSON with another lifetime in it, in seconds: a token that is handed on has less of its life left. */
export function withLifetime(contract: FlatContract, json: unknown, seconds: number): unknown {
  const copy = structuredClone(json);
  const place = contract["access.expiresIn"] as string[];
  const parent = follow(copy, place.slice(0, -1)) as Record<string, unknown> | undefined;
  if (typeof parent === "object" && parent !== null) parent[place.at(-1)!] = seconds;
  return copy;
}

/** An answer such as the backend gives to a refresh, of a token that is there already. */
export function writeGrant(contract: FlatContract, grant: Grant): unknown {
  const root: Record<string, unknown> = {};
  const fields = [["access.token", grant.token], ["access.expiresIn", grant.expiresIn], ["user.at", grant.user]] as const;
  for (const [field, value] of fields) {
    const place = contract[field] as string[];
    let parent = root;
    for (const key of place.slice(0, -1)) parent = (parent[key] ??= {}) as Record<string, unknown>;
    parent[place.at(-1)!] = value;
  }
  return root;
}

/** An answer; what is wrong, if it never came. */
const saidBy = (outcome: Outcome): Answer | RelatchError => (typeof outcome === "string" ? unanswered(outcome) : outcome);

function readUser(contract: FlatContract, answer: Answer, field = "user.at"): object | undefined {
  const user = at(answer.json, contract, field);
  // An empty object is nobody.
  return typeof user === "object" && user !== null && Object.keys(user).length > 0 ? user : undefined;
}

function problem({ status, kind, retryAfterMs }: Answer): RelatchError {
  if ([408, 425, 429].includes(status) || status >= 500) return new RelatchError("TryLater", { status, retryAfterMs, temporary: true });
  const isRefusal = status >= 400 && kind !== "html";
  const code: RelatchErrorCode = isRefusal ? "Misconfigured" : "BadResponse";
  return new RelatchError(code, { status, temporary: !isRefusal });
}

const unanswered = (outcome: "network" | "timeout"): RelatchError =>
  new RelatchError(outcome === "network" ? "Network" : "Timeout", { temporary: true });

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** Whether an answer shows one of a rule's signs. */
export function shows(contract: FlatContract, field: string, answer: Pick<Answer, "status" | "json">): boolean {
  return (contract[field] as Sign[]).some(([status, fact, kind, text]) => {
    if (status !== undefined && status !== answer.status) return false;
    if (fact === undefined) return true;
    const found = JSON.stringify(follow(answer.json, (contract["facts"] as string[][])[fact]!)) as string | undefined;
    if (found === undefined) return false;
    return kind === 1 ? found === text : kind === 2 ? found.includes(text!) : found !== "null";
  });
}

const at = (json: unknown, contract: FlatContract, field: string): unknown => follow(json, contract[field] as string[]);

const follow = (json: unknown, place: readonly string[]): unknown =>
  place.reduce<unknown>((found, key) => (typeof found === "object" && found !== null ? (found as Record<string, unknown>)[key] : undefined), json);

/** Seconds, or a date that is compared with the server's own (RFC 9110 section 10.2.3). */
function readRetryAfter(value: string | null, date: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const span = Date.parse(value) - (date === null ? Date.now() : Date.parse(date));
  return Number.isFinite(span) ? Math.max(0, span) : undefined;
}
