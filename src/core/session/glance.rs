//! What an onlooker may know of a session: neither a token nor whose it is.

use super::super::record::low;
use super::turn::{Outcome, Stage};
use super::{EndReason, Generation, Millis, Operation, Problem, Session, Status, TicketId};

/// What a turn waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum Doing {
    /// There is no turn.
    Nothing,
    /// The lock.
    Locking,
    /// Another tab's token.
    Wanting,
    /// The cookie of a request whose tab went away.
    Settling,
    /// The stamp that says that a request goes out.
    Announcing,
    /// The answer.
    Asking,
    /// The stamp that follows.
    Stamping,
}

/// A session at one moment.
#[derive(Clone, Copy, Debug)]
pub(in crate::core) struct Glance {
    pub(in crate::core) status: Status,
    pub(in crate::core) reason: Option<EndReason>,
    /// What is wrong ([`Problem::pack`]).
    pub(in crate::core) problem: u32,
    pub(in crate::core) doing: Doing,
    pub(in crate::core) operation: Option<Operation>,
    pub(in crate::core) ticket: TicketId,
    /// When what the turn waits for was sent: the lower half of the clock.
    pub(in crate::core) sent: u32,
    /// Whether the turn repeats a request whose answer was lost.
    pub(in crate::core) repeats: bool,
    /// What the turn comes to, if to nothing good, as soon as the stamp says so.
    pub(in crate::core) outcome: u32,
    /// The generation of the present token, zero if there is none.
    pub(in crate::core) token: u32,
    /// Whether this tab has fetched it.
    pub(in crate::core) is_own: bool,
    /// At which generation the present user came.
    pub(in crate::core) epoch: Generation,
    /// How many tries have failed since the last success.
    pub(in crate::core) failures: u32,
    /// Until when nobody tries, after the last of them.
    pub(in crate::core) pause: u32,
}

impl Session {
    pub(in crate::core) fn glance(&self) -> Glance {
        let mut glance = Glance {
            status: self.state.status,
            reason: self.state.reason,
            problem: Problem::pack(self.state.problem),
            doing: Doing::Nothing,
            operation: None,
            ticket: TicketId(0),
            sent: 0,
            repeats: false,
            outcome: 0,
            token: self.stale().0,
            is_own: self.credential.as_ref().is_some_and(|held| held.is_own),
            epoch: self.epoch,
            failures: self.backoff.failures(),
            pause: low(self.backoff.until().unwrap_or_default()),
        };
        if let Some(turn) = &self.turn {
            glance.operation = Some(turn.ticket.operation);
            glance.ticket = turn.ticket.id;
            glance.sent = low(turn.sent);
            glance.repeats = turn.repeats;
            glance.doing = match turn.stage {
                Stage::Locking => Doing::Locking,
                Stage::Wanting => Doing::Wanting,
                Stage::Settling => Doing::Settling,
                Stage::Announcing => Doing::Announcing,
                Stage::Asking => Doing::Asking,
                Stage::Stamping(_) => Doing::Stamping,
            };
            glance.outcome = match turn.stage {
                Stage::Stamping(Outcome::Dead) => Problem::pack(Some(Problem::SessionEnded)),
                Stage::Stamping(Outcome::Unchanged(result)) => Problem::pack(result.err()),
                _ => 0,
            };
        }
        glance
    }

    /// Whether nothing is shown before the stamp has been read.
    pub(in crate::core) const fn is_unsure(&self) -> bool {
        self.unsure > 0
    }

    /// Whether the server has not confirmed a sign-out.
    pub(in crate::core) const fn is_signing_out(&self) -> bool {
        self.sign_out_unfinished
    }

    /// Whether the tabs of the profile share.
    pub(in crate::core) fn is_shared(&self) -> bool {
        self.policy.shared
    }

    /// Whether each tab has a session of its own, whatever else is there.
    pub(in crate::core) fn is_by_body(&self) -> bool {
        self.policy.by_body
    }

    /// When the server is asked next without anybody wanting it.
    pub(in crate::core) fn next_request(&self, now: Millis) -> Option<Millis> {
        if self.disposed || self.turn.is_some() { None } else { self.next_renewal(now) }
    }
}
