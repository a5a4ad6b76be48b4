//! Sign-in and sign-out, where there are other tabs.

use super::{MINUTE, act_but_serve, next_but_serve, wait_without_answers};
use crate::play::{Ending, user_of};
use crate::world::{Happening, World};
use relatch::core::{EndReason, Event, Millis, Operation, Problem, Standing, Status};

#[test]
fn sign_out_in_one_of_ten_tabs_takes_every_token_away_for_good() {
    let mut world = World::signed_in(10);
    world.sleep(MINUTE);
    for tab in 0..10 {
        world.call(tab);
    }
    for _ in 0..5 {
        let next = world.possible()[0];
        world.act(next);
    }
    let ask = world.ask(7, Operation::SignOut);
    world.settle();
    assert!(world.tabs[7].settled.contains(&(ask, Ok(()))));
    for (at, tab) in world.tabs.iter().enumerate() {
        assert_eq!((at, tab.status(), tab.token()), (at, Status::Unauthenticated, None));
        assert_eq!(tab.session.state().reason, Some(EndReason::SignedOut));
    }
    assert_eq!((world.server.sign_outs, world.server.reuses, world.jar), (1, 0, None));
    world.pass(Millis(10 * MINUTE.0));
    world.settle();
    assert!(world.tabs.iter().all(|tab| tab.token().is_none()));
}

#[test]
fn a_sign_in_as_another_user_reaches_every_tab_and_their_calls_are_not_sent_as_that_one() {
    let mut world = World::signed_in(3);
    world.who = "bob".into();
    world.server.expire_access();
    world.ask(0, Operation::SignIn);
    for tab in 1..3 {
        world.call(tab);
    }
    world.settle();
    for tab in &world.tabs {
        assert_eq!(tab.shown.as_deref(), Some("bob"));
        assert_eq!(user_of(&tab.token().unwrap()), "bob");
        for call in &tab.calls {
            let as_ada = call.ending == Some(Ending::Failed(Problem::SessionChanged));
            assert!(as_ada || call.sent.iter().flatten().all(|token| user_of(token) == "ada"), "{call:?}");
        }
    }
    assert_eq!(world.server.reuses, 0);
}

#[test]
fn a_sign_out_that_the_server_puts_off_is_put_off_by_every_tab() {
    let mut world = World::signed_in(5);
    world.server.refusal = Some(crate::play::later(503, 60));
    world.ask(0, Operation::SignOut);
    world.settle();
    let opened = world.open();
    world.on(opened, Event::Start);
    world.settle();
    assert_eq!(world.server.sign_outs, 1);
    assert!(world.tabs.iter().all(|tab| tab.status() == Status::Unauthenticated));
    world.pass(Millis(59_000));
    world.settle();
    assert_eq!(world.server.sign_outs, 1);
    world.server.refusal = None;
    world.pass(Millis(10 * MINUTE.0));
    world.settle();
    assert_eq!(world.server.sign_outs, 2);
    assert_eq!(world.jar, None);
}

#[test]
fn an_unfinished_sign_out_is_finished_by_the_next_page_before_anything_else() {
    let mut world = World::signed_in(1);
    world.ask(0, Operation::SignOut);
    while !world.possible().is_empty() {
        world.lose(0, false);
        let next = world.possible()[0];
        world.act(next);
    }
    world.close(0);
    let tab = world.open();
    world.call(tab);
    world.settle();
    assert_eq!((world.server.sign_outs, world.server.refreshes), (1, 0));
    assert_eq!((world.tabs[tab].status(), world.tabs[tab].token()), (Status::Unauthenticated, None));
}

#[test]
fn a_sign_in_that_the_backend_made_by_redirect_is_found_by_the_next_page_though_somebody_has_signed_out_before() {
    let mut world = World::signed_in(1);
    world.ask(0, Operation::SignOut);
    world.settle();
    world.close(0);
    world.server.sign_in("bob").unwrap();
    world.jar = world.server.cookie;
    let tab = world.open();
    world.on(tab, Event::Start);
    world.settle();
    assert_eq!((world.tabs[tab].status(), world.tabs[tab].shown.as_deref()), (Status::Authenticated, Some("bob")));
    assert_eq!((world.server.refreshes, world.server.reuses), (1, 0));
}

#[test]
fn a_sign_out_reaches_every_tab_before_the_server_has_answered() {
    let mut world = World::signed_in(3);
    world.ask(0, Operation::SignOut);
    act_but_serve(&mut world);
    assert_eq!(world.server.sign_outs, 0);
    assert!(world.tabs.iter().all(|tab| tab.status() == Status::Unauthenticated && tab.token().is_none()));
}

#[test]
fn a_tab_that_learns_of_another_user_keeps_nothing_of_the_former_one() {
    let mut world = World::signed_in(2);
    world.on(1, Event::Visible(false));
    world.who = "bob".into();
    world.ask(0, Operation::SignIn);
    while world.stamp().is_none_or(|stamp| stamp.generation.0 < 2) {
        let next = world.possible()[0];
        world.act(next);
    }
    world.close(0);
    act_but_serve(&mut world);
    assert_eq!((world.tabs[1].status(), world.tabs[1].token()), (Status::Loading, None));
    assert_eq!(world.tabs[1].shown, None);
}

#[test]
fn a_sign_out_between_a_refresh_and_its_stamp_stands() {
    let mut world = World::signed_in(2);
    world.sleep(MINUTE);
    world.call(0);
    act_but_serve(&mut world);
    world.act(Happening::Serve(0));
    world.act(Happening::Arrive(0));
    let ask = world.ask(0, Operation::SignOut);
    world.settle();
    assert!(world.tabs[0].settled.contains(&(ask, Ok(()))));
    assert!(world.tabs.iter().all(|tab| tab.status() == Status::Unauthenticated && tab.token().is_none()));
    assert_eq!((world.server.sign_outs, world.server.reuses, world.jar), (1, 0, None));
}

#[test]
fn a_token_that_arrives_from_another_tab_after_sign_out_is_not_taken() {
    let mut world = World::signed_in(2);
    world.sleep(MINUTE);
    world.call(0);
    act_but_serve(&mut world);
    world.on(1, Event::Visible(false));
    world.act(Happening::Serve(0));
    world.act(Happening::Arrive(0));
    world.act(Happening::Stamp(0));
    world.ask(1, Operation::SignOut);
    let stamp = world.stamp().unwrap();
    let bearer = relatch::core::Secret::new("ada-9".into());
    world.on(1, Event::Heard(relatch::core::Message::Give { stamp, bearer, left: None }));
    assert_eq!((world.tabs[1].status(), world.tabs[1].token()), (Status::Unauthenticated, None));
    world.settle();
    assert!(world.tabs.iter().all(|tab| tab.status() == Status::Unauthenticated && tab.token().is_none()));
}

#[test]
fn a_page_that_is_asked_to_sign_out_before_it_has_looked_signs_out_for_good() {
    let mut world = World::signed_in(2);
    world.ask(0, Operation::Refresh);
    world.settle();
    let opened = world.open();
    world.on(opened, Event::Start);
    world.on(opened, Event::Visible(true));
    let ask = world.ask(opened, Operation::SignOut);
    world.settle();
    world.check();
    assert!(world.tabs[opened].settled.contains(&(ask, Ok(()))));
    assert_eq!((world.server.sign_outs, world.jar), (1, None));
    assert!(world.tabs.iter().all(|tab| tab.status() == Status::Unauthenticated && tab.token().is_none()));
}

#[test]
fn a_sign_out_after_a_timeout_gives_the_refresh_that_is_still_on_its_way_time_to_land() {
    let mut world = World::signed_in(2);
    world.sleep(MINUTE);
    world.call(0);
    act_but_serve(&mut world);
    world.pass(Millis(10_000));
    act_but_serve(&mut world);
    assert_eq!(world.tabs[0].calls[0].ending, Some(Ending::Failed(Problem::Timeout)));
    let ask = world.ask(1, Operation::SignOut);
    act_but_serve(&mut world);
    world.pass(Millis(2_500));
    let on_their_way = world.possible().into_iter().filter(|happening| matches!(happening, Happening::Serve(_)));
    assert_eq!(on_their_way.count(), 1, "the sign-out is not beside the refresh");
    world.settle();
    assert!(world.tabs[1].settled.contains(&(ask, Ok(()))));
    assert_eq!((world.server.refreshes, world.server.sign_outs, world.jar), (1, 1, None));
}

#[test]
fn a_page_that_is_opened_after_a_sign_out_waits_for_nobodys_token() {
    let mut world = World::signed_in(2);
    world.ask(0, Operation::SignOut);
    world.settle();
    let began = world.now;
    let opened = world.open();
    world.call(opened);
    world.settle();
    assert_eq!(world.tabs[opened].status(), Status::Unauthenticated);
    assert!(world.now.since(began) < Millis(100), "{:?}", world.now.since(began));
}

#[test]
fn who_signs_out_before_a_sign_in_was_sent_is_signed_out() {
    // After so many steps of the sign-in: it waits for the lock, has announced itself, …
    for steps in 0..4 {
        let mut world = World::new(2);
        let sign_in = world.ask(0, Operation::SignIn);
        for _ in 0..steps {
            let Some(next) = next_but_serve(&world) else { break };
            world.act(next);
        }
        let sign_out = world.ask(0, Operation::SignOut);
        world.settle();
        let tab = &world.tabs[0];
        assert_eq!((tab.status(), tab.token()), (Status::Unauthenticated, None), "after {steps} steps");
        assert!(tab.settled.contains(&(sign_in, Err(Problem::SessionChanged))), "after {steps}: {:?}", tab.settled);
        assert!(tab.settled.contains(&(sign_out, Ok(()))), "after {steps}: {:?}", tab.settled);
        assert_eq!(world.server.sign_outs, 1, "after {steps} steps");
        assert!(world.stamp().is_some_and(|stamp| !stamp.is_asking), "after {steps} steps");
    }
}

#[test]
fn a_sign_out_is_believed_where_the_store_was_wiped_since_or_could_not_be_written() {
    for stands in [true, false] {
        let mut world = World::signed_in(2);
        let before = world.record;
        world.tabs[1].is_frozen = true;
        world.ask(0, Operation::SignOut);
        act_but_serve(&mut world);
        world.act(Happening::Serve(0));
        world.act(Happening::Arrive(0));
        act_but_serve(&mut world);
        world.record = before.filter(|_| stands);
        world.thaw(1);
        world.settle();
        assert_eq!((world.tabs[1].status(), world.tabs[1].token()), (Status::Unauthenticated, None));
    }
}

#[test]
fn a_store_that_is_wiped_during_a_sign_out_holds_its_stamp_all_the_same() {
    let mut world = World::signed_in(2);
    let before = world.stamp().unwrap().generation;
    world.ask(0, Operation::SignOut);
    act_but_serve(&mut world);
    world.record = None;
    world.settle();
    let stamp = world.stamp().expect("it is written anew");
    assert!(stamp.generation > before && stamp.standing == Standing::SignedOut, "{stamp:?}");
    assert_eq!(world.server.sign_outs, 1, "the server has confirmed it already");
    assert!(world.tabs.iter().all(|tab| tab.status() == Status::Unauthenticated));
    world.ask(1, Operation::SignIn);
    world.settle();
    assert_eq!(world.tabs[0].status(), Status::Authenticated, "the other tab hears of the sign-in");
}

#[test]
fn a_store_that_is_wiped_after_a_sign_out_holds_its_stamp_again() {
    for is_lost in [true, false] {
        let mut world = World::signed_in(2);
        world.ask(0, Operation::SignOut);
        world.settle();
        let stamp = world.stamp();
        world.record = None;
        // A tab hears that its connection is gone, or is shown, and looks.
        world.on(1, if is_lost { Event::StoreLost } else { Event::Visible(true) });
        world.settle();
        assert_eq!(world.stamp(), stamp);
        let page = world.open();
        world.on(page, Event::Start);
        world.ask(page, Operation::SignIn);
        world.settle();
        assert!(world.tabs.iter().all(|tab| tab.status() == Status::Authenticated), "all hear of the sign-in");
    }
}

#[test]
fn a_store_that_is_wiped_holds_no_session_again_that_may_have_ended() {
    let mut world = World::signed_in(2);
    world.record = None;
    world.on(1, Event::StoreLost);
    world.settle();
    assert_eq!(world.stamp(), None);
    assert!(world.tabs.iter().all(|tab| tab.status() == Status::Authenticated));
}

#[test]
fn a_refresh_that_finds_another_user_whom_its_answer_does_not_name_sends_no_call_as_that_one() {
    let mut world = World::new(1);
    world.server.is_silent = true;
    let mut world = world.sign_in();
    let _ = world.server.sign_in("bob");
    world.jar = world.server.cookie;
    let tab = world.open();
    world.ask(tab, Operation::Refresh);
    act_but_serve(&mut world);
    world.sleep(MINUTE);
    world.call(0);
    world.settle();
    assert_eq!(world.tabs[0].calls[0].ending, Some(Ending::Failed(Problem::SessionChanged)));
    assert_eq!(world.broken(), None);
}

#[test]
fn a_sign_out_that_another_tab_has_finished_holds_up_nobody_who_signs_in() {
    let mut world = World::signed_in(2);
    world.ask(0, Operation::SignOut);
    act_but_serve(&mut world);
    for _ in 0..2 {
        while !world.possible().iter().any(|happening| matches!(happening, Happening::Serve(_))) {
            wait_without_answers(&mut world, Millis(20));
        }
        world.lose(0, false);
        world.act(Happening::Arrive(0));
        act_but_serve(&mut world);
    }
    // It is hidden, does nothing by itself, and the next tab signs in and goes away.
    world.on(0, Event::Visible(false));
    let sign_in = world.ask(1, Operation::SignIn);
    world.settle();
    assert!(world.tabs[1].settled.contains(&(sign_in, Ok(()))));
    world.close(1);
    world.call(0);
    world.settle();
    assert_eq!(world.tabs[0].calls[0].ending, Some(Ending::Delivered(200)));
}
