/** The lock, the stamp and the channel that the tabs of a profile share. Decides nothing: it does what the core says. */

/** What is done when something has come about. */
export interface Listener {
  locked(ticket: number, record: Float64Array, isOwn: boolean): void;
  stamped(ticket: number, written: boolean, record: Float64Array): void;
  stampRead(record: Float64Array): void;
  heard(kind: number, stamp: Float64Array, bearer: string | undefined, left: number | undefined, user: unknown): void;
}

interface Said {
  readonly kind: number;
  readonly stamp: number[];
  readonly bearer?: string | undefined;
  readonly left?: number | undefined;
  readonly user?: unknown;
}

interface Waiting {
  readonly abort: AbortController;
  free: () => void;
}

const NONE = new Float64Array();
/**
 * The form of what tabs exchange. Two versions that differ in it are deaf to each other, but take turns: the lock has one
 * name for all of them.
 */
const FORM = 1;
/** How many numbers a stamp is (`STAMP_LENGTH` in `src/core/wire.rs`). */
const STAMP_LENGTH = 10;
/** A database that does not answer in this time, in milliseconds, is taken for none. */
const STORE_WAIT_MS = 1000;

/** Whether tabs can share here: a secure context, and a store that the next holder of the lock is sure to see. */
export const canShare = (): boolean => {
  try {
    // In a sandboxed frame both may be there, and refuse when they are used.
    return globalThis.origin !== "null" && !!globalThis.navigator?.locks && !!globalThis.indexedDB;
  } catch {
    // Or it may not even look.
    return false;
  }
};

/** What the tabs of one backend share goes by this name. */
export class Tabs {
  readonly #backend: string;
  readonly #name: string;
  readonly #listener: Listener;
  readonly #locks = new Map<number, Waiting>();
  #channel: BroadcastChannel | undefined;
  #db: Promise<IDBDatabase> | undefined;

  /** `store` has been opened while the module was on its way. */
  constructor(backend: string, listener: Listener, store: Promise<IDBDatabase>) {
    this.#backend = backend;
    this.#db = store;
    const name = (this.#name = `relatch:${FORM}:${backend}`);
    this.#listener = listener;
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Partial<Said> | null>) => {
      if (!data || typeof data.kind !== "number" || !Array.isArray(data.stamp)) return;
      const bearer = typeof data.bearer === "string" ? data.bearer : undefined;
      const left = typeof data.left === "number" ? data.left : undefined;
      listener.heard(data.kind, Float64Array.from(data.stamp), bearer, left, data.user);
    };
  }

  lock(ticket: number, steal: boolean): void {
    this.unlock(ticket);
    const abort = new AbortController();
    const waiting: Waiting = { abort, free: () => {} };
    this.#locks.set(ticket, waiting);
    const held = async (): Promise<void> => {
      const record = await this.#read();
      if (abort.signal.aborted) return;
      const freed = new Promise<void>((resolve) => (waiting.free = resolve));
      this.#listener.locked(ticket, record, this.#isOwn(record));
      await freed;
    };
    const options = steal ? { steal } : { signal: abort.signal };
    navigator.locks.request(`relatch:${this.#backend}`, options, held).catch((error: unknown) => {
      // Freed while it was waited for, or robbed: both are known elsewhere. Anything else means that there are no locks.
      const isOurs = abort.signal.aborted || (error as Error | undefined)?.name === "AbortError";
      if (!isOurs) this.#listener.locked(ticket, NONE, false);
    });
  }

  unlock(ticket: number): void {
    const waiting = this.#locks.get(ticket);
    this.#locks.delete(ticket);
    waiting?.abort.abort();
    waiting?.free();
  }

  readStamp(): void {
    void this.#read().then((record) => this.#listener.stampRead(record));
  }

  writeStamp(ticket: number, seen: Float64Array, record: Float64Array): void {
    const task = this.#transact("readwrite", (store, done) => {
      const stands = store.get(this.#name);
      stands.onsuccess = () => {
        const present = (stands.result ?? []) as number[];
        // A record begins with its stamp, and a stamp with its generation.
        const may = present.slice(0, STAMP_LENGTH).join() === seen.join();
        if (may) store.put([...record], this.#name);
        if (may && present[0] !== record[0]) this.#isOwn(record, true);
        done(may ? undefined : present);
      };
    });
    task.then(
      (present) => this.#listener.stamped(ticket, !present, Float64Array.from(present ?? [])),
      // No store: this tab is on its own, under the lock.
      () => this.#listener.stamped(ticket, true, NONE),
    );
  }

  tell(kind: number, stamp: Float64Array, bearer?: string, left?: number, user?: unknown): void {
    this.#channel?.postMessage({ kind, stamp: [...stamp], bearer, left, user } satisfies Said);
  }

  close(): void {
    for (const ticket of [...this.#locks.keys()]) this.unlock(ticket);
    this.#channel?.close();
    void this.#db?.then((db) => db.close(), () => {});
  }

  /**
   * Whether this tab has written this record's generation, which it remembers over a reload: then no other tab has fetched
   * its token. Where that can't be told (in a worker, in a sandboxed frame), no time is to be spent on asking.
   */
  #isOwn(record: ArrayLike<number>, isWritten = false): boolean {
    try {
      const generation = String(record[0]);
      if (isWritten) sessionStorage.setItem(this.#name, generation);
      return sessionStorage.getItem(this.#name) === generation;
    } catch {
      return true;
    }
  }

  async #read(): Promise<Float64Array> {
    try {
      const record = await this.#transact<number[]>("readonly", (store, done) => {
        const stands = store.get(this.#name);
        stands.onsuccess = () => done(stands.result as number[] | undefined);
      });
      return Float64Array.from(record ?? []);
    } catch {
      return NONE;
    }
  }

  /** Runs one transaction to its end, and resolves with what `act` has passed to `done`. */
  #transact<T = number[]>(
    mode: IDBTransactionMode,
    act: (store: IDBObjectStore, done: (value: T | undefined) => void) => void,
  ): Promise<T | undefined> {
    this.#db ??= openStore();
    const transaction = this.#db.then(
      (db) =>
        new Promise<T | undefined>((resolve, reject) => {
          let value: T | undefined;
          const run = db.transaction("stamps", mode);
          run.oncomplete = () => resolve(value);
          run.onabort = run.onerror = () => reject(run.error);
          act(run.objectStore("stamps"), (done) => (value = done));
        }),
    );
    const late = new Promise<never>((_, reject) => setTimeout(reject, STORE_WAIT_MS));
    return Promise.race([transaction, late]).catch((error: unknown) => {
      this.#db = undefined;
      throw error;
    });
  }
}

/** Opens what stamps are kept in. */
export function openStore(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("relatch", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("stamps");
    request.onerror = request.onblocked = () => reject(request.error);
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
  });
}
