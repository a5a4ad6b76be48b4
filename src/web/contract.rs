//! Reads the contract that the JavaScript side has checked, by typed getters.
//!
//! It comes flat, by the names of [`crate::core::contract::FIELDS`], with every default filled in; a place in an answer
//! (`data.user`) comes as an array of its parts, an operation's path as an absolute URL, and a rule as a list of signs
//! `[status, fact, kind, text]`, whose facts are numbers of places in `facts`. What a request carries besides its bearer the
//! JavaScript side puts together.

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::core::{Expected, Millis, Operation, Policy, Rules, Scope, Sign, Signs};

/// One of the SDK's own requests, as the contract describes it.
pub(super) struct Endpoint {
    pub method: String,
    pub url: String,
    /// The header that a refresh carries its key in; empty if it carries none.
    pub key_header: String,
}

/// Where the fields of an answer stand.
#[derive(Clone)]
pub(super) struct Places {
    pub access_token: Array,
    /// Empty if refresh tokens are in a cookie.
    pub refresh_token: Array,
    pub expires_in: Array,
    /// Empty if the answer does not say it.
    pub expires_at: Array,
    pub user: Array,
    /// The same in the answer of the session's own request.
    pub session_user: Array,
    pub user_id: Array,
    /// What the rules ask about: a list of places.
    pub facts: Array,
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
        let gone = reader.signs("signOut.done").ok().filter(|gone| !gone.0.is_empty());
        let scope = Scope::new(
            reader.strings("api.origins")?,
            own.into_iter().flatten().map(|endpoint| endpoint.url.clone()).collect(),
        );
        Ok(Self {
            refresh: refresh.ok_or("refresh.path")?,
            places: Places {
                access_token: reader.array("access.token")?,
                refresh_token: reader.array("access.refreshToken")?,
                expires_in: reader.array("access.expiresIn")?,
                expires_at: reader.array("access.expiresAt")?,
                user: reader.array("user.at")?,
                session_user: reader.array("session.user")?,
                facts: reader.array("facts")?,
                user_id: reader.array("user.id")?,
                error: reader.array("error.at")?,
            },
            policy: Policy {
                rules: Rules {
                    dead: reader.signs("refresh.dead")?,
                    // A contract without a sign-in or a sign-out has no say about one.
                    refused: reader.signs("signIn.refused").unwrap_or_else(|_| Rules::default().refused),
                    is_gone_only: gone.is_some(),
                    stays: reader.signs("signOut.refused").unwrap_or_default(),
                    gone: gone.unwrap_or_else(|| Rules::default().gone),
                    expired: reader.signs("api.expired")?,
                    by_cookie: reader.string("access.by")? == "cookie",
                    by_session: reader.value("bySession").is_truthy(),
                },
                timeout: reader.millis("timeoutMs")?,
                lead: reader.millis("leadMs")?,
                reads_session: session.is_some(),
                by_body: reader.array("access.refreshToken")?.length() > 0,
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

    fn signs(&self, name: &str) -> Result<Signs, JsValue> {
        Ok(Signs(self.array(name)?.iter().map(|sign| read_sign(&sign.into())).collect()))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: 1 to 2^31 - 1")]
    fn millis(&self, name: &str) -> Result<Millis, JsValue> {
        self.value(name).as_f64().map(|millis| Millis(millis as u64)).ok_or_else(|| name.into())
    }

    fn endpoint(&self, group: &str) -> Result<Option<Endpoint>, JsValue> {
        let name = |field: &str| [group, field].concat();
        let Some(url) = self.value(&name(".path")).as_string() else { return Ok(None) };
        let key_header = self.string(&name(".idempotencyHeader")).unwrap_or_default();
        Ok(Some(Endpoint { method: self.string(&name(".method"))?, url, key_header }))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: 100 to 599, and indices")]
fn read_sign(sign: &Array) -> Sign {
    let text = || sign.get(3).as_string().unwrap_or_default();
    let expected = match sign.get(2).as_f64() {
        Some(1.0) => Expected::Is(text()),
        Some(2.0) => Expected::Has(text()),
        _ => Expected::Something,
    };
    Sign {
        status: sign.get(0).as_f64().map(|status| status as u16),
        fact: sign.get(1).as_f64().map(|place| (place as usize, expected)),
    }
}
