//! What an answer does to the session.

use super::super::answer;
use super::super::verdict::{Grant, RefreshVerdict};
use super::turn::{ASLEEP, Outcome, Pending, Stage, Turn};
use super::{
    Ask, Credential, Effect, EndReason, Expiry, Freshness, Generation, Identity, Millis, Operation, Pause, Problem,
    Rule, Session, Stamp, Standing, Status, TicketId,
};

/// How much longer than `timeout` a request is given before anybody presents the same cookie again: as long as a proxy in
/// between may take to give up (30 s in all is the shortest limit of the common ones).
const SLOW: Millis = Millis(20_000);
/// How long calls are failed after an answer that no later try will change.
const MISCONFIGURED: Millis = Millis(60_000);

impl Session {
    pub(super) fn on_answered(
        &mut self,
        now: Millis,
        id: TicketId,
        answer: answer::Outcome,
        effects: &mut Vec<Effect>,
    ) {
        let is_asking = |turn: &mut Box<Turn>| turn.ticket.id == id && matches!(turn.stage, Stage::Asking);
        if let Some(mut turn) = self.turn.take_if(is_asking) {
            let is_current = turn.ticket.base == self.generation;
            if is_current && !turn.ticket.needs_proof && self.policy.rules.refuses_proof(&answer) {
                // Refused at the door: the server has done nothing, so the same request may go again.
                turn.ticket.needs_proof = true;
                return self.repeat(now, turn, effects);
            }
            self.settle(now, turn, answer, effects);
        } else if let Some(turn) = self.late.take_if(|turn| turn.ticket.id == id)
            && let RefreshVerdict::Renewed(grant) = self.policy.rules.judge_refresh(answer)
            && turn.ticket.base == self.generation
            && self.turn.is_none()
        {
            // Without the lock: the stamp is fence enough.
            self.write_stamp(now, turn, Outcome::Renewed(grant), effects);
        }
    }

    /// Whether an answer to this request would change anything.
    pub fn awaits(&self, id: TicketId) -> bool {
        match &self.turn {
            Some(turn) => turn.ticket.id == id && matches!(turn.stage, Stage::Asking),
            None => self.late.as_ref().is_some_and(|late| late.ticket.id == id),
        }
    }

    /// Sends the request of a turn once more, for which the lock has to be held still.
    fn repeat(&mut self, now: Millis, turn: Box<Turn>, effects: &mut Vec<Effect>) {
        let may_be_lost = turn.is_locked && now >= turn.sent + ASLEEP;
        if may_be_lost && self.keeps(Rule::Prompt) {
            return self.start_over(now, turn, effects);
        }
        self.perform(now, turn, effects);
    }

    /// Ends a turn with an answer, or with none.
    pub(super) fn settle(
        &mut self,
        now: Millis,
        mut turn: Box<Turn>,
        answer: answer::Outcome,
        effects: &mut Vec<Effect>,
    ) {
        self.moved = true;
        let is_current = turn.ticket.base == self.generation || !self.keeps(Rule::LateAnswer);
        if turn.ticket.operation == Operation::Refresh && answer.is_ok() && !turn.repeats {
            // Whatever it says, it is known what became of this request.
            self.key = 0;
        }
        match turn.ticket.operation {
            Operation::SignOut => match self.policy.rules.judge_sign_out(answer) {
                Ok(()) if is_current => self.write_stamp(now, turn, Outcome::SignedOut, effects),
                Ok(()) => self.close_unchanged(now, turn, Ok(()), effects),
                Err(problem) => {
                    turn.pause = Some(self.hold_off(now, problem));
                    self.close_unchanged(now, turn, Err(problem), effects);
                }
            },
            _ if !is_current => self.supersede(now, turn, effects),
            Operation::Refresh => match self.policy.rules.judge_refresh(answer) {
                // An answer from somebody's cache, most likely. It would be refused again.
                RefreshVerdict::Renewed(grant) if self.has_been_refused(&grant) => {
                    self.fail(now, turn, Problem::BadResponse { status: 200 }, effects);
                }
                RefreshVerdict::Renewed(grant) => self.write_stamp(now, turn, Outcome::Renewed(grant), effects),
                RefreshVerdict::Dead if !self.keeps(Rule::Dead) => self.come_to_pass(now, turn, Outcome::Dead, effects),
                RefreshVerdict::Dead => self.write_stamp(now, turn, Outcome::Dead, effects),
                RefreshVerdict::Unknown(problem) => self.fail(now, turn, problem, effects),
            },
            Operation::SignIn | Operation::Exchange => match self.policy.rules.judge_sign_in(answer) {
                Ok(grant) => self.write_stamp(now, turn, Outcome::Renewed(grant), effects),
                Err(problem) => self.close_unchanged(now, turn, Err(problem), effects),
            },
            Operation::ReadSession => self.settle_session(now, turn, answer, effects),
        }
    }

    fn has_been_refused(&self, grant: &Grant) -> bool {
        // Reading a session shows the token that is in it, a new one or not.
        let is_token = !self.policy.rules.by_cookie && !self.policy.rules.by_session;
        is_token && self.is_refused && self.credential.as_ref().is_some_and(|held| held.bearer == grant.access_token)
    }

    /// The answer is of another time: what has come since stands.
    pub(super) fn supersede(&mut self, now: Millis, mut turn: Box<Turn>, effects: &mut Vec<Effect>) {
        // Who waits for the session's data still does.
        match turn.ticket.operation {
            Operation::ReadSession if self.lacks_data() => {
                let asks = core::mem::take(&mut turn.pending.asks);
                self.read_for(asks);
            }
            Operation::Refresh if self.state.status == Status::Loading => {
                for ask in core::mem::take(&mut turn.pending.asks) {
                    self.refresh(Some(ask), turn.pending.insists, turn.pending.reads);
                }
            }
            _ => {}
        }
        let result = self.superseded(&turn);
        self.close_unchanged(now, turn, result, effects);
    }

    /// What becomes of an operation whose answer is of another time.
    pub(super) fn superseded(&self, turn: &Turn) -> Result<(), Problem> {
        // Or somebody else is signed in, of whom nothing is known yet.
        let ended = self.state.status != Status::Authenticated;
        let is_sign_in = matches!(turn.ticket.operation, Operation::SignIn | Operation::Exchange);
        if ended || is_sign_in { Err(Problem::SessionChanged) } else { Ok(()) }
    }

    fn settle_session(&mut self, now: Millis, turn: Box<Turn>, answer: answer::Outcome, effects: &mut Vec<Effect>) {
        match self.policy.rules.judge_session(answer) {
            Ok(Some(fields)) => {
                if self.is_of_other(fields.identity) {
                    // The cookie has become somebody else's. What was asked for until now is not theirs.
                    self.epoch = self.generation;
                }
                self.identity = fields.identity.or(self.identity);
                self.succeed();
                effects.push(Effect::Adopt(turn.ticket.id));
                self.give_wanted(now, effects);
                Self::close(turn, Ok(()), effects);
            }
            // The token was refused: renew it, then read once more.
            Ok(None) if !turn.pending.retried => {
                self.join_or_queue_refresh();
                self.queue.push(Pending { retried: true, stale: self.stale(), ..turn.pending });
            }
            Ok(None) => self.fail(now, turn, Problem::BadResponse { status: 401 }, effects),
            Err(problem) => self.fail(now, turn, problem, effects),
        }
    }

    /// What follows the stamp that is known, if this comes to pass.
    pub(super) fn stamp_after(&self, turn: &Turn, outcome: &Outcome) -> Stamp {
        let generation = self.generation.next();
        match outcome {
            Outcome::Renewed(grant) => self.stamp_of(turn, grant),
            Outcome::Dead => {
                // After a sign-out nothing was there that could have expired.
                let was_out = turn.seen.is_some_and(|stamp| stamp.standing == Standing::SignedOut);
                let standing = if was_out { Standing::SignedOut } else { Standing::Expired };
                Stamp { generation, identity: None, ..self.stamp(standing) }
            }
            Outcome::SignedOut => Stamp { generation, identity: None, ..self.stamp(Standing::SignedOut) },
            Outcome::Unchanged(_) => self.stamp(Standing::SignedIn),
        }
    }

    fn stamp_of(&self, turn: &Turn, grant: &Grant) -> Stamp {
        let generation = self.generation.next();
        let keeps = self.keeps_user(turn, grant);
        // What follows the end of a session is another one, though nobody has said so: a tab that knows of none of it is not to go on.
        let has_ended = turn.seen.is_some_and(|seen| seen.standing != Standing::SignedIn);
        let epoch = match keeps {
            true if has_ended => self.epoch.max(self.generation),
            true => self.epoch,
            false => generation,
        };
        // Of an answer that names nobody, it is not known whose it is: each tab finds that out by reading.
        Stamp { generation, epoch, identity: grant.identity, ..self.stamp(Standing::SignedIn) }
    }

    /// Whether this is known to be somebody else than the present user.
    pub(super) fn is_of_other(&self, identity: Option<Identity>) -> bool {
        identity.is_some() && self.identity.is_some() && identity != self.identity
    }

    /// Whether calls made until now may go on with this token.
    fn keeps_user(&self, turn: &Turn, grant: &Grant) -> bool {
        let names_other = self.is_of_other(grant.identity);
        let names_same = grant.identity.is_some() && grant.identity == self.identity;
        match (turn.ticket.operation, self.state.status) {
            // Whose the cookie is that an application has asked about, only the answer could say.
            (Operation::Refresh, _) if turn.pending.insists && self.generation > Generation(0) => names_same,
            (Operation::Refresh, Status::Authenticated | Status::Loading) => !names_other,
            (_, Status::Authenticated) => names_same,
            _ => false,
        }
    }

    /// The stamp stands: now it is so.
    pub(super) fn come_to_pass(&mut self, now: Millis, turn: Box<Turn>, outcome: Outcome, effects: &mut Vec<Effect>) {
        self.moved = true;
        match outcome {
            Outcome::Renewed(grant) => self.commit(now, turn, grant, effects),
            Outcome::Dead => {
                let known = self.state.status == Status::Authenticated;
                self.end(if known { EndReason::Expired } else { EndReason::None }, effects);
                Self::close(turn, Err(Problem::SessionEnded), effects);
            }
            Outcome::SignedOut => {
                self.generation = self.generation.next();
                self.parting = None;
                self.sign_out_unfinished = false;
                self.backoff.succeed();
                Self::close(turn, Ok(()), effects);
            }
            Outcome::Unchanged(result) => Self::close(turn, result, effects),
        }
    }

    /// A new access token that this tab has fetched.
    fn commit(&mut self, now: Millis, mut turn: Box<Turn>, grant: Grant, effects: &mut Vec<Effect>) {
        let has_user = grant.has_user || !self.policy.reads_session;
        let was_known = self.state.status == Status::Authenticated && self.keeps_user(&turn, &grant);
        let stamp = self.stamp_of(&turn, &grant);
        self.take_over(stamp, effects);
        let jitter = self.random.fraction();
        let expiry = grant.expires_in.map(|life| Expiry::new(life, turn.sent, self.policy.lead, jitter));
        let generation = stamp.generation;
        // An answer without a refresh token leaves the former one good (RFC 6749 section 6); a sign-in brings its own.
        let former = self.credential.take().filter(|_| turn.ticket.operation == Operation::Refresh);
        let refresh_token = grant.refresh_token.or(former.and_then(|held| held.refresh_token));
        let is_last = self.policy.by_body && refresh_token.is_none();
        let expiry = expiry.map(|expiry| {
            let Expiry { due, end } = expiry.usable_at(now);
            Expiry { due: if is_last { end } else { due }, end }
        });
        self.credential = Some(Credential {
            generation,
            bearer: grant.access_token,
            refresh_token,
            expiry,
            is_own: true,
            is_doubtful: turn.is_doubtful,
        });
        self.late = None;
        self.key = 0;
        // Whoever is signed in now is not to be signed in by it, nor out.
        self.parting = None;
        // What the application does with its data is no business of those who wait for the lock.
        Self::unlock(&mut turn, effects);
        if has_user {
            effects.push(Effect::Adopt(turn.ticket.id));
        }
        if has_user || was_known {
            self.succeed();
            self.give_wanted(now, effects);
            Self::close(turn, Ok(()), effects);
        } else {
            // It may be refused whoever reads with it: then the pauses go on growing.
            self.backoff.release();
            self.stand(Status::Loading);
            // Who asked hears when the session's data are there.
            let asks = core::mem::take(&mut turn.pending.asks);
            Self::close(turn, Ok(()), effects);
            self.read_for(asks);
        }
    }

    /// Reads the session for whom it is the end of what they have asked for.
    pub(super) fn read_for(&mut self, asks: Vec<Ask>) {
        // A reading that waits for this token, having been refused with the one before, is not to be begun anew.
        if let Some(waiting) = self.queue.iter_mut().find(|pending| pending.retried) {
            waiting.asks.extend(asks);
        } else {
            let operation = if self.policy.rules.by_session { Operation::Refresh } else { Operation::ReadSession };
            let pending = self.pending(operation, asks);
            self.queue.insert(0, pending);
        }
    }

    pub(super) fn succeed(&mut self) {
        self.backoff.succeed();
        self.stand(Status::Authenticated);
    }

    /// It is so, and nothing is wrong.
    fn stand(&mut self, status: Status) {
        self.state.status = status;
        self.state.freshness = Freshness::Fresh;
        self.state.reason = None;
        self.state.problem = None;
    }

    /// Nothing is known: the session stays as it is, and nobody tries again for a while.
    fn fail(&mut self, now: Millis, mut turn: Box<Turn>, problem: Problem, effects: &mut Vec<Effect>) {
        let is_update = turn.ticket.operation == Operation::ReadSession && self.state.status == Status::Authenticated;
        if is_update {
            // Reading anew what is known already: who asked hears of it, and calls go on.
            return Self::close(turn, Err(problem), effects);
        }
        turn.pause = Some(self.hold_off(now, problem));
        self.suspend(problem);
        self.close_unchanged(now, turn, Err(problem), effects);
    }

    /// Another tab has tried a moment ago: its verdict is this tab's too.
    pub(super) fn follow(&mut self, now: Millis, turn: Box<Turn>, pause: Pause, effects: &mut Vec<Effect>) {
        self.moved = true;
        self.backoff.follow(now, pause.left, pause.is_asked);
        if turn.ticket.operation == Operation::Refresh {
            self.suspend(pause.problem);
        }
        Self::close(turn, Err(pause.problem), effects);
    }

    /// Who is signed in stays so, and the application hears what is wrong.
    fn suspend(&mut self, problem: Problem) {
        self.moved = true;
        // Nobody could replace it; it may still be good for other calls.
        self.is_refused = false;
        self.state.problem = Some(problem);
        self.state.freshness = match problem {
            Problem::Network => Freshness::Offline,
            _ => Freshness::Stale,
        };
    }

    fn hold_off(&mut self, now: Millis, problem: Problem) -> Pause {
        let (least, is_asked) = match problem {
            Problem::TryLater { retry_after: Some(asked), .. } => (Some(asked.span()), true),
            Problem::Misconfigured { .. } => (Some(MISCONFIGURED), true),
            // Its request is still under way, and presenting the cookie now could be the second time.
            Problem::Timeout => (Some(SLOW), false),
            _ => (None, false),
        };
        self.moved = true;
        let until = self.backoff.fail(now, least, is_asked, &mut self.random);
        Pause { problem, left: until.since(now), is_asked }
    }
}
