//! Every interleaving of small worlds: the production machines under a model checker.
//!
//! A scope says how many tabs there are, what its users do and what goes wrong; the checker (stateright) visits each state
//! that can follow, in every order of messages, stamps, locks, answers and timers. Bounds of time are those of
//! `World`: a store and a lock manager are quicker than any timer, and a request takes at most 2.5 s.
//!
//! `cargo xtask explore` runs larger scopes.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "model/mutations.rs"]
mod mutations;
mod play;
#[path = "model/scope.rs"]
mod scope;
mod world;

use scope::{Scope, Start};

/// Explores a scope to its end and prints what was seen.
#[allow(clippy::needless_pass_by_value, reason = "made for it")]
fn explore(scope: Scope) {
    let report = scope::explore(&scope);
    println!("{report}");
    assert!(report.violation.is_none(), "{report}");
    assert!(report.is_complete, "cut off: {report}");
}

#[test]
fn three_tabs_with_a_call_each_at_expiry() {
    for start in [Start::Expired, Start::Refused, Start::Loaded] {
        explore(Scope { name: "3 tabs x 1 call", start, ..Scope::new(3, 1) });
    }
}

#[test]
fn three_tabs_with_a_call_each_at_expiry_and_a_sign_out_anywhere() {
    let scope = Scope { sign_outs: 1, is_store_first: true, ..Scope::new(3, 1) };
    explore(Scope { name: "3 tabs x 1 call, a sign-out, store first", ..scope });
}

#[test]
fn two_tabs_with_two_calls_each_and_a_crash_or_a_freeze_anywhere() {
    explore(Scope { name: "2 tabs x 2 calls, a crash", crashes: 1, ..Scope::new(2, 2) });
    explore(Scope { name: "2 tabs x 2 calls, a freeze", freezes: 1, ..Scope::new(2, 2) });
}

#[test]
fn two_tabs_that_are_loaded_anew_and_a_crash_or_a_freeze_or_a_sign_out_anywhere() {
    let loaded = Scope { start: Start::Loaded, ..Scope::new(2, 1) };
    explore(Scope { name: "2 tabs loaded anew x 1 call, a crash", crashes: 1, ..loaded.clone() });
    explore(Scope { name: "2 tabs loaded anew x 1 call, a freeze", freezes: 1, ..loaded.clone() });
    explore(Scope { name: "2 tabs loaded anew x 1 call, a sign-out", sign_outs: 1, ..loaded });
}

#[test]
fn two_tabs_with_a_sign_out_and_a_crash_or_a_freeze_anywhere() {
    explore(Scope { name: "2 tabs x 1 call, a sign-out, a crash", sign_outs: 1, crashes: 1, ..Scope::new(2, 1) });
    explore(Scope { name: "2 tabs x 1 call, a sign-out, a freeze", sign_outs: 1, freezes: 1, ..Scope::new(2, 1) });
}

#[test]
fn two_tabs_whose_session_the_server_ends_while_one_signs_in_anew() {
    let scope = Scope { revokes: 1, sign_ins: 1, is_store_first: true, ..Scope::new(2, 1) };
    explore(Scope { name: "2 tabs x 1 call, a revocation, a sign-in, store first", ..scope.clone() });
    explore(Scope { name: "the same and a freeze", freezes: 1, ..scope });
}

#[test]
fn two_tabs_with_a_sign_out_and_a_sign_in_as_another_user() {
    explore(Scope { name: "2 tabs x 1 call, a sign-out, a sign-in", sign_outs: 1, sign_ins: 1, ..Scope::new(2, 1) });
}

#[test]
fn two_tabs_whose_messages_are_late_or_lost() {
    explore(Scope { name: "2 tabs x 1 call, late messages, one lost", is_slow: true, losses: 1, ..Scope::new(2, 1) });
}

#[test]
fn two_tabs_and_a_server_that_asks_to_come_later() {
    explore(Scope { name: "2 tabs x 1 call, a 429", laters: 1, ..Scope::new(2, 1) });
}

#[test]
fn a_tab_that_works_alone() {
    let alone = Scope { is_alone: true, sign_outs: 1, sign_ins: 1, ..Scope::new(1, 2) };
    explore(Scope { name: "1 tab alone x 2 calls, a sign-out, a sign-in", ..alone });
}

#[test]
#[ignore = "takes long: cargo xtask explore"]
fn larger() {
    explore(Scope { name: "3 tabs x 1 call, a sign-out", sign_outs: 1, ..Scope::new(3, 1) });
    explore(Scope { name: "3 tabs x 2 calls", ..Scope::new(3, 2) });
    explore(Scope { name: "4 tabs x 1 call", ..Scope::new(4, 1) });
    explore(Scope { name: "3 tabs x 1 call, a crash", crashes: 1, ..Scope::new(3, 1) });
    let both = Scope { sign_outs: 1, sign_ins: 1, ..Scope::new(2, 1) };
    explore(Scope { name: "2 tabs x 1 call, a sign-out, a sign-in, a freeze", freezes: 1, ..both });
}
