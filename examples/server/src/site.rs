//! The pages and the npm package, as files.

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::map_response_with_state,
    response::Response,
};
use tower_http::services::ServeDir;

use crate::{error::ApiError, state::AppState};

pub(crate) fn routes(state: &Arc<AppState>) -> Router<Arc<AppState>> {
    let mut router = Router::new();
    if let Some(package) = &state.config.package {
        router = router.nest_service("/relatch", directory(package, state));
    }
    match &state.config.site {
        Some(site) => router.fallback_service(directory(site, state)),
        None => router.fallback(async || ApiError::NotFound),
    }
}

fn directory(path: &Path, state: &Arc<AppState>) -> Router {
    Router::new()
        .fallback_service(ServeDir::new(path))
        .layer(map_response_with_state(state.config.csp.clone(), headers))
}

/// The policy lets WebAssembly compile (`'wasm-unsafe-eval'`) and no other script from elsewhere
/// run. `no-cache` means revalidated, so an edit shows at the next reload.
async fn headers(State(csp): State<HeaderValue>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, csp);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
