//! What came back from one of the SDK's own requests, as the shell read it.
//!
//! The shell looks up the fields that the [`Contract`](super::Contract) names; it judges nothing. The judging is in
//! [`verdict`](super::verdict).

use super::identity::Identity;
use super::secret::Secret;
use super::time::Millis;

/// The outcome of sending one request: an answer, or none.
pub type Outcome = Result<Answer, Unanswered>;

/// No answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unanswered {
    /// `fetch` rejected: no network, reset, blocked by CORS. The platform does not tell these apart.
    Network,
    /// The answer took longer than the contract's `timeoutMs`.
    Timeout,
}

/// An answer with its status and what could be read of its body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The status; 0 for a redirect that was not followed (Fetch standard: opaque-redirect filtered response).
    pub status: u16,
    /// The body.
    pub body: Body,
    /// What the contract's signs ask about, as JSON, [one text after the other](super::text); an empty one where the body has
    /// nothing there.
    pub facts: String,
    /// `Retry-After` (RFC 9110 section 10.2.3), or the contract's other header, as a span from now.
    pub retry_after: Option<Millis>,
}

/// What a body turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// None, or something that is not JSON.
    Other,
    /// A page: `text/html`. No API answers with one; logins of hotels and firewalls do.
    Html,
    /// JSON, with the fields that the contract names.
    Json(Fields),
}

/// The fields of an answer that the contract names. A field that is missing or of another type is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fields {
    /// At `access.token`.
    pub access_token: Option<Secret>,
    /// At `access.refreshToken`.
    pub refresh_token: Option<Secret>,
    /// At `access.expiresIn` or `access.expiresAt`, or in the token itself.
    pub expires_in: Option<Millis>,
    /// Whether there is a user at `user.at`.
    pub has_user: bool,
    /// Derived from the user's id at `user.id`.
    pub identity: Option<Identity>,
    /// At `error`, if it is one of the codes that change a verdict.
    pub error: Option<OAuthError>,
}

/// The codes of RFC 6749 section 5.2 that are the application's mistake and say nothing about the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OAuthError {
    /// `invalid_request`, `invalid_client`, `unauthorized_client`, `unsupported_grant_type`, `invalid_scope`.
    Configuration,
}

impl OAuthError {
    /// Reads a code. All codes that do not change a verdict are `None`.
    #[must_use]
    pub fn read(code: &str) -> Option<Self> {
        const CONFIGURATION: [&str; 5] =
            ["invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"];
        CONFIGURATION.contains(&code).then_some(Self::Configuration)
    }
}
