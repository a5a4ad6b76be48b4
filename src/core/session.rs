//! The session of one client: events in, effects out.
//!
//! [`Session::on`] takes one [`Event`] at a time and returns the [`Effect`]s that the shell carries out, in order. It
//! reads no clock, does no I/O and knows no call: calls are [`Attempt`](super::Attempt)s that look at the session.
//!
//! What changes the credential (refresh, sign-in, sign-out) is done one at a time, as a *turn*, in the order asked for.
//! A turn remembers the generation at which it began; if that is no longer the newest one when its answer comes, the
//! answer changes nothing. That is the whole defence against late answers.
//!
//! Where the tabs of a profile share ([`Policy::shared`]), a turn that changes the cookie is taken under a lock, begins
//! with a look at the [`Stamp`], and commits by compare-and-set on it: see `docs/design.md`, "Across tabs".

mod ask;
mod glance;
mod settle;
mod share;
mod tabs;
mod timer;
mod turn;

use std::sync::Arc;

use super::backoff::Backoff;
use super::event::{Ask, Effect, Event, Operation, Ticket, TicketId};
use super::expiry::Expiry;
use super::identity::{Generation, Identity};
use super::policy::Policy;
use super::problem::Problem;
use super::random::Random;
use super::rule::Rule;
use super::secret::Secret;
use super::stamp::{Found, Message, Pause, Stamp, Standing};
use super::state::{EndReason, Freshness, State, Status};
use super::time::Millis;
use super::verdict::Rules;
pub(super) use glance::{Doing, Glance};
use turn::{Pending, Stage, Turn};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Credential {
    generation: Generation,
    bearer: Secret,
    /// Where it comes in the body and not in a cookie.
    refresh_token: Option<Secret>,
    expiry: Option<Expiry>,
    /// Whether this tab has fetched it, and so is the one to give it to others.
    is_own: bool,
    /// Whether it was asked for before its predecessor was refused, and so may be as old as that.
    is_doubtful: bool,
}

/// Another tab's token that is taken when the stamp has been read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Offer {
    stamp: Stamp,
    credential: Credential,
    /// How many readings to wait for: those asked for before it came, and one more.
    reads: u32,
}

/// The session machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct Session {
    policy: Arc<Policy>,
    random: Random,
    started: bool,
    disposed: bool,
    visible: bool,
    /// Whether somebody was signed in when this tab last heard of it.
    knows_somebody: bool,
    /// The newest generation that is known of; the credential may be of an older one.
    generation: Generation,
    /// The generation at which the present user, or nobody, came.
    epoch: Generation,
    identity: Option<Identity>,
    /// Counts, for the whole profile, the requests that changed the cookie.
    asked: u32,
    /// The key of a refresh whose answer has not been seen, zero if there is none.
    key: u64,
    credential: Option<Credential>,
    /// Whether the server has refused the present token; calls wait for the renewal that is on its way.
    is_refused: bool,
    turn: Option<Box<Turn>>,
    queue: Vec<Pending>,
    /// A refresh that took too long, whose answer still counts if nothing has changed since.
    late: Option<Box<Turn>>,
    backoff: Backoff,
    /// When to answer another tab's question for the token, if nobody else has by then.
    giving: Option<Millis>,
    /// When this tab last answered such a question; all tabs heard that.
    gave: Option<Millis>,
    /// Whether another tab has asked for a newer token than this one had, or waits for the lock: it is given when it comes.
    is_wanted: bool,
    offer: Option<Offer>,
    /// How many readings of the stamp are under way.
    reads: u32,
    /// The newest stamp that another tab has told of: it is looked up, and believed where no newer one is to be read.
    told: Option<Stamp>,
    /// The stamp that a sign-out is writing.
    marking: Option<TicketId>,
    /// Whether another tab has been heard of, so that a question may find an answer.
    has_company: bool,
    /// Until when another tab that was heard of is taken to be awake.
    lively_until: Millis,
    /// The refresh token of a session that is being signed out of, for the server to revoke.
    parting: Option<Secret>,
    /// The newest token whose page has gone away, so that it may be nowhere.
    gone: Generation,
    /// How many readings of the stamp a page from the back/forward cache waits for before it shows anything: those that
    /// were under way when it was left, and one of its own.
    unsure: u32,
    /// The token that it had then, whose user it shows again if that is still so.
    left_with: Generation,
    /// A sign-out that the server has not confirmed: to be finished before anything else.
    sign_out_unfinished: bool,
    tickets: u32,
    state: State,
    published: State,
    moved: bool,
}

impl Session {
    /// A session of which nothing is known yet. `seed` is for jitter and for keys; with zero nothing is spread.
    #[must_use]
    pub fn new(policy: impl Into<Arc<Policy>>, seed: u64) -> Self {
        Self {
            policy: policy.into(),
            random: Random::new(seed),
            started: false,
            disposed: false,
            visible: true,
            knows_somebody: false,
            generation: Generation(0),
            epoch: Generation(0),
            identity: None,
            asked: 0,
            key: 0,
            credential: None,
            is_refused: false,
            turn: None,
            queue: Vec::new(),
            late: None,
            giving: None,
            gave: None,
            is_wanted: false,
            offer: None,
            reads: 0,
            told: None,
            marking: None,
            has_company: false,
            lively_until: Millis(0),
            parting: None,
            gone: Generation(0),
            unsure: 0,
            left_with: Generation(0),
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
            Event::Start => self.on_start(now),
            Event::Locked(ticket, found) => self.on_locked(now, ticket, found, &mut effects),
            Event::Stamped(ticket, result) => self.on_stamped(now, ticket, result, &mut effects),
            Event::Awaited => self.is_wanted = self.policy.gives,
            Event::StoreLost => self.on_store_lost(&mut effects),
            Event::StampRead(stamp) => self.on_stamp_read(stamp, &mut effects),
            Event::Heard(message) => self.on_heard(now, message, &mut effects),
            Event::Leaving => self.on_leaving(&mut effects),
            Event::Restored => self.on_restored(&mut effects),
            Event::Asked(ask, Operation::SignOut) => self.on_sign_out(ask, &mut effects),
            Event::Asked(ask, operation) => self.on_asked(ask, operation),
            Event::Needed { refused } => self.on_needed(now, refused),
            Event::Answered(ticket, outcome) => self.on_answered(now, ticket, outcome, &mut effects),
            Event::Tick => self.on_tick(now, &mut effects),
            Event::Visible(visible) => self.on_visible(visible, &mut effects),
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
        let own = match &self.turn {
            Some(turn) => Some(turn.deadline),
            None => self.next_renewal(now),
        };
        match (own, self.giving) {
            (Some(own), Some(giving)) => Some(own.min(giving)),
            (own, giving) => own.or(giving),
        }
    }

    fn next_renewal(&self, now: Millis) -> Option<Millis> {
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

    /// Whether the request of a turn may still go out, now that it has been put together: neither has the turn ended
    /// meanwhile, nor has anything come about that its answer would be too late for, nor so much time passed that this tab may
    /// have been asleep and robbed.
    #[must_use]
    pub fn may_send(&self, now: Millis, id: TicketId) -> bool {
        self.turn.as_ref().is_some_and(|turn| {
            let is_current = turn.ticket.base == self.generation || turn.ticket.operation == Operation::SignOut;
            turn.ticket.id == id
                && matches!(turn.stage, Stage::Asking)
                && is_current
                && now < turn.sent + self.policy.timeout
        })
    }

    /// The bearer of this generation, if it is the present one.
    #[must_use]
    pub fn bearer(&self, generation: Generation) -> Option<&Secret> {
        self.credential.as_ref().filter(|held| generation == held.generation).map(|held| &held.bearer)
    }

    /// The bearer that goes along with an operation's request: to read a session takes the token that is held, though another tab
    /// may have a newer one.
    #[must_use]
    pub fn bearer_for(&self, operation: Operation) -> Option<&Secret> {
        let reads = operation == Operation::ReadSession;
        self.credential.as_ref().filter(|_| reads).map(|held| &held.bearer)
    }

    /// The refresh token that goes along with an operation's request, where it is sent in the body.
    #[must_use]
    pub fn refresh_token(&self, operation: Operation) -> Option<&Secret> {
        match operation {
            Operation::SignOut => self.parting.as_ref(),
            _ => self.credential.as_ref().and_then(|held| held.refresh_token.as_ref()),
        }
    }

    /// Whether there is anything to renew a token with.
    pub(super) fn can_renew(&self) -> bool {
        !self.policy.by_body || self.refresh_token(Operation::Refresh).is_some()
    }

    /// The generation of the present token, else the newest that is known of.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.credential.as_ref().map_or(self.generation, |held| held.generation)
    }

    /// When the present token is due and when it ends, if there is one and its lifetime is known.
    #[must_use]
    pub fn expiry(&self) -> Option<Expiry> {
        self.credential.as_ref().and_then(|credential| credential.expiry)
    }

    /// Whether the present token was fetched by another tab, or before the last refusal: it may be refused as well.
    pub(super) fn may_be_refused_too(&self) -> bool {
        self.credential.as_ref().is_some_and(|held| !held.is_own || held.is_doubtful)
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

    pub(super) fn rules(&self) -> &Rules {
        &self.policy.rules
    }

    pub(super) const fn is_disposed(&self) -> bool {
        self.disposed
    }

    /// Whether a rule is kept: it is.
    #[cfg(not(feature = "mutations"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(super) const fn keeps(&self, _: Rule) -> bool {
        true
    }

    /// Whether a rule is kept.
    #[cfg(feature = "mutations")]
    pub(super) fn keeps(&self, rule: Rule) -> bool {
        self.policy.without != Some(rule)
    }

    /// A token that has not ended and is not being replaced: `Some` of its expiry, as far as that is known.
    #[expect(clippy::option_option, reason = "no token, a token of unknown life, a token of known life")]
    pub(super) fn usable(&self, now: Millis) -> Option<Option<Expiry>> {
        let credential = self.credential.as_ref()?;
        match credential.expiry {
            _ if self.is_unsure() || (self.is_refused && self.is_busy()) => None,
            // A sign-in has been accepted; what it has brought is still to be read.
            _ if self.policy.rules.by_session && self.state.status == Status::Loading => None,
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
    #[must_use]
    pub fn is_busy(&self) -> bool {
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
        self.state.status == Status::Loading && self.credential.is_some() && !self.is_unsure()
    }

    fn on_dispose(&mut self, effects: &mut Vec<Effect>) {
        self.disposed = true;
        self.credential = None;
        self.parting = None;
        self.late = None;
        self.giving = None;
        self.offer = None;
        if let Some(turn) = self.turn.take() {
            Self::close(turn, Err(Problem::Disposed), effects);
        }
        for pending in &self.queue {
            pending.settle(Err(Problem::Disposed), effects);
        }
        self.queue.clear();
        effects.push(Effect::Forget);
        self.moved = true;
    }
}
