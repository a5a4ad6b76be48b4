//! Reads the contract that the JavaScript side has checked, by typed getters.
//!
//! It comes flat, by the names of [`crate::core::contract::FIELDS`], with every default filled in; a place in an answer
//! (`data.user`) comes as an array of its parts, and an operation's path as an absolute URL.

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::core::{Millis, Operation, Policy, Rules, Scope, Statuses};

/// One of the SDK's own requests, as the contract describes it.
pub(super) struct Endpoint {
    pub method: String,
    pub url: String,
    pub content_type: &'static str,
    /// The header that a refresh carries its key in; empty if it carries none.
    pub key_header: String,
}

/// Where the fields of an answer stand.
#[derive(Clone)]
pub(super) struct Places {
    pub access_token: Array,
    pub expires_in: Array,
    pub user: Array,
    pub user_id: Array,
    pub error: Array,
}

/// A contract as the shell uses it.
pub(super) struct Contract {
    refresh: Endpoint,
    session: Option<Endpoint>,
    sign_in: Option<Endpoint>,
    exchange: Option<Endpoint>,
    sign_out: Option<Endpoint>,
    pub places: Places,
    pub policy: Policy,
    pub scope: Scope,
}

impl Contract {
    /// Reads a checked contract. The error is the name of a field that is not what the check promises.
    pub(super) fn read(flat: &JsValue) -> Result<Self, JsValue> {
        let reader = Reader(flat);
        let (refresh, session) = (reader.endpoint("refresh")?, reader.endpoint("session")?);
        let (sign_in, exchange) = (reader.endpoint("signIn")?, reader.endpoint("exchange")?);
        let sign_out = reader.endpoint("signOut")?;
        let own = [&refresh, &session, &sign_in, &exchange, &sign_out];
        let scope = Scope::new(
            reader.strings("api.origins")?,
            own.into_iter().flatten().map(|endpoint| endpoint.url.clone()).collect(),
        );
        Ok(Self {
            refresh: refresh.ok_or("refresh.path")?,
            places: Places {
                access_token: reader.array("access.token")?,
                expires_in: reader.array("access.expiresIn")?,
                user: reader.array("user.at")?,
                user_id: reader.array("user.id")?,
                error: reader.array("error.at")?,
            },
            policy: Policy {
                rules: Rules {
                    dead: reader.statuses("refresh.dead")?,
                    // A contract without a sign-in has no say about one.
                    refused: reader.statuses("signIn.refused").unwrap_or_else(|_| Rules::default().refused),
                    expired: reader.statuses("api.expired")?,
                },
                timeout: reader.millis("timeoutMs")?,
                lead: reader.millis("leadMs")?,
                reads_session: session.is_some(),
                shared: reader.value("shared").is_truthy(),
                gives: reader.string("share")? == "ask",
            },
            session,
            sign_in,
            exchange,
            sign_out,
            scope,
        })
    }

    /// The request of an operation, if the backend has it.
    pub(super) fn endpoint(&self, operation: Operation) -> Option<&Endpoint> {
        match operation {
            Operation::Refresh => Some(&self.refresh),
            Operation::ReadSession => self.session.as_ref(),
            Operation::SignIn => self.sign_in.as_ref(),
            Operation::Exchange => self.exchange.as_ref(),
            Operation::SignOut => self.sign_out.as_ref(),
        }
    }
}

struct Reader<'a>(&'a JsValue);

impl Reader<'_> {
    fn value(&self, name: &str) -> JsValue {
        Reflect::get(self.0, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
    }

    fn string(&self, name: &str) -> Result<String, JsValue> {
        self.value(name).as_string().ok_or_else(|| name.into())
    }

    fn array(&self, name: &str) -> Result<Array, JsValue> {
        self.value(name).dyn_into().map_err(|_| name.into())
    }

    fn strings(&self, name: &str) -> Result<Vec<String>, JsValue> {
        Ok(self.array(name)?.iter().filter_map(|value| value.as_string()).collect())
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: 100 to 599")]
    fn statuses(&self, name: &str) -> Result<Statuses, JsValue> {
        Ok(Statuses(self.array(name)?.iter().filter_map(|value| value.as_f64()).map(|status| status as u16).collect()))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: 1 to 2^31 - 1")]
    fn millis(&self, name: &str) -> Result<Millis, JsValue> {
        self.value(name).as_f64().map(|millis| Millis(millis as u64)).ok_or_else(|| name.into())
    }

    fn endpoint(&self, group: &str) -> Result<Option<Endpoint>, JsValue> {
        let name = |field: &str| [group, field].concat();
        let Some(url) = self.value(&name(".path")).as_string() else { return Ok(None) };
        let is_form = self.value(&name(".encoding")).as_string().is_some_and(|encoding| encoding == "form");
        let content_type = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
        let key_header = self.string(&name(".idempotencyHeader")).unwrap_or_default();
        Ok(Some(Endpoint { method: self.string(&name(".method"))?, url, content_type, key_header }))
    }
}
