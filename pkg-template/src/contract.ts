import { FIELDS, OPTIONAL } from "../generated/contract.js";
import { RelatchError, type ContractIssue } from "./errors.js";

/** The methods that an operation can have. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A backend, as data. Every mistake in it is named when the client is made. */
export interface Contract {
  /** Where the auth endpoints are: `/auth`, or an absolute URL. */
  readonly baseUrl: string;
  /** Renews the access token; the refresh token is in an `httpOnly` cookie. */
  readonly refresh: {
    readonly path: string;
    /** Default `POST`. */
    readonly method?: Method;
    /** Statuses that end the session. Default `[400, 401, 403]`. */
    readonly dead?: readonly number[];
    /**
     * The header in which a refresh carries a key: a new one for each, and the same one again after an answer that was lost,
     * so that a server can tell a repetition from a theft. Such as `Idempotency-Key`; default: none is sent. To another
     * origin, CORS has to allow it.
     */
    readonly idempotencyHeader?: string;
  };
  /** Reads the session's data; leave it out if sign-in and refresh answer with the user. */
  readonly session?: { readonly path: string; /** Default `GET`. */ readonly method?: Method };
  readonly signIn?: {
    readonly path: string;
    /** Default `POST`. */
    readonly method?: Method;
    /** Default `json`. */
    readonly encoding?: "json" | "form";
    /** Statuses that mean wrong credentials. Default `[400, 401, 403, 422]`. */
    readonly refused?: readonly number[];
  };
  /** Signs in with another provider's token. */
  readonly exchange?: {
    readonly path: string;
    /** Default `POST`. */
    readonly method?: Method;
    /** Default `json`. */
    readonly encoding?: "json" | "form";
  };
  readonly signOut?: { readonly path: string; /** Default `POST`. */ readonly method?: Method };
  /** Where the access token stands in an answer. */
  readonly access?: {
    /** Default `accessToken`. A dot goes into an object: `data.accessToken`. */
    readonly token?: string;
    /** Its lifetime in seconds. Default `expiresIn`. */
    readonly expiresIn?: string;
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
  /** Which calls get the token. */
  readonly api?: {
    /** Exact origins, such as `https://api.example.com`. Default: the origin of `baseUrl`. */
    readonly origins?: readonly string[];
    /** Statuses that ask for a new token. Default `[401]`. */
    readonly expired?: readonly number[];
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

/** What each kind of field expects, in words, and whether a value is so. The table of fields is generated from Rust. */
const KINDS: Record<string, readonly [expected: string, type: string, check: (value: never) => boolean]> = {
  base: ["a path such as \"/auth\" or an absolute http(s) URL, without query or fragment", "string", isBase],
  path: ["a path that begins with \"/\"", "string", (value: string) => /^\/(?!\/)[^\\\s#]*$/.test(value)],
  method: ["GET, POST, PUT, PATCH or DELETE", "string", (value: string) => /^(GET|POST|PUT|PATCH|DELETE)$/.test(value)],
  encoding: ["\"json\" or \"form\"", "string", (value: string) => /^(json|form)$/.test(value)],
  key: ["a name such as \"accessToken\" or \"data.accessToken\"", "string", (value: string) => /^[^.]+(\.[^.]+)*$/.test(value)],
  statuses: ["a list of statuses from 100 to 599", "array", (value: unknown[]) => value.every(isStatus)],
  origins: ["a list of exact origins such as \"https://api.example.com\"", "array", (value: unknown[]) => value.every(isOrigin)],
  header: ["the name of a header such as \"Idempotency-Key\"", "string", (value: string) => /^[!#$%&'*+.^_`|~\w-]*$/.test(value)],
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
    const value = asObject(parent)?.[name ?? group] ?? (fallback === undefined ? undefined : JSON.parse(fallback));
    const [expected, type, check] = KINDS[kind]!;
    if (value === undefined) note(path, `expected ${expected}, but it is missing`);
    else if (typeOf(value) !== type) note(path, `expected a${type === "array" ? "n" : ""} ${type}, got ${typeOf(value)}`);
    else if (!check(value as never)) note(path, `expected ${expected}, got ${JSON.stringify(value)}`);
    else flat[path] = kind === "key" ? value.split(".") : value;
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
  if (issues.length) throw new RelatchError("InvalidContract", { issues });
  return flat;
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
    if (kind === "path" && flat[path] !== undefined) resolved[path] = absolute(flat[path] as string).href;
  }
  if (!(flat["api.origins"] as string[]).length) resolved["api.origins"] = [absolute("/").origin];
  return resolved;
}
