/** Speaks to one OpenID provider, by a library that knows its messages. */
import * as oauth from "oauth4webapi";
import { errorFrom, mismatch } from "./oidc-errors.js";
import type { Parameters } from "./oidc.js";
import type { TransportCall } from "./options.js";

/** What a sign-in asked for, kept until its answer comes. */
export interface Transaction {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** What a provider has given. */
export interface Tokens {
  readonly accessToken: string;
  /** In seconds; undefined if it did not say. */
  readonly expiresIn: number | undefined;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  /** The claims of the ID token, if there was one. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
}

type Answered<T> = (response: Response) => Promise<T>;

/** How far a clock may be off when a session is renewed: the token's own life is told by `expires_in`. In seconds: a year. */
const ANY_CLOCK = 31_536_000;

const isLocal = ({ hostname }: URL): boolean => /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);

/** A provider, and this application as its public client. */
export class Provider {
  readonly #issuer: URL;
  readonly #client: oauth.Client;
  readonly #insecure: { [oauth.allowInsecureRequests]?: boolean };
  readonly #timeoutMs: number;
  #metadata: Promise<oauth.AuthorizationServer> | undefined;

  constructor(issuer: string, clientId: string, timeoutMs: number) {
    this.#issuer = new URL(issuer);
    this.#client = { client_id: clientId };
    this.#timeoutMs = timeoutMs;
    // A provider under development, on this machine.
    this.#insecure = isLocal(this.#issuer) ? { [oauth.allowInsecureRequests]: true } : {};
  }

  /** Its metadata (OpenID Connect Discovery), of which the issuer has to be the one configured. Asked for once. */
  metadata(): Promise<oauth.AuthorizationServer> {
    this.#metadata ??= oauth
      .discoveryRequest(this.#issuer, this.#bounded())
      .then((response) => oauth.processDiscoveryResponse(this.#issuer, response))
      .catch((error: unknown) => {
        this.#metadata = undefined;
        throw errorFrom(error);
      });
    return this.#metadata;
  }

  /** Where a sign-in goes: code with PKCE, a state and a nonce (RFC 9700 section 2.1.1). */
  async authorizationUrl({ state, nonce, verifier }: Transaction, redirectUri: string, scope: string, more: Parameters): Promise<string> {
    const url = new URL((await this.metadata()).authorization_endpoint!);
    const parameters = {
      ...more,
      client_id: this.#client.client_id,
      response_type: "code",
      redirect_uri: redirectUri,
      scope,
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  /** Trades the code of an answer for tokens, if it is the answer to this transaction. */
  async redeem(answer: URL, { state, nonce, verifier }: Transaction, redirectUri: string, DPoP?: oauth.DPoPHandle): Promise<Tokens> {
    const as = await this.metadata();
    const parameters = validated(() => oauth.validateAuthResponse(as, this.#client, answer, state));
    const options = this.#bounded(DPoP);
    return this.#ask(
      () => oauth.authorizationCodeGrantRequest(as, this.#client, oauth.None(), parameters, redirectUri, verifier, options),
      async (response) => {
        const checks = { expectedNonce: nonce, requireIdToken: true };
        return tokensOf(await oauth.processAuthorizationCodeResponse(as, this.#client, response, checks), DPoP);
      },
    );
  }

  /**
   * Renews. An error of the protocol comes back as the answer that it was: the contract says what it means. It is not given up
   * when it takes long: the provider may have rotated.
   */
  async refresh(refreshToken: string, DPoP?: oauth.DPoPHandle): Promise<Tokens | Response> {
    const as = await this.metadata();
    const options = { ...this.#insecure, ...(DPoP && { DPoP }) };
    return this.#ask(
      () => oauth.refreshTokenGrantRequest(as, this.#client, oauth.None(), refreshToken, options),
      async (response) => {
        if (!response.ok && !(await isNonceAsked(response))) return response;
        const client = { ...this.#client, [oauth.clockTolerance]: ANY_CLOCK };
        return tokensOf(await oauth.processRefreshTokenResponse(as, client, response), DPoP);
      },
    );
  }

  /** What else the provider says of a user. */
  async userInfo(accessToken: string, subject: string, DPoP?: oauth.DPoPHandle): Promise<object> {
    const as = await this.metadata();
    if (!as.userinfo_endpoint) return {};
    const options = this.#bounded(DPoP);
    return this.#ask(
      () => oauth.userInfoRequest(as, this.#client, accessToken, options),
      (response) => oauth.processUserInfoResponse(as, this.#client, subject, response),
    );
  }

  /** Ends what a refresh token stands for (RFC 7009), if the provider can; also when the page goes away meanwhile. */
  async revoke(refreshToken: string): Promise<Response> {
    const as = await this.metadata();
    if (!as.revocation_endpoint) return new Response(null, { status: 204 });
    const options = { ...this.#insecure, [oauth.customFetch]: fetchOn };
    return oauth.revocationRequest(as, this.#client, oauth.None(), refreshToken, options);
  }

  /** Makes a call with a proof that the caller has the key (RFC 9449 section 7), and once more if a nonce is asked for. */
  async call(accessToken: string, call: TransportCall, DPoP: oauth.DPoPHandle): Promise<Response> {
    const url = new URL(call.url);
    const send = (_: string, { headers }: { headers: Record<string, string> }): Promise<Response> =>
      call.send({ authorization: headers["authorization"]!, dpop: headers["dpop"]! });
    const options = { DPoP, [oauth.customFetch]: send, [oauth.allowInsecureRequests]: isLocal(url) };
    const ask = (): Promise<Response> => oauth.protectedResourceRequest(accessToken, call.method, url, undefined, null, options);
    try {
      return await (call.isOnce ? ask() : this.#ask(ask, async (response) => response));
    } catch (error) {
      // The challenge is for the core to read.
      if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
      throw error;
    }
  }

  /** Where the provider's own session ends (RP-Initiated Logout), if it can be ended. */
  async endSessionUrl(idToken: string | undefined, returnTo: string | undefined): Promise<string | undefined> {
    const { end_session_endpoint: endpoint } = await this.metadata();
    if (!endpoint) return undefined;
    const url = new URL(endpoint);
    url.searchParams.set("client_id", this.#client.client_id);
    if (idToken) url.searchParams.set("id_token_hint", idToken);
    if (returnTo) url.searchParams.set("post_logout_redirect_uri", returnTo);
    return url.href;
  }

  /** For what nothing is lost by when it is given up. */
  #bounded(DPoP?: oauth.DPoPHandle): { readonly signal: () => AbortSignal; readonly DPoP?: oauth.DPoPHandle } {
    return { ...this.#insecure, signal: () => AbortSignal.timeout(this.#timeoutMs), ...(DPoP && { DPoP }) };
  }

  /** Signs proofs with these keys, and remembers each server's nonces. */
  proofs(keys: CryptoKeyPair): oauth.DPoPHandle {
    return oauth.DPoP(this.#client, keys);
  }

  /** Asks, and once more if it was refused for want of a nonce (RFC 9449 section 8). */
  async #ask<T>(ask: () => Promise<Response>, read: Answered<T>): Promise<T> {
    try {
      return await read(await ask());
    } catch (error) {
      if (!oauth.isDPoPNonceError(error)) throw error;
      if (error instanceof oauth.WWWAuthenticateChallengeError) error.response.arrayBuffer().catch(() => {});
      return read(await ask());
    }
  }
}

/** An answer's parameters. Its state has been compared before: what is left to differ is the issuer (RFC 9207 section 2.4). */
function validated<T>(validate: () => T): T {
  try {
    return validate();
  } catch (error) {
    throw error instanceof oauth.OperationProcessingError ? mismatch("iss") : error;
  }
}

const fetchOn = (url: string, init: RequestInit): Promise<Response> => fetch(url, { ...init, keepalive: true });

async function isNonceAsked(response: Response): Promise<boolean> {
  const said = (await response.clone().json().catch(() => null)) as { error?: unknown } | null;
  return said?.error === "use_dpop_nonce";
}

function tokensOf(answer: oauth.TokenEndpointResponse, DPoP: oauth.DPoPHandle | undefined): Tokens {
  // A provider that knows nothing of proofs gives tokens that are good for anybody (RFC 9449 section 5).
  if (DPoP && answer.token_type !== "dpop") throw mismatch("token_type");
  return {
    accessToken: answer.access_token,
    expiresIn: answer.expires_in,
    refreshToken: answer.refresh_token,
    idToken: answer.id_token,
    claims: oauth.getValidatedIdTokenClaims(answer),
  };
}
