//! Events of a run on their way to a page: pieces of text are gathered for one frame, everything else leaves at once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bca_protocol::{AgentEvent, EventKind, EventSink};
use tokio::runtime::Handle;

/// How long pieces of text are gathered: about a frame of a 60 Hz screen.
const FRAME: Duration = Duration::from_millis(16);

/// Where gathered events go. Called in order, one at a time; must not block.
type Outlet = Box<dyn Fn(Vec<AgentEvent>) + Send + Sync>;

/// Gathers a run's events. Order is kept; deltas that wait are merged, so that few wait however many came.
pub struct Coalescer(Arc<Inner>);

struct Inner {
    outlet: Outlet,
    waiting: Mutex<Waiting>,
    runtime: Handle,
}

#[derive(Default)]
struct Waiting {
    events: Vec<AgentEvent>,
    timer_runs: bool,
}

impl Coalescer {
    /// A new one in front of `outlet`. `runtime` keeps the time; who emits may be on any thread.
    #[must_use]
    pub fn new(runtime: Handle, outlet: impl Fn(Vec<AgentEvent>) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self(Arc::new(Inner { outlet: Box::new(outlet), waiting: Mutex::default(), runtime })))
    }
}

impl EventSink for Coalescer {
    fn emit(&self, event: AgentEvent) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let can_wait = matches!(event.kind, EventKind::TextDelta { .. } | EventKind::ThinkingDelta { .. });
        waiting.take(event);
        if !can_wait {
            self.0.flush(&mut waiting);
        } else if !waiting.timer_runs {
            waiting.timer_runs = true;
            let inner = Arc::clone(&self.0);
            self.0.runtime.spawn(async move {
                tokio::time::sleep(FRAME).await;
                let mut waiting = inner.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.timer_runs = false;
                inner.flush(&mut waiting);
            });
        }
    }
}

impl Inner {
    /// The lock is held while the events leave, so that no later one overtakes them.
    fn flush(&self, waiting: &mut Waiting) {
        if !waiting.events.is_empty() {
            (self.outlet)(std::mem::take(&mut waiting.events));
        }
    }
}

impl Waiting {
    /// Deltas of one kind in a row become one, with the number of the last.
    fn take(&mut self, event: AgentEvent) {
        match (self.events.last_mut().map(|last| (&mut last.kind, &mut last.seq)), &event.kind) {
            (Some((EventKind::TextDelta { text }, seq)), EventKind::TextDelta { text: more })
            | (Some((EventKind::ThinkingDelta { text }, seq)), EventKind::ThinkingDelta { text: more }) => {
                text.push_str(more);
                *seq = event.seq;
            }
            _ => self.events.push(event),
        }
    }
}

#[cfg(test)]
#[path = "coalescer_tests.rs"]
mod tests;
