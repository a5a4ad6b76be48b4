import { FIELDS, OPTIONAL } from "../generated/contract.js";
import { RelatchError, type ContractIssue } from "./errors.js";

/** The methods that an operation can have. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * What an answer shows: its status, or a condition on what it says. One that holds is enough.
 *
 * `[401, { status: 422, at: "error_type", is: "AccessTokenExpired" }]`
 */
export type Rule = readonly (number | Condition)[];

/** Something in the JSON of an answer. Without `is` and `has`: there is something, and it is not `null`. */
export interface Condition {
  /** Only in an answer with this status. Default: any. */
  readonly status?: number;
  /** Where it stands: `error.code`; an empty text is the whole answer. */
  readonly at: string;
  /** What it is. */
  readonly is?: string | number | boolean | null;
  /** What the text contains. */
  readonly has?: string;
}

/** One of the requests that the SDK makes by itself. */
export interface Endpoint {
  /** Under `baseUrl`. */
  readonly path: string;
  /** Default `POST`; of `session`: `GET`. */
  readonly method?: Method;
  /** How fields are sent. Default `json`. */
  readonly encoding?: "json" | "form";
  /** Headers to send along. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields to send along. `{}` makes for an empty object where there would be no body. */
  readonly extra?: Readonly<Record<string, string | number | boolean>>;
}

/** A backend, as data. Every mistake in it is named when the client is made. */
export interface Contract {
  /** Where the auth endpoints are: `/auth`, or an absolute URL. */
  readonly baseUrl: string;
  /**
   * Renews the access token; the refresh token is in an `httpOnly` cookie, or in the body (`access.refreshToken`). May be left
   * out where reading the session is what renews it.
   */
  readonly refresh?: Endpoint & {
    /** What ends the session. Default `[400, 401, 403]`. */
    readonly dead?: Rule;
    /** As which field a refresh token goes into the body, with `access.refreshToken`. Default `refreshToken`. */
    readonly field?: string;
    /**
     * The header in which a refresh carries a key: a new one for each, and the same one again after an answer that was lost,
     * so that a server can tell a repetition from a theft. Such as `Idempotency-Key`; default: none is sent. To another
     * origin, CORS has to allow it.
     */
    readonly idempotencyHeader?: string;
  };
  /** Reads the session's data; leave it out if sign-in and refresh answer with the user. */
  readonly session?: Endpoint & {
    /** Where the user stands in its answer; an empty text if the answer is the user. Default `user.at`. */
    readonly user?: string;
    /** Without `refresh`: what says that nobody is signed in, besides an answer without a user. Default `[401]`. */
    readonly none?: Rule;
  };
  /** Signs in. */
  readonly signIn?: Endpoint & {
    /** What means wrong credentials. Default `[400, 401, 403, 422]`. */
    readonly refused?: Rule;
  };
  /** Signs in with another provider's token. */
  readonly exchange?: Endpoint;
  /** Signs out. */
  readonly signOut?: Endpoint & {
    /** What says that it has been done. Default: 2xx, 401, 404, 410. */
    readonly done?: Rule;
    /** What says that it has not, whatever the status. Default: nothing. */
    readonly refused?: Rule;
  };
  /** The credential. */
  readonly access?: {
    /** `bearer`: a token of the answer, as `Authorization`. `cookie`: calls carry nothing but their cookies. Default `bearer`. */
    readonly by?: "bearer" | "cookie";
    /** Where the token stands. Default `accessToken`. A dot goes into an object: `data.accessToken`. */
    readonly token?: string;
    /** Its lifetime in seconds. Default `expiresIn`. */
    readonly expiresIn?: string;
    /** Its end: an ISO date, or seconds or milliseconds since 1970. Default: not said. If neither is, a JWT tells `exp - iat`. */
    readonly expiresAt?: string;
    /**
     * Where a refresh token stands in answers. It is kept in WASM memory only, so each tab has a session of its own, which ends
     * with the page. Default: it is in a cookie.
     */
    readonly refreshToken?: string;
  };
  /** Where the user stands in an answer. */
  readonly user?: {
    /** Default `user`. */
    readonly at?: string;
    /** The user's id, within the user. Default `id`. Tells users apart. */
    readonly id?: string;
  };
  /** Where an error code stands in an answer. */
  readonly error?: { /** Default `error`. */ readonly at?: string };
  /**
   * Proof that a request comes from the site's own page. Its value is looked up for each request anew, and goes with each
   * of the SDK's own requests that is no `GET`; the header also with API calls that change something.
   */
  readonly csrf?: {
    /** A cookie that scripts can read. */
    readonly cookie?: string;
    /** Asked by `GET`: to have the cookie set if it is not there, or for the value itself. */
    readonly path?: string;
    /** Where the value stands in that answer. */
    readonly at?: string;
    /** The header that carries it. */
    readonly header?: string;
    /** The field that carries it. */
    readonly field?: string;
  };
  /** Which calls get the token. */
  readonly api?: {
    /** Exact origins, such as `https://api.example.com`. Default: the origin of `baseUrl`. */
    readonly origins?: readonly string[];
    /** What asks for a new token. Default `[401]`. Each condition names a status. */
    readonly expired?: Rule;
  };
  /**
   * `ask` (default): a tab hands its access token to another tab of the same origin that asks for it, over a
   * BroadcastChannel. `never`: no token is ever in a message; each tab refreshes for itself, one after the other.
   */
  readonly share?: "ask" | "never";
  /** How long an auth request may take, in milliseconds. Default 10000. */
  readonly timeoutMs?: number;
  /** The longest span before a token's end in which it is renewed in the background, in milliseconds. Default 60000. */
  readonly leadMs?: number;
}

/** A sign as the core reads it: a status, the number of a fact, what kind of condition (1 is, 2 has) and its text. */
export type Sign = readonly [status: number | undefined, fact?: number, kind?: number, text?: string | undefined];

/** A checked contract by the names of its fields, with every default filled in. */
export type FlatContract = Readonly<Record<string, unknown>>;

const isStatus = (value: unknown): boolean => Number.isInteger(value) && (value as number) > 99 && (value as number) < 600;

const isOrigin = (value: unknown): boolean => {
  try {
    return new URL(value as string).origin === value && value !== "null";
  } catch {
    return false;
  }
};

const isBase = (value: string): boolean => {
  if (value.startsWith("/")) return !/^\/\/|[?#\\\s]/.test(value);
  try {
    const url = new URL(value);
    return /^https?:$/.test(url.protocol) && !/[?#]/.test(value) && !url.username && !url.password;
  } catch {
    return false;
  }
};

/** RFC 9110 section 5.6.2. */
const isToken = (value: string): boolean => /^[!#$%&'*+.^_`|~\w-]+$/.test(value);

const isPlace = (value: string): boolean => /^([^.]+(\.[^.]+)*)?$/.test(value);

const isSign = (value: unknown): boolean => {
  if (isStatus(value)) return true;
  const condition = asObject(value);
  if (!condition) return false;
  const { status, at, is, has, ...more } = condition;
  const isPlain = is === null || /undefined|string|number|boolean/.test(typeof is);
  const isText = has === undefined || (typeof has === "string" && is === undefined);
  return (status === undefined || isStatus(status)) && typeof at === "string" && isPlace(at) && isPlain && isText && !Object.keys(more).length;
};

const RULE = "a list of statuses from 100 to 599 and of conditions such as { status: 422, at: \"code\", is: \"expired\" }";

/** What each kind of field expects, in words, and whether a value is so. The table of fields is generated from Rust. */
const KINDS: Record<string, readonly [expected: string, type: string, check: (value: never) => boolean]> = {
  base: ["a path such as \"/auth\" or an absolute http(s) URL, without query or fragment", "string", isBase],
  path: ["a path that begins with \"/\"", "string", (value: string) => /^\/(?!\/)[^\\\s#]*$/.test(value)],
  method: ["GET, POST, PUT, PATCH or DELETE", "string", (value: string) => /^(GET|POST|PUT|PATCH|DELETE)$/.test(value)],
  encoding: ["\"json\" or \"form\"", "string", (value: string) => /^(json|form)$/.test(value)],
  key: ["a name such as \"accessToken\" or \"data.accessToken\"", "string", (value: string) => /^[^.]+(\.[^.]+)*$/.test(value)],
  place: ["a place such as \"data.user\", or an empty text", "string", isPlace],
  rule: [RULE, "array", (value: unknown[]) => value.every(isSign)],
  callRule: [`${RULE}, each with a status`, "array", (value: unknown[]) => value.every((sign) => isSign(sign) && (isStatus(sign) || isStatus((sign as Condition).status)))],
  headers: ["an object of texts, by names of headers", "object", (value: object) => Object.entries(value).every(([name, text]) => isToken(name) && typeof text === "string" && /^[\x20-\x7e]*$/.test(text))],
  extra: ["an object of texts, numbers and booleans", "object", (value: object) => Object.values(value).every((field) => /string|number|boolean/.test(typeof field))],
  by: ["\"bearer\" or \"cookie\"", "string", (value: string) => /^(bearer|cookie)$/.test(value)],
  name: ["a name such as \"csrfToken\"", "string", isToken],
  origins: ["a list of exact origins such as \"https://api.example.com\"", "array", (value: unknown[]) => value.every(isOrigin)],
  header: ["the name of a header such as \"Idempotency-Key\"", "string", isToken],
  share: ["\"ask\" or \"never\"", "string", (value: string) => /^(ask|never)$/.test(value)],
  ms: ["a whole number of milliseconds from 1 to 2147483647", "number", (value: number) => Number.isInteger(value) && value > 0 && value < 2 ** 31],
};

const typeOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

const asObject = (value: unknown): Record<string, unknown> | undefined =>
  typeOf(value) === "object" ? (value as Record<string, unknown>) : undefined;

/**
 * Checks a contract and fills its defaults in.
 *
 * @throws RelatchError `InvalidContract`, whose `issues` name every mistake with its path.
 */
export function checkContract(contract: unknown): FlatContract {
  const issues: ContractIssue[] = [];
  const note = (path: string, message: string): unknown => issues.push({ path: path ? `contract.${path}` : "contract", message });
  const root = asObject(contract);
  if (!root) {
    note("", `expected an object, got ${typeOf(contract)}`);
    throw new RelatchError("InvalidContract", { issues });
  }
  const flat: Record<string, unknown> = {};
  const known = new Set<string>();
  for (const [path, kind, fallback] of FIELDS) {
    const [group, name] = path.split(".") as [string, string?];
    known.add(group).add(path);
    const parent = name === undefined ? root : root[group];
    if (name !== undefined && (parent === undefined ? OPTIONAL.includes(group) : !asObject(parent))) continue;
    const given = asObject(parent)?.[name ?? group];
    const value = given === undefined ? fallback : given;
    const [expected, type, check] = KINDS[kind]!;
    if (given === undefined && fallback !== undefined) flat[path] = kind === "key" && typeof fallback === "string" ? fallback.split(".") : fallback;
    else if (value === undefined) note(path, `expected ${expected}, but it is missing`);
    else if (typeOf(value) !== type) note(path, `expected a${type === "array" ? "n" : ""} ${type}, got ${typeOf(value)}`);
    else if (!check(value as never)) note(path, `expected ${expected}, got ${JSON.stringify(value)}`);
    else flat[path] = kind === "key" ? (value as string).split(".") : kind === "place" ? (value as string).split(".").filter(Boolean) : value;
  }
  for (const [group, value] of Object.entries(root)) {
    if (value === undefined) continue;
    if (!known.has(group)) note(group, "is not a field of a contract");
    else if (!FIELDS.some(([path]) => path === group)) {
      if (!asObject(value)) note(group, `expected an object, got ${typeOf(value)}`);
      for (const name of Object.keys(asObject(value) ?? {})) {
        if (!known.has(`${group}.${name}`)) note(`${group}.${name}`, "is not a field of a contract");
      }
    }
  }
  if (!issues.length) agree(flat, note);
  if (issues.length) throw new RelatchError("InvalidContract", { issues });
  return compile(flat);
}

/** What fields ask of each other. */
function agree(flat: Record<string, unknown>, note: (path: string, message: string) => void): void {
  const has = (path: string): boolean => Boolean(flat[path]);
  if (!has("refresh.path") && !has("session.path")) note("refresh", "expected it, or a session that is renewed by reading it");
  if (has("access.refreshToken") && !has("refresh.path")) note("access.refreshToken", "expected a refresh that takes it");
  if (flat["csrf.path"] !== undefined && !has("csrf.cookie") && !has("csrf.at")) note("csrf", "expected the cookie or the place (at) in which the value comes");
  if (flat["csrf.path"] !== undefined && !has("csrf.header") && !has("csrf.field")) note("csrf", "expected the header or the field that carries the value");
}

/** Fills in what follows from other fields, and brings the rules into the form in which the core reads them. */
function compile(flat: Record<string, unknown>): FlatContract {
  const places = new Map<string, number>();
  const number = (at: string): number => places.get(at) ?? (places.set(at, places.size), places.size - 1);
  const signOf = (sign: number | Condition): Sign => {
    if (typeof sign === "number") return [sign];
    const { status, at, is, has } = sign;
    return [status, number(at), is !== undefined ? 1 : has !== undefined ? 2 : 0, is !== undefined ? JSON.stringify(is) : has];
  };
  const whole = { ...flat };
  for (const [path, kind] of FIELDS) {
    if (/^(rule|callRule)$/.test(kind) && flat[path]) whole[path] = (flat[path] as Rule).map(signOf);
  }
  if (!whole["refresh.path"]) {
    for (const name of ["path", "method", "encoding", "headers", "extra"]) whole[`refresh.${name}`] = whole[`session.${name}`];
    Object.assign(whole, { "refresh.dead": whole["session.none"], bySession: true });
  }
  whole["session.user"] ??= whole["user.at"];
  for (const path of ["access.expiresAt", "access.refreshToken"]) whole[path] ??= [];
  whole["facts"] = [...places.keys()].map((at) => at.split(".").filter(Boolean));
  return whole;
}

/** Makes the operations' URLs absolute, and fills the default origin in. */
export function resolveContract(flat: FlatContract, page: string | undefined): FlatContract {
  const resolved: Record<string, unknown> = { ...flat };
  const base = String(flat["baseUrl"]).replace(/\/$/, "");
  const absolute = (path: string): URL => {
    try {
      return new URL(base + path, page);
    } catch (cause) {
      const message = `expected an absolute URL where there is no page, got ${JSON.stringify(base)}`;
      throw new RelatchError("InvalidContract", { issues: [{ path: "contract.baseUrl", message }], cause });
    }
  };
  for (const [path, kind] of FIELDS) {
    if (kind === "path" && flat[path]) resolved[path] = absolute(flat[path] as string).href;
  }
  if (!(flat["api.origins"] as string[]).length) resolved["api.origins"] = [absolute("/").origin];
  return resolved;
}
