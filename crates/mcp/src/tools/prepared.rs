//! A write between its preparation and its outcome.

use bca_approval::PlannedWrite;
use bca_protocol::Json;

use super::own_ids;

/// A write that is prepared: what will be sent once a permit is there, and how to check what came of it.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) planned: PlannedWrite,
    pub(crate) target: Target,
}

impl Prepared {
    /// Takes the write as it was approved; what will be compared after sending are its values.
    pub(super) fn become_approved(&mut self, planned: PlannedWrite) {
        let body = planned.request.body.as_deref().and_then(|body| Json::parse(body).ok());
        match (&mut self.target, body) {
            (Target::Create { data, .. }, Some(body)) => *data = own_ids::without(&body),
            (Target::Update { data, .. }, Some(body)) => *data = body,
            (Target::Create { .. } | Target::Update { .. } | Target::Delete { .. } | Target::Action { .. }, _) => {}
        }
        self.planned = planned;
    }
}

/// What a prepared write acts on.
#[derive(Clone)]
pub(crate) enum Target {
    Create { set: bca_bc::SetPath, expand: Vec<String>, data: Json },
    Update { record: bca_bc::RecordPath, data: Json },
    Delete { record: bca_bc::RecordPath },
    Action { record: bca_bc::RecordPath, action: String, seen: Option<String> },
}
