//! Sends the SDK's own requests, and takes from their answers what the JavaScript side has found in them. It judges nothing.

use gloo_net::http::{Request, Response};
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use crate::core::{Answer, Body, Expiry, Fields, Identity, Millis, OAuthError, Outcome, Secret, Unanswered};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(request: &web_sys::Request, init: &JsValue) -> Result<Promise, JsValue>;
}

/// An answer, and the user in it, which stays a JavaScript value.
pub(super) struct Reply {
    pub outcome: Outcome,
    pub user: JsValue,
}

impl Reply {
    /// No answer came. With a status: the request needs a proof that could not be had, which is judged as that answer. It says
    /// nothing of the session.
    pub(super) fn without(status: Option<u16>) -> Self {
        let outcome = match status {
            Some(status) => Ok(Answer { status, body: Body::Html, facts: String::new(), retry_after: None }),
            None => Err(Unanswered::Network),
        };
        Self { outcome, user: JsValue::UNDEFINED }
    }
}

/// What the JavaScript side has put together for an operation ([`Host::compose`]).
pub(super) enum Composed {
    /// To be sent, with what `fetch` is to be told besides.
    Request(Request, JsValue),
    /// It has been sent, by something else.
    Response(Response),
    /// It cannot be sent ([`Reply::without`]).
    Not(Option<u16>),
}

impl Composed {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status")]
    pub(super) fn read(composed: &Array) -> Self {
        let (request, response) = (composed.get(0), composed.get(2));
        if request.is_truthy() {
            Self::Request(request.unchecked_into::<web_sys::Request>().into(), composed.get(1))
        } else if response.is_object() {
            Self::Response(response.unchecked_into::<web_sys::Response>().into())
        } else {
            Self::Not(composed.get(3).as_f64().map(|status| status as u16))
        }
    }
}

/// Sends a request, with the bearer if it takes one.
///
/// `init` is for `fetch` itself: Firefox loses `keepalive` when one `Request` is made of another.
pub(super) fn send(request: Request, bearer: Option<Secret>, init: &JsValue) -> Option<Promise> {
    let request: web_sys::Request = request.into();
    if let Some(bearer) = bearer.filter(|bearer| !bearer.expose().is_empty()) {
        request.headers().set("authorization", bearer.expose()).ok()?;
    }
    fetch(&request, init).ok()
}

/// The answer that has come, if one has.
pub(super) fn response(sent: Result<JsValue, JsValue>) -> Result<Response, Option<u16>> {
    sent.ok()
        .filter(JsValue::is_object)
        .map(|response| response.unchecked_into::<web_sys::Response>().into())
        .ok_or(None)
}

/// Whether an answer is a page. Such a one is not parsed.
pub(super) fn is_page(response: &Response) -> bool {
    response.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// What an answer comes to, in which this was found; nothing, if its body broke off: that is as good as no answer.
pub(super) fn reply(status: u16, is_page: bool, found: Result<JsValue, JsValue>) -> Reply {
    let Ok(found) = found else { return Reply::without(None) };
    let found: &Array = found.unchecked_ref();
    let body = match found.get(9).is_truthy() {
        true => Body::Json(fields(found)),
        false if is_page => Body::Html,
        false => Body::Other,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float's cast saturates")]
    let retry_after = found.get(0).as_f64().map(|span| Millis(span as u64));
    let outcome = Ok(Answer { status, body, facts: found.get(8).as_string().unwrap_or_default(), retry_after });
    Reply { outcome, user: found.get(6) }
}

fn fields(found: &Array) -> Fields {
    let text = |place| found.get(place).as_string();
    Fields {
        access_token: text(1).filter(|token| !token.is_empty()).map(bearer),
        refresh_token: text(2).map(Secret::new),
        expires_in: found.get(3).as_f64().and_then(Expiry::lifetime),
        has_user: found.get(7).is_truthy(),
        identity: text(4).map(|id| Identity::of(&id)),
        error: text(5).and_then(|code| OAuthError::read(&code)),
    }
}

/// RFC 6750 section 2.1.
fn bearer(token: String) -> Secret {
    let token = Secret::new(token);
    let mut header = String::with_capacity("Bearer ".len() + token.expose().len());
    header.push_str("Bearer ");
    header.push_str(token.expose());
    Secret::new(header)
}
