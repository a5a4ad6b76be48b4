//! Test controls: `/test/*`, only with `--test-controls`.
//!
//! **Never in production.** Nobody has to sign in to reach them, and they end every session, make
//! any endpoint fail and show what requests contain. Without the flag nothing here is mounted.

mod arrivals;
mod bearer;
mod faults;

use std::sync::Arc;

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
    state.audit.zero();
    sqlx::query("UPDATE families SET access_from = 0").execute(&state.db).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The rotations to come make good ones again. A family whose tokens are gone has none to come.
async fn expire_access(State(state): State<Arc<AppState>>) -> Result<StatusCode, ApiError> {
    sqlx::query(
        "UPDATE families SET access_from =
             COALESCE((SELECT MAX(number) FROM refresh_tokens WHERE family_id = families.id), 1000000000) + 1",
    )
    .execute(&state.db)
    .await?;
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
