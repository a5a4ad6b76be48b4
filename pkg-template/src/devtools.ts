/** @packageDocumentation A panel that shows what a session does: `<relatch-devtools>`. Has no framework and no part in the core. */
import { RelatchDevtoolsElement } from "./devtools-element.js";
import type { SessionClient } from "./types.js";

export type { RelatchDevtoolsElement };

/** How the panel begins. */
export interface DevtoolsOptions {
  /** Default: as the system has it. */
  readonly theme?: "light" | "dark" | undefined;
  /** Whether it is open. Default: as it was left in this tab, at first a pill in the corner. */
  readonly open?: boolean | undefined;
}

const NAME = "relatch-devtools";

/**
 * Makes `<relatch-devtools>` known to the page. Its attributes are those of {@link DevtoolsOptions}, its property `client` is
 * the session. May be called again, and does nothing on a server.
 */
export function defineDevtools(): void {
  if (!globalThis.customElements || customElements.get(NAME)) return;
  customElements.define(NAME, RelatchDevtoolsElement);
}

/** Puts the panel of a session on the page. Returns a function that takes it away again. */
export function showDevtools(client: SessionClient, options: DevtoolsOptions = {}): () => void {
  if (!globalThis.customElements) return () => {};
  defineDevtools();
  const element = document.createElement(NAME) as RelatchDevtoolsElement;
  if (options.theme) element.setAttribute("theme", options.theme);
  if (options.open) element.open = true;
  element.client = client;
  (document.body ?? document.documentElement).append(element);
  return () => element.remove();
}

declare global {
  interface HTMLElementTagNameMap {
    "relatch-devtools": RelatchDevtoolsElement;
  }
}
