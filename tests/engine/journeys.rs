//! Whole journeys through a running engine: real HTTP to a demo company and a model on loopback, the store on disk.
//!
//! The file isn't called `main.rs`, because the root package would then build it too, with all of Tauri.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod approval;
mod books;
mod edits;
mod hijacked;
mod limits;
mod model;
mod several;
mod support;
mod undo;
mod writes;
