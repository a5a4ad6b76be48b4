//! Across tabs: the lock and the stamp.

use super::turn::{ASLEEP, Outcome, Stage, Turn};
use super::{
    Effect, EndReason, Found, Generation, Message, Millis, Operation, Problem, Rule, Session, Stamp, Standing, Status,
    TicketId,
};

/// How long to wait for the token of a tab that was there a moment ago and may be busy.
pub(super) const GIVER_WAIT: Millis = Millis(2_000);
/// How long ago a moment ago is.
pub(super) const LATELY: Millis = Millis(5_000);
/// How long to wait for the token of a tab that has been heard of once: it may be asleep by now.
pub(super) const WANT_WAIT: Millis = Millis(400);
/// How long to wait, from the first question on, when no other tab has been heard of, which mostly means that there is none.
const WANT_WAIT_ALONE: Millis = Millis(25);
/// How long to wait for the answer to a request whose tab went away in the middle. It was sent with `keepalive`, so its
/// cookie still comes.
const ORPHAN_WAIT: Millis = Millis(3_000);

impl Session {
    /// The lock is held. Whoever held it before has left its mark in the stamp.
    pub(super) fn on_locked(&mut self, now: Millis, id: TicketId, found: Option<Found>, effects: &mut Vec<Effect>) {
        let is_waiting = |turn: &mut Box<Turn>| turn.ticket.id == id && matches!(turn.stage, Stage::Locking);
        if let Some(turn) = self.turn.take_if(is_waiting) {
            if now >= turn.deadline + ASLEEP && self.keeps(Rule::Prompt) {
                return self.start_over(now, turn, effects);
            }
            self.look_again(now, turn, found, effects);
        }
    }

    /// Under the lock, this stands.
    fn look_again(&mut self, now: Millis, mut turn: Box<Turn>, found: Option<Found>, effects: &mut Vec<Effect>) {
        turn.seen = found.map(|found| found.stamp);
        let Some(found) = found else { return self.go_on(now, turn, effects) };
        self.asked = found.stamp.asked;
        self.key = found.stamp.key;
        turn.repeats = self.key != 0;
        self.sync(found.stamp, effects);
        turn.is_own = found.is_own;
        turn.has_ended = found.has_ended;
        turn.is_near = !found.is_own && found.age < LATELY;
        // An application that asks by itself need not wait, but for what the server has asked for.
        let is_wish = !turn.pending.asks.is_empty();
        let holds = |pause: &super::Pause| match pause.problem {
            Problem::TryLater { retry_after: Some(_), .. } => true,
            _ => !is_wish && (pause.is_asked || !self.backoff.was_hinted_since(now, found.age)),
        };
        turn.pause = found.pause.filter(holds);
        let follows = turn.pause_to_keep().is_some();
        if found.stamp.is_asking && !follows && self.keeps(Rule::Orphan) {
            // Presenting the cookie now could be the second time. Who waits behind this tab is not to rob it for the time that
            // its predecessor took.
            effects.push(Effect::Tell(Message::Moved(found.stamp)));
            turn.stage = Stage::Settling;
            turn.deadline = now + ORPHAN_WAIT;
            self.turn = Some(turn);
        } else {
            self.go_on(now, turn, effects);
        }
    }

    /// The lock is held and the stamp is known: is there anything left to ask the server?
    pub(super) fn go_on(&mut self, now: Millis, mut turn: Box<Turn>, effects: &mut Vec<Effect>) {
        if let Some(result) = self.foregone(now, &mut turn.pending) {
            self.moved = true;
            return Self::close(turn, result, effects);
        }
        // A newer token is somewhere. The comparison is with the generation that is to be replaced, not with what this
        // tab has heard of since.
        let is_somebodys = turn.seen.is_none_or(|seen| seen.standing == Standing::SignedIn);
        let is_newer = is_somebodys && self.generation > turn.pending.stale;
        let is_behind = turn.ticket.operation == Operation::Refresh && is_newer;
        let may_want =
            is_behind && turn.pending.takes_any() && self.policy.gives && self.state.status != Status::Unauthenticated;
        let wait = self.want_wait(now, &turn);
        if may_want && (wait > Millis(0) || self.offer.is_some()) && self.keeps(Rule::Compare) {
            turn.stage = Stage::Wanting;
            turn.sent = now;
            turn.deadline = now + wait;
            if !self.is_offered(self.generation) {
                effects.push(Effect::Tell(Message::Want(self.generation)));
            }
            self.turn = Some(turn);
        } else {
            self.announce(now, turn, effects);
        }
    }

    fn want_wait(&self, now: Millis, turn: &Turn) -> Millis {
        let is_there = turn.is_near || now < self.lively_until;
        match self.has_company {
            _ if turn.has_ended => Millis(0),
            _ if is_there && self.gone != self.generation => GIVER_WAIT,
            true => WANT_WAIT,
            // Only a tab of which this one is a copy could answer, and it was asked when the turn began.
            false if turn.is_own => Millis(0),
            false => WANT_WAIT_ALONE.since(now.since(turn.sent)),
        }
    }

    pub(super) fn on_stamped(
        &mut self,
        now: Millis,
        id: TicketId,
        result: Result<(), Option<Stamp>>,
        effects: &mut Vec<Effect>,
    ) {
        let is_stamping = |turn: &mut Box<Turn>| turn.ticket.id == id && matches!(turn.stage, Stage::Stamping(_));
        let is_announcing = |turn: &mut Box<Turn>| turn.ticket.id == id && matches!(turn.stage, Stage::Announcing);
        if let Some(mut turn) = self.turn.take_if(is_announcing) {
            match result {
                Ok(()) if now >= turn.sent + ASLEEP && self.keeps(Rule::Prompt) => self.start_over(now, turn, effects),
                Ok(()) => match self.foregone(now, &mut turn.pending) {
                    // Another tab's token has come meanwhile, or the user has signed out.
                    Some(result) => self.close_unchanged(now, turn, result, effects),
                    None if turn.ticket.base != self.generation => self.go_on(now, turn, effects),
                    None => self.perform(now, turn, effects),
                },
                Err(stamp) => self.look_again(now, turn, stamp.map(Found::just_now), effects),
            }
        } else if let Some(turn) = self.turn.take_if(is_stamping) {
            self.on_stamped_turn(now, turn, result, effects);
        } else if self.marking.take_if(|marking| *marking == id).is_some() && self.sign_out_unfinished {
            match result {
                // A sign-out has left its mark: it is time for the others to know.
                Ok(()) => effects.push(Effect::Tell(Message::Moved(self.stamp(Standing::SigningOut)))),
                // This tab's own turn was faster. (Somebody else's mark will not do: a sign-in may be under way above it.)
                Err(Some(stands)) if stands.standing == Standing::SigningOut && self.has_written(stands) => {
                    self.generation = stands.generation;
                    self.epoch = stands.epoch;
                    effects.push(Effect::Tell(Message::Moved(stands)));
                }
                Err(Some(stands)) => {
                    self.outdo(stands);
                    self.mark_sign_out(Some(stands), effects);
                }
                // The store was wiped meanwhile.
                Err(None) => self.mark_sign_out(None, effects),
            }
        }
    }

    /// Whether the present turn, a sign-out, has written this stamp.
    fn has_written(&self, stamp: Stamp) -> bool {
        let is_mine = |turn: &Turn| turn.ticket.operation == Operation::SignOut && turn.seen == Some(stamp);
        self.turn.as_deref().is_some_and(is_mine)
    }

    /// Leaves the mark of a sign-out in the stamp, at once and without the lock: whoever is refreshing under it fails to
    /// commit. That somebody is asking stays written there.
    pub(super) fn mark_sign_out(&mut self, seen: Option<Stamp>, effects: &mut Vec<Effect>) {
        if self.policy.shared && self.keeps(Rule::Mark) {
            let ticket = self.next_ticket_id();
            self.marking = Some(ticket);
            let mark = self.stamp(Standing::SigningOut);
            let stamp =
                seen.map_or(mark, |Stamp { is_asking, asked, key, .. }| Stamp { is_asking, asked, key, ..mark });
            effects.push(Effect::WriteStamp { ticket, seen, stamp, pause: None, left: None });
        }
    }

    pub(super) fn on_stamped_turn(
        &mut self,
        now: Millis,
        mut turn: Box<Turn>,
        result: Result<(), Option<Stamp>>,
        effects: &mut Vec<Effect>,
    ) {
        self.moved = true;
        let Stage::Stamping(outcome) = core::mem::replace(&mut turn.stage, Stage::Asking) else { return };
        let result = if self.keeps(Rule::Fence) { result } else { Ok(()) };
        let Err(stands) = result else {
            return match outcome {
                Outcome::Unchanged(result) => {
                    if let Some(stamp) = turn.seen.filter(|_| result.is_err()) {
                        // The lock goes on to the next one, whom nobody is to rob for the time that this one took.
                        effects.push(Effect::Tell(Message::Moved(stamp)));
                    }
                    Self::close(turn, result, effects);
                }
                _ if turn.ticket.base != self.generation => self.supersede(now, turn, effects),
                outcome => {
                    let stamp = self.stamp_after(&turn, &outcome);
                    self.come_to_pass(now, turn, outcome, effects);
                    // After a token that was asked for: who has that need not ask again.
                    effects.push(Effect::Tell(Message::Moved(stamp)));
                }
            };
        };
        let is_current = turn.ticket.base == self.generation && !matches!(outcome, Outcome::Unchanged(_));
        if stands.is_none() && turn.seen.is_some() && is_current {
            // The store was wiped meanwhile, as by the answer to a sign-out: the lock is held, so nobody has come before.
            turn.seen = None;
            return self.write_stamp(now, turn, outcome, effects);
        }
        if let Some(stands) = stands {
            self.sync(stands, effects);
        }
        let result = match outcome {
            // The server has confirmed, whatever came after.
            Outcome::SignedOut => Ok(()),
            Outcome::Unchanged(result) => result,
            Outcome::Renewed(_) | Outcome::Dead => self.superseded(&turn),
        };
        let is_mine = |stamp: &Stamp| stamp.is_asking && turn.seen.is_some_and(|seen| seen.asked == stamp.asked);
        match stands.filter(is_mine) {
            // A sign-out has left its mark over it; that this request has ended is still to be said.
            Some(stands) => {
                turn.seen = Some(stands);
                self.close_unchanged(now, turn, result, effects);
            }
            None => Self::close(turn, result, effects),
        }
    }

    pub(super) fn on_stamp_read(&mut self, stamp: Option<Stamp>, effects: &mut Vec<Effect>) {
        self.moved = true;
        if self.unsure > 0 {
            self.unsure -= 1;
            let is_as_left = self.credential.as_ref().is_some_and(|held| held.generation == self.left_with);
            if self.unsure == 0 && self.state.status == Status::Loading && is_as_left {
                self.state.status = Status::Authenticated;
            }
        }
        // What stands, then what another tab has said: the store may have been wiped since, or have refused to be written.
        for stamp in stamp.into_iter().chain(self.told.take()) {
            self.sync(stamp, effects);
        }
        if stamp.is_none() {
            self.put_again(effects);
        }
        self.reads = self.reads.saturating_sub(1);
        self.take_offer(effects);
    }

    pub(super) fn on_store_lost(&mut self, effects: &mut Vec<Effect>) {
        if self.started && self.policy.shared {
            self.read_stamp(effects);
        }
    }

    /// Nothing stands where this tab knows that a session has ended: the store was wiped, as by the answer to the sign-out, and
    /// perhaps after the stamp was written. Pages that are opened from now on would count from nothing, and who signs in there would
    /// not be heard of here. (Of a session that goes on, other tabs may know that it has ended: that is put again by nobody.)
    fn put_again(&mut self, effects: &mut Vec<Effect>) {
        let has_ended = self.state.status == Status::Unauthenticated && self.generation > Generation(0);
        if has_ended && self.policy.shared && !self.is_busy() && self.marking.is_none() {
            let standing = match self.state.reason {
                _ if self.sign_out_unfinished => Standing::SigningOut,
                Some(EndReason::SignedOut) => Standing::SignedOut,
                _ => Standing::Expired,
            };
            let (ticket, stamp) = (self.next_ticket_id(), self.stamp(standing));
            effects.push(Effect::WriteStamp { ticket, seen: None, stamp, pause: None, left: None });
        }
    }

    pub(super) fn on_visible(&mut self, visible: bool, effects: &mut Vec<Effect>) {
        self.visible = visible;
        if visible && self.started && self.policy.shared {
            self.read_stamp(effects);
        }
    }

    /// Who waits for this page's token need not wait long.
    pub(super) fn on_leaving(&self, effects: &mut Vec<Effect>) {
        if let Some(held) = self.credential.as_ref().filter(|held| held.is_own && self.policy.shared) {
            effects.push(Effect::Tell(Message::Gone(held.generation)));
        }
    }

    /// What is shown may be of a user who has signed out since.
    pub(super) fn on_restored(&mut self, effects: &mut Vec<Effect>) {
        if self.started && self.policy.shared {
            self.read_stamp(effects);
            if self.state.status == Status::Authenticated {
                self.left_with = self.stale();
            }
            if self.state.status == Status::Authenticated || self.unsure > 0 {
                self.state.status = Status::Loading;
                self.unsure = self.reads;
            }
        }
    }

    /// The stamp as this tab knows it.
    pub(super) const fn stamp(&self, standing: Standing) -> Stamp {
        let Self { generation, epoch, identity, asked, .. } = *self;
        Stamp { generation, epoch, identity, standing, is_asking: false, asked, key: 0 }
    }

    /// What this tab is about to write comes after this stamp.
    fn outdo(&mut self, stamp: Stamp) {
        if stamp.generation >= self.generation {
            self.generation = stamp.generation.next();
            self.epoch = self.generation;
        }
    }

    /// A newer stamp stands: what it says is so here too.
    pub(super) fn sync(&mut self, stamp: Stamp, effects: &mut Vec<Effect>) {
        if self.marking.is_some() {
            // What stands there was written before this tab knew that it is to sign out: the mark comes after it.
            return self.outdo(stamp);
        }
        if stamp.generation <= self.generation {
            return;
        }
        self.moved = true;
        match stamp.standing {
            Standing::SignedIn => {
                // The server has answered since it told this tab, or another, to wait.
                self.backoff.succeed();
                self.take_over(stamp, effects);
            }
            ended => {
                let is_known = self.state.status == Status::Authenticated
                    || self.credential.is_some()
                    || self.generation > Generation(0);
                if is_known || (ended == Standing::SigningOut && self.state.status == Status::Loading) {
                    let reason = match ended {
                        _ if !self.knows_somebody => self.state.reason.unwrap_or(EndReason::None),
                        Standing::Expired => EndReason::Expired,
                        _ => EndReason::SignedOut,
                    };
                    self.end(reason, effects);
                }
                // A page that has just been opened asks the server all the same: somebody may have signed in elsewhere.
                self.sign_out_unfinished = ended == Standing::SigningOut;
                self.generation = stamp.generation;
                self.epoch = stamp.epoch;
            }
        }
    }

    /// Somebody is signed in by this stamp. Another user than before: nothing of the former one stays.
    pub(super) fn take_over(&mut self, stamp: Stamp, effects: &mut Vec<Effect>) {
        self.moved = true;
        let is_known = self.generation > Generation(0) && self.state.status != Status::Loading;
        // Who has learned by reading that it is somebody else knows better than a stamp that names nobody.
        let epoch = if self.is_of_other(stamp.identity) { stamp.generation } else { self.epoch.max(stamp.epoch) };
        let is_other = epoch > self.epoch;
        if is_other && (is_known || self.credential.is_some()) {
            self.credential = None;
            self.giving = None;
            // What a sign-out of the former session was to wait for.
            self.backoff.succeed();
            self.state.status = Status::Loading;
            self.state.reason = None;
            effects.push(Effect::Forget);
        }
        self.is_refused = false;
        self.knows_somebody = true;
        self.sign_out_unfinished = false;
        self.generation = stamp.generation;
        self.epoch = epoch;
        self.identity = stamp.identity.or(self.identity.filter(|_| !is_other));
    }
}
