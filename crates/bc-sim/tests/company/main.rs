//! The demo company over HTTP on port 0, as any client sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acting;
mod batches;
mod examples;
mod exchanges;
mod faults;
mod files;
mod filters;
mod hostile;
mod http;
mod reading;
mod spine;
mod support;
mod surface;
mod writing;
