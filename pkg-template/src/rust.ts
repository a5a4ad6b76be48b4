/**
 * The JavaScript side for applications that are written in Rust, whose own module has the core in it. `cargo xtask build`
 * bundles it into `src/web/session.js` of the crate.
 */
import { cookieRefresh } from "./cookie-refresh.js";
import type { SessionOptions } from "./options.js";
import { openSession, type CoreClass } from "./session.js";
import type { SessionClient } from "./types.js";

export { cookieRefresh };

/** Makes a session; `core` makes a core of a contract and what is lent to it. */
export function createSession(options: SessionOptions, core: (...given: unknown[]) => object): SessionClient {
  function Core(...given: unknown[]): object {
    return core(...given);
  }
  return openSession(options, () => Promise.resolve(Core as unknown as CoreClass));
}
