//! Questions and answers, and the writes that were made.

use bca_approval::{ApprovalLog, Resolution};
use bca_protocol::{
    ApprovalId, ApprovalRequest, ApprovalView, ChangeId, ChangeView, Decision, ErrorCode, ReviewDecision, ReviewVerdict, Reviewer, SessionId, UserError,
};

use crate::{App, Key, Mode};

/// Which questions are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that wait, gravest and oldest first.
    Pending,
    /// All, newest first.
    All,
}

/// Longest reason that is kept, in characters.
const MAX_REASON: usize = 1_000;

/// Entries that a list holds.
const MOST: u32 = 1_000;

impl App {
    /// Questions.
    pub async fn approvals(&self, which: Which) -> Result<Vec<ApprovalView>, UserError> {
        Ok(match which {
            Which::Pending => self.inner.db.pending_approvals().await?,
            Which::All => self.inner.db.approvals(None, MOST).await?,
        })
    }

    /// One question.
    pub async fn approval(&self, id: ApprovalId) -> Result<ApprovalView, UserError> {
        Ok(self.inner.db.approval(id).await?)
    }

    /// Answers a question and says which answer holds: another may have been first, or time may have run out.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]; [`ErrorCode::Conflict`] where the digest is not that of the question; [`ErrorCode::Forbidden`] for an
    /// approval by one who may only reject.
    pub async fn answer(&self, decision: ReviewDecision, by: Reviewer) -> Result<Decision, UserError> {
        let (said, reason) = match decision.verdict {
            ReviewVerdict::Approve => (Decision::Approved, None),
            ReviewVerdict::Reject { reason } => (Decision::Rejected, reason.map(|text| text.chars().take(MAX_REASON).collect())),
        };
        let may_approve = match by {
            Reviewer::Window | Reviewer::Terminal | Reviewer::CommandLine => true,
            Reviewer::Automation => self.may_approve_unattended() && (self.mode() == Mode::Demo || self.organisation().await.allows_unattended()),
            Reviewer::Notification | Reviewer::Clock | Reviewer::Engine => false,
        };
        if said == Decision::Approved && !may_approve {
            return Err(UserError::new(ErrorCode::Forbidden, "Only a person in the window or at a terminal can approve. Nothing was changed."));
        }
        self.audit_key_ready().await;
        let question = self.inner.db.approval(decision.approval_id).await?;
        if said == Decision::Approved && question.request.digest == decision.digest && !typed_as_asked(&question.request, decision.typed.as_deref()) {
            let wanted = question.request.typed.as_deref().unwrap_or_default();
            return Err(UserError::new(ErrorCode::InvalidInput, format!("To approve so many changes at once, type {wanted}. Nothing was changed.")));
        }
        let resolution = Resolution { decision: said, by, reason, at: self.inner.clock.now() };
        let held = self.inner.db.resolve(question.request.approval_id, decision.digest, &resolution).await;
        let held = held.map_err(|e| UserError::new(ErrorCode::Store, format!("The answer could not be stored, so it does not count: {e}.")))?;
        held.map(|held| held.decision).ok_or_else(|| {
            UserError::new(ErrorCode::Conflict, "The digest is not that of the question as it was shown. Nothing was changed; look at it again.")
        })
    }

    /// Whether writes may be approved without a person.
    #[must_use]
    pub fn may_approve_unattended(&self) -> bool {
        self.mode() == Mode::Demo || self.settings_now().get(Key::UnattendedApproval) == "true"
    }

    /// Completes when anything about questions may have changed, in any process.
    pub async fn approvals_changed(&self) {
        self.inner.db.changed().await;
    }

    /// Writes, newest first.
    pub async fn changes(&self, session: Option<SessionId>) -> Result<Vec<ChangeView>, UserError> {
        let mut changes = self.inner.db.changes(None, MOST).await?;
        // A deleted conversation's changes stay, so they are found by their own mark and not through it.
        changes.retain(|change| session.is_none_or(|id| change.session_id == id));
        Ok(changes)
    }

    /// One write with everything known of it.
    pub async fn change(&self, id: ChangeId) -> Result<ChangeView, UserError> {
        Ok(self.inner.db.change(id).await?)
    }
}

/// What must be typed is part of what the digest says, so it is compared for the version that the answer names.
fn typed_as_asked(request: &ApprovalRequest, typed: Option<&str>) -> bool {
    request.typed.as_deref().is_none_or(|wanted| typed.is_some_and(|typed| typed.trim() == wanted))
}
