import init, { Client } from "../generated/relatch.js";
import { WASM } from "../generated/wasm.js";
import { RelatchError } from "./errors.js";

let started: Promise<typeof Client> | undefined;

/**
 * Starts the module, once for all clients of a page. A start that failed is forgotten, so that the next call tries
 * again.
 */
export function load(): Promise<typeof Client> {
  started ??= start().catch((cause: unknown) => {
    started = undefined;
    throw new RelatchError("ModuleUnavailable", { cause, temporary: true });
  });
  return started;
}

async function start(): Promise<typeof Client> {
  await init({ module_or_path: decode(WASM) });
  return Client;
}

/** Hex: it compresses better than base64. */
function decode(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16);
  return bytes;
}
