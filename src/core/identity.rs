//! Who and since when: generations and identities, neither of which holds a secret.

use core::num::NonZeroU64;

/// Counts the credential changes (sign-in, refresh, sign-out) of a session.
///
/// Zero means that nothing has been learned yet. It stays below 2^26, so that it packs beside an [`Attempt`]'s flags
/// into the 32 bits that cross to JavaScript; at one refresh a second that is two years in one page.
///
/// [`Attempt`]: super::Attempt
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);

impl Generation {
    /// The largest generation; a session that reaches it stays there.
    pub const MAX: Self = Self((1 << 26) - 1);

    /// The generation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 < Self::MAX.0 { Self(self.0 + 1) } else { self }
    }
}

/// Tells users apart without telling who they are: a 64-bit FNV-1a digest of the session's user id.
///
/// It is no secret and no proof. It is compared, never sent to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(pub NonZeroU64);

impl Identity {
    /// The identity of the user with this id.
    #[must_use]
    pub fn of(user_id: &str) -> Self {
        let mut digest = 0xcbf2_9ce4_8422_2325_u64;
        for byte in user_id.bytes() {
            digest = (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self(NonZeroU64::new(digest).unwrap_or(NonZeroU64::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_users_have_two_identities() {
        assert_ne!(Identity::of("1"), Identity::of("2"));
        assert_eq!(Identity::of("1"), Identity::of("1"));
    }

    #[test]
    fn the_last_generation_stays() {
        assert_eq!(Generation::MAX.next(), Generation::MAX);
        assert_eq!(Generation(1).next(), Generation(2));
    }
}
