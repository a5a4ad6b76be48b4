// The example server: examples/server, in Rust.
import { cookieRefresh } from "../presets.mjs";
import { startExample } from "../stage.mjs";
import { USER } from "../../backend.mjs";

export default {
  name: "the example server",
  start: startExample,
  contract: cookieRefresh({ baseUrl: "/auth" }),
  credentials: USER,
  wrong: { ...USER, password: "wrong" },
  user: { email: USER.email },
  renewal: "POST /auth/refresh",
  expires: true,
  refusal: 401,
  nobody: { path: "/auth/session", status: 401 },
};
