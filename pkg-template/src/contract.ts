import { FIELDS } from "../generated/contract.js";
import { RelatchError, type ContractIssue } from "./errors.js";
import { OPERATIONS } from "./told.js";

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
    /** Its end: an ISO date, or seconds or milliseconds since 1970, against the answer's `Date`; from another origin, have CORS
     * expose it (`Access-Control-Expose-Headers: Date`), else it is against the page's clock. Default: not said. If neither is, a JWT tells `exp - iat`. */
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
   * of the SDK's own requests that is no `GET`; the header also with API calls that change something, from the cookie.
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
    /**
     * One of the SDK's own requests answered so was refused for the value alone: it is looked up anew, from `path` if there is
     * one, and the request sent once more. Such an answer never ends the session. Default `[419]`; nothing without `header` and
     * `field`.
     */
    readonly refused?: Rule;
  };
  /** Which calls get the token. */
  readonly api?: {
    /** Exact origins, such as `https://api.example.com`. Default: the origin of `baseUrl`. */
    readonly origins?: readonly string[];
    /** What asks for a new token. Default `[401]`. Each condition names a status. */
    readonly expired?: Rule;
  };
  /**
   * `ask` (default): a tab hands its access token to other tabs of the same origin that ask for it, or wait for their turn to
   * refresh, over a BroadcastChannel. `never`: no token is ever in a message; each tab refreshes for itself, one after the other.
   */
  readonly share?: "ask" | "never";
  /** A header that says when to come again, read where there is no `Retry-After`. Default `X-Retry-After`. */
  readonly retryAfterHeader?: string;
  /** How long an auth request may take, in milliseconds. Default 10000. */
  readonly timeoutMs?: number;
  /** The longest span before a token's end in which it is renewed in the background, in milliseconds. Default 60000. */
  readonly leadMs?: number;
}

/** A sign as the core reads it: a status, the number of a fact, what kind of condition (1 is, 2 has) and its text. */
export type Sign = readonly [status: number | undefined, fact?: number, kind?: number, text?: string | undefined];

/** A checked contract by the names of its fields, with every default filled in. */
export type FlatContract = Readonly<Record<string, unknown>>;

type Check = RegExp | ((value: unknown) => boolean);

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const KEY = /^[^.]+(\.[^.]+)*$/;
const PLACE = /^([^.]+(\.[^.]+)*)?$/;
const BASE = /^(\/(?!\/)|https?:\/\/[^/@?#\\\s]+(\/|$))[^?#\\\s]*$/i;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

const isStatus = (value: unknown): boolean => Number.isInteger(value) && (value as number) > 99 && (value as number) < 600;

const isPlain = (value: unknown): boolean => Object(value) !== value;

const isList = (value: unknown, check: (value: unknown) => boolean): boolean => Array.isArray(value) && value.every(check);

const parse = (url: unknown, base?: string): URL | undefined => {
  try {
    return new URL(url as string, base);
  } catch {
    return undefined;
  }
};

const isSign = (sign: unknown): boolean => {
  if (!isObject(sign)) return isStatus(sign);
  const { status = 200, at, is, has = "", ...more } = sign;
  const isText = typeof has === "string" && (sign["has"] === undefined || is === undefined);
  return isStatus(status) && typeof at === "string" && PLACE.test(at) && isPlain(is) && isText && !Object.keys(more).length;
};

const oneOf = (names: string): [string, RegExp] => [names, new RegExp(`^(${names})$`)];

const RULE = "a list of statuses and of conditions such as { status: 422, at: \"code\", is: \"expired\" }";

/** What each kind of field expects, in words, and how that is told. The table of fields is generated from Rust. */
const KINDS: Record<string, readonly [expected: string, check: Check]> = {
  base: ["a path such as \"/auth\" or an http(s) URL, without query or fragment", (value) => typeof value === "string" && BASE.test(value) && !!parse(value, "http://a")],
  path: ["a path such as \"/refresh\"", /^\/(?!\/)[^\\\s#]*$/],
  method: oneOf("GET|POST|PUT|PATCH|DELETE"),
  encoding: oneOf("json|form"),
  by: oneOf("bearer|cookie"),
  share: oneOf("ask|never"),
  key: ["a name such as \"accessToken\" or \"data.accessToken\"", KEY],
  place: ["a place such as \"data.user\", or an empty text", PLACE],
  name: ["a name such as \"csrfToken\"", TOKEN],
  header: ["a name such as \"Idempotency-Key\"", TOKEN],
  rule: [RULE, (value) => isList(value, isSign)],
  callRule: [`${RULE}, each with a status`, (value) => isList(value, (sign) => isSign(sign) && isStatus((sign as Condition).status ?? sign))],
  headers: ["an object of texts, by names of headers", (value) => isObject(value) && Object.entries(value).every(([name, text]) => TOKEN.test(name) && typeof text === "string" && /^[ -~]*$/.test(text))],
  extra: ["an object of texts, numbers and booleans", (value) => isObject(value) && Object.values(value).every((field) => field != null && isPlain(field))],
  origins: ["a list of exact origins such as \"https://api.example.com\"", (value) => isList(value, (origin) => parse(origin)?.origin === origin)],
  ms: ["a whole number of milliseconds from 1 to 2147483647", (value) => Number.isInteger(value) && (value as number) > 0 && (value as number) < 2 ** 31],
};

/**
 * Checks a contract, fills its defaults in, and brings it into the form in which the core reads it.
 *
 * @throws RelatchError `InvalidContract`, whose `issues` name every mistake with its path.
 */
export function checkContract(contract: unknown): FlatContract {
  const issues: ContractIssue[] = [];
  const note = (path: string, message: string): unknown => issues.push({ path: `contract${path && "."}${path}`, message });
  const root = isObject(contract) ? contract : (note("", "expected an object"), {});
  const isGroup = (name: string): boolean => FIELDS.includes(`\n${name}.`);
  const given: Record<string, unknown> = {};
  for (const [group, value] of Object.entries(root)) {
    if (isObject(value) && isGroup(group)) for (const name of Object.keys(value)) given[`${group}.${name}`] = value[name];
    else given[group] = value;
  }

  const flat: Record<string, unknown> = {};
  const facts: string[] = [];
  const number = (at: string): number => (facts.includes(at) ? facts.indexOf(at) : facts.push(at) - 1);
  const signOf = (sign: number | Condition): Sign => {
    if (typeof sign === "number") return [sign];
    const { status, at, is, has } = sign;
    return is !== undefined ? [status, number(at), 1, JSON.stringify(is)] : [status, number(at), has !== undefined ? 2 : 0, has];
  };
  const split = (place: string): string[] => place.split(".").filter(Boolean);

  let without: string | undefined;
  for (const row of FIELDS.split("\n")) {
    const [path, kind, fallback] = row.split(" ") as [string, string, string?];
    const [group, name] = path.split(".") as [string, string?];
    // An operation that is left out.
    if (fallback === undefined && name && !isObject(root[group])) without = group;
    const isGiven = given[path] !== undefined;
    const value: unknown = isGiven ? given[path] : fallback && JSON.parse(fallback);
    delete given[path];
    // What is a refusal of a sign-in is one of an exchange too.
    if (group === without && path !== "signIn.refused") continue;
    const [expected, check] = KINDS[kind]!;
    const holds = typeof check === "function" ? check(value) : typeof value === "string" && check.test(value);
    if (!holds && (isGiven || !fallback)) note(path, `expected ${expected}, got ${JSON.stringify(value)}`);
    else if (/key|place/.test(kind) && typeof value === "string") flat[path] = split(value);
    else flat[path] = /rule/i.test(kind) && value ? (value as Rule).map(signOf) : value;
  }
  for (const path of Object.keys(given)) {
    if (given[path] === undefined) continue;
    note(path, isGroup(path) ? "expected an object" : "is not a field of a contract");
  }

  const has = (path: string): boolean => String(flat[path] ?? "") !== "";
  if (!issues.length) {
    if (!has("refresh.path") && !has("session.path")) note("refresh", "expected it, or a session that is renewed by reading it");
    if (has("access.refreshToken") && !has("refresh.path")) note("access.refreshToken", "expected a refresh that takes it");
    if (has("csrf.path") && !has("csrf.cookie") && !has("csrf.at")) note("csrf", "expected the cookie or the place (at) in which the value comes");
    const isCarried = has("csrf.header") || has("csrf.field");
    if (isCarried && !has("csrf.cookie") && !has("csrf.path")) note("csrf", "expected the cookie, or the path, that the value comes from");
    if (has("csrf.at") && !has("csrf.path")) note("csrf.path", "expected the path whose answer has the value");
    if (!isCarried && (has("csrf.cookie") || has("csrf.path"))) note("csrf", "expected the header or the field that carries the value");
    for (const group of ["refresh", "session", "signIn", "exchange", "signOut"]) {
      // Credentials, or the refresh token.
      const brings = /^(signIn|exchange)$/.test(group) || (/^(refresh|signOut)$/.test(group) && has("access.refreshToken"));
      const isBodiless = flat[`${group}.method`] === "GET";
      if (isBodiless && (brings || flat[`${group}.extra`])) note(`${group}.method`, "expected one with a body, for the fields to send");
    }
  }
  if (issues.length) throw new RelatchError("InvalidContract", { issues });

  if (!has("refresh.path")) {
    for (const name of ["path", "method", "encoding", "headers", "extra"]) flat[`refresh.${name}`] = flat[`session.${name}`];
    Object.assign(flat, { "refresh.dead": flat["session.none"], bySession: true });
  }
  // Where no proof is sent, none is refused.
  if (!has("csrf.header") && !has("csrf.field")) flat["csrf.refused"] = [];
  flat["session.user"] ??= flat["user.at"];
  flat["facts"] = facts.map(split);
  return flat;
}

/** What may be told of a contract: no header, no field, and of URLs their paths. */
export function toldOf(flat: FlatContract): Record<string, string | number | boolean> {
  const told: Record<string, string | number | boolean> = {};
  for (const [path, value] of Object.entries(flat)) {
    if (/^baseUrl$|share|path$|method$|encoding$|by$|Ms$|^by/.test(path)) {
      told[path] = typeof value === "string" ? value.replace(/^https?:\/\/[^/]*|\?.*/g, "") : (value as number);
    }
  }
  return told;
}

/** A path under `baseUrl` as an absolute URL. */
function absolute(flat: FlatContract, path: string, page: string | undefined): URL {
  const base = String(flat["baseUrl"]).replace(/\/$/, "");
  const url = parse(base + path, page);
  if (url) return url;
  const message = `expected an absolute URL where there is no page, got ${JSON.stringify(base)}`;
  throw new RelatchError("InvalidContract", { issues: [{ path: "contract.baseUrl", message }] });
}

/** Which origins get the token. */
export function originsOf(flat: FlatContract, page: string | undefined): readonly string[] {
  const origins = flat["api.origins"] as readonly string[];
  return origins.length ? origins : [absolute(flat, "/", page).origin];
}

/** Makes the operations' URLs absolute, and fills the default origin in. */
export function resolveContract(flat: FlatContract, page: string | undefined): FlatContract {
  const resolved: Record<string, unknown> = { ...flat, "api.origins": originsOf(flat, page) };
  for (const path of Object.keys(flat)) {
    if (/\.path$/.test(path) && flat[path]) resolved[path] = absolute(flat, flat[path] as string, page).href;
  }
  return resolved;
}

/** What ends one of several texts for the core (`src/core/text.rs`). Neither a URL nor JSON has it in it. */
export const END = "\x1f";

/** A resolved contract as the core reads it: one text (`src/web/contract.rs`). `shared`: the tabs have a lock and a stamp. */
export function writeContract(contract: FlatContract, shared: boolean): string {
  const signs = (path: string): unknown[] => {
    const rule = (contract[path] ?? []) as readonly Sign[];
    // A condition that asks for a control character never holds: JSON has none.
    return [rule.length, ...rule.flatMap(([status, fact = -1, kind = 0, text = ""]) => [status, fact + 1, kind, text.replaceAll(END, "\0")])];
  };
  const list = (values: readonly unknown[]): unknown[] => [values.length, ...values];
  const switches = [
    contract["access.by"] === "cookie",
    contract["bySession"],
    contract["session.path"],
    (contract["access.refreshToken"] as string[]).length,
    shared,
    contract["share"] === "ask",
  ];
  return [
    contract["timeoutMs"],
    contract["leadMs"],
    switches.reduce<number>((bits, isOn, place) => bits | (isOn ? 1 << place : 0), 0),
    ...["refresh.dead", "signIn.refused", "signOut.refused", "signOut.done", "api.expired", "csrf.refused"].flatMap(signs),
    ...list(contract["api.origins"] as string[]),
    ...list(OPERATIONS.map((group) => contract[`${group}.path`]).filter(Boolean)),
  ].join(END);
}
