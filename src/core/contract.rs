//! A backend is data: the fields of a contract, which of them may be left out, and what they must look like.
//!
//! This table is the only place where the shape of a contract is written down. `cargo xtask build` turns it into the
//! check that runs when a client is made, before the module is loaded, and `web::contract` reads by the same names.

/// One field of a contract.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Where it stands: `refresh.path`.
    pub path: &'static str,
    /// What it must look like.
    pub kind: Kind,
    /// What it is when left out, as JSON; `None` if it may not be left out.
    pub default: Option<&'static str>,
}

/// What the value of a field must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/auth`, or an absolute `http(s)` URL, without query or fragment.
    BaseUrl,
    /// A path that begins with a slash.
    Path,
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    Method,
    /// How fields are sent: `json` or `form`.
    Encoding,
    /// Where a value stands in an answer: `data.accessToken`.
    Key,
    /// A place, or nothing for the answer itself.
    Place,
    /// What an answer may show: statuses from 100 to 599, and conditions `{ status, at, is, has }`.
    Rule,
    /// The same of an API call's answer, where each condition names a status.
    CallRule,
    /// Headers to send: an object of strings.
    Headers,
    /// Fields to send: an object of strings, numbers and booleans.
    Extra,
    /// What the credential is: `bearer` or `cookie`.
    By,
    /// The name of a cookie or of a field.
    Name,
    /// A list of serialized origins (HTML standard): `https://api.example.com`, no path, no wildcard.
    Origins,
    /// The name of a header (RFC 9110 section 5.1: a token), or nothing.
    Header,
    /// Whether a token is handed to another tab that asks: `ask` or `never`.
    Share,
    /// Milliseconds, a whole number from 1 to 2^31 − 1 (what a timer can wait).
    Millis,
}

impl Kind {
    /// The name that the generated check knows it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BaseUrl => "base",
            Self::Path => "path",
            Self::Method => "method",
            Self::Encoding => "encoding",
            Self::Key => "key",
            Self::Place => "place",
            Self::Rule => "rule",
            Self::CallRule => "callRule",
            Self::Headers => "headers",
            Self::Extra => "extra",
            Self::By => "by",
            Self::Name => "name",
            Self::Origins => "origins",
            Self::Header => "header",
            Self::Share => "share",
            Self::Millis => "ms",
        }
    }
}

/// All fields, those of a group together. An operation that a backend need not have begins with its path, which is there if the
/// operation is.
pub const FIELDS: &[Field] = &[
    required("baseUrl", Kind::BaseUrl),
    required("refresh.path", Kind::Path),
    optional("refresh.method", Kind::Method, r#""POST""#),
    optional("refresh.encoding", Kind::Encoding, r#""json""#),
    optional("refresh.headers", Kind::Headers, "{}"),
    optional("refresh.extra", Kind::Extra, "null"),
    optional("refresh.field", Kind::Name, r#""refreshToken""#),
    optional("refresh.dead", Kind::Rule, "[400,401,403]"),
    optional("refresh.idempotencyHeader", Kind::Header, r#""""#),
    required("session.path", Kind::Path),
    optional("session.method", Kind::Method, r#""GET""#),
    optional("session.encoding", Kind::Encoding, r#""json""#),
    optional("session.headers", Kind::Headers, "{}"),
    optional("session.extra", Kind::Extra, "null"),
    optional("session.user", Kind::Place, "null"),
    optional("session.none", Kind::Rule, "[401]"),
    required("signIn.path", Kind::Path),
    optional("signIn.method", Kind::Method, r#""POST""#),
    optional("signIn.encoding", Kind::Encoding, r#""json""#),
    optional("signIn.headers", Kind::Headers, "{}"),
    optional("signIn.extra", Kind::Extra, "null"),
    optional("signIn.refused", Kind::Rule, "[400,401,403,422]"),
    required("exchange.path", Kind::Path),
    optional("exchange.method", Kind::Method, r#""POST""#),
    optional("exchange.encoding", Kind::Encoding, r#""json""#),
    optional("exchange.headers", Kind::Headers, "{}"),
    optional("exchange.extra", Kind::Extra, "null"),
    required("signOut.path", Kind::Path),
    optional("signOut.method", Kind::Method, r#""POST""#),
    optional("signOut.encoding", Kind::Encoding, r#""json""#),
    optional("signOut.headers", Kind::Headers, "{}"),
    optional("signOut.extra", Kind::Extra, "null"),
    optional("signOut.done", Kind::Rule, "[]"),
    optional("signOut.refused", Kind::Rule, "[]"),
    optional("access.by", Kind::By, r#""bearer""#),
    optional("access.token", Kind::Key, r#""accessToken""#),
    optional("access.expiresIn", Kind::Key, r#""expiresIn""#),
    optional("access.expiresAt", Kind::Key, "[]"),
    optional("access.refreshToken", Kind::Key, "[]"),
    optional("user.at", Kind::Key, r#""user""#),
    optional("user.id", Kind::Key, r#""id""#),
    optional("error.at", Kind::Key, r#""error""#),
    optional("csrf.cookie", Kind::Name, "null"),
    optional("csrf.path", Kind::Path, "null"),
    optional("csrf.at", Kind::Key, "null"),
    optional("csrf.header", Kind::Header, r#""""#),
    optional("csrf.field", Kind::Name, "null"),
    optional("csrf.refused", Kind::Rule, "[419]"),
    optional("api.origins", Kind::Origins, "[]"),
    optional("api.expired", Kind::CallRule, "[401]"),
    optional("retryAfterHeader", Kind::Header, r#""X-Retry-After""#),
    optional("share", Kind::Share, r#""ask""#),
    optional("timeoutMs", Kind::Millis, "10000"),
    optional("leadMs", Kind::Millis, "60000"),
];

const fn required(path: &'static str, kind: Kind) -> Field {
    Field { path, kind, default: None }
}

const fn optional(path: &'static str, kind: Kind, default: &'static str) -> Field {
    Field { path, kind, default: Some(default) }
}
