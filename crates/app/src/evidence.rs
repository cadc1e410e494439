//! What a controller or auditor keeps of a change: request, plan, diff, edits, decision, who, when, response, read-back, audit positions.

use bca_protocol::{
    ApprovalRequest, ApprovalView, AuditAction, AuditEntry, AuditFilter, ChangeId, ChangeView, ErrorCode, Reviewer, SessionDetail, SessionId, SessionSummary,
    UserError,
};
use bca_store::AuditRecord;
use jiff::Timestamp;
use serde::Serialize;

use crate::{App, evidence_page};

/// Entries of the audit log in one pack.
const MOST_ENTRIES: usize = 10_000;

/// What evidence is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceOf {
    /// One change.
    Change(ChangeId),
    /// Every change of a conversation.
    Session(SessionId),
}

/// A version of a question that a person edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// As it was shown.
    pub request: ApprovalRequest,
    /// Whose edit it was; absent for what was proposed.
    pub by: Option<Reviewer>,
    /// When (UTC).
    pub at: Timestamp,
}

/// A question with its answer and all its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// As it stood when it was answered, by whom, when.
    pub approval: ApprovalView,
    /// What was proposed, then each edit; empty where nobody edited.
    pub versions: Vec<Version>,
}

/// A pack of evidence, complete in itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// `bc-agent evidence 1`
    pub kind: &'static str,
    /// The program's version.
    pub program: &'static str,
    /// When it was put together (UTC).
    pub at: Timestamp,
    /// The conversation; absent where it was deleted.
    pub session: Option<SessionSummary>,
    /// What the person asked for first; absent where the conversation was deleted.
    pub asked: Option<String>,
    /// The questions with their answers.
    pub questions: Vec<Question>,
    /// Each write: the exact request, the record before and after as read back, where it stands, and what came of it.
    pub changes: Vec<ChangeView>,
    /// The audit log's entries about these, with their numbers and seals; the oldest first.
    pub audit: Vec<AuditEntry>,
    /// Whether the whole audit log is unbroken, as found when this was put together.
    pub audit_intact: bool,
}

impl Evidence {
    /// As one HTML page without scripts or anything from outside, fit for printing.
    #[must_use]
    pub fn html(&self) -> String {
        evidence_page::page(self)
    }

    /// As JSON.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] where it can't be written, which would be a fault of ours.
    pub fn json(&self) -> Result<String, UserError> {
        serde_json::to_string_pretty(self).map_err(|e| UserError::new(ErrorCode::Internal, format!("The evidence could not be written: {e}.")))
    }
}

impl App {
    /// Puts together all that is known of a change or of a conversation's changes.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]; faults of the database.
    pub async fn evidence(&self, of: EvidenceOf) -> Result<Evidence, UserError> {
        let (session_id, changes) = match of {
            EvidenceOf::Change(id) => {
                let change = self.inner.db.change(id).await?;
                (change.session_id, vec![change])
            }
            EvidenceOf::Session(id) => {
                let mut changes = self.changes(Some(id)).await?;
                changes.reverse();
                (id, changes)
            }
        };
        if changes.is_empty() {
            return Err(UserError::new(ErrorCode::NotFound, "This conversation has no changes."));
        }
        let detail: Option<SessionDetail> = self.inner.db.session_detail(session_id).await.ok();
        let asked = match &detail {
            Some(_) => self.inner.db.session_goal(session_id).await?,
            None => None,
        };
        let questions = self.questions_about(&changes).await?;
        let audit = self.audit_about((session_id, of), &changes, &questions).await?;
        let id = match of {
            EvidenceOf::Change(id) => id.to_string(),
            EvidenceOf::Session(id) => id.to_string(),
        };
        let record = AuditRecord::new(AuditAction::Exported, "evidence").of(id);
        let record = changes.first().iter().fold(record, |record, first| record.by_account(&first.connection.account).on(&first.connection.name));
        self.audit(AuditRecord { session_id: Some(session_id), ..record }).await;
        Ok(Evidence {
            kind: "bc-agent evidence 1",
            program: env!("CARGO_PKG_VERSION"),
            at: self.inner.clock.now(),
            session: detail.map(|detail| detail.session),
            asked,
            questions,
            changes,
            audit,
            audit_intact: self.verify_audit(None).await?.intact,
        })
    }

    async fn questions_about(&self, changes: &[ChangeView]) -> Result<Vec<Question>, UserError> {
        let mut questions: Vec<Question> = Vec::new();
        let all = self.approvals(crate::Which::All).await?;
        for approval in all.into_iter().rev() {
            if changes.iter().any(|change| change.change_set_id == approval.request.change_set_id) {
                let versions = self.inner.db.revisions(approval.request.approval_id).await?;
                let versions = versions.into_iter().map(|v| Version { request: v.request, by: v.by, at: v.at }).collect();
                questions.push(Question { approval, versions });
            }
        }
        Ok(questions)
    }

    /// The audit log's entries of the conversation that name one of these; of a whole conversation, also what was tried out and led to no question.
    async fn audit_about(&self, (session, of): (SessionId, EvidenceOf), changes: &[ChangeView], questions: &[Question]) -> Result<Vec<AuditEntry>, UserError> {
        let ids: Vec<String> = changes
            .iter()
            .flat_map(|change| [change.preview.change_id.to_string(), change.change_set_id.to_string()])
            .chain(questions.iter().map(|question| question.approval.request.approval_id.to_string()))
            .collect();
        let names = |text: &str| ids.iter().any(|id| text.contains(id.as_str()));
        let filter = AuditFilter { session_id: Some(session), ..AuditFilter::default() };
        let (mut entries, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.audit_page(&filter, cursor, 500).await?;
            let is_a_trial = |entry: &AuditEntry| entry.action == AuditAction::DryRun && matches!(of, EvidenceOf::Session(_));
            let names_one =
                |entry: &AuditEntry| entry.resource_id.as_deref().is_some_and(names) || entry.details.as_ref().is_some_and(|details| names(details.as_str()));
            entries.extend(page.entries.into_iter().filter(|entry| names_one(entry) || is_a_trial(entry)));
            cursor = page.next;
            if cursor.is_none() || entries.len() >= MOST_ENTRIES {
                break;
            }
        }
        entries.reverse();
        Ok(entries)
    }
}
