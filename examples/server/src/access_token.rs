//! Access tokens: JWTs (RFC 7519) signed with HS256, sent as `Authorization: Bearer` (RFC 6750).

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::{
    clock,
    error::ApiError,
    hs256, random,
    refresh_token::Issued,
    server::StartError,
    session::{self, Session},
    state::AppState,
};

/// RFC 7518 §3.2: a key at least as long as the hash.
pub(crate) const SHORTEST_KEY: usize = 32;

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    /// The refresh-token family.
    sid: String,
    /// How many rotations of it led here.
    rotation: i64,
    iat: i64,
    exp: i64,
    jti: String,
}

pub(crate) struct AccessToken {
    pub(crate) text: String,
    pub(crate) expires_in: i64,
}

pub(crate) struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    ttl: i64,
}

impl AccessTokens {
    /// Without a secret the key is random: tokens end with the process, and two servers do not
    /// accept each other's; with `PostgreSQL` it is asked for (`agreement`).
    pub(crate) fn new(secret: Option<&str>, ttl: i64) -> Result<Self, StartError> {
        hs256::install();
        let random = random::secret().map_err(ApiError::from)?;
        let key = secret.unwrap_or(&random).as_bytes();
        if key.len() < SHORTEST_KEY {
            return Err(StartError::ShortKey);
        }
        // The algorithm is fixed here, not taken from the token (RFC 8725 §3.1).
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        Ok(Self { encoding: EncodingKey::from_secret(key), decoding: DecodingKey::from_secret(key), validation, ttl })
    }

    fn verified(&self, token: &str) -> Option<Claims> {
        let data = decode::<Claims>(token, &self.decoding, &self.validation);
        data.ok().map(|data| data.claims)
    }
}

/// An access token of a session, which never outlives it.
pub(crate) fn issue(state: &AppState, issued: &Issued) -> Result<AccessToken, ApiError> {
    let session = &issued.session;
    let now = clock::now();
    let expires_in = state.access_tokens.ttl.min(session.expires_at - now).max(0);
    let claims = Claims {
        sub: session.user.id.clone(),
        sid: session.family_id.clone(),
        rotation: issued.number,
        iat: now,
        exp: now + expires_in,
        jti: random::id()?,
    };
    let header = Header::new(Algorithm::HS256);
    let text = encode(&header, &claims, &state.access_tokens.encoding)
        .map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(AccessToken { text, expires_in })
}

/// The session an access token speaks for.
///
/// A JWT alone would be good until it expires, whatever happened since. Asking for its family
/// makes sign-out and reuse detection take effect at once, and costs one look-up by primary key
/// for every API call; a service that cannot afford it keeps `--access-ttl` short instead.
pub(crate) async fn session_of(state: &AppState, token: &str) -> Result<Session, ApiError> {
    let claims = state.access_tokens.verified(token);
    let claims = claims.ok_or(ApiError::InvalidToken)?;
    session::of_family(&state.db, &claims.sid, clock::now())
        .await?
        .filter(|session| session.user.id == claims.sub && claims.rotation >= session.access_from)
        .ok_or(ApiError::InvalidToken)
}

/// The token of an `Authorization: Bearer` header; the scheme's case is free (RFC 9110 §11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Put into a handler's arguments, it lets only signed-in callers through.
pub(crate) struct Caller(pub(crate) Session);

impl FromRequestParts<Arc<AppState>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers).ok_or(ApiError::MissingToken)?;
        Ok(Self(session_of(state, token).await?))
    }
}
