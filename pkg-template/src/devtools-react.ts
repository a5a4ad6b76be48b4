"use client";
/** @packageDocumentation The panel of `relatch/devtools` for React 18 and newer. */
import { createElement, useEffect, useRef, type ReactElement } from "react";
import { defineDevtools, type DevtoolsOptions, type RelatchDevtoolsElement } from "./devtools.js";
import { useSessionClient } from "./react.js";
import type { SessionClient } from "./types.js";

/** What {@link SessionDevtools} takes. */
export interface SessionDevtoolsProps extends DevtoolsOptions {
  /** The session to show. Default: that of the nearest `SessionProvider`. */
  readonly client?: SessionClient | undefined;
}

/** A panel at the bottom of the page that shows what the session does. On a server it renders an empty element. */
export function SessionDevtools({ client, ...options }: SessionDevtoolsProps): ReactElement {
  return client ? createElement(Panel, { client, ...options }) : createElement(ProvidersPanel, options);
}

function ProvidersPanel(options: DevtoolsOptions): ReactElement {
  return createElement(Panel, { client: useSessionClient(), ...options });
}

function Panel({ client, theme, open }: DevtoolsOptions & { readonly client: SessionClient }): ReactElement {
  const element = useRef<RelatchDevtoolsElement>(null);
  useEffect(() => {
    defineDevtools();
    element.current!.client = client;
  }, [client]);
  useEffect(() => {
    if (open) element.current!.open = true;
  }, []);
  return createElement("relatch-devtools", { ref: element, theme });
}
