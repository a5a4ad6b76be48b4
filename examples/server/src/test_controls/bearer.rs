//! Endpoints behind the access token that answer what a test asks for.

use std::{collections::BTreeMap, convert::Infallible, fmt::Write as _, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION},
    },
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::{access_token::Caller, error::ApiError, state::AppState};

/// What counts as a request to the API.
pub(super) const PATHS: [&str; 6] =
    ["/test/echo", "/test/status/", "/test/always-401", "/test/redirect", "/test/slow", "/test/stream"];

const LONGEST_BODY: usize = 64 * 1024 * 1024;
const LONGEST_TEXT: usize = 64 * 1024;

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/test/echo", any(echo))
        .route("/test/status/{code}", any(status))
        .route("/test/always-401", any(async || ApiError::InvalidToken))
        .route("/test/redirect", any(redirect))
        .route("/test/slow", get(slow))
        .route("/test/stream", get(stream))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(map_response(no_store))
}

async fn no_store(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Shows what arrived, but never the access token itself.
///
/// The body is read before the caller is refused: an answer to a body that was not read resets the connection, and a
/// browser may then send the request again by itself, which a test would count.
async fn echo(
    caller: Result<Caller, ApiError>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    caller?;
    let content_type = headers.get(CONTENT_TYPE).map(text);
    let shown = body.get(..LONGEST_TEXT).unwrap_or(&body);
    Ok(Json(json!({
        "method": method.as_str(),
        "query": uri.query().unwrap_or_default(),
        "headers": shown_headers(&headers),
        "contentType": content_type,
        "bodyLength": body.len(),
        "bodySha256": hex(&Sha256::digest(&body)),
        "bodyText": String::from_utf8_lossy(shown),
    })))
}

fn shown_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        if name == AUTHORIZATION {
            shown.insert(name.to_string(), "present".to_owned());
            continue;
        }
        let all = shown.entry(name.to_string()).or_default();
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(&text(value));
    }
    shown
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

async fn status(_: Caller, Path(code): Path<u16>) -> Result<Response, ApiError> {
    let status = StatusCode::from_u16(code).map_err(|_| ApiError::InvalidRequest)?;
    match code {
        0..200 => Err(ApiError::InvalidRequest),
        // These have no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5).
        204 | 205 | 304 => Ok(status.into_response()),
        _ => Ok((status, Json(json!({ "status": code }))).into_response()),
    }
}

#[derive(Deserialize)]
struct Redirect {
    to: String,
    #[serde(default = "temporary")]
    status: u16,
}

fn temporary() -> u16 {
    StatusCode::TEMPORARY_REDIRECT.as_u16()
}

async fn redirect(_: Caller, Query(redirect): Query<Redirect>) -> Result<Response, ApiError> {
    let status = StatusCode::from_u16(redirect.status)
        .ok()
        .filter(StatusCode::is_redirection)
        .ok_or(ApiError::InvalidRequest)?;
    let to = HeaderValue::from_str(&redirect.to).map_err(|_| ApiError::InvalidRequest)?;
    Ok((status, [(LOCATION, to)]).into_response())
}

#[derive(Deserialize)]
struct Slow {
    ms: u64,
}

async fn slow(_: Caller, Query(slow): Query<Slow>) -> Json<Value> {
    sleep(Duration::from_millis(slow.ms)).await;
    Json(json!({ "ms": slow.ms }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunks {
    chunks: u32,
    every_ms: u64,
}

/// `chunk 1`, `chunk 2`, … each on a line of its own.
async fn stream(_: Caller, Query(wanted): Query<Chunks>) -> Response {
    let chunks = stream::unfold(1, move |number| async move {
        if number > wanted.chunks {
            return None;
        }
        if number > 1 {
            sleep(Duration::from_millis(wanted.every_ms)).await;
        }
        let chunk = Bytes::from(format!("chunk {number}\n"));
        Some((Ok::<_, Infallible>(chunk), number + 1))
    });
    let plain = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    (plain, Body::from_stream(chunks)).into_response()
}
