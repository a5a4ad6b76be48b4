//! When to try again after a refresh that could not be judged.

use super::random::Random;
use super::time::Millis;

/// The longest pause after a first failure, but for the quarter of it that is always waited: most failures are over by then.
const FIRST: u64 = 1_000;
/// The longest pause after a second failure; a quarter of it is always waited. What is over within that time, a restart or a
/// deploy, meets nobody three times.
const SECOND: u64 = 60_000;
/// The longest pause that relatch chooses by itself.
const LONGEST: u64 = 195_000;
/// How much of it is chance.
const SPREAD: u64 = 30_000;
/// The least window after a server has said for the second time in a row when to come again.
const ASKED_AGAIN: u64 = 60_000;
/// The longest `Retry-After` that is honoured; a longer one is a mistake of the server's.
const LONGEST_ASKED: u64 = 3_600_000;
/// `online` is a hint: it brings the next try forward to this long after the last one, never nearer.
const AFTER_HINT: Millis = Millis(1_000);

/// A second, a minute, a good three minutes: once more at once, for a blip; then it is an outage, in which every client of a fleet
/// may be waiting.
///
/// What a fleet costs a server that has just come back is what its clients do in the seconds after it, and they do what they
/// did before. So there are few steps on the way to the longest pause: each costs one request more of everybody who comes
/// while the service is down. Chance places a client in time once, within a minute; from then on it keeps its place.
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
        let span = match least {
            // All clients were told the same moment: come after it, and not together.
            Some(least) if is_asked => {
                let window = least.0.max(if self.failures == 0 { FIRST } else { ASKED_AGAIN });
                Millis(least.0.min(LONGEST_ASKED)) + share(window.min(LONGEST), random.fraction())
            }
            least => least.unwrap_or_default() + self.pause(random.fraction()),
        };
        self.follow(now, span, is_asked);
        now + span
    }

    /// Another tab has failed, and nobody is to try for this long.
    pub(super) fn follow(&mut self, now: Millis, span: Millis, is_asked: bool) {
        self.failures = self.failures.saturating_add(1);
        self.failed_at = now;
        self.asked = is_asked;
        self.until = Some(now + Millis(span.0.min(LONGEST_ASKED + LONGEST)));
    }

    /// How long to wait after one failure more; `chance` in `0.0..1.0`.
    fn pause(&self, chance: f64) -> Millis {
        match self.failures {
            0 => Millis(FIRST / 4) + share(FIRST, chance),
            1 => Millis(SECOND / 4) + share(SECOND - SECOND / 4, chance),
            _ => Millis(LONGEST - SPREAD) + share(SPREAD, chance),
        }
    }

    pub(super) fn succeed(&mut self) {
        *self = Self::default();
    }

    /// A try has succeeded, but not what it was for: nobody waits for the pause any more, and the next one is as long as if it
    /// had been.
    pub(super) const fn release(&mut self) {
        self.until = None;
        self.asked = false;
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

fn share(window: u64, part: f64) -> Millis {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "at most minutes"
    )]
    Millis((window as f64 * part) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses of many clients after this many failures and one more, shortest first.
    fn pauses(failures: u32, least: Option<Millis>, is_asked: bool) -> Vec<u64> {
        let pause = |seed| {
            let mut random = Random::new(seed);
            let mut backoff = Backoff { failures, ..Backoff::default() };
            backoff.fail(Millis(0), least, is_asked, &mut random).0
        };
        let mut pauses: Vec<u64> = (1..=1_000).map(pause).collect();
        pauses.sort_unstable();
        pauses
    }

    #[test]
    fn a_blip_is_over_in_a_moment_and_an_outage_is_tried_every_three_minutes() {
        let first = pauses(0, None, false);
        assert!(first[0] >= 250 && first[999] <= 1_250, "{first:?}");
        let second = pauses(1, None, false);
        assert!(second[0] >= 15_000 && second[999] <= SECOND, "{second:?}");
        assert!((32_000..43_000).contains(&second[500]), "{second:?}");
        for failures in [2, 3, 40, u32::MAX] {
            let pauses = pauses(failures, None, false);
            assert!(pauses[0] >= 165_000 && pauses[999] <= LONGEST, "{pauses:?}");
        }
    }

    #[test]
    fn who_was_told_when_to_come_comes_later_and_not_together() {
        let asked = Some(Millis(30_000));
        for (failures, window) in [(0, 30_000), (1, 60_000), (9, 60_000)] {
            let pauses = pauses(failures, asked, true);
            assert!(pauses[0] >= 30_000 && pauses[999] <= 30_000 + window, "{pauses:?}");
            assert!(pauses[900] - pauses[100] > window / 2, "{pauses:?}");
        }
        let longest = pauses(0, Some(Millis(u64::MAX)), true);
        assert!(longest[999] <= LONGEST_ASKED + LONGEST, "{longest:?}");
    }

    #[test]
    fn a_request_that_may_be_under_way_still_is_given_its_time() {
        assert!(pauses(0, Some(Millis(20_000)), false)[0] >= 20_250);
        assert!(pauses(5, Some(Millis(20_000)), false)[999] <= 20_000 + LONGEST);
    }

    #[test]
    fn what_the_server_asked_for_is_kept_even_when_the_network_returns() {
        let mut random = Random::new(7);
        let mut backoff = Backoff::default();
        backoff.fail(Millis(0), Some(Millis(30_000)), true, &mut random);
        backoff.hint(Millis(10));
        let until = backoff.until().unwrap();
        assert!((30_000..=60_000).contains(&until.0));
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
