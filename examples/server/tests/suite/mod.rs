//! What the server does, on whichever database the program that has this module names.

mod api;
pub(crate) mod common;
pub(crate) mod instances;
mod rotation;
mod sign_in;
mod site;
mod social;
mod test_controls;
