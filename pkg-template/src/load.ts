import { Client, imports, link } from "../generated/relatch.js";
import { RelatchError } from "./errors.js";
import type { ModuleSource } from "./types.js";

let started: Promise<typeof Client> | undefined;

/**
 * Starts the module, once for all clients of a page. A start that failed is forgotten, so that the next call tries
 * again.
 */
export function load(source: ModuleSource): Promise<typeof Client> {
  started ??= start(source).catch((cause: unknown) => {
    started = undefined;
    throw cause instanceof RelatchError ? cause : new RelatchError("ModuleUnavailable", { cause, temporary: true });
  });
  return started;
}

async function start(source: ModuleSource): Promise<typeof Client> {
  const given = await source();
  const made = await WebAssembly.instantiate(given as WebAssembly.Module, imports());
  link((made as unknown as Partial<WebAssembly.WebAssemblyInstantiatedSource>).instance ?? made);
  return Client;
}
