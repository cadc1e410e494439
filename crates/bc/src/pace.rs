//! Keeps the client within what the service allows a user (docs/business-central.md, section 8).

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bca_protocol::Clock;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

const WINDOW: Duration = Duration::from_secs(60);

/// So many requests at once, and so many begun in any 60 seconds.
pub(crate) struct Pace {
    at_once: Arc<Semaphore>,
    per_minute: usize,
    begun: Mutex<VecDeque<Duration>>,
    clock: Arc<dyn Clock>,
}

impl Pace {
    pub(crate) fn new(at_once: usize, per_minute: usize, clock: Arc<dyn Clock>) -> Self {
        Self { at_once: Arc::new(Semaphore::new(at_once.max(1))), per_minute: per_minute.max(1), begun: Mutex::new(VecDeque::new()), clock }
    }

    /// Waits for a turn; the place is free again when the permit is dropped. Waiters go in order.
    pub(crate) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        self.enter_for(1).await
    }

    /// A turn for one request that counts as so many: the items of a batch are requests to the service.
    pub(crate) async fn enter_for(&self, requests: usize) -> Option<OwnedSemaphorePermit> {
        // Never closed, so there always is a permit; a closed one would only mean no bound.
        let permit = Arc::clone(&self.at_once).acquire_owned().await.ok();
        let mut begun = self.begun.lock().await;
        let (places, requests) = (self.per_minute, requests.clamp(1, self.per_minute));
        let too_many = (begun.len() + requests).saturating_sub(places);
        // The last of those that have to be a minute old before there is room for all.
        if let Some(last) = too_many.checked_sub(1).and_then(|at| begun.get(at)) {
            let waited = self.clock.monotonic().saturating_sub(*last);
            tokio::time::sleep(WINDOW.saturating_sub(waited)).await;
            // Only now: a waiter that gives up leaves the count as it was.
            begun.drain(..too_many);
        }
        let now = self.clock.monotonic();
        begun.extend(std::iter::repeat_n(now, requests));
        permit
    }
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
