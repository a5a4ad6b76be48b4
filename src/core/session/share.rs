//! What tabs say to each other, and how a token goes from one to another.

use super::tabs::{GIVER_WAIT, LATELY, WANT_WAIT};
use super::turn::{Stage, Turn};
use super::{
    Credential, Effect, Expiry, Generation, Message, Millis, Offer, Operation, Rule, Secret, Session, Stamp, Standing,
    Status,
};

/// Questions that come within this span of an answer are answered together at its end. Shorter than anybody waits.
const GIVE_TOGETHER: Millis = Millis(15);
/// A tab that has a token which another one fetched answers after this long and its jitter, if nobody else has.
const GIVE_AFTER: u64 = 40;

impl Session {
    pub(super) fn on_heard(&mut self, now: Millis, message: Message, effects: &mut Vec<Effect>) {
        // Who asks for a token has none to give: when many tabs are restored, each hears the others ask.
        let may_give = !matches!(message, Message::Want(_));
        if may_give {
            self.has_company = true;
            self.lively_until = now + LATELY;
        }
        if let Message::Gone(generation) = message {
            self.gone = self.gone.max(generation);
        }
        if may_give && let Some(turn) = self.turn.as_mut().filter(|turn| matches!(turn.stage, Stage::Wanting)) {
            turn.deadline = if self.gone == self.generation {
                turn.deadline.min(now + WANT_WAIT)
            } else {
                turn.deadline.max(turn.sent + GIVER_WAIT)
            };
        }
        match message {
            Message::Moved(stamp) if stamp.generation >= self.generation => {
                self.is_wanted &= stamp.generation == self.generation;
                // Who has the lock gets on: it is not to be robbed.
                self.wait_anew(now);
                if stamp.generation == self.generation {
                    return;
                }
                if self.told.is_none_or(|told| told.generation < stamp.generation) {
                    self.told = Some(stamp);
                }
                if self.is_offered(stamp.generation) {
                    // The reading that the token waits for was asked for after this stamp was written.
                    return;
                }
                let waits = self.turn.as_ref().is_some_and(|turn| {
                    turn.ticket.operation == Operation::Refresh && matches!(turn.stage, Stage::Locking)
                });
                if waits && self.policy.gives && stamp.standing == Standing::SignedIn {
                    effects.push(Effect::Tell(Message::Want(stamp.generation)));
                }
                self.read_stamp(effects);
            }
            Message::Stole => self.wait_anew(now),
            Message::Want(generation) => {
                if !self.policy.gives {
                    return;
                }
                // While its user is being read, it is to be waited for.
                let is_usable = self.usable(now).is_some() && self.state.status == Status::Authenticated;
                let Some(held) = self.credential.as_ref().filter(|held| held.generation >= generation && is_usable)
                else {
                    self.is_wanted = true;
                    return;
                };
                let has_just_given = self.gave.is_some_and(|gave| now < gave + GIVE_TOGETHER);
                if held.is_own && !has_just_given {
                    self.give(now, effects);
                } else if held.is_own {
                    self.giving = Some(now + GIVE_TOGETHER);
                } else {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 80")]
                    let jitter = (self.random.fraction() * 80.0) as u64;
                    self.giving = Some(now + Millis(GIVE_AFTER + jitter));
                }
            }
            Message::Moved(_) | Message::Gone(_) => {}
            Message::Give { stamp, bearer, left } => self.on_given(now, stamp, bearer, left, effects),
        }
    }

    /// The lock has gone on to somebody else, who has a time of its own.
    fn wait_anew(&mut self, now: Millis) {
        let wait = self.lock_wait();
        if let Some(turn) = self.turn.as_mut().filter(|turn| matches!(turn.stage, Stage::Locking)) {
            turn.deadline = turn.deadline.max(now + wait);
        }
    }

    /// Another tab's token, of which this one has asked or could have asked. That tab may not know yet what has come since:
    /// the stamp is read before the token is taken.
    fn on_given(&mut self, now: Millis, stamp: Stamp, bearer: Secret, left: Option<Millis>, effects: &mut Vec<Effect>) {
        self.giving = None;
        self.is_wanted = false;
        if left == Some(Millis(0)) || !self.policy.gives || !self.is_welcome(stamp) {
            return;
        }
        let jitter = self.random.fraction();
        let expiry = left.map(|left| Expiry::new(left, now, self.policy.lead, jitter));
        let credential = Credential {
            generation: stamp.generation,
            bearer,
            refresh_token: None,
            expiry,
            is_own: false,
            is_doubtful: false,
        };
        effects.push(Effect::KeepGiven);
        self.read_stamp(effects);
        let reads = if self.keeps(Rule::Offer) { self.reads } else { 0 };
        self.offer = Some(Offer { stamp, credential, reads });
        if reads == 0 {
            self.take_offer(effects);
        }
    }

    /// Whether a token of this generation, or of a newer one, is there and waits for a reading.
    pub(super) fn is_offered(&self, generation: Generation) -> bool {
        self.offer.as_ref().is_some_and(|offer| offer.stamp.generation >= generation)
    }

    /// Whether another tab's token is newer than this tab's, and of nobody who has signed out.
    fn is_welcome(&self, stamp: Stamp) -> bool {
        let is_older = self.credential.as_ref().is_some_and(|held| held.generation >= stamp.generation);
        let is_signed_out = self.sign_out_unfinished || self.state.status == Status::Unauthenticated;
        let is_stale = stamp.generation < self.generation && self.keeps(Rule::Stale);
        !is_older && !is_signed_out && !is_stale && stamp.standing == Standing::SignedIn
    }

    /// The stamp has been read since another tab's token came: if that is still the newest, it is this tab's too.
    pub(super) fn take_offer(&mut self, effects: &mut Vec<Effect>) {
        let Some(offer) = self.offer.take_if(|offer| offer.reads <= 1) else {
            if let Some(offer) = &mut self.offer {
                offer.reads -= 1;
            }
            return;
        };
        if !self.is_welcome(offer.stamp) {
            return;
        }
        self.take_over(offer.stamp, effects);
        self.credential = Some(offer.credential);
        self.succeed();
        let is_waiting = |turn: &mut Box<Turn>| {
            turn.ticket.operation == Operation::Refresh
                && turn.pending.takes_any()
                && matches!(turn.stage, Stage::Locking | Stage::Wanting | Stage::Settling)
        };
        if let Some(turn) = self.turn.take_if(is_waiting) {
            Self::close(turn, Ok(()), effects);
        }
        effects.push(Effect::AdoptGiven);
    }

    pub(super) fn read_stamp(&mut self, effects: &mut Vec<Effect>) {
        self.reads += 1;
        effects.push(Effect::ReadStamp);
    }

    /// Answers a question that nobody else has answered.
    pub(super) fn give_late(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.giving.is_some_and(|at| now >= at) {
            self.giving = None;
            self.give(now, effects);
        }
    }

    /// Answers what another tab has asked while there was no such token. Those who wait for the lock have it before they can ask
    /// again.
    pub(super) fn give_wanted(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.is_wanted {
            self.give(now, effects);
        }
    }

    fn give(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        // Who knows of a newer stamp, or whose token has ended since it was asked, has nothing to give; a page that does
        // not know yet what is so gives nothing.
        let is_sure = self.usable(now).is_some() && self.state.status == Status::Authenticated;
        if let Some(held) = &self.credential
            && held.generation == self.generation
            && is_sure
        {
            self.gave = Some(now);
            self.is_wanted = false;
            let left = held.expiry.map(|expiry| expiry.end.since(now));
            let stamp = self.stamp(Standing::SignedIn);
            effects.push(Effect::Tell(Message::Give { stamp, bearer: held.bearer.clone(), left }));
        }
    }
}
