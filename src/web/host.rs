//! The platform's functions that the shell calls, and the object through which it speaks to its JavaScript side.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use crate::core::Millis;

#[wasm_bindgen]
extern "C" {
    /// What the JavaScript side of a client lends to the shell.
    #[wasm_bindgen(typescript_type = "Host")]
    pub type Host;

    /// The state or the data has changed.
    #[wasm_bindgen(method)]
    pub(super) fn publish(this: &Host, state: u32, problem: JsValue, data: JsValue);

    /// Calls that wait are to be resumed.
    #[wasm_bindgen(method)]
    pub(super) fn resume(this: &Host);

    /// There may be new records; only a client that is watched says so.
    #[wasm_bindgen(method)]
    pub(super) fn recorded(this: &Host);

    /// What was asked for has ended, with a problem or with `null`.
    #[wasm_bindgen(method)]
    pub(super) fn settle(this: &Host, ask: u32, problem: JsValue);

    /// Say so by `Client::hint` when this many milliseconds have gone by, instead of what was asked for before; never, if
    /// it is negative.
    #[wasm_bindgen(method)]
    pub(super) fn arm(this: &Host, delay: f64);

    /// Put together an operation's request, with the fields of whoever asked (zero if nobody did) and the key of a refresh: a
    /// promise of an array with a `Request` and a `RequestInit`; with a `Response` in the third place, if something else carries the
    /// request; or with a status in the fourth, if a proof cannot be had. It does not reject.
    #[wasm_bindgen(method)]
    pub(super) fn compose(
        this: &Host,
        operation: u32,
        ask: u32,
        refresh_token: JsValue,
        key: u64,
        needs_proof: bool,
    ) -> Promise;

    /// Parse an answer, unless it is a page, and look up what the contract names: the milliseconds of `Retry-After`, access token,
    /// refresh token, lifetime in seconds, the user's id as text, an error code, the user, whether that is somebody, what the
    /// rules ask about, and whether it is JSON. A promise, which rejects if the body breaks off. A body with a token in it never
    /// lies in WASM memory as a whole.
    #[wasm_bindgen(method)]
    pub(super) fn read(this: &Host, response: web_sys::Response, operation: u32, is_page: bool) -> Promise;

    /// Ask for the lock, by force if `steal`; `Client::found` is called when it is held.
    #[wasm_bindgen(method)]
    pub(super) fn lock(this: &Host, ticket: u32, steal: bool);

    /// Free the lock, or stop waiting for it.
    #[wasm_bindgen(method)]
    pub(super) fn unlock(this: &Host, ticket: u32);

    /// Write the record if the stamp that stands is `seen`, or none if that is empty; then `Client::found` is called. Both are
    /// views of the module's memory, which are to be copied at once.
    #[wasm_bindgen(method, js_name = writeStamp)]
    pub(super) fn write_stamp(this: &Host, ticket: u32, seen: &[f64], record: &[f64]);

    /// Read the stamp; then `Client::found` is called.
    #[wasm_bindgen(method, js_name = readStamp)]
    pub(super) fn read_stamp(this: &Host);

    /// Say something to the other tabs, where `Client::heard` is called. The stamp is a view as well.
    #[wasm_bindgen(method)]
    pub(super) fn tell(this: &Host, kind: u32, stamp: &[f64], bearer: JsValue, left: Option<f64>, user: JsValue);

    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    pub(super) fn wall() -> f64;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(numbers: &mut [u32]);
}

/// A longer timer fires at once (HTML standard: a timer's delay is a signed 32-bit number).
const LONGEST_TIMER: u64 = i32::MAX as u64;

/// The monotonic clock (High Resolution Time standard).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds since the page began")]
pub(super) fn now() -> Millis {
    Millis(performance_now() as u64)
}

/// A seed for jitter and for keys, which nobody outside is to guess.
pub(super) fn seed() -> u64 {
    let mut halves = [0; 2];
    get_random_values(&mut halves);
    let [high, low] = halves;
    u64::from(high) << 32 | u64::from(low)
}

/// A span as JavaScript counts it.
#[expect(clippy::cast_precision_loss, reason = "a year of milliseconds fits")]
pub(super) fn to_float(span: Millis) -> f64 {
    span.0 as f64
}

/// How long a timer is to wait, or the longest that the platform can. It may fire a little early: one millisecond more, and
/// the deadline has come for certain.
pub(super) fn delay(span: Millis) -> f64 {
    to_float(Millis(span.0.saturating_add(1).min(LONGEST_TIMER)))
}
