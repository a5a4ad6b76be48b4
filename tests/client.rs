//! The session for front ends that are written in Rust, in a real browser.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use relatch::web::{Client, Code, Contract};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

#[derive(Debug, Deserialize)]
struct Data {
    #[allow(dead_code, reason = "the shape of what is never answered here")]
    user: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Timeout {
    timeout_ms: i32,
}

fn client() -> Client<Data> {
    Client::new(&Contract::cookie_refresh(NOWHERE)).unwrap()
}

async fn sleep(millis: i32) {
    let set_timeout = Reflect::get(&js_sys::global(), &"setTimeout".into()).unwrap();
    let set_timeout: Function = set_timeout.unchecked_into();
    let mut run = |resolve: Function, _: Function| {
        set_timeout.call2(&JsValue::UNDEFINED, &resolve, &millis.into()).unwrap();
    };
    JsFuture::from(Promise::new(&mut run)).await.unwrap();
}

#[wasm_bindgen_test]
fn a_wrong_contract_is_refused_when_the_client_is_made() {
    let contract = Contract::cookie_refresh(NOWHERE).with(&Timeout { timeout_ms: -1 }).unwrap();
    let error = Client::<Data>::new(&contract).err().expect("a mistake");
    assert_eq!(error.code, Code::InvalidContract);
    assert!(error.message.contains("contract.timeoutMs"), "{}", error.message);
    assert!(!error.temporary);
}

#[wasm_bindgen_test]
async fn a_server_that_is_not_there_is_an_error_that_may_pass() {
    let error = client().get().await.expect_err("nobody listens");
    assert_eq!((error.code, error.temporary), (Code::Network, true));
}

#[wasm_bindgen_test]
async fn a_session_that_was_disposed_of_says_so() {
    let client = client();
    client.dispose();
    let error = client.get().await.expect_err("it is gone");
    assert_eq!((error.code, error.temporary), (Code::Disposed, false));
}

/// How often a listener hears within a second, during which the session finds out that its server is not there.
async fn heard(drops_client: bool) -> u32 {
    let heard = Rc::new(Cell::new(0));
    let client = client();
    let counter = Rc::clone(&heard);
    let subscription = client.subscribe(move |_| counter.set(counter.get() + 1));
    let first = heard.get();
    let kept = client.clone();
    drop(client);
    let kept = (!drops_client).then_some(kept);
    sleep(1000).await;
    drop((subscription, kept));
    heard.get() - first
}

#[wasm_bindgen_test]
async fn a_session_ends_with_its_last_clone_and_not_before() {
    assert!(heard(false).await > 0, "a clone keeps it at work");
    assert_eq!(heard(true).await, 0);
}

#[wasm_bindgen_test]
fn a_contract_of_ones_own_is_checked_whole() {
    let error = Contract::new(&Timeout { timeout_ms: 5000 }).and_then(|contract| Client::<Data>::new(&contract)).err();
    assert_eq!(error.expect("it lacks everything else").code, Code::InvalidContract);
}
