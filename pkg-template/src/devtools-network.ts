/**
 * What the page sends while the panel is there: every `fetch` is noted, and can be kept from the network or be refused as if
 * its token had been revoked. A call that goes straight through leaves no trace in the core, so it is seen here.
 */

/** A request of the page's, without its query, its headers and its body. */
export interface CallRow {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly method: string;
  /** The path; with the origin if that is not the page's own. */
  readonly path: string;
  /** Whether it went with an `Authorization` header. */
  readonly hasToken: boolean;
  /** The statuses of its tries, in their order; 0 for one that got no answer. */
  readonly statuses: readonly number[];
  /** From its first try to the headers of its last answer, in milliseconds; `null` while it is on its way. */
  readonly durationMs: number | null;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Input = RequestInfo | URL;

/** How many calls are kept. */
const MOST_ROWS = 200;
/** A repetition that comes later than this after a refusal is a call of its own, in milliseconds. */
const RETRY_WITHIN_MS = 20_000;

/** Watches `fetch` from `start()` to `stop()`. */
export class Network {
  /** Oldest first. */
  readonly rows: CallRow[] = [];
  #real: typeof globalThis.fetch | undefined;
  #hook: typeof globalThis.fetch | undefined;
  #count = 0;
  #isOffline = false;
  #isExpired: (() => boolean) | undefined;

  start(): void {
    if (this.#hook) return;
    const real = (this.#real = globalThis.fetch);
    // Whoever has wrapped it meanwhile goes on through here, to where it went before, also when it is watched anew above that.
    const hook: typeof globalThis.fetch = (input, init) => (this.#hook === hook ? this.#send(real, input, init) : real(input, init));
    globalThis.fetch = this.#hook = hook;
  }

  stop(): void {
    this.offline = false;
    this.#isExpired = undefined;
    if (globalThis.fetch === this.#hook && this.#real) globalThis.fetch = this.#real;
    this.#hook = this.#real = undefined;
  }

  get offline(): boolean {
    return this.#isOffline;
  }

  /** Whether this tab is cut off. Requests that are on their way already arrive. */
  set offline(value: boolean) {
    if (value === this.#isOffline) return;
    this.#isOffline = value;
    if (value) Object.defineProperty(navigator, "onLine", { configurable: true, get: () => false });
    else Reflect.deleteProperty(navigator, "onLine");
    globalThis.dispatchEvent(new Event(value ? "offline" : "online"));
  }

  /** Answers what carries a token with 401, for as long as `isSame` says that the token is the one of now. */
  expire(isSame: () => boolean): void {
    this.#isExpired = isSame;
  }

  get expired(): boolean {
    if (this.#isExpired && !this.#isExpired()) this.#isExpired = undefined;
    return this.#isExpired !== undefined;
  }

  async #send(real: typeof globalThis.fetch, input: Input, init: RequestInit | undefined): Promise<Response> {
    const row = this.#note(input, init);
    const began = performance.now();
    const before = row.durationMs ?? 0;
    row.durationMs = null;
    let status = 0;
    try {
      // As the platform says it: nothing of the page is to tell the difference.
      if (this.#isOffline) throw new TypeError("Failed to fetch");
      const response = row.hasToken && this.expired ? refusal() : await real(input, init);
      status = response.status;
      return response;
    } finally {
      row.statuses = [...row.statuses, status];
      row.durationMs = before + performance.now() - began;
    }
  }

  /** The row of a call: the one that it repeats after a refusal, or a new one. */
  #note(input: Input, init: RequestInit | undefined): Mutable<CallRow> {
    const request = typeof input === "object" && "method" in input ? input : undefined;
    const method = (init?.method ?? request?.method ?? "GET").toUpperCase();
    const path = pathOf(request?.url ?? String(input));
    const hasToken = carriesToken(init?.headers ?? request?.headers);
    const now = Date.now();
    const refused = this.rows.find(
      (row) =>
        row.statuses.at(-1) === 401 && row.statuses.length < 3 && row.hasToken && hasToken && row.durationMs !== null &&
        row.method === method && row.path === path && now - row.at < RETRY_WITHIN_MS,
    );
    if (refused) return Object.assign(refused, { durationMs: now - refused.at });
    const row = { id: ++this.#count, at: now, method, path, hasToken, statuses: [], durationMs: null };
    this.rows.push(row);
    if (this.rows.length > MOST_ROWS) this.rows.shift();
    return row;
  }
}

/** What a server says to a token that it does not know any more (RFC 6750 section 3). */
const refusal = (): Response =>
  new Response('{"error":"invalid_token"}', {
    status: 401,
    headers: { "content-type": "application/json", "www-authenticate": 'Bearer error="invalid_token"' },
  });

function pathOf(text: string): string {
  try {
    const url = new URL(text, document.baseURI);
    return url.origin === location.origin ? url.pathname : url.origin + url.pathname;
  } catch {
    return "?";
  }
}

/** Whether there is such a header; what is in it is not looked at. */
function carriesToken(headers: HeadersInit | undefined): boolean {
  try {
    return new Headers(headers).has("authorization");
  } catch {
    return false;
  }
}
