//! Carries out the machine's effects, each to its end, in the order given.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::fetch::{self, Composed, Reply};
use super::host::{self, Host};
use super::{contract, outward};
use crate::core::wire::{self, kind};
use crate::core::{Effect, Event, Message, Recorder, Scope, Session, Ticket, TicketId};

/// What decides, and what looks on.
pub(super) struct Machines {
    pub session: Session,
    pub scope: Scope,
    pub recorder: Recorder,
}

/// One client's machines with all that belongs to them.
pub(super) struct Shell {
    pub machines: RefCell<Machines>,
    /// Whether the JavaScript side is to hear of each record.
    is_watched: bool,
    host: Host,
    /// What came while effects were being carried out.
    events: RefCell<Vec<Event>>,
    running: Cell<bool>,
    /// The user in an answer whose verdict is not there yet.
    user: Cell<(TicketId, JsValue)>,
    data: Cell<JsValue>,
    /// The user that came with another tab's token.
    given: Cell<JsValue>,
    /// The same, of the token that is to be taken.
    kept: Cell<JsValue>,
}

impl Shell {
    pub(super) fn new(contract: &str, host: Host, records: usize, is_watched: bool) -> Rc<Self> {
        let (policy, scope) = contract::read(contract);
        Rc::new(Self {
            machines: RefCell::new(Machines {
                session: Session::new(policy, host::seed()),
                scope,
                recorder: Recorder::new(records),
            }),
            is_watched,
            host,
            events: RefCell::default(),
            running: Cell::default(),
            user: Cell::new((TicketId(0), JsValue::UNDEFINED)),
            data: Cell::new(JsValue::NULL),
            given: Cell::new(JsValue::NULL),
            kept: Cell::new(JsValue::NULL),
        })
    }

    /// Feeds the machine. An event that comes while effects are being carried out waits until they are.
    pub(super) fn dispatch(self: &Rc<Self>, event: Event) {
        if self.running.replace(true) {
            self.events.borrow_mut().push(event);
            return;
        }
        let mut next = Some(event);
        while let Some(event) = next {
            let effects = {
                let Machines { session, recorder, .. } = &mut *self.machines.borrow_mut();
                recorder.on(session, host::now(), event)
            };
            for effect in effects {
                self.carry_out(effect);
            }
            let mut events = self.events.borrow_mut();
            next = (!events.is_empty()).then(|| events.remove(0));
        }
        self.running.set(false);
        self.rearm();
        self.show();
    }

    /// Says that there may be new records.
    pub(super) fn show(&self) {
        if self.is_watched {
            self.host.recorded();
        }
    }

    fn carry_out(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Perform(ticket) => self.perform(ticket),
            Effect::Lock { ticket, steal } => self.host.lock(ticket.0, steal),
            Effect::Unlock(ticket) => self.host.unlock(ticket.0),
            Effect::WriteStamp { ticket, seen, stamp, pause, left } => {
                let seen = seen.as_ref().map(wire::write);
                let record = wire::write_record(&stamp, pause, left, host::wall());
                self.host.write_stamp(ticket.0, seen.as_ref().map_or(&[], |seen| seen), &record);
            }
            Effect::ReadStamp => self.host.read_stamp(),
            Effect::Tell(message) => self.tell(&message),
            Effect::KeepGiven => self.kept.set(self.given.replace(JsValue::NULL)),
            Effect::AdoptGiven => {
                self.data.set(self.kept.replace(JsValue::NULL));
                self.publish(outward::GIVEN);
            }
            Effect::Adopt(ticket) => {
                let (answered, user) = self.user.replace((TicketId(0), JsValue::UNDEFINED));
                if answered == ticket {
                    self.data.set(user);
                } else {
                    self.user.set((answered, user));
                }
                self.publish(0);
            }
            Effect::Forget => self.data.set(JsValue::NULL),
            Effect::Settle(ask, result) => self.host.settle(ask.0, outward::problem(result.err())),
            Effect::Resume => self.host.resume(),
            Effect::Publish => self.publish(0),
        }
    }

    fn tell(&self, message: &Message) {
        let (mut bearer, mut left, mut user) = (JsValue::UNDEFINED, None, JsValue::UNDEFINED);
        let (one, whole);
        let (kind, numbers): (_, &[f64]) = match message {
            Message::Moved(stamp) => {
                whole = wire::write(stamp);
                (kind::MOVED, &whole)
            }
            Message::Want(generation) => {
                one = [generation.0.into()];
                (kind::WANT, &one)
            }
            Message::Gone(generation) => {
                one = [generation.0.into()];
                (kind::GONE, &one)
            }
            Message::Stole => (kind::STOLE, &[]),
            Message::Give { stamp, bearer: token, left: life } => {
                bearer = JsValue::from_str(token.expose());
                left = life.map(host::to_float);
                user = self.data();
                whole = wire::write(stamp);
                (kind::GIVE, &whole)
            }
        };
        self.host.tell(kind, numbers, bearer, left, user);
    }

    /// Another tab has said something, perhaps with the user that belongs to a token.
    pub(super) fn hear(self: &Rc<Self>, message: Message, user: JsValue) {
        if !user.is_undefined() {
            self.given.set(user);
        }
        self.dispatch(Event::Heard(message));
    }

    fn perform(self: &Rc<Self>, ticket: Ticket) {
        let machines = self.machines.borrow();
        let refresh_token =
            machines.session.refresh_token(ticket.operation).map_or(JsValue::UNDEFINED, |token| token.expose().into());
        drop(machines);
        let ask = ticket.ask.map_or(0, |ask| ask.0);
        let Ticket { operation, key, needs_proof, .. } = ticket;
        let composed = self.host.compose(operation as u32, ask, refresh_token, key, needs_proof);
        let shell = Rc::downgrade(self);
        spawn_local(async move {
            let Ok(composed) = JsFuture::from(composed).await else { return };
            let response = match Composed::read(composed.unchecked_ref()) {
                Composed::Response(response) => Ok(response),
                Composed::Request(request, init) => {
                    // A client that was disposed of sends nothing more, nor does a turn that has ended.
                    let Some(shell) = shell.upgrade() else { return };
                    let may_send = shell.machines.borrow().session.may_send(host::now(), ticket.id);
                    let bearer = shell.machines.borrow().session.bearer_for(ticket.operation).cloned();
                    let sent = if may_send { fetch::send(request, bearer, &init) } else { None };
                    drop(shell);
                    match sent {
                        Some(sent) => fetch::response(JsFuture::from(sent).await),
                        None => Err(None),
                    }
                }
                Composed::Not(status) => Err(status),
            };
            let reply = match response {
                Ok(response) => {
                    let (status, is_page) = (response.status(), fetch::is_page(&response));
                    let Some(shell) = shell.upgrade() else { return };
                    let found = shell.host.read(response.into(), ticket.operation as u32, is_page);
                    drop(shell);
                    fetch::reply(status, is_page, JsFuture::from(found).await)
                }
                Err(status) => Reply::without(status),
            };
            let Some(shell) = shell.upgrade() else { return };
            if shell.machines.borrow().session.awaits(ticket.id) {
                shell.user.set((ticket.id, reply.user));
            }
            shell.dispatch(Event::Answered(ticket.id, reply.outcome));
        });
    }

    fn data(&self) -> JsValue {
        let data = self.data.take();
        self.data.set(data.clone());
        data
    }

    fn publish(&self, beside: u32) {
        let state = self.machines.borrow().session.state();
        self.host.publish(outward::state(state) | beside, outward::problem(state.problem), self.data());
    }

    fn rearm(&self) {
        let now = host::now();
        let deadline = self.machines.borrow().session.deadline(now);
        self.host.arm(deadline.map_or(-1.0, |deadline| host::delay(deadline.since(now))));
    }
}
