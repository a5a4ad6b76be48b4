// oidc-client-ts with refresh tokens, kept in `localStorage` so that tabs and reloads find them.
import { UserManager, WebStorageStateStore } from "oidc-client-ts";

export const about = {
  title: "oidc-client-ts",
  packages: ["oidc-client-ts"],
  setUp: "`getUser()`, and `signinSilent()` by refresh token where `user.expired`; `localStorage`; single flight is ours",
  lacks: "a fetch for calls, so a retry on 401, and anything between tabs; its refresh token is in `localStorage`",
  looksAtClock: true,
  retries: false,
};

export function open() {
  const at = location.origin;
  const manager = new UserManager({
    authority: at,
    client_id: "bench",
    redirect_uri: at,
    scope: "openid profile email offline_access",
    userStore: new WebStorageStateStore({ store: localStorage }),
    metadata: { issuer: `${at}/`, token_endpoint: `${at}/oauth/token`, authorization_endpoint: `${at}/authorize` },
  });
  let flight;
  const renew = () => (flight ??= manager.signinSilent().finally(() => (flight = undefined)));
  const current = async () => {
    const user = await manager.getUser();
    return user?.expired ? renew() : user;
  };
  return {
    signIn: ({ email, password }) =>
      manager.signinResourceOwnerCredentials({ username: email, password, skipUserInfo: true }).then((user) => manager.storeUser(user)),
    async call(input, init) {
      const user = await current();
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
      headers.set("authorization", `Bearer ${user?.access_token}`);
      return fetch(input, { ...init, headers });
    },
  };
}
