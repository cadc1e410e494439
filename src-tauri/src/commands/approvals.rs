//! Questions, answers and edits.

use bca_app::Which;
use bca_protocol::{ApprovalRequest, ApprovalView, Decision, LookupHit, ReviewDecision, Reviewer, Revision};

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

    async fn revise_approval(ask, revision: Revision) -> ApprovalRequest {
        ask.app().await?.revise(revision, Reviewer::Window).await?
    }

    async fn lookup_records(ask, { connection: String, entity: String, words: String }) -> Vec<LookupHit> {
        ask.app().await?.lookup_records(&connection, &entity, &words).await?
    }
}
