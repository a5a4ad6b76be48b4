//! Random histories of many tabs.

use crate::play::{Fault, later};
use crate::world::World;
use relatch::core::{Event, Millis, Operation};

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
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(2_000);
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
    // Every other server names no user in its answers, so that the session is to be read.
    let mut world = World::new(tabs);
    world.server.is_silent = seed % 2 == 1;
    let mut world = world.sign_in();
    for _ in 0..300 {
        let possible = world.possible();
        let tab = dice.roll(world.tabs.len());
        match dice.roll(26) {
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
            // A form of the backend's own. Of whom an answer does not name, nobody can know before the session is read.
            25 if dice.roll(6) == 0 && !world.server.is_silent => {
                let who = ["ada", "bob"][dice.roll(2)];
                let _ = world.server.sign_in(who);
                world.jar = world.server.cookie;
            }
            24 if dice.roll(3) == 0 => {
                world.ask(tab, [Operation::Refresh, Operation::ReadSession][dice.roll(2)]);
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
                world.server.fault = Some((Fault::Before, later(status, dice.roll(30) as u64)));
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
