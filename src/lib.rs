//! The session SDK for the browser.
//!
//! A web app talks to a backend with short-lived access tokens and a rotating refresh token in an `httpOnly` cookie.
//! relatch signs in, holds the session, sends API calls with the current access token, refreshes by cookie and retries
//! on 401. The npm package is built from this crate; front ends that are written in Rust use it as
//! it is, by `web::Client`.
//!
//! - [`core`]: the protocol as pure state machines.
//! - `web` (wasm32 only): the shell that carries out what the machines decide.

#![forbid(unsafe_code)]

pub mod core;
#[cfg(target_arch = "wasm32")]
pub mod web;

/// A third of the size of the standard one, which is built for more speed than is asked for here.
#[cfg(all(target_arch = "wasm32", feature = "small-allocator"))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
