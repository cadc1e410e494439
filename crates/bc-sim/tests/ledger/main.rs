//! The books of the demo company, over HTTP on port 0: what must agree, and what must be refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod books;
mod consistency;
mod orders;
mod payments;
mod random_operations;
mod reports;
mod scale;
#[path = "../company/support.rs"]
#[allow(dead_code)]
mod support;
