//! One API call, from the question "may it go?" to its delivery.
//!
//! An [`Attempt`] is a small value that the caller keeps; the session has no table of calls. It is pulled step by step:
//! [`Attempt::start`], then [`Attempt::response`] with the status that came, and [`Attempt::resume`] each time the
//! session has moved while the call was waiting. A call is sent at most twice (three times, if the second was with another
//! tab's token), and never as two users.

use super::event::Event;
use super::identity::Generation;
use super::problem::Problem;
use super::rule::Rule;
use super::session::Session;
use super::state::Status;
use super::time::Millis;

/// What is known of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// The generation that it was sent with, or that was current when it was made; zero if nobody was known.
    generation: Generation,
    /// Whether its body can be sent a second time.
    replayable: bool,
    refusal: Refusal,
}

/// How far a call has got that the server has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Refusal {
    /// Not refused.
    None,
    /// Refused once; it waits for a newer token.
    Once,
    /// Sent again, with a token that another tab had. That one may be as old as the first: a server that refuses all
    /// tokens at once refuses it too.
    Adopted,
    /// Sent, or to be sent, for the last time.
    Last,
}

/// What to do next with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Send it with the bearer of this generation.
    Send(Generation),
    /// Send it without a credential: nobody is signed in.
    SendBare,
    /// Wait until the session moves, then resume.
    Wait,
    /// Give the caller the answer in hand.
    Deliver,
    /// Fail the call.
    Fail(Problem),
}

impl Attempt {
    /// Begins a call.
    ///
    /// A call whose body cannot be sent twice goes out only with a token that is not about to end.
    #[must_use]
    pub fn start(session: &Session, now: Millis, replayable: bool) -> (Self, Step) {
        let mut attempt = Self { generation: session.generation(), replayable, refusal: Refusal::None };
        let step = match session.usable(now) {
            Some(expiry) if replayable || !expiry.is_some_and(|expiry| expiry.is_due(now)) => {
                Step::Send(session.generation())
            }
            Some(_) if session.is_holding_off(now) => Step::Send(session.generation()),
            _ => attempt.hold(session, now),
        };
        attempt.note(session, step);
        (attempt, step)
    }

    /// Takes the status of the answer in, and the facts of its body that the contract asks about. With the step comes the generation whose token was refused, if the session
    /// is to hear of it.
    ///
    /// # Source
    /// RFC 6750 section 3.1: on `invalid_token` the client "MAY request a new access token and retry". One refresh
    /// and one retry; one retry more where the first was with a token that another tab had.
    #[must_use]
    pub fn response(&mut self, session: &Session, now: Millis, status: u16, facts: &str) -> (Step, Option<Generation>) {
        let was_bare = self.generation == Generation(0);
        if self.refusal == Refusal::Last || was_bare || !session.rules().expired.show(status, facts) {
            return (Step::Deliver, None);
        }
        self.refusal = if self.refusal == Refusal::None { Refusal::Once } else { Refusal::Last };
        let sent_with = self.generation;
        let step = if self.replayable { self.resume(session, now) } else { Step::Deliver };
        (step, Some(sent_with))
    }

    /// Looks at the session again.
    #[must_use]
    pub fn resume(&mut self, session: &Session, now: Millis) -> Step {
        let is_of_another = self.generation < session.epoch() && self.generation > Generation(0);
        let step = if is_of_another && session.keeps(Rule::Identity) {
            Step::Fail(Problem::SessionChanged)
        } else if session.usable(now).is_some() && (!self.is_refused() || session.generation() > self.generation) {
            // Somebody has renewed since: for a call that was refused, comparing the generation that got the 401 with
            // the current one is what keeps it from refreshing again.
            Step::Send(session.generation())
        } else {
            self.hold(session, now)
        };
        self.note(session, step);
        step
    }

    /// What a call that waits wants of the session.
    #[must_use]
    pub fn need(self) -> Event {
        Event::Needed { refused: self.is_refused().then_some(self.generation) }
    }

    /// What a call does that has no token to go with.
    fn hold(self, session: &Session, now: Millis) -> Step {
        match session.status() {
            _ if session.is_disposed() => Step::Fail(Problem::Disposed),
            Status::Unauthenticated if self.is_refused() => Step::Deliver,
            Status::Unauthenticated if self.was_signed_in(session) => Step::Fail(Problem::SessionEnded),
            Status::Unauthenticated => Step::SendBare,
            Status::Authenticated if self.is_refused() && !session.can_renew() => Step::Deliver,
            _ if session.is_busy() => Step::Wait,
            _ => match session.problem() {
                Some(problem) if session.is_holding_off(now) => Step::Fail(problem),
                _ => Step::Wait,
            },
        }
    }

    /// Whether the call was made while somebody was signed in whose session has ended since.
    fn was_signed_in(self, session: &Session) -> bool {
        self.generation > Generation(0) && self.generation < session.generation()
    }

    /// Whether a refused answer is in hand, or was.
    pub(super) fn is_refused(self) -> bool {
        self.refusal != Refusal::None
    }

    /// Whether no other token is to be tried.
    #[must_use]
    pub fn is_spent(self) -> bool {
        self.refusal == Refusal::Last
    }

    /// The generation that it was sent with, or that was current when it was made.
    pub(super) const fn generation(self) -> Generation {
        self.generation
    }

    fn note(&mut self, session: &Session, step: Step) {
        match step {
            Step::Send(generation) => {
                self.generation = generation;
                if self.refusal == Refusal::Once {
                    self.refusal = if session.may_be_refused_too() { Refusal::Adopted } else { Refusal::Last };
                }
            }
            // Whatever comes back is the caller's: there was no token that could have been refused.
            Step::SendBare => self.generation = Generation(0),
            Step::Wait | Step::Deliver | Step::Fail(_) => {}
        }
    }

    /// The attempt as a number, for a shell that keeps it outside of Rust.
    #[must_use]
    pub const fn pack(self) -> u32 {
        let refusal = match self.refusal {
            Refusal::None => 0,
            Refusal::Once => 1,
            Refusal::Adopted => 2,
            Refusal::Last => 3,
        };
        self.generation.0 << 3 | (self.replayable as u32) << 2 | refusal
    }

    /// The attempt that [`Attempt::pack`] made this number of.
    #[must_use]
    pub const fn unpack(packed: u32) -> Self {
        let refusal = match packed & 3 {
            0 => Refusal::None,
            1 => Refusal::Once,
            2 => Refusal::Adopted,
            _ => Refusal::Last,
        };
        Self { generation: Generation(packed >> 3), replayable: packed & 4 != 0, refusal }
    }
}
