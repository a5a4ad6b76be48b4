/**
 * More calls than a browser has on their way to a server at once: six over HTTP/1.1, a hundred or two over HTTP/2 (RFC 9113
 * section 6.5.2 wants no limit below a hundred; Chromium's own, `kMaxConcurrentStreamLimit`, is this). What is sent beyond
 * waits in the browser, with a token that may be refused by then.
 */
const MOST = 256;

/** Calls that are on their way, and those that wait for one of them to be answered. */
export class Queue {
  #unanswered = 0;
  readonly #waiting: (() => void)[] = [];

  get isFull(): boolean {
    return this.#unanswered >= MOST;
  }

  /** Counts a call that is sent until it is answered. */
  count(sent: Promise<Response>): Promise<Response> {
    this.#unanswered++;
    sent.then(this.#end, this.#end);
    return sent;
  }

  /** Waits until the session has moved, or for a turn where there is none. */
  wait(moved: Promise<void>, signal: AbortSignal | null | undefined): Promise<void> {
    if (!this.isFull) return abortable(moved, signal);
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    return abortable(turn, signal).catch((reason: unknown) => {
      // Its turn will come, or has come, and nobody uses it: another goes now.
      this.next();
      throw reason;
    });
  }

  /** The session has moved: whoever waits for a turn asks again. */
  flush(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Gives a turn to whoever waits longest. */
  next(): void {
    this.#waiting.shift()?.();
  }

  readonly #end = (): void => {
    this.#unanswered--;
    this.next();
  };
}

/** Waits for a promise, or until the caller's signal aborts. The promise itself goes on for all others. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
