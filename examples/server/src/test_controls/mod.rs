//! Test controls: `/test/*`, only with `--test-controls`.
//!
//! **Never in production.** Nobody has to sign in to reach them, and they end every session, make
//! any endpoint fail and show what requests contain. Without the flag nothing here is mounted.

mod arrivals;
mod bearer;
mod faults;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use serde_json::Value;

use crate::{auth::Body, error::ApiError, state::AppState};

use arrivals::Arrivals;
use faults::{Fault, Faults};

#[derive(Default)]
pub(crate) struct TestControls {
    arrivals: Arrivals,
    faults: Faults,
    /// Once access tokens were expired, those issued since.
    issued_since: Mutex<Option<HashSet<String>>>,
}

impl TestControls {
    pub(crate) fn access_token_issued(&self, jti: &str) {
        if let Some(issued) = lock(&self.issued_since).as_mut() {
            issued.insert(jti.to_owned());
        }
    }

    /// False for an access token issued before the last `/test/expire-access`.
    pub(crate) fn accepts(&self, jti: &str) -> bool {
        lock(&self.issued_since).as_ref().is_none_or(|issued| issued.contains(jti))
    }
}

/// Adds the controls to a finished router. Arrivals are counted before a fault can swallow them.
pub(crate) fn attach(router: Router<Arc<AppState>>, state: &Arc<AppState>) -> Router<Arc<AppState>> {
    router
        .route("/test/counters", get(counters))
        .route("/test/reset", post(reset))
        .route("/test/expire-access", post(expire_access))
        .route("/test/expire-refresh", post(expire_refresh))
        .route("/test/faults", post(add_fault))
        .merge(bearer::routes())
        .layer(from_fn_with_state(state.clone(), faults::inject))
        .layer(from_fn_with_state(state.clone(), arrivals::count))
}

/// The controls; mounted with them or not at all.
fn controls(state: &AppState) -> Result<&TestControls, ApiError> {
    state.test.as_ref().ok_or(ApiError::NotFound)
}

async fn counters(State(state): State<Arc<AppState>>) -> Result<Json<Value>, ApiError> {
    Ok(Json(controls(&state)?.arrivals.report(&state.audit)))
}

async fn reset(State(state): State<Arc<AppState>>) -> Result<StatusCode, ApiError> {
    let controls = controls(&state)?;
    controls.arrivals.zero();
    controls.faults.clear();
    *lock(&controls.issued_since) = None;
    state.audit.zero();
    Ok(StatusCode::NO_CONTENT)
}

async fn expire_access(State(state): State<Arc<AppState>>) -> Result<StatusCode, ApiError> {
    *lock(&controls(&state)?.issued_since) = Some(HashSet::new());
    Ok(StatusCode::NO_CONTENT)
}

/// Families stay, so that access tokens live on until they expire.
async fn expire_refresh(State(state): State<Arc<AppState>>) -> Result<StatusCode, ApiError> {
    sqlx::query("DELETE FROM refresh_tokens").execute(&state.db).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn add_fault(State(state): State<Arc<AppState>>, Body(fault): Body<Fault>) -> Result<StatusCode, ApiError> {
    controls(&state)?.faults.add(fault)?;
    Ok(StatusCode::NO_CONTENT)
}

/// A panic elsewhere leaves these values whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
