import type { Contract } from "./contract.js";

/** What a preset takes: where the backend is, and whatever differs. */
export type PresetOptions = Partial<Contract> & Pick<Contract, "baseUrl">;

/**
 * The backend that relatch is made for: `POST {baseUrl}/refresh` without a body, the refresh token in an `httpOnly`
 * cookie, answered by `{ accessToken, expiresIn, user }`. An application spreads it and changes what differs.
 */
export function cookieRefresh(options: PresetOptions): Contract {
  return {
    refresh: { path: "/refresh" },
    session: { path: "/session" },
    signIn: { path: "/login" },
    exchange: { path: "/social-login" },
    signOut: { path: "/logout" },
    ...options,
  };
}
