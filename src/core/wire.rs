//! Stamps and messages in the form in which tabs exchange them: numbers, and a token where one was asked for.
//!
//! The form is part of the name under which tabs meet (`relatch:1:…`): a change of it is a new name, so that two
//! versions of relatch in one profile ignore each other.

use super::identity::{Generation, Identity};
use super::secret::Secret;
use super::stamp::{Message, Stamp, Standing};
use super::time::Millis;

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
}

/// A stamp as numbers: generation, epoch, whether there is an identity, its halves, standing, asking, asked.
#[expect(clippy::cast_possible_truncation, reason = "the halves of 64 bits")]
#[must_use]
pub fn write(stamp: &Stamp) -> Vec<u32> {
    let identity = stamp.identity.map_or(0, |identity| identity.0);
    let standing = match stamp.standing {
        Standing::SignedIn => 0,
        Standing::Expired => 1,
        Standing::SigningOut => 2,
        Standing::SignedOut => 3,
    };
    vec![
        stamp.generation.0,
        stamp.epoch.0,
        stamp.identity.is_some().into(),
        (identity >> 32) as u32,
        identity as u32,
        standing,
        stamp.is_asking.into(),
        stamp.asked,
    ]
}

/// The stamp that these numbers are; `None` if they are none.
#[must_use]
pub fn read(numbers: &[u32]) -> Option<Stamp> {
    let &[generation, epoch, has_identity, high, low, standing, is_asking, asked] = numbers else { return None };
    if generation > Generation::MAX.0 || epoch > generation {
        return None;
    }
    Some(Stamp {
        generation: Generation(generation),
        epoch: Generation(epoch),
        identity: (has_identity == 1).then_some(Identity(u64::from(high) << 32 | u64::from(low))),
        standing: match standing {
            0 => Standing::SignedIn,
            1 => Standing::Expired,
            2 => Standing::SigningOut,
            3 => Standing::SignedOut,
            _ => return None,
        },
        is_asking: is_asking == 1,
        asked,
    })
}

/// The message that came; `None` if it is none of ours (OWASP ASVS 3.5.5: messages are checked before they are used).
#[must_use]
pub fn message(kind: u32, stamp: &[u32], bearer: Option<String>, left: Option<f64>) -> Option<Message> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float's cast saturates")]
    let left = left.map(|left| Millis(left as u64));
    Some(match (kind, stamp, bearer) {
        (kind::MOVED, stamp, None) => Message::Moved(read(stamp)?),
        (kind::WANT, &[generation], None) => Message::Want(Generation(generation)),
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
        }
    }

    #[test]
    fn a_stamp_comes_back_as_it_was() {
        for standing in [Standing::SignedIn, Standing::Expired, Standing::SigningOut, Standing::SignedOut] {
            for identity in [None, Some(Identity(0)), Some(Identity(u64::MAX))] {
                let stamp = Stamp { identity, standing, ..stamp() };
                assert_eq!(read(&write(&stamp)), Some(stamp));
            }
        }
    }

    #[test]
    fn what_is_no_stamp_is_none() {
        let numbers = write(&stamp());
        for (at, wrong) in [(0, u32::MAX), (1, 8), (5, 4)] {
            let mut numbers = numbers.clone();
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
        assert_eq!(message(kind::WANT, &[4], None, None), Some(Message::Want(Generation(4))));
        assert_eq!(message(kind::GIVE, &numbers, None, None), None);
        assert!(matches!(
            message(kind::GIVE, &numbers, token(), Some(-5.0)),
            Some(Message::Give { left: Some(Millis(0)), .. })
        ));
        assert_eq!(message(9, &numbers, None, None), None);
    }
}
