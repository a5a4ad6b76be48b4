/** A session as a component sees it: the client's state and, until that is known, what the server has given. */
import type { SessionClient, SessionData, SessionState } from "./types.js";

const LOADING: SessionState = { status: "loading", data: null, reason: null, freshness: "fresh", error: null, refreshing: false };

export const nothing = (): void => {};

/** As JSON, which has no big integers; `mapSession` may give some. */
const textOf = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part));

/** Whose data these are. A token beside the user is of its own moment. */
const userOf = (data: SessionData | null | undefined): string | undefined => textOf(data && data.user);

/** What one provider holds. It asks for nothing before something subscribes. */
export class Store {
  readonly client: SessionClient;
  /** What is rendered on a server, and while its HTML is taken over. */
  readonly first: SessionState;
  #given: SessionData | null | undefined;
  #text: string | undefined;
  #status: SessionState["status"];
  #isKnown = false;
  #isCompared = false;
  #seen: SessionState | undefined;
  #shown: SessionState = LOADING;
  #listeners = new Set<() => void>();
  #stop = nothing;
  #isRefetching = false;

  constructor(client: SessionClient, given: SessionData | null | undefined) {
    this.client = client;
    this.#given = given;
    this.#text = userOf(given);
    this.first = this.#cover(LOADING);
    this.#status = this.first.status;
  }

  /** The same object until something changes. */
  readonly getState = (): SessionState => {
    const state = this.client.getState();
    if (state !== this.#seen) {
      this.#seen = state;
      this.#isKnown ||= state.status !== "loading";
      this.#shown = this.#isKnown ? this.#keep(state) : this.#cover(state);
    }
    return this.#shown;
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      this.#stop = this.client.subscribe((state) => {
        this.#compare(state);
        this.tell();
      });
    }
    return () => {
      this.#listeners.delete(listener);
      if (!this.#listeners.size) this.#stop();
    };
  };

  /** Has each component look whether what it has read is still so. */
  readonly tell = (): void => this.#listeners.forEach((each) => each());

  readonly update = (): Promise<SessionData | null> => this.client.update();

  /** Reads the session's data anew, one read at a time; how that ended is in the state. */
  readonly refetch = (): void => {
    if (this.#isRefetching || this.getState().status !== "authenticated") return;
    this.#isRefetching = true;
    this.update()
      .catch(nothing)
      .then(() => (this.#isRefetching = false));
  };

  /**
   * The server has rendered anew. If it knows otherwise than this page, the cookie has changed: the page renews. What it says may
   * be what it said before, of somebody who has signed out meanwhile.
   */
  hear(given: SessionData | null | undefined): void {
    const { status, data } = this.getState();
    const text = userOf(given);
    if (text === this.#text && status === this.#status) return;
    this.#text = text;
    this.#status = status;
    this.#renew(data);
  }

  /** What another tab gives is of whoever was signed in before the server has seen the cookie of somebody else: then the page renews. */
  #compare({ status, data }: SessionState): void {
    if (this.#isCompared || status === "loading") return;
    this.#isCompared = true;
    if (data && this.client.inspect().source === "tab") this.#renew(data);
  }

  /** Renews if the server has spoken, and of another user than these data are of. */
  #renew(data: SessionData | null): void {
    if (this.#text !== undefined && this.#text !== userOf(data)) this.client.refresh().catch(nothing);
  }

  /** The server's word stands for as long as the client has none. */
  #cover(state: SessionState): SessionState {
    if (this.#given === undefined) return state;
    return { ...state, status: this.#given ? "authenticated" : "unauthenticated", data: this.#given } as SessionState;
  }

  /** Data that is as the server gave it stays the same object, so that nothing is rendered for it. */
  #keep(state: SessionState): SessionState {
    const isSame = state.data && this.#given && textOf(state.data) === textOf(this.#given);
    return isSame ? ({ ...state, data: this.#given } as SessionState) : state;
  }
}

const waits = new WeakMap<SessionClient, { readonly state: SessionState; readonly change: Promise<void> }>();

/**
 * The next change of a client's state: one promise, however many wait for it, and however often a tree that waits is
 * thrown away and rendered again.
 */
export function nextChange(client: SessionClient): Promise<void> {
  const state = client.getState();
  let wait = waits.get(client);
  if (wait?.state !== state) {
    const change = new Promise<void>((resolve) => {
      const stop = client.subscribe((next) => {
        // Afterwards: the first time is before there is anything to stop.
        if (next !== state) queueMicrotask(() => (stop(), resolve()));
      });
    });
    wait = { state, change };
    waits.set(client, wait);
  }
  return wait.change;
}
