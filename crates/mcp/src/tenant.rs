//! What the environment behind the tools has, learned when it is first needed.

use std::time::Duration;

use bca_bc::{ApiName, Client};
use bca_catalogue::Catalogue;
use bca_protocol::Clock;
use tokio::task::JoinHandle;
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
    /// The lock makes callers wait for the one that asks.
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When it was tried last, by the monotonic clock.
    tried: Option<Duration>,
    /// What is still under way: a large environment takes longer than a call can wait.
    under_way: Option<JoinHandle<()>>,
}

impl Learning {
    pub(crate) fn new(apis: Vec<ApiName>) -> Self {
        Self { apis, state: tokio::sync::Mutex::default() }
    }

    /// Has the environment learned without waiting for it; not where somebody waits for it already.
    pub(crate) fn begin(&self, client: &Client, clock: &dyn Clock) {
        if let Ok(mut state) = self.state.try_lock() {
            self.start(&mut state, client, clock.monotonic());
        }
    }

    fn start(&self, state: &mut State, client: &Client, now: Duration) {
        let due = state.tried.is_none_or(|at| now.saturating_sub(at) >= AGAIN) && !is_learned(client);
        if due && state.under_way.as_ref().is_none_or(JoinHandle::is_finished) {
            state.tried = Some(now);
            state.under_way = Some(tokio::spawn(learn(client.clone(), self.apis.clone())));
        }
    }

    /// The catalogue of the environment, learned now where it was not; what is known so far where it can't be had.
    pub(crate) async fn learned(&self, client: &Client, clock: &dyn Clock, cancel: &CancellationToken) -> &'static Catalogue {
        let mut state = self.state.lock().await;
        let now = clock.monotonic();
        self.start(&mut state, client, now);
        // Only those who ask early wait: later ones take what there is.
        let patience = PATIENCE.saturating_sub(state.tried.map_or(Duration::ZERO, |at| now.saturating_sub(at)));
        if let Some(under_way) = &mut state.under_way {
            let ended = tokio::select! {
                biased;
                () = cancel.cancelled() => false,
                waited = tokio::time::timeout(patience, under_way) => waited.is_ok(),
            };
            if ended {
                state.under_way = None;
            } else {
                tracing::warn!("learning the environment's shape takes long; it goes on meanwhile");
            }
        }
        client.catalogue()
    }
}

async fn learn(client: Client, named: Vec<ApiName>) {
    let cancel = CancellationToken::new();
    let mut apis = named;
    // Not every environment has a list, and it only adds to what the person named.
    for offered in client.offered_apis(&cancel).await.unwrap_or_default() {
        if !apis.contains(&offered) {
            apis.push(offered);
        }
    }
    match client.learn(&apis, &cancel).await {
        Ok(learned) => learned.failed.iter().for_each(|(api, fault)| tracing::warn!(%api, %fault, "a custom API could not be learned")),
        Err(fault) => tracing::warn!(%fault, "the environment's shape could not be learned"),
    }
}

/// Whether more is known than the embedded facts.
pub(crate) fn is_learned(client: &Client) -> bool {
    !std::ptr::eq(client.catalogue(), Catalogue::embedded())
}
