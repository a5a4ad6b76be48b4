//! Who holds the lock, who waits for it, and who is robbed of it.

use super::{MINUTE, act_but_serve, all_delivered, wait_without_answers};
use crate::play::Server;
use crate::world::{Happening, World};
use relatch::core::{Ask, Effect, Event, Millis, Operation, Policy, Session, Status, TicketId};

#[test]
fn a_frozen_holder_is_robbed_after_its_bound_and_commits_nothing_when_it_thaws() {
    let mut world = World::signed_in(3);
    world.sleep(MINUTE);
    world.call(0);
    while world.holder.is_none() {
        let next = world.possible()[0];
        world.act(next);
    }
    world.freeze(0);
    world.call(1);
    world.call(2);
    for _ in 0..400 {
        while let Some(next) = world.possible().first().copied() {
            world.act(next);
        }
        world.pass(Millis(100));
    }
    assert_eq!(world.tally.steals, 1);
    assert!(world.tabs[1].calls[0].ending.is_some() && world.tabs[2].calls[0].ending.is_some());
    assert!(world.tabs[1..].iter().all(|tab| tab.status() == Status::Authenticated), "{:?}", world.tabs[1].session);
    world.thaw(0);
    world.settle();
    assert_eq!(world.server.reuses, 0);
    assert!(world.tabs.iter().all(|tab| tab.status() == Status::Authenticated));
}

#[test]
fn a_machine_that_slept_while_a_tab_waited_for_the_lock_robs_nobody() {
    let mut world = World::signed_in(2);
    world.sleep(MINUTE);
    world.call(0);
    act_but_serve(&mut world);
    world.call(1);
    act_but_serve(&mut world);
    world.sleep(Millis(3_600_000));
    world.pass(Millis(0));
    world.settle();
    assert_eq!((world.tally.steals, world.server.reuses), (0, 0));
    assert!(all_delivered(&world));
}

/// The ticket of the turn that waits for the lock.
fn lock_of(effects: &[Effect]) -> TicketId {
    let lock = effects.iter().find_map(|effect| match effect {
        Effect::Lock { ticket, .. } => Some(*ticket),
        _ => None,
    });
    lock.expect("it waits for the lock")
}

#[test]
fn the_lock_is_freed_before_the_application_hears_of_its_data() {
    let mut session = Session::new(Policy::default(), 0);
    let asked = session.on(Millis(1), Event::Asked(Ask(7), Operation::SignIn));
    let ticket = lock_of(&asked);
    let _ = session.on(Millis(2), Event::Locked(ticket, None));
    let _ = session.on(Millis(3), Event::Stamped(ticket, Ok(())));
    let _ = session.on(Millis(4), Event::Answered(ticket, Server::default().sign_in("ada")));
    let done = session.on(Millis(5), Event::Stamped(ticket, Ok(())));
    let place = |wanted: Effect| done.iter().position(|effect| *effect == wanted);
    assert!(place(Effect::Unlock(ticket)) < place(Effect::Adopt(ticket)), "{done:?}");
    assert!(place(Effect::Unlock(ticket)).is_some());
}

#[test]
fn a_holder_that_began_late_is_not_robbed_for_the_time_that_its_predecessor_took() {
    for tabs in 3..11 {
        let mut world = World::signed_in(tabs);
        world.sleep(MINUTE);
        world.ask(0, Operation::SignIn);
        act_but_serve(&mut world);
        world.call(1);
        world.call(tabs - 1);
        act_but_serve(&mut world);
        wait_without_answers(&mut world, Millis(9_800));
        world.lose(0, false);
        world.act(Happening::Arrive(0));
        act_but_serve(&mut world);
        assert!(world.is_refresh(0), "the next tab's turn");
        world.act(Happening::Serve(0));
        wait_without_answers(&mut world, Millis(9_800));
        world.settle();
        assert_eq!((world.tally.steals, world.server.reuses), (0, 0), "{tabs} tabs");
    }
}

#[test]
fn a_holder_is_not_robbed_for_the_time_that_a_page_took_which_went_away() {
    for tabs in 3..11 {
        let mut world = World::signed_in(tabs);
        world.sleep(MINUTE);
        for tab in [0, 1, tabs - 1] {
            world.call(tab);
            act_but_serve(&mut world);
        }
        wait_without_answers(&mut world, Millis(9_500));
        // It is closed, and its request has never reached the server.
        world.on(0, Event::Leaving);
        world.close(0);
        world.lose(0, false);
        world.act(Happening::Arrive(0));
        act_but_serve(&mut world);
        wait_without_answers(&mut world, Millis(3_200));
        assert!(world.is_refresh(0), "the next tab's turn");
        world.act(Happening::Serve(0));
        wait_without_answers(&mut world, Millis(8_500));
        world.settle();
        assert_eq!((world.tally.steals, world.server.reuses), (0, 0), "{tabs} tabs");
    }
}

#[test]
fn a_tab_that_slept_while_its_request_was_put_together_does_not_send_it() {
    let mut world = World::signed_in(2);
    world.sleep(MINUTE);
    let now = world.now;
    let mut session = world.tabs[0].session.clone();
    let asked = session.on(now, Event::Needed { refused: None });
    let ticket = lock_of(&asked);
    let _ = session.on(now, Event::Locked(ticket, None));
    let sent = session.on(now, Event::Stamped(ticket, Ok(())));
    assert!(sent.iter().any(|effect| matches!(effect, Effect::Perform(_))), "{sent:?}");
    assert!(session.may_send(now + Millis(100), ticket));
    // It wakes a minute later, its timer first: another tab has had time to take the lock.
    let _ = session.on(now + MINUTE, Event::Tick);
    assert!(!session.may_send(now + MINUTE, ticket));
}
