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
  /** What could not be kept, as on a full disk, and over what it was written. It is what this tab goes by while that stands. */
  #unkept: { readonly over: OidcRecord | undefined; readonly record: OidcRecord } | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  async read(): Promise<OidcRecord | undefined> {
    let present: OidcRecord | undefined;
    await this.#run("readonly", (_store, stood) => (present = this.#present(stood)));
    return present;
  }

  /**
   * Keeps a record. With `instead`: only if that one is still the one that is kept. Does not fail: a token that has been traded in is
   * good for nothing, so the new one is kept in memory where the database does not take it.
   */
  async write(record: OidcRecord, instead?: OidcRecord): Promise<void> {
    let over = instead;
    let isPut = false;
    try {
      await this.#run("readwrite", (store, stood) => {
        isPut = !instead || isSame(this.#present(stood), instead);
        if (!isPut) return;
        over = stood;
        store.put(record, this.#name);
      });
      if (isPut) this.#unkept = undefined;
    } catch {
      this.#unkept = { over, record };
    }
  }

  /** Removes a record, unless another sign-in or a renewal has taken its place. */
  async remove(record: OidcRecord): Promise<void> {
    await this.#run("readwrite", (store, stood) => {
      if (isSame(this.#present(stood), record)) store.delete(this.#name);
    });
  }

  close(): void {
    void this.#db?.then((db) => db.close(), () => {});
    this.#db = undefined;
  }

  #present(stood: OidcRecord | undefined): OidcRecord | undefined {
    const { over, record } = this.#unkept ?? {};
    return record && (over ? isSame(stood, over) : !stood) ? record : stood;
  }

  /** Runs one transaction to its end, in which something is done to what stands; by a new connection if there is none any more. */
  async #run(mode: IDBTransactionMode, act: (store: IDBObjectStore, stood: OidcRecord | undefined) => void): Promise<void> {
    try {
      await this.#transact(mode, act);
    } catch {
      await this.#transact(mode, act);
    }
  }

  async #transact(mode: IDBTransactionMode, act: (store: IDBObjectStore, stood: OidcRecord | undefined) => void): Promise<void> {
    const opened = (this.#db ??= open());
    try {
      const db = await opened;
      await new Promise<void>((resolve, reject) => {
        const transaction = db.transaction(STORE, mode);
        transaction.oncomplete = () => resolve();
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
        const store = transaction.objectStore(STORE);
        const stands = store.get(this.#name);
        stands.onsuccess = () => act(store, stands.result as OidcRecord | undefined);
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
