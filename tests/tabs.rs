//! Plays of many tabs: one browser profile, a lock, a stamp, a bus, and a server that rotates strictly.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod play;
mod world;

use play::{Ending, LIFE, user_of};
use relatch::core::{
    Ask, Effect, EndReason, Event, Message, Millis, Operation, Policy, Problem, Session, Stamp, Standing, Status,
    TicketId,
};
use world::{Happening, World};

const MINUTE: Millis = LIFE;

fn all_delivered(world: &World) -> bool {
    world.tabs.iter().flat_map(|tab| &tab.calls).all(|call| call.ending == Some(Ending::Delivered(200)))
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
    while world.holder.is_none() || !world.possible().iter().any(|next| matches!(next, world::Happening::Serve(_))) {
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

/// A generator of its own, so that a seed means the same for ever.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

#[test]
fn whatever_happens_in_whatever_order_the_tabs_keep_their_promises() {
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(400);
    let first: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    for seed in first..first + seeds {
        let result = std::panic::catch_unwind(|| any_history(seed));
        assert!(result.is_ok(), "run it again with SEED={seed} SEEDS=1");
    }
}

/// Random histories without lost answers: no refresh token is presented twice and nobody is thrown out.
fn any_history(seed: u64) {
    let mut dice = Dice(seed);
    let tabs = 2 + dice.roll(4);
    let mut world = World::signed_in(tabs);
    for _ in 0..300 {
        let possible = world.possible();
        let tab = dice.roll(world.tabs.len());
        match dice.roll(24) {
            0..12 if !possible.is_empty() => world.act(possible[dice.roll(possible.len())]),
            12..15 => world.call(tab),
            15 => world.server.expire_access(),
            16 => {
                let span = Millis(dice.roll(90_000) as u64);
                world.hurry(span);
                world.sleep(span);
                world.pass(Millis(0));
            }
            17 => {
                let span = Millis(dice.roll(2_000) as u64);
                world.hurry(span);
                world.pass(span);
            }
            // A tab that is closed in the middle of its sign-out has promised nothing yet.
            18 if tab > 0 && !world.tabs[tab].is_waiting() => world.close(tab),
            19 if world.tabs.len() < 8 => {
                let tab = world.open();
                world.on(tab, Event::Start);
            }
            20 => world.on(tab, Event::Visible(dice.roll(2) == 0)),
            21 => world.on(tab, Event::Restored),
            22 if dice.roll(6) == 0 => {
                world.who = ["ada", "bob"][dice.roll(2)].into();
                world.ask(tab, Operation::SignIn);
            }
            23 if dice.roll(8) == 0 => {
                world.ask(tab, Operation::SignOut);
            }
            _ => {}
        }
        world.check();
    }
    world.settle();
    world.check();
    if world.stamp().is_some_and(|stamp| stamp.standing != relatch::core::Standing::SignedIn) {
        assert!(world.tabs.iter().all(|tab| !tab.is_open || tab.token().is_none()), "a token after sign-out");
    }
}

/// A day of people who use many tabs, and of all that goes wrong in one. The server knows keys, so that even an answer
/// that the network loses after the rotation costs nobody the session.
#[test]
fn a_day_of_twenty_tabs_with_random_faults() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(24);
    println!("SEED={seed}");
    let mut dice = Dice(seed);
    let mut world = World::signed_in(20);
    world.server.knows_keys = true;
    let end = world.now + Millis(24 * 3_600_000);
    let mut faults = 0_u32;
    while world.now < end {
        let tab = dice.roll(world.tabs.len());
        let possible = world.possible();
        match dice.roll(40) {
            0..18 if !possible.is_empty() => world.act(possible[dice.roll(possible.len())]),
            18..24 => world.call(tab),
            24 => world.on(tab, Event::Visible(dice.roll(2) == 0)),
            25 => world.on(tab, Event::Online),
            26 if dice.roll(4) == 0 => world.server.expire_access(),
            27 => {
                world.lose(dice.roll(8), dice.roll(2) == 0);
                faults += 1;
            }
            28 if dice.roll(4) == 0 => {
                world.lose_any_answer(dice.roll(8));
                faults += 1;
            }
            29 => {
                let status = [429, 500, 503][dice.roll(3)];
                world.server.fault = Some((play::Fault::Before, play::later(status, dice.roll(30) as u64)));
                faults += 1;
            }
            30 if !world.tabs[tab].is_waiting() => {
                world.on(tab, Event::Leaving);
                world.reopen(tab);
                faults += 1;
            }
            31 => world.on(tab, Event::Restored),
            32 if dice.roll(40) == 0 => {
                let span = Millis(dice.roll(3_600_000) as u64);
                world.hurry(span);
                world.sleep(span);
                world.pass(Millis(0));
                faults += 1;
            }
            33 if dice.roll(20) == 0 => {
                world.who = ["ada", "bob"][dice.roll(2)].into();
                world.ask(tab, Operation::SignIn);
            }
            34 if dice.roll(60) == 0 => {
                world.ask(tab, Operation::SignOut);
            }
            _ => {
                for _ in 0..dice.roll(10) {
                    world.hurry(Millis(500));
                    world.pass(Millis(500));
                }
            }
        }
        world.check();
    }
    world.settle();
    world.check();
    println!("{} refreshes, {} messages, {faults} faults", world.server.refreshes, world.tally.messages);
    assert!(faults > 1_000 && world.server.refreshes > 500);
}

/// Lets what lies between tabs happen (stamps, messages, the lock), but nothing at the server.
fn settle_between_tabs(world: &mut World) {
    while let Some(next) = world
        .possible()
        .into_iter()
        .find(|next| !matches!(next, world::Happening::Serve(_) | world::Happening::Arrive(_)))
    {
        world.act(next);
    }
}

#[test]
fn a_sign_out_reaches_every_tab_before_the_server_has_answered() {
    let mut world = World::signed_in(3);
    world.ask(0, Operation::SignOut);
    settle_between_tabs(&mut world);
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
    settle_between_tabs(&mut world);
    assert_eq!((world.tabs[1].status(), world.tabs[1].token()), (Status::Loading, None));
    assert_eq!(world.tabs[1].shown, None);
}

#[test]
fn a_machine_that_slept_while_a_tab_waited_for_the_lock_robs_nobody() {
    let mut world = World::signed_in(2);
    world.sleep(MINUTE);
    world.call(0);
    settle_between_tabs(&mut world);
    world.call(1);
    settle_between_tabs(&mut world);
    world.sleep(Millis(3_600_000));
    world.pass(Millis(0));
    world.settle();
    assert_eq!((world.tally.steals, world.server.reuses), (0, 0));
    assert!(all_delivered(&world));
}

#[test]
fn a_sign_out_between_a_refresh_and_its_stamp_stands() {
    let mut world = World::signed_in(2);
    world.sleep(MINUTE);
    world.call(0);
    settle_between_tabs(&mut world);
    world.act(world::Happening::Serve(0));
    world.act(world::Happening::Arrive(0));
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
    settle_between_tabs(&mut world);
    world.on(1, Event::Visible(false));
    world.act(world::Happening::Serve(0));
    world.act(world::Happening::Arrive(0));
    world.act(world::Happening::Stamp(0));
    world.ask(1, Operation::SignOut);
    let stamp = world.stamp().unwrap();
    let bearer = relatch::core::Secret::new("ada-9".into());
    world.on(1, Event::Heard(relatch::core::Message::Give { stamp, bearer, left: None }));
    assert_eq!((world.tabs[1].status(), world.tabs[1].token()), (Status::Unauthenticated, None));
    world.settle();
    assert!(world.tabs.iter().all(|tab| tab.status() == Status::Unauthenticated && tab.token().is_none()));
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
fn tabs_that_share_no_token_refresh_one_after_the_other() {
    let mut world = World::with(&Policy { gives: false, ..Policy::default() }, 5).sign_in();
    world.server.expire_access();
    (0..5).for_each(|tab| (0..4).for_each(|_| world.call(tab)));
    world.settle();
    assert_eq!((world.server.refreshes, world.server.reuses, world.tally.given), (5, 0, 0));
    assert!(all_delivered(&world));
}

#[test]
fn who_presents_the_cookie_of_a_tab_that_went_away_sends_its_key() {
    let mut world = World::signed_in(2);
    world.server.knows_keys = true;
    world.sleep(MINUTE);
    world.call(0);
    world.call(1);
    settle_between_tabs(&mut world);
    let (holder, _) = world.holder.unwrap();
    world.close(holder);
    world.lose_answer(0);
    world.settle();
    assert_eq!(world.tally.keys[0], world.tally.keys[1]);
    assert_eq!((world.server.refreshes, world.server.reuses), (2, 0));
    assert_eq!(world.tabs[1 - holder].calls[0].ending, Some(Ending::Delivered(200)));
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
fn a_sign_out_after_a_timeout_gives_the_refresh_that_is_still_on_its_way_time_to_land() {
    let mut world = World::signed_in(2);
    world.sleep(MINUTE);
    world.call(0);
    settle_between_tabs(&mut world);
    world.pass(Millis(10_000));
    settle_between_tabs(&mut world);
    assert_eq!(world.tabs[0].calls[0].ending, Some(Ending::Failed(Problem::Timeout)));
    let ask = world.ask(1, Operation::SignOut);
    settle_between_tabs(&mut world);
    world.pass(Millis(2_500));
    let on_their_way = world.possible().into_iter().filter(|happening| matches!(happening, world::Happening::Serve(_)));
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
    let _ = session.on(Millis(4), Event::Answered(ticket, play::Server::default().sign_in("ada")));
    let done = session.on(Millis(5), Event::Stamped(ticket, Ok(())));
    let place = |wanted: Effect| done.iter().position(|effect| *effect == wanted);
    assert!(place(Effect::Unlock(ticket)) < place(Effect::Adopt(ticket)), "{done:?}");
    assert!(place(Effect::Unlock(ticket)).is_some());
}

#[test]
fn who_signs_out_before_a_sign_in_was_sent_is_signed_out() {
    // After so many steps of the sign-in: it waits for the lock, has announced itself, …
    for steps in 0..4 {
        let mut world = World::new(2);
        let sign_in = world.ask(0, Operation::SignIn);
        for _ in 0..steps {
            let quick = |happening: &&Happening| !matches!(happening, Happening::Serve(_) | Happening::Arrive(_));
            let Some(next) = world.possible().iter().find(quick).copied() else { break };
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

/// Does everything at once that needs no server.
fn act_but_serve(world: &mut World) {
    let quick = |happening: &&Happening| !matches!(happening, Happening::Serve(_) | Happening::Arrive(_));
    while let Some(next) = world.possible().iter().find(quick).copied() {
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
