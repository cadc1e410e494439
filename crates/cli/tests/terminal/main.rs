//! The real program against the demo company: through pipes, as scripts use it, and through a pseudo-terminal, as people do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod asking;
#[cfg(target_os = "linux")]
mod failing_io;
mod history;
mod kills;
mod oversight;
mod process;
#[cfg(target_os = "linux")]
mod screen;
#[cfg(target_os = "linux")]
mod screens;
mod serving;
#[cfg(target_os = "linux")]
mod signing_in;
#[cfg(target_os = "linux")]
mod taking_back;
