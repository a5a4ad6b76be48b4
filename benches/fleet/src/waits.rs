//! Who wants a token and has none, and for how long.
//!
//! A client *wants* from its first call that waits or fails for want of a token until it has one that the server accepts, or
//! until its user looks away. Its *wait* is the part of that after the service is back: a time without the service is nobody's
//! policy.

/// No refresh takes this long while all is well.
pub const LONG: u32 = 5_000;

/// How long clients waited, in milliseconds, after the service was back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waits {
    /// The longest of each client; zero if it did not wait.
    pub longest: Vec<u32>,
    /// When the last client had a token that had waited for more than [`LONG`], after the service was back.
    pub recovered: u32,
    /// How many wanted at that moment.
    pub waiting: u32,
    /// How many looked away after they had waited for more than [`LONG`].
    pub left: u32,
}

/// Who wants now.
#[derive(Debug)]
pub struct Wants {
    since: Vec<u32>,
    back: u32,
    count: u32,
    waits: Waits,
}

impl Wants {
    /// Nobody wants; the service is back at `back`.
    pub fn new(clients: u32, back: u32) -> Self {
        let none = vec![0; clients as usize];
        Self { since: none.clone(), back, count: 0, waits: Waits { longest: none, ..Waits::default() } }
    }

    /// How many want.
    pub const fn count(&self) -> u32 {
        self.count
    }

    pub fn is_wanting(&self, who: u32) -> bool {
        self.since[who as usize] > 0
    }

    pub fn want(&mut self, who: u32, now: u32) {
        let since = &mut self.since[who as usize];
        if *since == 0 {
            *since = now;
            self.count += 1;
        }
    }

    /// It has what it wanted.
    pub fn resolve(&mut self, who: u32, now: u32) {
        if self.end(who, now).is_some_and(|since| now > since.max(self.back) + LONG) {
            self.waits.recovered = self.waits.recovered.max(now - self.back);
        }
    }

    /// Its user looks away.
    pub fn leave(&mut self, who: u32, now: u32) {
        let is_late = self.end(who, now).is_some_and(|since| now > since.max(self.back) + LONG);
        self.waits.left += u32::from(is_late);
    }

    fn end(&mut self, who: u32, now: u32) -> Option<u32> {
        let since = std::mem::take(&mut self.since[who as usize]);
        if since == 0 {
            return None;
        }
        self.count -= 1;
        if now > self.back {
            let longest = &mut self.waits.longest[who as usize];
            *longest = (*longest).max(now - since.max(self.back));
            self.waits.waiting += u32::from(since <= self.back);
        }
        Some(since)
    }

    /// The simulation has ended; who still waits has waited until now.
    pub fn close(mut self, now: u32) -> Waits {
        for who in 0..u32::try_from(self.since.len()).unwrap_or(u32::MAX) {
            self.resolve(who, now);
        }
        self.waits
    }
}
