//! How an answer to one of the SDK's own requests is judged. The whole table is here.
//!
//! Only an answer that says so ends a session: a refresh token that the contract calls dead. A network that fails, a
//! server that is down and a page of somebody else's leave the user signed in.

use super::answer::{Answer, Body, Fields, OAuthError, Outcome, Unanswered};
use super::identity::Identity;
use super::problem::Problem;
use super::secret::Secret;
use super::time::Millis;

/// A set of HTTP statuses, as the contract lists them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Statuses(pub Vec<u16>);

impl Statuses {
    /// Whether the status is one of them.
    #[must_use]
    pub fn has(&self, status: u16) -> bool {
        self.0.contains(&status)
    }
}

/// Which statuses mean what; part of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// A refresh answered so ends the session. Default 400, 401, 403.
    pub dead: Statuses,
    /// A sign-in or exchange answered so was refused. Default 400, 401, 403, 422.
    pub refused: Statuses,
    /// An API call answered so needs a new access token. Default 401 (RFC 6750 section 3.1).
    pub expired: Statuses,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            dead: Statuses(vec![400, 401, 403]),
            refused: Statuses(vec![400, 401, 403, 422]),
            expired: Statuses(vec![401]),
        }
    }
}

/// A new access token with what came along.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The token.
    pub access_token: Secret,
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
    /// Judges the answer to a refresh.
    #[must_use]
    pub fn judge_refresh(&self, outcome: Outcome) -> RefreshVerdict {
        let answer = match outcome {
            Ok(answer) => answer,
            Err(unanswered) => return RefreshVerdict::Unknown(unanswered.into()),
        };
        if self.dead.has(answer.status) && !contradicts_dead(&answer) {
            return RefreshVerdict::Dead;
        }
        match grant(answer) {
            Ok(grant) => RefreshVerdict::Renewed(grant),
            Err(problem) => RefreshVerdict::Unknown(problem),
        }
    }

    /// Judges the answer to a sign-in or an exchange.
    pub fn judge_sign_in(&self, outcome: Outcome) -> Result<Grant, Problem> {
        let answer = outcome?;
        if self.refused.has(answer.status) && !matches!(answer.body, Body::Html) {
            return Err(Problem::BadCredentials { status: answer.status });
        }
        grant(answer)
    }

    /// Judges the answer to a sign-out: whether the server confirmed that the session is over.
    ///
    /// A server that no longer knows the session has confirmed it too.
    pub fn judge_sign_out(&self, outcome: Outcome) -> Result<(), Problem> {
        let answer = outcome?;
        let gone = matches!(answer.status, 401 | 404 | 410) && !matches!(answer.body, Body::Html);
        if gone || (is_success(answer.status) && !matches!(answer.body, Body::Html)) {
            return Ok(());
        }
        Err(other_problem(&answer))
    }

    /// Judges the answer to a session read. `Ok(None)` means that the access token was refused.
    pub fn judge_session(&self, outcome: Outcome) -> Result<Option<Fields>, Problem> {
        let answer = outcome?;
        if self.expired.has(answer.status) {
            return Ok(None);
        }
        match answer {
            Answer { status, body: Body::Json(fields), .. } if is_success(status) && fields.has_user => {
                Ok(Some(fields))
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

fn grant(answer: Answer) -> Result<Grant, Problem> {
    match answer {
        Answer {
            status,
            body: Body::Json(Fields { access_token: Some(access_token), expires_in, identity, has_user, .. }),
            ..
        } if is_success(status) => Ok(Grant { access_token, expires_in, identity, has_user }),
        other => Err(other_problem(&other)),
    }
}

fn other_problem(answer: &Answer) -> Problem {
    let Answer { status, retry_after, .. } = *answer;
    match status {
        408 | 425 | 429 | 500.. => Problem::TryLater { status, retry_after },
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
        Ok(Answer { status, body, retry_after: None })
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
    fn a_refused_sign_in_is_told_from_a_server_that_is_down() {
        let rules = Rules::default();
        assert_eq!(rules.judge_sign_in(answer(401, Body::Other)), Err(Problem::BadCredentials { status: 401 }));
        assert_eq!(rules.judge_sign_in(answer(401, Body::Html)), Err(Problem::BadResponse { status: 401 }));
        assert_eq!(rules.judge_sign_in(answer(404, Body::Other)), Err(Problem::Misconfigured { status: 404 }));
        assert_eq!(
            rules.judge_sign_in(Ok(Answer { status: 429, body: Body::Other, retry_after: Some(Millis(7)) })),
            Err(Problem::TryLater { status: 429, retry_after: Some(Millis(7)) })
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
