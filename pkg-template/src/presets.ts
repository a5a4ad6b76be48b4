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

/** Auth.js says no in a URL. */
const AUTHJS_REFUSED = [401, { at: "url", has: "error=" }, { at: "url", has: "csrf=true" }] as const;

/**
 * Auth.js v5 (`next-auth@5`, `@auth/express`, …) with a credentials provider: the session is a cookie, and reading it renews it.
 * `baseUrl` is its `basePath`: `/api/auth` in Next, else `/auth`. For a provider of another name than `credentials`, change
 * `signIn.path`.
 */
export function authjs(options: PresetOptions): Contract {
  const headers = { "x-auth-return-redirect": "1" };
  return {
    session: { path: "/session" },
    signIn: { path: "/callback/credentials", encoding: "form", headers, refused: AUTHJS_REFUSED },
    signOut: { path: "/signout", encoding: "form", headers },
    access: { by: "cookie" },
    user: AUTHJS_USER,
    csrf: { path: "/csrf", at: "csrfToken", field: "csrfToken" },
    ...options,
  };
}

/** `next-auth` v4, in the same way. */
export function authjsV4(options: PresetOptions): Contract {
  const extra = { json: "true" };
  return {
    session: { path: "/session" },
    signIn: { path: "/callback/credentials", encoding: "form", extra, refused: AUTHJS_REFUSED },
    signOut: { path: "/signout", encoding: "form", extra },
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
