//! What a person makes of a question before answering it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ApprovalId, ChangeId, Digest};

/// A value that a person puts in place of the proposed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldEdit {
    /// The write.
    pub change_id: ChangeId,
    /// The property as named in [`crate::FieldChange::name`].
    pub name: String,
    /// The new value as text; `None` clears the field.
    pub value: Option<String>,
}

/// A person's edit of a question that waits. It counts only where the digest is that of the question as it was shown; what comes
/// back is the question with its new digest, to be looked at and answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Revision {
    /// The question.
    pub approval_id: ApprovalId,
    /// The digest that was shown.
    pub digest: Digest,
    /// Values that differ from the proposed ones; all of them, earlier edits included.
    pub edits: Vec<FieldEdit>,
    /// The writes that are taken out of the set; all of them.
    pub leave_out: Vec<ChangeId>,
}
