//! Time as the machines see it: a number that is passed in.
//!
//! Nothing in the core reads a clock. The shell passes milliseconds of a monotonic clock whose zero has no meaning, so
//! a local clock that is wrong by hours can cost a round trip and never a session.

use core::num::NonZeroU32;
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

/// A span that a server has asked for, up to 49 days. A quarter of the size of `Option<Millis>` where there may be none:
/// problems are handed about a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wait(NonZeroU32);

impl Wait {
    /// The span; a longer one is as long as it can be.
    #[must_use]
    pub fn new(span: Millis) -> Self {
        // One more, so that there may be none to wait.
        let more = u32::try_from(span.0).unwrap_or(u32::MAX).saturating_add(1);
        Self(NonZeroU32::new(more).unwrap_or(NonZeroU32::MAX))
    }

    /// How long it is.
    #[must_use]
    pub const fn span(self) -> Millis {
        Millis(self.0.get() as u64 - 1)
    }
}

impl Add for Millis {
    type Output = Self;

    fn add(self, rhs: Self) -> Self {
        Self(self.0 + rhs.0)
    }
}
