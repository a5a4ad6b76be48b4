/** What the OpenID Connect library throws, as errors of relatch. Its own hold claims and parameters, which go nowhere. */
import * as oauth from "oauth4webapi";
import { isRelatchError, RelatchError } from "./index.js";
import type { OidcErrorCode } from "./errors.js";

const MESSAGES: Record<OidcErrorCode, string> = {
  AuthorizationRefused: "The authorization server refused. See answer.error, and answer.error_description if it gave one.",
  AuthorizationMismatch: "The answer does not belong to a sign-in of this tab, or is of another server. Nobody was signed in; begin anew.",
  PopupBlocked: "The browser opened no window. Call signInWithPopup() directly in a click handler, or use signIn().",
  PopupClosed: "The window was closed before the sign-in was complete.",
  ForeignRedirect: "returnTo has to be on this page's origin.",
  InsecureContext: "OpenID Connect needs Web Crypto, which browsers have on https and on localhost only.",
};

export const oidcError = (code: OidcErrorCode, answer?: unknown): RelatchError =>
  new RelatchError(code, { message: MESSAGES[code], answer });

/** An answer that is not of this sign-in: what of it differs. */
export const mismatch = (what: string): RelatchError => oidcError("AuthorizationMismatch", { mismatch: what });

/** The error of something that was asked of the provider and failed. */
export function errorFrom(error: unknown): RelatchError {
  if (isRelatchError(error)) return error;
  if (error instanceof oauth.AuthorizationResponseError) return refused(error);
  if (error instanceof oauth.ResponseBodyError) return error.error === "invalid_grant" ? refused(error) : answered(error.status);
  if (error instanceof oauth.WWWAuthenticateChallengeError) return answered(error.status);
  if (error instanceof oauth.OperationProcessingError) {
    const { cause } = error;
    if (cause instanceof Response && cause.status !== 200) return answered(cause.status);
    const { claim, attribute, claims } = (cause ?? {}) as { claim?: string; attribute?: string; claims?: { nonce?: unknown } };
    const what = claim ?? attribute ?? (claims && claims.nonce === undefined ? "nonce" : undefined);
    return what ? mismatch(what) : new RelatchError("BadResponse");
  }
  const isLate = error instanceof DOMException && error.name === "TimeoutError";
  return new RelatchError(isLate ? "Timeout" : error instanceof TypeError ? "Network" : "BadResponse", { temporary: true });
}

/** What a status says that comes with no error of the protocol. */
function answered(status: number): RelatchError {
  const isBusy = [408, 425, 429].includes(status) || status >= 500;
  const code = isBusy ? "TryLater" : status < 400 ? "BadResponse" : "Misconfigured";
  return new RelatchError(code, { status, temporary: isBusy });
}

const refused = ({ error, error_description }: { error: string; error_description?: string }): RelatchError =>
  oidcError("AuthorizationRefused", error_description === undefined ? { error } : { error, error_description });
