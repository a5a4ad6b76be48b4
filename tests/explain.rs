//! The flight recorder: for each fault of `docs/faults.md`, does it name the cause?

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "explain/matrix.rs"]
mod matrix;
mod play;
mod world;

use play::{Fault, LIFE, Play, blames_request, later, lost, page, status};
use proptest::prelude::*;
use relatch::core::{
    Answer, Body, Event, Explanation, Fields, Kind, Millis, NONE, Operation, Outcome, Policy, Problem, Reason, Record,
    Recorder, Secret, Session, Status, TicketId,
};
use world::{Happening, World};

const MINUTE: Millis = LIFE;

fn explain(play: &Play) -> Explanation {
    play.recorder.explain(&play.session, play.now, true)
}

fn reason(play: &Play) -> Reason {
    explain(play).reason
}

fn reason_in(world: &World, tab: usize) -> Reason {
    world.tabs[tab].recorder().explain(&world.tabs[tab].session, world.now, true).reason
}

fn records(recorder: &Recorder) -> impl Iterator<Item = Record> {
    (recorder.first()..recorder.count()).map(|number| *recorder.record(number).unwrap())
}

fn kinds(recorder: &Recorder) -> Vec<Kind> {
    records(recorder).map(|record| record.kind().unwrap()).collect()
}

/// A tab whose token has ended and whose next refresh is answered so.
fn refresh_answered(outcome: Outcome) -> Play {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    play.call();
    play.answer_with(outcome);
    play
}

#[expect(clippy::unnecessary_wraps, reason = "an outcome is what is answered")]
fn with_token(token: &str) -> Outcome {
    let fields = Fields { access_token: Some(Secret::new(token.into())), ..Fields::default() };
    Ok(Answer { status: 200, body: Body::Json(fields), facts: String::new(), retry_after: None })
}

fn tabs(count: usize) -> World {
    World::new(count).watched().sign_in()
}

/// The network loses the answer to a refresh with its cookie, after the server has rotated.
fn lose_answer(play: &mut Play) {
    let jar = play.server.cookie;
    play.server.fault = Some((Fault::After, lost()));
    play.answer();
    play.server.cookie = jar;
}

/// Acts on what comes first until this holds.
fn act_until(world: &mut World, is_so: impl Fn(&World) -> bool) {
    for _ in 0..10_000 {
        if is_so(world) {
            return;
        }
        match world.possible().first() {
            Some(next) => world.act(*next),
            None => world.pass(Millis(10)),
        }
    }
    panic!("it never came to that");
}

#[test]
fn an_answer_that_says_nothing_of_the_session_is_named_by_what_is_wrong_with_it() {
    let rows = [
        (lost(), Reason::ServerUnreachable, 0),
        (status(408), Reason::ServerBusy, 408),
        (status(425), Reason::ServerBusy, 425),
        (status(500), Reason::ServerBusy, 500),
        (status(502), Reason::ServerBusy, 502),
        (later(503, 3), Reason::ServerBusy, 503),
        (status(429), Reason::TooManyRequests, 429),
        (later(429, 9), Reason::TooManyRequests, 429),
        (page(200), Reason::PageInstead, 200),
        (page(403), Reason::PageInstead, 403),
        (status(0), Reason::Redirected, 0),
        (status(200), Reason::BadAnswer, 200),
        (status(204), Reason::BadAnswer, 204),
        (status(404), Reason::Misconfigured, 404),
        (status(405), Reason::Misconfigured, 405),
        (status(415), Reason::Misconfigured, 415),
        (blames_request(400), Reason::Misconfigured, 400),
        (blames_request(401), Reason::Misconfigured, 401),
    ];
    for (outcome, reason, status) in rows {
        let play = refresh_answered(outcome.clone());
        let explanation = explain(&play);
        assert_eq!((explanation.reason, explanation.status), (reason, status), "{outcome:?}");
        let deadline = play.session.deadline(play.now).unwrap();
        assert_eq!(u64::from(explanation.next), deadline.since(play.now).0, "{outcome:?}");
        assert!(explanation.next > 0, "says when it tries again: {outcome:?}");
        assert_eq!(explanation.problem, Problem::pack(play.state().problem), "{outcome:?}");
        assert_eq!((explanation.ago, explanation.retries, explanation.recovered), (0, 0, false), "{outcome:?}");
        let kinds = kinds(&play.recorder);
        assert_eq!(kinds[kinds.len() - 3..], [Kind::Answered, Kind::Paused, Kind::CallFailed], "{outcome:?}");
    }
    let mut play = Play::signed_in();
    let refused = play.session.bearer(play.generation()).unwrap().expose().to_owned();
    play.server.expire_access();
    play.call();
    play.answer_with(with_token(&refused));
    assert_eq!(reason(&play), Reason::RefusedTokenAgain);
}

#[test]
fn a_browser_that_says_it_is_offline_is_told_from_a_server_that_is_not_there() {
    let play = refresh_answered(lost());
    assert_eq!(play.recorder.explain(&play.session, play.now, false).reason, Reason::BrowserOffline);
    assert_eq!(play.recorder.explain(&play.session, play.now, true).reason, Reason::ServerUnreachable);
}

#[test]
fn a_refresh_that_hangs_is_named_and_its_late_answer_too() {
    let mut play = Play::signed_in();
    play.sleep(MINUTE);
    play.call();
    assert_eq!(reason(&play), Reason::Refreshing);
    play.wait(Millis(10_000));
    assert_eq!(reason(&play), Reason::ServerSilent);
    let answered = records(&play.recorder).find(|record| record.span == 10_000).unwrap();
    assert_eq!((answered.kind(), answered.about), (Some(Kind::Answered), Problem::pack(Some(Problem::Timeout))));
    play.answer();
    assert_eq!(reason(&play), Reason::RenewedAlone);
}

#[test]
fn a_dead_refresh_token_is_named_with_its_status_and_with_what_came_before() {
    let mut first = Play::signed_in();
    first.server.expire_refresh();
    first.server.expire_access();
    first.call();
    first.answer_all();
    assert_eq!((reason(&first), explain(&first).status), (Reason::FirstRefreshRefused, 401));

    let mut later = Play::signed_in();
    later.ask(Operation::Refresh);
    later.answer_all();
    assert_eq!(reason(&later), Reason::RenewedAlone);
    later.server.expire_refresh();
    later.ask(Operation::Refresh);
    later.answer_all();
    assert_eq!((reason(&later), explain(&later).status), (Reason::RefreshRefused, 401));

    let mut after_loss = Play::signed_in();
    after_loss.ask(Operation::Refresh);
    lose_answer(&mut after_loss);
    assert_eq!(reason(&after_loss), Reason::ServerUnreachable);
    after_loss.wait_for_request(Millis(196_000));
    after_loss.answer_all();
    assert_eq!((reason(&after_loss), after_loss.server.reuses), (Reason::RefusedAfterLostAnswer, 1));
}

#[test]
fn an_answer_lost_that_the_server_knows_how_to_mend_is_recovered_from() {
    let mut play = Play::signed_in();
    play.server.knows_keys = true;
    play.ask(Operation::Refresh);
    let at = play.now;
    lose_answer(&mut play);
    play.wait_for_request(Millis(196_000));
    play.answer_all();
    let said = explain(&play);
    assert_eq!((said.reason, said.problem), (Reason::RenewedAlone, Problem::pack(Some(Problem::Network))));
    assert_eq!((u64::from(said.ago), said.retries, said.recovered), (play.now.since(at).0, 1, true));
}

#[test]
fn an_outage_is_counted_from_where_it_began() {
    let mut play = refresh_answered(status(503));
    let at = play.now;
    for _ in 0..2 {
        play.wait_for_request(Millis(196_000));
        play.answer_with(status(500));
    }
    let status_of = |said: Explanation| said.problem >> 8;
    let said = explain(&play);
    assert_eq!((status_of(said), said.retries, said.recovered), (500, 2, false));
    assert_eq!(u64::from(said.ago), play.now.since(at).0);
    play.wait_for_request(Millis(196_000));
    play.answer_all();
    let said = explain(&play);
    assert_eq!((status_of(said), said.retries, said.recovered), (500, 3, true));
    play.ask(Operation::Refresh);
    play.answer_with(status(502));
    let said = explain(&play);
    assert_eq!((status_of(said), said.ago, said.retries, said.recovered), (502, 0, 0, false), "another one");
}

#[test]
fn who_has_never_signed_in_is_told_from_who_was_refused() {
    let mut play = Play::new();
    assert_eq!(reason(&play), Reason::NotStarted);
    play.call();
    assert_eq!(reason(&play), Reason::Refreshing);
    play.answer_all();
    assert_eq!((reason(&play), explain(&play).status), (Reason::NoSession, 401));
    play.ask(Operation::SignIn);
    assert_eq!(reason(&play), Reason::SigningIn);
    play.answer_with(status(401));
    assert_eq!((reason(&play), explain(&play).status), (Reason::SignInRefused, 401));
    play.ask(Operation::SignIn);
    play.answer_with(status(503));
    assert_eq!((reason(&play), explain(&play).status), (Reason::SignInFailed, 503));
    play.ask(Operation::SignIn);
    play.answer_all();
    assert_eq!(reason(&play), Reason::SignedInHere);
    assert!(explain(&play).recovered);
    play.on(Event::Dispose);
    assert_eq!(reason(&play), Reason::Disposed);
}

#[test]
fn a_sign_out_is_named_by_where_it_was_and_how_far_it_has_got() {
    let mut world = tabs(2);
    world.ask(0, Operation::SignOut);
    assert_eq!(reason_in(&world, 0), Reason::SignOutUnfinished);
    world.settle();
    assert_eq!(reason_in(&world, 0), Reason::SignedOutHere);
    assert_eq!(reason_in(&world, 1), Reason::SignedOutInAnotherTab);

    let mut play = Play::signed_in();
    play.ask(Operation::SignOut);
    play.answer_with(lost());
    assert_eq!(reason(&play), Reason::SignOutUnfinished);
    assert_eq!(explain(&play).problem, Problem::pack(Some(Problem::Network)));
    assert!(explain(&play).next != NONE, "the server is told again");
    play.wait_for_request(Millis(196_000));
    play.answer_all();
    assert_eq!(reason(&play), Reason::SignedOutHere);
}

#[test]
fn a_sign_out_during_a_refresh_wins_and_is_named() {
    let mut world = tabs(2);
    world.sleep(MINUTE);
    world.call(1);
    act_until(&mut world, |world| reason_in(world, 1) == Reason::Refreshing);
    world.ask(0, Operation::SignOut);
    world.settle();
    assert_eq!(reason_in(&world, 0), Reason::SignedOutHere);
    assert_eq!(reason_in(&world, 1), Reason::SignedOutInAnotherTab);
}

#[test]
fn a_session_that_another_tab_found_dead_is_told_from_one_found_here() {
    let mut world = tabs(2);
    world.ask(0, Operation::Refresh);
    world.settle();
    world.server.expire_refresh();
    world.ask(0, Operation::Refresh);
    world.settle();
    assert_eq!(reason_in(&world, 0), Reason::RefreshRefused);
    assert_eq!(reason_in(&world, 1), Reason::EndedInAnotherTab);
}

#[test]
fn a_token_is_named_by_how_it_came() {
    let mut world = tabs(2);
    assert_eq!(reason_in(&world, 0), Reason::SignedInHere);
    assert_eq!(reason_in(&world, 1), Reason::RenewedByAnotherTab);
    world.sleep(MINUTE);
    assert_eq!(reason_in(&world, 0), Reason::TokenEnded);
    world.call(1);
    world.settle();
    assert_eq!(reason_in(&world, 1), Reason::RenewedHere);
    assert!(kinds(world.tabs[0].recorder()).contains(&Kind::Moved));

    let mut silent = World::with(&Policy { gives: false, ..Policy::default() }, 2).watched().sign_in();
    silent.sleep(MINUTE);
    silent.call(1);
    silent.settle();
    assert_eq!(reason_in(&silent, 1), Reason::RenewedHere);
    assert_eq!(reason(&Play::signed_in()), Reason::SignedInHere);
}

#[test]
fn a_tab_that_is_not_answered_says_so() {
    let mut world = tabs(2);
    world.on(1, Event::Visible(false));
    world.sleep(MINUTE);
    world.call(0);
    world.settle();
    world.freeze(0);
    world.call(1);
    act_until(&mut world, |world| reason_in(world, 1) == Reason::WaitingForToken);
    act_until(&mut world, |world| world.tabs[1].calls[0].ending.is_some());
    assert_eq!(reason_in(&world, 1), Reason::RenewedUntold);
    let kinds = kinds(world.tabs[1].recorder());
    assert!(kinds.contains(&Kind::Wanted) && kinds.contains(&Kind::Locked));
}

#[test]
fn a_tab_closed_with_its_refresh_in_flight_leaves_the_next_one_waiting_for_the_cookie() {
    let mut world = tabs(2);
    world.sleep(MINUTE);
    world.call(0);
    act_until(&mut world, |world| world.possible().iter().any(|next| matches!(next, Happening::Serve(_))));
    world.close(0);
    world.call(1);
    act_until(&mut world, |world| reason_in(world, 1) == Reason::WaitingForCookie);
    world.settle();
    assert_eq!(world.tabs[1].status(), Status::Authenticated);
    assert!(kinds(world.tabs[1].recorder()).contains(&Kind::Orphaned));
}

#[test]
fn a_frozen_holder_is_waited_for_then_robbed_and_both_say_so() {
    let mut world = tabs(3);
    world.sleep(MINUTE);
    world.call(0);
    act_until(&mut world, |world| world.holder.is_some());
    world.freeze(0);
    world.call(1);
    world.call(2);
    act_until(&mut world, |world| world.possible().is_empty());
    assert_eq!(reason_in(&world, 1), Reason::WaitingForLock);
    for _ in 0..400 {
        act_until(&mut world, |world| world.possible().is_empty());
        world.pass(Millis(100));
    }
    let robbers = (1..3).filter(|tab| kinds(world.tabs[*tab].recorder()).contains(&Kind::LockForced));
    let robbed = (1..3).filter(|tab| kinds(world.tabs[*tab].recorder()).contains(&Kind::LockStolen));
    assert_eq!((robbers.count(), robbed.count()), (1, 1));
    world.thaw(0);
    world.settle();
    assert!((0..3).all(|tab| world.tabs[tab].status() == Status::Authenticated));
    assert!(kinds(world.tabs[0].recorder()).contains(&Kind::LockStolen));
}

#[test]
fn tabs_restored_together_say_who_has_asked_for_all() {
    let mut world = tabs(1);
    world.close(0);
    world.sleep(Millis(2 * 3_600_000));
    let opened: Vec<_> = (0..5).map(|_| world.open()).collect();
    for tab in &opened {
        world.on(*tab, Event::Start);
    }
    world.settle();
    let reasons: Vec<_> = opened.iter().map(|tab| reason_in(&world, *tab)).collect();
    let adopted = reasons.iter().filter(|reason| **reason == Reason::RenewedByAnotherTab).count();
    assert_eq!((adopted, world.server.refreshes), (4, 1), "{reasons:?}");
}

#[test]
fn a_page_from_the_back_forward_cache_says_that_it_looks() {
    let mut world = tabs(2);
    world.on(1, Event::Restored);
    assert_eq!(reason_in(&world, 1), Reason::PageRestored);
    world.settle();
    assert_eq!(reason_in(&world, 1), Reason::RenewedByAnotherTab);
}

#[test]
fn another_user_is_named_until_the_next_token() {
    let mut world = tabs(2);
    world.who = "bob".into();
    world.ask(0, Operation::SignIn);
    world.settle();
    assert_eq!(reason_in(&world, 0), Reason::SignedInHere);
    assert_eq!(reason_in(&world, 1), Reason::UserChanged);
    world.sleep(MINUTE);
    world.call(0);
    world.settle();
    world.call(1);
    world.settle();
    assert_eq!(reason_in(&world, 1), Reason::RenewedByAnotherTab);

    let mut play = Play::signed_in();
    play.server.sign_in("bob").unwrap();
    play.sleep(MINUTE);
    play.call();
    play.answer_all();
    assert_eq!(reason(&play), Reason::UserChanged);
    assert!(kinds(&play.recorder).contains(&Kind::CallChanged));
}

#[test]
fn a_pause_that_another_tab_has_begun_is_named_by_its_cause() {
    let mut world = tabs(2);
    world.sleep(MINUTE);
    world.server.fault = Some((Fault::Before, later(503, 30)));
    world.call(0);
    world.settle();
    world.call(1);
    act_until(&mut world, |world| world.tabs[1].calls[0].ending.is_some());
    assert_eq!((reason_in(&world, 1), world.server.refreshes), (Reason::ServerBusy, 1));
    let explanation = world.tabs[1].recorder().explain(&world.tabs[1].session, world.now, true);
    assert!(explanation.next > 25_000 && explanation.next != NONE);
    assert_eq!(explanation.problem >> 8, 503);
}

#[test]
fn a_call_that_no_new_token_cures_is_named_and_forgotten_in_time() {
    let mut play = Play::signed_in();
    play.server.expire_access();
    play.call();
    let request = play.underway.remove(0);
    let renewed = play.serve(&request);
    play.server.expire_access();
    play.deliver(request.ticket, renewed);
    assert_eq!(reason(&play), Reason::CallRefused);
    let calls: Vec<_> = kinds(&play.recorder)
        .into_iter()
        .filter(|kind| (Kind::CallWaited..=Kind::CallChanged).contains(kind))
        .collect();
    assert_eq!(calls, [Kind::CallRefused, Kind::CallWaited, Kind::CallRetried, Kind::CallRefused, Kind::CallReturned]);
    play.on(Event::Visible(false));
    play.sleep(MINUTE);
    assert_ne!(reason(&play), Reason::CallRefused);

    let mut play = Play::signed_in();
    play.recorder.refused(play.now, 1, 401, false);
    assert_eq!(reason(&play), Reason::CallNotAllowed);
}

#[test]
fn a_call_refused_after_somebody_elses_refresh_is_retried_and_nothing_is_wrong() {
    let mut world = tabs(2);
    world.server.expire_access();
    world.call(0);
    world.settle();
    world.call(1);
    world.settle();
    assert_eq!(reason_in(&world, 1), Reason::RenewedByAnotherTab);
}

#[test]
fn a_call_that_goes_straight_through_leaves_no_record() {
    let mut play = Play::signed_in();
    let before = play.recorder.count();
    for _ in 0..100 {
        play.call();
    }
    assert_eq!(play.recorder.count(), before);
}

#[test]
fn numbers_say_the_same_as_the_explanation() {
    let play = refresh_answered(later(503, 30));
    let numbers = play.recorder.numbers(&play.session, play.now, true, u32::MAX);
    let said = explain(&play);
    assert_eq!((said.had, said.left, said.status), (60_000, 0, 503));
    let (problem, generation, count) =
        (Problem::pack(play.state().problem), play.generation().0, play.recorder.count());
    let head = [said.reason as u32, 503, 60_000, 0, said.due, said.next, problem, 0, 0, 0, generation, 0, 1, count];
    assert_eq!(numbers, head, "no record is asked for");
    let whole = play.recorder.numbers(&play.session, play.now, true, 0);
    assert_eq!(whole.len(), 14 + 4 * count as usize);
    assert_eq!(whole[14..16], [1_000, Kind::Start as u32]);
    let rest = play.recorder.numbers(&play.session, play.now, true, 3);
    assert_eq!(rest[14..], whole[14 + 3 * 4..]);
}

proptest! {
    /// Whatever happens, however long the ring is.
    #[test]
    fn the_ring_holds_the_newest_records_and_never_grows(length in 0_usize..40, events in prop::collection::vec(0_u8..12, 0..200)) {
        let mut recorder = Recorder::new(length);
        let mut session = Session::new(Policy::default(), 1);
        let mut kept = Vec::new();
        for (at, event) in events.into_iter().enumerate() {
            let now = Millis(at as u64 * 700);
            let event = match event {
                0 => Event::Start,
                1 => Event::Online,
                2 => Event::Visible(true),
                3 => Event::Visible(false),
                4 => Event::Asked(relatch::core::Ask(1), Operation::Refresh),
                5 => Event::Asked(relatch::core::Ask(2), Operation::SignOut),
                6 => Event::Locked(TicketId(1), None),
                7 => Event::Answered(TicketId(1), status(503)),
                8 => Event::Stamped(TicketId(1), Ok(())),
                9 => Event::StampRead(None),
                10 => Event::Restored,
                _ => Event::Tick,
            };
            let before = recorder.count();
            let _ = recorder.on(&mut session, now, event);
            let added = (recorder.count() - before) as usize;
            let left: Vec<_> = records(&recorder).collect();
            prop_assert_eq!(left.len(), length.min(recorder.count() as usize));
            let new = &left[left.len() - added.min(left.len())..];
            prop_assert!(new.iter().all(|record| u64::from(record.at) == now.0));
            kept.extend_from_slice(new);
            let expected = &kept[kept.len() - left.len().min(kept.len())..];
            prop_assert_eq!(left.as_slice(), expected, "the newest, in order");
            let first = recorder.count() - u32::try_from(length.min(recorder.count() as usize)).unwrap();
            let numbers = recorder.numbers(&session, now, true, first + 1);
            prop_assert_eq!(numbers.len(), 14 + 4 * left.len().saturating_sub(1));
        }
    }
}
