/** Carries a session's requests to an OpenID provider, with proofs where tokens are bound to a key. Decides nothing. */
import * as oauth from "oauth4webapi";
import { RelatchError } from "./index.js";
import { errorFrom } from "./oidc-errors.js";
import type { Provider, Tokens, Transaction } from "./oidc-provider.js";
import { OidcStore, type OidcRecord } from "./oidc-store.js";
import type { Transport, TransportCall } from "./options.js";
import type { Credentials } from "./types.js";

type User = Readonly<Record<string, unknown>>;

/** What a sign-in has brought, on its way through the core. */
interface Redeemed {
  readonly tokens: Tokens;
  readonly user: User;
  readonly keys: CryptoKeyPair | undefined;
  readonly proofs: oauth.DPoPHandle | undefined;
}

/** What proves the possession of a sign-in's key. */
interface Proofs {
  readonly id: string;
  readonly handle: oauth.DPoPHandle;
}

/** How the core is told that there is no session (RFC 6749 section 5.2). */
const nobody = (): Response => new Response('{"error":"invalid_grant"}', { status: 400 });

export class OidcTransport implements Transport {
  readonly #provider: Provider;
  readonly #store: OidcStore | undefined;
  /** The user of a session that is in memory only. */
  #user: User = {};
  #proofs: Proofs | undefined;
  /** The token that `#proofs` is known to be for. */
  #provenToken: string | undefined;
  /** The last ID token that this tab was given, and of which sign-in. */
  #idToken: { readonly of: string | undefined; readonly token: string | undefined } | undefined;
  readonly call: Transport["call"];

  constructor(provider: Provider, name: string, isBound: boolean) {
    this.#provider = provider;
    if (!isBound) return;
    this.#store = new OidcStore(name);
    this.call = (call, headers) => this.#callWithProof(headers["authorization"]?.replace("Bearer ", ""), call, headers);
  }

  /** Trades an answer for tokens. Nothing of the session is touched. */
  async redeem(answer: URL, transaction: Transaction, redirectUri: string, asksUserInfo: boolean): Promise<Credentials> {
    const keys = this.#store && (await oauth.generateKeyPair("ES256"));
    const proofs = keys && this.#provider.proofs(keys);
    const tokens = await this.#provider.redeem(answer, transaction, redirectUri, proofs);
    const claims = tokens.claims!;
    const more = asksUserInfo ? await this.#provider.userInfo(tokens.accessToken, String(claims["sub"]), proofs) : {};
    return { tokens, user: profileOf({ ...claims, ...more }), keys, proofs } satisfies Redeemed;
  }

  async request(operation: string, fields: Credentials | undefined, refreshToken: string | undefined): Promise<Response> {
    switch (operation) {
      case "exchange":
        return this.#enter(fields as unknown as Redeemed);
      case "refresh":
        return this.#store ? this.#renewShared(this.#store) : this.#renew(refreshToken);
      case "signOut":
        return this.#store ? this.#leaveShared(this.#store) : this.#leave(refreshToken);
      default:
        throw new RelatchError("NotSupported");
    }
  }

  /** A hint for the provider's own sign-out: the ID token of whoever is signed in, if this tab was given it. */
  async idToken(): Promise<string | undefined> {
    const signedIn = (await this.#store?.read())?.id;
    return this.#idToken?.of === signedIn ? this.#idToken?.token : undefined;
  }

  close(): void {
    this.#store?.close();
  }

  async #enter({ tokens, user, keys, proofs }: Redeemed): Promise<Response> {
    this.#user = user;
    const id = this.#store && crypto.randomUUID();
    this.#idToken = { of: id, token: tokens.idToken };
    if (this.#store && id && keys && proofs) {
      await this.#store.write({ id, keys, refreshToken: tokens.refreshToken, user });
      this.#prove({ id, handle: proofs }, tokens);
    }
    return answerOf(tokens, user);
  }

  /** Renews a session of this tab alone; the core keeps its refresh token. */
  async #renew(refreshToken: string | undefined): Promise<Response> {
    if (refreshToken === undefined) return nobody();
    const tokens = await this.#ask(refreshToken, this.#user);
    if (tokens instanceof Response) return tokens;
    this.#user = userAfter(tokens, this.#user);
    return answerOf(tokens, this.#user);
  }

  /** Renews the session of all tabs, whose lock is held. */
  async #renewShared(store: OidcStore): Promise<Response> {
    // What takes time comes first: who sleeps between reading a token and sending it may find it spent.
    await this.#provider.metadata().catch(() => {});
    const record = await store.read();
    if (record?.refreshToken === undefined || !record.keys) return nobody();
    const proofs = this.#proofsOf(record.id, record.keys);
    const tokens = await this.#ask(record.refreshToken, record.user, proofs);
    if (tokens instanceof Response) {
      if (await isOver(tokens)) await store.remove(record);
      return tokens;
    }
    const user = userAfter(tokens, record.user);
    // The old one stays good if no new one came (RFC 6749 section 6).
    const next = { ...record, user, refreshToken: tokens.refreshToken ?? record.refreshToken };
    await store.write(next, record);
    this.#prove(proofs, tokens);
    return answerOf(tokens, user);
  }

  async #ask(refreshToken: string, user: User, proofs?: Proofs): Promise<Tokens | Response> {
    try {
      const tokens = await this.#provider.refresh(refreshToken, proofs?.handle);
      if (tokens instanceof Response) return tokens;
      if (tokens.idToken) this.#idToken = { of: proofs?.id, token: tokens.idToken };
      const { sub = user["sub"] } = tokens.claims ?? {};
      if (sub === user["sub"]) return tokens;
    } catch (error) {
      const { code, status } = errorFrom(error);
      // Nothing came of it, or not from the token endpoint.
      if (status || code === "Network" || code === "Timeout") throw { status };
    }
    // An answer that is none, or of another user (OpenID Connect Core section 12.2).
    throw { status: 0 };
  }

  async #leave(refreshToken: string | undefined): Promise<Response> {
    this.#user = {};
    this.#idToken = undefined;
    return refreshToken === undefined ? new Response(null, { status: 204 }) : this.#provider.revoke(refreshToken);
  }

  /** The key goes at once. What is left of the token, which is worth nothing without it, goes when the provider has heard. */
  async #leaveShared(store: OidcStore): Promise<Response> {
    this.#proofs = this.#provenToken = undefined;
    const record = await store.read();
    if (!record) return this.#leave(undefined);
    const { id, refreshToken } = record;
    const left: OidcRecord = { id, refreshToken, keys: undefined, user: {} };
    await store.write(left, record);
    const response = await this.#leave(refreshToken);
    if (response.ok) await store.remove(left);
    return response;
  }

  async #callWithProof(accessToken: string | undefined, call: TransportCall, headers: Readonly<Record<string, string>>): Promise<Response> {
    if (!accessToken) return call.send(headers);
    return this.#provider.call(accessToken, call, await this.#proofsFor(accessToken));
  }

  /** What proves the possession of a token. One that another tab has fetched is bound to the key that is kept. */
  async #proofsFor(accessToken: string): Promise<oauth.DPoPHandle> {
    if (this.#provenToken !== accessToken) {
      const record = await this.#store!.read();
      if (!record?.keys) throw new RelatchError("SessionEnded");
      this.#proofs = this.#proofsOf(record.id, record.keys);
      this.#provenToken = accessToken;
    }
    return this.#proofs!.handle;
  }

  /** The proofs of a record, which remember nonces. */
  #proofsOf(id: string, keys: CryptoKeyPair): Proofs {
    return this.#proofs?.id === id ? this.#proofs : { id, handle: this.#provider.proofs(keys) };
  }

  #prove(proofs: Proofs, { accessToken }: Tokens): void {
    this.#proofs = proofs;
    this.#provenToken = accessToken;
  }
}

/** Whether the token endpoint says that a refresh token is good for nothing any more. */
async function isOver(response: Response): Promise<boolean> {
  const said = (await response.clone().json().catch(() => null)) as { error?: unknown } | null;
  return said?.error === "invalid_grant";
}

/** A provider's answer in the words of the contract. */
const answerOf = ({ accessToken, expiresIn, refreshToken }: Tokens, user: User): Response =>
  new Response(JSON.stringify({ access_token: accessToken, expires_in: expiresIn, refresh_token: refreshToken, user }));

const userAfter = ({ claims }: Tokens, user: User): User => (claims ? { ...user, ...profileOf(claims) } : user);

/** Claims of the token itself, not of the user (OpenID Connect Core section 2). */
const OF_THE_TOKEN = new Set(["iss", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "azp", "at_hash", "c_hash", "s_hash", "sid"]);

const profileOf = (claims: User): User => Object.fromEntries(Object.entries(claims).filter(([name]) => !OF_THE_TOKEN.has(name)));
