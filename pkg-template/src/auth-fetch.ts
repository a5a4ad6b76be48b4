import type { Client } from "../generated/relatch.js";
import { factsOf } from "./answer.js";
import { Call, pageUrl, sendsStreams } from "./call.js";
import { readableCookie } from "./compose.js";
import { originsOf, type FlatContract, type Sign } from "./contract.js";
import { RelatchError } from "./errors.js";
import type { Transport } from "./options.js";
import { abortable, Queue } from "./queue.js";
import { errorOf, type Problem } from "./told.js";

// What the low three bits of the core's answer say (`code` in `src/web/client.rs`).
const PASS = 0;
const SEND = 1;
const BARE = 2;
const WAIT = 3;
const DELIVER = 4;
const RESOLVE = 6;
// What a call tells of itself (`ONCE`, `ABSOLUTE` and `CALL` there).
const ONCE = 1;
const ABSOLUTE = 2;
const CALL = 2;
// Calls are counted in the bits that are left.
const LAST_CALL = 2 ** 29 - 1;
/** An answer that no other waits for, in bytes. */
const SMALL = 4096;

/** The calls of a session. */
export interface AuthFetch {
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** The core is there, with the contract as it is on this page. */
  start(client: Client, contract: FlatContract): void;
  /** Until the session moves the next time. */
  moved(): Promise<void>;
  /** It has moved: calls that wait ask again. */
  move(): void;
  /** The header is fetched from the core when it is needed next. */
  forget(): void;
  end(): void;
}

/** Asks the core what to do with each call, and does it, when there is room for it ({@link Queue}). Decides nothing else. */
export function openAuthFetch(flat: FlatContract, transport: Transport | undefined, boot: () => Promise<Client>): AuthFetch {
  let client: Client | undefined;
  let hasEnded = false;
  let contract = flat;
  let watched: readonly (number | undefined)[] = [];
  let asked: readonly (number | undefined)[] = [];
  let base: string | undefined;
  let calls = 0;
  const queue = new Queue();

  // The header of one generation, beside the module and out of reach of the page.
  let bearer: Readonly<Record<string, string>> | undefined;
  let bearerGeneration = 0;
  const NOTHING = {};
  const byCookie = flat["access.by"] === "cookie";

  let resume: () => void;
  let moved: Promise<void>;
  const nextMove = (): void => void (moved = new Promise((resolve) => (resume = resolve)));
  nextMove();

  /** The core judges paths by the origin of the page's base. */
  const syncPage = (live: Client, now: string | undefined): void => {
    if (now === base) return;
    base = now;
    const origin = now && new URL(now).origin;
    live.setPage(origin === "null" ? undefined : origin);
  };

  /** What a call carries: the header of an answer's generation, fetched from the module once a generation. */
  const credential = (live: Client, call: Call, answer: number): Readonly<Record<string, string>> => {
    const generation = answer >>> 6;
    if (bearer === undefined || bearerGeneration !== generation) {
      const authorization = byCookie ? undefined : (live.header() as string | undefined);
      bearer = authorization === undefined ? NOTHING : { authorization };
      bearerGeneration = generation;
    }
    return withProof(call, bearer);
  };

  const send = (live: Client, call: Call, answer: number): Promise<Response> => {
    const headers = credential(live, call, answer);
    if (!transport?.call) return queue.count(call.send(headers));
    call.hold();
    return queue.count(transport.call(call, headers));
  };

  /** The proof of origin goes with every call to an allowed origin that changes something, whoever is signed in. */
  const withProof = (call: Call, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
    const header = contract["csrf.header"] as string;
    const token = header && call.isUnsafe ? readableCookie(contract["csrf.cookie"]) : undefined;
    return token === undefined ? headers : { ...headers, [header]: token };
  };

  const sendBare = (call: Call): Promise<Response> => {
    const headers = withProof(call, NOTHING);
    return headers === NOTHING ? call.sendBare() : call.send(headers);
  };

  /** What one says to what the contract's rules ask about. What is no JSON may go on for ever. */
  const factsIn = async (response: Response): Promise<string> => {
    const isJson = /\bjson\b|^$/i.test(response.headers.get("content-type") ?? "");
    if (!isJson || !asked.includes(response.status)) return "";
    return factsOf(contract, await response.clone().json().catch(() => undefined));
  };

  /** Whether an answer may be for the session. The browser takes the credential off what is redirected to another origin (Fetch standard). */
  const isWatched = ({ status, redirected, url }: Response): boolean =>
    watched.includes(status) && !(redirected && !originsOf(contract, pageUrl()).includes(new URL(url).origin));

  const startCall = (live: Client, call: Call): number => {
    if (call.hasAuthorization) return PASS;
    call.id = calls = (calls + 1) & LAST_CALL;
    const flags = (call.isOnce ? ONCE : 0) | (call.id << CALL);
    if (!call.isAbsolute) syncPage(live, call.base);
    const answer = live.start(call.url, flags | (call.isAbsolute ? ABSOLUTE : 0));
    if ((answer & 7) !== RESOLVE) return answer;
    try {
      return live.start(new URL(call.url, call.base).href, flags | ABSOLUTE);
    } catch {
      // Not a URL: fetch says so in its own words.
      return PASS;
    }
  };

  const authFetch = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    try {
      const call = new Call(input, init);
      const live = client;
      if (!live) return startLater(call);
      const answer = startCall(live, call);
      if ((answer & 7) !== SEND || call.isOnce) return drive(live, call, answer);
      // As one that waits (`SEND | WAIT` is `WAIT`), it asks again when it is its turn. The page may be gone by then.
      if (queue.isFull && !call.keepalive) return drive(live, call, answer | WAIT);
      return send(live, call, answer).then((response) =>
        watched.includes(response.status) ? drive(live, call, answer, response) : response,
      );
    } catch (error) {
      return Promise.reject(error);
    }
  };

  /** Whether a call leads to no allowed origin, which takes no module to tell. */
  const isForeign = ({ url, base }: Call): boolean => {
    try {
      return !originsOf(flat, pageUrl()).includes(new URL(url, base).origin);
    } catch {
      return false;
    }
  };

  /** A call made before the module is there. */
  const startLater = async (call: Call): Promise<Response> => {
    if (!hasEnded && (call.hasAuthorization || isForeign(call))) return call.sendBare();
    call.hold();
    const live = await abortable(boot(), call.signal);
    return drive(live, call, startCall(live, call));
  };

  /** Does what the core says until the call is delivered or failed. An answer that is there already is the first thing it asks about. */
  const drive = async (live: Client, call: Call, answer: number, response?: Response): Promise<Response> => {
    let isNew = response !== undefined;
    for (;;) {
      if (isNew) {
        if (!isWatched(response!)) return response!;
        const facts = await factsIn(response!);
        // What the core says is done at once: with the next microtask it may say something else.
        answer = live.response(answer >>> 3, response!.status, response!.headers.get("www-authenticate") ?? "", facts, call.id);
        isNew = false;
      }
      switch (answer & 7) {
        case PASS:
          return call.sendBare();
        case BARE:
          return sendBare(call);
        case SEND:
          if (call.isOnce && !sendsStreams()) throw new RelatchError("StreamBodyUnsupported");
          if (response) drop(response);
          response = await send(live, call, answer);
          isNew = true;
          break;
        case WAIT: {
          call.hold();
          const hasTurn = await queue.wait(moved, call.signal);
          const next = live.resume(answer >>> 3, call.id);
          const isSent = (next & 7) === SEND;
          // It waits on as it was: what the core says of it now is not done.
          if (isSent && !hasTurn && queue.isFull && !call.keepalive) break;
          if (hasTurn && !isSent && (next & 7) !== WAIT) queue.next();
          answer = next;
          break;
        }
        case DELIVER:
          return response!;
        default:
          throw errorOf(live.problem() as Problem);
      }
    }
  };

  return {
    fetch: authFetch,
    start(live, resolved) {
      client = live;
      contract = resolved;
      const expired = contract["api.expired"] as readonly Sign[];
      watched = expired.map(([status]) => status);
      asked = expired.filter(([, fact]) => fact !== undefined).map(([status]) => status);
    },
    moved: () => moved,
    move() {
      bearer = undefined;
      const wake = resume;
      nextMove();
      wake();
      queue.flush();
    },
    forget() {
      bearer = undefined;
    },
    end() {
      hasEnded = true;
      client = bearer = undefined;
    },
  };
}

/**
 * Is done with an answer whose call goes again. What is small has arrived with its headers and is left alone: reading a
 * thousand of them is a tenth of what their calls cost the page. What is not is read to its end, not cancelled: cancelling closes an HTTP/1.1
 * connection, and Chromium's cache, whose entry is then torn from under it, has answered other calls of the same URL with a bare 304.
 */
function drop(response: Response): void {
  const isSmall = Number(response.headers.get("content-length") ?? Infinity) <= SMALL;
  if (!isSmall) response.arrayBuffer().catch(() => {});
}
