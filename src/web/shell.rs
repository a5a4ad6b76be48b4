//! Carries out the machine's effects, each to its end, in the order given.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::contract::Contract;
use super::fetch;
use super::host::{self, Host, Timer};
use super::outward;
use crate::core::wire::{self, kind};
use crate::core::{Ask, Effect, Event, Message, Operation, Problem, Session, Ticket, TicketId};

/// What the application asked for and waits for.
struct Asked {
    ask: Ask,
    /// The fields to send, which stay JavaScript values.
    fields: JsValue,
    resolve: Function,
}

/// One client's machine with all that belongs to it.
pub(super) struct Shell {
    pub session: RefCell<Session>,
    pub contract: RefCell<Contract>,
    host: Host,
    events: RefCell<VecDeque<Event>>,
    running: Cell<bool>,
    asked: RefCell<Vec<Asked>>,
    asks: Cell<u32>,
    /// The user in an answer whose verdict is not there yet.
    user: RefCell<Option<(TicketId, JsValue)>>,
    data: RefCell<JsValue>,
    /// What the newest answer to a sign-in says that brought no token.
    answer: RefCell<JsValue>,
    /// The user that came with another tab's token.
    given: RefCell<JsValue>,
    /// The same, of the token that is to be taken.
    kept: RefCell<JsValue>,
    tick: RefCell<Option<Closure<dyn FnMut()>>>,
    timer: RefCell<Option<Timer>>,
}

impl Shell {
    pub(super) fn new(contract: Contract, host: Host) -> Rc<Self> {
        let session = Session::new(contract.policy.clone(), host::seed());
        let shell = Rc::new(Self {
            session: RefCell::new(session),
            contract: RefCell::new(contract),
            host,
            events: RefCell::default(),
            running: Cell::default(),
            asked: RefCell::default(),
            asks: Cell::default(),
            user: RefCell::default(),
            data: RefCell::new(JsValue::NULL),
            answer: RefCell::new(JsValue::UNDEFINED),
            given: RefCell::new(JsValue::NULL),
            kept: RefCell::new(JsValue::NULL),
            tick: RefCell::default(),
            timer: RefCell::default(),
        });
        let weak = Rc::downgrade(&shell);
        let tick = Closure::new(move || with(&weak, |shell| shell.dispatch(Event::Tick)));
        *shell.tick.borrow_mut() = Some(tick);
        shell
    }

    /// Feeds the machine. An event that comes while effects are being carried out waits until they are.
    pub(super) fn dispatch(self: &Rc<Self>, event: Event) {
        self.events.borrow_mut().push_back(event);
        if self.running.replace(true) {
            return;
        }
        loop {
            let next = self.events.borrow_mut().pop_front();
            let Some(event) = next else { break };
            let effects = self.session.borrow_mut().on(host::now(), event);
            for effect in effects {
                self.carry_out(effect);
            }
        }
        self.running.set(false);
        self.rearm();
    }

    /// Asks for an operation. The promise resolves with nothing, or with the problem.
    pub(super) fn ask(self: &Rc<Self>, operation: Operation, fields: &JsValue) -> Promise {
        let ask = Ask(self.asks.get());
        self.asks.set(ask.0.wrapping_add(1));
        let promise = Promise::new(&mut |resolve, _| {
            self.asked.borrow_mut().push(Asked { ask, fields: fields.clone(), resolve });
        });
        self.dispatch(Event::Asked(ask, operation));
        promise
    }

    fn carry_out(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Perform(ticket) => self.perform(ticket),
            Effect::Lock { ticket, steal } => self.host.lock(ticket.0, steal),
            Effect::Unlock(ticket) => self.host.unlock(ticket.0),
            Effect::WriteStamp { ticket, seen, stamp, pause } => {
                let seen = seen.as_ref().map(wire::write).unwrap_or_default();
                let record = wire::write_record(&stamp, pause, host::wall());
                self.host.write_stamp(ticket.0, seen, record);
            }
            Effect::ReadStamp => self.host.read_stamp(),
            Effect::Tell(message) => self.tell(&message),
            Effect::KeepGiven => *self.kept.borrow_mut() = self.given.replace(JsValue::NULL),
            Effect::AdoptGiven => {
                *self.data.borrow_mut() = self.kept.replace(JsValue::NULL);
                self.publish();
            }
            Effect::Adopt(ticket) => {
                if let Some((_, user)) = self.user.borrow_mut().take_if(|(answered, _)| *answered == ticket) {
                    *self.data.borrow_mut() = user;
                }
                self.publish();
            }
            Effect::Forget => *self.data.borrow_mut() = JsValue::NULL,
            Effect::Settle(ask, result) => self.settle(ask, result),
            Effect::Resume => self.host.resume(),
            Effect::Publish => self.publish(),
        }
    }

    fn tell(&self, message: &Message) {
        let tell = |kind, stamp| self.host.tell(kind, stamp, JsValue::UNDEFINED, None, JsValue::UNDEFINED);
        match message {
            Message::Moved(stamp) => tell(kind::MOVED, wire::write(stamp)),
            Message::Want(generation) => tell(kind::WANT, vec![generation.0.into()]),
            Message::Gone(generation) => tell(kind::GONE, vec![generation.0.into()]),
            Message::Stole => tell(kind::STOLE, Vec::new()),
            Message::Give { stamp, bearer, left } => {
                let user = self.data.borrow().clone();
                let left = left.map(host::to_float);
                let bearer = JsValue::from_str(bearer.expose());
                self.host.tell(kind::GIVE, wire::write(stamp), bearer, left, user);
            }
        }
    }

    /// Another tab has said something, perhaps with the user that belongs to a token.
    pub(super) fn hear(self: &Rc<Self>, message: Message, user: JsValue) {
        if !user.is_undefined() {
            *self.given.borrow_mut() = user;
        }
        self.dispatch(Event::Heard(message));
    }

    fn perform(self: &Rc<Self>, ticket: Ticket) {
        let fields = ticket.ask.map_or(JsValue::UNDEFINED, |ask| self.fields(ask));
        let session = self.session.borrow();
        let refresh_token = session.refresh_token().map_or(JsValue::UNDEFINED, |token| token.expose().into());
        drop(session);
        let composed = self.host.compose(group(ticket.operation), fields, refresh_token);
        let reads = self.is_sessions_own(ticket.operation);
        let shell = Rc::downgrade(self);
        let places = self.contract.borrow().places.clone();
        spawn_local(async move {
            let user_at = if reads { &places.session_user } else { &places.user };
            let reply = match JsFuture::from(composed).await {
                Ok(composed) => {
                    let response = match composed.dyn_into::<web_sys::Response>() {
                        Ok(response) => Some(response.into()),
                        Err(composed) => {
                            match shell.upgrade().and_then(|shell| shell.prepare(ticket, &composed.into())) {
                                Some(prepared) => fetch::send(prepared).await.ok(),
                                None => None,
                            }
                        }
                    };
                    match response {
                        Some(response) => fetch::read(response, &places, user_at).await,
                        None => fetch::Reply::unanswered(),
                    }
                }
                Err(error) => fetch::Reply::not_sent(&error),
            };
            with(&shell, |shell| {
                *shell.user.borrow_mut() = Some((ticket.id, reply.user));
                if matches!(ticket.operation, Operation::SignIn | Operation::Exchange) {
                    *shell.answer.borrow_mut() = reply.json;
                }
                shell.dispatch(Event::Answered(ticket.id, reply.outcome));
            });
        });
    }

    fn prepare(&self, ticket: Ticket, composed: &Array) -> Option<fetch::Prepared> {
        let contract = self.contract.borrow();
        let session = self.session.borrow();
        let bearer = match ticket.operation {
            Operation::ReadSession => session.bearer(ticket.base).cloned(),
            _ => None,
        };
        fetch::prepare(ticket, contract.endpoint(ticket.operation)?, composed, bearer.as_ref()).ok()
    }

    /// Whether it is the session's own request that is made, whose answer has the user elsewhere.
    fn is_sessions_own(&self, operation: Operation) -> bool {
        match operation {
            Operation::ReadSession => true,
            Operation::Refresh => self.contract.borrow().policy.rules.by_session,
            _ => false,
        }
    }

    fn fields(&self, ask: Ask) -> JsValue {
        let mut asked = self.asked.borrow_mut();
        asked.iter_mut().find(|asked| asked.ask == ask).map_or(JsValue::UNDEFINED, |asked| {
            // A password is not kept longer than it takes to send it.
            std::mem::replace(&mut asked.fields, JsValue::UNDEFINED)
        })
    }

    fn settle(&self, ask: Ask, result: Result<(), Problem>) {
        let mut waiting = self.asked.borrow_mut();
        let place = waiting.iter().position(|asked| asked.ask == ask);
        let asked = place.map(|place| waiting.swap_remove(place));
        drop(waiting);
        if let Some(asked) = asked {
            let value = result.map_or_else(|problem| self.problem(problem), |()| JsValue::UNDEFINED);
            // A promise's resolve function does not throw.
            let _ = asked.resolve.call1(&JsValue::UNDEFINED, &value);
        }
    }

    /// Why something ended. Who was refused hears what the server says to it.
    fn problem(&self, problem: Problem) -> JsValue {
        let value = outward::problem(problem);
        if matches!(problem, Problem::BadCredentials { .. }) {
            // An object of our own takes a member.
            let _ = js_sys::Reflect::set(&value, &"answer".into(), &self.answer.replace(JsValue::UNDEFINED));
        }
        value
    }

    fn publish(&self) {
        let state = outward::state(self.session.borrow().state());
        let data = self.data.borrow().clone();
        self.host.publish(state, data);
    }

    fn rearm(&self) {
        let now = host::now();
        let deadline = self.session.borrow().deadline(now);
        let tick = self.tick.borrow();
        let timer = match (deadline, tick.as_ref()) {
            (Some(deadline), Some(tick)) => Some(Timer::after(deadline.since(now), tick.as_ref().unchecked_ref())),
            _ => None,
        };
        *self.timer.borrow_mut() = timer;
    }
}

fn with(shell: &Weak<Shell>, act: impl FnOnce(&Rc<Shell>)) {
    if let Some(shell) = shell.upgrade() {
        act(&shell);
    }
}

/// What the contract calls an operation.
const fn group(operation: Operation) -> &'static str {
    match operation {
        Operation::Refresh => "refresh",
        Operation::ReadSession => "session",
        Operation::SignIn => "signIn",
        Operation::Exchange => "exchange",
        Operation::SignOut => "signOut",
    }
}
