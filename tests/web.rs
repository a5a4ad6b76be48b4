//! The shell in a real browser: what it reads, sends and publishes. `data:` URLs stand for answers, so that the
//! browser's own fetch and parsers are at work and no server is needed.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use js_sys::{Array, Function, Object, Promise, Reflect};
use relatch::web::Core as Client;
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
const BARE: u32 = 2;
const WAIT: u32 = 3;
const FAIL: u32 = 5;
const RESOLVE: u32 = 6;

/// Switches of a contract: a token is given to who asks; the refresh token is in the body.
const GIVES: &str = "32";
const BY_BODY: &str = "8";

const LOADING: u32 = 0;
const AUTHENTICATED: u32 = 1;
const UNAUTHENTICATED: u32 = 2;

/// Puts a request together when the proof of origin is there, and tells when it is sent: `fetch` looks at its options then.
const COMPOSE_LATE: &str = "
    const options = { get method() { return void this.host.sent.push(operation); }, host: this };
    return this.proof.then(() => [new Request('data:,', { method: 'POST' }), options]);
";

/// From here on a hint is an operation that is asked for, by its number.
const ASK: u32 = 8;
const REFRESH: u32 = 0;
const SIGN_OUT: u32 = 4;

/// Problems by their numbers.
const NETWORK: u32 = 0;
const BAD_RESPONSE: u32 = 3;

/// A client with what it has published, and what waits for the end of an operation.
struct Stage {
    client: Client,
    host: Object,
    published: Array,
    asked: Array,
}

fn set(object: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).unwrap();
}

/// One of the numbers of `Client::record`: the third is what is left of the token, the tenth its generation.
fn told(client: &Client, place: usize) -> u32 {
    client.record(true, u32::MAX).to_vec().get(place).copied().unwrap()
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

/// A contract as one text: timeout, lead, switches (a token is given to who asks), the signs of a dead session, three empty
/// lists, the signs of a dead token, the origin of the API, and no URL of its own.
fn contract(switches: &'static str) -> String {
    let refused = ["1", "401", "0", "0", ""];
    let fields = [
        &["10000", "60000", switches],
        &refused[..],
        &["0", "0", "0"],
        &refused,
        &["0", "1", "https://app.example", "0"],
    ];
    fields.concat().join("\x1f")
}

fn function(arguments: &str, body: &str) -> JsValue {
    Function::new_with_args(arguments, body).into()
}

fn stage(refresh: &str) -> Stage {
    stage_of(&contract(GIVES), refresh)
}

fn stage_of(contract: &str, refresh: &str) -> Stage {
    let (published, asked) = (Array::new(), Array::new());
    let host = Object::new();
    set(&host, "published", &published);
    set(&host, "asked", &asked);
    set(&host, "url", &refresh.into());
    set(&host, "publish", &function("state, problem, data", "this.published.push({ state, problem, data })"));
    set(&host, "settle", &function("ask, problem", "this.asked[ask](problem)"));
    set(&host, "resume", &function("", ""));
    set(&host, "arm", &function("", ""));
    let compose = "return Promise.resolve([new Request(operation ? 'data:,' : this.url, { method: 'POST' }), {}])";
    set(&host, "compose", &function("operation", compose));
    let read = "const found = (json) => { \
                  const { accessToken, expiresIn, user } = json ?? {}; \
                  return [, accessToken, , expiresIn, user && String(user.id), , user, !!user, '', json !== undefined]; \
                }; \
                const none = (error) => { if (error.name !== 'SyntaxError') throw error; }; \
                return isPage ? Promise.resolve(found()) : response.json().catch(none).then(found)";
    set(&host, "read", &function("response, operation, isPage", read));
    let client = Client::new(contract, host.clone().unchecked_into(), 256, false);
    Stage { client, host, published, asked }
}

impl Stage {
    fn last(&self, name: &str) -> JsValue {
        get(&self.published.get(self.published.length() - 1), name)
    }

    fn status(&self) -> u32 {
        number(&self.last("state")) & 3
    }

    /// Asks for an operation; the promise resolves with the problem.
    fn ask(&self, operation: u32) -> Promise {
        let ask = self.asked.length();
        let promise = Promise::new(&mut |resolve, _| {
            self.asked.push(&resolve);
        });
        self.client.hint(ASK + operation, ask);
        promise
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]
fn number(value: &JsValue) -> u32 {
    value.as_f64().unwrap() as u32
}

async fn code_of(promise: Promise) -> Option<u32> {
    let problem = JsFuture::from(promise).await.unwrap();
    (!problem.is_null()).then(|| number(&get(&problem, "0")))
}

#[wasm_bindgen_test]
async fn a_refresh_brings_a_header_a_state_and_the_user() {
    let stage = stage(TOKENS);
    assert!(stage.client.header().is_undefined());
    assert_eq!(code_of(stage.ask(REFRESH)).await, None);
    assert_eq!(stage.client.header(), "Bearer abc");
    assert_eq!(stage.status(), AUTHENTICATED);
    assert_eq!(stage.last("problem"), JsValue::NULL);
    assert_eq!(get(&stage.last("data"), "name"), "Ada");
    let left = f64::from(told(&stage.client, 3));
    assert!(left > 50_000.0 && left <= 60_000.0, "{left}");
}

#[wasm_bindgen_test]
async fn a_call_waits_then_goes_with_the_generation_that_came() {
    let stage = stage(TOKENS);
    let answer = stage.client.start("https://app.example/x", 2);
    assert_eq!(answer & 7, WAIT);
    code_of(stage.ask(REFRESH)).await;
    assert_eq!(stage.client.resume(answer >> 3, 1) & 7, SEND);
    assert_eq!(stage.client.start("https://evil.example/", 2) & 7, PASS);
    assert_eq!(stage.client.start("/x", 0) & 7, RESOLVE, "no page is known");
    stage.client.set_page(&"https://app.example".into());
    assert_eq!(stage.client.start("/x", 0) & 7, SEND);
    assert_eq!(stage.client.start("//evil.example/x", 0) & 7, RESOLVE);
}

#[wasm_bindgen_test]
async fn a_401_that_no_new_token_cures_is_delivered_and_nobody_refreshes() {
    const DELIVER: u32 = 4;
    let stage = stage(TOKENS);
    code_of(stage.ask(REFRESH)).await;
    let sent = stage.client.start("https://app.example/x", 2);
    let generation = told(&stage.client, 10);
    let challenge = r#"Bearer error="insufficient_scope""#;
    assert_eq!(stage.client.response(sent >> 3, 401, challenge, "", 1) & 7, DELIVER);
    assert_eq!(stage.client.response(sent >> 3, 401, "", "", 1) & 7, WAIT);
    assert_eq!(told(&stage.client, 10), generation);
}

#[wasm_bindgen_test]
async fn answers_that_are_not_a_no_leave_the_session_unknown() {
    for (url, code) in [(NOWHERE, NETWORK), (PAGE, BAD_RESPONSE), (BROKEN, BAD_RESPONSE), ("data:,", BAD_RESPONSE)] {
        let stage = stage(url);
        assert_eq!(code_of(stage.ask(REFRESH)).await, Some(code), "{url}");
        assert_eq!(stage.status(), LOADING, "{url}");
        assert_eq!(number(&get(&stage.last("problem"), "0")), code, "{url}");
        assert_eq!(stage.client.start("https://app.example/x", 2) & 7, FAIL, "{url}");
        assert_eq!(number(&get(&stage.client.problem(), "0")), code, "{url}");
    }
}

#[wasm_bindgen_test]
async fn sign_out_drops_the_header_and_the_user_at_once() {
    let stage = stage(TOKENS);
    code_of(stage.ask(REFRESH)).await;
    let leaving = stage.ask(SIGN_OUT);
    assert!(stage.client.header().is_undefined());
    assert_eq!(stage.status(), UNAUTHENTICATED);
    assert_eq!(stage.last("data"), JsValue::NULL);
    assert_eq!(code_of(leaving).await, None);
}

#[wasm_bindgen_test]
async fn a_call_that_goes_straight_through_takes_no_memory() {
    let stage = stage(TOKENS);
    code_of(stage.ask(REFRESH)).await;
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

#[wasm_bindgen_test]
fn a_call_does_not_wait_for_what_came_within_its_own_question() {
    // Without a refresh token there is nothing to ask the server with.
    let stage = stage_of(&contract(BY_BODY), TOKENS);
    assert_eq!(stage.client.start("https://app.example/x", 2) & 7, BARE);
    assert_eq!(stage.status(), UNAUTHENTICATED);
}

#[wasm_bindgen_test]
async fn a_request_that_is_put_together_after_its_turn_has_ended_is_not_sent() {
    let stage = stage(TOKENS);
    let (host, sent) = (stage.host.clone(), Array::new());
    set(&host, "sent", &sent);
    // The proof of origin comes late; meanwhile the user signs out.
    set(&host, "proof", &Promise::new(&mut |resolve, _| set(&host, "prove", &resolve)));
    set(&host, "compose", &function("operation", COMPOSE_LATE));
    let refreshed = stage.ask(REFRESH);
    let left = stage.ask(SIGN_OUT);
    get(&host, "prove").unchecked_into::<Function>().call0(&JsValue::UNDEFINED).unwrap();
    JsFuture::from(Promise::all(&Array::of2(&refreshed, &left))).await.unwrap();
    assert_eq!(sent.join(" "), SIGN_OUT.to_string());
    assert_eq!(stage.status(), UNAUTHENTICATED);
}
