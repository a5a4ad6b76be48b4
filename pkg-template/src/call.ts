/** Prepares one call so that it can be sent, and sent once more. Decides nothing. */

type Input = RequestInfo | URL;

const isA = (value: unknown, kind: string): boolean =>
  typeof value === "object" && Object.prototype.toString.call(value) === `[object ${kind}]`;

const isRequest = (input: unknown): input is Request => isA(input, "Request");

/** A `RequestInit` that is not a plain object may inherit its members (a `Request` given as `init` does). */
const isPlain = (init: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(init);
  return prototype === Object.prototype || prototype === null;
};

/** Names and values in a plain object, the commonest form of headers. */
const isRecord = (headers: HeadersInit): headers is Record<string, string> => isPlain(headers) && !(Symbol.iterator in headers);

const isAuthorization = (name: string): boolean => name.length === 13 && name.toLowerCase() === "authorization";

/** What relative URLs are relative to. */
export const pageUrl = (): string | undefined => globalThis.document?.baseURI ?? globalThis.location?.href;

/** Firefox loses `keepalive` on the way from one Request to another. Any option resets the referrer, so that goes along. */
const keepalive = ({ keepalive, referrer, referrerPolicy }: Request): RequestInit => ({ keepalive, referrer, referrerPolicy });

/** A call to `fetch`, kept until it has settled. */
export class Call {
  url: string;
  /** Whether `url` was made by the platform's own parser. */
  isAbsolute: boolean;
  /** What `url` is relative to, as of when the call was made. */
  readonly base: string | undefined;
  /** Whether the body is a stream, which cannot be sent twice. */
  readonly isOnce: boolean;
  /** Which call of the page it is. */
  id = 0;
  #input: Request | string;
  /** The caller's, until it has been sent; from then on a copy. */
  #init: RequestInit | undefined;
  #isSent = false;
  #isHeld = false;
  #spare: Request | undefined;
  /** The caller's headers, where they are neither a plain object nor a list: a copy that is read once. */
  #own: Headers | undefined;

  constructor(input: Input, init: RequestInit | undefined) {
    this.isOnce = isA(init?.body, "ReadableStream");
    if (init && !isPlain(init)) {
      input = new Request(input, init);
      init = undefined;
    }
    this.#init = init ?? undefined;
    const absolute = isRequest(input) ? input.url : input instanceof URL ? input.href : undefined;
    this.isAbsolute = absolute !== undefined;
    this.url = absolute ?? String(input);
    this.#input = isRequest(input) ? input : this.url;
    this.base = this.isAbsolute ? undefined : pageUrl();
  }

  get signal(): AbortSignal | null | undefined {
    return this.#init?.signal ?? (isRequest(this.#input) ? this.#input.signal : undefined);
  }

  get method(): string {
    return this.#init?.method ?? (isRequest(this.#input) ? this.#input.method : "GET");
  }

  /** Whether it is to outlive the page. */
  get keepalive(): boolean | undefined {
    return this.#init?.keepalive ?? (isRequest(this.#input) && this.#input.keepalive);
  }

  /** Whether it changes something (RFC 9110 section 9.2.1). */
  get isUnsafe(): boolean {
    return !/^(GET|HEAD|OPTIONS)$/i.test(this.method);
  }

  /** Whether the caller has brought a credential of its own. */
  get hasAuthorization(): boolean {
    const headers = this.#init?.headers ?? (isRequest(this.#input) ? this.#input.headers : undefined);
    if (!headers) return false;
    if (isRecord(headers)) return Object.keys(headers).some(isAuthorization);
    if (Array.isArray(headers)) return headers.some(([name]) => isAuthorization(String(name)));
    if (headers instanceof Headers) return headers.has("authorization");
    return (this.#own = new Headers(headers)).has("authorization");
  }

  /** Sends it as it is. */
  sendBare(): Promise<Response> {
    return fetch(this.#input, this.#own ? { ...this.#init, headers: this.#own } : this.#init);
  }

  /** What it was made with, whatever has become of the document's base. */
  get #target(): Request | string {
    return this.#spare ?? (this.#isSent && !this.isAbsolute ? new URL(this.url, this.base).href : this.#input);
  }

  /** Takes over a call without a body that could change, which needs no `Request`. */
  #freeze(): boolean {
    try {
      this.#input = this.url = new URL(this.url, this.base).href;
    } catch {
      // `Request` says in its own words what is wrong.
      return false;
    }
    this.isAbsolute = true;
    this.#init = { ...this.#init, headers: this.#withHeaders(this.#own ?? this.#init?.headers, {}) };
    return true;
  }

  /** Takes over what it was made with, as `fetch` does at once, before a wait. */
  hold(): void {
    if (this.#isHeld) return;
    const body = this.#init?.body;
    if (!isRequest(this.#input) && typeof (body ?? "") === "string" && this.#freeze()) return;
    this.#isHeld = true;
    const init = this.#init && ({ ...this.#init, headers: this.#own ?? this.#init.headers } as RequestInit);
    // WebKit's Request would read the caller's bytes only when it is sent.
    if (ArrayBuffer.isView(body) || isA(body, "ArrayBuffer")) init!.body = new Blob([body as BlobPart]);
    const target = this.#target;
    const held = (this.#input = new Request(target, isRequest(target) && target.keepalive ? { ...keepalive(target), ...init } : init));
    this.#spare = this.#init = undefined;
    this.url = held.url;
    this.isAbsolute = true;
  }

  /** Sends it with the credential. A body is copied only where it is part of a `Request`. */
  send(more: Readonly<Record<string, string>>): Promise<Response> {
    const init = this.#init;
    const input = this.#target;
    this.#isSent = true;
    if (!isRequest(input)) {
      return fetch(input, (this.#init = { ...init, headers: this.#withHeaders(init?.headers, more) }));
    }
    const hasBody = !this.isOnce && !/^(GET|HEAD)$/.test(input.method);
    this.#spare = hasBody ? input.clone() : input;
    if (init) return fetch(input, (this.#init = { ...init, headers: this.#withHeaders(init.headers ?? input.headers, more) }));
    // A Request of our own: the caller's stays as it is, and nobody can read the header from it. One that was held is ours already.
    const own = this.#isHeld ? input : new Request(input);
    for (const name of Object.keys(more)) own.headers.set(name, more[name]!);
    if (!hasBody) this.#spare = own;
    const given = this.#input as Request;
    return given.keepalive && !own.keepalive ? fetch(own, keepalive(given)) : fetch(own);
  }

  /** A copy of the caller's headers, with ours. */
  #withHeaders(headers: HeadersInit | undefined, more: Readonly<Record<string, string>>): HeadersInit {
    // The caller has no Authorization, but may have any other of them, by its name in other letters.
    const isBearer = headers !== undefined && Object.keys(more).every(isAuthorization);
    if (headers === undefined || (isBearer && isRecord(headers))) return { ...headers, ...more };
    if (isBearer && Array.isArray(headers)) {
      const kept = headers.filter(([name]) => !isAuthorization(String(name)));
      // The caller may change its pairs as well as its list.
      return [...kept.map(([...pair]) => pair), ...Object.entries(more)] as [string, string][];
    }
    const own = (this.#own ??= new Headers(headers));
    for (const name of Object.keys(more)) own.set(name, more[name]!);
    return own;
  }
}

let canStream: boolean | undefined;

/** Whether the platform sends a stream as a body. One that does not would send the text `[object ReadableStream]`. */
export function sendsStreams(): boolean {
  canStream ??= !new Request("data:,", { method: "POST", body: new ReadableStream(), duplex: "half" } as RequestInit).headers.has(
    "content-type",
  );
  return canStream;
}
