//! What an answer does to the session.

use super::super::answer::Outcome;
use super::super::verdict::{Grant, RefreshVerdict};
use super::turn::{Pending, Turn};
use super::{
    Credential, Effect, EndReason, Expiry, Freshness, Generation, Millis, Operation, Problem, Session, Status, TicketId,
};

/// How long calls are failed after an answer that no later try will change.
const MISCONFIGURED: Millis = Millis(60_000);

impl Session {
    pub(super) fn on_answered(&mut self, now: Millis, id: TicketId, outcome: Outcome, effects: &mut Vec<Effect>) {
        if let Some(turn) = self.turn.take_if(|turn| turn.ticket.id == id) {
            self.settle(now, turn, outcome, effects);
        } else if let Some(turn) = self.late.take_if(|turn| turn.ticket.id == id)
            && let RefreshVerdict::Renewed(grant) = self.policy.rules.judge_refresh(outcome)
            && turn.ticket.base == self.generation
        {
            self.commit(now, turn, grant, effects);
        }
    }

    /// Ends a turn with an answer, or with none.
    pub(super) fn settle(&mut self, now: Millis, turn: Turn, outcome: Outcome, effects: &mut Vec<Effect>) {
        self.moved = true;
        let is_current = turn.ticket.base == self.generation;
        match turn.ticket.operation {
            Operation::SignOut => self.settle_sign_out(now, turn, outcome, effects),
            _ if !is_current => {
                let ended = self.state.status == Status::Unauthenticated;
                let is_sign_in = matches!(turn.ticket.operation, Operation::SignIn | Operation::Exchange);
                let lost = ended || is_sign_in;
                turn.pending.settle(if lost { Err(Problem::SessionChanged) } else { Ok(()) }, effects);
            }
            Operation::Refresh => match self.policy.rules.judge_refresh(outcome) {
                RefreshVerdict::Renewed(grant) => self.commit(now, turn, grant, effects),
                RefreshVerdict::Dead => {
                    let known = self.state.status == Status::Authenticated;
                    self.end(if known { EndReason::Expired } else { EndReason::None }, effects);
                    turn.pending.settle(Err(Problem::SessionEnded), effects);
                }
                RefreshVerdict::Unknown(problem) => self.fail(now, turn.pending, problem, effects),
            },
            Operation::SignIn | Operation::Exchange => match self.policy.rules.judge_sign_in(outcome) {
                Ok(grant) => self.commit(now, turn, grant, effects),
                Err(problem) => turn.pending.settle(Err(problem), effects),
            },
            Operation::ReadSession => self.settle_session(now, turn, outcome, effects),
        }
    }

    fn settle_sign_out(&mut self, now: Millis, turn: Turn, outcome: Outcome, effects: &mut Vec<Effect>) {
        let result = self.policy.rules.judge_sign_out(outcome);
        match result {
            Ok(()) => {
                self.sign_out_unfinished = false;
                self.backoff.succeed();
            }
            Err(problem) => self.hold_off(now, problem),
        }
        turn.pending.settle(result, effects);
    }

    fn settle_session(&mut self, now: Millis, turn: Turn, outcome: Outcome, effects: &mut Vec<Effect>) {
        match self.policy.rules.judge_session(outcome) {
            Ok(Some(fields)) => {
                if fields.identity.is_some() && self.identity.is_some() && fields.identity != self.identity {
                    // A cookie that is another user's by now: calls made until here are not to be sent as that one.
                    self.generation = self.generation.next();
                    self.epoch = self.generation;
                }
                self.identity = fields.identity.or(self.identity);
                self.succeed();
                effects.push(Effect::Adopt(turn.ticket.id));
                turn.pending.settle(Ok(()), effects);
            }
            // The token was refused: renew it, then read once more.
            Ok(None) if !turn.pending.retried => {
                self.join_or_queue_refresh(None);
                self.queue.push(Pending { retried: true, stale: self.generation, ..turn.pending });
            }
            Ok(None) => self.fail(now, turn.pending, Problem::BadResponse { status: 401 }, effects),
            Err(problem) => self.fail(now, turn.pending, problem, effects),
        }
    }

    /// A new access token: the only place where one enters the session.
    fn commit(&mut self, now: Millis, turn: Turn, grant: Grant, effects: &mut Vec<Effect>) {
        let is_sign_in = turn.ticket.operation != Operation::Refresh;
        let names_other = grant.identity.is_some() && self.identity.is_some() && grant.identity != self.identity;
        let names_same = grant.identity.is_some() && grant.identity == self.identity;
        let is_same_user =
            self.state.status == Status::Authenticated && if is_sign_in { names_same } else { !names_other };
        let had_nobody = self.state.status == Status::Loading && !is_sign_in;
        self.generation = self.generation.next();
        if !is_same_user && !had_nobody {
            self.epoch = self.generation;
            effects.push(Effect::Forget);
        }
        self.identity = grant.identity.or(self.identity.filter(|_| is_same_user));
        let jitter = self.random.fraction();
        let expiry = grant.expires_in.and_then(|life| Expiry::from_seconds(life, turn.sent, self.policy.lead, jitter));
        let expiry = expiry.map(|expiry| expiry.usable_at(now));
        self.credential = Some(Credential { bearer: grant.access_token, expiry });
        self.is_refused = false;
        self.late = None;
        self.sign_out_unfinished = false;
        self.backoff.succeed();
        self.moved = true;
        if grant.has_user || !self.policy.reads_session {
            effects.push(Effect::Adopt(turn.ticket.id));
            self.succeed();
            turn.pending.settle(Ok(()), effects);
        } else if is_same_user {
            self.succeed();
            turn.pending.settle(Ok(()), effects);
        } else {
            self.state.status = Status::Loading;
            self.state.reason = None;
            let stale = Generation::default();
            let read = Pending { operation: Operation::ReadSession, stale, retried: false, ..turn.pending };
            self.queue.insert(0, read);
        }
    }

    fn succeed(&mut self) {
        self.backoff.succeed();
        self.state.status = Status::Authenticated;
        self.state.freshness = Freshness::Fresh;
        self.state.reason = None;
        self.state.problem = None;
    }

    /// Nothing is known: the session stays as it is, and nobody tries again for a while.
    fn fail(&mut self, now: Millis, pending: Pending, problem: Problem, effects: &mut Vec<Effect>) {
        let is_update = pending.operation == Operation::ReadSession && self.state.status == Status::Authenticated;
        if is_update {
            // Reading anew what is known already: who asked hears of it, and calls go on.
            return pending.settle(Err(problem), effects);
        }
        self.hold_off(now, problem);
        // Nobody could replace it; it may still be good for other calls.
        self.is_refused = false;
        self.state.problem = Some(problem);
        self.state.freshness = match problem {
            Problem::Network => Freshness::Offline,
            _ => Freshness::Stale,
        };
        pending.settle(Err(problem), effects);
    }

    fn hold_off(&mut self, now: Millis, problem: Problem) {
        let asked = match problem {
            Problem::TryLater { retry_after, .. } => retry_after,
            Problem::Misconfigured { .. } => Some(MISCONFIGURED),
            _ => None,
        };
        self.backoff.fail(now, asked, &mut self.random);
        self.moved = true;
    }
}
