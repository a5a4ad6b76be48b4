//! When to try again after a refresh that could not be judged.

use super::random::Random;
use super::time::Millis;

/// The first window; it doubles with each failure.
const FIRST: u64 = 1_000;
/// The longest window that relatch chooses by itself.
const LONGEST: u64 = 60_000;
/// The longest `Retry-After` that is honoured; a longer one is a mistake of the server's.
const LONGEST_ASKED: u64 = 3_600_000;
/// `online` is a hint: it brings the next try forward to this long after the last one, never nearer.
const AFTER_HINT: Millis = Millis(1_000);

/// Exponential backoff with full jitter (as in AWS's "Exponential Backoff and Jitter"): at most one try a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Backoff {
    failures: u32,
    failed_at: Millis,
    until: Option<Millis>,
    asked: bool,
    hinted_at: Option<Millis>,
}

impl Backoff {
    /// A try has failed at `now`. Nobody tries again for `least`, if that is given, and some jitter; the moment is
    /// returned. `is_asked`: the server said so (RFC 9110 section 10.2.3), and a network that returns does not change it.
    pub(super) fn fail(&mut self, now: Millis, least: Option<Millis>, is_asked: bool, random: &mut Random) -> Millis {
        let window = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        let span = match least {
            // All clients were told the same moment: come after it, and not together.
            Some(least) => Millis(least.0.min(LONGEST_ASKED)) + spread(FIRST, random),
            None => Millis(FIRST / 4) + spread(window, random),
        };
        self.follow(now, span, is_asked);
        now + span
    }

    /// Another tab has failed, and nobody is to try for this long.
    pub(super) fn follow(&mut self, now: Millis, span: Millis, is_asked: bool) {
        self.failures = self.failures.saturating_add(1);
        self.failed_at = now;
        self.asked = is_asked;
        self.until = Some(now + Millis(span.0.min(LONGEST_ASKED + FIRST)));
    }

    pub(super) fn succeed(&mut self) {
        *self = Self::default();
    }

    /// The platform says that the network is back. What a server asked for stands.
    pub(super) fn hint(&mut self, now: Millis) {
        self.hinted_at = Some(now);
        if let (Some(until), false) = (self.until, self.asked) {
            self.until = Some(until.min((self.failed_at + AFTER_HINT).max(now)));
        }
    }

    /// Whether the network has come back since another tab's try failed, `age` ago.
    pub(super) fn was_hinted_since(&self, now: Millis, age: Millis) -> bool {
        self.hinted_at.is_some_and(|hinted| now.since(hinted) < age)
    }

    /// How many tries have failed since the last success.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Until when nobody is to try, or was.
    pub(super) const fn until(&self) -> Option<Millis> {
        self.until
    }

    /// Until when nobody is to try, if that is still ahead of `now`.
    pub(super) fn holds(&self, now: Millis) -> Option<Millis> {
        self.until.filter(|until| now < *until)
    }
}

fn spread(window: u64, random: &mut Random) -> Millis {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "at most a minute"
    )]
    Millis((window as f64 * random.fraction()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_double_up_to_a_minute() {
        let mut random = Random::new(7);
        let mut backoff = Backoff::default();
        for failures in 0..40_u32 {
            backoff.fail(Millis(0), None, false, &mut random);
            let wait = backoff.until().unwrap().0;
            let window = (FIRST << failures.min(16)).min(LONGEST);
            assert!((250..=250 + window).contains(&wait), "{failures}: {wait}");
        }
    }

    #[test]
    fn what_the_server_asked_for_is_kept_even_when_the_network_returns() {
        let mut random = Random::new(7);
        let mut backoff = Backoff::default();
        backoff.fail(Millis(0), Some(Millis(30_000)), true, &mut random);
        backoff.hint(Millis(10));
        let until = backoff.until().unwrap();
        assert!((30_000..=31_000).contains(&until.0));
        assert_eq!(backoff.holds(Millis(29_999)), Some(until));
    }

    #[test]
    fn a_flapping_network_gets_one_try_a_second() {
        let mut random = Random::new(7);
        let mut backoff = Backoff::default();
        for _ in 0..10 {
            backoff.fail(Millis(5_000), None, false, &mut random);
        }
        backoff.hint(Millis(5_100));
        assert!(backoff.until().unwrap() >= Millis(5_100));
        assert!(backoff.until().unwrap() <= Millis(6_000));
        backoff.hint(Millis(9_000));
        assert_eq!(backoff.holds(Millis(9_000)), None);
    }
}
