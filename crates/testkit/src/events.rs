use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bca_protocol::{AgentEvent, ApprovalRequest, EventKind, EventSink};
use tokio::sync::Notify;

/// Longest that a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Collects the events of runs.
#[derive(Default)]
pub struct Events {
    seen: Mutex<Vec<AgentEvent>>,
    arrived: Notify,
}

impl EventSink for Events {
    fn emit(&self, event: AgentEvent) {
        self.seen.lock().unwrap().push(event);
        self.arrived.notify_waiters();
    }
}

impl Events {
    /// A new, empty listener.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Everything so far.
    #[must_use]
    pub fn all(&self) -> Vec<AgentEvent> {
        self.seen.lock().unwrap().clone()
    }

    /// The first event that fits, now or as soon as it comes.
    pub async fn first<T>(&self, fits: impl Fn(&AgentEvent) -> Option<T>) -> T {
        wait_for(&self.arrived, || self.seen.lock().unwrap().iter().find_map(&fits), || format!("{:#?}", self.all())).await
    }

    /// The first question.
    pub async fn question(&self) -> ApprovalRequest {
        self.first(|event| match &event.kind {
            EventKind::ApprovalRequested(request) => Some(request.clone()),
            _ => None,
        })
        .await
    }

    /// The answer's text, whole.
    #[must_use]
    pub fn text(&self) -> String {
        let delta = |event: &AgentEvent| match &event.kind {
            EventKind::TextDelta { text } => Some(text.clone()),
            _ => None,
        };
        self.all().iter().filter_map(delta).collect()
    }
}

/// Waits until something is there; fails with what is there in its place.
pub async fn wait_for<T>(changed: &Notify, look: impl Fn() -> Option<T>, describe: impl Fn() -> String) -> T {
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            let notified = changed.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if let Some(found) = look() {
                return found;
            }
            notified.await;
        }
    })
    .await;
    found.unwrap_or_else(|_| panic!("it did not come; there is:\n{}", describe()))
}
