/** Checks the options of an OpenID Connect session, and makes the contract that the core works by. */
import type { Contract } from "./contract.js";
import type { ContractIssue } from "./errors.js";
import { RelatchError } from "./index.js";
import type { OidcOptions } from "./oidc.js";

interface Checked {
  readonly contract: Contract;
  readonly redirectUri: string;
  readonly scope: string;
  /** Tells this client at this provider from others of the origin. */
  readonly name: string;
}

const isUrl = (text: unknown): boolean => typeof text === "string" && URL.canParse(text);

const isIssuer = (text: unknown): boolean => {
  if (!isUrl(text)) return false;
  const { protocol, hostname, search, hash } = new URL(text as string);
  const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
  return (protocol === "https:" || (protocol === "http:" && isLocal)) && !search && !hash;
};

const isOwn = (text: unknown): boolean => {
  if (typeof text !== "string") return false;
  if (text.startsWith("/")) return !/^\/\/|[?#\\\s]/.test(text);
  // On a server nobody signs in.
  return isUrl(text) && [undefined, new URL(text).origin].includes(globalThis.location?.origin) && !/[?#]/.test(text);
};

const isParameters = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string");

const CHECKS: readonly (readonly [name: keyof OidcOptions, expected: string, check: (value: unknown) => boolean, required?: true])[] = [
  ["issuer", "an https URL without query or fragment (http on localhost)", isIssuer, true],
  ["clientId", "a text", (value) => typeof value === "string" && value !== "", true],
  ["redirectUri", 'a path of this origin such as "/callback", or its absolute URL, without query or fragment', isOwn, true],
  ["scope", 'a text with "openid" in it', (value) => typeof value === "string" && value.split(" ").includes("openid")],
  ["parameters", "an object of texts", isParameters],
  ["dpop", "true or false", (value) => typeof value === "boolean"],
  ["userInfo", "true or false", (value) => typeof value === "boolean"],
];

/** @throws RelatchError `InvalidContract`, naming every mistake. */
export function checkOptions(options: OidcOptions): Checked {
  const issues: ContractIssue[] = [];
  for (const [name, expected, check, required] of CHECKS) {
    const value = options?.[name];
    if (value === undefined && !required) continue;
    if (!check(value)) issues.push({ path: `options.${name}`, message: `expected ${expected}, ${value === undefined ? "but it is missing" : `got ${JSON.stringify(value)}`}` });
  }
  if (issues.length) throw new RelatchError("InvalidContract", { issues });
  const { issuer, clientId, redirectUri, scope = "openid", api, dpop, share, timeoutMs, leadMs } = options;
  const name = `${issuer} ${clientId}`;
  // The paths are names: what is asked, and where, the transport knows from the provider's metadata.
  const contract: Contract = {
    baseUrl: issuer,
    refresh: {
      path: `/token?client_id=${encodeURIComponent(clientId)}`,
      // RFC 6749 section 5.2: all other errors are of the client, not of the session.
      dead: [{ status: 400, at: "error", is: "invalid_grant" }],
    },
    exchange: { path: "/token" },
    signOut: { path: "/revoke" },
    access: { token: "access_token", expiresIn: "expires_in", ...(!dpop && { refreshToken: "refresh_token" }) },
    user: { id: "sub" },
    api: { origins: api?.origins ?? [globalThis.location?.origin ?? new URL(issuer).origin], ...(api?.expired && { expired: api.expired }) },
    ...(share && { share }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(leadMs !== undefined && { leadMs }),
  };
  return { contract, redirectUri, scope, name };
}
