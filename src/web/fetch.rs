//! Sends the SDK's own requests, and takes from their answers what the JavaScript side has found in them. It judges nothing.

use gloo_net::http::{Request, Response};
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use super::host::Host;
use crate::core::{Answer, Body, Expiry, Fields, Identity, Millis, OAuthError, Outcome, Secret, Ticket, Unanswered};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(request: &web_sys::Request, init: &JsValue) -> Result<Promise, JsValue>;

    type Thrown;

    #[wasm_bindgen(method, getter, structural)]
    fn name(this: &Thrown) -> JsValue;

    type Parsed;

    /// Never throws (Fetch standard: body mixin); web-sys has it as if it did.
    #[wasm_bindgen(method, structural)]
    fn json(this: &Parsed) -> Promise;
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
    pub(super) fn read(composed: JsValue) -> Self {
        if let Some(status) = composed.as_f64() {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status")]
            return Self::Not(Some(status as u16));
        }
        match composed.dyn_into::<web_sys::Response>() {
            Ok(response) => Self::Response(response.into()),
            Err(composed) => match composed.dyn_into::<Array>() {
                Ok(parts) => {
                    let request: web_sys::Request = parts.get(0).unchecked_into();
                    Self::Request(request.into(), parts.get(1))
                }
                Err(_) => Self::Not(None),
            },
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
    let response = sent.ok().and_then(|response| response.dyn_into::<web_sys::Response>().ok());
    response.map(Response::from).ok_or(None)
}

/// Has the platform parse an answer, so that a body with a token in it never lies in WASM memory as a whole. A page is not
/// parsed.
pub(super) fn parse(response: Response) -> (web_sys::Response, Option<Promise>) {
    let is_html = response.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let response: web_sys::Response = response.into();
    let parsed = (!is_html).then(|| response.unchecked_ref::<Parsed>().json());
    (response, parsed)
}

/// Reads an answer of which this came when it was parsed, or nothing if it is a page.
pub(super) fn read(
    response: &web_sys::Response,
    parsed: Option<Result<JsValue, JsValue>>,
    ticket: Ticket,
    host: &Host,
) -> Reply {
    let is_html = parsed.is_none();
    let json = match parsed {
        Some(Ok(json)) => json,
        // The body broke off: as good as no answer.
        Some(Err(error)) if !is_syntax_error(&error) => return Reply::without(None),
        _ => JsValue::UNDEFINED,
    };
    let found = host.read(response, &json, ticket.operation as u32);
    let body = match json.is_undefined() {
        false => Body::Json(fields(&found)),
        true if is_html => Body::Html,
        true => Body::Other,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float's cast saturates")]
    let retry_after = found.get(0).as_f64().map(|span| Millis(span as u64));
    let outcome = Ok(Answer {
        status: response.status(),
        body,
        facts: found.get(8).as_string().unwrap_or_default(),
        retry_after,
    });
    Reply { outcome, user: found.get(6) }
}

/// By name: WebKit rejects with a `DOMException`, the others with JavaScript's own `SyntaxError`.
fn is_syntax_error(error: &JsValue) -> bool {
    error.is_object() && error.unchecked_ref::<Thrown>().name() == "SyntaxError"
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
