//! What the journeys share.

use std::sync::Arc;

use bca_protocol::{ApprovalRequest, EventKind, RawJson, ReviewVerdict, SessionId, StopReason, ToolCallStatus};
use bca_testkit::{Books, Events, Home, RunningApp, ScriptedModel, Turn};
use serde_json::{Value, json};

/// A home, a company and a model of one test's own.
pub struct Stage {
    pub running: RunningApp,
    pub books: Books,
    pub model: ScriptedModel,
    pub home: Home,
}

/// Sets it up with the model's turns.
pub async fn stage(turns: Vec<Turn>) -> Stage {
    let books = Books::open().await;
    set(books, turns).await
}

/// The same, on books that are open already.
pub async fn set(books: Books, turns: Vec<Turn>) -> Stage {
    let model = ScriptedModel::serve(turns).await;
    let home = Home::new();
    let running = home.own(&books, &model).await;
    Stage { running, books, model, home }
}

impl Stage {
    /// Sends a message, approves its first question, and waits for the end.
    pub async fn approved(&self) -> (StopReason, Arc<Events>) {
        self.running.send_and_answer("Go on", ReviewVerdict::Approve).await
    }

    /// Sends a message, and waits for the question.
    pub async fn asked(&self) -> (bca_app::ActiveRun, Arc<Events>, ApprovalRequest) {
        let (run, events) = self.running.send(None, "Go on").await;
        let question = events.question().await;
        (run, events, question)
    }

    /// A further message of a session is answered as if nothing had happened, and the model gets a history in order.
    pub async fn goes_on(&self, session: SessionId) {
        let (stop, _, _) = self.running.ask(Some(session), "And now?").await;
        assert_eq!(stop, StopReason::EndTurn);
        self.model.last().assert_well_formed();
    }
}

/// A call that creates a customer.
pub fn create(name: &str) -> Value {
    json!({"entity": "customers", "data": {"displayName": name}})
}

/// A call that gives a customer another name.
pub fn rename(id: &str, name: &str) -> Value {
    json!({"entity": "customers", "id": id, "data": {"displayName": name}})
}

pub const CREATE: &str = "bc_create_entity";
pub const UPDATE: &str = "bc_update_entity";
pub const DELETE: &str = "bc_delete_entity";
pub const QUERY: &str = "bc_query_entities";

/// How the calls ended, in the order in which they did.
pub fn ended(events: &Events) -> Vec<(String, ToolCallStatus, RawJson)> {
    let all = events.all();
    let end = |kind: &EventKind| match kind {
        EventKind::ToolCallCompleted { call_id, status, output, .. } => Some((call_id.to_string(), *status, output.clone())),
        _ => None,
    };
    all.iter().filter_map(|event| end(&event.kind)).collect()
}

/// How the one call ended, and what it answered.
pub fn the_end(events: &Events) -> (ToolCallStatus, String) {
    let mut all = ended(events);
    assert_eq!(all.len(), 1, "{all:?}");
    let (_, status, output) = all.remove(0);
    (status, output.as_str().to_owned())
}

/// The statuses of all calls by id.
pub fn statuses(events: &Events) -> Vec<(String, ToolCallStatus)> {
    let mut all: Vec<_> = ended(events).into_iter().map(|(id, status, _)| (id, status)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// How many questions were put.
pub fn questions(events: &Events) -> usize {
    events.all().iter().filter(|event| matches!(event.kind, EventKind::ApprovalRequested(_))).count()
}

/// The error that was told.
pub fn error(events: &Events) -> Option<(bca_protocol::ErrorCode, String)> {
    events.all().iter().find_map(|event| match &event.kind {
        EventKind::Error { code, message, .. } => Some((*code, message.clone())),
        _ => None,
    })
}
