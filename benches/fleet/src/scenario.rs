//! What is done to the fleet, and when.

/// An hour in milliseconds.
pub const HOUR: u32 = 3_600_000;
/// A minute.
pub const MINUTE: u32 = 60_000;
/// A second.
pub const SECOND: u32 = 1_000;
/// Midnight before the day that is measured.
pub const MIDNIGHT: u32 = 24 * HOUR;

/// One of the scenarios. Times are milliseconds since the midnight a day before the one that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// How it is called on the command line.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// When the simulation begins: early enough that what is measured does not depend on it.
    pub start: u32,
    /// When it ends.
    pub end: u32,
    /// From when on it is measured how the fleet gets over it.
    pub from: u32,
    /// From when until when the service answers nothing.
    pub outage: Option<(u32, u32)>,
    /// When all access tokens given out until then are refused.
    pub revoked: Option<u32>,
    /// When tokens get another key, and when tokens of the old key are refused.
    pub key: Option<(u32, u32)>,
    /// From when until when a limiter lets a part of the requests through.
    pub limited: Option<(u32, u32)>,
    /// When everybody wakes.
    pub wakes: Option<u32>,
}

/// When what happens by day happens: the busiest hour.
const BUSY: u32 = MIDNIGHT + 10 * HOUR;
/// When the ordinary rate is about the mean of the day.
const AVERAGE: u32 = MIDNIGHT + 19 * HOUR;
const NINE: u32 = MIDNIGHT + 9 * HOUR;

const BASE: Scenario = Scenario {
    name: "",
    title: "",
    start: 0,
    end: 0,
    from: 0,
    outage: None,
    revoked: None,
    key: None,
    limited: None,
    wakes: None,
};

const fn around(at: u32) -> Scenario {
    Scenario { start: at - 4 * HOUR, end: at + 70 * MINUTE, from: at, ..BASE }
}

const fn outage(name: &'static str, title: &'static str, at: u32, span: u32) -> Scenario {
    Scenario { name, title, from: at + span, outage: Some((at, at + span)), ..around(at) }
}

/// All of them, the ordinary day first.
pub const ALL: [Scenario; 8] = [
    Scenario {
        name: "day",
        title: "an ordinary day",
        start: MIDNIGHT - 4 * HOUR,
        end: MIDNIGHT + 24 * HOUR,
        from: MIDNIGHT,
        ..BASE
    },
    outage("outage", "ten minutes of outage at an average hour, 19:00", AVERAGE, 10 * MINUTE),
    outage("busy", "ten minutes of outage at the busiest hour, 10:00", BUSY, 10 * MINUTE),
    outage("blip", "ten seconds of outage, at 10:00", BUSY, 10 * SECOND),
    Scenario {
        name: "deploy",
        title: "a deploy that revokes all access tokens, at 10:00",
        revoked: Some(BUSY),
        ..around(BUSY)
    },
    Scenario {
        name: "key",
        title: "a key rotation whose old key is dropped after five minutes, at 10:05",
        from: BUSY + 5 * MINUTE,
        key: Some((BUSY, BUSY + 5 * MINUTE)),
        ..around(BUSY)
    },
    Scenario {
        name: "limit",
        title: "a 429 storm: ten minutes of a limiter that counts by the minute, from 10:00",
        from: BUSY + 10 * MINUTE,
        limited: Some((BUSY, BUSY + 10 * MINUTE)),
        ..around(BUSY)
    },
    Scenario {
        name: "nine",
        title: "everyone wakes at nine",
        start: NINE - 3 * HOUR,
        end: NINE + HOUR,
        wakes: Some(NINE),
        ..around(NINE)
    },
];

/// The scenario of this name.
pub fn named(name: &str) -> Option<Scenario> {
    ALL.into_iter().find(|scenario| scenario.name == name)
}
