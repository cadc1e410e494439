//! From a request to an answer: the port, the route, reading, batches.

pub(crate) mod batch;
pub(crate) mod create;
pub(crate) mod engine;
pub(crate) mod http;
pub(crate) mod link;
pub(crate) mod read;
pub(crate) mod route;
