//! What the JavaScript side calls. Everything takes `&self`, and nothing here decides.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::host::{self, Host};
use super::outward;
use super::shell::{Machines, Shell};
use crate::core::wire;
use crate::core::{Ask, Attempt, Destination, Event, Operation, Problem, Step, TicketId, asks_for_token};

/// A call's body cannot be sent twice.
const ONCE: u32 = 1;
/// The URL is the platform's own, absolute.
const ABSOLUTE: u32 = 2;
/// From this bit on stands which call of the page it is.
const CALL: u32 = 2;
#[expect(clippy::cast_possible_truncation, reason = "sixteen")]
const RECORD_LENGTH: u32 = wire::RECORD_LENGTH as u32;

/// One client: a session, its shell, and the questions that calls ask.
///
/// An answer to a question is a number: the low three bits say what to do (`code`), the rest is the attempt, to be
/// handed back with the next question.
#[wasm_bindgen]
pub struct Client {
    shell: Rc<Shell>,
    problem: Cell<Option<Problem>>,
}

#[wasm_bindgen]
impl Client {
    /// A client of a contract that has been checked, as one text, with a ring of so many records. One that is watched says
    /// when there are new ones.
    #[wasm_bindgen(constructor)]
    pub fn new(contract: &str, host: Host, records: usize, is_watched: bool) -> Client {
        Self { shell: Shell::new(contract, host, records, is_watched), problem: Cell::new(None) }
    }

    /// Sets the origin of the document's base URL.
    #[wasm_bindgen(js_name = setPage)]
    pub fn set_page(&self, origin: &JsValue) {
        self.shell.machines.borrow_mut().scope.set_page(origin.as_string());
    }

    /// A call is made: may it go, and how?
    pub fn start(&self, url: &str, flags: u32) -> u32 {
        let machines = self.shell.machines.borrow();
        match machines.scope.destination(url, flags & ABSOLUTE != 0) {
            Destination::Api => {}
            Destination::Own | Destination::Foreign => return code::PASS,
            Destination::Unresolved => return code::RESOLVE,
        }
        let (now, session) = (host::now(), &machines.session);
        let (attempt, step) = Attempt::start(session, now, flags & ONCE == 0);
        let wants = matches!(step, Step::Wait) || (matches!(step, Step::Send(_)) && session.is_due(now));
        drop(machines);
        if !matches!(step, Step::Send(_) | Step::SendBare) {
            self.note(flags >> CALL, attempt, step);
        }
        if wants { self.need(attempt, step, attempt.need(), flags >> CALL) } else { self.answer(attempt, step) }
    }

    /// A call was answered with a status that may be for the session. `challenge` is its `WWW-Authenticate`, if any, and
    /// `facts` what it says to what the contract's rules ask about, as JSON, [one text after the other](crate::core::text).
    pub fn response(&self, attempt: u32, status: u16, challenge: &str, facts: &str, call: u32) -> u32 {
        let mut attempt = Attempt::unpack(attempt);
        let is_curable = asks_for_token(challenge);
        let (mut step, mut refused) = (Step::Deliver, None);
        if is_curable {
            let session = &self.shell.machines.borrow().session;
            (step, refused) = attempt.response(session, host::now(), status, facts);
        }
        if !is_curable || refused.is_some() || attempt.is_spent() {
            self.shell.machines.borrow_mut().recorder.refused(host::now(), call, status, is_curable);
            self.note(call, attempt, step);
        }
        if refused.is_none() {
            return self.answer(attempt, step);
        }
        self.need(attempt, step, Event::Needed { refused }, call)
    }

    /// The session has moved while a call was waiting.
    pub fn resume(&self, attempt: u32, call: u32) -> u32 {
        let mut attempt = Attempt::unpack(attempt);
        let step = attempt.resume(&self.shell.machines.borrow().session, host::now());
        if step == Step::Wait {
            return self.need(attempt, step, attempt.need(), call);
        }
        self.note(call, attempt, step);
        self.answer(attempt, step)
    }

    /// The `Authorization` header of the present token, else undefined. It leaves no copy in WASM memory.
    pub fn header(&self) -> JsValue {
        let session = &self.shell.machines.borrow().session;
        let bearer = session.bearer(session.generation());
        bearer.map_or(JsValue::UNDEFINED, |bearer| JsValue::from_str(bearer.expose()))
    }

    /// Why the last question was answered with `code::FAIL`.
    pub fn problem(&self) -> JsValue {
        outward::problem(self.problem.take())
    }

    /// Something has happened to the page, or to what the application wants ([`hint`]): an operation, of whose end
    /// [`Host::settle`] tells by the number `ask`.
    pub fn hint(&self, what: u32, ask: u32) {
        let asked = |operation| Event::Asked(Ask(ask), operation);
        self.shell.dispatch(match what {
            hint::BEGIN => Event::Start,
            hint::TICK => Event::Tick,
            hint::SHOWN => Event::Visible(true),
            hint::HIDDEN => Event::Visible(false),
            hint::LEAVING => Event::Leaving,
            hint::RESTORED => Event::Restored,
            hint::ONLINE => Event::Online,
            hint::REFRESH => asked(Operation::Refresh),
            hint::READ_SESSION => asked(Operation::ReadSession),
            hint::SIGN_IN => asked(Operation::SignIn),
            hint::EXCHANGE => asked(Operation::Exchange),
            hint::SIGN_OUT => asked(Operation::SignOut),
            hint::AWAITED => Event::Awaited,
            hint::LOST => Event::StoreLost,
            _ => Event::Dispose,
        });
    }

    /// This record stands, empty if there is none, and this is why that is told ([`found`]). `is_own`: this tab has written it.
    pub fn found(&self, what: u32, record: &Array, ticket: u32, is_own: bool) {
        let found = wire::found(&numbers(record), host::wall(), is_own);
        let stamp = found.map(|found| found.stamp);
        let ticket = TicketId(ticket);
        self.shell.dispatch(match what {
            found::LOCKED => Event::Locked(ticket, found),
            found::WRITTEN => Event::Stamped(ticket, Ok(())),
            found::OVERTAKEN => Event::Stamped(ticket, Err(stamp)),
            _ => Event::StampRead(stamp),
        });
    }

    /// Another tab has said something. What is not a message of ours is passed over.
    pub fn heard(&self, kind: u32, stamp: &Array, bearer: &JsValue, left: &JsValue, user: JsValue) {
        if let Some(message) = wire::message(kind, &numbers(stamp), bearer.as_string(), left.as_f64()) {
            self.shell.hear(message, user);
        }
    }

    /// Why the session is as it is, and the records from the one counted `since`, as numbers (`src/core/record/numbers.rs`).
    pub fn record(&self, is_online: bool, since: u32) -> js_sys::Uint32Array {
        let Machines { session, recorder, .. } = &*self.shell.machines.borrow();
        recorder.numbers(session, host::now(), is_online, since).as_slice().into()
    }

    /// Tells the session what a call needs. What it is to wait for may have come by then: nothing is under way that could
    /// wake it.
    fn need(&self, mut attempt: Attempt, mut step: Step, need: Event, call: u32) -> u32 {
        self.shell.dispatch(need);
        if step == Step::Wait && !self.shell.machines.borrow().session.is_busy() {
            step = attempt.resume(&self.shell.machines.borrow().session, host::now());
            if step != Step::Wait {
                self.note(call, attempt, step);
            }
        }
        self.answer(attempt, step)
    }

    fn note(&self, call: u32, attempt: Attempt, step: Step) {
        self.shell.machines.borrow_mut().recorder.call(host::now(), call, attempt, step);
        self.shell.show();
    }

    fn answer(&self, attempt: Attempt, step: Step) -> u32 {
        let code = match step {
            Step::Send(_) => code::SEND,
            Step::SendBare => code::BARE,
            Step::Wait => code::WAIT,
            Step::Deliver => code::DELIVER,
            Step::Fail(problem) => {
                self.problem.set(Some(problem));
                code::FAIL
            }
        };
        attempt.pack() << 3 | code
    }
}

/// The numbers at the beginning of an array, of which no record has more.
fn numbers(array: &Array) -> Vec<f64> {
    let mut numbers = Vec::new();
    for place in 0..RECORD_LENGTH {
        let Some(number) = array.get(place).as_f64() else { break };
        numbers.push(number);
    }
    numbers
}

/// What the low three bits of an answer say.
mod code {
    pub(super) const PASS: u32 = 0;
    pub(super) const SEND: u32 = 1;
    pub(super) const BARE: u32 = 2;
    pub(super) const WAIT: u32 = 3;
    pub(super) const DELIVER: u32 = 4;
    pub(super) const FAIL: u32 = 5;
    pub(super) const RESOLVE: u32 = 6;
}

/// What a client may be told. The numbers are those of `pkg-template/src/session.ts`.
mod hint {
    /// The application wants to know the session.
    pub(super) const BEGIN: u32 = 0;
    /// The time that was asked for by [`Host::arm`](super::Host::arm) has gone by.
    pub(super) const TICK: u32 = 1;
    pub(super) const SHOWN: u32 = 2;
    pub(super) const HIDDEN: u32 = 3;
    /// The page goes away.
    pub(super) const LEAVING: u32 = 4;
    /// The page has come back from the back/forward cache.
    pub(super) const RESTORED: u32 = 5;
    /// The platform says that the network is back.
    pub(super) const ONLINE: u32 = 6;
    pub(super) const REFRESH: u32 = 8;
    pub(super) const READ_SESSION: u32 = 9;
    pub(super) const SIGN_IN: u32 = 10;
    pub(super) const EXCHANGE: u32 = 11;
    pub(super) const SIGN_OUT: u32 = 12;
    /// Other tabs wait for the lock.
    pub(super) const AWAITED: u32 = 13;
    /// The store may have been wiped.
    pub(super) const LOST: u32 = 14;
    // Anything else ends the client: no timer and no waiting call is left.
}

/// What a record is told for. The numbers are those of `pkg-template/src/tabs.ts`.
mod found {
    /// The lock is held.
    pub(super) const LOCKED: u32 = 0;
    /// What was to be written stands now.
    pub(super) const WRITTEN: u32 = 1;
    /// It was not to replace this one, which stands instead.
    pub(super) const OVERTAKEN: u32 = 2;
    // Anything else: it was to be read.
}
