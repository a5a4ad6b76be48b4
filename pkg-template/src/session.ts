import type { Client, Host } from "../generated/relatch.js";
import { attempt, tell, type Callbacks } from "./callbacks.js";
import { Call, sendsStreams } from "./call.js";
import { compose, csrfToken, readableCookie } from "./compose.js";
import { checkContract, resolveContract, type Contract, type Sign } from "./contract.js";
import { RelatchError, type RelatchErrorCode } from "./errors.js";
import { load } from "./load.js";
import { canShare, openTabs, type Tabs } from "./tabs.js";
import type { Credentials, Inspection, ModuleSource, SessionClient, SessionData, SessionState, SignOutResult } from "./types.js";

/** What a session is made of. */
export interface SessionOptions extends Callbacks {
  /** The backend. */
  readonly contract: Contract;
  /**
   * Puts the access token on the session's data as `accessToken`, for code that sets `Authorization` by hand. Any script of
   * the page can read it then, and such a call is neither refreshed nor retried. Default `false`.
   */
  readonly exposeAccessToken?: boolean;
  /** Sends requests in another way than the contract describes. `relatch/oidc` is made with it. */
  readonly transport?: Transport;
}

/**
 * Another way for requests, where a contract's data is not enough: proofs of possession, or a credential that something else
 * holds. When a request is made, and what its answer means, stays with the core and the contract.
 */
export interface Transport {
  /**
   * Makes one of the SDK's own requests, under the lock of all tabs. `refreshToken` is there with `access.refreshToken`. A
   * rejection means that no answer came; `{ status }` that this one did, with nothing in it.
   */
  request(
    operation: "signIn" | "exchange" | "refresh" | "session" | "signOut",
    fields: Credentials | undefined,
    refreshToken: string | undefined,
  ): Promise<Response>;
  /**
   * Makes a call that goes with these headers, by its `send`. It may send a second time, unless the body is a stream.
   */
  readonly call?: ((call: TransportCall, headers: Readonly<Record<string, string>>) => Promise<Response>) | undefined;
}

/** A call as a {@link Transport} sees it. */
export interface TransportCall {
  /** As the caller gave it: absolute, or relative to the document. */
  readonly url: string;
  readonly method: string;
  /** Whether it can be sent only once. */
  readonly isOnce: boolean;
  send(headers: Readonly<Record<string, string>>): Promise<Response>;
}

// What the low three bits of the core's answer say (`code` in `src/web/client.rs`).
const PASS = 0;
const SEND = 1;
const BARE = 2;
const WAIT = 3;
const DELIVER = 4;
const RESOLVE = 6;
// What a call tells of itself (`ONCE` and `ABSOLUTE` there).
const ONCE = 1;
const ABSOLUTE = 2;
// What the core is told (`hint` there).
const BEGIN = 0;
const SHOWN = 1;
const HIDDEN = 2;
const LEAVING = 3;
const RESTORED = 4;
const ONLINE = 5;
const DISPOSE = 6;
// What it is asked for (`operation` there).
const SIGN_IN = 0;
const EXCHANGE = 1;
const SIGN_OUT = 2;
const REFRESH = 3;
const READ_SESSION = 4;

interface Problem {
  readonly code: RelatchErrorCode;
  readonly temporary: boolean;
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly answer?: unknown;
}

const errorOf = (problem: Problem): RelatchError => new RelatchError(problem.code, problem);

const INITIAL: SessionState = {
  status: "loading",
  data: null,
  reason: null,
  freshness: "fresh",
  error: null,
  refreshing: false,
};

/** Makes a session, whose module comes from `source` when it is needed. */
export function makeSession(options: SessionOptions, source: ModuleSource): SessionClient {
  const flat = checkContract(options?.contract);
  const exposes = options.exposeAccessToken === true;
  const { transport } = options;
  let client: Client | undefined;
  let booting: Promise<Client> | undefined;
  let tabs: Tabs | undefined;
  let disposed = false;
  let watched: readonly (number | undefined)[] = [];
  let asksBodies = false;
  let contract = flat;
  let base: string | undefined;
  let state = INITIAL;
  const listeners = new Set<(state: SessionState) => void>();
  const cleanups: (() => void)[] = [];

  // The header of one generation, beside the module and out of reach of the page.
  let bearer: Readonly<Record<string, string>> | undefined;
  let bearerGeneration = 0;
  const NOTHING = {};
  const byCookie = flat["access.by"] === "cookie";

  let resume: () => void;
  let moved: Promise<void>;
  const nextMove = (): void => void (moved = new Promise((resolve) => (resume = resolve)));
  nextMove();

  const change = (next: SessionState): void => {
    const last = state;
    state = next;
    if (next.error !== last.error && next.error?.code === "Misconfigured") console.error(next.error);
    tell(options, last, next);
    for (const listener of [...listeners]) attempt(() => listener(state));
  };

  /** The error of a problem: the same one as long as the problem is. */
  const errorFrom = (problem: Problem): RelatchError => {
    const next = errorOf(problem);
    const { error } = state;
    const isSame = error?.code === next.code && error.status === next.status && error.retryAfterMs === next.retryAfterMs;
    return isSame ? error : next;
  };

  let mapped: { readonly user: unknown; readonly text: string; readonly data: object } | undefined;

  /** A session's data: the same object while nothing in them changes. */
  const dataOf = (user: unknown): SessionData => {
    const text = JSON.stringify(user);
    if (mapped?.text !== text) {
      const own = options.mapSession && attempt(() => options.mapSession!(user));
      mapped = { user, text, data: own ?? { user } };
    }
    if (!exposes) return mapped.data as SessionData;
    const last = state.data as { accessToken?: string } | null;
    const accessToken = (client?.header() as string | undefined)?.slice("Bearer ".length) ?? last?.accessToken;
    const data = { ...mapped.data, accessToken };
    return (JSON.stringify(data) === JSON.stringify(last) ? last : data) as SessionData;
  };

  /** A token that another tab has fetched comes without any other change. */
  const expose = (): void => {
    if (state.status !== "authenticated" || disposed || !mapped) return;
    const data = dataOf(mapped.user);
    if (data !== state.data) change({ ...state, data });
  };

  const host = {
    publish(told: SessionState & { problem: Problem | null }, user: unknown): void {
      const { problem, ...rest } = told;
      bearer = undefined;
      const data = rest.status === "authenticated" ? dataOf(user) : null;
      if (!data) mapped = undefined;
      const reason = rest.reason ?? null;
      change({ ...rest, reason, data, error: problem && errorFrom(problem) } as SessionState);
    },
    resume(): void {
      bearer = undefined;
      const wake = resume;
      nextMove();
      wake();
      if (exposes) queueMicrotask(expose);
    },
    compose: async (group: string, fields: Credentials | undefined, refreshToken: string | undefined): Promise<unknown> => {
      if (transport) return transport.request(group as "refresh", fields, refreshToken);
      const more: Record<string, string> = {};
      const headers: Record<string, string> = {};
      if (refreshToken !== undefined && /^(refresh|signOut)$/.test(group)) more[String(contract["refresh.field"])] = refreshToken;
      const { "csrf.header": header, "csrf.field": field } = contract;
      if ((header || field) && contract[`${group}.method`] !== "GET") {
        const token = await csrfToken(contract);
        if (token !== undefined && header) headers[header as string] = token;
        if (token !== undefined && field) more[field as string] = token;
      }
      return compose(contract, group, fields, more, headers);
    },
  };

  const pageUrl = (): string | undefined => globalThis.document?.baseURI ?? globalThis.location?.href;

  const syncPage = (live: Client): void => {
    const now = pageUrl();
    if (now === base) return;
    base = now;
    const origin = now && new URL(now).origin;
    live.setPage(origin === "null" ? undefined : origin);
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
    const Core = await load(source);
    if (disposed) throw new RelatchError("Disposed");
    if (!shared && !isMine && globalThis.location) {
      console.info("relatch: no Web Locks or IndexedDB here (an insecure origin?), so each tab works on its own");
    }
    contract = { ...resolved, shared };
    const live = new Core(contract, { ...host, ...tabs } as Host);
    client = live;
    const signs = contract["api.expired"] as readonly Sign[];
    watched = signs.map(([status]) => status);
    asksBodies = signs.some((sign) => sign.length > 1);
    const doc = globalThis.document as Document | undefined;
    const look = (): void => live.hint(doc?.visibilityState === "hidden" ? HIDDEN : SHOWN);
    listen(doc, "visibilitychange", look);
    listen(globalThis, "pagehide", () => live.hint(LEAVING));
    listen(globalThis, "pageshow", (event) => ((event as PageTransitionEvent).persisted ? live.hint(RESTORED) : look()));
    listen(globalThis, "online", () => live.hint(ONLINE));
    look();
    return live;
  };

  const boot = (): Promise<Client> => {
    if (disposed) return Promise.reject(new RelatchError("Disposed"));
    booting ??= start().catch((error: unknown) => {
      booting = undefined;
      tabs?.close();
      const known = error instanceof RelatchError ? error : new RelatchError("ModuleUnavailable", { cause: error });
      if (!disposed) change({ ...state, error: known });
      throw known;
    });
    return booting;
  };

  /** What a call carries: the header of an answer's generation, fetched from the module once a generation. */
  const credential = (live: Client, call: Call, answer: number): Readonly<Record<string, string>> => {
    const generation = answer >>> 6;
    if (bearer === undefined || bearerGeneration !== generation) {
      const authorization = byCookie ? undefined : (live.header() as string | undefined);
      bearer = authorization === undefined ? NOTHING : { authorization };
      bearerGeneration = generation;
    }
    return contract["csrf.header"] && call.isUnsafe ? withProof(bearer) : bearer;
  };

  const send = (live: Client, call: Call, answer: number): Promise<Response> => {
    const headers = credential(live, call, answer);
    return transport?.call?.(call, headers) ?? call.send(headers);
  };

  const withProof = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
    const token = readableCookie(contract["csrf.cookie"]);
    return token === undefined ? headers : { ...headers, [contract["csrf.header"] as string]: token };
  };

  /** Asks the core about an answer, and tells it what it says if the contract wants to know. */
  const respond = async (live: Client, attempt: number, response: Response): Promise<number> => {
    const json: unknown = asksBodies ? await response.clone().json().catch(() => undefined) : undefined;
    return live.response(attempt, response.status, response.headers.get("www-authenticate") ?? undefined, json);
  };

  const startCall = (live: Client, call: Call): number => {
    if (call.hasAuthorization) return PASS;
    const once = call.isOnce ? ONCE : 0;
    if (!call.isAbsolute) syncPage(live);
    const answer = live.start(call.url, once | (call.isAbsolute ? ABSOLUTE : 0));
    if ((answer & 7) !== RESOLVE) return answer;
    try {
      return live.start(new URL(call.url, pageUrl()).href, once | ABSOLUTE);
    } catch {
      // Not a URL: fetch says so in its own words.
      return PASS;
    }
  };

  const authFetch = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    try {
      const call = new Call(input, init);
      if (!client || disposed) return startLater(call);
      const answer = startCall(client, call);
      switch (answer & 7) {
        case PASS:
        case BARE:
          return call.sendBare();
        case SEND: {
          if (call.isOnce && !sendsStreams()) return Promise.reject(new RelatchError("StreamBodyUnsupported"));
          const live = client;
          return send(live, call, answer).then((response) =>
            watched.includes(response.status)
              ? respond(live, answer >>> 3, response).then((next) => drive(live, call, next, response))
              : response,
          );
        }
        default:
          return drive(client, call, answer);
      }
    } catch (error) {
      return Promise.reject(error);
    }
  };

  /** A call made before the module is there. */
  const startLater = async (call: Call): Promise<Response> => {
    call.hold();
    const live = await abortable(boot(), call.signal);
    return drive(live, call, startCall(live, call));
  };

  /** Does what the core says until the call is delivered or failed. */
  const drive = async (live: Client, call: Call, answer: number, response?: Response): Promise<Response> => {
    for (;;) {
      switch (answer & 7) {
        case PASS:
        case BARE:
          return call.sendBare();
        case SEND:
          if (call.isOnce && !sendsStreams()) throw new RelatchError("StreamBodyUnsupported");
          // Read to its end, not cancelled: cancelling closes an HTTP/1.1 connection, and Chromium's cache, whose entry
          // is then torn from under it, has answered other calls of the same URL with a bare 304.
          response?.arrayBuffer().catch(() => {});
          response = await send(live, call, answer);
          if (!watched.includes(response.status)) return response;
          answer = await respond(live, answer >>> 3, response);
          break;
        case WAIT:
          call.hold();
          await abortable(moved, call.signal);
          answer = live.resume(answer >>> 3);
          break;
        case DELIVER:
          return response!;
        default:
          throw errorOf(live.problem() as Problem);
      }
    }
  };

  /** Asks for an operation, if the contract has it. Resolves with what kept it from being done. */
  const ask = async (operation: number, group?: string, fields?: Credentials): Promise<Problem | undefined> => {
    if (group && flat[`${group}.path`] === undefined) throw new RelatchError("NotSupported");
    const live = await boot();
    return live.ask(operation, fields) as Promise<Problem | undefined>;
  };

  /** An operation that leaves a session, or `null` if it turns out to have ended. */
  const renew = async (operation: number): Promise<SessionData | null> => {
    const problem = await ask(operation);
    if (problem && problem.code !== "SessionEnded") throw errorOf(problem);
    return state.data;
  };

  const enter = async (operation: number, group: string, fields: Credentials): Promise<SessionData> => {
    const problem = await ask(operation, group, fields ?? {});
    if (problem) throw errorOf(problem);
    const data = state.data as SessionData;
    attempt(() => options.onSignIn?.(data));
    return data;
  };

  return {
    fetch: authFetch,
    getState: () => state,
    async get() {
      const live = await boot();
      live.hint(BEGIN);
      while (state.status === "loading") {
        if (state.error && !state.refreshing) throw state.error;
        await moved;
      }
      return state.data;
    },
    signIn: (credentials) => enter(SIGN_IN, "signIn", credentials),
    exchange: (fields) => enter(EXCHANGE, "exchange", fields),
    async signOut(): Promise<SignOutResult> {
      const problem = await ask(SIGN_OUT, "signOut");
      return { confirmed: !problem, error: problem ? errorOf(problem) : null };
    },
    refresh: () => renew(REFRESH),
    update: () => renew(READ_SESSION),
    subscribe(listener) {
      listeners.add(listener);
      boot().then((live) => live.hint(BEGIN), () => {});
      listener(state);
      return () => void listeners.delete(listener);
    },
    inspect: () => (client?.inspect() as Inspection | undefined) ?? { generation: 0, expiresInMs: null, dueInMs: null },
    dispose() {
      if (disposed) return;
      disposed = true;
      bearer = undefined;
      listeners.clear();
      for (const clean of cleanups.splice(0)) clean();
      client?.hint(DISPOSE);
      tabs?.close();
    },
  };
}

/** Waits for a promise, or until the caller's signal aborts. The promise itself goes on for all others. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
