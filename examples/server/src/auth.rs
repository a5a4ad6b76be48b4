//! `/auth`: sign-in, refresh, session, sign-out.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    access_token::{self, bearer},
    clock, cookie,
    error::ApiError,
    refresh_token::{self, Issued, Rotation},
    session::{self, Session},
    social,
    state::AppState,
    users::{self, User},
};

pub(crate) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/auth/login", post(login))
        .route("/auth/social-login", post(social::login))
        .route("/auth/refresh", post(refresh))
        .route("/auth/session", get(session))
        .route("/auth/logout", post(logout))
}

/// A JSON body; whatever is wrong with it is `invalid_request`.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(_) => Err(ApiError::InvalidRequest),
        }
    }
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

async fn login(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Body(credentials): Body<Credentials>,
) -> Result<Response, ApiError> {
    // PostgreSQL knows no text with a NUL in it.
    if credentials.email.contains('\0') {
        return Err(ApiError::InvalidRequest);
    }
    let account = users::by_email(&state.db, &credentials.email).await?;
    let (user, stored) = account.map(|it| (it.user, it.password_hash)).unzip();
    let matches = state.passwords.verify(credentials.password, stored).await?;
    match user {
        Some(user) if matches => sign_in(&state, &headers, &user, "password").await,
        _ => {
            state.audit.sign_in_refused("password");
            Err(ApiError::InvalidCredentials)
        }
    }
}

/// Starts a family for a user whose identity is established. A session the browser still had is
/// replaced: left alone, its token would stay good for whoever holds a copy.
pub(crate) async fn sign_in(
    state: &AppState,
    headers: &HeaderMap,
    user: &User,
    provider: &str,
) -> Result<Response, ApiError> {
    if let Some(token) = cookie::read(headers, &state.config)
        && let Some(replaced) = refresh_token::family_of(&state.db, token).await?
        && refresh_token::revoke(&state.db, &replaced).await?
    {
        state.audit.revoked(&replaced, "replaced by a sign-in");
    }
    let issued = refresh_token::start(&state.db, &user.id, state.config.refresh_ttl).await?;
    let family_id = &issued.session.family_id;
    state.audit.signed_in(&user.id, family_id, provider);
    answer(state, issued)
}

async fn refresh(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let rotation = match cookie::read(&headers, &state.config) {
        Some(token) => {
            let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
            refresh_token::rotate(&state.db, token, key).await?
        }
        None => Rotation::Refused,
    };
    let error = match rotation {
        Rotation::Rotated(issued) => {
            let family_id = &issued.session.family_id;
            state.audit.rotated(family_id, issued.number);
            return answer(&state, issued);
        }
        Rotation::Reuse { family_id, revoked } => {
            state.audit.reuse(&family_id);
            if revoked {
                state.audit.revoked(&family_id, "reuse");
            }
            ApiError::ReuseDetected
        }
        Rotation::Refused => {
            state.audit.refresh_refused();
            ApiError::NoSession
        }
    };
    Ok(([(SET_COOKIE, cookie::clear(&state.config)?)], error).into_response())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignedIn {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    user: User,
}

/// What sign-in and refresh answer with: the access token in the body (RFC 6749 §5.1, in the
/// names of JavaScript), the refresh token in the cookie and nowhere else.
fn answer(state: &AppState, issued: Issued) -> Result<Response, ApiError> {
    let access = access_token::issue(state, &issued)?;
    let session = issued.session;
    let max_age = session.expires_at - clock::now();
    let cookie = cookie::set(&issued.token, max_age, &state.config)?;
    let body =
        SignedIn { access_token: access.text, token_type: "Bearer", expires_in: access.expires_in, user: session.user };
    Ok(([(SET_COOKIE, cookie)], Json(body)).into_response())
}

#[derive(Serialize)]
struct SessionView {
    user: User,
    expires: String,
}

/// Who is signed in. Changes nothing, so a server that renders pages can ask as often as it likes.
async fn session(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Result<Json<SessionView>, ApiError> {
    let session = live_session(&state, &headers).await?;
    let session = session.ok_or(ApiError::NoSession)?;
    Ok(Json(SessionView { user: session.user, expires: clock::rfc3339(session.expires_at) }))
}

/// The session of the access token or, if there is none, of the cookie.
async fn live_session(state: &AppState, headers: &HeaderMap) -> Result<Option<Session>, ApiError> {
    if let Some(token) = bearer(headers) {
        return match access_token::session_of(state, token).await {
            Err(ApiError::InvalidToken) => Ok(None),
            answer => answer.map(Some),
        };
    }
    match cookie::read(headers, &state.config) {
        Some(token) => session::of_refresh_token(&state.db, token).await,
        None => Ok(None),
    }
}

/// Signing out twice, or without a session, is as good as once.
async fn logout(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Result<Response, ApiError> {
    for family_id in families_to_end(&state, &headers).await? {
        if refresh_token::revoke(&state.db, &family_id).await? {
            state.audit.signed_out(&family_id);
            state.audit.revoked(&family_id, "sign-out");
        }
    }
    let cleared = [(SET_COOKIE, cookie::clear(&state.config)?)];
    Ok((StatusCode::NO_CONTENT, cleared).into_response())
}

/// The family of the cookie, be its token current or not, and the one of the access token, which may be another: a late answer
/// can have left the cookie of a session that has ended.
async fn families_to_end(state: &AppState, headers: &HeaderMap) -> Result<Vec<String>, ApiError> {
    let mut families = Vec::new();
    if let Some(token) = cookie::read(headers, &state.config) {
        families.extend(refresh_token::family_of(&state.db, token).await?);
    }
    if let Some(token) = bearer(headers) {
        match access_token::session_of(state, token).await {
            Ok(session) => families.push(session.family_id),
            Err(ApiError::InvalidToken) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(families)
}
