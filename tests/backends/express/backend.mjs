// A backend in Express as tutorials write it.
import { cookieRefresh } from "../presets.mjs";
import { startServer } from "../stage.mjs";

export default {
  name: "Express",
  start: () => startServer("express/server.mjs"),
  contract: cookieRefresh({
    baseUrl: "/",
    refresh: { path: "/refresh", method: "GET" },
    session: { path: "/me", user: "" },
    signIn: { path: "/auth" },
    exchange: undefined,
    signOut: { path: "/logout", method: "GET" },
    user: { id: "username" },
    api: { expired: [401, 403] },
  }),
  credentials: { user: "ada", pwd: "lovelace" },
  wrong: { user: "ada", pwd: "wrong" },
  user: { username: "ada" },
  renewal: "GET /refresh",
  expires: true,
  refusal: 403,
  lifeSeconds: 15,
  nobody: { path: "/refresh", status: 401 },
};
