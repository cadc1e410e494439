//! Events of a run on their way to a page. The first after a pause leaves at once, what follows it is gathered for a frame: each array is
//! a script that the web view runs, milliseconds for a page that is busy drawing the one before. What somebody waits for leaves at once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bca_protocol::{AgentEvent, EventKind, EventSink};
use tokio::runtime::Handle;

/// How long events are gathered: about a frame of a 60 Hz screen.
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
        let haste = haste(&event.kind);
        waiting.take(event);
        if haste == Haste::AtOnce || haste == Haste::AfterPause && !waiting.timer_runs {
            self.0.flush(&mut waiting);
        }
        if !waiting.timer_runs {
            waiting.timer_runs = true;
            self.0.runtime.spawn(Arc::clone(&self.0).gather());
        }
    }
}

/// How long an event may wait for others.
#[derive(Debug, PartialEq, Eq)]
enum Haste {
    /// Not at all: a person waits for just this.
    AtOnce,
    /// Not after a pause; behind another event for a frame.
    AfterPause,
    /// A frame: it shows little, and more comes right behind it.
    Never,
}

fn haste(kind: &EventKind) -> Haste {
    match kind {
        EventKind::ApprovalRequested(_) | EventKind::RunCompleted { .. } => Haste::AtOnce,
        EventKind::TurnStarted { .. } | EventKind::Usage(_) => Haste::Never,
        _ => Haste::AfterPause,
    }
}

impl Inner {
    /// The lock is held while the events leave, so that no later one overtakes them.
    fn flush(&self, waiting: &mut Waiting) {
        if !waiting.events.is_empty() {
            (self.outlet)(std::mem::take(&mut waiting.events));
        }
    }

    /// Lets events go once a frame until a frame brings none.
    async fn gather(self: Arc<Self>) {
        loop {
            tokio::time::sleep(FRAME).await;
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.events.is_empty() {
                waiting.timer_runs = false;
                return;
            }
            self.flush(&mut waiting);
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
