//! Sign-in with a social provider's access token.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    auth::{Body, sign_in},
    error::ApiError,
    providers::Provider,
    state::AppState,
    users,
};

#[derive(Deserialize)]
pub(crate) struct SocialLogin {
    provider: String,
    token: String,
    #[serde(default)]
    profile: Value,
}

/// The provider's answer decides who this is. The profile the page sends is a claim like any
/// other: it is compared, so that a mix-up is refused, and never stored.
pub(crate) async fn login(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Body(request): Body<SocialLogin>,
) -> Result<Response, ApiError> {
    let provider = Provider::from_name(&request.provider).ok_or(ApiError::InvalidRequest)?;
    // It goes into a header.
    if !request.token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiError::InvalidRequest);
    }
    let profile = state.providers.profile(provider, &request.token).await;
    let profile = profile.inspect_err(|_| state.audit.sign_in_refused(provider.name()))?;
    if provider.contradicts(&request.profile, &profile) {
        state.audit.sign_in_refused(provider.name());
        return Err(ApiError::InvalidCredentials);
    }
    let user = users::upsert_social(&state.db, provider, &profile).await?;
    sign_in(&state, &headers, &user, provider.name()).await
}
