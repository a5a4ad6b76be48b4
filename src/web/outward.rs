//! The shapes that go out to JavaScript.

use serde::Serialize;
use wasm_bindgen::JsValue;

use super::host::to_float;
use crate::core::{EndReason, Freshness, Millis, Problem, Session, State, Status};

/// [`State`] as JavaScript sees it.
#[derive(Serialize)]
struct StateOut {
    status: &'static str,
    freshness: &'static str,
    reason: Option<&'static str>,
    problem: Option<ProblemOut>,
    refreshing: bool,
}

/// [`Problem`] as JavaScript sees it; the JavaScript side makes an `Error` of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemOut {
    code: &'static str,
    temporary: bool,
    status: Option<u16>,
    retry_after_ms: Option<f64>,
}

/// What `inspect()` shows: numbers that are no secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspection {
    generation: u32,
    expires_in_ms: Option<f64>,
    due_in_ms: Option<f64>,
}

pub(super) fn state(state: State) -> JsValue {
    to_js(&StateOut {
        status: match state.status {
            Status::Loading => "loading",
            Status::Authenticated => "authenticated",
            Status::Unauthenticated => "unauthenticated",
        },
        freshness: match state.freshness {
            Freshness::Fresh => "fresh",
            Freshness::Stale => "stale",
            Freshness::Offline => "offline",
        },
        reason: state.reason.and_then(|reason| match reason {
            EndReason::None => None,
            EndReason::Expired => Some("expired"),
            EndReason::SignedOut => Some("signedOut"),
        }),
        problem: state.problem.map(problem_out),
        refreshing: state.refreshing,
    })
}

pub(super) fn problem(problem: Problem) -> JsValue {
    to_js(&problem_out(problem))
}

pub(super) fn inspection(session: &Session, now: Millis) -> JsValue {
    let expiry = session.expiry();
    to_js(&Inspection {
        generation: session.generation().0,
        expires_in_ms: expiry.map(|expiry| to_float(expiry.end.since(now))),
        due_in_ms: expiry.map(|expiry| to_float(expiry.due.since(now))),
    })
}

fn problem_out(problem: Problem) -> ProblemOut {
    let retry_after = match problem {
        Problem::TryLater { retry_after, .. } => retry_after,
        _ => None,
    };
    ProblemOut {
        code: problem.code(),
        temporary: problem.is_temporary(),
        status: problem.status(),
        retry_after_ms: retry_after.map(to_float),
    }
}

fn to_js(value: &impl Serialize) -> JsValue {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true);
    value.serialize(&serializer).unwrap_or(JsValue::NULL)
}
