/** Where a session that is bound to a key survives a reload: IndexedDB, which keeps keys that nobody can read. */

/** A session that a reload and other tabs find. */
export interface OidcRecord {
  /** Tells this sign-in's key from another's. */
  readonly id: string;
  /** The private key is not extractable. Gone when the user has signed out and the provider has yet to hear of it. */
  readonly keys: CryptoKeyPair | undefined;
  /** Useless without the key (RFC 9449 section 5). */
  readonly refreshToken: string | undefined;
  readonly user: Readonly<Record<string, unknown>>;
}

const STORE = "sessions";

/** The record of one client at one server. */
export class OidcStore {
  readonly #name: string;
  #db: Promise<IDBDatabase> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  read(): Promise<OidcRecord | undefined> {
    return this.#run("readonly", (store, name, done) => {
      const found = store.get(name);
      found.onsuccess = () => done(found.result as OidcRecord | undefined);
    });
  }

  /** Keeps a record. With `instead`: only if that one is still the one that is kept. */
  async write(record: OidcRecord, instead?: OidcRecord): Promise<void> {
    await this.#run("readwrite", (store, name) => {
      const stands = store.get(name);
      stands.onsuccess = () => {
        const present = stands.result as OidcRecord | undefined;
        if (!instead || isSame(present, instead)) store.put(record, name);
      };
    });
  }

  /** Removes a record, unless another sign-in or a renewal has taken its place. */
  async remove(record: OidcRecord): Promise<void> {
    await this.#run("readwrite", (store, name) => {
      const stands = store.get(name);
      stands.onsuccess = () => {
        if (isSame(stands.result as OidcRecord | undefined, record)) store.delete(name);
      };
    });
  }

  close(): void {
    void this.#db?.then((db) => db.close(), () => {});
    this.#db = undefined;
  }

  /** Runs one transaction to its end, and resolves with what was passed to `done`. */
  async #run<T>(
    mode: IDBTransactionMode,
    act: (store: IDBObjectStore, name: string, done: (value: T | undefined) => void) => void,
  ): Promise<T | undefined> {
    const opened = (this.#db ??= open());
    try {
      const db = await opened;
      return await new Promise((resolve, reject) => {
        let value: T | undefined;
        const transaction = db.transaction(STORE, mode);
        transaction.oncomplete = () => resolve(value);
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
        act(transaction.objectStore(STORE), this.#name, (result) => (value = result));
      });
    } catch (error) {
      if (this.#db === opened) this.#db = undefined;
      throw error;
    }
  }
}

/** Whether nobody has renewed, signed in or signed out between the two. */
const isSame = (present: OidcRecord | undefined, record: OidcRecord): boolean =>
  present?.id === record.id && present.refreshToken === record.refreshToken && !present.keys === !record.keys;

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("relatch-oidc", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onerror = request.onblocked = () => reject(request.error);
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
  });
}
