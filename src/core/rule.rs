//! The rules of the protocol that the explorer of `tests/model.rs` switches off one at a time, to see that it notices.
//!
//! Only the feature `mutations` makes [`Policy::without`](super::Policy) there; without it every rule is always kept, and
//! the question costs nothing.

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(not(feature = "mutations"), allow(unreachable_pub, reason = "asked about, never switched off"))]
pub enum Rule {
    /// Who gets the lock and finds a stamp newer than the token to be replaced asks for the token instead of refreshing.
    Compare,
    /// What a turn was to change counts only if its stamp could be written over the one that it knows.
    Fence,
    /// Who finds that the last holder went away in the middle of a request waits before it presents the cookie.
    Orphan,
    /// A request is sent only if the stamp that announces it was written just now: a tab that was frozen meanwhile may
    /// have been robbed of the lock.
    Prompt,
    /// The lock is freed when the stamp says that the request has ended, not before.
    LastWord,
    /// An answer to a request that was sent at an older generation changes nothing.
    LateAnswer,
    /// A call made as one user is not sent as another.
    Identity,
    /// A sign-out leaves its mark in the stamp at once, before it waits for the lock.
    Mark,
    /// A sign-out's request is sent under the lock.
    SignOutLock,
    /// A sign-out that was to be finished is not sent when it has been finished since.
    SignOutOnce,
    /// A session is ended as dead only if nobody has renewed it meanwhile.
    Dead,
    /// Another tab's token is taken when the stamp has been read since it came.
    Offer,
    /// A token of an older generation than the newest that is known of is not taken from another tab.
    Stale,
}
