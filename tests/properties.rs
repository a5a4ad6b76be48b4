//! Properties of the machines over long random histories: whatever happens in whatever order.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod play;

use play::{Ending, Play, later, lost, page, status, user_of};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use relatch::core::{Event, Expiry, Millis, Operation, Problem, Status};

#[derive(Clone, Debug)]
enum Action {
    Call,
    CallOnce,
    Wait(u64),
    Sleep(u64),
    Answer,
    AnswerLast,
    AnswerWith(u8),
    ExpireAccess,
    ExpireRefresh,
    SignIn(bool),
    SignOut,
    Refresh,
    Update,
    Visible(bool),
    Online,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => Just(Action::Call),
        2 => Just(Action::CallOnce),
        3 => (0_u64..70_000).prop_map(Action::Wait),
        2 => (0_u64..10_000_000).prop_map(Action::Sleep),
        8 => Just(Action::Answer),
        1 => Just(Action::AnswerLast),
        3 => (0_u8..8).prop_map(Action::AnswerWith),
        2 => Just(Action::ExpireAccess),
        1 => Just(Action::ExpireRefresh),
        2 => any::<bool>().prop_map(Action::SignIn),
        1 => Just(Action::SignOut),
        1 => Just(Action::Refresh),
        1 => Just(Action::Update),
        1 => any::<bool>().prop_map(Action::Visible),
        1 => Just(Action::Online),
    ]
}

fn act(play: &mut Play, action: &Action) {
    match *action {
        Action::Call => drop(play.call()),
        Action::CallOnce => drop(play.call_once()),
        Action::Wait(span) => play.wait(Millis(span)),
        Action::Sleep(span) => play.sleep(Millis(span)),
        Action::Answer if !play.underway.is_empty() => play.answer(),
        Action::AnswerLast if !play.underway.is_empty() => {
            let request = play.underway.pop().unwrap();
            let outcome = play.serve(&request);
            play.deliver(request.ticket, outcome);
        }
        Action::AnswerWith(kind) if !play.underway.is_empty() => play.answer_with(match kind {
            0 => lost(),
            1 => status(500),
            2 => later(429, 5),
            3 => page(200),
            4 => status(404),
            5 => later(503, 1 << 50),
            6 => page(401),
            _ => status(0),
        }),
        Action::Answer | Action::AnswerLast | Action::AnswerWith(_) => {}
        Action::ExpireAccess => play.server.expire_access(),
        Action::ExpireRefresh => play.server.expire_refresh(),
        Action::SignIn(bob) => {
            play.who = if bob { "bob".into() } else { "ada".into() };
            play.ask(Operation::SignIn);
        }
        Action::SignOut => drop(play.ask(Operation::SignOut)),
        Action::Refresh => drop(play.ask(Operation::Refresh)),
        Action::Update => drop(play.ask(Operation::ReadSession)),
        Action::Visible(visible) => play.on(Event::Visible(visible)),
        Action::Online => play.on(Event::Online),
    }
}

/// What holds after every step.
fn check(play: &Play) {
    let state = play.state();
    assert!(play.session.deadline(play.now).is_none_or(|deadline| deadline.since(play.now) <= Millis(2 * 3_600_000)));
    assert_eq!(state.status == Status::Unauthenticated, state.reason.is_some());
    if state.status == Status::Unauthenticated {
        assert!(!play.has_token(), "nobody is signed in and a token is there");
        assert_eq!(play.shown, None);
    }
    for call in &play.calls {
        assert!(call.sent.len() <= 2, "a call is sent at most twice");
        let users: Vec<_> = call.sent.iter().flatten().map(|token| user_of(token)).collect();
        assert!(users.windows(2).all(|pair| pair[0] == pair[1]), "sent as two users: {:?}", call.sent);
    }
    let renewing = play.underway.iter().filter(|request| request.ticket.operation == Operation::Refresh).count();
    assert!(renewing <= 1 || play.now.0 > 10_000, "two refreshes at a time, and none of them slow");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/properties.regressions"))),
         max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nothing_is_lost_mixed_or_revived(actions in prop::collection::vec(action(), 1..120)) {
        let mut play = Play::signed_in();
        for action in &actions {
            act(&mut play, action);
            check(&play);
        }
        // Then the server answers everything, and time passes: every call has ended, and every question is settled.
        for _ in 0..40 {
            play.answer_all();
            play.wait(Millis(1_000));
            check(&play);
        }
        for call in &play.calls {
            prop_assert!(call.ending.is_some(), "a call waits for ever: {call:?}");
        }
        let asks = actions.iter().filter(|action| matches!(action, Action::SignIn(_) | Action::SignOut | Action::Refresh | Action::Update)).count();
        prop_assert_eq!(play.settled.len(), asks + 1);
    }

    #[test]
    fn without_faults_no_call_fails_and_no_token_is_presented_twice(
        actions in prop::collection::vec(
            prop_oneof![
                5 => Just(Action::Call),
                3 => (0_u64..70_000).prop_map(Action::Sleep),
                4 => Just(Action::Answer),
                2 => Just(Action::ExpireAccess),
                1 => Just(Action::Refresh),
            ],
            1..200,
        )
    ) {
        let mut play = Play::signed_in();
        for action in &actions {
            act(&mut play, action);
            check(&play);
        }
        play.answer_all();
        let slow = play.endings().contains(&Some(Ending::Failed(Problem::Timeout)));
        for call in &play.calls {
            prop_assert!(matches!(call.ending, Some(Ending::Delivered(_))) || slow, "{call:?}");
        }
        prop_assert_eq!(play.server.reuses, 0);
        prop_assert_eq!(play.state().status, Status::Authenticated);
    }

    #[test]
    fn any_lifetime_gives_sane_moments(seconds in any::<f64>(), sent in 0..1_u64 << 53, jitter in 0.0..1.0) {
        if let Some(expiry) = Expiry::lifetime(seconds).map(|life| Expiry::new(life, Millis(sent), Millis(60_000), jitter)) {
            prop_assert!(expiry.end >= Millis(sent));
            prop_assert!(expiry.due >= Millis(sent + 1000));
        }
    }
}
