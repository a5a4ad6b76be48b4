//! Turns: what changes the credential, one at a time, in the order asked for.

use super::super::verdict::Grant;
use super::{
    Ask, Effect, EndReason, Freshness, Generation, Message, Millis, Operation, Pause, Problem, Rule, Session, Stamp,
    Standing, Status, Ticket, TicketId,
};

/// How long to wait for the lock before its holder is taken for frozen: longer than any turn may take.
const LOCK_MARGIN: Millis = Millis(5_000);
/// A timer that is later than this tells that the tab or the machine was asleep; all deadlines move by as much.
pub(super) const ASLEEP: Millis = Millis(2_000);
/// How long to wait for a stamp to be written.
const STAMP_WAIT: Millis = Millis(3_000);

/// An operation that waits for its turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct Pending {
    pub(super) operation: Operation,
    /// Who hears of its end. A sign-in has one; a refresh may have many, or none.
    pub(super) asks: Vec<Ask>,
    /// The generation of the token that is to be replaced, zero if there is none. If a newer token came meanwhile, there
    /// is nothing to do.
    pub(super) stale: Generation,
    /// The newest generation when it was queued.
    pub(super) since: Generation,
    /// Whether it was tried before with a token that was refused.
    pub(super) retried: bool,
    /// Whether the application has asked this page, which knows of no token yet, to refresh: the server says whose session
    /// its cookie stands for, and no token that another tab has from before.
    pub(super) insists: bool,
    /// Whether it is asked for to read the session anew, where a refresh is what reads it: what was read before is not what is wanted.
    pub(super) reads: bool,
    /// Whether it is a sign-in and the user has signed out since: if it has not been sent yet, it is not sent any more.
    pub(super) is_called_off: bool,
}

impl Pending {
    /// Whether a token that another tab has will do.
    pub(super) const fn takes_any(&self) -> bool {
        !self.insists && !self.reads
    }

    pub(super) fn settle(&self, result: Result<(), Problem>, effects: &mut Vec<Effect>) {
        for ask in &self.asks {
            effects.push(Effect::Settle(*ask, result));
        }
    }
}

/// What a turn waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// The lock.
    Locking,
    /// Another tab's token.
    Wanting,
    /// The answer to a request of a tab that went away, to reach the cookie jar.
    Settling,
    /// The stamp to say that a request is under way.
    Announcing,
    /// The server's answer.
    Asking,
    /// The stamp to be written; then this comes to pass.
    Stamping(Outcome),
}

/// What comes to pass when the stamp is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    Renewed(Grant),
    Dead,
    SignedOut,
    /// Nothing is new; the lock is freed when the next holder is sure to know that the request has ended.
    Unchanged(Result<(), Problem>),
}

/// The operation whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct Turn {
    pub(super) ticket: Ticket,
    pub(super) pending: Pending,
    pub(super) stage: Stage,
    pub(super) is_locked: bool,
    /// The stamp that this turn last saw, or wrote: if another stands, it has been overtaken.
    pub(super) seen: Option<Stamp>,
    /// Whether it repeats a request whose answer was lost: then only a verdict settles what became of that one.
    pub(super) repeats: bool,
    /// Whether the present token was refused only after the request had been sent.
    pub(super) is_doubtful: bool,
    /// Whether this tab wrote it, before its page was loaded anew.
    pub(super) is_own: bool,
    /// Whether another tab wrote it a moment ago, and so is there to be asked.
    pub(super) is_near: bool,
    /// Whether the token that it tells of has ended, so that no tab has one.
    pub(super) has_ended: bool,
    /// What stands beside it.
    pub(super) pause: Option<Pause>,
    /// When what it waits for was sent.
    pub(super) sent: Millis,
    /// When to stop waiting for what the stage waits for.
    pub(super) deadline: Millis,
}

impl Turn {
    /// A turn that waits for nothing yet.
    pub(super) fn new(ticket: Ticket, pending: Pending, sent: Millis) -> Box<Self> {
        Box::new(Self {
            ticket,
            pending,
            stage: Stage::Locking,
            is_locked: false,
            seen: None,
            repeats: false,
            is_doubtful: false,
            is_own: false,
            is_near: false,
            has_ended: false,
            pause: None,
            sent,
            deadline: sent,
        })
    }

    /// The pause that stands, if this turn keeps to it: it need not try what another tab has tried, nor send what the server
    /// wants later. (A sign-out that did not reach the server is tried by the next page at once.)
    pub(super) fn pause_to_keep(&self) -> Option<Pause> {
        self.pause.filter(|pause| match self.ticket.operation {
            Operation::Refresh => true,
            Operation::SignOut => pause.is_asked && self.pending.asks.is_empty(),
            _ => false,
        })
    }
}

impl Session {
    /// Begins the next turn if there is none, and renews what is due.
    pub(super) fn advance(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.disposed {
            return;
        }
        if !self.is_busy() && !self.is_holding_off(now) {
            if self.sign_out_unfinished {
                self.queue(Operation::SignOut, Vec::new());
            } else if self.lacks_data() && !self.policy.rules.by_session {
                self.queue(Operation::ReadSession, Vec::new());
            } else if self.lacks_data() || self.wants_renewal(now) {
                self.join_or_queue_refresh();
            }
        }
        while self.turn.is_none() && !self.queue.is_empty() {
            let pending = self.queue.remove(0);
            self.begin(now, pending, effects);
        }
        self.state.refreshing = self.turn.as_ref().is_some_and(|turn| turn.ticket.operation == Operation::Refresh);
    }

    fn wants_renewal(&self, now: Millis) -> bool {
        self.renews_by_itself() && (self.credential.is_none() || self.is_due(now))
    }

    fn begin(&mut self, now: Millis, mut pending: Pending, effects: &mut Vec<Effect>) {
        if let Some(result) = self.foregone(now, &mut pending) {
            return pending.settle(result, effects);
        }
        let ticket = Ticket {
            id: self.next_ticket_id(),
            operation: pending.operation,
            ask: pending.asks.first().copied(),
            base: self.generation,
            key: 0,
            needs_proof: false,
        };
        let changes_cookie = match pending.operation {
            Operation::ReadSession => false,
            Operation::SignOut => self.keeps(Rule::SignOutLock),
            _ => true,
        };
        let takes_lock = self.policy.shared && changes_cookie;
        let deadline = now + self.lock_wait();
        let mut turn = Turn::new(ticket, pending, now);
        turn.is_locked = takes_lock;
        turn.repeats = self.key != 0;
        turn.deadline = deadline;
        if takes_lock {
            effects.push(Effect::Lock { ticket: ticket.id, steal: false });
            let has_none = turn.pending.stale == Generation(0);
            if ticket.operation == Operation::Refresh && self.policy.gives && turn.pending.takes_any() && has_none {
                // While the lock is waited for, a tab that has a token may hand it over. Where a token has ended, all tabs' have,
                // most likely: who gets the lock knows that the others wait for it.
                effects.push(Effect::Tell(Message::Want(turn.pending.stale.next())));
            }
            self.turn = Some(turn);
        } else if let (Operation::Refresh, Some(problem)) = (ticket.operation, self.is_told_to_wait(now)) {
            Self::close(turn, Err(problem), effects);
        } else {
            self.perform(now, turn, effects);
        }
    }

    /// What the server has answered, if it has said when to come again, and that is not yet.
    fn is_told_to_wait(&self, now: Millis) -> Option<Problem> {
        let is_told = |problem: &Problem| matches!(problem, Problem::TryLater { retry_after: Some(_), .. });
        self.state.problem.filter(|problem| is_told(problem) && self.is_holding_off(now))
    }

    /// Leaves word in the stamp that a request is about to go out.
    pub(super) fn announce(&mut self, now: Millis, mut turn: Box<Turn>, effects: &mut Vec<Effect>) {
        if let Some(pause) = turn.pause_to_keep() {
            return self.follow(now, turn, pause, effects);
        }
        turn.ticket.base = self.generation;
        turn.stage = Stage::Announcing;
        turn.sent = now;
        turn.deadline = now + STAMP_WAIT;
        self.asked = self.asked.wrapping_add(1);
        self.take_key(&mut turn);
        self.write_asking(&mut turn, effects);
        self.turn = Some(turn);
    }

    /// A refresh that follows one whose answer has not been seen may present the same cookie, and says so by the key.
    fn take_key(&mut self, turn: &mut Turn) {
        if turn.ticket.operation == Operation::Refresh {
            if self.key == 0 {
                turn.repeats = false;
                // Without randomness there is still a key, and another one for each request.
                self.key = self.random.next().max(self.asked.into());
            }
            turn.ticket.key = self.key;
        }
    }

    fn write_asking(&self, turn: &mut Turn, effects: &mut Vec<Effect>) {
        let standing = match turn.seen {
            _ if self.sign_out_unfinished => Standing::SigningOut,
            Some(stamp) => stamp.standing,
            None if self.state.status == Status::Unauthenticated => Standing::Expired,
            None => Standing::SignedIn,
        };
        let stamp = Stamp { is_asking: true, key: self.key, ..self.stamp(standing) };
        let (ticket, seen, pause) = (turn.ticket.id, turn.seen, turn.pause);
        effects.push(Effect::WriteStamp { ticket, seen, stamp, pause, left: None });
        turn.seen = Some(stamp);
    }

    /// Sends the turn's request.
    pub(super) fn perform(&mut self, now: Millis, mut turn: Box<Turn>, effects: &mut Vec<Effect>) {
        let operation = turn.ticket.operation;
        if operation == Operation::Refresh && self.policy.by_body && self.refresh_token(operation).is_none() {
            // There is nothing to ask with: the session lasts as long as its token.
            return match self.usable(now) {
                Some(_) => Self::close(turn, Ok(()), effects),
                None => self.come_to_pass(now, turn, Outcome::Dead, effects),
            };
        }
        turn.ticket.base = self.generation;
        self.take_key(&mut turn);
        turn.stage = Stage::Asking;
        turn.is_doubtful = false;
        turn.sent = now;
        turn.deadline = now + self.policy.timeout;
        effects.push(Effect::Perform(turn.ticket));
        self.turn = Some(turn);
    }

    /// Waits until the stamp that follows is written, where tabs share one.
    pub(super) fn write_stamp(
        &mut self,
        now: Millis,
        mut turn: Box<Turn>,
        outcome: Outcome,
        effects: &mut Vec<Effect>,
    ) {
        if !self.policy.shared {
            return self.come_to_pass(now, turn, outcome, effects);
        }
        let stamp = self.stamp_after(&turn, &outcome);
        let (ticket, seen) = (turn.ticket.id, turn.seen);
        let left = match &outcome {
            Outcome::Renewed(grant) => grant.expires_in.map(|life| (turn.sent + life).since(now)),
            _ => None,
        };
        effects.push(Effect::WriteStamp { ticket, seen, stamp, pause: None, left });
        turn.stage = Stage::Stamping(outcome);
        turn.deadline = now + STAMP_WAIT;
        self.turn = Some(turn);
    }

    /// Ends a turn whose answer changes nothing. Before the lock is freed, the stamp says that the request has ended.
    pub(super) fn close_unchanged(
        &mut self,
        now: Millis,
        mut turn: Box<Turn>,
        result: Result<(), Problem>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(seen) = turn.seen.filter(|seen| turn.is_locked && seen.is_asking) else {
            return Self::close(turn, result, effects);
        };
        // A request that took too long is still under way.
        let stamp = Stamp { is_asking: result == Err(Problem::Timeout), key: self.key, ..seen };
        let (ticket, pause) = (turn.ticket.id, turn.pause);
        effects.push(Effect::WriteStamp { ticket, seen: Some(seen), stamp, pause, left: None });
        if !self.keeps(Rule::LastWord) {
            return Self::close(turn, result, effects);
        }
        turn.seen = Some(stamp);
        turn.stage = Stage::Stamping(Outcome::Unchanged(result));
        turn.deadline = now + STAMP_WAIT;
        self.turn = Some(turn);
    }

    /// This tab has been asleep, and may have been robbed of the lock: it queues for it anew.
    pub(super) fn start_over(&mut self, now: Millis, mut turn: Box<Turn>, effects: &mut Vec<Effect>) {
        turn.stage = Stage::Locking;
        turn.sent = now;
        turn.deadline = now + self.lock_wait();
        effects.push(Effect::Unlock(turn.ticket.id));
        effects.push(Effect::Lock { ticket: turn.ticket.id, steal: false });
        self.turn = Some(turn);
    }

    /// Ends a turn.
    pub(super) fn close(mut turn: Box<Turn>, result: Result<(), Problem>, effects: &mut Vec<Effect>) {
        Self::unlock(&mut turn, effects);
        turn.pending.settle(result, effects);
    }

    /// Frees the lock, if the turn has it or waits for it.
    pub(super) fn unlock(turn: &mut Turn, effects: &mut Vec<Effect>) {
        if core::mem::take(&mut turn.is_locked) {
            effects.push(Effect::Unlock(turn.ticket.id));
        }
    }

    /// How an operation ends that need not, or must not, be sent any more. Where the token is there already, and it is not known
    /// whose it is, who has asked hears when that is.
    pub(super) fn foregone(&mut self, now: Millis, pending: &mut Pending) -> Option<Result<(), Problem>> {
        let result = self.is_foregone(now, pending)?;
        if result.is_ok() && self.lacks_data() && pending.operation == Operation::Refresh && !pending.asks.is_empty() {
            let asks = core::mem::take(&mut pending.asks);
            match self.queue.iter_mut().find(|queued| queued.operation == Operation::ReadSession) {
                Some(reading) => reading.asks.extend(asks),
                None => self.read_for(asks),
            }
        }
        Some(result)
    }

    fn is_foregone(&self, now: Millis, pending: &Pending) -> Option<Result<(), Problem>> {
        let ended = self.state.status == Status::Unauthenticated;
        let is_newer = self.credential.as_ref().is_some_and(|held| held.generation > pending.stale);
        if pending.is_called_off {
            return Some(Err(Problem::SessionChanged));
        }
        match pending.operation {
            // It was to finish a sign-out that has been finished since. Sent now, it would end the session that followed.
            Operation::SignOut if !self.sign_out_unfinished && self.keeps(Rule::SignOutOnce) => Some(Ok(())),
            Operation::Refresh if self.sign_out_unfinished => Some(Err(Problem::SessionEnded)),
            Operation::Refresh if ended && self.generation > pending.since => Some(Err(Problem::SessionEnded)),
            Operation::Refresh if is_newer && pending.takes_any() && self.usable(now).is_some() => Some(Ok(())),
            Operation::ReadSession if ended || self.credential.is_none() => Some(Err(Problem::SessionEnded)),
            Operation::ReadSession if pending.retried && !is_newer => {
                Some(Err(self.state.problem.unwrap_or(Problem::SessionEnded)))
            }
            _ => None,
        }
    }

    pub(super) fn next_ticket_id(&mut self) -> TicketId {
        self.tickets = self.tickets.wrapping_add(1);
        TicketId(self.tickets)
    }

    /// Spread, so that not all who wait take it by force at once.
    pub(super) fn lock_wait(&mut self) -> Millis {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 3000")]
        let spread = (self.random.fraction() * 3_000.0) as u64;
        self.policy.timeout + LOCK_MARGIN + Millis(spread)
    }

    /// Nobody is signed in any more.
    pub(super) fn end(&mut self, reason: EndReason, effects: &mut Vec<Effect>) {
        self.generation = self.generation.next();
        self.credential = None;
        self.knows_somebody = false;
        self.key = 0;
        self.is_refused = false;
        self.identity = None;
        self.giving = None;
        self.is_wanted = false;
        self.state.status = Status::Unauthenticated;
        self.state.freshness = Freshness::Fresh;
        self.state.reason = Some(reason);
        self.state.problem = None;
        self.moved = true;
        effects.push(Effect::Forget);
    }
}
