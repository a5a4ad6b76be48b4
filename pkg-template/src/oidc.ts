/**
 * @packageDocumentation OpenID Connect for applications that run in the browser: authorization code with PKCE, as RFC 10017 (OAuth
 * 2.0 for Browser-Based Applications) has it for a client without a backend of its own.
 */
import type { Rule } from "./contract.js";
import { createSession, RelatchError } from "./index.js";
import { errorFrom, mismatch } from "./oidc-errors.js";
import { askInFrame, askInPopup, keep, newTransaction, ownPlace, recall, takeAnswer } from "./oidc-flow.js";
import { checkOptions } from "./oidc-options.js";
import type { SessionOptions } from "./options.js";
import { Provider, type Transaction } from "./oidc-provider.js";
import { OidcTransport } from "./oidc-transport.js";
import type { SessionClient, SessionData } from "./types.js";

/** What is to be said to a provider besides what the protocol says. */
export type Parameters = Readonly<Record<string, string>>;

/** A client at an OpenID provider. Every mistake in it is named when the session is made. */
export interface OidcOptions extends Omit<SessionOptions, "contract" | "transport"> {
  /** The provider's issuer, exactly as its metadata have it: `https://id.example.com`. */
  readonly issuer: string;
  /** This application's id there. It is a public client: there is no secret. */
  readonly clientId: string;
  /** Where the provider sends its answers, as it is registered: a path of this origin, or that path's absolute URL. */
  readonly redirectUri: string;
  /** What is asked for. Default `openid`. Whether it takes `offline_access` to get a refresh token is the provider's rule. */
  readonly scope?: string;
  /** Parameters of every authorization request besides: `{ audience: "https://api.example.com" }`. */
  readonly parameters?: Parameters;
  /** Which calls get the token. `origins`: default this page's. `expired`: what asks for a new token, default `[401]`. */
  readonly api?: { readonly origins?: readonly string[]; readonly expired?: Rule };
  /**
   * Binds tokens to a key that cannot leave this browser (RFC 9449). Only then is the session kept over a reload and shared by
   * all tabs: refresh token and key are in IndexedDB. Without it, it lives in the memory of one tab. Default `false`.
   */
  readonly dpop?: boolean;
  /** Whether the userinfo endpoint is asked at sign-in, and its claims are added to the ID token's. Default `false`. */
  readonly userInfo?: boolean;
  /** As in a contract. */
  readonly share?: "ask" | "never";
  /** How long an answer may take, in milliseconds. Default 10000. */
  readonly timeoutMs?: number;
  /** The longest span before a token's end in which it is renewed in the background, in milliseconds. Default 60000. */
  readonly leadMs?: number;
}

/** How one sign-in differs from the others. */
export interface OidcSignIn {
  /** Where to be afterwards, on this origin. Default: here. */
  readonly returnTo?: string;
  /** Parameters of this authorization request: `{ prompt: "login", login_hint: "ada@example.com" }`. */
  readonly parameters?: Parameters;
}

/** A session with an OpenID provider. `exchange` is its own, and not to be called. */
export interface OidcClient extends SessionClient {
  /**
   * Goes to the provider. The page that it comes back to calls {@link OidcClient.completeSignIn}.
   *
   * @throws RelatchError `ForeignRedirect`, `InsecureContext`, or what kept the provider's metadata from being read.
   */
  signIn(options?: OidcSignIn): Promise<never>;
  /**
   * Signs in in a window of its own. To be called in a click handler, with nothing awaited before.
   *
   * @throws RelatchError of an `OidcErrorCode`, or what kept the tokens from coming.
   */
  signInWithPopup(options?: { readonly parameters?: Parameters; /** Of `window.open`. */ readonly features?: string }): Promise<SessionData>;
  /**
   * Asks in a hidden frame whether the user is signed in at the provider (`prompt=none`); `null` if not. Browsers that keep
   * third-party cookies from frames say no where the provider is of another site.
   */
  signInSilently(): Promise<SessionData | null>;
  /**
   * On the page at `redirectUri`: takes the provider's answer in, once however often it is called. `null` if the page was not
   * opened by one, or by one that another client has asked for. In a window or a frame of another page's it never settles: that one takes the answer.
   */
  completeSignIn(): Promise<{ readonly data: SessionData; readonly returnTo: string } | null>;
  /**
   * Signs out here as `signOut` does, then goes to the provider to end its own session too (RP-Initiated Logout), and to
   * `returnTo`, which has to be registered there. With `idTokenHint` the ID token goes along, in the URL: some providers ask for
   * it, others ask the user without it. Default `false`.
   */
  signOutWithRedirect(options?: { readonly returnTo?: string; readonly idTokenHint?: boolean }): Promise<void>;
}

const NOT_SIGNED_IN = /^(login|interaction|consent|account_selection)_required$/;

/**
 * Makes a session with an OpenID provider. On the page that the provider sends its answers to, make it as early as can be: it
 * takes code and state out of the address bar.
 *
 * @throws RelatchError `InvalidContract`, naming every mistake in the options with its path.
 */
export function createOidcSession(options: OidcOptions): OidcClient {
  const { contract, ...checked } = checkOptions(options);
  const { timeoutMs = 10_000 } = options;
  const provider = new Provider(options.issuer, options.clientId, timeoutMs);
  const transport = new OidcTransport(provider, checked.name, options.dpop === true);
  const session = createSession({ ...options, contract, transport });
  const redirectUri = new URL(checked.redirectUri, globalThis.location?.origin ?? options.issuer).href;
  const arrived = takeAnswer(redirectUri, checked.name);
  let completed: ReturnType<OidcClient["completeSignIn"]> | undefined;

  const urlOf = (transaction: Transaction, parameters: Parameters | undefined): Promise<string> =>
    provider.authorizationUrl(transaction, redirectUri, checked.scope, { ...options.parameters, ...parameters });

  /** Takes an answer in: only then is anything of the session touched. */
  const enter = async (answer: URL, transaction: Transaction): Promise<SessionData> => {
    if (answer.searchParams.get("state") !== transaction.state) throw mismatch("state");
    try {
      return await session.exchange(await transport.redeem(answer, transaction, redirectUri, options.userInfo === true));
    } catch (error) {
      throw errorFrom(error);
    }
  };

  const complete = async (): ReturnType<OidcClient["completeSignIn"]> => {
    if (!arrived) return null;
    if (arrived.isElsewhere) return new Promise<never>(() => {});
    const departure = recall(arrived.answer);
    return { data: await enter(arrived.answer, departure), returnTo: departure.returnTo };
  };

  return {
    ...session,
    async signIn({ returnTo, parameters } = {}) {
      const departure = { ...newTransaction(false), client: checked.name, returnTo: ownPlace(returnTo) };
      const url = await urlOf(departure, parameters);
      keep(departure);
      location.assign(url);
      return new Promise<never>(() => {});
    },
    async signInWithPopup({ parameters, features = "popup,width=480,height=640" } = {}) {
      const transaction = newTransaction(true);
      return enter(await askInPopup(features, transaction, urlOf(transaction, parameters)), transaction);
    },
    async signInSilently() {
      const transaction = newTransaction(true);
      const url = await urlOf(transaction, { prompt: "none" });
      const answer = await askInFrame(transaction, url, timeoutMs);
      if (NOT_SIGNED_IN.test(answer.searchParams.get("error") ?? "")) return null;
      return enter(answer, transaction);
    },
    completeSignIn: () => (completed ??= complete()),
    exchange: () => Promise.reject(new RelatchError("NotSupported")),
    async signOutWithRedirect({ returnTo, idTokenHint } = {}) {
      const place = new URL(ownPlace(returnTo), location.origin).href;
      const idToken = idTokenHint ? await transport.idToken().catch(() => undefined) : undefined;
      await session.signOut();
      location.assign((await provider.endSessionUrl(idToken, place)) ?? place);
    },
    dispose() {
      session.dispose();
      transport.close();
    },
  };
}

export { isRelatchError, RelatchError } from "./index.js";
export type { OidcErrorCode, RelatchErrorCode } from "./errors.js";
