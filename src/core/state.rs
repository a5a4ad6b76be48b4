//! What an application sees of a session.

use super::problem::Problem;

/// The published state. It changes only when something a reader can see has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Whether somebody is signed in.
    pub status: Status,
    /// How far `status` can be trusted.
    pub freshness: Freshness,
    /// Why nobody is signed in.
    pub reason: Option<EndReason>,
    /// What went wrong last, until something succeeds.
    pub problem: Option<Problem>,
    /// Whether a refresh is on its way. It never turns `Authenticated` into `Loading`.
    pub refreshing: bool,
}

/// Whether somebody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not known yet.
    Loading,
    /// Somebody is.
    Authenticated,
    /// Nobody is.
    Unauthenticated,
}

/// How far the status can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Freshness {
    /// The last exchange with the server succeeded.
    Fresh,
    /// The server could not say: it is busy, or answers with something else.
    Stale,
    /// The server could not be reached.
    Offline,
}

/// Why nobody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// There was no session to begin with.
    None,
    /// The refresh token is dead: expired, revoked, or used by somebody else.
    Expired,
    /// `signOut()`.
    SignedOut,
}

impl State {
    pub(super) const fn initial() -> Self {
        Self { status: Status::Loading, freshness: Freshness::Fresh, reason: None, problem: None, refreshing: false }
    }
}
