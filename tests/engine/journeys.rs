//! Whole journeys through a running engine: real HTTP to a demo company and a model on loopback, the store on disk.
//!
//! The file isn't called `main.rs`, because the root package would then build it too, with all of Tauri.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod approval;
mod audit;
mod books;
mod bound;
mod change_sets;
mod change_sets_over_turns;
mod data;
mod dry_run;
mod edits;
mod files;
mod generated;
mod hijacked;
mod interleaved;
mod late;
mod limits;
mod model;
mod obedient;
mod own_ids;
mod permissions;
mod places;
mod races;
mod several;
mod shown;
mod sign_in;
mod storms;
mod support;
mod tenant;
mod trials;
mod undo;
mod undo_runs;
mod warnings;
mod writes;
