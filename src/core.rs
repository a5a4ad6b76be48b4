//! The protocol: pure, deterministic, natively tested.
//!
//! Two machines. [`Session`] owns the credential and decides when to renew it; it takes an [`Event`] and returns
//! [`Effect`]s. [`Attempt`] is one API call, a value that looks at the session and says what to do next. Time is passed
//! in as a number, randomness as a seed. Nothing here reads a clock, awaits, or knows a browser; a core that named a web
//! crate would not compile natively.

mod answer;
mod attempt;
mod backoff;
pub mod contract;
mod event;
mod expiry;
mod identity;
mod policy;
mod problem;
mod random;
mod record;
mod rule;
mod scope;
mod secret;
mod session;
mod stamp;
mod state;
pub mod text;
mod time;
mod verdict;
pub mod wire;

pub use answer::{Answer, Body, Fields, OAuthError, Outcome, Unanswered};
pub use attempt::{Attempt, Step};
pub use event::{Ask, Effect, Event, Operation, Ticket, TicketId};
pub use expiry::Expiry;
pub use identity::{Generation, Identity};
pub use policy::Policy;
pub use problem::Problem;
pub use record::{Explanation, Kind, NONE, Reason, Record, Recorder};
#[cfg(feature = "mutations")]
pub use rule::Rule;
pub use scope::{Destination, Scope};
pub use secret::Secret;
pub use session::Session;
pub use stamp::{Found, Message, Pause, Stamp, Standing};
pub use state::{EndReason, Freshness, State, Status};
pub use time::{Millis, Wait};
pub use verdict::{Expected, Grant, RefreshVerdict, Rules, Sign, Signs, asks_for_token};
