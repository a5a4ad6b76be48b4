//! How a token comes from the tab that has fetched it to those that have not.

use super::{MINUTE, act_but_serve, all_delivered};
use crate::play::Ending;
use crate::world::{Happening, World};
use relatch::core::{Event, Message, Millis, Operation, Policy, Stamp, Standing, Status};

#[test]
fn a_second_tab_gets_its_token_from_the_first_and_asks_the_server_nothing() {
    let mut world = World::signed_in(1);
    let tab = world.open();
    world.on(tab, Event::Start);
    world.settle();
    assert_eq!(world.tabs[tab].status(), Status::Authenticated);
    assert_eq!(world.tabs[tab].shown.as_deref(), Some("ada"));
    assert_eq!(world.server.refreshes, 0);
}

#[test]
fn a_call_whose_token_was_refused_is_not_lost_on_another_tabs_token_that_is_refused_too() {
    let mut world = World::signed_in(2);
    world.ask(1, Operation::Refresh);
    world.settle();
    world.server.refreshes = 0;
    world.server.expire_access();
    world.call(0);
    world.settle();
    assert_eq!(world.tabs[0].calls[0].ending, Some(Ending::Delivered(200)));
    assert_eq!(world.tabs[0].calls[0].sent.len(), 3);
    assert_eq!((world.server.refreshes, world.server.reuses), (1, 0));
}

/// Everything happens but what a tab that is busy has to hear.
fn act_but_hear(world: &mut World, busy: usize) {
    while let Some(next) =
        world.possible().into_iter().find(|next| !matches!(next, Happening::Hear(tab, _) if *tab == busy))
    {
        world.act(next);
    }
}

#[test]
fn a_busy_tab_is_given_time_to_hand_its_token_over() {
    let mut world = World::signed_in(3);
    world.sleep(MINUTE);
    (0..3).for_each(|tab| world.call(tab));
    while world.tabs[0].calls[0].ending.is_none() {
        let next = world.possible()[0];
        world.act(next);
    }
    for _ in 0..15 {
        act_but_hear(&mut world, 0);
        world.pass(Millis(100));
    }
    world.settle();
    assert_eq!((world.server.refreshes, world.server.reuses), (1, 0));
    assert!(all_delivered(&world));
}

/// Whatever is to be heard is heard, and nothing else happens.
fn hear_all(world: &mut World) {
    while let Some(next) = world.possible().into_iter().find(|next| matches!(next, Happening::Hear(..))) {
        world.act(next);
    }
}

#[test]
fn who_has_asked_has_the_token_at_once_though_the_tab_that_fetched_it_is_busy() {
    let mut world = World::signed_in(3);
    world.sleep(MINUTE);
    (0..3).for_each(|tab| world.call(tab));
    hear_all(&mut world);
    let began = world.now;
    act_but_hear(&mut world, 0);
    assert!(all_delivered(&world));
    assert_eq!((world.server.refreshes, world.now), (1, began));
}

#[test]
fn where_every_token_ends_each_tab_hears_the_new_one_and_that_it_has_moved_and_nothing_else() {
    let mut world = World::signed_in(10);
    world.sleep(MINUTE);
    let messages = world.tally.messages;
    (0..10).for_each(|tab| world.call(tab));
    world.settle();
    assert_eq!((world.server.refreshes, world.tally.messages - messages), (1, 2 * 9));
    assert!(all_delivered(&world));
}

#[test]
fn tabs_that_were_opened_together_ask_each_other_before_one_of_them_refreshes() {
    let mut world = World::signed_in(1);
    world.close(0);
    world.sleep(MINUTE);
    let tabs: Vec<_> = (0..3).map(|_| world.open()).collect();
    for tab in &tabs {
        world.on(*tab, Event::Start);
    }
    hear_all(&mut world);
    let (began, given) = (world.now, world.tally.given);
    act_but_hear(&mut world, tabs[0]);
    world.pass(Millis(30));
    act_but_hear(&mut world, tabs[0]);
    assert!(tabs.iter().all(|tab| world.tabs[*tab].status() == Status::Authenticated));
    assert_eq!((world.server.refreshes, world.tally.given - given), (1, 2));
    assert!(world.now.since(began) <= Millis(30));
}

#[test]
fn a_token_that_nobody_has_asked_for_is_in_no_message() {
    let mut world = World::signed_in(3);
    let given = world.tally.given;
    world.ask(0, Operation::Refresh);
    world.settle();
    assert_eq!((world.server.refreshes, world.tally.given - given), (1, 0));
}

#[test]
fn a_page_just_opened_waits_for_the_tab_that_was_there_a_moment_ago() {
    let mut world = World::signed_in(1);
    let tab = world.open();
    world.on(tab, Event::Start);
    for _ in 0..15 {
        act_but_hear(&mut world, 0);
        world.pass(Millis(100));
    }
    world.settle();
    assert_eq!((world.server.refreshes, world.tabs[tab].status()), (0, Status::Authenticated));
}

#[test]
fn a_page_whose_predecessor_is_long_gone_waits_for_nobody() {
    let mut world = World::signed_in(1);
    world.close(0);
    world.sleep(Millis(10_000));
    let tab = world.open();
    world.on(tab, Event::Start);
    let began = world.now;
    world.settle();
    assert!(world.now.since(began) <= Millis(40), "{:?}", world.now.since(began));
}

#[test]
fn a_reload_of_the_only_tab_waits_for_nobody() {
    let mut world = World::signed_in(1);
    let began = world.now;
    world.reopen(0);
    world.settle();
    assert_eq!((world.server.refreshes, world.now), (1, began));
}

#[test]
fn a_wait_for_nobody_counts_from_the_first_question() {
    let mut world = World::signed_in(1);
    world.close(0);
    world.sleep(Millis(10_000));
    let tab = world.open();
    world.on(tab, Event::Start);
    world.sleep(Millis(30));
    let began = world.now;
    world.settle();
    assert_eq!((world.server.refreshes, world.now), (1, began));
}

#[test]
fn a_pop_up_that_signs_in_and_closes_leaves_nobody_waiting() {
    let mut world = World::new(2);
    world.on(0, Event::Start);
    world.settle();
    world.ask(1, Operation::SignIn);
    act_but_hear(&mut world, 0);
    world.on(1, Event::Leaving);
    world.close(1);
    let began = world.now;
    world.settle();
    assert_eq!(world.tabs[0].status(), Status::Authenticated);
    assert!(world.now.since(began) <= Millis(500), "{:?}", world.now.since(began));
}

#[test]
fn tabs_that_share_no_token_refresh_one_after_the_other() {
    let mut world = World::with(&Policy { gives: false, ..Policy::default() }, 5).sign_in();
    world.server.expire_access();
    (0..5).for_each(|tab| (0..4).for_each(|_| world.call(tab)));
    world.settle();
    assert_eq!((world.server.refreshes, world.server.reuses, world.tally.given), (5, 0, 0));
    assert!(all_delivered(&world));
}

#[test]
fn of_two_tabs_that_tell_of_stamps_the_newer_one_is_believed_in_whatever_order() {
    let world = World::signed_in(2);
    let (mut session, now, stamp) = (world.tabs[1].session.clone(), world.now, world.stamp().unwrap());
    let renewed = Stamp { generation: stamp.generation.next(), ..stamp };
    let generation = renewed.generation.next();
    let left = Stamp { generation, epoch: generation, identity: None, standing: Standing::SignedOut, ..stamp };
    for told in [left, renewed] {
        let _ = session.on(now, Event::Heard(Message::Moved(told)));
    }
    // The store can't be read.
    for _ in 0..2 {
        let _ = session.on(now, Event::StampRead(None));
    }
    assert_eq!(session.state().status, Status::Unauthenticated);
}

#[test]
fn a_page_that_finds_that_the_token_has_ended_waits_for_nobody_to_give_one() {
    for has_ended in [true, false] {
        let mut world = World::signed_in(1);
        world.close(0);
        world.sleep(if has_ended { MINUTE } else { Millis(30_000) });
        let page = world.open();
        world.on(page, Event::Start);
        act_but_serve(&mut world);
        let is_sent = world.possible().iter().any(|happening| matches!(happening, Happening::Serve(_)));
        assert_eq!(is_sent, has_ended);
        world.settle();
        assert_eq!((world.tabs[page].status(), world.server.refreshes), (Status::Authenticated, 1));
    }
}
