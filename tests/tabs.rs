//! Plays of many tabs: one browser profile, a lock, a stamp, a bus, and a server that rotates strictly.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "tabs/handover.rs"]
mod handover;
#[path = "tabs/histories.rs"]
mod histories;
#[path = "tabs/lock.rs"]
mod lock;
mod play;
#[path = "tabs/sign.rs"]
mod sign;
#[path = "tabs/users.rs"]
mod users;
mod world;

use play::{Ending, LIFE};
use relatch::core::{Effect, EndReason, Event, Millis, Operation, Problem, Status};
use world::{Happening, World};

const MINUTE: Millis = LIFE;

fn all_delivered(world: &World) -> bool {
    world.tabs.iter().flat_map(|tab| &tab.calls).all(|call| call.ending == Some(Ending::Delivered(200)))
}

/// What can happen next without the server.
fn next_but_serve(world: &World) -> Option<Happening> {
    let quick = |happening: &&Happening| !matches!(happening, Happening::Serve(_) | Happening::Arrive(_));
    world.possible().iter().find(quick).copied()
}

/// Does everything at once that needs no server.
fn act_but_serve(world: &mut World) {
    while let Some(next) = next_but_serve(world) {
        world.act(next);
    }
}

/// Time passes, and no answer comes.
fn wait_without_answers(world: &mut World, span: Millis) {
    for _ in 0..span.0 / 20 {
        world.pass(Millis(20));
        act_but_serve(world);
    }
}

#[test]
fn fifty_tabs_with_twenty_calls_at_expiry_cause_one_refresh() {
    let mut world = World::signed_in(50);
    world.sleep(MINUTE);
    for tab in 0..50 {
        for _ in 0..20 {
            world.call(tab);
        }
    }
    world.settle();
    assert_eq!((world.server.refreshes, world.server.reuses, world.tally.steals), (1, 0, 0));
    assert!(all_delivered(&world));
    assert!(world.tabs.iter().all(|tab| tab.status() == Status::Authenticated));
    assert!(world.tally.messages < 50 * 300, "{} messages", world.tally.messages);
}

#[test]
fn fifty_tabs_whose_token_the_server_refuses_early_cause_one_refresh() {
    let mut world = World::signed_in(50);
    world.server.expire_access();
    for tab in 0..50 {
        for _ in 0..20 {
            world.call(tab);
        }
    }
    world.settle();
    assert_eq!((world.server.refreshes, world.server.reuses), (1, 0));
    assert!(all_delivered(&world));
}

#[test]
fn tabs_restored_together_cause_one_refresh() {
    let mut world = World::signed_in(1);
    world.close(0);
    world.sleep(Millis(2 * 3_600_000));
    let tabs: Vec<_> = (0..10).map(|_| world.open()).collect();
    for tab in &tabs {
        world.on(*tab, Event::Start);
        world.call(*tab);
    }
    world.settle();
    assert_eq!((world.server.refreshes, world.server.reuses), (1, 0));
    assert!(all_delivered(&world));
}

#[test]
fn a_tab_that_closes_with_its_refresh_in_flight_costs_one_refresh_more_and_nobodys_session() {
    let mut world = World::signed_in(3);
    world.sleep(MINUTE);
    for tab in 0..3 {
        world.call(tab);
    }
    while world.holder.is_none() || !world.possible().iter().any(|next| matches!(next, Happening::Serve(_))) {
        let next = world.possible()[0];
        world.act(next);
    }
    let (holder, _) = world.holder.unwrap();
    world.close(holder);
    world.settle();
    assert_eq!(world.server.reuses, 0);
    let others = world.tabs.iter().filter(|tab| tab.is_open);
    assert!(others.clone().all(|tab| tab.status() == Status::Authenticated));
    assert!(others.flat_map(|tab| &tab.calls).all(|call| call.ending == Some(Ending::Delivered(200))));
}

#[test]
fn a_dead_refresh_token_ends_the_session_in_every_tab_by_one_request() {
    let mut world = World::signed_in(5);
    world.server.expire_refresh();
    world.sleep(MINUTE);
    for tab in 0..5 {
        world.call(tab);
    }
    world.settle();
    assert_eq!(world.server.refreshes, 1);
    for tab in &world.tabs {
        assert_eq!((tab.status(), tab.session.state().reason), (Status::Unauthenticated, Some(EndReason::Expired)));
    }
}

#[test]
fn a_page_from_the_back_forward_cache_shows_nothing_of_a_user_who_has_signed_out_since() {
    let mut world = World::signed_in(2);
    world.freeze(1);
    world.ask(0, Operation::SignOut);
    world.settle();
    assert_eq!(world.tabs[1].status(), Status::Authenticated, "it was asleep");
    world.tabs[1].is_frozen = false;
    world.on(1, Event::Restored);
    assert_eq!(world.tabs[1].status(), Status::Loading, "nothing is shown before the stamp has been read");
    world.settle();
    assert_eq!((world.tabs[1].status(), world.tabs[1].token()), (Status::Unauthenticated, None));
}

#[test]
fn a_page_from_the_back_forward_cache_goes_on_where_nothing_has_changed() {
    let mut world = World::signed_in(2);
    world.on(1, Event::Restored);
    world.call(1);
    world.settle();
    assert_eq!(world.tabs[1].status(), Status::Authenticated);
    assert!(all_delivered(&world));
    assert_eq!(world.server.refreshes, 0);
}

/// A try of one tab fails so; then there is a call in each of the others.
fn all_tabs_after(outcome: relatch::core::Outcome) -> World {
    let mut world = World::signed_in(3);
    world.sleep(MINUTE + Millis(1_000));
    world.server.fault = Some((play::Fault::Before, outcome));
    world.call(0);
    world.settle();
    assert_eq!(world.server.refreshes, 1);
    world.call(1);
    world.call(2);
    world.settle();
    world
}

#[test]
fn who_waits_because_another_tab_has_failed_waits_no_longer_when_that_one_has_renewed() {
    let mut world = all_tabs_after(play::status(500));
    world.ask(1, Operation::Refresh);
    world.settle();
    world.call(2);
    world.settle();
    assert_eq!(world.tabs[2].calls.last().unwrap().ending, Some(Ending::Delivered(200)));
    assert_eq!((world.server.refreshes, world.server.reuses), (2, 0));
}

#[test]
fn a_server_that_asks_one_tab_to_come_later_is_left_alone_by_all() {
    let mut world = all_tabs_after(play::later(429, 30));
    let opened = world.open();
    world.call(opened);
    world.settle();
    for tab in &world.tabs {
        let Some(Ending::Failed(Problem::TryLater { status: 429, retry_after: Some(left) })) = tab.calls[0].ending
        else {
            panic!("{:?}", tab.calls[0])
        };
        assert!(left.span() <= Millis(60_000));
    }
    world.on(1, Event::Online);
    world.call(1);
    world.settle();
    world.pass(Millis(29_000));
    assert_eq!(world.server.refreshes, 1, "not even when the network returns");
    world.pass(Millis(31_500));
    world.settle();
    (0..4).for_each(|tab| world.call(tab));
    world.settle();
    assert_eq!((world.server.refreshes, world.server.reuses), (2, 0));
    assert!(world.tabs.iter().all(|tab| tab.calls.last().unwrap().ending == Some(Ending::Delivered(200))));
}

#[test]
fn a_network_that_returns_ends_a_pause_that_no_server_asked_for() {
    let mut world = all_tabs_after(play::lost());
    assert_eq!(world.server.refreshes, 1);
    assert!(world.tabs.iter().all(|tab| tab.calls[0].ending == Some(Ending::Failed(Problem::Network))));
    world.pass(Millis(10));
    world.on(2, Event::Online);
    world.pass(Millis(1_000));
    world.call(2);
    world.settle();
    assert_eq!((world.server.refreshes, world.tabs[2].calls[1].ending), (2, Some(Ending::Delivered(200))));
}

#[test]
fn who_presents_the_cookie_of_a_tab_that_went_away_sends_its_key() {
    let mut world = World::signed_in(2);
    world.server.knows_keys = true;
    world.sleep(MINUTE);
    world.call(0);
    world.call(1);
    act_but_serve(&mut world);
    let (holder, _) = world.holder.unwrap();
    world.close(holder);
    world.lose_answer(0);
    world.settle();
    assert_eq!(world.tally.keys[0], world.tally.keys[1]);
    assert_eq!((world.server.refreshes, world.server.reuses), (2, 0));
    assert_eq!(world.tabs[1 - holder].calls[0].ending, Some(Ending::Delivered(200)));
}

#[test]
fn an_application_that_refreshes_by_itself_waits_only_for_what_the_server_asked_for() {
    for (outcome, refreshes) in [(play::lost(), 2), (play::status(500), 2), (play::later(503, 30), 1)] {
        let mut world = all_tabs_after(outcome);
        let ask = world.ask(1, Operation::Refresh);
        world.settle();
        assert_eq!(world.server.refreshes, refreshes);
        let (_, result) = world.tabs[1].settled.iter().find(|(settled, _)| *settled == ask).unwrap();
        assert_eq!(result.is_ok(), refreshes == 2);
    }
}

#[test]
fn a_page_from_the_back_forward_cache_trusts_no_reading_from_before_it_was_left() {
    let world = World::signed_in(1);
    let (mut session, now, stamp) = (world.tabs[0].session.clone(), world.now, world.stamp());
    let looked = session.on(now, Event::Visible(true));
    assert!(looked.contains(&Effect::ReadStamp), "{looked:?}");
    for _ in 0..2 {
        let restored = session.on(now + Millis(60), Event::Restored);
        assert!(restored.contains(&Effect::ReadStamp), "{restored:?}");
    }
    // Of the first three readings, two were begun before it was restored for the last time.
    for shown in [Status::Loading, Status::Loading, Status::Authenticated] {
        let _ = session.on(now + Millis(61), Event::StampRead(stamp));
        assert_eq!(session.state().status, shown);
    }
}

#[test]
fn a_page_that_is_asked_to_refresh_finds_whose_its_cookie_is_whatever_other_tabs_hold() {
    for is_started in [false, true] {
        let mut world = World::signed_in(1);
        // Another tab went to the provider, and came back as somebody else.
        let _ = world.server.sign_in("bob");
        world.jar = world.server.cookie;
        let tab = world.open();
        if is_started {
            world.on(tab, Event::Start);
        }
        world.ask(tab, Operation::Refresh);
        world.settle();
        assert_eq!(world.tabs[tab].shown.as_deref(), Some("bob"));
        assert_eq!(world.tabs[0].shown.as_deref(), Some("bob"), "and so do the others");
        assert_eq!(world.server.reuses, 0);
    }
}
