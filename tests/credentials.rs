//! Sessions whose credential is no bearer with a refresh cookie: a cookie alone, and refresh tokens in the body.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::unnecessary_wraps, reason = "an outcome is what is answered")]

use relatch::core::{
    Answer, Ask, Attempt, Body, Effect, Event, Expected, Fields, Identity, Millis, Operation, Outcome, Policy, Problem,
    Rules, Secret, Session, Sign, Signs, Status, Step, Ticket, Unanswered,
};

/// A session that works alone, what it has sent last, and what it has settled.
struct Stage {
    session: Session,
    sent: Vec<Ticket>,
    settled: Vec<(Ask, Result<(), Problem>)>,
}

impl Stage {
    fn new(policy: Policy) -> Self {
        let session = Session::new(Policy { shared: false, ..policy }, 0);
        Self { session, sent: Vec::new(), settled: Vec::new() }
    }

    fn on(&mut self, event: Event) {
        for effect in self.session.on(Millis(1), event) {
            match effect {
                Effect::Perform(ticket) => self.sent.push(ticket),
                Effect::Settle(ask, result) => self.settled.push((ask, result)),
                _ => {}
            }
        }
    }

    fn ask(&mut self, operation: Operation) {
        self.on(Event::Asked(Ask(7), operation));
    }

    /// Answers the newest request.
    fn answer(&mut self, outcome: Outcome) {
        let ticket = self.sent.last().unwrap();
        self.on(Event::Answered(ticket.id, outcome));
    }

    fn operations(&self) -> Vec<Operation> {
        self.sent.iter().map(|ticket| ticket.operation).collect()
    }

    fn status(&self) -> Status {
        self.session.state().status
    }

    /// What goes along with a refresh.
    fn refresh_token(&self) -> Option<&str> {
        self.session.refresh_token(Operation::Refresh).map(Secret::expose)
    }

    /// What goes along with a sign-out.
    fn parting(&self) -> Option<&str> {
        self.session.refresh_token(Operation::SignOut).map(Secret::expose)
    }
}

fn answered(status: u16) -> Outcome {
    Ok(Answer { status, body: Body::Other, facts: String::new(), retry_after: None })
}

/// For a server that answers 403 to a request whose proof of origin it does not take.
fn demanding() -> Policy {
    Policy { rules: Rules { unproven: Signs::statuses(&[403]), ..Rules::default() }, ..Policy::default() }
}

fn with_proof() -> Stage {
    Stage::new(demanding())
}

#[test]
fn a_request_refused_for_its_proof_is_sent_once_more_with_a_new_one_and_ends_no_session() {
    for operation in [Operation::Refresh, Operation::SignIn, Operation::SignOut] {
        let mut stage = with_proof();
        stage.ask(operation);
        stage.answer(answered(403));
        assert_eq!(stage.operations(), [operation, operation]);
        let [first, second] = stage.sent[..] else { panic!("two requests") };
        assert_eq!((first.needs_proof, second.needs_proof, first.key), (false, true, second.key));
        stage.answer(answered(403));
        assert_eq!(stage.settled, [(Ask(7), Err(Problem::Misconfigured { status: 403 }))]);
        assert_eq!(stage.operations().iter().filter(|sent| **sent == operation).count(), 2);
        if operation == Operation::Refresh {
            assert_eq!(stage.status(), Status::Loading, "a 403 that blames the proof is no dead session");
        }
    }
}

#[test]
fn a_proof_that_is_refused_after_a_sign_out_brings_nothing_back() {
    let mut stage = with_proof();
    stage.ask(Operation::Refresh);
    stage.on(Event::Asked(Ask(8), Operation::SignOut));
    stage.answer(answered(403));
    assert_eq!(stage.operations(), [Operation::Refresh, Operation::SignOut], "no refresh after the sign-out");
    assert_eq!(stage.status(), Status::Unauthenticated);
}

#[test]
fn a_proof_that_is_refused_late_is_not_replaced_before_the_lock_is_held_anew() {
    let mut session = Session::new(Policy { shared: true, ..demanding() }, 0);
    let asked = session.on(Millis(1), Event::Asked(Ask(7), Operation::Refresh));
    let ticket = asked.iter().find_map(|effect| match effect {
        Effect::Lock { ticket, .. } => Some(*ticket),
        _ => None,
    });
    let ticket = ticket.expect("a refresh waits for the lock");
    let _ = session.on(Millis(2), Event::Locked(ticket, None));
    let sent = session.on(Millis(3), Event::Stamped(ticket, Ok(())));
    assert!(matches!(sent[..], [.., Effect::Perform(_)]), "{sent:?}");
    let late = session.on(Millis(5_000), Event::Answered(ticket, answered(403)));
    let [Effect::Unlock(_), Effect::Lock { steal: false, .. }, ..] = late[..] else { panic!("{late:?}") };
}

/// A cookie that reading the session renews.
fn by_session() -> Stage {
    Stage::new(Policy { rules: Rules { by_cookie: true, by_session: true, ..Rules::default() }, ..Policy::default() })
}

/// Cookies that a refresh of their own renews.
fn by_cookie() -> Stage {
    let rules = Rules { by_cookie: true, ..Rules::default() };
    Stage::new(Policy { rules, reads_session: false, ..Policy::default() })
}

/// A bearer, and refresh tokens in the body.
fn by_body() -> Stage {
    Stage::new(Policy { by_body: true, reads_session: false, ..Policy::default() })
}

fn json(fields: Fields) -> Outcome {
    Ok(Answer { status: 200, body: Body::Json(fields), facts: String::new(), retry_after: None })
}

fn status(status: u16) -> Outcome {
    Ok(Answer { status, body: Body::Other, facts: String::new(), retry_after: None })
}

fn user() -> Fields {
    Fields { has_user: true, identity: Some(Identity::of("ada")), ..Fields::default() }
}

fn tokens(access: &str, refresh: Option<&str>) -> Fields {
    let secret = |text: &str| Secret::new(text.to_owned());
    Fields { access_token: Some(secret(access)), refresh_token: refresh.map(secret), ..user() }
}

#[test]
fn reading_the_session_tells_who_is_signed_in() {
    let mut stage = by_session();
    stage.on(Event::Start);
    stage.answer(json(user()));
    assert_eq!((stage.status(), stage.operations()), (Status::Authenticated, vec![Operation::Refresh]));
    let (_, step) = Attempt::start(&stage.session, Millis(2), true);
    assert_eq!(step, Step::Send(stage.session.generation()));
}

#[test]
fn a_session_without_a_user_is_nobodys() {
    let mut stage = by_session();
    stage.on(Event::Start);
    stage.answer(json(Fields::default()));
    assert_eq!((stage.status(), stage.session.state().problem), (Status::Unauthenticated, None));
}

#[test]
fn a_session_that_is_no_json_leaves_everything_as_it_is() {
    let mut stage = by_session();
    stage.on(Event::Start);
    stage.answer(json(user()));
    stage.ask(Operation::Refresh);
    stage.answer(status(204));
    assert_eq!(stage.status(), Status::Authenticated);
    assert_eq!(stage.session.state().problem, Some(Problem::BadResponse { status: 204 }));
}

#[test]
fn a_sign_in_that_answers_nothing_is_followed_by_reading_the_session() {
    let mut stage = by_session();
    stage.on(Event::Start);
    stage.answer(json(Fields::default()));
    stage.ask(Operation::SignIn);
    stage.answer(status(204));
    assert_eq!((stage.status(), stage.settled.len()), (Status::Loading, 0));
    stage.answer(json(user()));
    assert_eq!(stage.operations(), [Operation::Refresh, Operation::SignIn, Operation::Refresh]);
    assert_eq!((stage.status(), stage.settled.as_slice()), (Status::Authenticated, &[(Ask(7), Ok(()))][..]));
}

#[test]
fn a_sign_in_whose_cookie_does_not_arrive_ends_as_one_clear_error() {
    let mut stage = by_session();
    stage.ask(Operation::SignIn);
    stage.answer(status(204));
    stage.answer(json(Fields::default()));
    assert_eq!(stage.settled, [(Ask(7), Err(Problem::SessionEnded))]);
    assert_eq!((stage.status(), stage.sent.len()), (Status::Unauthenticated, 2));
}

#[test]
fn a_refusal_of_a_cookie_is_renewed_once_however_often_the_answers_look_alike() {
    let mut stage = by_cookie();
    stage.on(Event::Start);
    stage.answer(status(204));
    let (mut attempt, step) = Attempt::start(&stage.session, Millis(2), true);
    assert_eq!(step, Step::Send(stage.session.generation()));
    let (step, refused) = attempt.response(&stage.session, Millis(2), 401, "");
    assert_eq!(step, Step::Wait);
    stage.on(Event::Needed { refused });
    stage.answer(status(204));
    assert_eq!(attempt.resume(&stage.session, Millis(3)), Step::Send(stage.session.generation()));
    assert_eq!(stage.session.state().problem, None);
    assert_eq!(attempt.response(&stage.session, Millis(3), 401, ""), (Step::Deliver, None));
}

#[test]
fn without_a_refresh_token_nothing_is_sent() {
    let mut stage = by_body();
    stage.on(Event::Start);
    assert_eq!((stage.status(), stage.sent.len()), (Status::Unauthenticated, 0));
}

#[test]
fn a_refresh_token_is_replaced_by_the_one_in_the_answer_and_kept_if_there_is_none() {
    let mut stage = by_body();
    stage.ask(Operation::SignIn);
    stage.answer(json(tokens("a1", Some("r1"))));
    assert_eq!(stage.refresh_token(), Some("r1"));
    stage.ask(Operation::Refresh);
    stage.answer(json(tokens("a2", Some("r2"))));
    assert_eq!(stage.refresh_token(), Some("r2"));
    stage.ask(Operation::Refresh);
    stage.answer(json(tokens("a3", None)));
    assert_eq!((stage.refresh_token(), stage.operations().len()), (Some("r2"), 3));
}

#[test]
fn a_sign_in_without_a_refresh_token_does_not_keep_the_former_users() {
    let mut stage = by_body();
    stage.ask(Operation::SignIn);
    stage.answer(json(tokens("a1", Some("r1"))));
    stage.ask(Operation::SignIn);
    stage.answer(json(tokens("b1", None)));
    assert_eq!(stage.refresh_token(), None);
}

#[test]
fn a_sign_out_takes_the_refresh_token_along_and_then_there_is_none() {
    let mut stage = by_body();
    stage.ask(Operation::SignIn);
    stage.answer(json(tokens("a1", Some("r1"))));
    stage.ask(Operation::SignOut);
    assert_eq!((stage.status(), stage.refresh_token(), stage.parting()), (Status::Unauthenticated, None, Some("r1")));
    stage.answer(status(204));
    assert_eq!((stage.parting(), stage.operations()), (None, vec![Operation::SignIn, Operation::SignOut]));
}

#[test]
fn a_former_users_refresh_token_is_not_presented_for_anybody_else() {
    let mut stage = by_body();
    stage.ask(Operation::SignIn);
    stage.answer(json(tokens("a1", Some("r1"))));
    stage.ask(Operation::SignOut);
    stage.answer(Err(Unanswered::Network));
    stage.ask(Operation::SignIn);
    // The sign-out is told once more before that.
    stage.answer(Err(Unanswered::Network));
    stage.answer(json(tokens("b1", Some("s1"))));
    assert_eq!((stage.status(), stage.refresh_token(), stage.parting()), (Status::Authenticated, Some("s1"), None));
    stage.ask(Operation::Refresh);
    stage.answer(answered(401));
    let sent = stage.sent.len();
    stage.ask(Operation::Refresh);
    assert_eq!((stage.status(), stage.sent.len()), (Status::Unauthenticated, sent));
}

#[test]
fn a_session_without_a_refresh_token_lasts_as_long_as_its_access_token() {
    let mut stage = by_body();
    stage.ask(Operation::SignIn);
    stage.answer(json(Fields { expires_in: Some(Millis(60_000)), ..tokens("a1", None) }));
    let (mut attempt, _) = Attempt::start(&stage.session, Millis(2), true);
    let (step, refused) = attempt.response(&stage.session, Millis(2), 401, "");
    assert_eq!(step, Step::Deliver, "there is nothing to try again with");
    stage.on(Event::Needed { refused });
    stage.ask(Operation::Refresh);
    assert_eq!((stage.status(), stage.settled.last()), (Status::Authenticated, Some(&(Ask(7), Ok(())))));
    let end = stage.session.expiry().unwrap().end;
    assert_eq!(stage.session.deadline(Millis(2)), Some(end));
    for (now, status) in [(Millis(end.0 - 1), Status::Authenticated), (end, Status::Unauthenticated)] {
        let _ = stage.session.on(now, Event::Tick);
        assert_eq!((stage.status(), stage.sent.len()), (status, 1));
    }
}

/// A bearer that stands in the session, as tutorials of Auth.js put it there.
fn in_session() -> Stage {
    Stage::new(Policy { rules: Rules { by_session: true, ..Rules::default() }, ..Policy::default() })
}

#[test]
fn a_bearer_in_the_session_is_read_after_the_sign_in_and_calls_wait_for_it() {
    let mut stage = in_session();
    stage.on(Event::Start);
    stage.answer(json(Fields::default()));
    stage.ask(Operation::SignIn);
    stage.answer(json(Fields::default()));
    let (mut attempt, step) = Attempt::start(&stage.session, Millis(2), true);
    assert_eq!((stage.status(), step), (Status::Loading, Step::Wait));
    stage.answer(json(tokens("a1", None)));
    let generation = stage.session.generation();
    assert_eq!(attempt.resume(&stage.session, Millis(3)), Step::Send(generation));
    assert_eq!(stage.session.bearer(generation).map(Secret::expose), Some("a1"));
}

#[test]
fn a_session_that_shows_the_refused_token_again_costs_one_retry_and_no_error() {
    let mut stage = in_session();
    stage.on(Event::Start);
    stage.answer(json(tokens("a1", None)));
    let (mut attempt, _) = Attempt::start(&stage.session, Millis(2), true);
    let (_, refused) = attempt.response(&stage.session, Millis(2), 401, "");
    stage.on(Event::Needed { refused });
    stage.answer(json(tokens("a1", None)));
    assert_eq!(attempt.resume(&stage.session, Millis(3)), Step::Send(stage.session.generation()));
    assert_eq!(attempt.response(&stage.session, Millis(3), 401, ""), (Step::Deliver, None));
    assert_eq!((stage.session.state().problem, stage.sent.len()), (None, 2));
}

#[test]
fn a_sign_out_that_says_no_with_200_is_not_taken_for_done() {
    let stays = Signs(vec![Sign { status: None, fact: Some((0, Expected::Has("error=".into()))) }]);
    let rules = Rules { stays, ..Rules::default() };
    let answer = |url: &str| {
        Ok(Answer { status: 200, body: Body::Json(Fields::default()), facts: format!("\"{url}\""), retry_after: None })
    };
    assert_eq!(rules.judge_sign_out(answer("/signin?error=MissingCSRF")), Err(Problem::BadResponse { status: 200 }));
    assert_eq!(rules.judge_sign_out(answer("/")), Ok(()));
}

#[test]
fn a_token_that_has_come_ends_the_problem_before_its_data_are_read() {
    let mut stage = Stage::new(Policy::default());
    stage.ask(Operation::Refresh);
    stage.answer(answered(503));
    assert_eq!(stage.session.state().problem, Some(Problem::TryLater { status: 503, retry_after: None }));
    stage.ask(Operation::Refresh);
    stage.answer(json(Fields { access_token: Some(Secret::new("Bearer a".to_owned())), ..Fields::default() }));
    assert_eq!(stage.operations(), [Operation::Refresh, Operation::Refresh, Operation::ReadSession]);
    assert_eq!((stage.status(), stage.session.state().problem), (Status::Loading, None));
}
