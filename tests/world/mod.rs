//! The stage for plays of many tabs: the production machines, and everything that lies between them and may be slow.
//!
//! A browser profile has a cookie jar, a lock and a stamp; its tabs hear each other over a bus that keeps no order
//! between senders. Nothing happens by itself: [`World::possible`] lists what could happen next, and [`World::act`] lets
//! one of it happen.

#![allow(dead_code, reason = "each test file uses a part of the stage")]
#![allow(unreachable_pub, reason = "a test file has no outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::VecDeque;

use relatch::core::{
    Ask, Attempt, Effect, Event, Fence, Found, Message, Millis, Operation, Outcome, Pause, Policy, Problem, Session,
    Stamp, Standing, Status, Step, Ticket, TicketId,
};

use crate::play::{Ending, Request, Server, user_of};

/// A call on its way.
#[derive(Clone, Debug)]
pub struct Call {
    attempt: Attempt,
    step: Step,
    pub sent: Vec<Option<String>>,
    pub ending: Option<Ending>,
}

/// One tab.
#[derive(Clone, Debug)]
pub struct Tab {
    pub session: Session,
    pub calls: Vec<Call>,
    pub settled: Vec<(Ask, Result<(), Problem>)>,
    /// The user whose data the tab shows.
    pub shown: Option<String>,
    pub is_open: bool,
    pub is_frozen: bool,
    inbox: VecDeque<(Message, Option<String>)>,
    events: VecDeque<Event>,
    answered: Option<(TicketId, String)>,
    given: Option<String>,
    asks: u32,
    /// Whether it has been signed out without having asked for it, while the family was alive.
    pub was_thrown_out: bool,
}

/// A request on its way there or back.
#[derive(Clone, Debug)]
struct Flight {
    tab: usize,
    request: Request,
    who: String,
    sent: Millis,
    answer: Option<Answered>,
}

/// An answer on its way back.
#[derive(Clone, Debug)]
struct Answered {
    outcome: Outcome,
    /// Whether it sets the cookie, and to what.
    sets_cookie: bool,
    cookie: Option<u32>,
    user: String,
}

#[derive(Clone, Debug)]
enum StampTask {
    Read,
    Write { ticket: TicketId, fence: Fence, stamp: Stamp, pause: Option<Pause> },
}

/// What is kept: a stamp, who wrote it and when, and until when nobody is to ask the server.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub stamp: Stamp,
    writer: usize,
    at: Millis,
    pause: Option<Pause>,
}

/// Something that can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    Hear(usize),
    Grant,
    Stamp(usize),
    Serve(usize),
    Arrive(usize),
}

/// A browser profile with its tabs, and the server.
#[derive(Clone, Debug)]
pub struct World {
    policy: Policy,
    pub now: Millis,
    pub tabs: Vec<Tab>,
    pub server: Server,
    pub jar: Option<u32>,
    pub record: Option<Record>,
    pub holder: Option<(usize, TicketId)>,
    queue: VecDeque<(usize, TicketId)>,
    flights: Vec<Flight>,
    stamping: Vec<(usize, StampTask)>,
    pub who: String,
    pub steals: u32,
    pub messages: u32,
    /// How many of them held a token.
    pub given: u32,
    /// The keys of the refreshes, in the order in which they were sent.
    pub keys: Vec<u64>,
}

impl Tab {
    fn new(policy: Policy, seed: u64) -> Self {
        Self {
            session: Session::new(policy, seed),
            calls: Vec::new(),
            settled: Vec::new(),
            shown: None,
            is_open: true,
            is_frozen: false,
            inbox: VecDeque::new(),
            events: VecDeque::new(),
            answered: None,
            given: None,
            asks: 0,
            was_thrown_out: false,
        }
    }

    pub fn token(&self) -> Option<String> {
        let bearer = self.session.bearer(self.session.generation())?;
        Some(bearer.expose().to_owned())
    }

    /// Whether something that was asked for has not ended.
    pub fn is_waiting(&self) -> bool {
        self.settled.len() < self.asks as usize
    }

    pub fn status(&self) -> Status {
        self.session.state().status
    }
}

impl World {
    /// A profile whose tabs have just been opened; nobody is signed in at the server.
    pub fn new(tabs: usize) -> Self {
        Self::with(&Policy::default(), tabs)
    }

    /// The same by another policy.
    pub fn with(policy: &Policy, tabs: usize) -> Self {
        Self {
            now: Millis(1_000),
            tabs: (0..tabs).map(|tab| Tab::new(policy.clone(), tab as u64 + 1)).collect(),
            policy: policy.clone(),
            server: Server::default(),
            jar: None,
            record: None,
            holder: None,
            queue: VecDeque::new(),
            flights: Vec::new(),
            stamping: Vec::new(),
            who: "ada".into(),
            steals: 0,
            messages: 0,
            given: 0,
            keys: Vec::new(),
        }
    }

    /// A profile in which somebody has signed in and all tabs know it.
    pub fn signed_in(tabs: usize) -> Self {
        Self::new(tabs).sign_in()
    }

    /// Somebody signs in, and all tabs know it.
    pub fn sign_in(mut self) -> Self {
        let tabs = self.tabs.len();
        let world = &mut self;
        world.ask(0, Operation::SignIn);
        world.settle();
        for tab in 0..tabs {
            world.on(tab, Event::Start);
        }
        world.settle();
        for tab in &world.tabs {
            assert_eq!(tab.status(), Status::Authenticated);
        }
        world.server.refreshes = 0;
        self
    }

    /// Opens one more tab.
    pub fn open(&mut self) -> usize {
        self.tabs.push(Tab::new(self.policy.clone(), self.tabs.len() as u64 + 1));
        self.tabs.len() - 1
    }

    /// The tab is closed, or crashes: its lock is freed, its requests go on, and their cookies reach the jar.
    pub fn close(&mut self, tab: usize) {
        self.tabs[tab].is_open = false;
        self.queue.retain(|(waiting, _)| *waiting != tab);
        if self.holder.is_some_and(|(holder, _)| holder == tab) {
            self.holder = None;
        }
    }

    pub fn on(&mut self, tab: usize, event: Event) {
        if !self.tabs[tab].is_open {
            return;
        }
        self.tabs[tab].events.push_back(event);
        if !self.tabs[tab].is_frozen {
            self.drain(tab);
        }
    }

    pub fn freeze(&mut self, tab: usize) {
        self.tabs[tab].is_frozen = true;
    }

    pub fn thaw(&mut self, tab: usize) {
        self.tabs[tab].is_frozen = false;
        self.drain(tab);
    }

    fn drain(&mut self, tab: usize) {
        while let Some(event) = self.tabs[tab].events.pop_front() {
            let was = self.tabs[tab].status();
            self.trace(tab, &format!("<- {event:?}"));
            let effects = self.tabs[tab].session.on(self.now, event);
            for effect in &effects {
                if !matches!(effect, Effect::Resume | Effect::Publish) {
                    self.trace(tab, &format!("   -> {effect:?}"));
                }
            }
            for effect in effects {
                self.carry_out(tab, effect);
            }
            let is_out = self.tabs[tab].status() == Status::Unauthenticated && was == Status::Authenticated;
            let is_asked = self.stamp().is_some_and(|stamp| stamp.standing != Standing::SignedIn);
            self.tabs[tab].was_thrown_out |= is_out && self.server.is_alive() && !is_asked && self.marks(tab) == 0;
        }
    }

    /// `TRACE=1` tells the history as it unfolds.
    fn trace(&self, tab: usize, what: &str) {
        if std::env::var_os("TRACE").is_some() {
            println!("{:>8} tab {tab} {what}", self.now.0);
        }
    }

    fn marks(&self, tab: usize) -> usize {
        self.stamping
            .iter()
            .filter(|(marking, task)| *marking == tab && matches!(task, StampTask::Write { .. }))
            .count()
    }

    fn carry_out(&mut self, tab: usize, effect: Effect) {
        match effect {
            Effect::Lock { ticket, steal: false } => self.queue.push_back((tab, ticket)),
            Effect::Lock { ticket, steal: true } => {
                self.steals += 1;
                self.queue.retain(|waiting| *waiting != (tab, ticket));
                self.holder = None;
                self.queue.push_front((tab, ticket));
            }
            Effect::Unlock(ticket) => {
                self.queue.retain(|waiting| *waiting != (tab, ticket));
                if self.holder == Some((tab, ticket)) {
                    self.holder = None;
                }
            }
            Effect::WriteStamp { ticket, fence, stamp, pause } => {
                self.stamping.push((tab, StampTask::Write { ticket, fence, stamp, pause }));
            }
            Effect::ReadStamp => self.stamping.push((tab, StampTask::Read)),
            Effect::Tell(message) => self.tell(tab, &message),
            Effect::AdoptGiven => {
                let given = self.tabs[tab].given.take();
                self.tabs[tab].shown = given;
            }
            Effect::Perform(ticket) => self.perform(tab, ticket),
            Effect::Adopt(ticket) => {
                let answered = self.tabs[tab].answered.clone();
                self.tabs[tab].shown = answered.filter(|(id, _)| *id == ticket).map(|(_, user)| user);
            }
            Effect::Forget => self.tabs[tab].shown = None,
            Effect::Settle(ask, result) => self.tabs[tab].settled.push((ask, result)),
            Effect::Resume => self.resume(tab),
            Effect::Publish => {}
        }
    }

    fn tell(&mut self, from: usize, message: &Message) {
        let user = matches!(message, Message::Give { .. }).then(|| self.tabs[from].shown.clone()).flatten();
        for (tab, other) in self.tabs.iter_mut().enumerate() {
            if tab != from && other.is_open {
                self.messages += 1;
                self.given += u32::from(matches!(message, Message::Give { .. }));
                other.inbox.push_back((message.clone(), user.clone()));
            }
        }
    }

    fn perform(&mut self, tab: usize, ticket: Ticket) {
        let bearer = self.tabs[tab].session.bearer(ticket.base).map(|bearer| bearer.expose().to_owned());
        if ticket.operation == Operation::Refresh {
            self.keys.push(ticket.key);
        }
        let request = Request { ticket, cookie: self.jar, bearer };
        self.flights.push(Flight { tab, request, who: self.who.clone(), sent: self.now, answer: None });
    }

    /// All that could happen next, time apart.
    pub fn possible(&self) -> Vec<Happening> {
        let mut possible = Vec::new();
        for (at, tab) in self.tabs.iter().enumerate() {
            if !tab.inbox.is_empty() && tab.is_open && !tab.is_frozen {
                possible.push(Happening::Hear(at));
            }
        }
        if self.holder.is_none() && !self.queue.is_empty() {
            possible.push(Happening::Grant);
        }
        possible.extend((0..self.stamping.len()).filter(|at| self.is_first_stamping(*at)).map(Happening::Stamp));
        for (at, flight) in self.flights.iter().enumerate() {
            possible.push(if flight.answer.is_none() { Happening::Serve(at) } else { Happening::Arrive(at) });
        }
        possible
    }

    /// Transactions of one tab run in their order.
    fn is_first_stamping(&self, at: usize) -> bool {
        self.stamping.iter().take(at).all(|(tab, _)| *tab != self.stamping[at].0)
    }

    pub fn act(&mut self, happening: Happening) {
        match happening {
            Happening::Hear(tab) => {
                let (message, user) = self.tabs[tab].inbox.pop_front().unwrap();
                if user.is_some() {
                    self.tabs[tab].given = user;
                }
                self.on(tab, Event::Heard(message));
            }
            Happening::Grant => {
                let (tab, ticket) = self.queue.pop_front().unwrap();
                self.holder = Some((tab, ticket));
                let found = self.found(tab);
                self.on(tab, Event::Locked(ticket, found));
            }
            Happening::Stamp(at) => self.run_stamp(at),
            Happening::Serve(at) => {
                let flight = self.flights[at].clone();
                self.trace(
                    flight.tab,
                    &format!("{:?} served, cookie {:?}", flight.request.ticket, flight.request.cookie),
                );
                let before = self.server.cookie;
                let outcome = self.server.serve(&flight.request, &flight.who);
                let user = flight.request.bearer.as_deref().map(user_of).map(str::to_owned);
                let user = match flight.request.ticket.operation {
                    Operation::ReadSession => user.unwrap_or_default(),
                    _ => self.server.user().to_owned(),
                };
                let cookie = self.server.cookie;
                self.flights[at].answer = Some(Answered { outcome, sets_cookie: cookie != before, cookie, user });
            }
            Happening::Arrive(at) => {
                let flight = self.flights.remove(at);
                let Answered { outcome, sets_cookie, cookie, user } = flight.answer.unwrap();
                if sets_cookie {
                    self.jar = cookie;
                }
                self.tabs[flight.tab].answered = Some((flight.request.ticket.id, user));
                self.on(flight.tab, Event::Answered(flight.request.ticket.id, outcome));
            }
        }
    }

    fn run_stamp(&mut self, at: usize) {
        let (tab, task) = self.stamping.remove(at);
        match task {
            StampTask::Read => {
                let stamp = self.stamp();
                self.on(tab, Event::StampRead(stamp));
            }
            StampTask::Write { ticket, fence, stamp, pause } => {
                let stands = self.stamp();
                let may = match fence {
                    Fence::Exactly(seen) => stands == seen,
                    Fence::Older => stands.is_none_or(|stands| stands.generation < stamp.generation),
                };
                let result = if may { Ok(()) } else { Err(stands) };
                if may {
                    let is_new = stands.is_none_or(|stands| stands.generation != stamp.generation);
                    let writer = self.record.filter(|_| !is_new).map_or(tab, |record| record.writer);
                    self.record = Some(Record { stamp, writer, at: self.now, pause });
                }
                self.on(tab, Event::Stamped(ticket, result));
            }
        }
    }

    /// The stamp that stands.
    pub fn stamp(&self) -> Option<Stamp> {
        self.record.map(|record| record.stamp)
    }

    /// The record as a tab finds it.
    fn found(&self, tab: usize) -> Option<Found> {
        let Record { stamp, writer, at, pause } = self.record?;
        let age = self.now.since(at);
        let pause = pause.map(|pause| Pause { left: pause.left.since(age), ..pause });
        Some(Found { stamp, is_own: writer == tab, age, pause: pause.filter(|pause| pause.left > Millis(0)) })
    }

    /// The network fails for a request: before it reaches the server, or after.
    pub fn lose(&mut self, pick: usize, after: bool) {
        if self.flights.is_empty() {
            return;
        }
        let at = pick % self.flights.len();
        if after && self.flights[at].answer.is_none() {
            self.act(Happening::Serve(at));
        }
        let lost = Answered { outcome: crate::play::lost(), sets_cookie: false, cookie: None, user: String::new() };
        let answer = &mut self.flights[at].answer;
        match answer {
            // The headers have come, and with them the cookie; the body broke off.
            Some(answer) => answer.outcome = crate::play::lost(),
            None => *answer = Some(lost),
        }
    }

    /// The network loses an answer whole, its cookie too, after the server has done its work.
    pub fn lose_answer(&mut self, at: usize) {
        self.act(Happening::Serve(at));
        self.flights[at].answer =
            Some(Answered { outcome: crate::play::lost(), sets_cookie: false, cookie: None, user: String::new() });
    }

    /// Everything that can happen happens, in the order it came, with the timers that are needed for it.
    pub fn settle(&mut self) {
        for _ in 0..20_000 {
            if let Some(happening) = self.possible().first() {
                self.act(*happening);
            } else if !self.is_at_rest() {
                self.pass(Millis(10));
            } else {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    /// Whether nobody waits for anything but the next renewal.
    pub fn is_at_rest(&self) -> bool {
        let open = self.tabs.iter().filter(|tab| tab.is_open && !tab.is_frozen);
        self.possible().is_empty()
            && open
                .into_iter()
                .all(|tab| tab.calls.iter().all(|call| call.ending.is_some()) && tab.settled.len() == tab.asks as usize)
            && self.holder.is_none_or(|(tab, _)| self.tabs[tab].is_frozen)
            && self.tabs.iter().all(|tab| !tab.is_open || tab.is_frozen || !tab.session.state().refreshing)
    }

    /// Lets time pass, with the timers that come due.
    pub fn pass(&mut self, span: Millis) {
        let until = self.now + span;
        loop {
            let now = self.now;
            let next = (0..self.tabs.len())
                .filter(|tab| self.tabs[*tab].is_open && !self.tabs[*tab].is_frozen)
                .filter_map(|tab| Some((self.tabs[tab].session.deadline(now)?, tab)))
                .filter(|(deadline, _)| *deadline <= until)
                .min();
            let Some((deadline, tab)) = next else { break };
            self.now = self.now.max(deadline);
            self.on(tab, Event::Tick);
        }
        self.now = until;
    }

    /// The network is slow, but not slower than this.
    pub fn hurry(&mut self, span: Millis) {
        loop {
            let overdue = self.flights.iter().position(|flight| flight.sent + Millis(2_500) <= self.now + span);
            let next = if let Some(at) = overdue {
                let is_served = self.flights[at].answer.is_some();
                if is_served { Happening::Arrive(at) } else { Happening::Serve(at) }
            } else if !self.stamping.is_empty() {
                Happening::Stamp(0)
            } else if self.holder.is_none() && !self.queue.is_empty() {
                Happening::Grant
            } else {
                return;
            };
            self.act(next);
        }
    }

    /// Lets time pass while the machine sleeps: no timer fires.
    pub fn sleep(&mut self, span: Millis) {
        self.now = self.now + span;
    }

    pub fn ask(&mut self, tab: usize, operation: Operation) -> Ask {
        self.tabs[tab].asks += 1;
        let ask = Ask(self.tabs[tab].asks);
        self.on(tab, Event::Asked(ask, operation));
        ask
    }

    pub fn call(&mut self, tab: usize) {
        let session = &self.tabs[tab].session;
        let (attempt, step) = Attempt::start(session, self.now, true);
        let wants = step == Step::Wait || (matches!(step, Step::Send(_)) && session.is_due(self.now));
        self.tabs[tab].calls.push(Call { attempt, step, sent: Vec::new(), ending: None });
        let call = self.tabs[tab].calls.len() - 1;
        if wants {
            self.on(tab, attempt.need());
        }
        self.follow(tab, call);
    }

    fn resume(&mut self, tab: usize) {
        for call in 0..self.tabs[tab].calls.len() {
            let Call { ending: None, step: Step::Wait, mut attempt, .. } = self.tabs[tab].calls[call] else { continue };
            let step = attempt.resume(&self.tabs[tab].session, self.now);
            self.tabs[tab].calls[call].attempt = attempt;
            self.tabs[tab].calls[call].step = step;
            if step == Step::Wait {
                self.tabs[tab].events.push_back(attempt.need());
            }
            self.follow(tab, call);
        }
    }

    /// Carries out a call's steps until it waits or ends. The API answers at once.
    fn follow(&mut self, tab: usize, at: usize) {
        loop {
            let step = self.tabs[tab].calls[at].step;
            let token = match step {
                Step::Wait => return,
                Step::Deliver => return self.tabs[tab].calls[at].ending = Some(Ending::Delivered(401)),
                Step::Fail(problem) => return self.tabs[tab].calls[at].ending = Some(Ending::Failed(problem)),
                Step::SendBare => None,
                Step::Send(generation) => {
                    self.tabs[tab].session.bearer(generation).map(|bearer| bearer.expose().to_owned())
                }
            };
            let accepted = token.as_ref().is_some_and(|token| self.server.accepts(token));
            self.tabs[tab].calls[at].sent.push(token);
            if accepted {
                return self.tabs[tab].calls[at].ending = Some(Ending::Delivered(200));
            }
            let mut attempt = self.tabs[tab].calls[at].attempt;
            let (step, refused) = attempt.response(&self.tabs[tab].session, self.now, 401);
            self.tabs[tab].calls[at].attempt = attempt;
            self.tabs[tab].calls[at].step = step;
            if refused.is_some() {
                self.on(tab, Event::Needed { refused });
            }
        }
    }

    /// What must hold at any moment.
    pub fn check(&self) {
        for tab in &self.tabs {
            for call in &tab.calls {
                assert!(call.sent.len() <= 3, "a call is sent at most twice, and once with another tab's token");
                let users: Vec<_> = call.sent.iter().flatten().map(|token| user_of(token)).collect();
                assert!(users.windows(2).all(|pair| pair[0] == pair[1]), "sent as two users: {:?}", call.sent);
            }
            if tab.status() == Status::Unauthenticated {
                assert!(tab.token().is_none(), "nobody is signed in and a token is there");
                assert_eq!(tab.shown, None);
            }
            if let (Some(token), Some(shown)) = (tab.token(), &tab.shown) {
                assert_eq!(user_of(&token), shown, "one user's data beside another's token");
            }
        }
    }
}
