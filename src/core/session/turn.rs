//! Turns: what changes the credential, one at a time, in the order asked for.

use super::super::answer::Unanswered;
use super::{
    Ask, Effect, EndReason, Freshness, Generation, Millis, Operation, Problem, Session, Status, Ticket, TicketId,
};

/// An operation that waits for its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) operation: Operation,
    /// Who hears of its end. A sign-in has one; a refresh may have many, or none.
    pub(super) asks: Vec<Ask>,
    /// For a refresh: the generation to be replaced. If another came meanwhile, there is nothing to do.
    pub(super) stale: Generation,
    /// Whether it was tried before with a token that was refused.
    pub(super) retried: bool,
}

impl Pending {
    pub(super) fn settle(self, result: Result<(), Problem>, effects: &mut Vec<Effect>) {
        effects.extend(self.asks.into_iter().map(|ask| Effect::Settle(ask, result)));
    }
}

/// An operation whose request is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) ticket: Ticket,
    pub(super) pending: Pending,
    pub(super) sent: Millis,
    /// When to stop waiting for the answer.
    pub(super) deadline: Millis,
}

impl Session {
    pub(super) fn on_asked(&mut self, ask: Ask, operation: Operation) {
        self.started = true;
        if self.sign_out_unfinished {
            self.queue(Operation::SignOut, Vec::new());
        }
        match operation {
            Operation::Refresh => self.join_or_queue_refresh(Some(ask)),
            Operation::ReadSession if !self.policy.reads_session => self.join_or_queue_refresh(Some(ask)),
            Operation::ReadSession if self.credential.is_none() => self.join_or_queue_refresh(Some(ask)),
            _ => self.queue(operation, vec![ask]),
        }
    }

    /// Signs out here and now; the server is told in turn. An answer that is still on its way to an earlier request
    /// finds another generation and changes nothing.
    pub(super) fn on_sign_out(&mut self, ask: Ask, effects: &mut Vec<Effect>) {
        self.started = true;
        self.end(EndReason::SignedOut, effects);
        self.epoch = self.generation;
        self.sign_out_unfinished = true;
        self.backoff.succeed();
        let mut asks = vec![ask];
        for pending in core::mem::take(&mut self.queue) {
            if pending.operation == Operation::SignOut {
                asks.extend(pending.asks);
            } else {
                pending.settle(Err(Problem::SessionChanged), effects);
            }
        }
        self.queue(Operation::SignOut, asks);
    }

    pub(super) fn on_needed(&mut self, now: Millis, refused: Option<Generation>) {
        self.started = true;
        let has_newer = self.usable(now).is_some()
            && match refused {
                Some(refused) => self.generation > refused,
                None => !self.is_due(now),
            };
        let may_try = self.state.status != Status::Unauthenticated && !self.is_holding_off(now);
        if !has_newer && may_try {
            self.is_refused |= refused == Some(self.generation);
            self.join_or_queue_refresh(None);
        }
    }

    pub(super) fn on_tick(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if let Some(turn) = self.turn.take_if(|turn| now >= turn.deadline) {
            // The request is not aborted: the server may have rotated already, and the new cookie must reach the jar.
            if turn.ticket.operation == Operation::Refresh {
                self.late = Some(Turn { pending: Pending { asks: Vec::new(), ..turn.pending.clone() }, ..turn });
            }
            self.settle(now, turn, Err(Unanswered::Timeout), effects);
        }
    }

    /// Begins the next turn if there is none, and renews what is due.
    pub(super) fn advance(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.disposed {
            return;
        }
        if !self.is_busy() && !self.is_holding_off(now) {
            if self.sign_out_unfinished {
                self.queue(Operation::SignOut, Vec::new());
            } else if self.lacks_data() {
                self.queue(Operation::ReadSession, Vec::new());
            } else if self.renews_by_itself() && (self.credential.is_none() || self.is_due(now)) {
                self.join_or_queue_refresh(None);
            }
        }
        while self.turn.is_none() && !self.queue.is_empty() {
            let pending = self.queue.remove(0);
            self.begin(now, pending, effects);
        }
        self.state.refreshing = self.turn.as_ref().is_some_and(|turn| turn.ticket.operation == Operation::Refresh);
    }

    fn begin(&mut self, now: Millis, pending: Pending, effects: &mut Vec<Effect>) {
        if let Some(result) = self.foregone(&pending) {
            return pending.settle(result, effects);
        }
        self.tickets = self.tickets.wrapping_add(1);
        let ticket = Ticket {
            id: TicketId(self.tickets),
            operation: pending.operation,
            ask: pending.asks.first().copied(),
            base: self.generation,
        };
        self.turn = Some(Turn { ticket, pending, sent: now, deadline: now + self.policy.timeout });
        effects.push(Effect::Perform(ticket));
    }

    /// How an operation ends that need not, or must not, be sent any more.
    fn foregone(&self, pending: &Pending) -> Option<Result<(), Problem>> {
        let ended = self.state.status == Status::Unauthenticated;
        match pending.operation {
            // It was to finish a sign-out that has been finished since. Sent now, it would end the session that followed.
            Operation::SignOut if pending.asks.is_empty() && !self.sign_out_unfinished => Some(Ok(())),
            Operation::Refresh if self.sign_out_unfinished => Some(Err(Problem::SessionEnded)),
            Operation::Refresh if self.generation > pending.stale && ended => Some(Err(Problem::SessionEnded)),
            Operation::Refresh if self.generation > pending.stale => Some(Ok(())),
            Operation::ReadSession if ended || self.credential.is_none() => Some(Err(Problem::SessionEnded)),
            Operation::ReadSession if pending.retried && self.generation == pending.stale => {
                Some(Err(self.state.problem.unwrap_or(Problem::SessionEnded)))
            }
            _ => None,
        }
    }

    /// However many need it, the refresh endpoint sees one request.
    pub(super) fn join_or_queue_refresh(&mut self, ask: Option<Ask>) {
        let running =
            self.turn.as_mut().filter(|turn| turn.ticket.base == self.generation).map(|turn| &mut turn.pending);
        let joined = running.into_iter().chain(&mut self.queue).find(|pending| pending.operation == Operation::Refresh);
        match joined {
            Some(pending) => pending.asks.extend(ask),
            None => self.queue(Operation::Refresh, ask.into_iter().collect()),
        }
    }

    pub(super) fn queue(&mut self, operation: Operation, asks: Vec<Ask>) {
        self.queue.push(Pending { operation, asks, stale: self.generation, retried: false });
    }

    /// Nobody is signed in any more.
    pub(super) fn end(&mut self, reason: EndReason, effects: &mut Vec<Effect>) {
        self.generation = self.generation.next();
        self.credential = None;
        self.is_refused = false;
        self.identity = None;
        self.state.status = Status::Unauthenticated;
        self.state.freshness = Freshness::Fresh;
        self.state.reason = Some(reason);
        self.state.problem = None;
        self.moved = true;
        effects.push(Effect::Forget);
    }
}
