// better-auth.
import { betterAuth } from "../presets.mjs";
import { startServer } from "../stage.mjs";

export default {
  name: "better-auth",
  start: () => startServer("betterauth/server.mjs"),
  contract: betterAuth({ baseUrl: "/api/auth" }),
  credentials: { email: "ada@example.com", password: "lovelace" },
  wrong: { email: "ada@example.com", password: "wrong" },
  user: { email: "ada@example.com" },
  renewal: "GET /api/auth/get-session",
  refusal: 401,
  nobody: { path: "/api/auth/get-session", body: "null" },
};
