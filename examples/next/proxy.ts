import { auth } from "./lib/auth";

export const proxy = auth.proxy;

// Every page and `/auth/*`; not the API, which the browser calls with a bearer of its own, and no files.
export const config = { matcher: ["/((?!api/|_next/|.*\\.).*)"] };
