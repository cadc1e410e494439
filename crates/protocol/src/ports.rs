use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::AgentEvent;

/// Where a run's events go. Called after what the event tells is stored (deltas excepted); must not block.
pub trait EventSink: Send + Sync {
    /// Takes one event.
    fn emit(&self, event: AgentEvent);
}

/// Reads time. Injected everywhere, so that tests decide what time it is.
pub trait Clock: Send + Sync {
    /// The wall clock (UTC). May jump.
    fn now(&self) -> Timestamp;

    /// A clock that only goes forward, from an arbitrary origin.
    fn monotonic(&self) -> Duration;
}

/// The machine's own clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// Starts the monotonic clock at zero.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }
}
