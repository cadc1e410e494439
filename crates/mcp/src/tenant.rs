//! What the environment behind the tools has, learned when it is first needed.

use std::time::Duration;

use bca_bc::{ApiName, Client};
use bca_catalogue::Catalogue;
use bca_protocol::Clock;
use tokio_util::sync::CancellationToken;

/// How long learning may hold up a call.
const PATIENCE: Duration = Duration::from_secs(8);

/// After a failure, the environment is asked again only then.
const AGAIN: Duration = Duration::from_secs(5 * 60);

/// Learns an environment, once.
#[derive(Default)]
pub(crate) struct Learning {
    /// Custom APIs that the person named; those that the environment tells of are added.
    apis: Vec<ApiName>,
    /// When it was tried last, by the monotonic clock. The lock makes callers wait for the one that asks.
    tried: tokio::sync::Mutex<Option<Duration>>,
}

impl Learning {
    pub(crate) fn new(apis: Vec<ApiName>) -> Self {
        Self { apis, tried: tokio::sync::Mutex::default() }
    }

    /// The catalogue of the environment, learned now where it was not; what is known so far where it can't be had.
    pub(crate) async fn learned(&self, client: &Client, clock: &dyn Clock, cancel: &CancellationToken) -> &'static Catalogue {
        let mut tried = self.tried.lock().await;
        let now = clock.monotonic();
        if tried.is_none_or(|at| !is_learned(client) && now.saturating_sub(at) >= AGAIN) {
            *tried = Some(now);
            let learning = async {
                let mut apis = self.apis.clone();
                // Not every environment has the list, and it only adds to what the person named.
                for offered in client.offered_apis(cancel).await.unwrap_or_default() {
                    if !apis.contains(&offered) {
                        apis.push(offered);
                    }
                }
                client.learn(&apis, None, cancel).await
            };
            match tokio::time::timeout(PATIENCE, learning).await {
                Ok(Ok(learned)) => learned.failed.iter().for_each(|(api, fault)| tracing::warn!(%api, %fault, "a custom API could not be learned")),
                Ok(Err(fault)) => tracing::warn!(%fault, "the environment's shape could not be learned"),
                Err(_) => tracing::warn!("learning the environment's shape took too long"),
            }
        }
        client.catalogue()
    }
}

/// Whether more is known than the embedded facts.
pub(crate) fn is_learned(client: &Client) -> bool {
    !std::ptr::eq(client.catalogue(), Catalogue::embedded())
}
