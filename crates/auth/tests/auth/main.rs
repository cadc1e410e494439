//! Sign-in, tokens and secrets at their boundaries: real HTTP, real SQLite, real files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod certified;
mod forged;
mod id_tokens;
mod misbehaving;
mod refusals;
mod sign_in;
mod support;
mod tokens;
mod vault;
