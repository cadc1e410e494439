//! The demo model: an honest, rule-based reader of English over Business Central that speaks Anthropic's Messages API.
//!
//! It is stateless: the messages of a request tell it where it is. English becomes an intent (`read`), the intent and
//! the history become the next step (`plan`), the step becomes blocks and events (`wire`). It knows the names of sets
//! and properties from the catalogue's files, and no record: numbers, names and ids come from tool results only.

mod answer;
mod conversation;
mod facts;
mod json;
mod plan;
mod read;
mod wire;

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;

use std::time::Duration;

use tokio::net::TcpListener;

use crate::DemoError;
use crate::serving::Serving;

/// How the demo model serves.
#[derive(Clone, Default)]
pub struct Options {
    /// The key that `x-api-key` must carry; with `None` any key, or none, is accepted.
    pub key: Option<String>,
    /// The time between two deltas of a stream: a few milliseconds make it feel alive, zero makes tests fast.
    pub delta_delay: Duration,
}

/// A demo model that answers until it is stopped or dropped.
pub struct Running {
    serving: Serving,
}

impl Running {
    /// The base URL for a client of the Messages API: `http://127.0.0.1:port`, to which `/v1/messages` is added.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.serving.address)
    }

    /// Stops the server and closes its listener.
    pub async fn stop(self) {
        self.serving.stop().await;
    }
}

/// Serves the demo model on a loopback listener.
///
/// # Errors
/// [`DemoError::NotLoopback`] for any other listener.
pub async fn serve(listener: TcpListener, options: Options) -> Result<Running, DemoError> {
    let address = Serving::address_of(&listener)?;
    // The facts are read once; reading them now keeps that out of the first answer.
    tokio::task::spawn_blocking(facts::all);
    Ok(Running { serving: Serving::start(listener, address, wire::router(options)) })
}
