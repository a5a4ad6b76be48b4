/** What the entries share: everything but the bytes of the WebAssembly module. Not an entry of its own. */
export { authFetch, defaultSession, getSession, makeDefault, signIn, signOut, subscribe } from "./default.js";
export { isRelatchError, RelatchError } from "./errors.js";
export { cookieRefresh } from "./cookie-refresh.js";
export { makeSession } from "./session.js";
