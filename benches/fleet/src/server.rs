//! The server: it rotates refresh tokens strictly, has a capacity, and is sometimes not there.

use relatch::core::Millis;

use crate::scenario::{MINUTE, SECOND, Scenario};

/// Refreshes a second that it can do, for each client of the fleet. About twice what the busiest minute of an ordinary day
/// asks for, which is how services are commonly provided for.
pub const CAPACITY: f64 = 0.00065;
/// How long a refresh may wait for its turn before it is refused by a 503.
const LONGEST_QUEUE_MS: f64 = 2_000.0;
/// What a refusal costs, as a part of a refresh.
const REFUSAL: f64 = 0.03;
/// How long it takes when nobody else is there.
const WORK_MS: f64 = 20.0;
/// What the limiter lets through in a minute, as a part of the capacity.
const LIMIT: f64 = 0.25;

/// What it answers to a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A new access token, and the refresh token that has taken the place of the one presented.
    Granted {
        /// When the token was made; it tells tokens apart.
        issued: u32,
        /// The refresh token.
        cookie: u32,
    },
    /// The session is over.
    Dead,
    /// Later.
    Later {
        /// 429 or 503.
        status: u16,
        /// Seconds.
        retry_after: Option<u32>,
    },
}

/// The server.
#[derive(Debug)]
pub struct Server {
    scenario: Scenario,
    life: u32,
    /// Milliseconds of work for one refresh.
    each: f64,
    free_at: f64,
    /// The refresh token that is good, for each client; zero if its session is over.
    good: Vec<u32>,
    window: u32,
    let_through: f64,
    clients: f64,
    /// Refresh tokens presented a second time.
    pub reuses: u32,
    /// Requests to the refresh endpoint, each second since the start.
    pub arrivals: Vec<u32>,
    /// How many of them got a token.
    pub granted: Vec<u32>,
}

impl Server {
    /// A server for this many clients, with tokens that live this long.
    pub fn new(scenario: Scenario, clients: u32, life: u32) -> Self {
        let seconds = ((scenario.end - scenario.start) / SECOND) as usize + 1;
        Self {
            scenario,
            life,
            each: 1_000.0 / (CAPACITY * f64::from(clients)),
            free_at: 0.0,
            good: vec![1; clients as usize],
            window: 0,
            let_through: 0.0,
            clients: clients.into(),
            reuses: 0,
            arrivals: vec![0; seconds],
            granted: vec![0; seconds],
        }
    }

    /// How long an access token lives.
    pub const fn life(&self) -> Millis {
        Millis(self.life as u64)
    }

    /// From when on a token of this time is refused.
    pub fn refuses_from(&self, issued: u32) -> u32 {
        let Scenario { revoked, key, .. } = self.scenario;
        let revoked = revoked.filter(|at| issued < *at);
        let dropped = key.filter(|(rotated, _)| issued < *rotated).map(|(_, dropped)| dropped);
        [revoked, dropped].into_iter().flatten().fold(issued + self.life, u32::min)
    }

    /// Whether an access token is good.
    pub fn accepts(&self, issued: u32, now: u32) -> bool {
        now < self.refuses_from(issued)
    }

    /// Takes a refresh in. What is answered, and when that leaves.
    pub fn refresh(&mut self, now: u32, who: u32, presented: u32) -> (Reply, u32) {
        let second = ((now - self.scenario.start) / SECOND) as usize;
        self.arrivals[second] += 1;
        let at = f64::from(now);
        if self.scenario.outage.is_some_and(|(from, to)| (from..to).contains(&now)) {
            // What stands before the service says so.
            return (Reply::Later { status: 503, retry_after: None }, now);
        }
        if let Some(retry_after) = self.limit(now) {
            return (Reply::Later { status: 429, retry_after: Some(retry_after) }, now);
        }
        let begins = self.free_at.max(at);
        if begins - at > LONGEST_QUEUE_MS {
            self.free_at += self.each * REFUSAL;
            return (Reply::Later { status: 503, retry_after: None }, now);
        }
        self.free_at = begins + self.each;
        let leaves = crate::usage::to_millis(self.free_at + WORK_MS);
        let good = &mut self.good[who as usize];
        if *good != presented {
            self.reuses += u32::from(*good != 0);
            *good = 0;
            return (Reply::Dead, leaves);
        }
        *good += 1;
        self.granted[second] += 1;
        (Reply::Granted { issued: leaves, cookie: *good }, leaves)
    }

    /// A limiter that counts by the minute, and says when the next minute begins.
    fn limit(&mut self, now: u32) -> Option<u32> {
        self.scenario.limited.filter(|(from, to)| (*from..*to).contains(&now))?;
        if now / MINUTE != self.window {
            self.window = now / MINUTE;
            self.let_through = 0.0;
        }
        self.let_through += 1.0;
        let limit = LIMIT * CAPACITY * self.clients * 60.0;
        (self.let_through > limit).then(|| (MINUTE - now % MINUTE).div_ceil(SECOND))
    }
}
