//! relatch: the machines that ship, with the shell's part played beside them.
//!
//! The tabs of a profile share a cookie jar, a lock, a stamp and a channel. What happens within a profile takes no time.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use relatch::core::{
    Answer, Attempt, Body, Effect, Event, Fields, Found, Identity, Message, Millis, Operation, Pause, Policy, Secret,
    Session, Stamp, Status, Step, TicketId,
};

use crate::client::{Called, Client, Sent, World};
use crate::server::Reply;

static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(Arc::default);

/// One tab.
#[derive(Debug)]
struct Tab {
    session: Session,
    waiting: Vec<Attempt>,
    seed: u64,
    is_loaded: bool,
}

#[derive(Debug)]
struct Record {
    stamp: Stamp,
    writer: u8,
    at: Millis,
    pause: Option<Pause>,
    end: Option<Millis>,
}

/// One browser profile.
#[derive(Debug)]
pub struct Profile {
    tabs: Box<[Tab]>,
    record: Option<Box<Record>>,
    jar: u32,
    holder: Option<(u8, TicketId)>,
    queue: Vec<(u8, TicketId)>,
    shown: Option<u8>,
    is_asleep: bool,
}

impl Profile {
    /// Feeds a tab, and carries out what follows from it in every tab.
    fn on(&mut self, world: &mut World<'_>, tab: u8, event: Event) {
        let mut events = VecDeque::from([(tab, event)]);
        loop {
            let Some((tab, event)) = events.pop_front().or_else(|| self.grant(world.millis())) else { return };
            for effect in self.tabs[usize::from(tab)].session.on(world.millis(), event) {
                self.carry_out(world, tab, effect, &mut events);
            }
        }
    }

    /// The lock goes to whoever waits longest.
    fn grant(&mut self, now: Millis) -> Option<(u8, Event)> {
        if self.holder.is_some() || self.queue.is_empty() {
            return None;
        }
        let (tab, ticket) = self.queue.remove(0);
        self.holder = Some((tab, ticket));
        let found = self.record.as_ref().map(|record| {
            let age = now.since(record.at);
            let pause = record.pause.map(|pause| Pause { left: pause.left.since(age), ..pause });
            let pause = pause.filter(|pause| pause.left > Millis(0));
            let has_ended = record.end.is_some_and(|end| end <= now);
            Found { stamp: record.stamp, is_own: record.writer == tab, age, pause, has_ended }
        });
        Some((tab, Event::Locked(ticket, found)))
    }

    fn carry_out(&mut self, world: &mut World<'_>, tab: u8, effect: Effect, events: &mut VecDeque<(u8, Event)>) {
        match effect {
            Effect::Lock { ticket, steal } => {
                if steal {
                    self.holder = None;
                    self.queue.retain(|waiting| *waiting != (tab, ticket));
                    self.queue.insert(0, (tab, ticket));
                } else {
                    self.queue.push((tab, ticket));
                }
            }
            Effect::Unlock(ticket) => {
                self.queue.retain(|waiting| *waiting != (tab, ticket));
                self.holder = self.holder.filter(|holder| *holder != (tab, ticket));
            }
            Effect::WriteStamp { ticket, seen, stamp, pause, left } => {
                let stands = self.record.as_ref().map(|record| record.stamp);
                let result = if stands == seen { Ok(()) } else { Err(stands) };
                if result.is_ok() {
                    let is_new = stands.is_none_or(|stands| stands.generation != stamp.generation);
                    let writer = self.record.as_ref().filter(|_| !is_new).map_or(tab, |record| record.writer);
                    let at = world.millis();
                    let record = Record { stamp, writer, at, pause, end: left.map(|left| at + left) };
                    match &mut self.record {
                        Some(place) => **place = record,
                        None => self.record = Some(Box::new(record)),
                    }
                }
                if self.holder.is_some_and(|(holder, _)| holder == tab) && !self.queue.is_empty() {
                    events.push_back((tab, Event::Awaited));
                }
                events.push_back((tab, Event::Stamped(ticket, result)));
            }
            Effect::ReadStamp => {
                events.push_back((tab, Event::StampRead(self.record.as_ref().map(|record| record.stamp))));
            }
            Effect::Tell(message) => self.tell(tab, &message, events),
            Effect::Perform(ticket) => {
                debug_assert_eq!(ticket.operation, Operation::Refresh, "answers have the user, and nobody signs out");
                world.sent.push(Sent { tab, ticket: ticket.id.0, cookie: self.jar });
            }
            Effect::Resume => self.resume(world, tab, events),
            Effect::KeepGiven
            | Effect::AdoptGiven
            | Effect::Adopt(_)
            | Effect::Forget
            | Effect::Settle(..)
            | Effect::Publish => {}
        }
    }

    fn tell(&self, from: u8, message: &Message, events: &mut VecDeque<(u8, Event)>) {
        for (tab, other) in (0..).zip(&self.tabs) {
            if tab != from && other.is_loaded {
                events.push_back((tab, Event::Heard(message.clone())));
            }
        }
    }

    fn resume(&mut self, world: &World<'_>, tab: u8, events: &mut VecDeque<(u8, Event)>) {
        for attempt in std::mem::take(&mut self.tabs[usize::from(tab)].waiting) {
            self.follow(world, tab, attempt, None, events);
        }
    }

    /// Carries out a call's steps until it waits or ends. The API answers at once.
    fn follow(
        &mut self,
        world: &World<'_>,
        at: u8,
        mut attempt: Attempt,
        first: Option<Step>,
        events: &mut VecDeque<(u8, Event)>,
    ) -> Called {
        let tab = &mut self.tabs[usize::from(at)];
        let is_first = first.is_some();
        let mut step = first.unwrap_or_else(|| attempt.resume(&tab.session, world.millis()));
        if step == Step::Wait && !is_first {
            events.push_back((at, attempt.need()));
        }
        loop {
            match step {
                Step::Wait => {
                    tab.waiting.push(attempt);
                    return Called::Wanting;
                }
                Step::Send(generation) => {
                    let issued = tab.session.bearer(generation).and_then(|bearer| bearer.expose().parse().ok());
                    if issued.is_some_and(|issued| world.server.accepts(issued, world.now)) {
                        return Called::Through;
                    }
                    let (next, refused) = attempt.response(&tab.session, world.millis(), 401, "");
                    if refused.is_some() {
                        events.push_back((at, Event::Needed { refused }));
                    }
                    step = next;
                }
                Step::SendBare | Step::Deliver | Step::Fail(_) => return Called::Wanting,
            }
        }
    }

    fn session(&self) -> Option<&Session> {
        Some(&self.tabs[usize::from(self.shown?)].session)
    }
}

impl Client for Profile {
    fn new(_: u32, seed: u64, tabs: u8, _: Millis) -> Self {
        let tab = |at: u8| {
            let seed = seed.wrapping_mul(5).wrapping_add(u64::from(at) + 1);
            Tab { session: Session::new(Arc::clone(&POLICY), seed), waiting: Vec::new(), seed, is_loaded: false }
        };
        Self {
            tabs: (0..tabs).map(tab).collect(),
            record: None,
            jar: 1,
            holder: None,
            queue: Vec::new(),
            shown: None,
            is_asleep: false,
        }
    }

    fn show(&mut self, world: &mut World<'_>, at: u8, load: bool) {
        self.is_asleep = false;
        self.shown = Some(at);
        if load {
            let tab = &mut self.tabs[usize::from(at)];
            tab.seed = tab.seed.wrapping_add(1 << 40);
            tab.session = Session::new(Arc::clone(&POLICY), tab.seed);
            tab.waiting = Vec::new();
            tab.is_loaded = true;
            self.queue.retain(|(waiting, _)| *waiting != at);
            self.holder = self.holder.filter(|(holder, _)| *holder != at);
            self.on(world, at, Event::Visible(true));
            self.on(world, at, Event::Start);
        } else {
            self.on(world, at, Event::Visible(true));
        }
        self.wake(world);
    }

    fn hide(&mut self, world: &mut World<'_>) {
        if let Some(tab) = self.shown.take() {
            self.on(world, tab, Event::Visible(false));
        }
    }

    fn sleep(&mut self, world: &mut World<'_>) {
        self.hide(world);
        self.is_asleep = true;
    }

    fn wake(&mut self, world: &mut World<'_>) {
        self.is_asleep = false;
        self.tick(world);
    }

    fn call(&mut self, world: &mut World<'_>) -> Called {
        let Some(at) = self.shown else { return Called::Wanting };
        let session = &self.tabs[usize::from(at)].session;
        let (attempt, step) = Attempt::start(session, world.millis(), true);
        let wants = step == Step::Wait || (matches!(step, Step::Send(_)) && session.is_due(world.millis()));
        let mut events = VecDeque::new();
        let called = self.follow(world, at, attempt, Some(step), &mut events);
        if wants {
            self.on(world, at, attempt.need());
        }
        for (tab, event) in events {
            self.on(world, tab, event);
        }
        called
    }

    fn tick(&mut self, world: &mut World<'_>) {
        for tab in 0..self.tabs.len() {
            let Tab { session, is_loaded, .. } = &self.tabs[tab];
            if *is_loaded && session.deadline(world.millis()).is_some_and(|at| at <= world.millis()) {
                #[expect(clippy::cast_possible_truncation, reason = "four tabs at most")]
                self.on(world, tab as u8, Event::Tick);
            }
        }
    }

    fn answer(&mut self, world: &mut World<'_>, sent: Sent, reply: Reply) {
        let answer = |status, body| Answer { status, body, facts: String::new(), retry_after: None };
        let answer = match reply {
            Reply::Granted { issued, cookie } => {
                self.jar = cookie;
                let fields = Fields {
                    access_token: Some(Secret::new(issued.to_string())),
                    expires_in: Some(world.server.life()),
                    has_user: true,
                    identity: Some(Identity::of("7")),
                    ..Fields::default()
                };
                answer(200, Body::Json(fields))
            }
            Reply::Dead => answer(401, Body::Other),
            Reply::Later { status, retry_after } => Answer {
                retry_after: retry_after.map(|seconds| Millis::from_secs(seconds.into())),
                ..answer(status, Body::Other)
            },
        };
        self.on(world, sent.tab, Event::Answered(TicketId(sent.ticket), Ok(answer)));
    }

    fn deadline(&self, now: u32) -> Option<u32> {
        if self.is_asleep {
            return None;
        }
        let loaded = self.tabs.iter().filter(|tab| tab.is_loaded);
        let deadline = loaded.filter_map(|tab| tab.session.deadline(Millis(now.into()))).min()?;
        u32::try_from(deadline.0).ok()
    }

    fn quiet_until(&self, world: &World<'_>) -> Option<u32> {
        let session = self.session()?;
        let (attempt, step) = Attempt::start(session, world.millis(), true);
        let Step::Send(generation) = step else { return None };
        let _ = attempt;
        let issued = session.bearer(generation)?.expose().parse().ok()?;
        let due = u32::try_from(session.expiry()?.due.0).ok()?;
        let until = world.server.refuses_from(issued).min(due);
        (world.now < world.server.refuses_from(issued)).then_some(until.max(world.now))
    }

    fn is_out(&self) -> bool {
        self.tabs.iter().any(|tab| tab.session.state().status == Status::Unauthenticated)
    }
}
