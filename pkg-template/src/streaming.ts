/** @packageDocumentation `relatch` for those who host `relatch.wasm` themselves: it is streamed, not inlined. */
import { makeDefault, makeSession, RelatchError } from "./core.js";
import type { SessionOptions } from "./options.js";
import type { SessionClient } from "./types.js";

/** What a session is made of whose module is hosted. */
export interface StreamingOptions extends SessionOptions {
  /**
   * Where `relatch.wasm` of the same version of the package is hosted: a URL, or a path from the page. On another origin
   * it needs CORS. Served as `application/wasm` it compiles while it arrives; as anything else it is compiled afterwards,
   * with a warning on the console.
   */
  readonly wasmUrl: string | URL;
}

/**
 * Makes a session with a backend. Returns at once: the module is fetched beside the first request. Where it cannot be
 * had, that request fails with `ModuleUnavailable` (with the answer's `status`, if there was one), and the next one
 * tries again.
 *
 * @throws RelatchError `InvalidContract`, naming every mistake in the contract with its path.
 */
export const createSession = (options: StreamingOptions): SessionClient =>
  makeSession(options, () => download(options.wasmUrl));

/** Makes the default session, which `authFetch` and its like use. A former one is disposed of. */
export const configure = (options: StreamingOptions): SessionClient => makeDefault(createSession(options));

/** A module that has not come in this time is given up, and asked for anew, in milliseconds. */
const DOWNLOAD_MS = 30_000;

async function download(url: string | URL): Promise<WebAssembly.Module | ArrayBuffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_MS) });
  const { ok, status, headers } = response;
  if (!ok) throw new RelatchError("ModuleUnavailable", { status, temporary: status >= 500 });
  if (headers.get("content-type") === "application/wasm") return WebAssembly.compileStreaming(response);
  console.warn("relatch: relatch.wasm is not served as application/wasm, so it compiles only when all of it is there");
  return response.arrayBuffer();
}

export { authFetch, cookieRefresh, getSession, isRelatchError, RelatchError, signIn, signOut, subscribe } from "./core.js";
export type * from "./index.js";
