// next-auth v4.
import { authjsV4 } from "../presets.mjs";
import { startServer } from "../stage.mjs";

export default {
  name: "next-auth v4",
  start: () => startServer("nextauth/server.mjs"),
  contract: authjsV4({ baseUrl: "/api/auth" }),
  credentials: { email: "ada@example.com", password: "lovelace" },
  wrong: { email: "ada@example.com", password: "wrong" },
  user: { email: "ada@example.com" },
  renewal: "GET /api/auth/session",
  refusal: 401,
  nobody: { path: "/api/auth/session", body: "{}" },
};
