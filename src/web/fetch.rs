//! Sends the SDK's own requests and reads the fields that the contract names. It judges nothing.

use gloo_net::http::{Request, Response};
use js_sys::{Array, Date, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestCredentials, RequestInit, RequestRedirect};

use super::contract::{Endpoint, Places};
use super::host;
use crate::core::{
    Answer, Body, Expiry, Fields, Identity, Millis, OAuthError, Operation, Outcome, Secret, Ticket, Unanswered,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn fetch(request: &web_sys::Request, init: &RequestInit) -> Result<JsValue, JsValue>;
}

/// A request that is ready to go, and whether it outlives its page.
pub(super) struct Prepared {
    request: Request,
    keepalive: bool,
}

/// An answer, and the user in it, which stays a JavaScript value.
pub(super) struct Reply {
    pub outcome: Outcome,
    pub user: JsValue,
    /// What it says as a whole, if there is no token in it.
    pub json: JsValue,
}

impl Reply {
    /// No answer came.
    pub(super) fn unanswered() -> Self {
        Self { outcome: Err(Unanswered::Network), user: JsValue::UNDEFINED, json: JsValue::UNDEFINED }
    }
}

impl Reply {
    /// The request needs a proof that could not be had: judged as that answer, which says nothing of the session.
    pub(super) fn not_sent(error: &JsValue) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status")]
        let status =
            Reflect::get(error, &"status".into()).ok().and_then(|status| status.as_f64()).map(|code| code as u16);
        let Some(status) = status else { return Self::unanswered() };
        let outcome = Ok(Answer { status, body: Body::Html, facts: Vec::new(), retry_after: None });
        Self { outcome, user: JsValue::UNDEFINED, json: JsValue::UNDEFINED }
    }
}

/// Builds the request of an operation. `composed` is `[body, headers]`.
///
/// Never cached and never redirected: a login page at the end of a redirect would read as a 200 (Fetch standard: redirect
/// mode). A refresh and a sign-out are sent with `keepalive`, so that their cookies reach the jar even if the page goes.
pub(super) fn prepare(
    ticket: Ticket,
    endpoint: &Endpoint,
    composed: &Array,
    bearer: Option<&Secret>,
) -> Result<Prepared, JsValue> {
    let init = RequestInit::new();
    init.set_method(&endpoint.method);
    init.set_credentials(RequestCredentials::Include);
    init.set_cache(RequestCache::NoStore);
    init.set_redirect(RequestRedirect::Manual);
    let headers = web_sys::Headers::new_with_str_sequence_sequence(&composed.get(1))?;
    if let Some(bearer) = bearer.filter(|bearer| !bearer.expose().is_empty()) {
        headers.set("authorization", bearer.expose())?;
    }
    if !endpoint.key_header.is_empty() {
        headers.set(&endpoint.key_header, &quoted_hex(ticket.key))?;
    }
    init.set_body(&composed.get(0));
    init.set_headers(&headers);
    let request = web_sys::Request::new_with_str_and_init(&endpoint.url, &init)?.into();
    Ok(Prepared { request, keepalive: matches!(ticket.operation, Operation::Refresh | Operation::SignOut) })
}

/// A key as the value of its header: a string of structured fields (RFC 9651 section 3.3.3), as the Internet-Draft on
/// `Idempotency-Key` has it.
fn quoted_hex(key: u64) -> String {
    let digits = key.to_be_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.map(|digit| char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
    core::iter::once('"').chain(digits).chain(['"']).collect()
}

/// Reads an answer.
pub(super) async fn read(response: Response, places: &Places, user_at: &Array) -> Reply {
    let headers = response.headers();
    let is_html = headers.get("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let date = headers.get("date");
    let retry_after = headers.get("retry-after").and_then(|value| read_retry_after(&value, date.as_deref()));
    let status = response.status();
    let answered = |body, facts, user, json| {
        let outcome = Ok(Answer { status, body, facts, retry_after });
        Reply { outcome, user, json }
    };
    if is_html {
        return answered(Body::Html, Vec::new(), JsValue::UNDEFINED, JsValue::UNDEFINED);
    }
    match read_json(response.into()).await {
        Ok(json) => {
            let user = at(&json, user_at);
            let fields = read_fields(&json, &user, places, date.as_deref());
            let facts = facts(&json, places);
            let shown = if fields.access_token.is_some() { JsValue::UNDEFINED } else { json };
            answered(Body::Json(fields), facts, user, shown)
        }
        Err(error) if is_syntax_error(&error) => {
            answered(Body::Other, Vec::new(), JsValue::UNDEFINED, JsValue::UNDEFINED)
        }
        // The body broke off: as good as no answer.
        Err(_) => Reply::unanswered(),
    }
}

/// Sends it. `keepalive` is given to `fetch` itself: Firefox loses it when one `Request` is made of another.
pub(super) async fn send(prepared: Prepared) -> Result<Response, JsValue> {
    let init = RequestInit::new();
    if prepared.keepalive {
        Reflect::set(&init, &"keepalive".into(), &JsValue::TRUE)?;
    }
    let response = fetch(&prepared.request.into(), &init).await?;
    Ok(response.dyn_into::<web_sys::Response>()?.into())
}

/// The platform parses, so that a body with a token in it never lies in WASM memory as a whole.
async fn read_json(response: web_sys::Response) -> Result<JsValue, JsValue> {
    JsFuture::from(response.json()?).await
}

/// By name: WebKit rejects with a `DOMException`, the others with JavaScript's own `SyntaxError`.
fn is_syntax_error(error: &JsValue) -> bool {
    Reflect::get(error, &"name".into()).is_ok_and(|name| name == "SyntaxError")
}

fn read_fields(json: &JsValue, user: &JsValue, places: &Places, date: Option<&str>) -> Fields {
    let id = at(user, &places.user_id);
    let has_id = id.as_string().is_some() || id.as_f64().is_some();
    let token = at(json, &places.access_token).as_string().filter(|token| !token.is_empty());
    let seconds = at(json, &places.expires_in).as_f64();
    let seconds = seconds.or_else(|| seconds_until(&at_if(json, &places.expires_at), date));
    let seconds = seconds.or_else(|| life_in_token(token.as_deref()?, date));
    Fields {
        access_token: token.map(bearer),
        refresh_token: at_if(json, &places.refresh_token).as_string().map(Secret::new),
        expires_in: seconds.and_then(Expiry::lifetime),
        // An empty object is nobody.
        has_user: user.is_object() && js_sys::Object::keys(user.unchecked_ref::<js_sys::Object>()).length() > 0,
        identity: has_id.then(|| Identity::of(&host::text(&id))),
        error: at(json, &places.error).as_string().and_then(|code| OAuthError::read(&code)),
    }
}

/// A letter of base64url as one of base64 (RFC 4648 section 5); none at the dot that ends a part.
fn plain_base64(byte: u8) -> Option<char> {
    match byte {
        b'.' => None,
        b'-' => Some('+'),
        b'_' => Some('/'),
        byte => Some(char::from(byte)),
    }
}

/// What the contract's rules ask about, as JSON text.
pub(super) fn facts(json: &JsValue, places: &Places) -> Vec<Option<String>> {
    places.facts.iter().map(|place| host::json(&at(json, &place.into())).as_string()).collect()
}

/// The value at a place that the contract may not have.
fn at_if(json: &JsValue, place: &Array) -> JsValue {
    if place.length() == 0 { JsValue::UNDEFINED } else { at(json, place) }
}

/// The seconds until a moment: a date, or seconds or milliseconds since 1970, against the server's own clock.
fn seconds_until(moment: &JsValue, date: Option<&str>) -> Option<f64> {
    /// As seconds, it is the year 5138; as milliseconds, 1973.
    const LEAST_MILLIS: f64 = 1e11;
    let millis = match moment.as_f64() {
        Some(number) if number < LEAST_MILLIS => number * 1000.0,
        Some(number) => number,
        None => Date::parse(&moment.as_string()?),
    };
    Some((millis - date.map_or_else(Date::now, Date::parse)) / 1000.0)
}

/// The lifetime that a JWT tells of itself, in seconds (RFC 7519 section 4.1): until `exp` by the server's clock, or `exp - iat`
/// where that is not shown. It is not verified, and only saves a call that would have been refused.
fn life_in_token(token: &str, date: Option<&str>) -> Option<f64> {
    let claims: String = token.bytes().skip_while(|byte| *byte != b'.').skip(1).map_while(plain_base64).collect();
    let claims = host::parse(&host::atob(&claims).ok()?).ok()?;
    let number = |name: &str| Reflect::get(&claims, &name.into()).ok()?.as_f64();
    let now = date.map(|date| Date::parse(date) / 1000.0).filter(|now| now.is_finite());
    Some(number("exp")? - now.or_else(|| number("iat"))?)
}

/// RFC 6750 section 2.1.
fn bearer(token: String) -> Secret {
    let token = Secret::new(token);
    let mut header = String::with_capacity("Bearer ".len() + token.expose().len());
    header.push_str("Bearer ");
    header.push_str(token.expose());
    Secret::new(header)
}

/// The value at a place such as `data.user`; undefined if there is none.
fn at(value: &JsValue, place: &Array) -> JsValue {
    let mut found = value.clone();
    for key in place.iter() {
        if !found.is_object() {
            return JsValue::UNDEFINED;
        }
        found = Reflect::get(&found, &key).unwrap_or(JsValue::UNDEFINED);
    }
    found
}

/// `Retry-After` is seconds, or a date that is compared with the server's own (RFC 9110 section 10.2.3).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float's cast saturates")]
fn read_retry_after(value: &str, date: Option<&str>) -> Option<Millis> {
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Millis::from_secs(seconds.into()));
    }
    let now = date.map_or_else(Date::now, Date::parse);
    let span = Date::parse(value) - now;
    span.is_finite().then_some(Millis(span.max(0.0) as u64))
}
