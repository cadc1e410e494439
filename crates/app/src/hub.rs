//! Runs under way in this process: who listens to them, how they are stopped, what they have said so far.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bca_protocol::{AgentEvent, EventKind, EventSink, RunId, SessionId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::lock;

/// Everything a run under way has said, for listeners who come late, and those who listen now.
#[derive(Default)]
struct Live {
    events: Vec<AgentEvent>,
    sinks: Vec<Arc<dyn EventSink>>,
}

impl Live {
    /// Deltas of the same kind in a row become one: a late listener needs the text, not its pieces.
    fn remember(&mut self, event: AgentEvent) {
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

/// One run's place in the hub; the sink that the engine writes to.
pub(crate) struct Channel {
    run_id: RunId,
    session_id: SessionId,
    cancel: CancellationToken,
    live: Mutex<Live>,
}

impl EventSink for Channel {
    fn emit(&self, event: AgentEvent) {
        let mut live = lock(&self.live);
        for sink in &live.sinks {
            sink.emit(event.clone());
        }
        live.remember(event);
    }
}

/// All runs under way in this process.
#[derive(Default)]
pub(crate) struct Hub {
    channels: Mutex<HashMap<RunId, Arc<Channel>>>,
    closed: Notify,
}

impl Hub {
    /// Opens a channel for a run that begins.
    pub(crate) fn open(&self, run_id: RunId, session_id: SessionId, sink: Arc<dyn EventSink>) -> (Arc<Channel>, CancellationToken) {
        let cancel = CancellationToken::new();
        let live = Mutex::new(Live { events: Vec::new(), sinks: vec![sink] });
        let channel = Arc::new(Channel { run_id, session_id, cancel: cancel.clone(), live });
        lock(&self.channels).insert(run_id, Arc::clone(&channel));
        (channel, cancel)
    }

    /// Forgets a run that ended.
    pub(crate) fn close(&self, run_id: RunId) {
        lock(&self.channels).remove(&run_id);
        self.closed.notify_one();
    }

    /// Completes when a run has ended since this was last asked.
    pub(crate) async fn changed(&self) {
        self.closed.notified().await;
    }

    /// Sends what was said after `after_seq`, and from now on everything. `false` where the run isn't under way here.
    pub(crate) fn watch(&self, run_id: RunId, after_seq: u64, sink: Arc<dyn EventSink>) -> bool {
        let Some(channel) = lock(&self.channels).get(&run_id).cloned() else { return false };
        let mut live = lock(&channel.live);
        for event in live.events.iter().filter(|event| event.seq > after_seq) {
            sink.emit(event.clone());
        }
        live.sinks.push(sink);
        true
    }

    /// Asks a run to stop. `false` where it isn't under way here.
    pub(crate) fn cancel(&self, run_id: RunId) -> bool {
        let channels = lock(&self.channels);
        channels.get(&run_id).inspect(|channel| channel.cancel.cancel()).is_some()
    }

    /// Asks all runs to stop.
    pub(crate) fn cancel_all(&self) {
        lock(&self.channels).values().for_each(|channel| channel.cancel.cancel());
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        lock(&self.channels).is_empty()
    }

    /// The runs under way, with their sessions.
    pub(crate) fn running(&self) -> Vec<(RunId, SessionId)> {
        lock(&self.channels).values().map(|channel| (channel.run_id, channel.session_id)).collect()
    }
}
