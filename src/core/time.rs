//! Time as the machines see it: a number that is passed in.
//!
//! Nothing in the core reads a clock. The shell passes milliseconds of a monotonic clock whose zero has no meaning, so
//! a local clock that is wrong by hours can cost a round trip and never a session.

use core::ops::Add;

/// A point in time, or a span, in milliseconds of the shell's monotonic clock.
///
/// A sum does not overflow: what a server or another tab says is bounded where it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// The span from `earlier` to `self`, zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }
}

impl Add for Millis {
    type Output = Self;

    fn add(self, rhs: Self) -> Self {
        Self(self.0 + rhs.0)
    }
}
