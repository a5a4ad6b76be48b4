//! What is promised of a fleet, held by a smaller one: 100,000 clients instead of a million.
//!
//! They want optimised code: `cargo xtask test fleet` runs them so.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;

use relatch_fleet::report::{PEAK_OVER, Report, Run};
use relatch_fleet::scenario::{ALL, MINUTE, named};
use relatch_fleet::{Policy, Seen, Setup, run};

const CLIENTS: u32 = 100_000;

fn setup(name: &str, clients: u32) -> Setup {
    Setup { clients, seed: 1, life: 15 * MINUTE, scenario: named(name).unwrap(), every_call: false }
}

fn simulate(name: &str, policy: Policy, clients: u32) -> Run {
    let setup = setup(name, clients);
    let seen = run(policy, &setup, &AtomicU32::new(0));
    println!("{clients} clients, {name}, {}: {} events", policy.title(), seen.events);
    Run { scenario: setup.scenario, policy, seen }
}

/// The mean of relatch's ordinary day, in refreshes a second.
fn mean() -> f64 {
    static DAY: OnceLock<f64> = OnceLock::new();
    *DAY.get_or_init(|| {
        let day = simulate("day", Policy::Relatch, CLIENTS);
        assert_nobody_is_harmed(&day.seen);
        Report { runs: vec![day] }.mean(Policy::Relatch).unwrap()
    })
}

fn assert_nobody_is_harmed(seen: &Seen) {
    assert_eq!((seen.signed_out, seen.reuses), (0, 0), "signed out, and refresh tokens presented twice");
    assert!(seen.granted.iter().sum::<u32>() > 0, "the fleet is alive");
}

#[test]
#[ignore = "wants optimised code: cargo xtask test fleet"]
fn after_ten_minutes_of_outage_the_peak_is_at_most_three_times_the_days_mean() {
    let outage = simulate("outage", Policy::Relatch, CLIENTS);
    assert_nobody_is_harmed(&outage.seen);
    let without = simulate("outage", Policy::NoJitter, CLIENTS);
    let (peak, peak_without) = (outage.peak_after(PEAK_OVER) / mean(), without.peak_after(PEAK_OVER) / mean());
    let (wait, wait_without) = (outage.longest_wait(), without.longest_wait());
    println!(
        "peak {peak:.2} of the mean, without jitter {peak_without:.2}; longest wait {wait:.0} s, {wait_without:.0} s"
    );
    assert!(peak <= 3.0, "{peak}");
    assert!(peak_without > 2.0 * peak, "the policy makes the difference: {peak_without}");
    assert!(outage.seen.waits.waiting > CLIENTS / 100, "clients were waiting");
    assert!(wait <= wait_without + 120.0, "{wait} s, without jitter {wait_without} s");
}

#[test]
#[ignore = "wants optimised code: cargo xtask test fleet"]
fn nobody_is_signed_out_whatever_the_server_does() {
    for scenario in ALL.iter().filter(|scenario| !["day", "outage"].contains(&scenario.name)) {
        assert_nobody_is_harmed(&simulate(scenario.name, Policy::Relatch, CLIENTS).seen);
    }
}

#[test]
#[ignore = "wants optimised code: cargo xtask test fleet"]
fn a_run_repeats_to_the_letter_and_another_seed_is_another_run() {
    let first = simulate("outage", Policy::Relatch, 5_000).seen;
    assert_eq!(first, simulate("outage", Policy::Relatch, 5_000).seen);
    let other = Setup { seed: 2, ..setup("outage", 5_000) };
    assert_ne!(first, run(Policy::Relatch, &other, &AtomicU32::new(0)));
}

/// Calls that go through are left out of the simulation; with them the fleet does the same.
#[test]
#[ignore = "wants optimised code: cargo xtask test fleet"]
fn calls_that_are_left_out_change_nothing() {
    for name in ["outage", "deploy"] {
        let fewer = simulate(name, Policy::Relatch, 20_000);
        let all = Setup { every_call: true, ..setup(name, 20_000) };
        let all = Run { seen: run(Policy::Relatch, &all, &AtomicU32::new(0)), ..fewer.clone() };
        assert!(all.seen.events > 2 * fewer.seen.events, "{} and {}", all.seen.events, fewer.seen.events);
        let refreshes = |run: &Run| f64::from(run.seen.arrivals.iter().sum::<u32>());
        let ratio = refreshes(&fewer) / refreshes(&all);
        assert!((0.98..1.02).contains(&ratio), "{name}: {ratio}");
        let waiting = |run: &Run| f64::from(run.seen.wanting.iter().max().copied().unwrap());
        let ratio = waiting(&fewer) / waiting(&all);
        assert!((0.9..1.1).contains(&ratio), "{name}, most that wait: {ratio}");
    }
}
