/** What a server is told of its backend, checked once. Holds nothing of any request. */
import { checkContract, resolveContract, type FlatContract, type Sign } from "./contract.js";
import { RelatchError, type ContractIssue } from "./errors.js";
import type { ServerOptions } from "./server-types.js";

/** The operations of a contract. */
export const OPERATIONS = ["refresh", "session", "signIn", "exchange", "signOut"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Checked options. */
export interface Backend {
  /** The contract, with the operations' URLs as the server reaches them. */
  readonly contract: FlatContract;
  /** The operations' paths as the browser knows them. */
  readonly paths: Readonly<Partial<Record<Operation, string>>>;
  /** The origin that a path such as `/api/notes` is resolved against. */
  readonly base: string;
  /** Exact origins that get the access token. */
  readonly origins: readonly string[];
  readonly refreshCookie: string;
  /** The cookies that are forwarded, the refresh cookie among them. */
  readonly ownCookies: readonly string[];
  readonly accessCookie: string;
  readonly handoverCookie: string;
  readonly origin: string | undefined;
  readonly graceMs: number;
  readonly exposesAccessToken: boolean;
}

const isCookieName = (value: unknown): boolean => typeof value === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(value);

/** Notes what does not hold, by where it is and what is expected there. */
export type Expect = (holds: boolean, path: string, message: string) => void;

/** `checkMore` checks what an entry's options have besides. @throws RelatchError `InvalidContract`, whose `issues` name every mistake. */
export function checkOptions(options: ServerOptions, checkMore?: (expect: Expect) => void): Backend {
  const flat = checkContract(options?.contract);
  const issues: ContractIssue[] = [];
  const expect: Expect = (holds, path, message) => void (holds || issues.push({ path, message }));
  const { refreshCookie, forwardCookies = [], accessCookie = "relatch_access", origin, graceMs = 30_000 } = options;
  const base = options.baseUrl ?? String(flat["baseUrl"]);
  const { href, username, password } = parse(base);
  expect(/^https?:/.test(href) && !/[?#]/.test(base), "baseUrl", "expected the absolute http(s) URL at which the server reaches the backend");
  expect(username === "" && password === "", "baseUrl", "expected it without a user's name and password, since fetch takes no such URL");
  expect(isCookieName(refreshCookie), "refreshCookie", "expected the name of the backend's refresh cookie");
  expect(forwardCookies.every(isCookieName), "forwardCookies", "expected names of cookies");
  expect(isCookieName(accessCookie), "accessCookie", "expected the name of a cookie");
  expect(origin === undefined || parse(origin).origin === origin, "origin", "expected an exact origin such as \"https://app.example.com\"");
  expect(graceMs >= 0 && graceMs <= 60_000, "graceMs", "expected milliseconds from 0 to 60000");
  const unsupported = [
    [flat["access.by"] === "cookie", "access.by"],
    [flat["bySession"] === true, "refresh"],
    [(flat["access.refreshToken"] as string[]).length > 0, "access.refreshToken"],
    [Boolean(flat["csrf.path"] ?? flat["csrf.cookie"]), "csrf"],
  ] as const;
  for (const [isSo, field] of unsupported) expect(!isSo, `contract.${field}`, "is for the browser only so far: the server takes bearers and refresh cookies");
  const isPlain = (flat["refresh.dead"] as Sign[]).some(([, fact]) => fact === undefined);
  expect(isPlain, "contract.refresh.dead", "expected a plain status among them, with which the server says that nobody is signed in");
  checkMore?.(expect);
  if (issues.length) throw new RelatchError("InvalidContract", { issues });
  const ownOrigin = parse(base).origin;
  const shown = parse(String(flat["baseUrl"]), "http://page").pathname.replace(/\/$/, "");
  const operations = OPERATIONS.filter((operation) => flat[`${operation}.path`] !== undefined);
  return {
    contract: resolveContract({ ...flat, baseUrl: base }, undefined),
    paths: Object.fromEntries(operations.map((operation) => [operation, shown + String(flat[`${operation}.path`]).split("?")[0]])),
    base: ownOrigin,
    origins: [ownOrigin, ...(flat["api.origins"] as string[])],
    refreshCookie,
    ownCookies: [refreshCookie, ...forwardCookies],
    accessCookie,
    // Of one path, which no browser takes together with `__Host-`.
    handoverCookie: `${accessCookie.replace(/^__Host-/i, "__Secure-")}_handover`,
    origin,
    graceMs,
    exposesAccessToken: options.exposeAccessToken === true,
  };
}

function parse(url: string, base?: string): Pick<URL, "origin" | "href" | "pathname" | "username" | "password"> {
  try {
    return new URL(url, base);
  } catch {
    return { origin: "", href: "", pathname: "", username: "", password: "" };
  }
}
