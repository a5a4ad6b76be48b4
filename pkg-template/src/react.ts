"use client";
/** @packageDocumentation relatch for React 18 and newer. */
import {
  createContext,
  createElement,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type ReactElement,
  type ReactNode,
} from "react";
import { defaultSession, followDefault } from "./core.js";
import { nextChange, nothing, Store } from "./store.js";
import type { SessionClient, SessionData, SessionState } from "./types.js";

/** What a {@link SessionProvider} takes. */
export interface SessionProviderProps {
  readonly children?: ReactNode;
  /** The client of `createSession()`. Default: the one of `configure()`. Two providers may have two clients. */
  readonly client?: SessionClient | undefined;
  /**
   * What the server knows: the session's data, or `null` if nobody is signed in. The first paint shows it, and so does
   * the page until its client knows for itself. Default: nothing is known, and the page begins with `loading`.
   */
  readonly session?: SessionData | null | undefined;
  /** How often a visible page with somebody signed in reads the session's data anew, in seconds. Default 0: never. */
  readonly refetchInterval?: number | undefined;
  /** Whether it does so when it is shown again. Default `false`: what other tabs do is heard in any case. */
  readonly refetchOnWindowFocus?: boolean | undefined;
  /** Whether it tries to while the browser is offline. Default `false`. */
  readonly refetchWhenOffline?: boolean | undefined;
}

/** What {@link useSession} can be asked for. */
export interface UseSessionOptions {
  /** Whether the component is for signed-in users only: the status is `loading` while nobody is signed in. */
  readonly required?: boolean | undefined;
  /**
   * What to do when `required` and nobody is signed in, such as to go to the sign-in page. Called once each time, and again if
   * `Activity` hides the component and shows it.
   */
  readonly onUnauthenticated?: (() => void) | undefined;
  /**
   * Whether to suspend while the status is `loading`. If it cannot be found out (no network), the component throws the
   * `RelatchError` to the nearest error boundary. On a server without a `session` it renders the boundary's fallback.
   */
  readonly suspense?: boolean | undefined;
}

/**
 * The state of the session, and `update()`, which reads its data anew. A component is rendered anew when a field changes
 * that it has read while rendering, and for no other.
 */
export type UseSession<Status extends SessionState["status"] = SessionState["status"]> = Extract<
  SessionState,
  { readonly status: Status }
> & { readonly update: () => Promise<SessionData | null> };

/** Timers beyond this fire at once (HTML, timers: 32 bits), in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

const Context = createContext<Store | undefined>(undefined);

/**
 * Gives the components in it a session. It sends nothing by itself: the first `useSession` does.
 *
 * @throws RelatchError `NotConfigured` without a `client` and without `configure()`.
 */
export function SessionProvider(props: SessionProviderProps): ReactElement {
  const { session, refetchInterval = 0, refetchOnWindowFocus, refetchWhenOffline, children } = props;
  const read = (): SessionClient => props.client ?? defaultSession();
  const client = useSyncExternalStore(followDefault, read, read);
  const store = useMemo(() => new Store(client, session), [client]);

  useEffect(() => store.hear(session), [store, session]);

  useEffect(() => {
    const refetch = (): void => {
      const isOffline = !refetchWhenOffline && navigator.onLine === false;
      if (document.visibilityState !== "hidden" && !isOffline) store.refetch();
    };
    const every = Math.min(refetchInterval * 1000, LONGEST_TIMER);
    const timer = every > 0 ? setInterval(refetch, every) : undefined;
    if (refetchOnWindowFocus) document.addEventListener("visibilitychange", refetch);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", refetch);
    };
  }, [store, refetchInterval, refetchOnWindowFocus, refetchWhenOffline]);

  return createElement(Context.Provider, { value: store }, children);
}

/** The session of the nearest {@link SessionProvider}. */
export function useSession(options: UseSessionOptions & { readonly required: true }): UseSession<"authenticated" | "loading">;
export function useSession(
  options: UseSessionOptions & { readonly suspense: true; readonly required?: false | undefined },
): UseSession<"authenticated" | "unauthenticated">;
export function useSession(options?: UseSessionOptions): UseSession;
export function useSession({ required, onUnauthenticated, suspense }: UseSessionOptions = {}): UseSession {
  const store = useStore();
  const [read] = useState(() => new Set<keyof SessionState>());
  if (required || suspense) read.add("status");
  // A render sees the newest state; after it, a change that it has not read is none.
  let rendered: SessionState | undefined;
  const keep = (next: SessionState): SessionState =>
    rendered && [...read].every((field) => rendered![field] === next[field]) ? rendered : (rendered = next);
  let state = useSyncExternalStore(store.subscribe, () => keep(store.getState()), () => keep(store.first));

  const isOut = required === true && state.status === "unauthenticated";
  // What the server has said may be of a request without the cookie, or of a while ago.
  const isSure = useSyncExternalStore(store.subscribe, () => isOut && store.client.getState().status === "unauthenticated", () => false);
  const told = useRef(0);
  useEffect(() => {
    if (!isSure) return;
    if (!told.current++) onUnauthenticated?.();
    // StrictMode runs this again at once, which is the same time. `Activity` does when it shows the component again.
    return () => queueMicrotask(() => told.current--);
  }, [isSure]);

  if (suspense && state.status === "loading") state = known(store);
  return useMemo(() => track(state, isOut, read, store), [state, isOut, read, store]);
}

/**
 * `fetch` as the signed-in user, of the nearest {@link SessionProvider}'s client: see `SessionClient.fetch`. The same
 * function for as long as the client is the same.
 */
export function useAuthFetch(): typeof globalThis.fetch {
  return useStore().client.fetch;
}

/** The client of the nearest {@link SessionProvider}. */
export function useSessionClient(): SessionClient {
  return useStore().client;
}

function useStore(): Store {
  const store = useContext(Context);
  if (!store) throw new Error("relatch: put a <SessionProvider> around the components that use the session");
  return store;
}

/** The state once it is known; suspends before that. */
function known(store: Store): SessionState {
  if (typeof window === "undefined") {
    throw new Error("relatch: useSession({ suspense: true }) has no session on this server; give SessionProvider one");
  }
  const state = store.getState();
  if (state.status !== "loading") return state;
  if (!state.error || state.refreshing) throw nextChange(store.client);
  // Nothing else tries again for a component that is not there, where it is the module that could not start.
  queueMicrotask(() => store.client.get().catch(nothing));
  throw state.error;
}

/** The state behind getters that note what is read. */
function track(state: SessionState, isOut: boolean, read: Set<keyof SessionState>, store: Store): UseSession {
  const shown = isOut ? { ...state, status: "loading", reason: null } : state;
  const session = { update: store.update };
  for (const field of Object.keys(state) as (keyof SessionState)[]) {
    const get = (): unknown => {
      const now = store.getState();
      // Who was handed the object, or a handler, may be the first to read a field, which has changed since: then it is rendered anew.
      const isLate = !read.has(field) && state[field] !== now[field];
      if (isLate) queueMicrotask(store.tell);
      read.add(field);
      return isLate && !isOut && now.status === state.status ? now[field] : shown[field];
    };
    Object.defineProperty(session, field, { get, enumerable: true });
  }
  return session as UseSession;
}
