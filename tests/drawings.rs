//! The drawings in `docs/how-it-works.md`: what the production machines do, written down while they do it.
//!
//! `cargo xtask draw` makes them anew; this test fails if one is not what the machines do today.

#![cfg(not(target_arch = "wasm32"))]
#![allow(unreachable_pub, reason = "a test file has no outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod play;
#[path = "drawings/svg.rs"]
mod svg;
#[path = "drawings/trace.rs"]
mod trace;
mod world;

use std::fs;
use std::path::Path;

use play::LIFE;
use relatch::core::Operation;
use trace::{Trace, fold};
use world::{Seen, World};

/// Tabs in which somebody is signed in and whose token has run out.
fn expired(tabs: usize) -> Trace {
    let mut world = World::signed_in(tabs);
    world.server.knows_keys = true;
    let mut trace = Trace::new(world);
    trace.sleep(LIFE, "the access token has run out");
    trace
}

fn ten_tabs() -> Trace {
    let mut trace = expired(10);
    for tab in 0..10 {
        trace.call(tab, 20);
    }
    trace.settle();
    assert_eq!((trace.world.server.refreshes, trace.world.server.reuses), (1, 0));
    trace
}

fn sign_out() -> Trace {
    let mut trace = expired(3);
    trace.call(0, 1);
    trace.run_until(|_, next| matches!(next, Seen::Answered { .. }));
    trace.ask(2, Operation::SignOut, "{who}: the user signs out");
    trace.settle();
    assert!(trace.world.tabs.iter().all(|tab| tab.token().is_none()) && trace.world.jar.is_none());
    trace
}

fn frozen_holder() -> Trace {
    let mut trace = expired(3);
    trace.call(0, 1);
    trace.run_until(|world, next| world.holder.is_some() && matches!(next, Seen::Written { .. }));
    trace.freeze(0);
    trace.call(1, 1);
    trace.call(2, 1);
    trace.run_until(|world, _| world.tabs[2].calls.iter().all(|call| call.ending.is_some()));
    trace.thaw(0);
    trace.settle();
    assert_eq!((trace.world.tally.steals, trace.world.server.reuses), (1, 0));
    trace
}

fn lost_answer() -> Trace {
    let mut trace = expired(2);
    trace.call(0, 1);
    trace.run_until(|_, next| matches!(next, Seen::Served { .. }));
    trace.lose_answer();
    trace.settle();
    trace.pass_until(|world| !world.possible().is_empty());
    trace.call(1, 1);
    trace.settle();
    assert_eq!((trace.world.server.refreshes, trace.world.server.reuses), (2, 0));
    trace
}

/// A drawing's file, its title, and what it shows.
type Story = (&'static str, &'static str, fn() -> Trace);

#[test]
fn the_drawings_show_what_the_machines_do() {
    let stories: [Story; 4] = [
        ("ten-tabs", "Ten tabs with 20 calls each at expiry: one refresh", ten_tabs),
        ("sign-out", "A sign-out beats a refresh that is under way", sign_out),
        ("frozen-holder", "A tab that is frozen while it holds the lock is robbed of it", frozen_holder),
        ("lost-answer", "The answer to a refresh is lost, and the server knows its key", lost_answer),
    ];
    let mut old = Vec::new();
    for (name, title, story) in stories {
        let trace = story();
        let rows = fold(trace.rows);
        let drawn = svg::draw(title, trace.world.tabs.len(), &rows);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/protocol-{name}.svg"));
        if std::env::var_os("RELATCH_WRITE").is_some() {
            fs::write(&file, drawn).unwrap();
            println!("docs/protocol-{name}.svg: {} rows", rows.len());
        } else if fs::read_to_string(&file).ok().as_ref() != Some(&drawn) {
            old.push(name);
        }
    }
    assert_eq!(old, Vec::<&str>::new(), "`cargo xtask draw` draws them anew");
}
