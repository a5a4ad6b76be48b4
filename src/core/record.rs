//! The flight recorder: what has happened lately, and why the session is as it is.
//!
//! It looks on and decides nothing: [`Recorder::on`] feeds the [`Session`] and notes what came of it, and
//! [`Recorder::call`] notes what becomes of a call that does not go straight through. It keeps numbers and names from closed
//! lists, so that there is nothing in it that would have to be left out of an issue: no token, no identity, no text. Its ring
//! is allocated once. [`Recorder::explain`] needs no ring: what it speaks of is kept beside it.

mod explain;
mod numbers;

use super::answer::Body;
use super::attempt::{Attempt, Step};
use super::event::{Effect, Event, Operation, TicketId};
use super::problem::Problem;
use super::session::{Doing, Glance, Session};
use super::stamp::Message;
use super::state::{EndReason, Status};
use super::time::Millis;
pub use explain::{Explanation, Reason};

/// An enumeration whose variants go to JavaScript as numbers, with the names that they have there.
macro_rules! numbered {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every variant, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The variant's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }
        }
    };
}
use numbered;

numbered! {
    /// What has happened.
    Kind {
        /// The application wants to know the session.
        Start,
        /// The application asks for an operation.
        Asked,
        /// A request has gone out.
        Sent,
        /// It was answered, or is not waited for any longer.
        Answered,
        /// This tab has a new token.
        Committed,
        /// Another tab's token was taken.
        Adopted,
        /// Another user is signed in than before.
        Changed,
        /// The session has ended.
        Ended,
        /// Somebody has signed out.
        SignedOut,
        /// Nobody asks the server for a while.
        Paused,
        /// The lock is waited for.
        LockAsked,
        /// The lock is held.
        Locked,
        /// The lock is taken from a holder that seems to be frozen.
        LockForced,
        /// Another tab has taken the lock by force.
        LockStolen,
        /// The last holder went away in the middle of a request, whose cookie is waited for.
        Orphaned,
        /// The stamp says that a request is about to go out.
        Announced,
        /// Another stamp stands than the one that was to be replaced.
        Overtaken,
        /// The other tabs are asked for their token.
        Wanted,
        /// Another tab was given the token.
        Gave,
        /// Another tab has changed the session.
        Moved,
        /// A call waits for a token.
        CallWaited,
        /// It goes after its wait.
        CallSent,
        /// It was refused with a status that asks for a new token.
        CallRefused,
        /// It goes again.
        CallRetried,
        /// The refusal is the caller's answer.
        CallReturned,
        /// It failed.
        CallFailed,
        /// It was made as another user.
        CallChanged,
        /// The page is shown.
        Visible,
        /// The page is hidden.
        Hidden,
        /// The network is said to be back.
        Online,
        /// The page has come back from the back/forward cache.
        Restored,
        /// The page goes away.
        Leaving,
        /// A timer has done something.
        Timer,
        /// The client was disposed of.
        Disposed,
    }
}

/// What stands where there is nothing.
pub const NONE: u32 = u32::MAX;
/// How long a call that was refused for good is what a session has to say, in milliseconds.
const LATELY: u32 = 60_000;
/// [`Problem::SessionEnded`], packed.
const DEAD: u32 = 7;

/// One thing that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When, in milliseconds: the lower half of the clock.
    pub at: u32,
    /// What: the number of its [`Kind`], and above the lowest byte one more than that of its operation, if it is of one.
    pub what: u32,
    /// What went wrong ([`Problem::pack`]), of an answer, a pause and a call's end; else the generation that it is about, zero if
    /// none.
    pub about: u32,
    /// How long it took, how long it lasts, what is left; or the call that it is about.
    pub span: u32,
}

impl Record {
    /// What has happened.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        Kind::ALL.get(self.what as usize & 255).copied()
    }
}

/// Records what a session does.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct Recorder {
    ring: Vec<Record>,
    length: usize,
    /// How many records there have been.
    count: u32,
    now: u32,
    /// Of which operation the next record is.
    operation: Option<Operation>,
    /// How the present token came.
    origin: Reason,
    /// When it came.
    since: u32,
    /// Whether another user has come, of whom there is no token yet.
    is_other: bool,
    /// Whether another tab has written the stamp that this turn has found.
    is_others: bool,
    /// Whether that tab was asked for its token.
    has_wanted: bool,
    /// Why nobody is signed in, and the status that says so.
    ended: (Reason, u32),
    /// What is wrong with the last answer, if it is not what was agreed, and its status.
    answer: (Reason, u32),
    /// How the last sign-in has failed ([`Problem::pack`]).
    sign_in: u32,
    /// What went wrong last ([`Problem::pack`]).
    problem: u32,
    /// Since when.
    problem_at: u32,
    /// How often it was tried again.
    retries: u32,
    /// Whether something has succeeded since.
    recovered: bool,
    /// What was wrong with a call that was refused for good.
    refused: Reason,
    refused_at: Option<u32>,
}

impl Recorder {
    /// A recorder that holds this many records; none if zero.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self {
            ring: Vec::with_capacity(length),
            length,
            count: 0,
            now: 0,
            operation: None,
            origin: Reason::RenewedHere,
            since: 0,
            is_other: false,
            is_others: false,
            has_wanted: false,
            ended: (Reason::NoSession, 0),
            answer: (Reason::BadAnswer, 0),
            sign_in: 0,
            problem: 0,
            problem_at: 0,
            retries: 0,
            recovered: true,
            refused: Reason::CallRefused,
            refused_at: None,
        }
    }

    /// How many records there have been, of which the ring has the newest.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The record that is counted so, if it is still there.
    #[must_use]
    pub fn record(&self, number: u32) -> Option<&Record> {
        self.ring.get(number as usize % self.length.max(1))
    }

    /// Which record is the oldest that is left.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "no ring is that long")]
    pub fn first(&self) -> u32 {
        self.count.wrapping_sub(self.ring.len() as u32)
    }

    #[inline(never)]
    fn push(&mut self, kind: Kind, about: u32, span: u32) {
        let what = kind as u32 | self.operation.map_or(0, |operation| 1 + operation as u32) << 8;
        let record = Record { at: self.now, what, about, span };
        let place = self.count as usize % self.length.max(1);
        if self.ring.len() < self.length {
            self.ring.push(record);
        } else if let Some(oldest) = self.ring.get_mut(place) {
            *oldest = record;
        }
        self.count = self.count.wrapping_add(1);
    }

    /// Feeds the session, and notes what came of it.
    #[must_use]
    pub fn on(&mut self, session: &mut Session, now: Millis, event: Event) -> Vec<Effect> {
        self.now = low(now);
        let before = session.glance();
        let (kind, ticket, about) = self.see(&event);
        let is_of_others =
            matches!(event, Event::Locked(..) | Event::Stamped(_, Err(_)) | Event::Heard(_) | Event::StampRead(_));
        self.operation = if let Event::Asked(_, operation) = event { Some(operation) } else { before.operation };
        let effects = session.on(now, event);
        let after = session.glance();
        if let Some(kind) = kind {
            self.note_event(kind, ticket, about, &before, &after, &effects);
        }
        self.operation = after.operation;
        self.note_effects(&before, &after, &effects);
        self.operation = before.operation;
        self.note_session(is_of_others, &before, &after, session);
        effects
    }

    /// Notes that a call was answered with a status that asks for a new token. `is_curable`: the answer does not say that no
    /// token would do.
    pub fn refused(&mut self, now: Millis, call: u32, status: u16, is_curable: bool) {
        self.now = low(now);
        self.operation = None;
        self.push(Kind::CallRefused, u32::from(status) << 8, call);
        if !is_curable {
            self.refused = Reason::CallNotAllowed;
            self.refused_at = Some(self.now);
        }
    }

    /// Notes what becomes of a call that does not go at once.
    pub fn call(&mut self, now: Millis, call: u32, attempt: Attempt, step: Step) {
        self.now = low(now);
        self.operation = None;
        let mut about = attempt.generation().0;
        let kind = match step {
            Step::Wait => Kind::CallWaited,
            Step::Send(_) if attempt.is_refused() => Kind::CallRetried,
            Step::Send(_) | Step::SendBare => Kind::CallSent,
            Step::Deliver => {
                if attempt.is_spent() {
                    self.refused = Reason::CallRefused;
                    self.refused_at = Some(self.now);
                }
                Kind::CallReturned
            }
            Step::Fail(problem) => {
                about = Problem::pack(Some(problem));
                if problem == Problem::SessionChanged { Kind::CallChanged } else { Kind::CallFailed }
            }
        };
        self.push(kind, about, call);
    }

    /// What is kept of an event, which the session takes: what it is, which request it answers, and the generation that it is
    /// about.
    fn see(&mut self, event: &Event) -> (Option<Kind>, Option<TicketId>, u32) {
        let kind = match event {
            Event::Start => Kind::Start,
            Event::Asked(..) => Kind::Asked,
            Event::Answered(ticket, outcome) => {
                self.answer = (Reason::BadAnswer, 0);
                if let Ok(answer) = outcome {
                    self.answer.1 = answer.status.into();
                    self.answer.0 = match &answer.body {
                        Body::Html => Reason::PageInstead,
                        Body::Json(fields) if fields.access_token.is_some() => Reason::RefusedTokenAgain,
                        _ => Reason::BadAnswer,
                    };
                }
                return (Some(Kind::Answered), Some(*ticket), 0);
            }
            Event::Locked(_, found) => {
                self.is_others = found.is_some_and(|found| !found.is_own);
                Kind::Locked
            }
            Event::Stamped(_, Err(_)) => Kind::Overtaken,
            Event::Heard(Message::Moved(stamp)) => return (Some(Kind::Moved), None, stamp.generation.0),
            Event::Heard(Message::Stole) => Kind::LockStolen,
            Event::Tick => Kind::Timer,
            Event::Visible(true) => Kind::Visible,
            Event::Visible(false) => Kind::Hidden,
            Event::Leaving => Kind::Leaving,
            Event::Restored => Kind::Restored,
            Event::Online => Kind::Online,
            Event::Dispose => Kind::Disposed,
            Event::Needed { .. }
            | Event::Awaited
            | Event::StoreLost
            | Event::StampRead(_)
            | Event::Stamped(..)
            | Event::Heard(_) => {
                return (None, None, 0);
            }
        };
        (Some(kind), None, 0)
    }

    fn note_event(
        &mut self,
        mut kind: Kind,
        ticket: Option<TicketId>,
        mut about: u32,
        before: &Glance,
        after: &Glance,
        effects: &[Effect],
    ) {
        let is_over = before.doing == Doing::Asking && (after.doing != Doing::Asking || after.ticket != before.ticket);
        let mut span = NONE;
        if kind == Kind::Timer {
            if effects.is_empty() {
                return;
            }
            if is_over {
                // The wait for an answer is given up.
                kind = Kind::Answered;
                self.answer = (Reason::BadAnswer, 0);
            }
        }
        if matches!(kind, Kind::Answered | Kind::Locked) {
            span = self.now.wrapping_sub(before.sent);
        }
        if kind == Kind::Answered {
            if before.doing != Doing::Asking || ticket.is_some_and(|ticket| ticket != before.ticket) {
                // It took too long, but counts if nothing has changed since.
                self.operation = Some(Operation::Refresh);
                span = NONE;
            } else if is_over {
                about = self.judge(before, after, effects);
            }
            if matches!(about, 0 | DEAD) {
                about |= self.answer.1 << 8;
            }
        }
        self.push(kind, about, span);
    }

    /// What an answer comes to, if to nothing good, shows in what came of it.
    fn judge(&mut self, before: &Glance, after: &Glance, effects: &[Effect]) -> u32 {
        let mut problem = after.outcome;
        if after.status == Status::Unauthenticated && before.status != after.status {
            problem = DEAD;
        }
        if problem == 0 && after.failures > before.failures {
            problem = after.problem;
        }
        for effect in effects {
            if let (0, Effect::Settle(_, Err(settled))) = (problem, effect) {
                problem = Problem::pack(Some(*settled));
            }
        }
        match problem & 255 {
            0 => self.recovered = true,
            1..DEAD => self.trouble(problem),
            _ => {}
        }
        if matches!(before.operation, Some(Operation::SignIn | Operation::Exchange)) {
            self.sign_in = problem;
        }
        problem
    }

    fn trouble(&mut self, problem: u32) {
        self.problem = problem;
        if core::mem::take(&mut self.recovered) {
            self.problem_at = self.now;
            self.retries = 0;
        }
    }

    fn note_effects(&mut self, before: &Glance, after: &Glance, effects: &[Effect]) {
        if after.doing != before.doing {
            match after.doing {
                Doing::Settling => self.push(Kind::Orphaned, 0, NONE),
                Doing::Announcing => self.push(Kind::Announced, 0, NONE),
                Doing::Locking => self.has_wanted = false,
                // A page that has just been opened may find the stamp of a tab that is long gone.
                Doing::Wanting => self.has_wanted = self.is_others && before.token > 0,
                _ => {}
            }
        }
        for effect in effects {
            let (kind, generation) = match effect {
                Effect::Lock { steal: false, .. } => (Kind::LockAsked, 0),
                Effect::Lock { steal: true, .. } => (Kind::LockForced, 0),
                Effect::Perform(ticket) => {
                    self.retries += u32::from(!self.recovered);
                    (Kind::Sent, ticket.base.0)
                }
                Effect::Tell(Message::Want(generation)) => (Kind::Wanted, generation.0),
                Effect::Tell(Message::Give { stamp, .. }) => (Kind::Gave, stamp.generation.0),
                _ => continue,
            };
            self.push(kind, generation, NONE);
        }
    }

    /// What is so now and was not before.
    fn note_session(&mut self, is_of_others: bool, before: &Glance, after: &Glance, session: &Session) {
        let is_out = after.status == Status::Unauthenticated;
        if after.failures > before.failures {
            // Another tab has tried, or this one.
            if after.problem != 0 && !is_out {
                self.trouble(after.problem);
            }
            if is_of_others {
                self.answer.0 = Reason::BadAnswer;
            }
            self.push(Kind::Paused, self.problem, after.pause.wrapping_sub(self.now));
        }
        let was_known = before.status == Status::Authenticated || before.token > 0;
        if was_known && after.epoch > before.epoch && !is_out {
            self.push(Kind::Changed, after.epoch.0, NONE);
            self.is_other = true;
        }
        if after.token != before.token && after.token > 0 {
            let left = session.expiry().map_or(NONE, |expiry| low(expiry.end).wrapping_sub(self.now));
            self.push(if after.is_own { Kind::Committed } else { Kind::Adopted }, after.token, left);
            self.since = self.now;
            self.refused_at = None;
            let enters = matches!(before.operation, Some(Operation::SignIn | Operation::Exchange));
            let is_other = core::mem::take(&mut self.is_other);
            self.origin = match after.is_own {
                true if enters => Reason::SignedInHere,
                _ if is_other => Reason::UserChanged,
                false => Reason::RenewedByAnotherTab,
                true if self.has_wanted => Reason::RenewedUntold,
                true => Reason::RenewedHere,
            };
        }
        if is_out && (before.status != after.status || before.reason != after.reason) {
            let status = if is_of_others { 0 } else { self.answer.1 };
            self.ended = match after.reason {
                Some(EndReason::SignedOut) if is_of_others => (Reason::SignedOutInAnotherTab, 0),
                Some(EndReason::SignedOut) => (Reason::SignedOutHere, 0),
                Some(EndReason::Expired) if is_of_others => (Reason::EndedInAnotherTab, 0),
                _ if before.repeats && !is_of_others => (Reason::RefusedAfterLostAnswer, status),
                Some(EndReason::Expired) if self.origin == Reason::SignedInHere => {
                    (Reason::FirstRefreshRefused, status)
                }
                Some(EndReason::Expired) => (Reason::RefreshRefused, status),
                _ => (Reason::NoSession, status),
            };
            self.sign_in = 0;
            self.is_other = false;
            let has_signed_out = after.reason == Some(EndReason::SignedOut);
            self.push(if has_signed_out { Kind::SignedOut } else { Kind::Ended }, 0, NONE);
        }
        self.recovered |= before.problem != 0 && after.problem == 0 && after.status == Status::Authenticated;
    }
}

/// The lower half of a time.
#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
pub(super) const fn low(time: Millis) -> u32 {
    time.0 as u32
}
