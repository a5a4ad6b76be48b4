//! The check against cross-site request forgery.
//!
//! The cookie travels by itself, so a request that changes something has to show that a page of
//! ours sent it. Browsers put `Origin` on every POST and no script can change it (Fetch standard,
//! "append a request `Origin` header"); `SameSite=Lax` alone would trust sibling subdomains.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::header::ORIGIN,
    middleware::Next,
    response::Response,
};

use crate::{error::ApiError, state::AppState};

pub(crate) async fn check(
    State(state): State<Arc<AppState>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if request.method().is_safe() {
        return Ok(next.run(request).await);
    }
    let origin = request.headers().get(ORIGIN).map(|value| value.to_str());
    match origin {
        Some(Ok(origin)) if state.origins.contains(origin) => Ok(next.run(request).await),
        _ => Err(ApiError::OriginNotAllowed),
    }
}
