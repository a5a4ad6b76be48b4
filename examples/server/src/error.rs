//! What a refusal looks like: a status and `{"error":"code"}`, nothing that helps to guess.

use axum::{
    Json,
    http::{HeaderName, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use serde_json::json;

#[derive(Debug)]
pub(crate) enum ApiError {
    InvalidRequest,
    InvalidCredentials,
    NoSession,
    ReuseDetected,
    /// A bearer endpoint was called without an access token.
    MissingToken,
    /// The access token is malformed, expired or of a revoked family.
    InvalidToken,
    OriginNotAllowed,
    NotFound,
    ProviderUnavailable,
    /// The caller learns nothing more; the reason is in the log.
    Internal(String),
}

impl ApiError {
    fn parts(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, "invalid_credentials"),
            Self::NoSession => (StatusCode::UNAUTHORIZED, "no_session"),
            Self::ReuseDetected => (StatusCode::UNAUTHORIZED, "reuse_detected"),
            Self::MissingToken | Self::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid_token"),
            Self::OriginNotAllowed => (StatusCode::FORBIDDEN, "origin_not_allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::ProviderUnavailable => (StatusCode::BAD_GATEWAY, "provider_unavailable"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        }
    }

    /// RFC 6750 §3: the challenge names an error only if a token was sent.
    fn challenge(&self) -> Option<(HeaderName, &'static str)> {
        match self {
            Self::MissingToken => Some((WWW_AUTHENTICATE, "Bearer")),
            Self::InvalidToken => Some((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Internal(reason) = &self {
            tracing::error!("internal error: {reason}");
        }
        let (status, code) = self.parts();
        let body = Json(json!({ "error": code }));
        match self.challenge() {
            Some(challenge) => (status, [challenge], body).into_response(),
            None => (status, body).into_response(),
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<getrandom::Error> for ApiError {
    fn from(error: getrandom::Error) -> Self {
        Self::Internal(error.to_string())
    }
}
