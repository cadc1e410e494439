//! Questions, answers, and the writes that were made.

use bca_app::Which;
use bca_protocol::{ApprovalView, ChangeView, Decision, ReviewDecision, Reviewer, SessionId};

use crate::gate::commands;

commands! {
    async fn list_approvals(ask) -> Vec<ApprovalView> {
        let pending = ask.app().await?.approvals(Which::Pending).await;
        // The page asks this last when it opens.
        ask.shell().page_listens(ask.handle());
        pending?
    }

    async fn answer_approval(ask, decision: ReviewDecision) -> Decision {
        ask.app().await?.answer(decision, Reviewer::Window).await?
    }

    async fn list_changes(ask, { session_id: Option<SessionId> }) -> Vec<ChangeView> {
        ask.app().await?.changes(session_id).await?
    }
}
