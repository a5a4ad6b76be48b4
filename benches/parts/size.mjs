// What an application downloads: a bundle of the peer's file, that is sign-in, session and calls, without React.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolder } from "../../tests/backend.mjs";
import { brotli, bundle } from "../stage.mjs";

/** The module as it stands in a bundle: the only text of its length (`xtask/src/printable.rs`). */
const MODULE = /(["'`])[^"'`\\]{10000,}\1/;
const REACT = ["react", "react-dom", "react/jsx-runtime"];

export async function measure({ peers, say }) {
  const rows = {};
  for (const peer of peers) {
    say(peer.title);
    const source = await bundle(`export * from ${JSON.stringify(peer.file)}`, REACT);
    rows[peer.name] = { total: brotli(source).length };
    if (!peer.isOurs) continue;
    const module = readFileSync(join(packageFolder, "relatch.wasm"));
    const script = Buffer.from(Buffer.from(source).toString().replace(MODULE, '""'));
    const withReact = await bundle(`export * from ${JSON.stringify(peer.file)}; export { SessionProvider, useAuthFetch, useSession } from "relatch/react"`, REACT);
    Object.assign(rows[peer.name], {
      javascript: brotli(script).length,
      module: brotli(module).length,
      react: brotli(withReact).length - brotli(source).length,
    });
  }
  return rows;
}
