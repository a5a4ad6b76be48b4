//! What people do with the application: when they look at it, with which tab, and how often it calls its API.
//!
//! Nothing here depends on the client's policy: the same person does the same under all of them.

use fastrand::Rng;

use crate::scenario::{HOUR, MINUTE, SECOND, Scenario};

const DAY: u32 = 24 * HOUR;
/// A page on a phone that was away for this long has been discarded, and is loaded anew.
const DISCARDED: u32 = 30 * MINUTE;
/// How many of a hundred people come by phone.
const PHONES: u32 = 60;
/// How many visits a day a phone makes, on average.
const VISITS: f64 = 10.0;
/// How busy each hour of the day is on phones; their mean is 1.
const HOURS: [f64; 24] = [
    0.35, 0.2, 0.1, 0.08, 0.08, 0.15, 0.5, 0.95, 1.25, 1.25, 1.25, 1.3, 1.55, 1.35, 1.25, 1.25, 1.25, 1.35, 1.45, 1.55,
    1.6, 1.5, 1.2, 0.68,
];

/// How somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By a computer in working hours.
    Office,
    /// By a computer in the evening.
    Home,
    /// By phone: one tab, short visits, frequent changes between applications.
    Phone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The machine sleeps, or the phone shows something else and has frozen the page.
    Away,
    /// The machine is awake, and shows something else.
    Hidden,
    /// Looked at, with a call now and then.
    Reading,
    /// Looked at and worked with.
    Active,
}

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A tab is looked at from now on.
    Show {
        /// Which.
        tab: u8,
        /// Whether its page is loaded anew.
        load: bool,
    },
    /// No tab is looked at; timers go on.
    Hide,
    /// No timer fires any more.
    Sleep,
    /// The machine is awake; no tab is looked at.
    Wake,
}

/// One person.
#[derive(Clone, Debug)]
pub struct Usage {
    random: Rng,
    /// How often this one comes, as a multiple of the average.
    keen: f32,
    /// Until when the machine is awake.
    until: u32,
    left: u32,
    kind: Kind,
    state: State,
    /// How many tabs there are.
    pub tabs: u8,
    tab: u8,
    is_afternoon: bool,
    loaded: u8,
}

impl Usage {
    /// One of the fleet.
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let kind = match random.u32(0..100) {
            part if part < PHONES => Kind::Phone,
            part if part < PHONES + 28 => Kind::Office,
            _ => Kind::Home,
        };
        let tabs = match (kind, random.u32(0..100)) {
            (Kind::Phone, _) | (_, 0..55) => 1,
            (_, 55..80) => 2,
            (_, 80..92) => 3,
            _ => 4,
        };
        #[expect(clippy::cast_possible_truncation, reason = "a factor")]
        let keen = 0.25 + exponential(&mut random, 0.75) as f32;
        Self { random, keen, until: 0, left: 0, kind, state: State::Away, tabs, tab: 0, is_afternoon: true, loaded: 0 }
    }

    /// How long an answer takes to and fro, apart from the server.
    pub const fn round_trip(&self) -> u32 {
        if matches!(self.kind, Kind::Phone) { 100 } else { 40 }
    }

    /// How long it is between two calls, on average, while the tab is looked at.
    pub const fn call_every(&self) -> f64 {
        match (self.state, self.kind) {
            (State::Active, Kind::Phone) => 8_000.0,
            (State::Active, _) => 15_000.0,
            _ => 180_000.0,
        }
    }

    /// When the first thing happens.
    pub fn begin(&mut self, now: u32, scenario: &Scenario) -> u32 {
        if self.kind == Kind::Phone {
            return self.next_visit(now, scenario);
        }
        // Who would be at work already comes a little later.
        let at = self.next_morning(now, scenario).max(now + self.random.u32(0..30 * MINUTE));
        self.until = self.until.max(at + 10 * MINUTE);
        at
    }

    /// What happens now, and when the next thing does.
    pub fn step(&mut self, now: u32, scenario: &Scenario) -> (Move, u32) {
        if self.kind == Kind::Phone { self.step_phone(now, scenario) } else { self.step_computer(now, scenario) }
    }

    fn step_phone(&mut self, now: u32, scenario: &Scenario) -> (Move, u32) {
        match self.state {
            State::Active | State::Reading if self.random.u32(0..10) < 3 => {
                self.state = State::Away;
                self.left = now;
                (Move::Sleep, self.next_visit(now, scenario))
            }
            // A message comes in, a code is copied from elsewhere.
            State::Active | State::Reading => {
                self.state = State::Hidden;
                (Move::Sleep, self.after(now, 12.0))
            }
            State::Hidden | State::Away => {
                let load = self.state == State::Away && now >= self.left + DISCARDED || self.loaded == 0;
                self.loaded = 1;
                self.state = State::Active;
                (Move::Show { tab: 0, load }, self.after(now, 45.0))
            }
        }
    }

    fn step_computer(&mut self, now: u32, scenario: &Scenario) -> (Move, u32) {
        if self.state != State::Away && now >= self.until {
            self.state = State::Away;
            return (Move::Sleep, self.next_wake(now, scenario));
        }
        match self.state {
            State::Away if scenario.wakes.is_none() && self.random.bool() => {
                self.state = State::Hidden;
                (Move::Wake, self.after(now, 360.0).min(self.until))
            }
            State::Active | State::Reading => {
                self.state = State::Hidden;
                (Move::Hide, self.after(now, 720.0).min(self.until))
            }
            State::Hidden | State::Away => {
                self.state = if self.random.u32(0..100) < 65 { State::Active } else { State::Reading };
                self.tab = self.random.u8(0..self.tabs);
                let load = self.loaded & 1 << self.tab == 0;
                self.loaded |= 1 << self.tab;
                (Move::Show { tab: self.tab, load }, self.after(now, 300.0).min(self.until))
            }
        }
    }

    /// Some while after now: exponential, of this many seconds on average.
    fn after(&mut self, now: u32, seconds: f64) -> u32 {
        now + SECOND / 2 + to_millis(exponential(&mut self.random, seconds * 1_000.0))
    }

    fn next_visit(&mut self, now: u32, scenario: &Scenario) -> u32 {
        let busiest = 1.6;
        let mean = f64::from(DAY) / (VISITS * f64::from(self.keen) * busiest);
        let mut at = now + SECOND;
        loop {
            at += to_millis(exponential(&mut self.random, mean).min(f64::from(DAY)));
            let hour = (at % DAY / HOUR) as usize;
            if self.random.f64() * busiest < HOURS[hour] {
                break;
            }
        }
        // A notification that everybody gets, and three of ten look at.
        match scenario.wakes {
            Some(wakes) if now < wakes && at > wakes && self.random.u32(0..10) < 3 => {
                wakes + to_millis(exponential(&mut self.random, 60_000.0).min(600_000.0))
            }
            _ => at,
        }
    }

    /// When the machine wakes after it has fallen asleep now, and until when it is awake then.
    fn next_wake(&mut self, now: u32, scenario: &Scenario) -> u32 {
        if self.kind == Kind::Home || self.is_afternoon {
            // Who stays up past midnight comes again in the evening of the same day.
            return self.next_morning((now - 6 * HOUR).next_multiple_of(DAY), scenario);
        }
        // After lunch.
        self.is_afternoon = true;
        self.until = self.around(now, 17.5, 1.0);
        let wake = now + self.random.u32(30 * MINUTE..60 * MINUTE);
        self.until = self.until.max(wake + 10 * MINUTE);
        wake
    }

    fn next_morning(&mut self, now: u32, scenario: &Scenario) -> u32 {
        if self.kind == Kind::Home {
            let wake = self.around(now, 18.5, 1.5).max(now);
            self.until = wake + 20 * MINUTE + to_millis(exponential(&mut self.random, 7_200_000.0));
            return wake;
        }
        // Half of them close the lid for lunch.
        self.is_afternoon = self.random.bool();
        let wake = match scenario.wakes {
            Some(wakes) if now < wakes => wakes + self.random.u32(0..2 * MINUTE),
            _ => self.around(now, 8.75, 0.7),
        };
        self.until = if self.is_afternoon { self.around(now, 17.5, 1.0) } else { self.around(now, 12.5, 0.5) };
        self.until = self.until.max(wake + 10 * MINUTE);
        wake
    }

    /// A time of the day that `now` is in: normal, by hours.
    fn around(&mut self, now: u32, hour: f64, deviation: f64) -> u32 {
        let sum: f64 = (0..12).map(|_| self.random.f64()).sum();
        let hour = (hour + (sum - 6.0) * deviation).clamp(0.1, 23.9);
        now / DAY * DAY + to_millis(hour * f64::from(HOUR))
    }
}

/// A span of this mean, exponentially distributed.
pub fn exponential(random: &mut Rng, mean: f64) -> f64 {
    -mean * (1.0 - random.f64()).ln()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few days at most")]
pub fn to_millis(span: f64) -> u32 {
    span as u32
}
