//! What the tabs of a browser profile know in common, and what they say to each other.
//!
//! The stamp is kept where the next holder of the lock is sure to see it. It holds no secret. Everything else that tabs
//! say is a hint: it is acted on after the stamp has been read again, but for a token, which comes only to who has asked for it or
//! waits for the lock.

use super::identity::{Generation, Identity};
use super::problem::Problem;
use super::secret::Secret;
use super::time::Millis;

/// The newest generation of the profile, and what it stands for.
///
/// It changes by compare-and-set: a tab writes the successor of the stamp that it knows, and fails if that is no longer
/// the one that stands. That is the fence: a tab that was frozen, or robbed of the lock, cannot commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Counts the credential changes of the profile.
    pub generation: Generation,
    /// The generation at which the present user, or nobody, came.
    pub epoch: Generation,
    /// The present user.
    pub identity: Option<Identity>,
    /// What became of the session.
    pub standing: Standing,
    /// Whether a request that changes the cookie is under way. Found by the next holder of the lock, it tells that the
    /// last one went away in the middle, and that its answer may still be on its way to the cookie jar.
    pub is_asking: bool,
    /// Counts those requests, so that no two of them are the same stamp.
    pub asked: u32,
    /// The `Idempotency-Key` of a refresh whose answer has not been seen, zero if there is none: who presents the same
    /// cookie again sends the same key.
    pub key: u64,
}

/// What stands in the store: a stamp, and hints beside it that nothing correct depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// The stamp.
    pub stamp: Stamp,
    /// Whether this tab wrote it itself, perhaps as an earlier page.
    pub is_own: bool,
    /// How long ago it was written, by the wall clock.
    pub age: Millis,
    /// How the last try ended, if nobody is to try again yet.
    pub pause: Option<Pause>,
    /// Whether the token that it tells of has ended, by the wall clock: no tab has one then.
    pub has_ended: bool,
}

impl Found {
    /// A stamp that another tab has written this moment.
    #[must_use]
    pub const fn just_now(stamp: Stamp) -> Self {
        Self { stamp, is_own: false, age: Millis(0), pause: None, has_ended: false }
    }
}

/// A failed try, as all tabs are to know it: none of them asks the server before it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pause {
    /// What failed.
    pub problem: Problem,
    /// How much longer nobody is to try.
    pub left: Millis,
    /// Whether the server asked for it, so that even a network that returns does not end it.
    pub is_asked: bool,
}

/// What became of a profile's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Somebody is signed in.
    SignedIn,
    /// The refresh token is dead.
    Expired,
    /// Signed out here; the server has not confirmed yet.
    SigningOut,
    /// Signed out.
    SignedOut,
}

/// What one tab says to the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// The stamp has changed; of the generation that is known already, that the lock goes on, so that who waits for it waits
    /// anew. Unasked, so it holds no token and no user.
    Moved(Stamp),
    /// The lock was taken by force: who waits for it waits anew.
    Stole,
    /// Who has a token of this generation or of a newer one?
    Want(Generation),
    /// The page that fetched the token of this generation goes away.
    Gone(Generation),
    /// The answer to that.
    Give {
        /// What the token belongs to.
        stamp: Stamp,
        /// The token, as a header.
        bearer: Secret,
        /// What is left of its life, if that is known.
        left: Option<Millis>,
    },
}
