/** @packageDocumentation Backends that people have, as contracts. Each is a plain object: spread it and change what differs. */
import type { Contract } from "./contract.js";
import type { PresetOptions } from "./cookie-refresh.js";

export type { Condition, Contract, Endpoint, Method, Rule } from "./contract.js";
export { cookieRefresh, type PresetOptions } from "./cookie-refresh.js";

/**
 * Refresh tokens in the body: `POST {baseUrl}/refresh { refreshToken }`, answered by `{ accessToken, refreshToken, expiresIn }`.
 * The refresh token is in WASM memory only, so each tab has a session of its own, which a reload ends. Prefer a cookie.
 */
export function bodyRefresh(options: PresetOptions): Contract {
  return {
    refresh: { path: "/refresh" },
    session: { path: "/session" },
    signIn: { path: "/login" },
    signOut: { path: "/logout" },
    access: { refreshToken: "refreshToken" },
    ...options,
  };
}

/** The user of Auth.js has no id unless its callbacks add one. */
const AUTHJS_USER = { at: "user", id: "email" } as const;

/** Auth.js says no in a URL. Where it says yes, that is where to go: unless it is told, that comes from a cookie, and may be anywhere. */
const AUTHJS_REFUSED = [401, { at: "url", has: "?error=" }, { at: "url", has: "&error=" }, { at: "url", has: "csrf=true" }] as const;
const AUTHJS_PLACE = { callbackUrl: "/" } as const;

/**
 * Auth.js v5 (`next-auth@5`, `@auth/express`, …) with a credentials provider: the session is a cookie, and reading it renews it.
 * `baseUrl` is its `basePath`: `/api/auth` in Next, else `/auth`. For a provider of another name than `credentials`, change
 * `signIn.path`.
 */
export function authjs(options: PresetOptions): Contract {
  const headers = { "x-auth-return-redirect": "1" };
  return {
    session: { path: "/session" },
    signIn: { path: "/callback/credentials", encoding: "form", headers, extra: AUTHJS_PLACE, refused: AUTHJS_REFUSED },
    signOut: { path: "/signout", encoding: "form", headers, extra: AUTHJS_PLACE, refused: AUTHJS_REFUSED },
    access: { by: "cookie" },
    user: AUTHJS_USER,
    csrf: { path: "/csrf", at: "csrfToken", field: "csrfToken" },
    ...options,
  };
}

/** `next-auth` v4, in the same way. */
export function authjsV4(options: PresetOptions): Contract {
  const extra = { json: "true", ...AUTHJS_PLACE };
  return {
    session: { path: "/session" },
    signIn: { path: "/callback/credentials", encoding: "form", extra, refused: AUTHJS_REFUSED },
    signOut: { path: "/signout", encoding: "form", extra, refused: AUTHJS_REFUSED },
    access: { by: "cookie" },
    user: AUTHJS_USER,
    csrf: { path: "/csrf", at: "csrfToken", field: "csrfToken" },
    ...options,
  };
}

/** better-auth with email and password, under `/api/auth`: the session is a cookie. */
export function betterAuth(options: PresetOptions): Contract {
  return {
    session: { path: "/get-session" },
    signIn: { path: "/sign-in/email" },
    signOut: { path: "/sign-out", extra: {} },
    access: { by: "cookie" },
    ...options,
  };
}

/** A user as a provider of social sign-in tells of one, in one shape. What a provider does not tell is `null`. */
export interface SocialProfile {
  /** The provider's own id of the user. */
  readonly id: string;
  readonly name: string | null;
  readonly email: string | null;
  /** The URL of a picture. */
  readonly picture: string | null;
  /** As it came. */
  readonly raw: unknown;
}

/** Where each provider's answer to "who is this?" has what. Others are read as OpenID Connect has it. */
const PLACES: Readonly<Record<string, readonly [id: string, name: string, email: string, picture: string]>> = {
  kakao: ["id", "kakao_account.profile.nickname", "kakao_account.email", "kakao_account.profile.profile_image_url"],
  naver: ["response.id", "response.name", "response.email", "response.profile_image"],
  oidc: ["sub", "name", "email", "picture"],
};

/**
 * Brings a profile into one shape, for `exchange({ provider, token, profile: socialProfile(provider, profile) })`. Knows `google`
 * (and whoever else has OpenID Connect's standard claims, Core section 5.1), `kakao` and `naver`.
 *
 * @throws TypeError if the profile has no id where this provider's have one.
 */
export function socialProfile(provider: string, raw: unknown): SocialProfile {
  const at = (place: string): string | null => {
    let found = raw;
    for (const key of place.split(".")) found = (found as Record<string, unknown> | null | undefined)?.[key];
    return typeof found === "string" ? found : typeof found === "number" ? String(found) : null;
  };
  const [id, name, email, picture] = PLACES[provider] ?? PLACES["oidc"]!;
  const known = at(id);
  if (!known) throw new TypeError(`relatch: a profile of ${provider} has its id at "${id}", and there is none`);
  return { id: known, name: at(name), email: at(email), picture: at(picture), raw };
}
