//! The shell in a real browser: what it reads, sends and publishes. `data:` URLs stand for answers, so that the
//! browser's own fetch and parsers are at work and no server is needed.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use js_sys::{Array, Object, Reflect};
use relatch::web::Client;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const TOKENS: &str = r#"data:application/json,{"accessToken":"abc","expiresIn":60,"user":{"id":7,"name":"Ada"}}"#;
const PAGE: &str = "data:text/html,<h1>Log in</h1>";
const BROKEN: &str = "data:application/json,{%22accessToken%22:";
/// A port that browsers refuse to speak to (Fetch standard, "bad ports").
const NOWHERE: &str = "http://127.0.0.1:9/";

const PASS: u32 = 0;
const SEND: u32 = 1;
const WAIT: u32 = 3;
const FAIL: u32 = 5;
const RESOLVE: u32 = 6;
const SIGN_OUT: u32 = 2;
const REFRESH: u32 = 3;

/// A client with what it has published.
struct Stage {
    client: Client,
    published: Array,
}

fn set(object: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).unwrap();
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

fn list(values: &[&str]) -> JsValue {
    values.iter().map(|value| JsValue::from_str(value)).collect::<Array>().into()
}

fn contract(refresh: &str) -> JsValue {
    let contract = Object::new().into();
    for (name, value) in
        [("refresh.method", "POST"), ("refresh.path", refresh), ("signOut.method", "POST"), ("signOut.path", "data:,")]
    {
        set(&contract, name, &value.into());
    }
    for (name, key) in [
        ("access.token", "accessToken"),
        ("access.expiresIn", "expiresIn"),
        ("user.at", "user"),
        ("user.id", "id"),
        ("error.at", "error"),
    ] {
        set(&contract, name, &list(&[key]));
    }
    set(&contract, "api.origins", &list(&["https://app.example"]));
    for name in ["refresh.dead", "api.expired"] {
        set(&contract, name, &Array::of1(&Array::of1(&401.into())).into());
    }
    for name in ["access.expiresAt", "access.refreshToken", "facts"] {
        set(&contract, name, &Array::new().into());
    }
    set(&contract, "session.user", &list(&["user"]));
    set(&contract, "access.by", &"bearer".into());
    set(&contract, "timeoutMs", &10_000.into());
    set(&contract, "leadMs", &60_000.into());
    set(&contract, "share", &"ask".into());
    contract
}

fn stage(refresh: &str) -> Stage {
    let published = Array::new();
    let host = Object::new();
    let kept = published.clone();
    let publish = Closure::<dyn FnMut(JsValue, JsValue)>::new(move |state: JsValue, data: JsValue| {
        set(&state, "data", &data);
        kept.push(&state);
    });
    set(&host, "publish", &publish.into_js_value());
    let compose = Closure::<dyn FnMut() -> js_sys::Promise>::new(|| {
        js_sys::Promise::resolve(&Array::of2(&JsValue::UNDEFINED, &Array::new())).unchecked_into()
    });
    set(&host, "compose", &compose.into_js_value());
    set(&host, "resume", &Closure::<dyn FnMut()>::new(|| {}).into_js_value());
    let client = Client::new(&contract(refresh), host.unchecked_into()).unwrap();
    Stage { client, published }
}

impl Stage {
    fn last(&self, name: &str) -> JsValue {
        get(&self.published.get(self.published.length() - 1), name)
    }
}

async fn code_of(promise: js_sys::Promise) -> Option<String> {
    let problem = JsFuture::from(promise).await.unwrap();
    (!problem.is_undefined()).then(|| get(&problem, "code").as_string().unwrap())
}

#[wasm_bindgen_test]
fn a_field_that_is_not_as_checked_is_named() {
    let contract = contract(TOKENS);
    set(&contract, "timeoutMs", &"soon".into());
    let error = Client::new(&contract, Object::new().unchecked_into()).err().unwrap();
    assert_eq!(error.as_string().as_deref(), Some("timeoutMs"));
}

#[wasm_bindgen_test]
async fn a_refresh_brings_a_header_a_state_and_the_user() {
    let stage = stage(TOKENS);
    assert!(stage.client.header().is_undefined());
    assert_eq!(code_of(stage.client.ask(REFRESH, &JsValue::UNDEFINED)).await, None);
    assert_eq!(stage.client.header(), "Bearer abc");
    assert_eq!(stage.last("status"), "authenticated");
    assert_eq!(stage.last("problem"), JsValue::NULL);
    assert_eq!(get(&stage.last("data"), "name"), "Ada");
    let left = get(&stage.client.inspect(), "expiresInMs").as_f64().unwrap();
    assert!(left > 50_000.0 && left <= 60_000.0, "{left}");
}

#[wasm_bindgen_test]
async fn a_call_waits_then_goes_with_the_generation_that_came() {
    let stage = stage(TOKENS);
    let answer = stage.client.start("https://app.example/x", 2);
    assert_eq!(answer & 7, WAIT);
    code_of(stage.client.ask(REFRESH, &JsValue::UNDEFINED)).await;
    assert_eq!(stage.client.resume(answer >> 3) & 7, SEND);
    assert_eq!(stage.client.start("https://evil.example/", 2) & 7, PASS);
    assert_eq!(stage.client.start("/x", 0) & 7, RESOLVE, "no page is known");
    stage.client.set_page(Some("https://app.example".into()));
    assert_eq!(stage.client.start("/x", 0) & 7, SEND);
    assert_eq!(stage.client.start("//evil.example/x", 0) & 7, RESOLVE);
}

#[wasm_bindgen_test]
async fn a_401_that_no_new_token_cures_is_delivered_and_nobody_refreshes() {
    const DELIVER: u32 = 4;
    let stage = stage(TOKENS);
    code_of(stage.client.ask(REFRESH, &JsValue::UNDEFINED)).await;
    let sent = stage.client.start("https://app.example/x", 2);
    let generation = get(&stage.client.inspect(), "generation");
    let challenge = Some(r#"Bearer error="insufficient_scope""#.to_owned());
    assert_eq!(stage.client.response(sent >> 3, 401, challenge, &JsValue::UNDEFINED) & 7, DELIVER);
    assert_eq!(stage.client.response(sent >> 3, 401, None, &JsValue::UNDEFINED) & 7, WAIT);
    assert_eq!(get(&stage.client.inspect(), "generation"), generation);
}

#[wasm_bindgen_test]
async fn answers_that_are_not_a_no_leave_the_session_unknown() {
    for (url, code) in [(NOWHERE, "Network"), (PAGE, "BadResponse"), (BROKEN, "BadResponse"), ("data:,", "BadResponse")]
    {
        let stage = stage(url);
        assert_eq!(code_of(stage.client.ask(REFRESH, &JsValue::UNDEFINED)).await.as_deref(), Some(code), "{url}");
        assert_eq!(stage.last("status"), "loading", "{url}");
        assert_eq!(get(&stage.last("problem"), "code"), code, "{url}");
        assert_eq!(stage.client.start("https://app.example/x", 2) & 7, FAIL, "{url}");
        assert_eq!(get(&stage.client.problem(), "code"), code, "{url}");
    }
}

#[wasm_bindgen_test]
async fn sign_out_drops_the_header_and_the_user_at_once() {
    let stage = stage(TOKENS);
    code_of(stage.client.ask(REFRESH, &JsValue::UNDEFINED)).await;
    let leaving = stage.client.ask(SIGN_OUT, &JsValue::UNDEFINED);
    assert!(stage.client.header().is_undefined());
    assert_eq!(stage.last("status"), "unauthenticated");
    assert_eq!(stage.last("data"), JsValue::NULL);
    assert_eq!(code_of(leaving).await, None);
}

#[wasm_bindgen_test]
async fn a_call_that_goes_straight_through_takes_no_memory() {
    let stage = stage(TOKENS);
    code_of(stage.client.ask(REFRESH, &JsValue::UNDEFINED)).await;
    let url = "https://app.example/some/path?with=a&query";
    let pages = || core::arch::wasm32::memory_size(0);
    for _ in 0..1_000 {
        stage.client.start(url, 2);
    }
    let before = pages();
    for _ in 0..200_000 {
        assert_eq!(stage.client.start(url, 2) & 7, SEND);
    }
    assert_eq!(pages(), before);
}
