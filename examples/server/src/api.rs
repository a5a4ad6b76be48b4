//! `/api`: something worth signing in for.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde::{Deserialize, Serialize};

use crate::{access_token::Caller, auth::Body, clock, error::ApiError, random, state::AppState, users::User};

const LONGEST_NOTE: usize = 2000;

pub(crate) fn routes() -> Router<Arc<AppState>> {
    Router::new().route("/api/me", get(me)).route("/api/notes", get(list).post(create))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    id: String,
    text: String,
    created_at: String,
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

async fn me(Caller(session): Caller) -> Json<User> {
    Json(session.user)
}

async fn list(State(state): State<Arc<AppState>>, Caller(session): Caller) -> Result<Json<Vec<Note>>, ApiError> {
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as("SELECT id, text, created_ms FROM notes WHERE user_id = $1 ORDER BY created_ms, id")
            .bind(&session.user.id)
            .fetch_all(&state.db)
            .await?;
    let notes =
        rows.into_iter().map(|(id, text, created_ms)| Note { id, text, created_at: clock::rfc3339_ms(created_ms) });
    Ok(Json(notes.collect()))
}

async fn create(
    State(state): State<Arc<AppState>>,
    Caller(session): Caller,
    Body(note): Body<NewNote>,
) -> Result<(StatusCode, Json<Note>), ApiError> {
    // PostgreSQL keeps no text with a NUL in it.
    if !(1..=LONGEST_NOTE).contains(&note.text.chars().count()) || note.text.contains('\0') {
        return Err(ApiError::InvalidRequest);
    }
    let id = random::id()?;
    let now = clock::now_ms();
    sqlx::query("INSERT INTO notes (id, user_id, text, created_ms) VALUES ($1, $2, $3, $4)")
        .bind(&id)
        .bind(&session.user.id)
        .bind(&note.text)
        .bind(now)
        .execute(&state.db)
        .await?;
    let note = Note { id, text: note.text, created_at: clock::rfc3339_ms(now) };
    Ok((StatusCode::CREATED, Json(note)))
}
