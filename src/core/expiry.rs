//! How long an access token lives, and when to renew it.
//!
//! A lifetime is a span counted from the moment the request was *sent*. It is never a comparison of a server's wall
//! clock with the local one: a client whose clock is off would refresh for ever, or never.

use super::time::Millis;

/// A lifetime above this is taken for this: a year.
const LONGEST: f64 = 365.0 * 24.0 * 3600.0;

/// Background renewals are at least this far apart, whatever lifetimes a server gives.
const SHORTEST_PERIOD: Millis = Millis(1000);

/// The remaining life of an access token, as points in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Expiry {
    /// From here on the token is renewed in the background while calls still go out with it.
    pub due: Millis,
    /// From here on a call waits for a new token.
    pub end: Millis,
}

impl Expiry {
    /// Reads `expires_in` (RFC 6749 section 5.1: seconds) of an answer. Zero, negative, infinite and NaN lifetimes tell
    /// nothing: the answer is `None`, and only the server's 401 will tell.
    #[must_use]
    pub fn lifetime(expires_in: f64) -> Option<Millis> {
        let is_lifetime = expires_in.is_finite() && expires_in > 0.0;
        is_lifetime.then(|| Millis(to_millis(expires_in.min(LONGEST) * 1000.0)))
    }

    /// The expiry of a token that lives for `life` from when its request was sent.
    ///
    /// `longest_lead` bounds how long before the end renewal becomes due (see [`Policy::lead`]); `jitter` in `0.0..1.0`
    /// spreads clients whose tokens end together.
    ///
    /// [`Policy::lead`]: super::Policy::lead
    #[must_use]
    pub fn new(life: Millis, sent: Millis, longest_lead: Millis, jitter: f64) -> Self {
        let Millis(life) = life;
        let lead = longest_lead.0.min(life / 10);
        // Half of the lead is fixed, so that there is time for the renewal itself; half is spread.
        #[expect(clippy::cast_precision_loss, reason = "a year of milliseconds fits")]
        let spread = to_millis(lead.div_ceil(2) as f64 * jitter.clamp(0.0, 1.0));
        let lead = lead / 2 + spread;
        let end = sent + Millis(life);
        let due = (sent + Millis(life - lead.min(life))).max(sent + SHORTEST_PERIOD);
        Self { due, end }
    }

    /// A token that arrives at `now` is tried, even if its answer took longer than it lives: one that was never tried
    /// would be renewed for ever.
    #[must_use]
    pub fn usable_at(self, now: Millis) -> Self {
        Self { due: self.due, end: self.end.max(now + SHORTEST_PERIOD) }
    }

    /// Whether the token is to be renewed in the background.
    #[must_use]
    pub fn is_due(self, now: Millis) -> bool {
        now >= self.due
    }

    /// Whether a call has to wait for a new token.
    #[must_use]
    pub fn is_over(self, now: Millis) -> bool {
        now >= self.end
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "callers pass 0 to a year in milliseconds")]
fn to_millis(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Millis = Millis(60_000);

    #[test]
    fn a_minute_is_due_in_its_last_tenth() {
        for jitter in [0.0, 0.3, 1.0] {
            let expiry = Expiry::new(MINUTE, Millis(1000), MINUTE, jitter);
            assert_eq!(expiry.end, Millis(61_000));
            assert!(expiry.due >= Millis(55_000) && expiry.due <= Millis(58_000), "{expiry:?}");
        }
    }

    #[test]
    fn an_hour_is_due_at_most_a_minute_ahead() {
        let expiry = Expiry::new(Millis(3_600_000), Millis(0), MINUTE, 1.0);
        assert_eq!(expiry.due, Millis(3_540_000));
    }

    #[test]
    fn lifetimes_that_say_nothing_are_unknown() {
        for seconds in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Expiry::lifetime(seconds), None);
        }
    }

    #[test]
    fn a_huge_lifetime_is_a_year_and_a_tiny_one_is_no_storm() {
        let huge = Expiry::new(Expiry::lifetime(1e300).unwrap(), Millis(0), MINUTE, 0.5);
        assert_eq!(huge.end, Millis(365 * 24 * 3600 * 1000));
        let tiny = Expiry::new(Expiry::lifetime(0.001).unwrap(), Millis(500), MINUTE, 0.5);
        assert_eq!(tiny.due, Millis(1500));
        assert!(tiny.is_over(Millis(501)));
    }
}
