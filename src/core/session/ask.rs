//! What the application and its calls ask for.

use super::turn::{Pending, Stage, Turn};
use super::{Ask, Effect, EndReason, Generation, Millis, Operation, Problem, Session, Status};

impl Session {
    /// Somebody waits to know: a hidden tab, which does nothing by itself, finds out too.
    pub(super) fn on_start(&mut self, now: Millis) {
        self.started = true;
        if self.state.status == Status::Loading {
            self.on_needed(now, None);
        }
    }

    pub(super) fn on_asked(&mut self, ask: Ask, operation: Operation) {
        self.started = true;
        if self.sign_out_unfinished {
            self.queue(Operation::SignOut, Vec::new());
        }
        let has_none = self.credential.is_none();
        let is_read_by_refresh = !self.policy.reads_session || self.policy.rules.by_session;
        match operation {
            Operation::Refresh => self.refresh(Some(ask), has_none, false),
            Operation::ReadSession if is_read_by_refresh || has_none => {
                self.refresh(Some(ask), false, is_read_by_refresh);
            }
            _ => self.queue(operation, vec![ask]),
        }
    }

    /// Signs out here and now, and in every tab as soon as the stamp is written; the server is told in turn. An answer
    /// that is still on its way to an earlier request finds another generation and changes nothing.
    pub(super) fn on_sign_out(&mut self, ask: Ask, effects: &mut Vec<Effect>) {
        self.started = true;
        if let Some(token) = self.credential.as_mut().and_then(|held| held.refresh_token.take()) {
            self.parting = Some(token);
        }
        self.end(EndReason::SignedOut, effects);
        self.epoch = self.generation;
        self.sign_out_unfinished = true;
        self.backoff.succeed();
        self.mark_sign_out(None, effects);
        if let Some(turn) = &mut self.turn {
            turn.pending.is_called_off = matches!(turn.ticket.operation, Operation::SignIn | Operation::Exchange);
        }
        let mut asks = vec![ask];
        for pending in &self.queue {
            if pending.operation == Operation::SignOut {
                asks.extend_from_slice(&pending.asks);
            } else {
                pending.settle(Err(Problem::SessionChanged), effects);
            }
        }
        self.queue.clear();
        self.queue(Operation::SignOut, asks);
    }

    pub(super) fn on_needed(&mut self, now: Millis, refused: Option<Generation>) {
        self.started = true;
        if self.is_unsure() {
            // The stamp is being read; that comes first.
            return;
        }
        let has_newer = self.usable(now).is_some()
            && match refused {
                Some(refused) => self.generation() > refused,
                None => !self.is_due(now),
            };
        let may_try = self.state.status != Status::Unauthenticated && !self.is_holding_off(now);
        if !has_newer && may_try {
            let is_first = !self.is_refused && refused.is_some_and(|refused| self.bearer(refused).is_some());
            self.is_refused |= is_first;
            // A refresh that was asked for after the refusal brings a token that is newer than it.
            if let Some(turn) = self.turn.as_mut().filter(|turn| turn.ticket.operation == Operation::Refresh) {
                turn.is_doubtful |= is_first && matches!(turn.stage, Stage::Asking | Stage::Stamping(_));
            }
            self.join_or_queue_refresh();
        }
    }

    /// However many need it, the refresh endpoint sees one request.
    pub(super) fn join_or_queue_refresh(&mut self) {
        self.refresh(None, false, false);
    }

    /// As `insists` and `reads` have it: see [`Pending`].
    pub(super) fn refresh(&mut self, ask: Option<Ask>, insists: bool, reads: bool) {
        let stale = self.stale();
        let is_such = |pending: &&mut Pending| pending.operation == Operation::Refresh && pending.stale >= stale;
        // What is read already may be from before the application asked.
        let may_join = |turn: &&mut Box<Turn>| !reads || !matches!(turn.stage, Stage::Asking | Stage::Stamping(_));
        let running = self.turn.as_mut().filter(may_join).map(|turn| &mut turn.pending).filter(is_such);
        if let Some(pending) = running.or_else(|| self.queue.iter_mut().find(is_such)) {
            pending.asks.extend(ask);
            pending.insists |= insists;
            pending.reads |= reads;
        } else {
            let pending = self.pending(Operation::Refresh, ask.into_iter().collect());
            self.queue.push(Pending { insists, reads, ..pending });
        }
    }

    pub(super) fn queue(&mut self, operation: Operation, asks: Vec<Ask>) {
        let pending = self.pending(operation, asks);
        self.queue.push(pending);
    }

    pub(super) fn pending(&self, operation: Operation, asks: Vec<Ask>) -> Pending {
        let (stale, since) = (self.stale(), self.generation);
        Pending { operation, asks, stale, since, retried: false, insists: false, reads: false, is_called_off: false }
    }

    /// The generation of the present token, zero if there is none.
    pub(super) fn stale(&self) -> Generation {
        self.credential.as_ref().map_or(Generation(0), |held| held.generation)
    }
}
