//! What went wrong, as data. Sentences are made where a person reads them.

use super::time::Wait;

/// Why an operation or a waiting call did not get what it wanted.
///
/// The codes ([`Problem::code`]) are stable: an application may match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// The request could not be sent, or its answer was lost.
    Network,
    /// No answer within the contract's `timeoutMs`.
    Timeout,
    /// The server said: later (408, 425, 429, 5xx).
    TryLater {
        /// The status it said so with.
        status: u16,
        /// The span it asked for, if it did.
        retry_after: Option<Wait>,
    },
    /// The answer is not what the contract says: a page instead of JSON, no token, a redirect.
    BadResponse {
        /// The status of that answer; 0 for a redirect.
        status: u16,
    },
    /// The server refused the *request*, not the session (404, 405, 415, `invalid_client`): the contract is wrong.
    Misconfigured {
        /// The status it refused with.
        status: u16,
    },
    /// Sign-in was refused.
    BadCredentials {
        /// The status it was refused with.
        status: u16,
    },
    /// The session ended before the call could be sent.
    SessionEnded,
    /// Somebody signed in or out since the call was made; it was not sent as another user.
    SessionChanged,
    /// The client was disposed of.
    Disposed,
}

impl Problem {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Timeout => "Timeout",
            Self::TryLater { .. } => "TryLater",
            Self::BadResponse { .. } => "BadResponse",
            Self::Misconfigured { .. } => "Misconfigured",
            Self::BadCredentials { .. } => "BadCredentials",
            Self::SessionEnded => "SessionEnded",
            Self::SessionChanged => "SessionChanged",
            Self::Disposed => "Disposed",
        }
    }

    /// The codes, in the order of their numbers.
    pub const CODES: [&'static str; 9] = [
        "Network",
        "Timeout",
        "TryLater",
        "BadResponse",
        "Misconfigured",
        "BadCredentials",
        "SessionEnded",
        "SessionChanged",
        "Disposed",
    ];

    /// Its number among [`Problem::CODES`].
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Network => 0,
            Self::Timeout => 1,
            Self::TryLater { .. } => 2,
            Self::BadResponse { .. } => 3,
            Self::Misconfigured { .. } => 4,
            Self::BadCredentials { .. } => 5,
            Self::SessionEnded => 6,
            Self::SessionChanged => 7,
            Self::Disposed => 8,
        }
    }

    /// A problem as one number, zero if there is none: one more than its own number, and its status above that.
    #[must_use]
    pub fn pack(problem: Option<Self>) -> u32 {
        problem.map_or(0, |problem| 1 + u32::from(problem.number()) + (u32::from(problem.status().unwrap_or(0)) << 8))
    }

    /// Whether the same thing, done later, may succeed without anybody changing anything.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::Network | Self::Timeout | Self::TryLater { .. } | Self::BadResponse { .. })
    }

    /// The status of the answer behind it, if there was an answer.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::TryLater { status, .. }
            | Self::BadResponse { status }
            | Self::Misconfigured { status }
            | Self::BadCredentials { status } => Some(status),
            _ => None,
        }
    }
}
