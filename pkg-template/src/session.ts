import type { Client, Host } from "../generated/relatch.js";
import { readAnswer, type Found } from "./answer.js";
import { openAuthFetch } from "./auth-fetch.js";
import { attempt, tell } from "./callbacks.js";
import { pageUrl } from "./call.js";
import { compose, csrfToken, limitOf, prepare } from "./compose.js";
import { checkContract, resolveContract, toldOf, writeContract, type Sign } from "./contract.js";
import { RelatchError } from "./errors.js";
import type { SessionOptions } from "./options.js";
import { canShare, openTabs, type Tabs } from "./tabs.js";
import { errorOf, isGiven, NONE, OPERATIONS, recorded, stateOf, type Problem } from "./told.js";
import type { Credentials, SessionClient, SessionData, SessionState, SignOutResult } from "./types.js";

// What the core is told (`hint` in `src/web/client.rs`).
const BEGIN = 0;
const TICK = 1;
const SHOWN = 2;
const HIDDEN = 3;
const LEAVING = 4;
const RESTORED = 5;
const ONLINE = 6;
const DISPOSE = 7;
/** From here on it is an operation that is asked for. */
const ASK = 8;
// Operations by their numbers, which are their places in `OPERATIONS`.
const REFRESH = 0;
const READ_SESSION = 1;
const SIGN_IN = 2;
const EXCHANGE = 3;
const SIGN_OUT = 4;

/** The longest pause before a module that could not start is tried again, in milliseconds. */
const LONGEST_PAUSE_MS = 60_000;

/** What the application has asked for. */
interface Asked {
  /** To be sent, and kept no longer than until then, or until the server has taken the proof of origin beside it. */
  fields: Credentials | undefined;
  readonly settle: (error: RelatchError | null) => void;
}

const INITIAL: SessionState = {
  status: "loading",
  data: null,
  reason: null,
  freshness: "fresh",
  error: null,
  refreshing: false,
};

/** What the module calls a client. */
export type CoreClass = typeof Client;

/** Makes a session, whose core is started when it is needed. */
export function openSession(options: SessionOptions, startCore: () => Promise<CoreClass>): SessionClient {
  const flat = checkContract(options?.contract);
  const exposes = options.exposeAccessToken === true;
  const { transport } = options;
  let client: Client | undefined;
  let booting: Promise<Client> | undefined;
  let tabs: Tabs | undefined;
  let disposed = false;
  let failures = 0;
  let asks = 0;
  const asked = new Map<number, Asked>();
  /** What the newest answer to a sign-in says that brought no token. */
  let answer: unknown;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let contract = flat;
  let state = INITIAL;
  const listeners = new Set<(state: SessionState) => void>();
  const cleanups: (() => void)[] = [];

  const change = (next: SessionState, isGiven = false): void => {
    const last = state;
    state = next;
    if (next.error !== last.error && next.error?.code === "Misconfigured") console.error(next.error);
    tell(options, last, next, isGiven);
    for (const listener of [...listeners]) if (listeners.has(listener)) attempt(() => listener(state));
  };

  /** An error: the same one as long as the problem is. */
  const errorFrom = (next: RelatchError): RelatchError => {
    const { error } = state;
    const isSame = error?.code === next.code && error.status === next.status && error.retryAfterMs === next.retryAfterMs;
    return isSame ? error : next;
  };

  let mapped: { readonly user: unknown; readonly text: string; readonly data: object; shown?: object } | undefined;

  /** A session's data: the same object while nothing in them changes. */
  const dataOf = (user: unknown): SessionData => {
    const text = JSON.stringify(user);
    if (!mapped || mapped.text !== text) {
      const own = options.mapSession && attempt(() => options.mapSession!(user));
      mapped = { user, text, data: own ?? { user } };
    }
    if (!exposes) return mapped.data as SessionData;
    const last = state.data as { accessToken?: string } | null;
    const accessToken = (client?.header() as string | undefined)?.slice("Bearer ".length) ?? last?.accessToken;
    const isSame = last && last === mapped.shown && last.accessToken === accessToken;
    return (isSame ? last : (mapped.shown = { ...mapped.data, accessToken })) as SessionData;
  };

  /** A token that another tab has fetched comes without any other change. */
  const expose = (): void => {
    if (state.status !== "authenticated" || disposed || !mapped) return;
    const data = dataOf(mapped.user);
    if (data !== state.data) change({ ...state, data });
  };

  const tab = Math.random().toString(36).slice(2, 8);

  /** Numbers of the recorder (`src/core/record/numbers.rs`), with its records from the one counted `since`. */
  const numbers = (since: number): Uint32Array | undefined => client?.record(globalThis.navigator?.onLine !== false, since);

  const host = {
    recorded: (): void => attempt(() => options.onRecords!(session)),
    publish(bits: number, problem: Problem | null, user: unknown): void {
      calls.forget();
      const told = stateOf(bits);
      const data = told.status === "authenticated" ? dataOf(user) : null;
      if (!data) mapped = undefined;
      change({ ...told, data, error: problem && errorFrom(errorOf(problem)) } as SessionState, isGiven(bits));
    },
    resume(): void {
      calls.move();
      if (exposes) queueMicrotask(expose);
    },
    settle(ask: number, problem: Problem | null): void {
      asked.get(ask)?.settle(problem && errorOf(problem, answer));
      asked.delete(ask);
    },
    arm(delay: number): void {
      clearTimeout(timer);
      timer = delay < 0 ? undefined : setTimeout(() => client?.hint(TICK, 0), delay);
    },
    compose(operation: number, ask: number, refreshToken: string | undefined, key: bigint, needsProof: boolean): Promise<unknown> {
      const by = asked.get(ask);
      const fields = by?.fields;
      if (by && (needsProof || !(contract["csrf.refused"] as readonly Sign[]).length)) by.fields = undefined;
      return composed(OPERATIONS[operation]!, fields, refreshToken, key, needsProof).catch((error: unknown) => [, , , (error as Partial<Response> | undefined)?.status]);
    },
    async read(response: Response, operation: number, isPage: boolean): Promise<Found> {
      const isSessions = operation === READ_SESSION || (operation === REFRESH && contract["bySession"] === true);
      // By name: WebKit rejects with a `DOMException`, the others with JavaScript's own `SyntaxError`.
      const json: unknown = isPage ? undefined : await response.json().catch((error: Error) => {
        if (error?.name !== "SyntaxError") throw error;
      });
      const found = readAnswer(contract, response, json, isSessions);
      if (operation === SIGN_IN || operation === EXCHANGE) answer = found[1] ? undefined : json;
      return found;
    },
  };

  /** What sends an operation, or has sent it. Rejects with `{ status }` where a proof cannot be had. */
  const composed = async (
    group: (typeof OPERATIONS)[number],
    fields: Credentials | undefined,
    refreshToken: string | undefined,
    key: bigint,
    needsProof: boolean,
  ): Promise<unknown> => {
    const limit = limitOf(contract, group);
    const carried = await transport?.request(group, fields, refreshToken);
    if (carried) return [, , carried];
    const more: Record<string, string> = {};
    const headers: Record<string, string> = {};
    if (refreshToken !== undefined && /^(refresh|signOut)$/.test(group)) more[String(contract["refresh.field"])] = refreshToken;
    const { "csrf.header": header, "csrf.field": field } = contract;
    if ((header || field) && contract[`${group}.method`] !== "GET") {
      const token = await csrfToken(contract, needsProof);
      if (token !== undefined && header) headers[header as string] = token;
      if (token !== undefined && field) more[field as string] = token;
    }
    // A string of structured fields (RFC 9651 section 3.3.3), as the Internet-Draft on `Idempotency-Key` has it.
    const keyHeader = contract[`${group}.idempotencyHeader`];
    if (keyHeader) headers[keyHeader as string] = `"${key.toString(16).padStart(16, "0")}"`;
    return prepare(contract, group, compose(contract, group, fields, more, headers), limit);
  };

  const listen = (target: EventTarget | undefined, type: string, act: (event: Event) => void): void => {
    target?.addEventListener?.(type, act);
    cleanups.push(() => target?.removeEventListener?.(type, act));
  };

  const start = async (): Promise<Client> => {
    const isMine = (flat["access.refreshToken"] as string[]).length > 0;
    const shared = canShare() && !isMine;
    const resolved = resolveContract(flat, pageUrl());
    if (shared) tabs = openTabs(String(resolved["refresh.path"]), () => client);
    const Core = await startCore();
    if (disposed) throw new RelatchError("Disposed");
    if (!shared && !isMine && globalThis.location) {
      console.info("relatch: no Web Locks or IndexedDB here (an insecure origin?), so each tab works on its own");
    }
    contract = resolved;
    const live = new Core(writeContract(contract, shared), { ...host, ...tabs } as Host, Math.min(options.records ?? 256, 65535), !!options.onRecords);
    client = live;
    calls.start(live, contract);
    const doc = globalThis.document as Document | undefined;
    const look = (): void => live.hint(doc?.visibilityState === "hidden" ? HIDDEN : SHOWN, 0);
    listen(doc, "visibilitychange", look);
    listen(globalThis, "pagehide", () => live.hint(LEAVING, 0));
    listen(globalThis, "pageshow", (event) => (event as PageTransitionEvent).persisted && live.hint(RESTORED, 0));
    listen(globalThis, "online", () => live.hint(ONLINE, 0));
    look();
    return live;
  };

  const boot = (): Promise<Client> => {
    if (disposed) return Promise.reject(new RelatchError("Disposed"));
    if (!booting && state.error) change({ ...state, refreshing: true });
    booting ??= start().catch((error: unknown) => {
      booting = undefined;
      tabs?.close();
      const known = errorFrom(error instanceof RelatchError ? error : new RelatchError("ModuleUnavailable", { cause: error }));
      if (!disposed) change({ ...state, error: known, refreshing: false });
      // Whoever shows the session makes no call that would try again.
      clearTimeout(timer);
      if (listeners.size) timer = setTimeout(() => listeners.size && begin(), Math.min(1000 * 2 ** failures++, LONGEST_PAUSE_MS));
      throw known;
    });
    return booting;
  };

  /** Finds out whether somebody is signed in. What keeps it from that is in the state. */
  const begin = (): void => void boot().then((live) => live.hint(BEGIN, 0), () => {});

  /** Asks for an operation. Resolves with what kept it from being done, if anything did. */
  const ask = async (operation: number, fields?: Credentials): Promise<RelatchError | null> => {
    // What reads the session does what the contract has instead, a refresh.
    if (operation > READ_SESSION && flat[`${OPERATIONS[operation]!}.path`] === undefined) throw new RelatchError("NotSupported");
    const live = await boot();
    return new Promise((settle) => {
      asked.set(++asks, { fields, settle });
      live.hint(ASK + operation, asks);
    });
  };

  /** An operation that leaves a session, or `null` if it turns out to have ended. */
  const renew = async (operation: number): Promise<SessionData | null> => {
    const error = await ask(operation);
    if (error && error.code !== "SessionEnded") throw error;
    return state.data;
  };

  // No async function, which would keep the fields for as long as it waits.
  const enter = (operation: number, fields: Credentials): Promise<SessionData> => {
    try {
      // What cannot be sent is the caller's mistake, not the network's. A form takes anything.
      if (!transport && flat[`${OPERATIONS[operation]!}.encoding`] !== "form") JSON.stringify(fields);
    } catch (error) {
      return Promise.reject(error);
    }
    return ask(operation, fields ?? {}).then((error) => {
      if (error) throw error;
      const data = state.data as SessionData;
      attempt(() => options.onSignIn?.(data));
      return data;
    });
  };

  const calls = openAuthFetch(flat, transport, boot);

  const session: SessionClient = {
    fetch: calls.fetch,
    getState: () => state,
    async get() {
      const live = await boot();
      live.hint(BEGIN, 0);
      while (state.status === "loading") {
        if (disposed) throw new RelatchError("Disposed");
        if (state.error && !state.refreshing) throw state.error;
        await calls.moved();
      }
      return state.data;
    },
    signIn: (credentials) => enter(SIGN_IN, credentials),
    exchange: (fields) => enter(EXCHANGE, fields),
    async signOut(): Promise<SignOutResult> {
      const error = await ask(SIGN_OUT);
      return { confirmed: !error, error };
    },
    refresh: () => renew(REFRESH),
    update: () => renew(READ_SESSION),
    subscribe(listener) {
      listeners.add(listener);
      begin();
      listener(state);
      return () => void listeners.delete(listener);
    },
    inspect() {
      const [, , had, left, due, , , , , , generation = 0, , isOwn] = numbers(NONE) ?? [];
      const source = recorded(had) === null ? null : isOwn ? "own" : "tab";
      return { generation, expiresInMs: recorded(left), dueInMs: recorded(due), source };
    },
    record: (since) => ({ tab, isDisposed: disposed, contract: toldOf(flat), numbers: numbers(since) }),
    dispose() {
      if (disposed) return;
      disposed = true;
      calls.end();
      listeners.clear();
      clearTimeout(timer);
      for (const clean of cleanups.splice(0)) clean();
      client?.hint(DISPOSE, 0);
      tabs?.close();
    },
  };
  return session;
}
