"use client";
/**
 * @packageDocumentation What `next-auth/react` exports, on top of relatch: change the import. Speaks to Auth.js (`next-auth` v5 and
 * v4, `@auth/express` and its like). `docs/next-auth.md` lists what is different.
 */
import { createElement, useMemo, type ReactElement, type ReactNode } from "react";
import { createSession, RelatchError } from "./index.js";
import { SessionProvider as Provider, useSession as useRelatch } from "./react.js";
import type { Contract } from "./contract.js";
import type { Transport } from "./options.js";
import type { Register, SessionClient, SessionData } from "./types.js";

// So that an application may declare its session in `relatch` without importing that.
export type { Register } from "./index.js";

// Where `next-auth` is not installed, this is `any`, and the session is the default one.
/** @ts-ignore */
type AuthSession = import("next-auth").Session;

/** What Auth.js gives by default. */
export interface DefaultSession {
  user?: { id?: string; name?: string | null; email?: string | null; image?: string | null };
  expires: string;
}

/** The session as Auth.js gives it: what `Register` declares, else the `Session` of `next-auth`, else {@link DefaultSession}. */
export type Session = Register extends { session: infer Declared } ? Declared : 0 extends 1 & AuthSession ? DefaultSession : AuthSession;

/** A provider as Auth.js tells of it. */
export interface ClientSafeProvider {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly signinUrl: string;
  readonly callbackUrl: string;
  readonly redirectTo: string;
}

/** What `signIn` takes; everything else in it is sent as a field. */
export interface SignInOptions<Redirect extends boolean = true> extends Record<string, unknown> {
  /** Where to go after it, on this origin. Default: the present page. */
  readonly redirectTo?: string;
  /** The name of the same in v4. */
  readonly callbackUrl?: string;
  /** Whether to go there. Default `true`. */
  readonly redirect?: Redirect;
}

/** Parameters of the request to the provider. */
export type SignInAuthorizationParams = string | string[][] | Record<string, string> | URLSearchParams;

/** How a sign-in without a redirect ended. */
export interface SignInResponse {
  readonly error: string | undefined;
  readonly code: string | undefined;
  readonly status: number;
  /** `false` whenever there is an `error`. */
  readonly ok: boolean;
  readonly url: string | null;
}

export interface SignOutParams<Redirect extends boolean = true> {
  readonly redirectTo?: string;
  readonly callbackUrl?: string;
  /** Whether to go there. Default `true`. */
  readonly redirect?: Redirect;
}

export interface SignOutResponse {
  readonly url: string;
}

interface Authenticated {
  readonly update: UpdateSession;
  readonly data: Session;
  readonly status: "authenticated";
}

interface Nobody<Status> {
  readonly update: UpdateSession;
  readonly data: null;
  readonly status: Status;
}

/** What {@link useSession} answers. */
export type SessionContextValue<R extends boolean = false> = R extends true
  ? Authenticated | Nobody<"loading">
  : Authenticated | Nobody<"unauthenticated" | "loading">;

/** Reads the session anew, or gives `data` to the server's `jwt` callback. */
export type UpdateSession = (data?: unknown) => Promise<Session | null>;

export interface UseSessionOptions<R extends boolean> {
  readonly required: R;
  /** Default: goes to the sign-in page. */
  readonly onUnauthenticated?: () => void;
}

/** Which events a session is read for. There is nothing to choose here: other tabs hear of what changes. */
export interface GetSessionParams {
  readonly event?: string;
  readonly triggerEvent?: boolean;
  readonly broadcast?: boolean;
}

export interface SessionProviderProps {
  readonly children?: ReactNode;
  readonly session?: Session | null;
  /** The server's origin, for what is rendered there. A page asks its own. */
  readonly baseUrl?: string;
  /** Default `/api/auth`. With a slash at its end all paths have one: for an application with Next's `trailingSlash`. */
  readonly basePath?: string;
  /** In seconds. Default 0: never. */
  readonly refetchInterval?: number;
  /** Default `true`. */
  readonly refetchOnWindowFocus?: boolean;
  /** Default `true`. */
  readonly refetchWhenOffline?: false;
}

/** A session that is to be read anew, perhaps with data for the server's `jwt` callback. */
interface Update {
  readonly data: unknown;
  /** Aborted when nobody waits for it any more. */
  readonly over: AbortSignal;
}

interface Auth {
  readonly base: string;
  readonly client: SessionClient;
  readonly updates: Update[];
}

/** Has v5 answer with a URL instead of going there. */
const AS_JSON = { "x-auth-return-redirect": "1" };

const clients = new Map<string, Auth>();
let current = "/api/auth";

/** What all paths end with. */
const endOf = (base: string): string => (base.endsWith("/") ? "/" : "");

/** Where something of Auth.js is. */
const at = (base: string, path: string, query = ""): string => base.replace(/\/$/, "") + path + endOf(base) + query;

/**
 * v5 hears the header, v4 the field. A refusal says so in a URL, which else is where to go: told none, it is one that a cookie
 * remembers, which may have an error in it that was shown long ago. An empty object is nobody.
 */
function contractOf(base: string): Contract {
  const own = { encoding: "form", headers: AS_JSON, extra: { json: "true", callbackUrl: "/" } } as const;
  const end = endOf(base);
  const refused = [{ at: "url", has: "?error=" }, { at: "url", has: "&error=" }, { at: "url", has: "csrf=true" }];
  return {
    baseUrl: base,
    session: { path: `/session${end}`, user: "" },
    signIn: { path: `/callback${end}`, refused: [401, ...refused] },
    signOut: { ...own, path: `/signout${end}`, refused },
    access: { by: "cookie" },
    user: { id: "user.email" },
    csrf: { path: `/csrf${end}`, at: "csrfToken", field: "csrfToken" },
  };
}

/** What Auth.js has besides a contract: a path for each credentials provider, and data for a session that is read. */
const transportOf = (updates: Update[]): Transport => ({
  async request(operation, fields) {
    if (operation === "signIn") return (fields as unknown as { send: () => Promise<Response> }).send();
    const update = operation === "refresh" && updates.shift();
    if (!update || update.data === undefined) return undefined;
    const body = JSON.stringify({ csrfToken: await proofFor(update.over), data: update.data });
    return ask("/session", { method: "POST", headers: { "content-type": "application/json" }, body });
  },
});

function authOf(base = current): Auth {
  const found = clients.get(base);
  if (found) return found;
  const updates: Update[] = [];
  const transport = transportOf(updates);
  const client = createSession({ contract: contractOf(base), transport, mapSession: (session) => session as SessionData });
  const made = { base, client, updates };
  clients.set(base, made);
  // Before anybody asks: what other tabs know may be of whoever was signed in before.
  if (hasLeft(base)) void client.refresh().catch(() => {});
  // They take over what the tab has read that says so.
  channelOf()?.addEventListener("message", () => void client.refresh().catch(() => {}));
  return made;
}

const LEFT = "relatch:left:";

/** Notes that the page is left for a provider, from which somebody else may come back. */
function leave(base: string): void {
  try {
    sessionStorage.setItem(LEFT + base, "1");
  } catch {
    // A page without a storage.
  }
}

/** Whether this tab has come back. */
function hasLeft(base: string): boolean {
  try {
    const left = sessionStorage.getItem(LEFT + base);
    sessionStorage.removeItem(LEFT + base);
    return left !== null;
  } catch {
    return false;
  }
}

let channel: BroadcastChannel | undefined;

/** The channel by which `next-auth/react` says that a session was updated. A page has it, a server does not. */
const channelOf = (): BroadcastChannel | undefined =>
  (channel ??= globalThis.document && globalThis.BroadcastChannel && new BroadcastChannel("next-auth"));

const ask = (path: string, init?: RequestInit, query?: string): Promise<Response> =>
  fetch(at(authOf().base, path, query), { cache: "no-store", redirect: "manual", ...init }).catch((cause: unknown) => {
    throw new RelatchError("Network", { temporary: true, cause });
  });

/** Throws what the server says instead of what was asked for. */
async function json<T>(path: string): Promise<T> {
  const response = await ask(path);
  const answer: unknown = response.ok && (await response.json().catch(() => undefined));
  if (answer) return answer as T;
  throw new RelatchError(response.status >= 500 ? "TryLater" : "BadResponse", { status: response.status, temporary: true });
}

const csrfToken = async (): Promise<string> => (await json<{ csrfToken: string }>("/csrf")).csrfToken;

/** The proof may come when the core has given up, and somebody else has the lock. */
async function proofFor(over: AbortSignal): Promise<string> {
  const token = await csrfToken();
  if (over.aborted) throw new RelatchError("Timeout", { temporary: true });
  return token;
}

const post = (
  path: string,
  params: SignInAuthorizationParams | undefined,
  fields: Record<string, unknown>,
  signal: AbortSignal,
): Promise<Response> =>
  ask(
    path,
    { method: "POST", signal, headers: AS_JSON, body: new URLSearchParams({ ...(fields as Record<string, string>), json: "true" }) },
    `?${new URLSearchParams(params)}`,
  );

/** The provider of one client for each base path, as relatch's own: see `relatch/react`. */
export function SessionProvider(props: SessionProviderProps): ReactElement {
  const { baseUrl = "", basePath = "/api/auth", session, refetchOnWindowFocus = true, refetchWhenOffline = true, ...rest } = props;
  // As in next-auth, `baseUrl` is for the server: a page asks its own origin.
  const base = (globalThis.document ? "" : baseUrl) + basePath;
  const auth = useMemo(() => authOf((current = base)), [base]);
  const known = session as SessionData | null | undefined;
  return createElement(Provider, { ...rest, session: known, refetchOnWindowFocus, refetchWhenOffline, client: auth.client });
}

export function useSession<R extends boolean>(options?: UseSessionOptions<R>): SessionContextValue<R> {
  const toSignIn = (): void => {
    const query = new URLSearchParams({ error: "SessionRequired", callbackUrl: location.href });
    location.href = at(current, "/signin", `?${query}`);
  };
  const { status, data } = useRelatch({ required: options?.required, onUnauthenticated: options?.onUnauthenticated ?? toSignIn });
  return useMemo(() => ({ status, data: status === "authenticated" ? data : null, update }) as unknown as SessionContextValue<R>, [status, data]);
}

/** The session, `null` if nobody is signed in; the last one known where the server cannot be reached. */
export async function getSession(_params?: GetSessionParams): Promise<Session | null> {
  const { client } = authOf();
  return (await client.get().catch(() => client.getState().data)) as Session | null;
}

/** The CSRF token, empty if it cannot be had. */
export const getCsrfToken = (): Promise<string> => csrfToken().catch(() => "");

/** The providers that the server offers, `null` if it does not say. */
export const getProviders = (): Promise<Record<string, ClientSafeProvider> | null> =>
  json<Record<string, ClientSafeProvider>>("/providers").catch(() => null);

const update: UpdateSession = async (data) => {
  const { client, updates } = authOf();
  // What has been sent is not given up: the server may have rotated a token.
  const over = new AbortController();
  const own = { data, over: over.signal };
  updates.push(own);
  try {
    // It goes in a turn under the lock, since the server may rotate a token of its own. A turn that takes over what another tab
    // has read sends nothing.
    let session = await client.refresh();
    while (session && updates.includes(own)) session = await client.refresh();
    channelOf()?.postMessage({ event: "session", data: { trigger: "getSession" } });
    return session as Session | null;
  } finally {
    over.abort();
    if (updates.includes(own)) updates.splice(updates.indexOf(own), 1);
  }
};

/** Goes somewhere, also where only what follows the `#` differs. */
function go(url: string): void {
  location.href = url;
  if (url.includes("#")) location.reload();
}

/** Where to go afterwards, if that is on this origin. */
function ownPlace({ redirectTo, callbackUrl }: { redirectTo?: string; callbackUrl?: string }): string | undefined {
  const { href, origin } = new URL(redirectTo ?? callbackUrl ?? location.href, location.href);
  return origin === location.origin ? href : undefined;
}

/** A place that cannot be taken for a refusal: a page of the application's may have been opened with one. */
function withoutRefusal(place: string): string {
  const url = new URL(place);
  for (const name of ["error", "csrf"]) if (url.searchParams.has(name)) url.searchParams.delete(name);
  return url.href;
}

/**
 * Signs in with a provider, or goes to the page that offers them.
 *
 * @throws RelatchError `ForeignRedirect` if it is to go to another origin afterwards; `Network`, `TryLater`, … if the server could
 *   not say.
 */
export function signIn(provider?: string, options?: SignInOptions, authorizationParams?: SignInAuthorizationParams): Promise<void>;
export function signIn(provider?: string, options?: SignInOptions<false>, authorizationParams?: SignInAuthorizationParams): Promise<SignInResponse>;
export async function signIn(
  provider = "",
  options: SignInOptions<boolean> = {},
  params?: SignInAuthorizationParams,
): Promise<SignInResponse | void> {
  const { redirect = true, redirectTo: _, ...fields } = options;
  const place = ownPlace(options);
  if (!place) throw new RelatchError("ForeignRedirect", { message: "redirectTo (callbackUrl) has to be on this page's origin." });
  const callbackUrl = withoutRefusal(place);
  const { base, client } = authOf();
  const providers = await json<Record<string, ClientSafeProvider>>("/providers");
  const { type, id } = providers[provider] ?? {};
  if (!id) return go(at(base, "/signin", `?${new URLSearchParams({ callbackUrl })}`));
  // Passkeys are another conversation: `next-auth/webauthn`.
  if (type === "webauthn") throw new RelatchError("NotSupported");
  // Given up for good when the core gives up: a late cookie would come over that of whoever has signed in since.
  const over = new AbortController();
  let url = "";
  let status = 0;
  const send = async (): Promise<Response> => {
    const kind = type === "credentials" ? "callback" : "signin";
    const given = { ...fields, callbackUrl, csrfToken: await proofFor(over.signal) };
    const response = await post(`/${kind}/${id}`, params, given, over.signal);
    const answer = (await response.clone().json().catch(() => null)) as { url?: unknown } | null;
    [url, status] = [String(answer?.url ?? ""), response.status];
    return response;
  };
  if (type === "credentials") {
    // Under the lock, since it sets the cookie that other tabs read.
    await client
      .signIn({ send })
      .catch((error: RelatchError) => {
        if (error.code !== "BadCredentials") throw error;
      })
      .finally(() => over.abort());
  } else {
    await send();
    url ||= at(base, "/error");
    leave(base);
  }
  if (redirect) return go(url || callbackUrl);
  return responseOf(url, status);
}

/** What Auth.js says in a URL. */
function responseOf(url: string, status: number): SignInResponse {
  const query = new URLSearchParams(url.split("?")[1]);
  const error = query.get("error") ?? (query.has("csrf") ? "MissingCSRF" : status < 400 ? undefined : "CredentialsSignin");
  return { error, code: query.get("code") ?? undefined, status, ok: !error, url: error ? null : url };
}

/** Signs out in every tab, and goes to `redirectTo` if that is on this origin, else to the origin. */
export function signOut(options?: SignOutParams): Promise<void>;
export function signOut(options?: SignOutParams<false>): Promise<SignOutResponse>;
export async function signOut(options: SignOutParams<boolean> = {}): Promise<SignOutResponse | void> {
  await authOf().client.signOut();
  const url = ownPlace(options) ?? location.origin;
  return options.redirect === false ? { url } : go(url);
}
