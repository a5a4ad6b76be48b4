//! The session for front ends that are written in Rust (Leptos, Yew, Dioxus, …).
//!
//! An application of yours has the core in its own module; what carries it out in the browser is the JavaScript of the npm
//! package, which comes along as a snippet (`session.js` beside this file, built from `pkg-template/src`). So calls, tabs and
//! refreshes are the same as there, and what the npm package's documentation says of them holds here.

use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

use gloo_net::http::Response;
use js_sys::{Function, Object, Promise, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::client::Client as Core;
use super::host::Host;
use crate::core::{EndReason, Freshness, Status};

#[wasm_bindgen(module = "/src/web/session.js")]
extern "C" {
    type Handle;

    #[wasm_bindgen(catch, js_name = createSession)]
    fn create_session(options: &JsValue, core: &JsValue) -> Result<Handle, JsValue>;

    #[wasm_bindgen(js_name = cookieRefresh)]
    fn cookie_refresh(options: &JsValue) -> JsValue;

    #[wasm_bindgen(method)]
    fn fetch(this: &Handle, request: &web_sys::Request) -> Promise;

    #[wasm_bindgen(method)]
    fn get(this: &Handle) -> Promise;

    #[wasm_bindgen(method, js_name = getState)]
    fn state(this: &Handle) -> JsValue;

    #[wasm_bindgen(method, js_name = signIn)]
    fn sign_in(this: &Handle, credentials: &JsValue) -> Promise;

    #[wasm_bindgen(method)]
    fn exchange(this: &Handle, fields: &JsValue) -> Promise;

    #[wasm_bindgen(method, js_name = signOut)]
    fn sign_out(this: &Handle) -> Promise;

    #[wasm_bindgen(method)]
    fn refresh(this: &Handle) -> Promise;

    #[wasm_bindgen(method)]
    fn update(this: &Handle) -> Promise;

    #[wasm_bindgen(method)]
    fn subscribe(this: &Handle, listener: &JsValue) -> Function;

    #[wasm_bindgen(method)]
    fn dispose(this: &Handle);
}

/// A backend, as data: the fields of `docs/contract.md`, by the same names.
#[derive(Clone, Debug)]
pub struct Contract(JsValue);

impl Contract {
    /// The contract of a backend with `login`, `refresh`, `session` and `logout` below `base_url`, whose refresh token is in
    /// an `httpOnly` cookie.
    pub fn cookie_refresh(base_url: &str) -> Self {
        let options = Object::new();
        // A plain object takes a member.
        let _ = Reflect::set(&options, &"baseUrl".into(), &base_url.into());
        Self(cookie_refresh(&options))
    }

    /// A contract of one's own: a struct or a `serde_json::Value` with the fields. It is checked by [`Client::new`].
    ///
    /// # Errors
    ///
    /// [`Code::Shape`] if it cannot be serialized.
    pub fn new(fields: &impl Serialize) -> Result<Self, Error> {
        to_js(fields).map(Self)
    }

    /// The contract with these fields in place of its own: `json!({ "timeoutMs": 5000 })`.
    ///
    /// # Errors
    ///
    /// [`Code::Shape`] if they cannot be serialized.
    pub fn with(self, fields: &impl Serialize) -> Result<Self, Error> {
        let fields = to_js(fields)?;
        let whole = Object::assign(&Object::new(), self.0.unchecked_ref());
        let whole = Object::assign(&whole, fields.unchecked_ref());
        Ok(Self(whole.into()))
    }
}

/// A session with one backend. `S` is the shape of its data: for [`Contract::cookie_refresh`] something with a field `user`.
///
/// Clones are the same session. It lives until [`Client::dispose`], or until the last of them is dropped.
pub struct Client<S> {
    session: Rc<Owned>,
    shape: PhantomData<fn() -> S>,
}

/// A session that ends with its owner.
struct Owned {
    handle: Handle,
    /// Makes the core when it is needed.
    _core: Closure<MakeCore>,
}

type MakeCore = dyn Fn(String, Host, usize, bool) -> JsValue;

impl Drop for Owned {
    fn drop(&mut self) {
        // What it has made is told to stop before the closure that made it is gone.
        self.handle.dispose();
    }
}

/// Whatever `S` is: a clone holds no data.
impl<S> Clone for Client<S> {
    fn clone(&self) -> Self {
        Self { session: Rc::clone(&self.session), shape: PhantomData }
    }
}

impl<S: DeserializeOwned> Client<S> {
    /// Makes a session. Nothing is sent before it is needed.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidContract`], whose message names every mistake by its path.
    pub fn new(contract: &Contract) -> Result<Self, Error> {
        let core: Closure<MakeCore> = Closure::new(|contract: String, host, records, is_watched| {
            Core::new(&contract, host, records, is_watched).into()
        });
        let options = Object::new();
        Reflect::set(&options, &"contract".into(), &contract.0).map_err(Error::from_js)?;
        let handle = create_session(&options, core.as_ref()).map_err(Error::from_js)?;
        Ok(Self { session: Rc::new(Owned { handle, _core: core }), shape: PhantomData })
    }

    /// Sends a request as the signed-in user: `Request::get("/api/notes").build()?` of `gloo_net`, or a `web_sys::Request`.
    ///
    /// Where the token has expired it waits for the refresh; on a 401 it refreshes and sends the same request once more. A 401
    /// that is final is a response, not an error. Requests to other origins than the contract's pass through untouched.
    ///
    /// # Errors
    ///
    /// [`Code::Fetch`] for what `fetch` itself throws, and what kept the call from a token.
    pub async fn fetch(&self, request: impl Into<web_sys::Request>) -> Result<Response, Error> {
        let response = settled(self.session.handle.fetch(&request.into())).await?;
        Ok(response.unchecked_into::<web_sys::Response>().into())
    }

    /// The session's data; `None` if nobody is signed in. Waits until that is known.
    ///
    /// # Errors
    ///
    /// What keeps it from being known; [`Code::Shape`] if the data are not an `S`.
    pub async fn get(&self) -> Result<Option<S>, Error> {
        data(&settled(self.session.handle.get()).await?)
    }

    /// What is known now, without waiting and without a request.
    ///
    /// # Errors
    ///
    /// [`Code::Shape`] if the data are not an `S`.
    pub fn state(&self) -> Result<State<S>, Error> {
        State::read(&self.session.handle.state())
    }

    /// Calls `listener` now and after each change, until what is returned is dropped, and finds out whether somebody is
    /// signed in.
    #[must_use = "the subscription ends when it is dropped"]
    pub fn subscribe(&self, mut listener: impl FnMut(Result<State<S>, Error>) + 'static) -> Subscription {
        let closure = Closure::new(move |state: JsValue| listener(State::read(&state)));
        let stop = self.session.handle.subscribe(closure.as_ref());
        Subscription { stop, _listener: closure }
    }

    /// Signs in with what the backend asks for. The state is unchanged if that fails.
    ///
    /// # Errors
    ///
    /// [`Code::BadCredentials`] if the server refused, [`Code::NotSupported`] if the contract has no sign-in, and what kept
    /// it from the server.
    pub async fn sign_in(&self, credentials: &impl Serialize) -> Result<Option<S>, Error> {
        data(&settled(self.session.handle.sign_in(&to_js(credentials)?)).await?)
    }

    /// Signs in with another provider's token.
    ///
    /// # Errors
    ///
    /// As [`Client::sign_in`].
    pub async fn exchange(&self, fields: &impl Serialize) -> Result<Option<S>, Error> {
        data(&settled(self.session.handle.exchange(&to_js(fields)?)).await?)
    }

    /// Signs out here at once, then tells the server. Returns whether the server confirmed; if not, it is told again before
    /// anything else.
    ///
    /// # Errors
    ///
    /// [`Code::NotSupported`] if the contract has no sign-out, [`Code::Disposed`].
    pub async fn sign_out(&self) -> Result<bool, Error> {
        let result = settled(self.session.handle.sign_out()).await?;
        Ok(member(&result, "confirmed").is_truthy())
    }

    /// Renews the access token now. `None` if the session turns out to have ended.
    ///
    /// # Errors
    ///
    /// What keeps the server from saying.
    pub async fn refresh(&self) -> Result<Option<S>, Error> {
        data(&settled(self.session.handle.refresh()).await?)
    }

    /// Reads the session's data anew. `None` if the session turns out to have ended.
    ///
    /// # Errors
    ///
    /// What keeps the server from saying.
    pub async fn update(&self) -> Result<Option<S>, Error> {
        data(&settled(self.session.handle.update()).await?)
    }

    /// Ends the session's work on this page for all its clones: no timer, no listener and no waiting call is left. Nobody is
    /// signed out by it.
    pub fn dispose(&self) {
        self.session.handle.dispose();
    }
}

/// Listens to a session until it is dropped.
pub struct Subscription {
    stop: Function,
    _listener: Closure<dyn FnMut(JsValue)>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // It does not throw.
        let _ = self.stop.call0(&JsValue::UNDEFINED);
    }
}

/// What is known of the session.
#[derive(Clone, Debug)]
pub struct State<S> {
    /// Whether somebody is signed in.
    pub status: Status,
    /// The session's data, if somebody is.
    pub data: Option<S>,
    /// How far the status can be trusted.
    pub freshness: Freshness,
    /// Why nobody is signed in; `None` if somebody is, or nobody was.
    pub reason: Option<EndReason>,
    /// What went wrong last, until something succeeds.
    pub error: Option<Error>,
    /// Whether a refresh is on its way.
    pub refreshing: bool,
}

impl<S: DeserializeOwned> State<S> {
    fn read(state: &JsValue) -> Result<Self, Error> {
        let error = member(state, "error");
        Ok(Self {
            status: match text(state, "status").as_str() {
                "authenticated" => Status::Authenticated,
                "unauthenticated" => Status::Unauthenticated,
                _ => Status::Loading,
            },
            data: data(&member(state, "data"))?,
            freshness: match text(state, "freshness").as_str() {
                "stale" => Freshness::Stale,
                "offline" => Freshness::Offline,
                _ => Freshness::Fresh,
            },
            reason: match text(state, "reason").as_str() {
                "expired" => Some(EndReason::Expired),
                "signedOut" => Some(EndReason::SignedOut),
                _ => None,
            },
            error: error.is_object().then(|| Error::from_js(error)),
            refreshing: member(state, "refreshing").is_truthy(),
        })
    }
}

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The auth server could not be reached. The session is kept.
    Network,
    /// The auth server did not answer in time. The session is kept.
    Timeout,
    /// The auth server is busy. The session is kept.
    TryLater,
    /// What answered was not what the contract describes. The session is kept.
    BadResponse,
    /// The auth server refused the request itself: the contract is wrong.
    Misconfigured,
    /// Nobody is signed in any more.
    SessionEnded,
    /// Another user has signed in since the call was made, or the user has signed out: it was not sent.
    SessionChanged,
    /// The server refused the credentials.
    BadCredentials,
    /// The contract does not describe the operation.
    NotSupported,
    /// The contract has mistakes; the message names each.
    InvalidContract,
    /// The session has been disposed of.
    Disposed,
    /// `fetch` itself failed, as it does without relatch: no network, an aborted signal, CORS.
    Fetch,
    /// A value could not be brought into the shape asked for, or out of it.
    Shape,
    /// Another one of the npm package.
    Other,
}

/// Why something could not be done.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind it is.
    pub code: Code,
    /// Whether trying later makes sense.
    pub temporary: bool,
    /// The HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// How long the server asked to be left alone.
    pub retry_after: Option<Duration>,
    /// What to do, in words. It holds no secret.
    pub message: String,
    /// The JavaScript error.
    pub js: JsValue,
}

impl Error {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status")]
    fn from_js(js: JsValue) -> Self {
        let code = if text(&js, "name") == "RelatchError" { code(&text(&js, "code")) } else { Code::Fetch };
        let millis = member(&js, "retryAfterMs").as_f64();
        Self {
            code,
            temporary: code == Code::Fetch || member(&js, "temporary").is_truthy(),
            status: member(&js, "status").as_f64().map(|status| status as u16),
            retry_after: millis.and_then(|millis| Duration::try_from_secs_f64(millis / 1000.0).ok()),
            message: text(&js, "message"),
            js,
        }
    }

    fn shape(error: serde_wasm_bindgen::Error) -> Self {
        let message = error.to_string();
        Self { code: Code::Shape, temporary: false, status: None, retry_after: None, message, js: error.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

fn code(name: &str) -> Code {
    match name {
        "Network" => Code::Network,
        "Timeout" => Code::Timeout,
        "TryLater" => Code::TryLater,
        "BadResponse" => Code::BadResponse,
        "Misconfigured" => Code::Misconfigured,
        "SessionEnded" => Code::SessionEnded,
        "SessionChanged" => Code::SessionChanged,
        "BadCredentials" => Code::BadCredentials,
        "NotSupported" => Code::NotSupported,
        "InvalidContract" => Code::InvalidContract,
        "Disposed" => Code::Disposed,
        _ => Code::Other,
    }
}

async fn settled(promise: Promise) -> Result<JsValue, Error> {
    JsFuture::from(promise).await.map_err(Error::from_js)
}

fn data<S: DeserializeOwned>(value: &JsValue) -> Result<Option<S>, Error> {
    if value.is_null() || value.is_undefined() {
        return Ok(None);
    }
    serde_wasm_bindgen::from_value(value.clone()).map(Some).map_err(Error::shape)
}

/// As plain objects: a map of Rust's would be a `Map`.
fn to_js(value: &impl Serialize) -> Result<JsValue, Error> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(Error::shape)
}

/// `undefined` of what has none.
fn member(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn text(value: &JsValue, name: &str) -> String {
    member(value, name).as_string().unwrap_or_default()
}
