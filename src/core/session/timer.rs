//! What a timer does. It is a hint: that its time has come is looked up anew.

use super::super::answer::Unanswered;
use super::tabs::GIVER_WAIT;
use super::turn::{ASLEEP, Pending, Stage, Turn};
use super::{Effect, Message, Millis, Operation, Rule, Session};

/// A timer that is later than this tells that the page was busy.
const BUSY: Millis = Millis(50);

impl Session {
    pub(super) fn on_tick(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        self.give_late(now, effects);
        let Some(mut turn) = self.turn.take_if(|turn| now >= turn.deadline) else { return };
        // Once: the timers of a hidden tab may all be late.
        let is_first = match turn.stage {
            Stage::Locking => true,
            Stage::Asking => turn.deadline <= turn.sent + self.policy.timeout,
            _ => false,
        };
        if is_first && now >= turn.deadline + ASLEEP {
            // This tab itself was asleep: what it waits for has had no chance yet to be heard.
            turn.deadline = now + if matches!(turn.stage, Stage::Locking) { self.lock_wait() } else { ASLEEP };
            self.turn = Some(turn);
            return;
        }
        match turn.stage {
            Stage::Wanting | Stage::Settling if now >= turn.deadline + ASLEEP && self.keeps(Rule::Prompt) => {
                self.start_over(now, turn, effects);
            }
            // The shell answers sooner, be there a store or not: this tab was asleep.
            Stage::Announcing => self.start_over(now, turn, effects),
            Stage::Locking => {
                turn.deadline = now + self.lock_wait();
                effects.push(Effect::Lock { ticket: turn.ticket.id, steal: true });
                effects.push(Effect::Tell(Message::Stole));
                self.turn = Some(turn);
            }
            Stage::Wanting
                if (now >= turn.deadline + BUSY || self.offer.is_some())
                    && now < turn.sent + GIVER_WAIT + GIVER_WAIT =>
            {
                // This tab was busy itself, and the answer may lie behind this timer; or it is there already.
                turn.deadline = now + BUSY;
                self.turn = Some(turn);
            }
            Stage::Wanting => self.announce(now, turn, effects),
            Stage::Settling => self.go_on(now, turn, effects),
            Stage::Asking => {
                // The request is not aborted: the server may have rotated already, and the new cookie must reach the
                // jar.
                if turn.ticket.operation == Operation::Refresh {
                    let pending = Pending { asks: Vec::new(), ..turn.pending };
                    let mut late = Turn::new(turn.ticket, pending, turn.sent);
                    late.seen = turn.seen;
                    late.is_doubtful = turn.is_doubtful;
                    self.late = Some(late);
                }
                self.settle(now, turn, Err(Unanswered::Timeout), effects);
            }
            Stage::Stamping(_) => {
                // What stands is not known.
                turn.seen = None;
                self.on_stamped_turn(now, turn, Err(None), effects);
            }
        }
    }
}
