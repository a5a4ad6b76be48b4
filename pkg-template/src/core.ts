/** What the entries share: everything but the bytes of the WebAssembly module. Not an entry of its own. */
import { load } from "./load.js";
import type { SessionOptions } from "./options.js";
import { openSession } from "./session.js";
import type { ModuleSource, SessionClient } from "./types.js";

export { authFetch, defaultSession, followDefault, getSession, makeDefault, signIn, signOut, subscribe } from "./default.js";
export { isRelatchError, RelatchError } from "./errors.js";
export { cookieRefresh } from "./cookie-refresh.js";

/** Makes a session, whose module comes from `source` when it is needed. */
export const makeSession = (options: SessionOptions, source: ModuleSource): SessionClient => openSession(options, () => load(source));
