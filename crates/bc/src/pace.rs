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
        // Never closed, so there always is a permit; a closed one would only mean no bound.
        let permit = Arc::clone(&self.at_once).acquire_owned().await.ok();
        let mut begun = self.begun.lock().await;
        if begun.len() >= self.per_minute
            && let Some(oldest) = begun.front()
        {
            let waited = self.clock.monotonic().saturating_sub(*oldest);
            tokio::time::sleep(WINDOW.saturating_sub(waited)).await;
            // Only now: a waiter that gives up leaves the count as it was.
            begun.pop_front();
        }
        begun.push_back(self.clock.monotonic());
        permit
    }
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
