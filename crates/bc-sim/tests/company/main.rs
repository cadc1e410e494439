//! The demo company over HTTP on port 0, as any client sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod spine;
mod support;
