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
    Ask, Attempt, Effect, EndReason, Event, Found, Message, Millis, Operation, Outcome, Pause, Policy, Problem,
    Recorder, Session, Stamp, Standing, Status, Step, Ticket, TicketId,
};

use crate::play::{Ending, Request, Server, user_of};

/// How long a request may take, there and back.
const LONGEST_FLIGHT: Millis = Millis(2_500);

/// A call on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    attempt: Attempt,
    step: Step,
    /// Who was signed in, as far as its tab knew, when it was made.
    made_as: Option<String>,
    pub sent: Vec<Option<String>>,
    pub ending: Option<Ending>,
}

/// What another tab has said, with the user that belongs to a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Said {
    from: usize,
    message: Message,
    user: Option<String>,
}

/// What is counted and makes no two states differ.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub steals: u32,
    pub messages: u32,
    /// How many of them held a token.
    pub given: u32,
    /// The keys of the refreshes, in the order in which they were sent.
    pub keys: Vec<u64>,
}

/// A tab's recorder, if somebody wants to see it. It looks on, so it makes no two states differ.
#[derive(Clone, Debug, Default)]
pub struct Watch(Option<Box<Recorder>>);

impl Watch {
    /// A new one, if there is one.
    fn renewed(&self) -> Self {
        Self(self.0.as_ref().map(|_| Box::new(Recorder::new(256))))
    }
}

impl PartialEq for Watch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Watch {}

impl std::hash::Hash for Watch {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl PartialEq for Tally {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Tally {}

impl std::hash::Hash for Tally {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// One tab.
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tab {
    pub session: Session,
    watch: Watch,
    pub calls: Vec<Call>,
    pub settled: Vec<(Ask, Result<(), Problem>)>,
    /// The user whose data the tab shows.
    pub shown: Option<String>,
    pub is_open: bool,
    pub is_frozen: bool,
    inbox: Vec<Said>,
    events: VecDeque<Event>,
    answered: Option<(TicketId, String)>,
    given: Option<String>,
    kept: Option<String>,
    asks: u32,
    /// What was asked for that is to end with somebody signed in.
    wishes: Vec<Ask>,
    /// Whether something of that has ended well before it was known who is signed in.
    was_early: bool,
    /// Whether it was told that the session is dead while it was not.
    was_thrown_out: bool,
    /// How many sign-ins there had been when it was asked to sign out.
    out_since: Option<u32>,
    /// Whether it has been signed in since without anybody having signed in, or has taken another tab's token while the
    /// stamp said that somebody has signed out.
    was_brought_back: bool,
}

/// A request on its way there or back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Flight {
    tab: usize,
    request: Request,
    who: String,
    sent: Millis,
    answer: Option<Answered>,
    /// Whether nobody is there any more to take the answer, not even its cookie.
    is_dropped: bool,
    /// Whether its tab has gone.
    is_orphan: bool,
}

/// An answer on its way back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Answered {
    outcome: Outcome,
    /// Whether it sets the cookie, and to what.
    sets_cookie: bool,
    cookie: Option<u32>,
    user: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum StampTask {
    Read,
    Write { ticket: TicketId, seen: Option<Stamp>, stamp: Stamp, pause: Option<Pause>, left: Option<Millis> },
}

/// What is kept: a stamp, who wrote it and when, and until when nobody is to ask the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    pub stamp: Stamp,
    writer: usize,
    at: Millis,
    pause: Option<Pause>,
    /// When the token ends that it tells of.
    end: Option<Millis>,
}

/// Something that can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Happening {
    /// A tab hears the first that a sender has said: which tab, and where in its inbox that lies.
    Hear(usize, usize),
    Grant,
    Stamp(usize),
    Serve(usize),
    Arrive(usize),
}

/// What a happening is about, for those who tell of it.
#[derive(Clone, Debug)]
pub enum Seen {
    Heard {
        tab: usize,
        from: usize,
        message: Message,
    },
    Granted {
        tab: usize,
    },
    Read {
        tab: usize,
    },
    /// `stands`: the stamp that the tab knows is the one that stands, so it may write over it.
    Written {
        tab: usize,
        stamp: Stamp,
        stands: bool,
    },
    Served {
        tab: usize,
        operation: Operation,
        cookie: Option<u32>,
    },
    /// No `status`: nothing came back.
    Answered {
        tab: usize,
        operation: Operation,
        status: Option<u16>,
        sets_cookie: bool,
    },
}

/// A browser profile with its tabs, and the server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    policy: std::sync::Arc<Policy>,
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
    pub tally: Tally,
}

fn says_out(stamp: Stamp) -> bool {
    matches!(stamp.standing, Standing::SignedOut | Standing::SigningOut)
}

impl Tab {
    fn new(policy: Policy, seed: u64) -> Self {
        Self {
            session: Session::new(policy, seed),
            watch: Watch::default(),
            calls: Vec::new(),
            settled: Vec::new(),
            shown: None,
            is_open: true,
            is_frozen: false,
            inbox: Vec::new(),
            events: VecDeque::new(),
            answered: None,
            given: None,
            kept: None,
            asks: 0,
            wishes: Vec::new(),
            was_early: false,
            was_thrown_out: false,
            out_since: None,
            was_brought_back: false,
        }
    }

    pub fn token(&self) -> Option<String> {
        let bearer = self.session.bearer(self.session.generation())?;
        Some(bearer.expose().to_owned())
    }

    /// The recorder of a tab that is watched.
    pub fn recorder(&self) -> &Recorder {
        self.watch.0.as_ref().unwrap()
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
            policy: std::sync::Arc::new(policy.clone()),
            server: Server::default(),
            jar: None,
            record: None,
            holder: None,
            queue: VecDeque::new(),
            flights: Vec::new(),
            stamping: Vec::new(),
            who: "ada".into(),
            tally: Tally::default(),
        }
    }

    /// A profile in which nothing is spread by chance, so that what is the same looks the same.
    pub fn still(policy: &Policy, tabs: usize) -> Self {
        let mut world = Self::with(policy, 0);
        world.tabs = (0..tabs).map(|_| Tab::new(policy.clone(), 0)).collect();
        world
    }

    /// Every tab has a recorder, also those that are opened later.
    #[must_use]
    pub fn watched(mut self) -> Self {
        for tab in &mut self.tabs {
            tab.watch = Watch(Some(Box::new(Recorder::new(256))));
        }
        self
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
        let mut tab = Tab::new(Policy::clone(&self.policy), self.tabs.len() as u64 + 1);
        tab.watch = self.tabs.first().map(|first| first.watch.renewed()).unwrap_or_default();
        self.tabs.push(tab);
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
            let had = self.tabs[tab].token();
            // By the stamp that it has read, which a frozen tab learns late.
            let is_late = match event {
                Event::StampRead(stamp) | Event::Stamped(_, Err(stamp)) => stamp.is_some_and(says_out),
                Event::Heard(_) => self.has_signed_out(),
                _ => false,
            };
            self.trace(tab, &format!("<- {event:?}"));
            let Tab { session, watch, .. } = &mut self.tabs[tab];
            let effects = match &mut watch.0 {
                Some(recorder) => recorder.on(session, self.now, event),
                None => session.on(self.now, event),
            };
            for effect in &effects {
                if !matches!(effect, Effect::Resume | Effect::Publish) {
                    self.trace(tab, &format!("   -> {effect:?}"));
                }
            }
            let wishes = &self.tabs[tab].wishes;
            let is_done =
                effects.iter().any(|effect| matches!(effect, Effect::Settle(ask, Ok(())) if wishes.contains(ask)));
            for effect in effects {
                self.carry_out(tab, effect);
            }
            self.tabs[tab].was_early |= is_done && self.tabs[tab].status() == Status::Loading;
            self.note(tab, had, is_late);
        }
    }

    /// What must never happen is noted when it does.
    fn note(&mut self, tab: usize, had: Option<String>, is_late: bool) {
        let has_got_one = self.tabs[tab].token().is_some_and(|token| had.as_ref() != Some(&token));
        let was_alive = had.is_some_and(|token| self.server.is_of_present_session(&token));
        let sign_ins = self.server.sign_ins;
        let tab = &mut self.tabs[tab];
        let state = tab.session.state();
        let is_dead = state.status == Status::Unauthenticated && state.reason == Some(EndReason::Expired);
        tab.was_thrown_out |= is_dead && was_alive;
        tab.was_brought_back |= has_got_one && is_late;
        if state.status == Status::Authenticated {
            tab.was_brought_back |= tab.out_since.take().is_some_and(|since| since == sign_ins);
        }
    }

    /// `TRACE=1` tells the history as it unfolds.
    fn trace(&self, tab: usize, what: &str) {
        if std::env::var_os("TRACE").is_some() {
            println!("{:>8} tab {tab} {what}", self.now.0);
        }
    }

    fn carry_out(&mut self, tab: usize, effect: Effect) {
        match effect {
            Effect::Lock { ticket, steal: false } => self.queue.push_back((tab, ticket)),
            Effect::Lock { ticket, steal: true } => {
                self.tally.steals += 1;
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
            Effect::WriteStamp { ticket, seen, stamp, pause, left } => {
                self.stamping.push((tab, StampTask::Write { ticket, seen, stamp, pause, left }));
            }
            Effect::ReadStamp => self.stamping.push((tab, StampTask::Read)),
            Effect::Tell(message) => self.tell(tab, &message),
            Effect::KeepGiven => self.tabs[tab].kept = self.tabs[tab].given.take(),
            Effect::AdoptGiven => {
                let kept = self.tabs[tab].kept.take();
                self.tabs[tab].shown = kept;
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
                self.tally.messages += 1;
                self.tally.given += u32::from(matches!(message, Message::Give { .. }));
                other.inbox.push(Said { from, message: message.clone(), user: user.clone() });
            }
        }
    }

    fn perform(&mut self, tab: usize, ticket: Ticket) {
        let bearer = self.tabs[tab].session.bearer_for(ticket.operation).map(|bearer| bearer.expose().to_owned());
        if ticket.operation == Operation::Refresh {
            self.tally.keys.push(ticket.key);
        }
        let request = Request { ticket, cookie: self.jar, bearer };
        self.flights.push(Flight {
            tab,
            request,
            who: self.who.clone(),
            sent: self.now,
            answer: None,
            is_dropped: false,
            is_orphan: false,
        });
    }

    /// All that could happen next, time apart.
    pub fn possible(&self) -> Vec<Happening> {
        let mut possible = Vec::new();
        for (at, tab) in self.tabs.iter().enumerate() {
            if tab.is_open && !tab.is_frozen {
                let is_first =
                    |place: &usize| tab.inbox[..*place].iter().all(|said| said.from != tab.inbox[*place].from);
                possible.extend((0..tab.inbox.len()).filter(is_first).map(|place| Happening::Hear(at, place)));
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
            Happening::Hear(tab, place) => {
                let Said { message, user, .. } = self.tabs[tab].inbox.remove(place);
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
                if sets_cookie && !flight.is_dropped {
                    self.jar = cookie;
                }
                if !flight.is_orphan {
                    self.tabs[flight.tab].answered = Some((flight.request.ticket.id, user));
                    self.on(flight.tab, Event::Answered(flight.request.ticket.id, outcome));
                }
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
            StampTask::Write { ticket, seen, stamp, pause, left } => {
                let stands = self.stamp();
                let may = stands == seen;
                let result = if may { Ok(()) } else { Err(stands) };
                if may {
                    let is_new = stands.is_none_or(|stands| stands.generation != stamp.generation);
                    let writer = self.record.filter(|_| !is_new).map_or(tab, |record| record.writer);
                    let end = left.map(|left| self.now + left);
                    self.record = Some(Record { stamp, writer, at: self.now, pause, end });
                }
                if self.holder.is_some_and(|(holder, _)| holder == tab) && !self.queue.is_empty() {
                    self.on(tab, Event::Awaited);
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
        let Record { stamp, writer, at, pause, end } = self.record?;
        let age = self.now.since(at);
        let pause = pause.map(|pause| Pause { left: pause.left.since(age), ..pause });
        let has_ended = end.is_some_and(|end| end <= self.now);
        let pause = pause.filter(|pause| pause.left > Millis(0));
        Some(Found { stamp, is_own: writer == tab, age, pause, has_ended })
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

    /// What a happening is about.
    pub fn look(&self, happening: Happening) -> Seen {
        match happening {
            Happening::Hear(tab, place) => {
                let said = &self.tabs[tab].inbox[place];
                Seen::Heard { tab, from: said.from, message: said.message.clone() }
            }
            Happening::Grant => Seen::Granted { tab: self.queue[0].0 },
            Happening::Stamp(at) => match &self.stamping[at] {
                (tab, StampTask::Read) => Seen::Read { tab: *tab },
                (tab, StampTask::Write { seen, stamp, .. }) => {
                    Seen::Written { tab: *tab, stamp: *stamp, stands: self.stamp() == *seen }
                }
            },
            Happening::Serve(at) => {
                let Flight { tab, request, .. } = &self.flights[at];
                Seen::Served { tab: *tab, operation: request.ticket.operation, cookie: request.cookie }
            }
            Happening::Arrive(at) => {
                let Flight { tab, request, answer, .. } = &self.flights[at];
                let answer = answer.as_ref().unwrap();
                Seen::Answered {
                    tab: *tab,
                    operation: request.ticket.operation,
                    status: answer.outcome.as_ref().map(|answer| answer.status).ok(),
                    sets_cookie: answer.sets_cookie,
                }
            }
        }
    }

    /// What happens, in words.
    pub fn tell_of(&self, happening: Happening) -> String {
        let name = |operation| match operation {
            Operation::Refresh => "refresh",
            Operation::ReadSession => "read",
            Operation::SignIn | Operation::Exchange => "sign-in",
            Operation::SignOut => "sign-out",
        };
        match self.look(happening) {
            Seen::Heard { tab, from, message } => {
                let what = match message {
                    Message::Moved(_) => "moved",
                    Message::Stole => "stole",
                    Message::Want(_) => "want",
                    Message::Gone(_) => "gone",
                    Message::Give { .. } => "give",
                };
                format!("{tab} hears *{what}* of {from}")
            }
            Seen::Granted { tab } => format!("{tab} gets the lock"),
            Seen::Read { tab } => format!("{tab} reads the stamp"),
            Seen::Written { tab, .. } => format!("{tab} writes the stamp"),
            Seen::Served { tab, operation, .. } => format!("{tab}'s {} is served", name(operation)),
            Seen::Answered { tab, operation, .. } => format!("{tab}'s {} is answered", name(operation)),
        }
    }

    /// A message is lost on its way.
    pub fn lose_message(&mut self, tab: usize, place: usize) {
        self.tabs[tab].inbox.remove(place);
    }

    /// The answers to a closed tab's requests set no cookie.
    pub fn drop_cookies(&mut self, tab: usize) {
        for flight in self.flights.iter_mut().filter(|flight| flight.tab == tab) {
            flight.is_dropped = true;
        }
    }

    pub fn is_refresh(&self, at: usize) -> bool {
        self.flights[at].request.ticket.operation == Operation::Refresh
    }

    /// The server answers a refresh: later.
    pub fn answer_later(&mut self, at: usize, span: Millis) {
        self.server.fault = Some((crate::play::Fault::Before, crate::play::later(429, span.0 / 1000)));
        self.act(Happening::Serve(at));
    }

    /// Whether the newest thing that became of the session is a sign-out.
    pub fn has_signed_out(&self) -> bool {
        self.stamp().is_some_and(says_out)
    }

    /// Whether the last thing it was asked was to sign out.
    pub fn is_signing_out(tab: &Tab) -> bool {
        tab.out_since.is_some()
    }

    /// Whether a tab went away in the middle of its sign-out, which then has promised nothing yet.
    pub fn was_cut_short(&self) -> bool {
        self.tabs.iter().any(|tab| !tab.is_open && tab.out_since.is_some())
    }

    /// When the next timer fires.
    pub fn next_timer(&self) -> Option<Millis> {
        self.next_tick().map(|(at, _)| at)
    }

    fn next_tick(&self) -> Option<(Millis, usize)> {
        (0..self.tabs.len())
            .filter(|tab| self.tabs[*tab].is_open && !self.tabs[*tab].is_frozen)
            .filter_map(|tab| Some((self.tabs[tab].session.deadline(self.now)?.max(self.now), tab)))
            .min()
    }

    pub fn fire_next(&mut self) {
        if let Some((at, tab)) = self.next_tick() {
            self.now = at;
            self.on(tab, Event::Tick);
        }
    }

    /// Whether a request would have taken too long by then.
    pub fn is_overdue(&self, at: Millis) -> bool {
        self.flights.iter().any(|flight| flight.sent + LONGEST_FLIGHT <= at)
    }

    /// The same world, with its tabs in an order that is theirs by what they are, and everything that has no order in one
    /// of its own: worlds that differ in nothing else are one state.
    pub fn representative(&self) -> (Self, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.tabs.len()).collect();
        let key = |tab: &Tab| {
            let mut hasher = std::hash::DefaultHasher::new();
            std::hash::Hash::hash(&(&tab.session, &tab.calls, tab.is_open, tab.is_frozen), &mut hasher);
            std::hash::Hasher::finish(&hasher)
        };
        order.sort_by_cached_key(|tab| key(&self.tabs[*tab]));
        let place = |tab: usize| order.iter().position(|other| *other == tab).unwrap();
        let mut world = self.clone();
        world.tabs = order.iter().map(|tab| self.tabs[*tab].clone()).collect();
        for tab in &mut world.tabs {
            tab.inbox.iter_mut().for_each(|said| said.from = place(said.from));
            tab.inbox.sort_by_key(|said| said.from);
        }
        world.flights.iter_mut().for_each(|flight| flight.tab = place(flight.tab));
        world.flights.sort_by_key(|flight| (flight.tab, flight.request.ticket.id.0));
        world.stamping.iter_mut().for_each(|(tab, _)| *tab = place(*tab));
        world.stamping.sort_by_key(|(tab, _)| *tab);
        world.queue.iter_mut().for_each(|(tab, _)| *tab = place(*tab));
        world.holder = world.holder.map(|(tab, ticket)| (place(tab), ticket));
        if let Some(record) = &mut world.record {
            record.writer = place(record.writer);
        }
        (world, order)
    }

    /// The same for any request that has not been served.
    pub fn lose_any_answer(&mut self, pick: usize) {
        if let Some(at) = self.flights.iter().position(|flight| flight.answer.is_none()).filter(|at| *at <= pick) {
            self.lose_answer(at);
        }
    }

    /// A tab is closed, and another one opened in its place.
    pub fn reopen(&mut self, tab: usize) {
        self.close(tab);
        self.flights.iter_mut().filter(|flight| flight.tab == tab).for_each(|flight| flight.is_orphan = true);
        self.stamping.retain(|(other, _)| *other != tab);
        let mut next = Tab::new(Policy::clone(&self.policy), self.now.0 + tab as u64);
        next.watch = self.tabs[tab].watch.renewed();
        self.tabs[tab] = next;
        self.on(tab, Event::Start);
    }

    /// Every tab is loaded anew, and has no token; nothing is spread by jitter.
    pub fn load_anew(&mut self) {
        for tab in &mut self.tabs {
            *tab = Tab::new(Policy::clone(&self.policy), 0);
        }
    }

    /// Everything that can happen happens, in the order it came, with the timers that are needed for it.
    pub fn settle(&mut self) {
        for _ in 0..500_000 {
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
            let overdue = self.flights.iter().position(|flight| flight.sent + LONGEST_FLIGHT <= self.now + span);
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
        if operation == Operation::SignOut {
            self.tabs[tab].out_since = Some(self.server.sign_ins);
        }
        let ask = Ask(self.tabs[tab].asks);
        if operation != Operation::SignOut {
            self.tabs[tab].wishes.push(ask);
        }
        self.on(tab, Event::Asked(ask, operation));
        ask
    }

    pub fn call(&mut self, tab: usize) {
        let session = &self.tabs[tab].session;
        let (attempt, step) = Attempt::start(session, self.now, true);
        let wants = step == Step::Wait || (matches!(step, Step::Send(_)) && session.is_due(self.now));
        let made_as = self.tabs[tab].shown.clone();
        self.tabs[tab].calls.push(Call { attempt, step, made_as, sent: Vec::new(), ending: None });
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
            let (step, refused) = attempt.response(&self.tabs[tab].session, self.now, 401, "");
            self.tabs[tab].calls[at].attempt = attempt;
            self.tabs[tab].calls[at].step = step;
            if refused.is_some() {
                self.on(tab, Event::Needed { refused });
            }
        }
    }

    /// What must hold at any moment; the name of what does not.
    pub fn broken(&self) -> Option<&'static str> {
        if self.server.reuses > 0 {
            return Some("no refresh token is presented twice");
        }
        self.tabs.iter().find_map(Self::broken_in)
    }

    fn broken_in(tab: &Tab) -> Option<&'static str> {
        for call in &tab.calls {
            if call.sent.len() > 3 {
                return Some("a call is sent at most twice, and once with another tab's token");
            }
            let mut users = call.sent.iter().flatten().map(|token| user_of(token)).chain(call.made_as.as_deref());
            let first = users.next();
            if users.any(|user| Some(user) != first) {
                return Some("no call is sent as another user");
            }
        }
        let (token, is_out) = (tab.token(), tab.status() == Status::Unauthenticated);
        if is_out && (token.is_some() || tab.shown.is_some()) {
            return Some("who is signed out has no token and no user");
        }
        if tab.status() == Status::Authenticated && tab.shown.is_none() {
            return Some("who is signed in is known");
        }
        if tab.was_early {
            return Some("nothing that was asked for has ended well before it is known who is signed in");
        }
        if let (Some(token), Some(shown)) = (token, &tab.shown)
            && user_of(&token) != shown
        {
            return Some("no user's data is shown beside another's token");
        }
        if tab.was_thrown_out {
            return Some("nobody is signed out while the family is alive");
        }
        tab.was_brought_back.then_some("nobody who is signed out gets a token back")
    }

    pub fn check(&self) {
        assert_eq!(self.broken(), None);
    }
}
