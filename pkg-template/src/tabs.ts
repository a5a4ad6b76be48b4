/** The lock, the stamp and the channel that the tabs of a profile share. Decides nothing: it does what the core says. */

/** What is done when something has come about. */
export interface Listener {
  hint(what: number, ask: number): void;
  found(what: number, record: readonly number[], ticket: number, isOwn: boolean): void;
  heard(kind: number, stamp: readonly number[], bearer: string | undefined, left: number | undefined, user: unknown): void;
}

/** What the core asks for. */
export interface Tabs {
  lock(ticket: number, steal: boolean): void;
  unlock(ticket: number): void;
  readStamp(): void;
  writeStamp(ticket: number, seen: Float64Array, record: Float64Array): void;
  tell(kind: number, stamp: Float64Array, bearer?: string, left?: number, user?: unknown): void;
  close(): void;
}

interface Said {
  readonly kind: number;
  readonly stamp: number[];
  readonly bearer?: string | undefined;
  readonly left?: number | undefined;
  readonly user?: unknown;
}

/** A transaction that is open. */
interface Open {
  readonly store: IDBObjectStore;
  /** What stands in the database. */
  readonly stood: number[];
  /** What this tab goes by: the same, or what it has written over it. */
  present: number[];
}

/**
 * The form of what tabs exchange. Two versions that differ in it are deaf to each other, but take turns: the lock has one
 * name for all of them.
 */
const FORM = 1;
// What a record is told for (`found` in `src/web/client.rs`).
const LOCKED = 0;
const WRITTEN = 1;
const OVERTAKEN = 2;
const READ = 3;
/** That other tabs wait for the lock (`hint` there). */
const AWAITED = 13;
/** That the store may have been wiped. */
const LOST = 14;
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

/** What the tabs of one backend share goes by this name. The store is opened at once, beside the module. */
export function openTabs(backend: string, listener: () => Listener | undefined): Tabs {
  const name = `relatch:${FORM}:${backend}`;
  const lock = `relatch:${backend}`;
  const waiting = new Map<number, AbortController>();
  let db: Promise<IDBDatabase> | undefined;
  let isClosed = false;
  /** The transaction in which the core is being told what stands. */
  let current: Open | undefined;
  /** What this tab has written, over what: until it is kept, which a full disk refuses. */
  let unkept: { readonly over: string; readonly record: number[] } | undefined;

  const found = (what: number, record: readonly number[], ticket = 0, isOwn = false): void =>
    listener()?.found(what, record, ticket, isOwn);

  let channel: BroadcastChannel | undefined = globalThis.BroadcastChannel && new BroadcastChannel(name);
  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<Partial<Said> | null>) => {
      const { kind, stamp, bearer, left, user } = data ?? {};
      if (typeof kind !== "number" || !Array.isArray(stamp)) return;
      listener()?.heard(kind, stamp, bearer, left, user);
    };
  }

  /** The connection was closed from outside, as where the site's data are cleared. */
  const lost = (): void => {
    db = undefined;
    listener()?.hint(LOST, 0);
  };

  const store = (): Promise<IDBDatabase> => (isClosed ? Promise.reject(new Error("closed")) : (db ??= openStore(lost)));
  // What goes wrong with it is dealt with where it is used.
  store().catch(() => {});

  /**
   * Reads what stands, and has something done to it while the transaction is open. Resolves when that is on its way: whoever
   * reads after it waits for its end, and the page need not be there any more (`tests/browser/stamp.test.mjs`).
   */
  const transact = (mode: IDBTransactionMode, act?: (open: Open) => void): Promise<number[]> => {
    const attempt = (db: IDBDatabase): Promise<number[]> =>
      new Promise((resolve, reject) => {
        const run = db.transaction("stamps", mode);
        const store = run.objectStore("stamps");
        const stands = store.get(name);
        stands.onsuccess = () => {
          const stood = (stands.result as number[] | undefined) ?? [];
          const present = unkept?.over === stood.join() ? unkept.record : stood;
          resolve(present);
          act?.({ store, stood, present });
          run.commit();
        };
        run.onabort = run.onerror = () => reject(run.error);
      });
    const work = store().then(attempt).catch(() => {
      // The connection is lost, as when the site's data are cleared: a new one may do.
      db = undefined;
      return store().then(attempt);
    });
    let timer: ReturnType<typeof setTimeout>;
    const late = new Promise<never>((_, reject) => (timer = setTimeout(reject, STORE_WAIT_MS)));
    return Promise.race([work, late])
      .finally(() => clearTimeout(timer))
      .catch((error: unknown) => {
        db = undefined;
        throw error;
      });
  };

  /**
   * Whether this tab has written this record's generation, which it remembers over a reload: then no other tab has fetched
   * its token. Where that can't be told (in a worker, in a sandboxed frame), no time is to be spent on asking.
   */
  const isOwn = ([generation]: readonly number[], isWritten = false): boolean => {
    try {
      if (isWritten) sessionStorage.setItem(name, String(generation));
      return sessionStorage.getItem(name) === String(generation);
    } catch {
      return true;
    }
  };

  const unlock = (ticket: number): void => {
    waiting.get(ticket)?.abort();
    waiting.delete(ticket);
  };

  return {
    unlock,
    lock(ticket, steal) {
      unlock(ticket);
      const abort = new AbortController();
      const { signal } = abort;
      waiting.set(ticket, abort);
      const freed = new Promise((resolve) => (signal.onabort = resolve));
      let isTold = false;
      const locked = (record: number[]): void => {
        if (isTold || signal.aborted) return;
        isTold = true;
        found(LOCKED, record, ticket, isOwn(record));
      };
      const held = async (): Promise<void> => {
        // The core is told within the transaction, so that what it has to announce is written in the same one.
        const act = (open: Open): void => {
          current = open;
          locked(open.present);
          current = undefined;
        };
        if (!signal.aborted) await transact("readwrite", act).catch(() => locked([]));
        await freed;
      };
      navigator.locks.request(lock, steal ? { steal } : { signal }, held).catch((error: Error | undefined) => {
        // Freed while it was waited for, or robbed: both are known elsewhere. Anything else means that there are no locks.
        if (error?.name !== "AbortError") locked([]);
      });
    },
    readStamp() {
      transact("readonly")
        .catch((): number[] => [])
        .then((record) => found(READ, record));
    },
    writeStamp(ticket, seen, record) {
      // What comes from the module is a view of its memory.
      const wanted = seen.join();
      const next = [...record];
      let stands: readonly number[] = [];
      let may = false;
      const write = (open: Open): void => {
        stands = open.present;
        // A record begins with its stamp, and a stamp with its generation.
        may = stands.slice(0, STAMP_LENGTH).join() === wanted;
        if (!may) return;
        open.present = next;
        unkept = { over: open.stood.join(), record: next };
        open.store.transaction.oncomplete = () => (unkept = undefined);
        open.store.put(next, name);
        if (stands[0] !== next[0]) isOwn(next, true);
      };
      // Who waits for the lock when a turn ends waits for what it brings. At its beginning nobody needs to know.
      const waiting = !current && navigator.locks.query().then(({ pending }) => pending!.some(({ name }) => name === lock), () => false);
      Promise.all([current ? write(current) : transact("readwrite", write), waiting]).then(
        ([, isAwaited]) => {
          if (isAwaited) listener()?.hint(AWAITED, 0);
          found(may ? WRITTEN : OVERTAKEN, stands, ticket);
        },
        // No store: this tab is on its own, under the lock.
        () => found(WRITTEN, [], ticket),
      );
    },
    tell(kind, stamp, bearer, left, user) {
      channel?.postMessage({ kind, stamp: [...stamp], bearer, left, user } satisfies Said);
    },
    close() {
      for (const ticket of [...waiting.keys()]) unlock(ticket);
      // What the core says after that, within a listener that has disposed of it, is for nobody.
      isClosed = true;
      channel?.close();
      channel = undefined;
      db?.then((db) => db.close(), () => {});
    },
  };
}

/** Opens what stamps are kept in. */
function openStore(lost: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("relatch", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("stamps");
    request.onerror = request.onblocked = () => reject(request.error);
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      request.result.onclose = lost;
      resolve(request.result);
    };
  });
}
