//! Stamps and messages in the form in which tabs exchange them: numbers, and a token where one was asked for.
//!
//! The form is part of the name under which tabs meet (`relatch:1:…`): a change of it is a new name, so that two
//! versions of relatch in one profile are deaf to each other. They share the lock all the same. JavaScript passes these numbers on and looks at none but the
//! first, the generation.

use core::num::NonZeroU64;

use super::identity::{Generation, Identity};
use super::problem::Problem;
use super::secret::Secret;
use super::stamp::{Found, Message, Pause, Stamp, Standing};
use super::time::{Millis, Wait};

/// What says what a message is.
pub mod kind {
    /// [`Message::Moved`](super::Message::Moved).
    pub const MOVED: u32 = 0;
    /// [`Message::Want`](super::Message::Want).
    pub const WANT: u32 = 1;
    /// [`Message::Give`](super::Message::Give).
    pub const GIVE: u32 = 2;
    /// [`Message::Stole`](super::Message::Stole).
    pub const STOLE: u32 = 3;
    /// [`Message::Gone`](super::Message::Gone).
    pub const GONE: u32 = 4;
}

/// How many numbers a stamp is.
pub const STAMP_LENGTH: usize = 10;

/// How many numbers a stamp is with what stands beside it.
pub const RECORD_LENGTH: usize = STAMP_LENGTH + 6;

/// Where the pause stands in it.
const PAUSE: core::ops::Range<usize> = STAMP_LENGTH + 1..STAMP_LENGTH + 5;

/// The longest pause that is believed; a longer one tells that the clock was moved.
const LONGEST_PAUSE: f64 = 2.0 * 3_600_000.0;

/// The longest life of a token, in milliseconds: a year and a day.
const LONGEST_LIFE: f64 = 366.0 * 24.0 * 3_600_000.0;

/// A stamp as numbers: generation, epoch, whether there is an identity, its halves, standing, asking, asked, the key's halves.
#[must_use]
pub fn write(stamp: &Stamp) -> [f64; STAMP_LENGTH] {
    let identity = stamp.identity.map_or(0, |identity| identity.0.get());
    let standing = match stamp.standing {
        Standing::SignedIn => 0,
        Standing::Expired => 1,
        Standing::SigningOut => 2,
        Standing::SignedOut => 3,
    };
    let (high, low) = halves(identity);
    let (key_high, key_low) = halves(stamp.key);
    let numbers = [
        stamp.generation.0,
        stamp.epoch.0,
        stamp.identity.is_some().into(),
        high,
        low,
        standing,
        stamp.is_asking.into(),
        stamp.asked,
        key_high,
        key_low,
    ];
    numbers.map(f64::from)
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 64 bits")]
const fn halves(whole: u64) -> (u32, u32) {
    ((whole >> 32) as u32, whole as u32)
}

const fn join(high: u32, low: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

/// The stamp that these numbers are; `None` if they are none.
#[must_use]
pub fn read(numbers: &[f64]) -> Option<Stamp> {
    let mut whole = [0; STAMP_LENGTH];
    if numbers.len() != whole.len() {
        return None;
    }
    for (place, number) in whole.iter_mut().zip(numbers) {
        *place = to_whole(*number)?;
    }
    let [generation, epoch, _, high, low, standing, is_asking, asked, key_high, key_low] = whole;
    if generation > Generation::MAX.0 || epoch > generation {
        return None;
    }
    Some(Stamp {
        generation: Generation(generation),
        epoch: Generation(epoch),
        identity: NonZeroU64::new(join(high, low)).map(Identity),
        standing: match standing {
            0 => Standing::SignedIn,
            1 => Standing::Expired,
            2 => Standing::SigningOut,
            3 => Standing::SignedOut,
            _ => return None,
        },
        is_asking: is_asking == 1,
        asked,
        key: join(key_high, key_low),
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared with what it was")]
fn to_whole(number: f64) -> Option<u32> {
    let whole = number as u32;
    (f64::from(whole).to_bits() == number.to_bits()).then_some(whole)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float's cast saturates")]
const fn to_millis(number: f64) -> Millis {
    Millis(number as u64)
}

/// What is kept: the stamp, when it is written by the wall clock (in milliseconds), and the pause: its end, what
/// failed, with which status, and whether the server asked for it; at last the token's end. A pause or a token that ends at zero is none.
#[must_use]
pub fn write_record(stamp: &Stamp, pause: Option<Pause>, left: Option<Millis>, wall: f64) -> [f64; RECORD_LENGTH] {
    let mut numbers = [0.0; RECORD_LENGTH];
    if let Some(first) = numbers.first_chunk_mut() {
        *first = write(stamp);
    }
    numbers[STAMP_LENGTH] = wall;
    if let Some(Pause { problem, left, is_asked }) = pause {
        let kind = match problem {
            Problem::Network => 0,
            Problem::Timeout => 1,
            Problem::TryLater { .. } => 2,
            Problem::Misconfigured { .. } => 3,
            _ => 4,
        };
        #[expect(clippy::cast_precision_loss, reason = "a year of milliseconds fits")]
        let until = wall + left.0 as f64;
        numbers[STAMP_LENGTH + 1] = until;
        numbers[STAMP_LENGTH + 2] = kind.into();
        numbers[STAMP_LENGTH + 3] = problem.status().unwrap_or(0).into();
        numbers[STAMP_LENGTH + 4] = u8::from(is_asked).into();
    }
    if let Some(left) = left {
        #[expect(clippy::cast_precision_loss, reason = "a year of milliseconds fits")]
        let end = wall + left.0 as f64;
        numbers[STAMP_LENGTH + 5] = end;
    }
    numbers
}

/// What was kept, at this moment of the wall clock. A clock that was moved can cost a pause, or a refresh too many, and nothing else.
#[must_use]
pub fn found(numbers: &[f64], wall: f64, is_own: bool) -> Option<Found> {
    let stamp = read(numbers.get(..STAMP_LENGTH)?)?;
    let written = numbers.get(STAMP_LENGTH).copied().unwrap_or(f64::NAN);
    let age = if written <= wall { to_millis(wall - written) } else { Millis(u64::MAX) };
    let pause = numbers.get(PAUSE).and_then(|numbers| read_pause(numbers, wall));
    let end = numbers.get(PAUSE.end).copied().unwrap_or_default();
    Some(Found { stamp, is_own, age, pause, has_ended: end > 0.0 && end <= wall })
}

fn read_pause(numbers: &[f64], wall: f64) -> Option<Pause> {
    let &[until, kind, status, is_asked] = numbers else { return None };
    let left = until - wall;
    if !(left > 0.0 && left <= LONGEST_PAUSE) {
        return None;
    }
    let left = to_millis(left);
    let status = u16::try_from(to_whole(status)?).ok()?;
    let is_asked = to_whole(is_asked)? == 1;
    let problem = match to_whole(kind)? {
        0 => Problem::Network,
        1 => Problem::Timeout,
        2 => Problem::TryLater { status, retry_after: is_asked.then(|| Wait::new(left)) },
        3 => Problem::Misconfigured { status },
        _ => Problem::BadResponse { status },
    };
    Some(Pause { problem, left, is_asked })
}

/// The message that came; `None` if it is none of ours (OWASP ASVS 3.5.5: messages are checked before they are used).
#[must_use]
pub fn message(kind: u32, stamp: &[f64], bearer: Option<String>, left: Option<f64>) -> Option<Message> {
    let left = left.map(|left| to_millis(left.min(LONGEST_LIFE)));
    Some(match (kind, stamp, bearer) {
        (kind::MOVED, stamp, None) => Message::Moved(read(stamp)?),
        (kind::WANT, &[generation], None) => Message::Want(Generation(to_whole(generation)?)),
        (kind::GONE, &[generation], None) => Message::Gone(Generation(to_whole(generation)?)),
        (kind::GIVE, stamp, Some(bearer)) => Message::Give { stamp: read(stamp)?, bearer: Secret::new(bearer), left },
        (kind::STOLE, [], None) => Message::Stole,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Stamp {
        Stamp {
            generation: Generation(7),
            epoch: Generation(3),
            identity: Some(Identity::of("ada")),
            standing: Standing::SigningOut,
            is_asking: true,
            asked: 9,
            key: u64::MAX - 5,
        }
    }

    #[test]
    fn a_stamp_comes_back_as_it_was() {
        for standing in [Standing::SignedIn, Standing::Expired, Standing::SigningOut, Standing::SignedOut] {
            for identity in [None, Some(Identity(NonZeroU64::MIN)), Some(Identity(NonZeroU64::MAX))] {
                let stamp = Stamp { identity, standing, ..stamp() };
                assert_eq!(read(&write(&stamp)), Some(stamp));
            }
        }
    }

    #[test]
    fn what_is_no_stamp_is_none() {
        let numbers = write(&stamp());
        for (at, wrong) in [(0, f64::from(u32::MAX)), (0, 1.5), (0, -1.0), (0, f64::NAN), (1, 8.0), (5, 4.0)] {
            let mut numbers = numbers;
            numbers[at] = wrong;
            assert_eq!(read(&numbers), None, "{numbers:?}");
        }
        assert_eq!(read(&numbers[..7]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn a_token_comes_with_an_answer_only() {
        let numbers = write(&stamp());
        let token = || Some("Bearer x".to_owned());
        assert_eq!(message(kind::MOVED, &numbers, None, None), Some(Message::Moved(stamp())));
        assert_eq!(message(kind::MOVED, &numbers, token(), None), None);
        assert_eq!(message(kind::WANT, &[4.0], None, None), Some(Message::Want(Generation(4))));
        assert_eq!(message(kind::GIVE, &numbers, None, None), None);
        assert!(matches!(
            message(kind::GIVE, &numbers, token(), Some(-5.0)),
            Some(Message::Give { left: Some(Millis(0)), .. })
        ));
        assert_eq!(message(9, &numbers, None, None), None);
    }

    #[test]
    fn a_record_comes_back_with_its_age_and_its_pause() {
        let problems = [
            (Problem::Network, false),
            (Problem::Timeout, false),
            (Problem::TryLater { status: 429, retry_after: Some(Wait::new(Millis(3_000))) }, true),
            (Problem::TryLater { status: 503, retry_after: None }, false),
            (Problem::Misconfigured { status: 404 }, true),
            (Problem::BadResponse { status: 200 }, false),
        ];
        for (problem, is_asked) in problems {
            let record = write_record(&stamp(), Some(Pause { problem, left: Millis(4_000), is_asked }), None, 1e12);
            let pause = Some(Pause { problem, left: Millis(3_000), is_asked });
            let expected = Found { stamp: stamp(), is_own: true, age: Millis(1_000), pause, has_ended: false };
            assert_eq!(found(&record, 1e12 + 1_000.0, true), Some(expected));
            assert_eq!(found(&record, 1e12 + 4_000.0, true).and_then(|found| found.pause), None, "over");
            let moved = found(&record, 0.0, false).unwrap();
            assert_eq!((moved.age, moved.pause), (Millis(u64::MAX), None), "a clock that was moved back");
        }
        let of_a_token = write_record(&stamp(), None, Some(Millis(60_000)), 1e12);
        let has_ended = |wall| found(&of_a_token, wall, false).unwrap().has_ended;
        assert_eq!([1e12, 1e12 + 59_999.0, 1e12 + 60_000.0].map(has_ended), [false, false, true]);
        assert!(!found(&of_a_token[..RECORD_LENGTH - 1], 2e12, false).unwrap().has_ended, "of another version");
        let plain = write_record(&stamp(), None, None, 5.0);
        assert_eq!(found(&plain, 5.0, false), Some(Found::just_now(stamp())));
        assert_eq!(found(&plain[..7], 5.0, false), None);
        assert_eq!(found(&write(&stamp()), 5.0, false).unwrap().age, Millis(u64::MAX), "of unknown age");
    }
}
