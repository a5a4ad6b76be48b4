"use client";
/**
 * @packageDocumentation What `next-auth/react` exports, on top of relatch: change the import. Speaks to Auth.js (`next-auth` v5 and
 * v4, `@auth/express` and its like). `docs/next-auth.md` lists what is different.
 */
import { createElement, useMemo, type ReactElement, type ReactNode } from "react";
import { createSession } from "./index.js";
import { SessionProvider as Provider, useSession as useRelatch } from "./react.js";
import type { Contract } from "./contract.js";
import type { RelatchError } from "./errors.js";
import type { SessionClient, SessionData } from "./types.js";

// So that an application may declare its session in `relatch` without importing that.
export type { Register } from "./index.js";

/** The session as Auth.js gives it: what `Register` declares. */
export type Session = SessionData;

/** A provider as Auth.js tells of it. */
export interface ClientSafeProvider {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly signinUrl: string;
  readonly callbackUrl: string;
  readonly redirectTo?: string;
}

/** What `signIn` takes; everything else in it is sent as a field. */
export interface SignInOptions extends Record<string, unknown> {
  /** Where to go after it. Default: the present page. */
  readonly redirectTo?: string;
  /** The name of the same in v4. */
  readonly callbackUrl?: string;
  /** Whether to go there. Default `true`; `false` for credentials and email only. */
  readonly redirect?: boolean;
}

/** How a sign-in without a redirect ended. */
export interface SignInResponse {
  readonly error: string | undefined;
  readonly code: string | undefined;
  readonly status: number;
  /** `false` whenever there is an `error`. */
  readonly ok: boolean;
  readonly url: string | null;
}

export interface SignOutParams {
  readonly redirectTo?: string;
  readonly callbackUrl?: string;
  /** Whether to go there. Default `true`. */
  readonly redirect?: boolean;
}

/** What {@link useSession} answers. */
export type SessionContextValue =
  | { readonly update: UpdateSession; readonly data: Session; readonly status: "authenticated" }
  | { readonly update: UpdateSession; readonly data: null; readonly status: "unauthenticated" | "loading" };

/** Reads the session anew, or gives `data` to the server's `jwt` callback. */
export type UpdateSession = (data?: unknown) => Promise<Session | null>;

export interface UseSessionOptions {
  readonly required?: boolean;
  /** Default: goes to the sign-in page. */
  readonly onUnauthenticated?: () => void;
}

export interface SessionProviderProps {
  readonly children?: ReactNode;
  readonly session?: Session | null;
  readonly baseUrl?: string;
  /** Default `/api/auth`. */
  readonly basePath?: string;
  /** In seconds. Default 0: never. */
  readonly refetchInterval?: number;
  /** Default `true`. */
  readonly refetchOnWindowFocus?: boolean;
  /** Default `true`. */
  readonly refetchWhenOffline?: false;
}

interface Auth {
  readonly base: string;
  readonly client: SessionClient;
}

const clients = new Map<string, Auth>();
let current = "/api/auth";

/** v5 hears the header, v4 the field. A refusal says so in a URL; an empty object is nobody. */
function contractOf(base: string, provider = "credentials"): Contract {
  const own = { encoding: "form", headers: { "x-auth-return-redirect": "1" }, extra: { json: "true" } } as const;
  return {
    baseUrl: base,
    session: { path: "/session", user: "" },
    signIn: { ...own, path: `/callback/${provider}`, refused: [401, { at: "url", has: "error=" }, { at: "url", has: "csrf=true" }] },
    signOut: { ...own, path: "/signout", refused: [{ at: "url", has: "error=" }, { at: "url", has: "csrf=true" }] },
    access: { by: "cookie" },
    user: { id: "user.email" },
    csrf: { path: "/csrf", at: "csrfToken", field: "csrfToken" },
  };
}

function authOf(base = current): Auth {
  const found = clients.get(base);
  if (found) return found;
  const made = { base, client: createSession({ contract: contractOf(base), mapSession: (session) => session as SessionData }) };
  clients.set(base, made);
  return made;
}

const json = async (path: string, init?: RequestInit): Promise<Record<string, unknown> | null> => {
  const response = await fetch(authOf().base + path, { cache: "no-store", ...init });
  return response.ok ? ((await response.json()) as Record<string, unknown>) : null;
};

/** The provider of one client for each base path, as relatch's own: see `relatch/react`. */
export function SessionProvider(props: SessionProviderProps): ReactElement {
  const { baseUrl = "", basePath = "/api/auth", refetchOnWindowFocus = true, refetchWhenOffline = true, ...rest } = props;
  const auth = useMemo(() => authOf((current = baseUrl + basePath)), [baseUrl, basePath]);
  return createElement(Provider, { ...rest, refetchOnWindowFocus, refetchWhenOffline, client: auth.client });
}

export function useSession(options?: UseSessionOptions & { readonly required: true }): SessionContextValue;
export function useSession(options?: UseSessionOptions): SessionContextValue;
export function useSession({ required, onUnauthenticated }: UseSessionOptions = {}): SessionContextValue {
  const toSignIn = (): void => {
    const query = new URLSearchParams({ error: "SessionRequired", callbackUrl: location.href });
    location.href = `${current}/signin?${query}`;
  };
  const { status, data } = useRelatch({ required, onUnauthenticated: onUnauthenticated ?? toSignIn });
  return useMemo(() => ({ status, data: status === "authenticated" ? data : null, update }) as SessionContextValue, [status, data]);
}

/** The session, `null` if nobody is signed in; the last one known where the server cannot be reached. */
export async function getSession(): Promise<Session | null> {
  const { client } = authOf();
  try {
    return await client.get();
  } catch {
    return client.getState().data;
  }
}

export async function getCsrfToken(): Promise<string> {
  return String((await json("/csrf"))?.["csrfToken"] ?? "");
}

export async function getProviders(): Promise<Record<string, ClientSafeProvider> | null> {
  return (await json("/providers")) as Record<string, ClientSafeProvider> | null;
}

const update: UpdateSession = async (data) => {
  const { client } = authOf();
  if (data !== undefined) {
    const body = JSON.stringify({ csrfToken: await getCsrfToken(), data });
    await json("/session", { method: "POST", headers: { "content-type": "application/json" }, body });
  }
  return client.update();
};

/** Goes somewhere, also where only what follows the `#` differs. */
function go(url: string): void {
  location.href = url;
  if (url.includes("#")) location.reload();
}

export async function signIn(
  provider?: string,
  options: SignInOptions = {},
  authorizationParams?: string | string[][] | Record<string, string> | URLSearchParams,
): Promise<SignInResponse | undefined> {
  const { redirect = true, redirectTo, callbackUrl = redirectTo ?? location.href, ...fields } = options;
  const { base, client } = authOf();
  const providers = await getProviders();
  if (!providers) return void go(`${base}/error`);
  const known = provider === undefined ? undefined : providers[provider];
  if (!known) return void go(`${base}/signin?${new URLSearchParams({ callbackUrl })}`);
  if (known.type === "credentials") {
    const response = await enter(base, client, known.id, { ...fields, callbackUrl });
    if (redirect && response.ok) go(callbackUrl);
    else if (redirect) go(`${base}/signin?${new URLSearchParams({ error: response.error!, ...(response.code && { code: response.code }) })}`);
    return redirect ? undefined : response;
  }
  const body = new URLSearchParams({ ...(fields as Record<string, string>), csrfToken: await getCsrfToken(), callbackUrl, json: "true" });
  const answer = await json(`/signin/${known.id}?${new URLSearchParams(authorizationParams)}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", "x-auth-return-redirect": "1" },
    body,
  });
  const url = typeof answer?.["url"] === "string" ? answer["url"] : `${base}/error`;
  if (redirect || known.type !== "email") return void go(url);
  return responseOf(url, 200);
}

async function enter(base: string, client: SessionClient, provider: string, fields: Record<string, unknown>): Promise<SignInResponse> {
  // A provider of another name has another path. Both clients share lock and stamp, as two tabs do.
  const other = provider !== "credentials" && createSession({ contract: contractOf(base, provider) });
  try {
    await (other || client).signIn(fields);
    if (other) await client.refresh();
    return { error: undefined, code: undefined, status: 200, ok: true, url: String(fields["callbackUrl"]) };
  } catch (error) {
    const { code, status, answer } = error as RelatchError;
    if (code !== "BadCredentials") throw error;
    return responseOf(String((answer as { url?: unknown } | undefined)?.url ?? ""), status ?? 401);
  } finally {
    if (other) other.dispose();
  }
}

/** What Auth.js says in a URL. */
function responseOf(url: string, status: number): SignInResponse {
  const query = new URLSearchParams(url.split("?")[1]);
  const error = query.get("error") ?? (query.has("csrf") ? "MissingCSRF" : status === 200 ? undefined : "CredentialsSignin");
  return { error, code: query.get("code") ?? undefined, status, ok: !error, url: error ? null : url };
}

export async function signOut(options: SignOutParams = {}): Promise<{ url: string } | undefined> {
  const { redirect = true, redirectTo, callbackUrl = redirectTo ?? location.href } = options;
  await authOf().client.signOut();
  // Auth.js follows its own origin only, and so does this.
  const target = new URL(callbackUrl, location.href);
  const url = target.origin === location.origin ? target.href : location.origin;
  if (!redirect) return { url };
  go(url);
  return undefined;
}
