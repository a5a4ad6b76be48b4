//! The backend `relatch` is shown and tested against.
//!
//! Two tokens make a session:
//!
//! - the **access token**, a short-lived JWT the page keeps in memory and sends as
//!   `Authorization: Bearer` (RFC 6750) — see `access_token`;
//! - the **refresh token**, an opaque value in an `HttpOnly` cookie the page cannot read. Every
//!   use replaces it (**rotation**), and a second use of a replaced one (**reuse**) ends every
//!   token of that sign-in (its **family**) — RFC 9700 §4.14.2, see `refresh_token`.
//!
//! Start reading at `auth`.

mod access_token;
mod agreement;
mod api;
mod audit;
mod auth;
mod clock;
mod config;
mod cookie;
mod db;
mod error;
mod hs256;
mod origin;
mod password;
mod providers;
mod random;
mod refresh_token;
mod server;
mod session;
mod site;
mod social;
mod state;
mod test_controls;
mod users;

pub use config::{Config, DemoUser, ProviderUrl};
pub use providers::Provider;
pub use server::{Server, StartError};
