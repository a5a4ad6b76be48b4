//! The session of one client: events in, effects out.
//!
//! [`Session::on`] takes one [`Event`] at a time and returns the [`Effect`]s that the shell carries out, in order. It
//! reads no clock, does no I/O and knows no call: calls are [`Attempt`](super::Attempt)s that look at the session.
//!
//! What changes the credential (refresh, sign-in, sign-out) is done one at a time, as a *turn*, in the order asked for.
//! A turn remembers the generation at which it began; if that is no longer the current one when its answer comes, the
//! answer changes nothing. That is the whole defence against late answers.

mod settle;
mod turn;

use super::answer::Outcome;
use super::backoff::Backoff;
use super::expiry::Expiry;
use super::identity::{Generation, Identity};
use super::problem::Problem;
use super::random::Random;
use super::secret::Secret;
use super::state::{EndReason, Freshness, State, Status};
use super::time::Millis;
use super::verdict::Rules;
use turn::{Pending, Turn};

/// What the machine is configured with; part of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How answers are judged.
    pub rules: Rules,
    /// How long one of the SDK's own requests may take. Default 10 s.
    pub timeout: Millis,
    /// The longest span before a token's end in which it is renewed in the background. Default 60 s.
    pub lead: Millis,
    /// Whether the contract has a request that reads the session.
    pub reads_session: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { rules: Rules::default(), timeout: Millis(10_000), lead: Millis(60_000), reads_session: true }
    }
}

/// One of the SDK's own requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Renew the access token.
    Refresh,
    /// Read the session's data.
    ReadSession,
    /// Sign in with credentials.
    SignIn,
    /// Sign in with another provider's token.
    Exchange,
    /// End the session.
    SignOut,
}

/// Names something that the application asked for and that will be settled once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask(pub u32);

/// Names one request, so that its answer finds its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TicketId(pub u32);

/// A request to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// Comes back with the answer.
    pub id: TicketId,
    /// What to send.
    pub operation: Operation,
    /// Whose fields to send, for an operation that has some.
    pub ask: Option<Ask>,
    /// The generation at which it is sent.
    pub base: Generation,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The application wants to know the session.
    Start,
    /// The application asks for an operation.
    Asked(Ask, Operation),
    /// A call needs a token; if one was refused, a newer one than that.
    Needed {
        /// The generation whose token got a 401.
        refused: Option<Generation>,
    },
    /// A request was answered, or was not.
    Answered(TicketId, Outcome),
    /// [`Session::deadline`] has come, or may have.
    Tick,
    /// The page was shown or hidden.
    Visible(bool),
    /// The platform says that the network is back. A hint.
    Online,
    /// The application is done with this client.
    Dispose,
}

/// What the shell is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Send a request, and report with [`Event::Answered`].
    Perform(Ticket),
    /// The user in the answer to this ticket is the session's from now on.
    Adopt(TicketId),
    /// Drop the session's data.
    Forget,
    /// What was asked for has ended.
    Settle(Ask, Result<(), Problem>),
    /// The session has moved: waiting calls resume.
    Resume,
    /// [`Session::state`] has changed.
    Publish,
}

#[derive(Clone, Debug, PartialEq)]
struct Credential {
    bearer: Secret,
    expiry: Option<Expiry>,
}

/// The session machine.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "five independent facts")]
pub struct Session {
    policy: Policy,
    random: Random,
    started: bool,
    disposed: bool,
    visible: bool,
    /// Counts credential changes.
    generation: Generation,
    /// The generation at which the present user, or nobody, came.
    epoch: Generation,
    identity: Option<Identity>,
    credential: Option<Credential>,
    /// Whether the server has refused the present token; calls wait for the renewal that is on its way.
    is_refused: bool,
    turn: Option<Turn>,
    queue: Vec<Pending>,
    /// A refresh that took too long, whose answer still counts if nothing has changed since.
    late: Option<Turn>,
    backoff: Backoff,
    /// A sign-out that the server has not confirmed: to be finished before anything else.
    sign_out_unfinished: bool,
    tickets: u32,
    state: State,
    published: State,
    moved: bool,
}

impl Session {
    /// A session of which nothing is known yet. `seed` is for jitter only.
    #[must_use]
    pub fn new(policy: Policy, seed: u64) -> Self {
        Self {
            policy,
            random: Random::new(seed),
            started: false,
            disposed: false,
            visible: true,
            generation: Generation(0),
            epoch: Generation(0),
            identity: None,
            credential: None,
            is_refused: false,
            turn: None,
            queue: Vec::new(),
            late: None,
            backoff: Backoff::default(),
            sign_out_unfinished: false,
            tickets: 0,
            state: State::initial(),
            published: State::initial(),
            moved: false,
        }
    }

    /// Takes one event in and returns what is to be done, in order.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.disposed {
            if let Event::Asked(ask, _) = event {
                effects.push(Effect::Settle(ask, Err(Problem::Disposed)));
            }
            return effects;
        }
        match event {
            Event::Start => self.started = true,
            Event::Asked(ask, Operation::SignOut) => self.on_sign_out(ask, &mut effects),
            Event::Asked(ask, operation) => self.on_asked(ask, operation),
            Event::Needed { refused } => self.on_needed(now, refused),
            Event::Answered(ticket, outcome) => self.on_answered(now, ticket, outcome, &mut effects),
            Event::Tick => self.on_tick(now, &mut effects),
            Event::Visible(visible) => self.visible = visible,
            Event::Online => self.backoff.hint(now),
            Event::Dispose => self.on_dispose(&mut effects),
        }
        self.advance(now, &mut effects);
        if core::mem::take(&mut self.moved) {
            effects.push(Effect::Resume);
        }
        if self.published != self.state {
            self.published = self.state;
            effects.push(Effect::Publish);
        }
        effects
    }

    /// When to send [`Event::Tick`] next, if anything is to happen by itself.
    #[must_use]
    pub fn deadline(&self, now: Millis) -> Option<Millis> {
        if self.disposed {
            return None;
        }
        if let Some(turn) = &self.turn {
            return Some(turn.deadline);
        }
        let wants = if self.sign_out_unfinished || self.lacks_data() {
            now
        } else if self.renews_by_itself() {
            match &self.credential {
                Some(credential) => credential.expiry?.due,
                None => now,
            }
        } else {
            return None;
        };
        Some(self.backoff.holds(now).map_or(wants, |until| until.max(wants)))
    }

    /// The state that an application sees.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The bearer of this generation, if it is the current one.
    #[must_use]
    pub fn bearer(&self, generation: Generation) -> Option<&Secret> {
        self.credential.as_ref().filter(|_| generation == self.generation).map(|credential| &credential.bearer)
    }

    /// The current generation.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// When the present token is due and when it ends, if there is one and its lifetime is known.
    #[must_use]
    pub fn expiry(&self) -> Option<Expiry> {
        self.credential.as_ref().and_then(|credential| credential.expiry)
    }

    pub(super) const fn epoch(&self) -> Generation {
        self.epoch
    }

    pub(super) const fn status(&self) -> Status {
        self.state.status
    }

    pub(super) const fn problem(&self) -> Option<Problem> {
        self.state.problem
    }

    pub(super) const fn rules(&self) -> &Rules {
        &self.policy.rules
    }

    pub(super) const fn is_disposed(&self) -> bool {
        self.disposed
    }

    /// A token that has not ended and is not being replaced: `Some` of its expiry, as far as that is known.
    #[expect(clippy::option_option, reason = "no token, a token of unknown life, a token of known life")]
    pub(super) fn usable(&self, now: Millis) -> Option<Option<Expiry>> {
        let credential = self.credential.as_ref()?;
        match credential.expiry {
            _ if self.is_refused && self.is_busy() => None,
            Some(expiry) if expiry.is_over(now) => None,
            expiry => Some(expiry),
        }
    }

    /// Whether the present token is to be renewed in the background.
    #[must_use]
    pub fn is_due(&self, now: Millis) -> bool {
        self.expiry().is_some_and(|expiry| expiry.is_due(now))
    }

    /// Whether a turn is under way or waiting.
    pub(super) fn is_busy(&self) -> bool {
        self.turn.is_some() || !self.queue.is_empty()
    }

    /// Whether nobody is to try, because the last try failed a short while ago.
    pub(super) fn is_holding_off(&self, now: Millis) -> bool {
        self.backoff.holds(now).is_some()
    }

    fn renews_by_itself(&self) -> bool {
        self.started && self.visible && self.state.status != Status::Unauthenticated
    }

    /// Somebody has a token and nobody knows yet who.
    fn lacks_data(&self) -> bool {
        self.state.status == Status::Loading && self.credential.is_some()
    }

    fn on_dispose(&mut self, effects: &mut Vec<Effect>) {
        self.disposed = true;
        self.credential = None;
        self.late = None;
        let turn = self.turn.take().map(|turn| turn.pending);
        for pending in turn.into_iter().chain(core::mem::take(&mut self.queue)) {
            pending.settle(Err(Problem::Disposed), effects);
        }
        effects.push(Effect::Forget);
        self.moved = true;
    }
}
