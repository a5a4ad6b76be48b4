//! Scenarios of one tab: what people go through, as plays with a tab, a server and a clock.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod play;

use play::{Ending, Fault, LIFE, Play, blames_request, later, lost, page, status};
use relatch::core::{Attempt, EndReason, Event, Freshness, Millis, Operation, Problem, Status, Step, Wait};

const MINUTE: Millis = Millis(60_000);

#[test]
fn a_reload_keeps_the_user_signed_in_by_one_refresh() {
    let mut play = Play::signed_in().reloaded();
    let call = play.call();
    assert_eq!(play.state().status, Status::Loading);
    play.answer_all();
    assert_eq!(play.state().status, Status::Authenticated);
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));
    assert_eq!(play.shown.as_deref(), Some("ada"));
    assert_eq!((play.server.refreshes, play.server.reuses), (1, 0));
}

#[test]
fn a_visitor_without_a_session_is_no_error_and_calls_go_out_bare() {
    let mut play = Play::new();
    let call = play.call();
    play.answer_all();
    assert_eq!((play.state().status, play.state().reason), (Status::Unauthenticated, Some(EndReason::None)));
    assert_eq!(play.state().problem, None);
    assert_eq!(play.calls[call].sent, [None]);
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(401)));
    play.call();
    assert_eq!(play.server.refreshes, 1, "who is known to be signed out causes no refresh");
}

#[test]
fn twenty_calls_with_an_expired_token_cause_one_refresh_and_spend_no_401() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    for _ in 0..20 {
        play.call();
    }
    assert_eq!(play.state().status, Status::Authenticated);
    assert!(play.state().refreshing);
    play.answer_all();
    assert_eq!(play.endings(), [Some(Ending::Delivered(200)); 20]);
    assert!(play.calls.iter().all(|call| call.sent.len() == 1));
    assert_eq!((play.server.refreshes, play.server.reuses), (1, 0));
}

#[test]
fn twenty_calls_whose_token_the_server_refuses_early_cause_one_refresh() {
    let mut play = Play::signed_in();
    play.server.expire_access();
    for _ in 0..20 {
        play.call();
    }
    play.answer_all();
    assert_eq!(play.endings(), [Some(Ending::Delivered(200)); 20]);
    assert_eq!(play.calls.iter().map(|call| call.sent.len()).sum::<usize>(), 21, "the rest waited");
    assert_eq!(play.server.refreshes, 1);
}

#[test]
fn a_401_of_a_request_sent_before_a_refresh_retries_without_another() {
    let mut play = Play::signed_in();
    let (mut slow, _) = relatch::core::Attempt::start(&play.session, play.now, true);
    play.server.expire_access();
    play.call();
    play.answer_all();
    let (step, refused) = slow.response(&play.session, play.now, 401, "");
    play.on(Event::Needed { refused });
    assert_eq!(step, relatch::core::Step::Send(play.generation()));
    assert_eq!(play.server.refreshes, 1);
    assert!(play.underway.is_empty());
}

#[test]
fn a_401_that_a_refresh_cannot_cure_is_delivered_after_one_retry() {
    let mut play = Play::signed_in();
    play.server.expire_access();
    let call = play.call();
    let request = play.underway.remove(0);
    let renewed = play.serve(&request);
    play.server.expire_access();
    play.deliver(request.ticket, renewed);
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(401)));
    assert_eq!(play.calls[call].sent.len(), 2);
    assert_eq!(play.server.refreshes, 1);
    assert!(play.underway.is_empty(), "the second 401 asks for nothing");
}

#[test]
fn a_body_that_cannot_be_sent_twice_waits_for_a_token_with_life_left() {
    let mut play = Play::signed_in();
    play.sleep(Millis(LIFE.0 - 1_000));
    let call = play.call_once();
    assert!(play.calls[call].sent.is_empty());
    play.answer_all();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));
}

#[test]
fn a_401_on_a_body_that_cannot_be_sent_twice_is_delivered_and_renews_for_the_next_call() {
    let mut play = Play::signed_in();
    play.server.expire_access();
    let call = play.call_once();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(401)));
    play.answer_all();
    assert_eq!(play.server.refreshes, 1);
    let next = play.call_once();
    assert_eq!(play.calls[next].ending, Some(Ending::Delivered(200)));
}

#[test]
fn a_visible_tab_renews_ahead_of_expiry_and_a_hidden_one_does_not() {
    let mut play = Play::signed_in();
    play.wait(Millis(LIFE.0 - 1));
    assert_eq!(play.underway.len(), 1);
    play.answer_all();
    play.on(Event::Visible(false));
    play.wait(Millis(10 * LIFE.0));
    assert_eq!((play.underway.len(), play.server.refreshes), (0, 1));
    play.on(Event::Visible(true));
    assert_eq!(play.underway.len(), 1, "shown again, it looks at once");
}

#[test]
fn answers_that_are_not_a_no_keep_the_user_signed_in_and_fail_calls_with_their_cause() {
    let rows = [
        (lost(), Problem::Network, Freshness::Offline),
        (Err(relatch::core::Unanswered::Timeout), Problem::Timeout, Freshness::Stale),
        (status(408), Problem::TryLater { status: 408, retry_after: None }, Freshness::Stale),
        (status(500), Problem::TryLater { status: 500, retry_after: None }, Freshness::Stale),
        (
            later(503, 3),
            Problem::TryLater { status: 503, retry_after: Some(Wait::new(Millis(3_000))) },
            Freshness::Stale,
        ),
        (
            later(429, 9),
            Problem::TryLater { status: 429, retry_after: Some(Wait::new(Millis(9_000))) },
            Freshness::Stale,
        ),
        (page(200), Problem::BadResponse { status: 200 }, Freshness::Stale),
        (page(401), Problem::BadResponse { status: 401 }, Freshness::Stale),
        (status(200), Problem::BadResponse { status: 200 }, Freshness::Stale),
        (status(204), Problem::BadResponse { status: 204 }, Freshness::Stale),
        (status(0), Problem::BadResponse { status: 0 }, Freshness::Stale),
        (status(404), Problem::Misconfigured { status: 404 }, Freshness::Stale),
        (blames_request(400), Problem::Misconfigured { status: 400 }, Freshness::Stale),
    ];
    for (outcome, problem, freshness) in rows {
        let mut play = Play::signed_in();
        play.sleep(MINUTE);
        let call = play.call();
        play.answer_with(outcome.clone());
        assert_eq!(play.calls[call].ending, Some(Ending::Failed(problem)), "{outcome:?}");
        let state = play.state();
        assert_eq!(
            (state.status, state.freshness, state.problem),
            (Status::Authenticated, freshness, Some(problem)),
            "{outcome:?}"
        );
        assert_eq!(play.shown.as_deref(), Some("ada"), "{outcome:?}");
        let next = play.call();
        assert_eq!(play.calls[next].ending, Some(Ending::Failed(problem)), "fails at once: {outcome:?}");
        assert!(play.underway.is_empty(), "at most one try a window: {outcome:?}");
        play.wait_for_request(Millis(121_000));
        play.answer_all();
        assert_eq!((play.state().freshness, play.state().problem), (Freshness::Fresh, None), "{outcome:?}");
    }
}

#[test]
fn nobody_asks_before_the_moment_that_the_server_named() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    play.call();
    play.answer_with(later(429, 30));
    play.on(Event::Online);
    play.on(Event::Visible(true));
    play.call();
    play.wait(Millis(29_999));
    assert!(play.underway.is_empty());
    play.wait(Millis(30_001));
    assert_eq!(play.underway.len(), 1);
}

#[test]
fn a_failed_early_refresh_does_not_disturb_calls_whose_token_still_works() {
    let mut play = Play::signed_in();
    play.wait(Millis(LIFE.0 - 2_500));
    play.answer_with(status(503));
    let call = play.call();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));
}

#[test]
fn a_dead_refresh_token_ends_the_session_once_and_delivers_the_401() {
    let mut play = Play::signed_in();
    play.server.expire_access();
    play.server.expire_refresh();
    let call = play.call();
    play.answer_all();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(401)));
    assert_eq!((play.state().status, play.state().reason), (Status::Unauthenticated, Some(EndReason::Expired)));
    assert_eq!(play.shown, None);
    play.wait(Millis(10 * LIFE.0));
    assert_eq!(play.server.refreshes, 1);
}

#[test]
fn a_call_that_was_never_sent_fails_when_the_session_turns_out_to_have_ended() {
    let mut play = Play::signed_in();
    play.server.expire_refresh();
    play.sleep(MINUTE);
    let call = play.call();
    play.answer_all();
    assert_eq!(play.calls[call].ending, Some(Ending::Failed(Problem::SessionEnded)));
    assert!(play.calls[call].sent.is_empty());
}

#[test]
fn a_late_refresh_answer_does_not_undo_sign_out() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    let call = play.call();
    let ask = play.ask(Operation::SignOut);
    assert_eq!(play.state().status, Status::Unauthenticated, "signed out at once");
    assert_eq!(play.calls[call].ending, Some(Ending::Failed(Problem::SessionChanged)));
    assert_eq!(play.underway.len(), 1, "the server hears of it when the refresh has ended");
    play.answer_all();
    assert_eq!((play.state().status, play.state().reason), (Status::Unauthenticated, Some(EndReason::SignedOut)));
    assert!(!play.has_token());
    assert_eq!(play.result(ask), Some(Ok(())));
    assert_eq!((play.server.sign_outs, play.server.cookie), (1, None));
}

#[test]
fn a_sign_out_that_could_not_reach_the_server_is_finished_before_anything_else() {
    let mut play = Play::signed_in();
    let ask = play.ask(Operation::SignOut);
    play.answer_with(lost());
    assert_eq!(play.result(ask), Some(Err(Problem::Network)));
    assert_eq!(play.state().status, Status::Unauthenticated);
    let sign_in = play.ask(Operation::SignIn);
    play.answer_all();
    assert_eq!(play.server.sign_outs, 1);
    assert_eq!(play.result(sign_in), Some(Ok(())));
    assert_eq!(play.state().status, Status::Authenticated);
}

#[test]
fn an_unfinished_sign_out_is_retried_by_itself_and_no_refresh_goes_out_before() {
    let mut play = Play::signed_in();
    play.ask(Operation::SignOut);
    play.answer_with(lost());
    let refresh = play.ask(Operation::Refresh);
    play.answer_with(lost());
    assert_eq!(play.result(refresh), Some(Err(Problem::SessionEnded)));
    assert_eq!(play.server.refreshes, 0);
    play.wait_for_request(Millis(180_000));
    play.answer_all();
    assert_eq!(play.server.sign_outs, 1);
    assert_eq!(play.session.deadline(play.now), None);
}

#[test]
fn a_refused_sign_in_changes_nothing() {
    let mut play = Play::signed_in();
    let before = play.state();
    let ask = play.ask(Operation::SignIn);
    play.answer_with(status(401));
    assert_eq!(play.result(ask), Some(Err(Problem::BadCredentials { status: 401 })));
    assert_eq!(play.state(), before);
    let call = play.call();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));
}

#[test]
fn a_call_made_as_one_user_is_never_sent_as_another() {
    let mut play = Play::signed_in();
    play.who = "bob".into();
    play.server.expire_access();
    play.ask(Operation::SignIn);
    let call = play.call();
    play.answer_all();
    assert_eq!(play.shown.as_deref(), Some("bob"));
    assert_eq!(play.calls[call].ending, Some(Ending::Failed(Problem::SessionChanged)));
    assert_eq!(play.calls[call].sent.len(), 1, "sent once, as ada");
}

#[test]
fn the_same_user_signing_in_again_keeps_waiting_calls() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    play.ask(Operation::SignIn);
    let call = play.call();
    play.answer_all();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));
    assert_eq!(play.server.refreshes, 0, "the sign-in has brought a token");
}

#[test]
fn a_cookie_that_turns_out_to_be_another_users_is_never_shown_as_the_first() {
    let mut play = Play::signed_in();
    play.server.sign_in("bob").unwrap();
    play.sleep(MINUTE);
    let call = play.call();
    play.answer_all();
    assert_eq!(play.shown.as_deref(), Some("bob"));
    assert_eq!(play.calls[call].ending, Some(Ending::Failed(Problem::SessionChanged)));
}

#[test]
fn a_slow_refresh_fails_waiting_calls_and_its_late_answer_still_counts() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    let call = play.call();
    play.wait(Millis(10_000));
    assert_eq!(play.calls[call].ending, Some(Ending::Failed(Problem::Timeout)));
    assert_eq!(play.state().status, Status::Authenticated);
    play.answer();
    assert_eq!((play.state().freshness, play.state().problem), (Freshness::Fresh, None));
    let next = play.call();
    assert_eq!(play.calls[next].ending, Some(Ending::Delivered(200)));
    assert_eq!((play.server.refreshes, play.server.reuses), (1, 0));
}

#[test]
fn a_slow_refresh_that_ends_after_a_sign_out_counts_for_nothing() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    play.call();
    play.wait(Millis(10_000));
    play.ask(Operation::SignOut);
    play.answer_all();
    assert_eq!(play.state().status, Status::Unauthenticated);
    assert!(!play.has_token());
}

#[test]
fn an_answer_lost_after_rotation_is_what_no_client_can_mend_and_it_is_said_as_expired() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    play.call();
    let jar = play.server.cookie;
    play.server.fault = Some((Fault::After, lost()));
    play.answer();
    play.server.cookie = jar;
    assert_eq!(play.state().status, Status::Authenticated);
    play.wait(Millis(3_000));
    play.answer_all();
    assert_eq!((play.state().status, play.state().reason), (Status::Unauthenticated, Some(EndReason::Expired)));
}

#[test]
fn an_answer_lost_after_rotation_is_mended_by_a_server_that_knows_the_key() {
    let mut play = Play::signed_in();
    play.server.knows_keys = true;
    play.sleep(MINUTE);
    play.call();
    let jar = play.server.cookie;
    let key = play.underway[0].ticket.key;
    play.server.fault = Some((Fault::After, lost()));
    play.answer();
    play.server.cookie = jar;
    play.wait(Millis(3_000));
    assert_eq!(play.underway[0].ticket.key, key, "the same request again");
    play.answer_all();
    let call = play.call();
    assert_eq!((play.state().status, play.server.reuses), (Status::Authenticated, 0));
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));

    play.sleep(MINUTE);
    play.call();
    assert_ne!(play.underway[0].ticket.key, key, "another request");
    assert_ne!((key, play.underway[0].ticket.key), (0, 0));
}

#[test]
fn a_page_that_cannot_reach_the_server_stays_loading_and_recovers() {
    let mut play = Play::signed_in().reloaded();
    play.on(Event::Start);
    play.answer_with(lost());
    assert_eq!((play.state().status, play.state().freshness), (Status::Loading, Freshness::Offline));
    play.on(Event::Online);
    play.wait(Millis(1_500));
    play.answer_all();
    assert_eq!((play.state().status, play.state().freshness), (Status::Authenticated, Freshness::Fresh));
}

#[test]
fn what_is_disposed_of_settles_everything_and_asks_for_no_timer() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    let call = play.call();
    let ask = play.ask(Operation::SignIn);
    play.on(Event::Dispose);
    assert_eq!(play.calls[call].ending, Some(Ending::Failed(Problem::Disposed)));
    assert_eq!(play.result(ask), Some(Err(Problem::Disposed)));
    play.answer_all();
    assert!(!play.has_token());
    assert_eq!(play.session.deadline(play.now), None);
    let late = play.ask(Operation::Refresh);
    assert_eq!(play.result(late), Some(Err(Problem::Disposed)));
}

#[test]
fn many_who_ask_for_a_refresh_share_one() {
    let mut play = Play::signed_in();
    let asks: Vec<_> = (0..5).map(|_| play.ask(Operation::Refresh)).collect();
    play.answer_all();
    assert!(asks.into_iter().all(|ask| play.result(ask) == Some(Ok(()))));
    assert_eq!(play.server.refreshes, 1);
}

#[test]
fn an_update_whose_token_is_refused_renews_it_and_reads_once_more() {
    let mut play = Play::signed_in();
    let ask = play.ask(Operation::ReadSession);
    play.answer_with(status(401));
    play.answer_all();
    assert_eq!(play.result(ask), Some(Ok(())));
    assert_eq!(play.server.refreshes, 1);
}

#[test]
fn data_that_are_refused_with_every_token_are_asked_for_at_growing_pauses() {
    let mut play = Play::signed_in().reloaded();
    play.server.is_silent = true;
    let answer_all = |play: &mut Play| {
        for _ in 0..20 {
            match play.underway.first().map(|request| request.ticket.operation) {
                Some(Operation::ReadSession) => play.answer_with(status(401)),
                Some(_) => play.answer(),
                None => return,
            }
        }
        panic!("it asks without a pause");
    };
    play.on(Event::Start);
    answer_all(&mut play);
    assert_eq!(play.server.refreshes, 2);
    assert_eq!(play.state().problem, Some(Problem::BadResponse { status: 401 }));
    for _ in 0..600 {
        play.wait(Millis(1_000));
        answer_all(&mut play);
    }
    assert!((4..12).contains(&play.server.refreshes), "{}", play.server.refreshes);
    play.server.is_silent = false;
    play.ask(Operation::Refresh);
    play.answer_all();
    assert_eq!(play.state().status, Status::Authenticated);
}

#[test]
fn a_token_that_lives_shorter_than_its_answer_takes_is_tried_and_not_renewed_for_ever() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    play.on(Event::Visible(false));
    let call = play.call();
    play.sleep(Millis(LIFE.0 + 5_000));
    play.answer();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));
    assert!(play.underway.is_empty());
}

#[test]
fn a_sign_out_that_is_being_finished_does_not_end_the_session_that_follows() {
    let mut play = Play::signed_in();
    play.ask(Operation::SignOut);
    play.answer_with(lost());
    play.ask(Operation::SignIn);
    play.ask(Operation::Refresh);
    play.answer_all();
    assert_eq!(play.state().status, Status::Authenticated);
    assert_eq!(play.server.sign_outs, 1);
    let call = play.call();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));
}

#[test]
fn a_call_made_while_a_refused_token_is_being_renewed_waits_and_spends_no_401() {
    let mut play = Play::signed_in();
    play.server.expire_access();
    play.call();
    let later = play.call();
    let once = play.call_once();
    assert!(play.calls[later].sent.is_empty() && play.calls[once].sent.is_empty());
    play.answer_all();
    assert_eq!(play.endings(), [Some(Ending::Delivered(200)); 3]);
    assert_eq!(play.server.refreshes, 1);
}

#[test]
fn a_token_that_one_endpoint_refused_is_good_for_others_when_it_cannot_be_renewed() {
    let mut play = Play::signed_in();
    let (mut odd, _) = relatch::core::Attempt::start(&play.session, play.now, true);
    let (_, refused) = odd.response(&play.session, play.now, 401, "");
    play.on(Event::Needed { refused });
    let call = play.call();
    play.answer_with(status(503));
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));
}

#[test]
fn a_401_within_the_pause_after_a_failure_asks_for_no_refresh() {
    let mut play = Play::signed_in();
    play.server.expire_access();
    play.call();
    play.answer_with(status(503));
    let next = play.call();
    let problem = Problem::TryLater { status: 503, retry_after: None };
    assert_eq!(play.calls[next].ending, Some(Ending::Failed(problem)), "not the 401: nobody is signed out");
    assert_eq!(play.calls[next].sent.len(), 1);
    assert!(play.underway.is_empty());
}

#[test]
fn many_who_ask_for_a_refresh_share_its_failure_too() {
    let mut play = Play::signed_in();
    let asks: Vec<_> = (0..5).map(|_| play.ask(Operation::Refresh)).collect();
    play.answer_with(lost());
    assert!(asks.into_iter().all(|ask| play.result(ask) == Some(Err(Problem::Network))));
    assert!(play.underway.is_empty());
}

#[test]
fn a_hidden_tab_that_is_asked_for_the_session_finds_out() {
    let mut play = Play::signed_in().reloaded();
    play.on(Event::Visible(false));
    play.on(Event::Start);
    play.answer_all();
    assert_eq!(play.state().status, Status::Authenticated);
}

#[test]
fn an_answer_that_brings_the_refused_token_again_renews_nothing() {
    let mut play = Play::signed_in();
    let token = play.session.bearer(play.session.generation()).unwrap().expose().to_owned();
    play.server.expire_access();
    let call = play.call();
    let same = relatch::core::Fields {
        access_token: Some(relatch::core::Secret::new(token)),
        has_user: true,
        ..relatch::core::Fields::default()
    };
    let body = relatch::core::Body::Json(same);
    play.answer_with(Ok(relatch::core::Answer { status: 200, body, facts: String::new(), retry_after: None }));
    assert_eq!((play.state().status, play.state().freshness), (Status::Authenticated, Freshness::Stale));
    assert_eq!(play.calls[call].ending, Some(Ending::Failed(Problem::BadResponse { status: 200 })));
    play.wait(Millis(3_000));
    let call = play.call();
    play.answer_all();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));
}

#[test]
fn a_call_that_is_refused_while_an_older_refresh_is_on_its_way_is_not_lost_on_a_token_that_is_refused_too() {
    let mut play = Play::signed_in();
    play.ask(Operation::Refresh);
    let request = play.underway.remove(0);
    let outcome = play.serve(&request);
    play.server.expire_access();
    let call = play.call();
    assert_eq!(play.calls[call].ending, None, "refused, and waiting for the refresh that is on its way");
    play.deliver(request.ticket, outcome);
    play.answer_all();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(200)));
    assert_eq!((play.calls[call].sent.len(), play.server.refreshes, play.server.reuses), (3, 2, 0));
}

#[test]
fn a_call_that_says_again_what_it_waits_for_raises_no_doubt_in_the_refresh_it_waits_for() {
    let mut play = Play::signed_in();
    play.server.expire_access();
    let call = play.call();
    play.say_again(call);
    let request = play.underway.remove(0);
    let outcome = play.serve(&request);
    play.server.expire_access();
    play.deliver(request.ticket, outcome);
    play.answer_all();
    assert_eq!(play.calls[call].ending, Some(Ending::Delivered(401)));
    assert_eq!((play.calls[call].sent.len(), play.server.refreshes), (2, 1));
}

#[test]
fn who_asks_for_a_refresh_waits_for_what_the_server_asked_for_where_there_is_one_tab_only() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    play.call();
    play.answer_with(later(429, 30));
    let ask = play.ask(Operation::Refresh);
    assert!(play.underway.is_empty());
    assert!(matches!(play.result(ask), Some(Err(Problem::TryLater { status: 429, .. }))));
    play.wait(Millis(90_000));
    play.answer_all();
    assert_eq!(play.state().status, Status::Authenticated);
}

#[test]
fn a_refresh_without_an_answer_is_given_up_where_all_timers_are_late() {
    let mut play = Play::signed_in();
    play.on(Event::Visible(false));
    play.sleep(MINUTE);
    let call = play.call();
    // As in a hidden tab, whose timers fire once a minute.
    for minute in 1..=4 {
        play.now = Millis((play.now.0 / 60_000 + 1) * 60_000);
        play.on(Event::Tick);
        if play.calls[call].ending.is_some() {
            assert_eq!(play.calls[call].ending, Some(Ending::Failed(Problem::Timeout)), "{minute}");
            return;
        }
    }
    panic!("the call waits still");
}

#[test]
fn a_call_is_not_repeated_as_somebody_of_whom_a_reading_has_told() {
    let mut play = Play::signed_in();
    play.server.is_silent = true;
    let _ = play.server.sign_in("bob");
    let (mut slow, _) = Attempt::start(&play.session, play.now, true);
    play.ask(Operation::Refresh);
    play.answer_all();
    play.ask(Operation::ReadSession);
    play.answer_all();
    assert_eq!(play.shown.as_deref(), Some("bob"));
    let (step, _) = slow.response(&play.session, play.now, 401, "");
    assert_eq!(step, Step::Fail(Problem::SessionChanged));
}
