// next-auth v4 that rotates the refresh token of another backend, and calls that backend for its pages.
import { authjsV4 } from "../presets.mjs";
import { startRotating } from "../stage.mjs";

const preset = authjsV4({ baseUrl: "/api/auth" });

export default {
  name: "next-auth v4 that rotates a refresh token",
  start: () => startRotating("nextauth-rotating/server.mjs"),
  contract: {
    ...preset,
    session: { ...preset.session, none: [{ at: "error", is: "RefreshAccessTokenError" }] },
    api: { expired: [401, 403] },
  },
  credentials: { username: "ada", password: "lovelace" },
  wrong: { username: "ada", password: "wrong" },
  user: { name: "ada" },
  renewal: "upstream GET /refresh",
  expires: true,
  refusal: 403,
  nobody: { path: "/api/auth/session", body: "{}" },
};
