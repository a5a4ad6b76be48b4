//! Why the session is as it is, as one name from a closed list and a few numbers.

use super::{Doing, Glance, LATELY, NONE, Recorder, Session, Status, low, numbered};
#[cfg(doc)]
use crate::core::Problem;
use crate::core::{Millis, Operation};

/// [`Problem::BadCredentials`], packed, without its status.
const REFUSED: u32 = 6;

numbered! {
    /// Why the session is as it is. The names are stable.
    Reason {
        /// Nobody has asked for it yet.
        NotStarted,
        /// The module could not start; said by the JavaScript side.
        ModuleUnavailable,
        /// The page has come back from the back/forward cache, and looks what has happened meanwhile.
        PageRestored,
        /// Another tab has the lock.
        WaitingForLock,
        /// Another tab has a newer token and is asked for it.
        WaitingForToken,
        /// The last holder of the lock went away in the middle of a request, whose cookie may still come.
        WaitingForCookie,
        /// A refresh is on its way.
        Refreshing,
        /// The session's data are being read.
        ReadingSession,
        /// A sign-in is on its way.
        SigningIn,
        /// The client was disposed of.
        Disposed,
        /// By a sign-in of this tab.
        SignedInHere,
        /// By a refresh of this tab.
        RenewedHere,
        /// The same, where tabs cannot share.
        RenewedAlone,
        /// The same: another tab had a newer token and did not answer.
        RenewedUntold,
        /// By a token that another tab has fetched.
        RenewedByAnotherTab,
        /// As another user than before, who has signed in elsewhere.
        UserChanged,
        /// The token has ended; the next call renews it.
        TokenEnded,
        /// A call was refused although its token was new.
        CallRefused,
        /// A call was refused for a reason that no new token cures.
        CallNotAllowed,
        /// The browser says that it is offline.
        BrowserOffline,
        /// The server cannot be reached, or its answer was lost.
        ServerUnreachable,
        /// The server has not answered in time.
        ServerSilent,
        /// The server says: later.
        ServerBusy,
        /// The server says: less often (429).
        TooManyRequests,
        /// The answer is not what the contract says.
        BadAnswer,
        /// It is a page.
        PageInstead,
        /// It is a redirect.
        Redirected,
        /// It brings the token that was refused.
        RefusedTokenAgain,
        /// The server refuses the request itself.
        Misconfigured,
        /// The server knows of no session.
        NoSession,
        /// The server has refused the refresh token.
        RefreshRefused,
        /// It has refused it at the first refresh after a sign-in: the cookie was not kept, most likely.
        FirstRefreshRefused,
        /// It has refused it after an answer that was lost, which may have replaced it.
        RefusedAfterLostAnswer,
        /// Another tab has found that the session is over.
        EndedInAnotherTab,
        /// This tab has signed out.
        SignedOutHere,
        /// Another tab has.
        SignedOutInAnotherTab,
        /// Signed out, and the server has not confirmed it.
        SignOutUnfinished,
        /// The credentials were refused.
        SignInRefused,
        /// A sign-in has failed on its way.
        SignInFailed,
    }
}

/// Why the session is as it is, and what happens next. Spans are in milliseconds, [`NONE`] where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Why.
    pub reason: Reason,
    /// The status that says so, zero if none does.
    pub status: u32,
    /// For how long this tab has had its token.
    pub had: u32,
    /// What is left of that.
    pub left: u32,
    /// When it is to be renewed.
    pub due: u32,
    /// When the server is asked next, if nobody asks for anything.
    pub next: u32,
    /// What went wrong last, be it over or not ([`Problem::pack`]).
    pub problem: u32,
    /// How long ago that began.
    pub ago: u32,
    /// How often this tab has tried again.
    pub retries: u32,
    /// Whether something has succeeded since.
    pub recovered: bool,
}

impl Recorder {
    /// Why the session is as it is. `is_online`: what the browser says of its network.
    #[must_use]
    pub fn explain(&self, session: &Session, now: Millis, is_online: bool) -> Explanation {
        let glance = session.glance();
        let (reason, status) = self.reason(&glance, session, now, is_online);
        let expiry = session.expiry();
        let until = |time: Option<Millis>| time.map_or(NONE, |time| low(time.since(now)));
        Explanation {
            reason,
            status,
            had: if glance.token > 0 { low(now).wrapping_sub(self.since) } else { NONE },
            left: until(expiry.map(|expiry| expiry.end)),
            due: until(expiry.map(|expiry| expiry.due)),
            next: until(session.next_request(now)),
            problem: self.problem,
            ago: low(now).wrapping_sub(self.problem_at),
            retries: self.retries,
            recovered: self.recovered,
        }
    }

    fn reason(&self, glance: &Glance, session: &Session, now: Millis, is_online: bool) -> (Reason, u32) {
        let enters = matches!(glance.operation, Some(Operation::SignIn | Operation::Exchange));
        let is_out = glance.status == Status::Unauthenticated;
        let refused = self.refused_at.filter(|at| low(now).wrapping_sub(*at) < LATELY);
        let reason = match (glance.doing, glance.operation) {
            _ if session.is_disposed() => Reason::Disposed,
            _ if session.is_unsure() => Reason::PageRestored,
            _ if is_out && session.is_signing_out() => Reason::SignOutUnfinished,
            _ if enters && (is_out || glance.problem == 0) => Reason::SigningIn,
            _ if is_out && self.sign_in == 0 => return self.ended,
            _ if is_out => {
                let is_refused = self.sign_in & 255 == REFUSED;
                return (if is_refused { Reason::SignInRefused } else { Reason::SignInFailed }, self.sign_in >> 8);
            }
            _ if glance.problem != 0 => return (self.reason_of(glance.problem, is_online), glance.problem >> 8),
            (Doing::Locking, _) => Reason::WaitingForLock,
            (Doing::Wanting, _) => Reason::WaitingForToken,
            (Doing::Settling, _) => Reason::WaitingForCookie,
            (_, Some(Operation::Refresh)) => Reason::Refreshing,
            (_, Some(Operation::ReadSession)) => Reason::ReadingSession,
            _ if glance.status == Status::Loading => Reason::NotStarted,
            _ if refused.is_some() => self.refused,
            _ if session.usable(now).is_none() => Reason::TokenEnded,
            _ if self.origin == Reason::RenewedHere && !session.is_shared() && !session.is_by_body() => {
                Reason::RenewedAlone
            }
            _ => self.origin,
        };
        (reason, 0)
    }

    fn reason_of(&self, problem: u32, is_online: bool) -> Reason {
        match (problem & 255, problem >> 8) {
            (1, _) if !is_online => Reason::BrowserOffline,
            (1, _) => Reason::ServerUnreachable,
            (2, _) => Reason::ServerSilent,
            (3, 429) => Reason::TooManyRequests,
            (3, _) => Reason::ServerBusy,
            (5, _) => Reason::Misconfigured,
            (_, 0) => Reason::Redirected,
            _ => self.answer.0,
        }
    }
}
