//! For integration tests: a running app on real servers, and a listener that collects a run's events. Fakes stand only at the wire.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that can't go on should stop")]

mod books;
mod events;
mod failing;
mod figures;
mod gateway;
mod model;
mod running;

pub use books::{BC_TOKEN, Books};
pub use events::{Events, wait_for};
pub use failing::{FAILING_COMPANY, serve_failing};
pub use figures::{Chance, Clocks, reached, rounds};
pub use gateway::{Gateway, Passage, Passed};
pub use model::{End, Part, ScriptedModel, Seen, Turn};
pub use running::{Home, MODEL_KEY, RunningApp};
