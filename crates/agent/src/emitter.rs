use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bca_protocol::{AgentEvent, Clock, EventKind, EventSink, RunId, SessionId};

/// Numbers and stamps the events of one run.
pub(crate) struct Emitter {
    run_id: RunId,
    session_id: SessionId,
    sequence: AtomicU64,
    clock: Arc<dyn Clock>,
    sink: Arc<dyn EventSink>,
}

impl Emitter {
    pub(crate) fn new(run_id: RunId, session_id: SessionId, clock: Arc<dyn Clock>, sink: Arc<dyn EventSink>) -> Self {
        Self { run_id, session_id, sequence: AtomicU64::new(0), clock, sink }
    }

    pub(crate) fn emit(&self, kind: EventKind) {
        // Reads complete concurrently but within one task, so numbers go out in order.
        let seq = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        self.sink.emit(AgentEvent { seq, at: self.clock.now(), run_id: self.run_id, session_id: self.session_id, kind });
    }
}
