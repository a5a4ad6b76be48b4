/** The ways to the authorization server and back: the page itself, a window, a hidden frame. */
import * as oauth from "oauth4webapi";
import { RelatchError } from "./index.js";
import { mismatch, oidcError } from "./oidc-errors.js";
import type { Transaction } from "./oidc-provider.js";

/** A transaction of the page itself, and where it is to go afterwards. */
export interface Departure extends Transaction {
  /** Whose it is, of the clients that have the same `redirectUri` (RFC 9700 section 4.4.2). */
  readonly client: string;
  readonly returnTo: string;
}

/** Begins the state of a transaction whose page is another: a window's or a frame's. */
const ELSEWHERE = "elsewhere.";
const KEPT = "relatch:oidc:";
/** How often a window is looked at, and how long its answer may be on its way once it has closed, in milliseconds. */
const [LOOK_MS, CLOSED_MS] = [250, 500];

export function newTransaction(isElsewhere: boolean): Transaction {
  if (!globalThis.crypto?.subtle) throw oidcError("InsecureContext");
  return {
    state: (isElsewhere ? ELSEWHERE : "") + oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
  };
}

/**
 * The answer that this page was opened with, if it was. Code and state leave the address bar at once (RFC 9700 section 4.2).
 * An answer that another page waits for is handed to that one; one that another client has asked for is left to that.
 */
export function takeAnswer(redirectUri: string, client: string): { readonly answer: URL; readonly isElsewhere: boolean } | undefined {
  if (!globalThis.document) return undefined;
  const answer = new URL(location.href);
  const state = answer.searchParams.get("state");
  const isAnswer = answer.searchParams.has("code") || answer.searchParams.has("error");
  if (answer.origin + answer.pathname !== redirectUri || !state || !isAnswer) return undefined;
  const isElsewhere = state.startsWith(ELSEWHERE);
  if (!isElsewhere && (keptFor(state)?.client ?? client) !== client) return undefined;
  history.replaceState(history.state, "", answer.pathname);
  if (isElsewhere) {
    // By a channel, since a window may have lost its opener on the way (Cross-Origin-Opener-Policy); and to its opener, which no
    // channel leads to where another site embeds that one (storage partitioning).
    const channel = new BroadcastChannel(KEPT + state);
    channel.postMessage(answer.href);
    channel.close();
    (globalThis.opener as Window | null)?.postMessage({ [KEPT]: answer.href }, location.origin);
    window.close();
  }
  return { answer, isElsewhere };
}

/** Keeps a transaction for when this tab comes back. */
export function keep(departure: Departure): void {
  sessionStorage.setItem(KEPT + departure.state, JSON.stringify(departure));
}

/** The transaction of this tab that an answer belongs to. It is good for one. */
export function recall(answer: URL): Departure {
  const state = String(answer.searchParams.get("state"));
  const kept = keptFor(state);
  sessionStorage.removeItem(KEPT + state);
  if (!kept) throw mismatch("state");
  return kept;
}

function keptFor(state: string): Departure | undefined {
  const kept = sessionStorage.getItem(KEPT + state);
  return kept === null ? undefined : (JSON.parse(kept) as Departure);
}

/** A place on this origin, as a browser reads it: a path that begins with two slashes would be another one's. */
export function ownPlace(returnTo: string | undefined): string {
  const url = URL.canParse(returnTo ?? "", location.href) ? new URL(returnTo ?? "", location.href) : undefined;
  if (url?.origin !== location.origin || url.pathname.startsWith("//")) throw oidcError("ForeignRedirect");
  return url.pathname + url.search + url.hash;
}

/** The answer that comes to another page of this origin. Rejects with what `watch` rejects with. */
async function answerElsewhere(state: string, watch: Promise<never>): Promise<URL> {
  const channel = new BroadcastChannel(KEPT + state);
  const over = new AbortController();
  try {
    const arrived = new Promise<URL>((resolve) => {
      const take = (text: unknown): void => {
        const answer = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
        if (answer?.searchParams.get("state") === state) resolve(answer);
      };
      channel.onmessage = ({ data }: MessageEvent<unknown>) => take(data);
      const hear = ({ data, origin }: MessageEvent<{ [KEPT]?: unknown } | null>): void => {
        if (origin === location.origin) take(data?.[KEPT]);
      };
      addEventListener("message", hear, { signal: over.signal });
    });
    return await Promise.race([arrived, watch]);
  } finally {
    channel.close();
    over.abort();
  }
}

/** Has the user sign in in a window. It is opened before anything is waited for, while the click still counts. */
export async function askInPopup(features: string, transaction: Transaction, url: Promise<string>): Promise<URL> {
  const popup = window.open("about:blank", "_blank", features);
  if (!popup) {
    url.catch(() => {});
    throw oidcError("PopupBlocked");
  }
  let look: ReturnType<typeof setInterval> | undefined;
  const closed = new Promise<never>((_, reject) => {
    look = setInterval(() => {
      if (!popup.closed) return;
      clearInterval(look);
      setTimeout(() => reject(oidcError("PopupClosed")), CLOSED_MS);
    }, LOOK_MS);
  });
  try {
    // A window that is closed before it has gone anywhere has nothing to wait for.
    const place = await Promise.race([url, closed]);
    const answer = answerElsewhere(transaction.state, closed);
    if (!popup.closed) popup.location.replace(place);
    return await answer;
  } finally {
    clearInterval(look);
    popup.close();
  }
}

/** Asks in a frame that nobody sees. */
export async function askInFrame(transaction: Transaction, url: string, timeoutMs: number): Promise<URL> {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.src = url;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RelatchError("Timeout", { temporary: true })), timeoutMs);
  });
  const answer = answerElsewhere(transaction.state, late);
  document.body.append(frame);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    frame.remove();
  }
}
