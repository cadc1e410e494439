//! The demo company over HTTP on port 0, as any client sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acting;
mod faults;
mod hostile;
mod reading;
mod spine;
mod support;
mod writing;
