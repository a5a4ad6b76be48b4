//! The shapes that go out to JavaScript: numbers and short tuples, whose words stand in `pkg-template/src/told.ts`.

use wasm_bindgen::JsValue;

use super::host::to_float;
use crate::core::{EndReason, Freshness, Problem, State, Status};

/// Beside a state: it has come about by another tab's token.
pub(super) const GIVEN: u32 = 1 << 7;

/// [`State`] but for its problem: two bits each for the status, the freshness and the reason, and one for a refresh.
pub(super) fn state(state: State) -> u32 {
    let status = match state.status {
        Status::Loading => 0,
        Status::Authenticated => 1,
        Status::Unauthenticated => 2,
    };
    let freshness = match state.freshness {
        Freshness::Fresh => 0,
        Freshness::Stale => 1,
        Freshness::Offline => 2,
    };
    let reason = match state.reason {
        None | Some(EndReason::None) => 0,
        Some(EndReason::Expired) => 1,
        Some(EndReason::SignedOut) => 2,
    };
    status | freshness << 2 | reason << 4 | u32::from(state.refreshing) << 6
}

/// A problem: its number, whether it is temporary, a status, and how long the server asked to wait, in milliseconds; less than
/// zero stands for what is not there. `null` if there is no problem.
pub(super) fn problem(problem: Option<Problem>) -> JsValue {
    let Some(problem) = problem else { return JsValue::NULL };
    let retry_after = match problem {
        Problem::TryLater { retry_after, .. } => retry_after,
        _ => None,
    };
    let numbers = [
        problem.number().into(),
        u8::from(problem.is_temporary()).into(),
        problem.status().map_or(-1.0, f64::from),
        retry_after.map_or(-1.0, |wait| to_float(wait.span())),
    ];
    serde_wasm_bindgen::to_value(&numbers).unwrap_or(JsValue::NULL)
}
