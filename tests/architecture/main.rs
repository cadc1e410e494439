//! The rules of ARCHITECTURE.md that a compiler does not hold. Each failure says where, and how to mend it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod dependencies;
mod generated;
mod security;
mod sources;
mod support;
