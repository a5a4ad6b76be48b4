/** The lock, the stamp and the channel that the tabs of a profile share. Decides nothing: it does what the core says. */

/** What is done when something has come about. */
export interface Listener {
  locked(ticket: number, stamp: Uint32Array): void;
  stamped(ticket: number, written: boolean, stamp: Uint32Array): void;
  stampRead(stamp: Uint32Array): void;
  heard(kind: number, stamp: Uint32Array, bearer: string | undefined, left: number | undefined, user: unknown): void;
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

const NONE = new Uint32Array();
/** A database that does not answer in this time, in milliseconds, is taken for none. */
const STORE_WAIT_MS = 2000;

/** Whether tabs can share here: a secure context, and a store that the next holder of the lock is sure to see. */
export const canShare = (): boolean => {
  try {
    return !!globalThis.navigator?.locks && !!globalThis.indexedDB;
  } catch {
    // A sandboxed frame may not even look.
    return false;
  }
};

/** What the tabs of one backend share goes by this name. */
export class Tabs {
  readonly #name: string;
  readonly #listener: Listener;
  readonly #locks = new Map<number, Waiting>();
  #channel: BroadcastChannel | undefined;
  #db: Promise<IDBDatabase> | undefined;

  constructor(name: string, listener: Listener) {
    this.#name = name;
    this.#listener = listener;
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Partial<Said> | null>) => {
      if (!data || typeof data.kind !== "number" || !Array.isArray(data.stamp)) return;
      const bearer = typeof data.bearer === "string" ? data.bearer : undefined;
      const left = typeof data.left === "number" ? data.left : undefined;
      listener.heard(data.kind, Uint32Array.from(data.stamp), bearer, left, data.user);
    };
  }

  lock(ticket: number, steal: boolean): void {
    this.unlock(ticket);
    const abort = new AbortController();
    const waiting: Waiting = { abort, free: () => {} };
    this.#locks.set(ticket, waiting);
    const held = async (): Promise<void> => {
      const stamp = await this.#read();
      if (abort.signal.aborted) return;
      const freed = new Promise<void>((resolve) => (waiting.free = resolve));
      this.#listener.locked(ticket, stamp);
      await freed;
    };
    const options = steal ? { steal } : { signal: abort.signal };
    navigator.locks.request(this.#name, options, held).catch((error: unknown) => {
      // Freed while it was waited for, or robbed: both are known elsewhere. Anything else means that there are no locks.
      const isOurs = abort.signal.aborted || (error as Error | undefined)?.name === "AbortError";
      if (!isOurs) this.#listener.locked(ticket, NONE);
    });
  }

  unlock(ticket: number): void {
    const waiting = this.#locks.get(ticket);
    this.#locks.delete(ticket);
    waiting?.abort.abort();
    waiting?.free();
  }

  readStamp(): void {
    void this.#read().then((stamp) => this.#listener.stampRead(stamp));
  }

  writeStamp(ticket: number, older: boolean, seen: Uint32Array, stamp: Uint32Array): void {
    const task = this.#transact("readwrite", (store, done) => {
      const stands = store.get(this.#name);
      stands.onsuccess = () => {
        const present = (stands.result ?? []) as number[];
        const may = older ? (present[0] ?? 0) < stamp[0]! : present.join() === seen.join();
        if (may) store.put([...stamp], this.#name);
        done(may ? undefined : present);
      };
    });
    task.then(
      (present) => this.#listener.stamped(ticket, !present, Uint32Array.from(present ?? [])),
      // No store: this tab is on its own, under the lock.
      () => this.#listener.stamped(ticket, true, NONE),
    );
  }

  tell(kind: number, stamp: Uint32Array, bearer?: string, left?: number, user?: unknown): void {
    this.#channel?.postMessage({ kind, stamp: [...stamp], bearer, left, user } satisfies Said);
  }

  close(): void {
    for (const ticket of [...this.#locks.keys()]) this.unlock(ticket);
    this.#channel?.close();
    void this.#db?.then((db) => db.close(), () => {});
  }

  async #read(): Promise<Uint32Array> {
    try {
      const stamp = await this.#transact<number[]>("readonly", (store, done) => {
        const stands = store.get(this.#name);
        stands.onsuccess = () => done(stands.result as number[] | undefined);
      });
      return Uint32Array.from(stamp ?? []);
    } catch {
      return NONE;
    }
  }

  /** Runs one transaction to its end, and resolves with what `act` has passed to `done`. */
  #transact<T = number[]>(
    mode: IDBTransactionMode,
    act: (store: IDBObjectStore, done: (value: T | undefined) => void) => void,
  ): Promise<T | undefined> {
    this.#db ??= open();
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

function open(): Promise<IDBDatabase> {
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
