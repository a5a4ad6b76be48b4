import type { Callbacks } from "./callbacks.js";
import type { Contract } from "./contract.js";
import type { Credentials } from "./types.js";

/** What a session is made of. */
export interface SessionOptions extends Callbacks {
  /** The backend. */
  readonly contract: Contract;
  /**
   * Puts the access token on the session's data as `accessToken`, for code that sets `Authorization` by hand. Any script of
   * the page can read it then, and such a call is neither refreshed nor retried. Default `false`.
   */
  readonly exposeAccessToken?: boolean | undefined;
  /** How many records the flight recorder keeps, for `report` of `relatch/explain`: 0 to 65535. Default 256; each is 16 bytes. */
  readonly records?: number | undefined;
  /** Sends requests in another way than the contract describes. `relatch/oidc` and `relatch/next-auth` are made with it. */
  readonly transport?: Transport | undefined;
}

/**
 * Another way for requests, where a contract's data is not enough: proofs of possession, or a credential that something else
 * holds. When a request is made, and what its answer means, stays with the core and the contract.
 */
export interface Transport {
  /**
   * Makes one of the SDK's own requests, under the lock of all tabs. `refreshToken` is there with `access.refreshToken`. A
   * rejection means that no answer came; `{ status }` that this one did, with nothing in it; `undefined` that it is for the
   * contract to make.
   */
  request(
    operation: "signIn" | "exchange" | "refresh" | "session" | "signOut",
    fields: Credentials | undefined,
    refreshToken: string | undefined,
  ): Promise<Response | undefined>;
  /**
   * Makes a call that goes with these headers, by its `send`. It may send a second time, unless the body is a stream.
   */
  readonly call?: ((call: TransportCall, headers: Readonly<Record<string, string>>) => Promise<Response>) | undefined;
}

/** A call as a {@link Transport} sees it. */
export interface TransportCall {
  /** Absolute. */
  readonly url: string;
  readonly method: string;
  /** Whether it can be sent only once. */
  readonly isOnce: boolean;
  send(headers: Readonly<Record<string, string>>): Promise<Response>;
}
