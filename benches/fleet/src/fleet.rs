//! The simulation: people, their clients, and the server, in the order in which things happen to them.

use std::sync::atomic::{AtomicU32, Ordering};

use fastrand::Rng;
use relatch::core::Millis;

use crate::calendar::{Calendar, Entry};
use crate::client::{Called, Client, Sent, World};
use crate::scenario::{SECOND, Scenario};
use crate::server::{Reply, Server};
use crate::usage::{Move, Usage, exponential, to_millis};
use crate::waits::{Waits, Wants};

/// What happens to somebody; the rest of [`Entry::what`] says to which request.
mod what {
    pub(super) const MOVE: u32 = 0;
    pub(super) const CALL: u32 = 1;
    pub(super) const TIMER: u32 = 2;
    pub(super) const ARRIVAL: u32 = 3;
    pub(super) const ANSWER: u32 = 4;
    pub(super) const BITS: u32 = 3;
}

/// What a fleet is.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// How many browser profiles.
    pub clients: u32,
    /// What everything by chance begins with.
    pub seed: u64,
    /// How long access tokens live, in milliseconds.
    pub life: u32,
    /// What is done to it.
    pub scenario: Scenario,
    /// Whether calls that go through and change nothing are simulated too. They make no difference but in time.
    pub every_call: bool,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Requests to the refresh endpoint, each second of the simulation.
    pub arrivals: Vec<u32>,
    /// How many of them got a token.
    pub granted: Vec<u32>,
    /// Clients that wanted a token and had none, at the end of each second.
    pub wanting: Vec<u32>,
    /// How long they waited.
    pub waits: Waits,
    /// Clients that say that nobody is signed in, while nobody has signed out.
    pub signed_out: u32,
    /// Refresh tokens presented a second time.
    pub reuses: u32,
    /// What happened, all in all.
    pub events: u64,
}

/// A request on its way, there or back.
#[derive(Clone, Copy, Debug)]
struct Flight {
    sent: Sent,
    reply: Reply,
}

struct Person<C> {
    client: C,
    usage: Usage,
    /// When it calls is drawn apart from what it does, so that it does the same under each policy.
    calls: Rng,
    /// Until when the present phase lasts.
    phase: u32,
    timer: u32,
    call: u32,
}

struct Fleet<'a, C> {
    setup: &'a Setup,
    people: Vec<Person<C>>,
    calendar: Calendar,
    server: Server,
    flights: Vec<Flight>,
    free: Vec<u32>,
    wants: Wants,
    sent: Vec<Sent>,
}

/// Runs a scenario; `progress` is the second of the simulation that it has come to.
pub fn run<C: Client>(setup: &Setup, progress: &AtomicU32) -> Seen {
    let Setup { clients, seed, life, scenario, .. } = *setup;
    let mut fleet = Fleet {
        setup,
        people: (0..clients).map(|who| person::<C>(who, setup)).collect(),
        calendar: Calendar::new(scenario.start),
        server: Server::new(scenario, clients, life),
        flights: Vec::new(),
        free: Vec::new(),
        wants: Wants::new(clients, scenario.from),
        sent: Vec::new(),
    };
    let mut random = Rng::with_seed(seed ^ 0xf1ee7);
    let mut order: Vec<u32> = (0..clients).collect();
    // Who is asked first makes no difference, and is to make none.
    random.shuffle(&mut order);
    for who in order {
        let at = fleet.people[who as usize].usage.begin(scenario.start, &scenario);
        fleet.add(at, who, what::MOVE, 0);
    }
    let mut wanting = Vec::with_capacity(fleet.server.arrivals.len());
    let mut events = 0;
    for end in (scenario.start..scenario.end).step_by(SECOND as usize).map(|second| second + SECOND) {
        while let Some(entry) = fleet.calendar.pop(end) {
            events += 1;
            fleet.happen(entry);
        }
        wanting.push(fleet.wants.count());
        progress.store(end, Ordering::Relaxed);
    }
    let signed_out = fleet.people.iter().filter(|person| person.client.is_out()).count();
    Seen {
        wanting,
        signed_out: u32::try_from(signed_out).unwrap_or(u32::MAX),
        reuses: fleet.server.reuses,
        arrivals: fleet.server.arrivals,
        granted: fleet.server.granted,
        waits: fleet.wants.close(scenario.end),
        events,
    }
}

fn person<C: Client>(who: u32, setup: &Setup) -> Person<C> {
    let seed = (setup.seed << 32 | u64::from(who)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let usage = Usage::new(seed);
    let client = C::new(who, seed, usage.tabs, Millis(setup.life.into()));
    Person { client, usage, calls: Rng::with_seed(!seed), phase: 0, timer: 0, call: 0 }
}

impl<C: Client> Fleet<'_, C> {
    fn add(&mut self, at: u32, who: u32, what: u32, which: u32) {
        self.calendar.push(Entry { at, who, what: which << what::BITS | what });
    }

    fn happen(&mut self, Entry { at, who, what }: Entry) {
        let which = what >> what::BITS;
        match what & ((1 << what::BITS) - 1) {
            what::MOVE => self.step(at, who),
            what::CALL if self.people[who as usize].call == at => self.call(at, who),
            what::TIMER if self.people[who as usize].timer == at => {
                self.people[who as usize].timer = 0;
                // It may have been set for later meanwhile.
                if self.people[who as usize].client.deadline(at).is_some_and(|deadline| deadline <= at) {
                    self.with(at, who, C::tick);
                } else {
                    self.after(at, who);
                }
            }
            what::ARRIVAL => {
                let Flight { sent, .. } = self.flights[which as usize];
                let (reply, leaves) = self.server.refresh(at, who, sent.cookie);
                self.flights[which as usize].reply = reply;
                let back = self.people[who as usize].usage.round_trip().div_ceil(2);
                self.add(leaves + back, who, what::ANSWER, which);
            }
            what::ANSWER => {
                let Flight { sent, reply } = self.flights[which as usize];
                self.free.push(which);
                self.with(at, who, |client, world| client.answer(world, sent, reply));
            }
            _ => {}
        }
    }

    /// The person does something else.
    fn step(&mut self, at: u32, who: u32) {
        let person = &mut self.people[who as usize];
        let (what, next) = person.usage.step(at, &self.setup.scenario);
        person.phase = next;
        person.call = 0;
        self.add(next, who, what::MOVE, 0);
        match what {
            Move::Show { tab, load } => {
                self.with(at, who, |client, world| client.show(world, tab, load));
                // A page that is looked at makes a call soon.
                self.call_after(at, who, at, 500.0);
            }
            Move::Hide | Move::Sleep => {
                self.wants.leave(who, at);
                self.with(at, who, if what == Move::Hide { C::hide } else { C::sleep });
            }
            Move::Wake => self.with(at, who, C::wake),
        }
    }

    fn call(&mut self, at: u32, who: u32) {
        if self.with(at, who, C::call) == Called::Wanting && !self.is_quiet(at, who) {
            self.wants.want(who, at);
        }
        // Calls that would go through and change nothing are left out, which their being exponential permits.
        let quiet = self.quiet_until(at, who).filter(|_| !self.setup.every_call).map_or(at, |until| until.max(at));
        let every = self.people[who as usize].usage.call_every();
        self.call_after(at, who, quiet, every);
    }

    fn call_after(&mut self, at: u32, who: u32, quiet: u32, every: f64) {
        let person = &mut self.people[who as usize];
        let next = quiet.max(at).saturating_add(1 + to_millis(exponential(&mut person.calls, every)));
        if next < person.phase {
            person.call = next;
            self.add(next, who, what::CALL, 0);
        }
    }

    fn quiet_until(&self, now: u32, who: u32) -> Option<u32> {
        let world = World { now, server: &self.server, sent: Vec::new() };
        self.people[who as usize].client.quiet_until(&world)
    }

    fn is_quiet(&self, now: u32, who: u32) -> bool {
        self.quiet_until(now, who).is_some()
    }

    /// Lets a client do something, and carries out what follows.
    fn with<T>(&mut self, at: u32, who: u32, act: impl FnOnce(&mut C, &mut World<'_>) -> T) -> T {
        let person = &mut self.people[who as usize];
        let mut world = World { now: at, server: &self.server, sent: std::mem::take(&mut self.sent) };
        let result = act(&mut person.client, &mut world);
        let mut sent = world.sent;
        let half = person.usage.round_trip() / 2;
        for sent in sent.drain(..) {
            let flight = Flight { sent, reply: Reply::Dead };
            let which = if let Some(which) = self.free.pop() {
                self.flights[which as usize] = flight;
                which
            } else {
                self.flights.push(flight);
                u32::try_from(self.flights.len() - 1).unwrap_or(u32::MAX)
            };
            self.add(at + half, who, what::ARRIVAL, which);
        }
        self.sent = sent;
        self.after(at, who);
        result
    }

    /// Sets the timer, and looks whether somebody has got what was wanted.
    fn after(&mut self, at: u32, who: u32) {
        let person = &mut self.people[who as usize];
        if let Some(deadline) = person.client.deadline(at) {
            let deadline = deadline.max(at + 1);
            if person.timer == 0 || deadline < person.timer {
                person.timer = deadline;
                self.add(deadline, who, what::TIMER, 0);
            }
        }
        if self.wants.is_wanting(who) && self.is_quiet(at, who) {
            self.wants.resolve(who, at);
        }
    }
}
