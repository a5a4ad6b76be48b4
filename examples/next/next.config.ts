import type { NextConfig } from "next";

const backend = process.env.BACKEND_URL ?? "http://localhost:4460";

export default {
  // The browser's API calls go through this site, so that there is one origin. `/auth/*` is answered by proxy.ts.
  rewrites: async () => [{ source: "/api/:path*", destination: `${backend}/api/:path*` }],
} satisfies NextConfig;
