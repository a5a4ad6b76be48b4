//! The shell: carries out what the machines decide, in a browser or a worker.
//!
//! All that is asynchronous and all that touches the platform is here. The shell judges nothing: it reads clocks, sends
//! requests, reads fields of answers, and holds what must stay a JavaScript value (the user's data, the fields of a
//! sign-in). No borrow of the machine lives across an await or a call into JavaScript.

mod client;
mod contract;
mod fetch;
#[cfg(feature = "client")]
mod front;
mod host;
mod outward;
mod shell;

pub use client::Client as Core;
#[cfg(feature = "client")]
pub use front::{Client, Code, Contract, Error, State, Subscription};
