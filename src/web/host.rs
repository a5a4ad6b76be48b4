//! The platform's functions that the shell calls, and the object through which it speaks to its JavaScript side.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::core::Millis;

#[wasm_bindgen]
extern "C" {
    /// What the JavaScript side of a client lends to the shell.
    #[wasm_bindgen(typescript_type = "Host")]
    pub type Host;

    /// The state or the data has changed.
    #[wasm_bindgen(method)]
    pub fn publish(this: &Host, state: JsValue, data: JsValue);

    /// Calls that wait are to be resumed.
    #[wasm_bindgen(method)]
    pub fn resume(this: &Host);

    /// Put together what an operation sends besides its bearer: a promise of `[body, headers]`; or of a `Response`, if something
    /// else carries the request.
    #[wasm_bindgen(method)]
    pub(super) fn compose(this: &Host, group: &str, fields: JsValue, refresh_token: JsValue) -> js_sys::Promise;

    /// Ask for the lock, by force if `steal`; `Client::locked` is called when it is held.
    #[wasm_bindgen(method)]
    pub(super) fn lock(this: &Host, ticket: u32, steal: bool);

    /// Free the lock, or stop waiting for it.
    #[wasm_bindgen(method)]
    pub(super) fn unlock(this: &Host, ticket: u32);

    /// Write the record if the stamp that stands is `seen`, or none if that is empty; then `Client::stamped` is called.
    #[wasm_bindgen(method, js_name = writeStamp)]
    pub(super) fn write_stamp(this: &Host, ticket: u32, seen: Vec<f64>, record: Vec<f64>);

    /// Read the stamp; then `Client::stampRead` is called.
    #[wasm_bindgen(method, js_name = readStamp)]
    pub(super) fn read_stamp(this: &Host);

    /// Say something to the other tabs, where `Client::heard` is called.
    #[wasm_bindgen(method)]
    pub(super) fn tell(this: &Host, kind: u32, stamp: Vec<f64>, bearer: JsValue, left: Option<f64>, user: JsValue);

    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    pub(super) fn wall() -> f64;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(numbers: &mut [u32]);

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, delay: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(handle: &JsValue);

    /// `undefined` of what is not there.
    #[wasm_bindgen(js_namespace = JSON, js_name = stringify)]
    pub fn json(value: &JsValue) -> JsValue;

    #[wasm_bindgen(catch)]
    pub fn atob(text: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = JSON)]
    pub fn parse(text: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = String)]
    pub fn text(value: &JsValue) -> String;
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

/// A timer that is cleared when it is dropped.
pub(super) struct Timer(JsValue);

impl Timer {
    /// Calls back after `delay`, or after the longest time that the platform can wait.
    #[expect(clippy::cast_precision_loss, reason = "31 bits fit")]
    pub(super) fn after(delay: Millis, callback: &Function) -> Self {
        // A timer may fire a little early: one millisecond more, and the deadline has come for certain.
        Self(set_timeout(callback, delay.0.saturating_add(1).min(LONGEST_TIMER) as f64))
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.0);
    }
}
