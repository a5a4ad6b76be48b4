//! The stage for scenarios: one tab with the production machines, a server with strict rotation, and a clock.
//!
//! Nothing happens by itself: a scenario lets time pass, lets the server answer, and looks at what became of its calls.

#![allow(dead_code, reason = "each test file uses a part of the stage")]
#![allow(clippy::unnecessary_wraps, reason = "an outcome is what is answered")]
#![allow(unreachable_pub, reason = "a test file has no outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use relatch::core::{
    Answer, Ask, Attempt, Body, Effect, Event, Fields, Generation, Identity, Millis, OAuthError, Operation, Outcome,
    Policy, Problem, Recorder, Secret, Session, State, Status, Step, Ticket, TicketId, Unanswered,
};

/// How long the server's access tokens live.
pub const LIFE: Millis = Millis(60_000);

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    Delivered(u16),
    Failed(Problem),
}

/// A call on its way.
#[derive(Clone, Debug)]
pub struct Call {
    attempt: Attempt,
    step: Step,
    /// The access token that each sending carried; `None` for a sending without one.
    pub sent: Vec<Option<String>>,
    pub ending: Option<Ending>,
}

/// A backend that rotates strictly: a refresh token that is presented twice kills its family.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Server {
    /// The refresh token in the cookie jar; it is set when an answer leaves.
    pub cookie: Option<u32>,
    rotations: u32,
    /// Refresh tokens that were traded in, each with the key it came with.
    used: BTreeMap<u32, u64>,
    /// Whether the same token with the same key is traded in again, as by a client whose answer was lost.
    pub knows_keys: bool,
    /// Whether its answers name no user, whose data are read then.
    pub is_silent: bool,
    /// Readings that brought no token.
    pub bare_reads: u32,
    alive: bool,
    user: String,
    /// Access tokens that are accepted.
    accepted: BTreeSet<String>,
    issued: u32,
    pub refreshes: u32,
    pub reuses: u32,
    pub sign_outs: u32,
    pub sign_ins: u32,
    /// Answers the next refresh, instead of the server, after it has done its work or before.
    pub fault: Option<(Fault, Outcome)>,
    /// Answers every sign-out, instead of the server.
    pub refusal: Option<Outcome>,
}

/// Whether the server did its work before its answer was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    Before,
    After,
}

impl Server {
    pub fn sign_in(&mut self, user: &str) -> Outcome {
        self.alive = true;
        self.sign_ins += 1;
        user.clone_into(&mut self.user);
        self.rotate();
        Ok(self.tokens())
    }

    fn refresh(&mut self, presented: Option<u32>, key: u64) -> Outcome {
        self.refreshes += 1;
        let fault = self.fault.take();
        if let Some((Fault::Before, outcome)) = fault {
            return outcome;
        }
        let answer = match presented {
            Some(token) if self.alive && self.knows_keys && self.used.get(&token) == Some(&key) => {
                self.rotate();
                Ok(self.tokens())
            }
            Some(token) if self.used.contains_key(&token) => {
                self.reuses += 1;
                self.alive = false;
                self.accepted.clear();
                status(401)
            }
            Some(token) if self.alive => {
                self.used.insert(token, key);
                self.rotate();
                Ok(self.tokens())
            }
            _ => status(401),
        };
        fault.map_or(answer, |(_, outcome)| outcome)
    }

    fn rotate(&mut self) {
        self.rotations += 1;
        self.cookie = Some(self.rotations);
    }

    fn tokens(&mut self) -> Answer {
        self.issued += 1;
        let token = format!("{}-{}.{}", self.user, self.sign_ins, self.issued);
        self.accepted.insert(token.clone());
        Answer {
            status: 200,
            body: Body::Json(Fields {
                access_token: Some(Secret::new(token)),
                refresh_token: None,
                expires_in: Some(Millis(60_000)),
                has_user: !self.is_silent,
                identity: (!self.is_silent).then(|| Identity::of(&self.user)),
                error: None,
            }),
            facts: String::new(),
            retry_after: None,
        }
    }

    /// Answers one request; `who` is the user of a sign-in.
    pub fn serve(&mut self, request: &Request, who: &str) -> Outcome {
        match request.ticket.operation {
            Operation::SignIn | Operation::Exchange => self.sign_in(who),
            Operation::Refresh => self.refresh(request.cookie, request.ticket.key),
            Operation::SignOut => {
                self.sign_outs += 1;
                if let Some(refusal) = &self.refusal {
                    return refusal.clone();
                }
                self.alive = false;
                self.accepted.clear();
                self.cookie = None;
                status(204)
            }
            Operation::ReadSession => match &request.bearer {
                Some(bearer) if self.accepts(bearer) => {
                    let identity = Some(Identity::of(user_of(bearer)));
                    let fields = Fields { has_user: true, identity, ..Fields::default() };
                    Ok(Answer { status: 200, body: Body::Json(fields), facts: String::new(), retry_after: None })
                }
                bearer => {
                    self.bare_reads += u32::from(bearer.is_none());
                    status(401)
                }
            },
        }
    }

    pub fn accepts(&self, bearer: &str) -> bool {
        self.accepted.contains(bearer)
    }

    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether an access token is of the session that is alive.
    pub fn is_of_present_session(&self, token: &str) -> bool {
        self.alive && token.starts_with(&format!("{}-{}.", self.user, self.sign_ins))
    }

    /// Whether the newest refresh token is good.
    pub fn is_alive(&self) -> bool {
        self.alive
    }

    /// The server refuses every access token issued until now.
    pub fn expire_access(&mut self) {
        self.accepted.clear();
    }

    /// The server forgets the refresh token.
    pub fn expire_refresh(&mut self) {
        self.alive = false;
    }
}

/// Whose access token it is.
pub fn user_of(token: &str) -> &str {
    token.split('-').next().unwrap()
}

/// An answer with a status and no readable body.
pub fn status(status: u16) -> Outcome {
    Ok(Answer { status, body: Body::Other, facts: String::new(), retry_after: None })
}

/// A 429 or 503 that says when to come again.
pub fn later(status: u16, seconds: u64) -> Outcome {
    Ok(Answer { status, body: Body::Other, facts: String::new(), retry_after: Some(Millis::from_secs(seconds)) })
}

/// A page where JSON was due.
pub fn page(status: u16) -> Outcome {
    Ok(Answer { status, body: Body::Html, facts: String::new(), retry_after: None })
}

/// An OAuth error that blames the request.
pub fn blames_request(status: u16) -> Outcome {
    let error = OAuthError::read("invalid_client");
    Ok(Answer {
        status,
        body: Body::Json(Fields { error, ..Fields::default() }),
        facts: String::new(),
        retry_after: None,
    })
}

/// Nothing came back.
pub fn lost() -> Outcome {
    Err(Unanswered::Network)
}

/// A request on its way, with what it carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    pub ticket: Ticket,
    pub cookie: Option<u32>,
    pub bearer: Option<String>,
}

/// The stage.
#[derive(Clone, Debug)]
pub struct Play {
    pub now: Millis,
    pub session: Session,
    pub recorder: Recorder,
    pub server: Server,
    /// Requests that wait for their answer.
    pub underway: Vec<Request>,
    pub calls: Vec<Call>,
    pub settled: Vec<(Ask, Result<(), Problem>)>,
    /// The user whose data the tab shows.
    pub shown: Option<String>,
    answered: Option<(TicketId, String)>,
    asks: u32,
    /// Who signs in next.
    pub who: String,
}

impl Play {
    /// A tab that has just been opened; nobody is signed in at the server.
    pub fn new() -> Self {
        Self {
            now: Millis(1_000),
            session: Session::new(Policy { shared: false, ..Policy::default() }, 1),
            recorder: Recorder::new(256),
            server: Server::default(),
            underway: Vec::new(),
            calls: Vec::new(),
            settled: Vec::new(),
            shown: None,
            answered: None,
            asks: 0,
            who: "ada".into(),
        }
    }

    /// A tab in which somebody has signed in.
    pub fn signed_in() -> Self {
        let mut play = Self::new();
        play.on(Event::Start);
        play.answer_all();
        play.ask(Operation::SignIn);
        play.answer_all();
        assert_eq!(play.state().status, Status::Authenticated);
        play.server.refreshes = 0;
        play
    }

    /// The same tab, loaded anew: the server and its cookie are all that is left.
    #[must_use]
    pub fn reloaded(self) -> Self {
        Self { now: self.now, server: self.server, who: self.who, ..Self::new() }
    }

    pub fn state(&self) -> State {
        self.session.state()
    }

    pub fn on(&mut self, event: Event) {
        for effect in self.recorder.on(&mut self.session, self.now, event) {
            match effect {
                Effect::Perform(ticket) => {
                    let bearer = self.session.bearer_for(ticket.operation).map(|bearer| bearer.expose().to_owned());
                    self.underway.push(Request { ticket, cookie: self.server.cookie, bearer });
                }
                Effect::Adopt(ticket) => {
                    self.shown = self.answered.as_ref().filter(|(id, _)| *id == ticket).map(|(_, user)| user.clone());
                }
                Effect::Forget => self.shown = None,
                Effect::Settle(ask, result) => self.settled.push((ask, result)),
                Effect::Resume => self.resume(),
                Effect::Publish => {}
                Effect::Lock { .. }
                | Effect::Unlock(_)
                | Effect::WriteStamp { .. }
                | Effect::ReadStamp
                | Effect::Tell(_)
                | Effect::KeepGiven
                | Effect::AdoptGiven => unreachable!("a tab that works alone shares nothing"),
            }
        }
    }

    pub fn ask(&mut self, operation: Operation) -> Ask {
        self.asks += 1;
        let ask = Ask(self.asks);
        self.on(Event::Asked(ask, operation));
        ask
    }

    /// How something that was asked for has ended.
    pub fn result(&self, ask: Ask) -> Option<Result<(), Problem>> {
        self.settled.iter().find(|(settled, _)| *settled == ask).map(|(_, result)| *result)
    }

    /// Lets time pass, with the timers that come due.
    pub fn wait(&mut self, span: Millis) {
        let until = self.now + span;
        while let Some(deadline) = self.session.deadline(self.now).filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            let before = format!("{:?}", self.session);
            self.on(Event::Tick);
            assert_ne!(before, format!("{:?}", self.session), "a timer that changes nothing would fire for ever");
        }
        self.now = until;
    }

    /// Lets time pass until the tab sends something, at most this long.
    pub fn wait_for_request(&mut self, at_most: Millis) {
        let until = self.now + at_most;
        while self.underway.is_empty() && self.now < until {
            self.wait(Millis(10));
        }
        assert!(!self.underway.is_empty(), "nothing was sent within {at_most:?}");
    }

    /// Lets time pass while the tab sleeps: no timer fires.
    pub fn sleep(&mut self, span: Millis) {
        self.now = self.now + span;
    }

    /// The server gets the oldest request and its answer arrives.
    pub fn answer(&mut self) {
        let request = self.underway.remove(0);
        let outcome = self.serve(&request);
        self.deliver(request.ticket, outcome);
    }

    pub fn answer_all(&mut self) {
        while !self.underway.is_empty() {
            self.answer();
        }
    }

    /// An answer arrives that the server did not give.
    pub fn answer_with(&mut self, outcome: Outcome) {
        let request = self.underway.remove(0);
        self.deliver(request.ticket, outcome);
    }

    pub fn serve(&mut self, request: &Request) -> Outcome {
        let who = self.who.clone();
        self.server.serve(request, &who)
    }

    pub fn deliver(&mut self, ticket: Ticket, outcome: Outcome) {
        self.answered = Some((ticket.id, self.server.user.clone()));
        self.on(Event::Answered(ticket.id, outcome));
    }

    /// Makes a call, as the shell does.
    pub fn call(&mut self) -> usize {
        self.call_with(true)
    }

    /// Makes a call whose body can be sent once.
    pub fn call_once(&mut self) -> usize {
        self.call_with(false)
    }

    fn call_with(&mut self, replayable: bool) -> usize {
        let (attempt, step) = Attempt::start(&self.session, self.now, replayable);
        let wants = step == Step::Wait || (matches!(step, Step::Send(_)) && self.session.is_due(self.now));
        self.calls.push(Call { attempt, step, sent: Vec::new(), ending: None });
        let call = self.calls.len() - 1;
        if !matches!(step, Step::Send(_) | Step::SendBare) {
            self.note(call);
        }
        if wants {
            self.on(attempt.need());
        }
        self.follow(call);
        call
    }

    fn resume(&mut self) {
        for call in 0..self.calls.len() {
            let Call { ending: None, step: Step::Wait, mut attempt, .. } = self.calls[call] else { continue };
            let step = attempt.resume(&self.session, self.now);
            self.calls[call].attempt = attempt;
            self.calls[call].step = step;
            if step == Step::Wait {
                self.on(attempt.need());
            } else {
                self.note(call);
            }
            self.follow(call);
        }
    }

    /// Notes what becomes of a call, as the shell does.
    fn note(&mut self, call: usize) {
        let Call { attempt, step, .. } = self.calls[call];
        self.recorder.call(self.now, u32::try_from(call).unwrap() + 1, attempt, step);
    }

    /// Carries out a call's steps until it waits or ends. The API answers at once.
    fn follow(&mut self, call: usize) {
        loop {
            let answer = match self.calls[call].step {
                Step::Wait => return,
                Step::Deliver => return self.calls[call].ending = Some(Ending::Delivered(401)),
                Step::Fail(problem) => return self.calls[call].ending = Some(Ending::Failed(problem)),
                Step::SendBare => {
                    self.calls[call].sent.push(None);
                    401
                }
                Step::Send(generation) => {
                    let token = self.session.bearer(generation).map(|bearer| bearer.expose().to_owned());
                    let accepted = token.as_ref().is_some_and(|token| self.server.accepts(token));
                    self.calls[call].sent.push(token);
                    if accepted { 200 } else { 401 }
                }
            };
            if answer == 200 {
                return self.calls[call].ending = Some(Ending::Delivered(200));
            }
            let mut attempt = self.calls[call].attempt;
            let (step, refused) = attempt.response(&self.session, self.now, answer, "");
            self.calls[call].attempt = attempt;
            self.calls[call].step = step;
            if refused.is_some() || attempt.is_spent() {
                self.recorder.refused(self.now, u32::try_from(call).unwrap() + 1, answer, true);
                self.note(call);
            }
            if refused.is_some() {
                self.on(Event::Needed { refused });
            }
            if step == Step::Wait && self.calls[call].step != Step::Wait {
                return;
            }
        }
    }

    /// Has a call that waits say again what it needs, as it does each time the session moves.
    pub fn say_again(&mut self, call: usize) {
        self.on(self.calls[call].attempt.need());
    }

    /// What became of all calls.
    pub fn endings(&self) -> Vec<Option<Ending>> {
        self.calls.iter().map(|call| call.ending).collect()
    }

    pub fn has_token(&self) -> bool {
        self.session.bearer(self.session.generation()).is_some()
    }

    pub fn generation(&self) -> Generation {
        self.session.generation()
    }
}
