//! How an answer to one of the SDK's own requests is judged. The whole table is here.
//!
//! Only an answer that says so ends a session: a refresh token that the contract calls dead. A network that fails, a
//! server that is down and a page of somebody else's leave the user signed in.

use super::answer::{Answer, Body, Fields, OAuthError, Outcome, Unanswered};
use super::identity::Identity;
use super::problem::Problem;
use super::secret::Secret;
use super::text;
use super::time::{Millis, Wait};

/// What an answer may show: one sign that it shows is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Signs(pub Vec<Sign>);

/// A status, a fact of the body, or both.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sign {
    /// The status; any if `None`.
    pub status: Option<u16>,
    /// The fact, by its place among [`Answer::facts`], and what it is to be.
    pub fact: Option<(usize, Expected)>,
}

/// What a fact is to be. Facts are JSON text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Anything but `null`.
    Something,
    /// This.
    Is(String),
    /// A text with this in it.
    Has(String),
}

impl Signs {
    /// These statuses, whatever the body says.
    #[must_use]
    pub fn statuses(statuses: &[u16]) -> Self {
        Self(statuses.iter().map(|status| Sign { status: Some(*status), fact: None }).collect())
    }

    /// Whether an answer shows one of them.
    #[must_use]
    pub fn show(&self, status: u16, facts: &str) -> bool {
        self.0.iter().any(|sign| sign.shows(status, facts))
    }
}

impl Sign {
    fn shows(&self, status: u16, mut facts: &str) -> bool {
        if self.status.is_some_and(|wanted| wanted != status) {
            return false;
        }
        let Some((place, expected)) = &self.fact else { return true };
        for _ in 0..*place {
            text::take(&mut facts);
        }
        let fact = text::take(&mut facts);
        !fact.is_empty()
            && match expected {
                Expected::Something => fact != "null",
                Expected::Is(wanted) => fact == wanted,
                Expected::Has(part) => contains(fact.as_bytes(), part.as_bytes()),
            }
    }
}

/// Whether a `WWW-Authenticate` may be cured by a new token. `insufficient_scope` is not (RFC 6750 section 3.1), nor is
/// `use_dpop_nonce`, which asks for another proof (RFC 9449 section 8).
#[must_use]
pub fn asks_for_token(challenge: &str) -> bool {
    let says = |error: &[u8]| contains(challenge.as_bytes(), error);
    !says(b"insufficient_scope") && !says(b"use_dpop_nonce")
}

/// `str::contains` brings a search that is made for long texts.
fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// What answers mean; part of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// A refresh answered so ends the session. Default 400, 401, 403.
    pub dead: Signs,
    /// A sign-in or exchange answered so was refused. Default 400, 401, 403, 422.
    pub refused: Signs,
    /// A sign-out answered so has been done. Default, if there are no signs: 2xx, 401, 404, 410.
    pub gone: Signs,
    /// A sign-out answered so has not been done, whatever its status. Default: nothing says so.
    pub stays: Signs,
    /// An API call answered so needs a new access token. Default 401 (RFC 6750 section 3.1).
    pub expired: Signs,
    /// An answer that refuses the proof that a request comes from the site's own page, and says nothing of the session.
    /// Default: nothing says so.
    pub unproven: Signs,
    /// Whether the credential is a cookie, so that no answer has a token.
    pub by_cookie: bool,
    /// Whether the session's own request renews: then an answer without a user says that nobody is signed in.
    pub by_session: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            dead: Signs::statuses(&[400, 401, 403]),
            refused: Signs::statuses(&[400, 401, 403, 422]),
            gone: Signs::default(),
            stays: Signs::default(),
            expired: Signs::statuses(&[401]),
            unproven: Signs::default(),
            by_cookie: false,
            by_session: false,
        }
    }
}

/// A new access token with what came along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The token; empty where the credential is a cookie.
    pub access_token: Secret,
    /// The refresh token, if it came in the body.
    pub refresh_token: Option<Secret>,
    /// Its lifetime, if the answer says it.
    pub expires_in: Option<Millis>,
    /// Whose it is, if the answer says it.
    pub identity: Option<Identity>,
    /// Whether the answer has the user, so that the session needs no request of its own.
    pub has_user: bool,
}

/// The verdict on the answer to a refresh.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RefreshVerdict {
    /// A new access token.
    Renewed(Grant),
    /// The refresh token is dead, or there is none.
    Dead,
    /// Nothing is known of the session. It stays.
    Unknown(Problem),
}

impl Rules {
    /// Whether the request was refused for its proof alone: with a new one it may be sent once more.
    #[must_use]
    pub fn refuses_proof(&self, outcome: &Outcome) -> bool {
        outcome.as_ref().is_ok_and(|answer| self.unproven.show(answer.status, &answer.facts))
    }

    /// An answer that says something of the session.
    fn said(&self, outcome: Outcome) -> Result<Answer, Problem> {
        if self.refuses_proof(&outcome) {
            return Err(Problem::Misconfigured { status: outcome.map_or(0, |answer| answer.status) });
        }
        Ok(outcome?)
    }

    /// Judges the answer to a refresh.
    #[must_use]
    pub fn judge_refresh(&self, outcome: Outcome) -> RefreshVerdict {
        let answer = match self.said(outcome) {
            Ok(answer) => answer,
            Err(problem) => return RefreshVerdict::Unknown(problem),
        };
        if self.dead.show(answer.status, &answer.facts) && !contradicts_dead(&answer) {
            return RefreshVerdict::Dead;
        }
        let names_nobody = matches!(&answer.body, Body::Json(fields) if !fields.has_user);
        if self.by_session && is_success(answer.status) && names_nobody {
            return RefreshVerdict::Dead;
        }
        match self.grant(answer, !self.by_session) {
            Ok(grant) => RefreshVerdict::Renewed(grant),
            Err(problem) => RefreshVerdict::Unknown(problem),
        }
    }

    /// Judges the answer to a sign-in or an exchange.
    pub fn judge_sign_in(&self, outcome: Outcome) -> Result<Grant, Problem> {
        let answer = self.said(outcome)?;
        if self.refused.show(answer.status, &answer.facts) && !matches!(answer.body, Body::Html) {
            return Err(Problem::BadCredentials { status: answer.status });
        }
        self.grant(answer, true)
    }

    /// Judges the answer to a sign-out: whether the server confirmed that the session is over.
    ///
    /// A server that no longer knows the session has confirmed it too.
    pub fn judge_sign_out(&self, outcome: Outcome) -> Result<(), Problem> {
        let answer = self.said(outcome)?;
        let is_done = match answer.status {
            200..300 | 401 | 404 | 410 if self.gone.0.is_empty() => true,
            status => self.gone.show(status, &answer.facts),
        };
        if self.stays.show(answer.status, &answer.facts) {
            return Err(Problem::BadResponse { status: answer.status });
        }
        if is_done && !matches!(answer.body, Body::Html) {
            return Ok(());
        }
        Err(other_problem(&answer))
    }

    /// Judges the answer to a session read. `Ok(None)` means that the access token was refused.
    pub fn judge_session(&self, outcome: Outcome) -> Result<Option<Fields>, Problem> {
        let answer = self.said(outcome)?;
        if self.expired.show(answer.status, &answer.facts) {
            return Ok(None);
        }
        match answer {
            Answer { status, body: Body::Json(fields), .. } if is_success(status) && fields.has_user => {
                Ok(Some(fields))
            }
            other => Err(other_problem(&other)),
        }
    }

    /// What an answer grants. Where the credential is a cookie there need be no token in it, and nothing at all if
    /// `may_be_empty`; nor in a sign-in after which reading the session brings one.
    fn grant(&self, answer: Answer, may_be_empty: bool) -> Result<Grant, Problem> {
        let needs_none = self.by_cookie || self.by_session;
        let may_be_without = may_be_empty && self.by_session;
        match answer {
            Answer { status, body: Body::Json(fields), .. }
                if is_success(status) && (fields.access_token.is_some() || self.by_cookie || may_be_without) =>
            {
                let Fields { access_token, refresh_token, expires_in, identity, has_user, .. } = fields;
                let access_token = access_token.unwrap_or_default();
                Ok(Grant { access_token, refresh_token, expires_in, identity, has_user })
            }
            Answer { status, body: Body::Other, .. } if is_success(status) && may_be_empty && needs_none => {
                Ok(Grant::default())
            }
            other => Err(other_problem(&other)),
        }
    }
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Network => Self::Network,
            Unanswered::Timeout => Self::Timeout,
        }
    }
}

/// A page is never the API's word, and some OAuth errors blame the request (RFC 6749 section 5.2).
fn contradicts_dead(answer: &Answer) -> bool {
    match &answer.body {
        Body::Html => true,
        Body::Json(fields) => fields.error == Some(OAuthError::Configuration),
        Body::Other => false,
    }
}

fn other_problem(answer: &Answer) -> Problem {
    let Answer { status, retry_after, .. } = *answer;
    match status {
        408 | 425 | 429 | 500.. => Problem::TryLater { status, retry_after: retry_after.map(Wait::new) },
        400..=499 if !matches!(answer.body, Body::Html) => Problem::Misconfigured { status },
        _ => Problem::BadResponse { status },
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Millis;

    #[expect(clippy::unnecessary_wraps, reason = "an outcome is what is judged")]
    fn answer(status: u16, body: Body) -> Outcome {
        Ok(Answer { status, body, facts: String::new(), retry_after: None })
    }

    fn tokens() -> Body {
        Body::Json(Fields {
            access_token: Some(Secret::new("t".into())),
            expires_in: Some(Millis(60_000)),
            ..Fields::default()
        })
    }

    fn error(code: &str) -> Body {
        Body::Json(Fields { error: OAuthError::read(code), ..Fields::default() })
    }

    #[test]
    fn the_refresh_table() {
        use RefreshVerdict::{Dead, Unknown};
        let rules = Rules::default();
        let later = |status| Unknown(Problem::TryLater { status, retry_after: None });
        let bad = |status| Unknown(Problem::BadResponse { status });
        let wrong = |status| Unknown(Problem::Misconfigured { status });
        let rows = [
            (answer(401, Body::Other), Dead),
            (answer(400, error("invalid_grant")), Dead),
            (answer(403, error("reuse_detected")), Dead),
            (answer(400, error("invalid_client")), wrong(400)),
            (answer(401, error("invalid_client")), wrong(401)),
            (answer(400, error("invalid_request")), wrong(400)),
            (answer(403, Body::Html), bad(403)),
            (answer(401, Body::Html), bad(401)),
            (answer(404, Body::Other), wrong(404)),
            (answer(405, Body::Other), wrong(405)),
            (answer(415, Body::Other), wrong(415)),
            (answer(408, Body::Other), later(408)),
            (answer(425, Body::Other), later(425)),
            (answer(429, Body::Other), later(429)),
            (answer(500, Body::Html), later(500)),
            (answer(503, Body::Other), later(503)),
            (answer(520, Body::Other), later(520)),
            (answer(200, Body::Html), bad(200)),
            (answer(200, Body::Other), bad(200)),
            (answer(204, Body::Other), bad(204)),
            (answer(200, Body::Json(Fields::default())), bad(200)),
            (answer(0, Body::Other), bad(0)),
            (answer(304, Body::Other), bad(304)),
            (Err(Unanswered::Network), Unknown(Problem::Network)),
            (Err(Unanswered::Timeout), Unknown(Problem::Timeout)),
        ];
        for (outcome, verdict) in rows {
            assert_eq!(rules.judge_refresh(outcome.clone()), verdict, "{outcome:?}");
        }
        assert!(matches!(rules.judge_refresh(answer(200, tokens())), RefreshVerdict::Renewed(_)));
        assert!(matches!(rules.judge_refresh(answer(500, tokens())), Unknown(Problem::TryLater { .. })));
    }

    #[test]
    fn a_challenge_that_no_new_token_cures_is_the_callers() {
        for cured in ["", "Bearer", r#"Bearer realm="api", error="invalid_token""#, "Basic"] {
            assert!(asks_for_token(cured), "{cured}");
        }
        for other in [r#"Bearer error="insufficient_scope", scope="admin""#, r#"DPoP error="use_dpop_nonce""#] {
            assert!(!asks_for_token(other), "{other}");
        }
    }

    #[test]
    fn a_refused_sign_in_is_told_from_a_server_that_is_down() {
        let rules = Rules::default();
        assert_eq!(rules.judge_sign_in(answer(401, Body::Other)), Err(Problem::BadCredentials { status: 401 }));
        assert_eq!(rules.judge_sign_in(answer(401, Body::Html)), Err(Problem::BadResponse { status: 401 }));
        assert_eq!(rules.judge_sign_in(answer(404, Body::Other)), Err(Problem::Misconfigured { status: 404 }));
        assert_eq!(
            rules.judge_sign_in(Ok(Answer {
                status: 429,
                body: Body::Other,
                facts: String::new(),
                retry_after: Some(Millis(7))
            })),
            Err(Problem::TryLater { status: 429, retry_after: Some(Wait::new(Millis(7))) })
        );
        assert!(rules.judge_sign_in(answer(201, tokens())).is_ok());
    }

    #[test]
    fn a_session_that_is_gone_is_signed_out() {
        let rules = Rules::default();
        assert_eq!(rules.judge_sign_out(answer(204, Body::Other)), Ok(()));
        assert_eq!(rules.judge_sign_out(answer(401, Body::Other)), Ok(()));
        assert!(rules.judge_sign_out(answer(200, Body::Html)).is_err());
        assert!(rules.judge_sign_out(answer(503, Body::Other)).is_err());
        assert!(rules.judge_sign_out(Err(Unanswered::Network)).is_err());
    }
}
