import { createNextSession } from "relatch/next";
import { contract } from "./contract";

/** The session on the server: for pages, route handlers, actions and proxy.ts. */
export const auth = createNextSession({
  contract,
  baseUrl: `${process.env.BACKEND_URL ?? "http://localhost:4460"}/auth`,
  refreshCookie: "relatch_site",
  ...(process.env.SITE_ORIGIN && { origin: process.env.SITE_ORIGIN }),
  protect: ["/account/:path*"],
  signInPage: "/sign-in",
});
