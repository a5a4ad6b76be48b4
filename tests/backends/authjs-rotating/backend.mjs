// Auth.js v5 that rotates the refresh token of another backend, and calls that backend for its pages.
import { authjs } from "../presets.mjs";
import { startRotating } from "../stage.mjs";

const preset = authjs({ baseUrl: "/auth" });

export default {
  name: "Auth.js that rotates a refresh token",
  start: () => startRotating("authjs-rotating/server.mjs"),
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
  nobody: { path: "/auth/session", body: "null" },
};
