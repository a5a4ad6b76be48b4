// Auth.js v5.
import { authjs } from "../presets.mjs";
import { startServer } from "../stage.mjs";

export default {
  name: "Auth.js",
  start: () => startServer("authjs/server.mjs"),
  contract: authjs({ baseUrl: "/auth" }),
  credentials: { email: "ada@example.com", password: "lovelace" },
  wrong: { email: "ada@example.com", password: "wrong" },
  user: { email: "ada@example.com" },
  renewal: "GET /auth/session",
  refusal: 401,
  nobody: { path: "/auth/session", body: "null" },
};
