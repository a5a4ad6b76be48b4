// auth0-spa-js with rotating refresh tokens in `localStorage`, which is what its documentation offers for reloads, and its
// `createFetcher()` for calls. The sign-in is a custom token exchange, so that the page need not leave.
import { Auth0Client } from "@auth0/auth0-spa-js";

export const about = {
  title: "auth0-spa-js",
  packages: ["@auth0/auth0-spa-js"],
  setUp: "`useRefreshTokens`, `cacheLocation: \"localstorage\"`, `createFetcher().fetchWithAuth()`",
  lacks: "a retry on 401; its refresh token is in `localStorage`",
  looksAtClock: true,
  retries: false,
};

export function open() {
  const client = new Auth0Client({
    domain: location.origin,
    clientId: "bench",
    useRefreshTokens: true,
    cacheLocation: "localstorage",
    authorizationParams: { redirect_uri: location.origin, scope: "openid profile email offline_access" },
  });
  const fetcher = client.createFetcher();
  return {
    signIn: (user) =>
      client.loginWithCustomTokenExchange({
        subject_token: JSON.stringify(user),
        subject_token_type: "urn:relatch:password",
        scope: "openid profile email offline_access",
      }),
    call: (input, init) => fetcher.fetchWithAuth(input, init),
  };
}
