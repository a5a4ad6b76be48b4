import { auth } from "./lib/auth";

export const proxy = auth.proxy;

// Every page and `/auth/*`; not the API, which the browser calls with a bearer of its own, and no files. A dot is
// no sign of a file: what `protect` lists would not be protected under `/account/5.x`.
export const config = { matcher: ["/((?!api/|_next/|favicon\\.ico$|robots\\.txt$|sitemap\\.xml$).*)"] };
