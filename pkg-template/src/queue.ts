/**
 * More calls than a browser has on their way to a server at once: six over HTTP/1.1, a hundred or two over HTTP/2 (RFC 9113
 * section 6.5.2 wants no limit below a hundred; Chromium's own, `kMaxConcurrentStreamLimit`, is this). What is sent beyond
 * waits in the browser, with a token that may be refused by then.
 */
const MOST = 256;

/** Calls that are on their way, and those that wait for one of them to be answered. */
export class Queue {
  #unanswered = 0;
  readonly #waiting: ((hasTurn: boolean) => void)[] = [];

  get isFull(): boolean {
    return this.#unanswered >= MOST;
  }

  /** Counts a call that is sent until it is answered. */
  count(sent: Promise<Response>): Promise<Response> {
    this.#unanswered++;
    sent.then(this.#end, this.#end);
    return sent;
  }

  /** Waits until the session has moved, or for a turn where there is none: then it says so, and the turn is to be used or passed on. */
  wait(moved: Promise<void>, signal: AbortSignal | null | undefined): Promise<boolean | void> {
    if (!this.isFull) return abortable(moved, signal);
    let wake!: (hasTurn: boolean) => void;
    const turn = new Promise<boolean>((resolve) => this.#waiting.push((wake = resolve)));
    return abortable(turn, signal).catch((reason: unknown) => {
      const place = this.#waiting.indexOf(wake);
      if (place < 0) this.next();
      else this.#waiting.splice(place, 1);
      throw reason;
    });
  }

  /** The session has moved: whoever waits for a turn asks again. */
  flush(): void {
    for (const wake of this.#waiting.splice(0)) wake(false);
  }

  /** Gives a turn to whoever waits longest. */
  next(): void {
    this.#waiting.shift()?.(true);
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
