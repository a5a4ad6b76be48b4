//! A day of a fleet of clients, against a server that has a capacity: what they do to each other.
//!
//! [`run`] takes one [`Scenario`] under one [`Policy`]: relatch's machines themselves, or one of the policies of peers. One
//! run is one thread and repeats to the letter. `docs/fleet.md` says what is simulated, and what is not.

#![allow(unreachable_pub, reason = "a binary and its tests are all that is outside")]
#![expect(clippy::indexing_slicing, reason = "places are the simulation's own")]

mod calendar;
pub mod chart;
mod client;
mod fleet;
mod peer;
mod profile;
pub mod report;
pub mod scenario;
mod server;
mod usage;
mod waits;

use std::sync::atomic::AtomicU32;

pub use fleet::{Seen, Setup};
pub use scenario::Scenario;
pub use server::CAPACITY;
pub use waits::Waits;

use peer::{FixedInterval, NoJitter, On401, Peer, ThirtySecondTick};

/// Whose policy the clients have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The machines of `src/core`.
    Relatch,
    /// The same times, but for chance.
    NoJitter,
    /// auth-js.
    Tick,
    /// A 401 refreshes, whatever happened before.
    On401,
    /// `setInterval`.
    Interval,
}

impl Policy {
    /// relatch first.
    pub const ALL: [Self; 5] = [Self::Relatch, Self::NoJitter, Self::Tick, Self::On401, Self::Interval];

    /// What tables and charts call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Relatch => "relatch",
            Self::NoJitter => "no jitter",
            Self::Tick => "30 s tick",
            Self::On401 => "on each 401",
            Self::Interval => "fixed interval",
        }
    }
}

/// Runs a scenario under a policy. `progress` is the moment that it has come to.
pub fn run(policy: Policy, setup: &Setup, progress: &AtomicU32) -> Seen {
    match policy {
        Policy::Relatch => fleet::run::<profile::Profile>(setup, progress),
        Policy::NoJitter => fleet::run::<Peer<NoJitter>>(setup, progress),
        Policy::Tick => fleet::run::<Peer<ThirtySecondTick>>(setup, progress),
        Policy::On401 => fleet::run::<Peer<On401>>(setup, progress),
        Policy::Interval => fleet::run::<Peer<FixedInterval>>(setup, progress),
    }
}
