//! A person edits a question before answering it: the version that they saw gives way to theirs, in one transaction.

use std::collections::HashSet;

use bca_approval::PlannedWrite;
use bca_protocol::{ApprovalId, ApprovalRequest, ChangeId, Digest, Reviewer};
use jiff::Timestamp;

use crate::{
    ConfirmedChange, Db, StoreError, StoredRevision,
    db::Durability,
    table::{approval_revisions, approvals, change_sets, changes},
};

const TOO_LATE: &str = "The question is answered or out of time, so it can't be edited any more.";

impl Db {
    /// The writes of a question as they were first proposed, in order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; faults of the database.
    pub async fn proposed(&self, approval_id: ApprovalId) -> Result<Vec<PlannedWrite>, StoreError> {
        self.read(move |c| {
            let question = approvals::question(c, approval_id)?.ok_or(StoreError::NotFound("approval"))?;
            let writes = changes::of_set(c, &question.change_set_id)?;
            let first = approval_revisions::list(c, approval_id)?.into_iter().next();
            let as_proposed = |mut write: PlannedWrite| {
                let shown = first.as_ref().and_then(|first| first.request.changes.iter().find(|shown| shown.change_id == write.change_id()));
                if let Some(shown) = shown {
                    write.request.body.clone_from(&shown.body);
                    write.preview = shown.clone();
                }
                write
            };
            Ok(writes.into_iter().map(|write| as_proposed(write.planned)).collect())
        })
        .await
    }

    /// Puts an edited question in the place of the one with the digest `from`. `request.changes` are the writes that an approval
    /// sends, `request.left_out` those that it doesn't; `writes` are all of them. Both versions are kept. The question that stands then.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it shows another version by now, is answered, out of time, or nobody waits for it any more;
    /// [`StoreError::Invalid`] where what is shown is not what would be sent; faults of the database.
    pub async fn revise(
        &self,
        from: Digest,
        mut request: ApprovalRequest,
        writes: Vec<PlannedWrite>,
        by: Reviewer,
        at: Timestamp,
    ) -> Result<ApprovalRequest, StoreError> {
        let db = self.clone();
        let revised = self
            .blocking(move || {
                db.inner.write_now(Durability::Durable, |tx| {
                    let question = approvals::question(tx, request.approval_id)?.ok_or(StoreError::NotFound("approval"))?;
                    if question.digest != from {
                        return Err(StoreError::Conflict("The question was edited meanwhile. Nothing of this edit was kept; look at it again.".into()));
                    }
                    let in_time = at < question.expires_at && at >= question.requested_at;
                    if question.resolution.is_some() || !in_time || !db.asker_lives(&question.instance_id)? {
                        return Err(StoreError::Conflict(TOO_LATE.into()));
                    }
                    let before = approvals::one(tx, request.approval_id)?.ok_or(StoreError::NotFound("approval"))?.request;
                    if before.revision == 0 {
                        approval_revisions::insert(tx, &before, None, before.requested_at)?;
                    }
                    request.revision = question.revision.saturating_add(1);
                    store(tx, &request, &writes)?;
                    if !approvals::revise(tx, from, &request)? {
                        return Err(StoreError::Conflict(TOO_LATE.into()));
                    }
                    approval_revisions::insert(tx, &request, Some(by), at)?;
                    crate::audit_events::edited(tx, &db.audit_identity(), &request, by, at)?;
                    Ok(request)
                })
            })
            .await?;
        self.inner.watch.tell();
        Ok(revised)
    }

    fn asker_lives(&self, instance: &str) -> Result<bool, StoreError> {
        Ok(instance == self.inner.instance.to_string() || self.inner.home().lives(instance)?)
    }

    /// What was proposed first, then each edit; empty where nobody edited the question.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn revisions(&self, approval_id: ApprovalId) -> Result<Vec<StoredRevision>, StoreError> {
        self.read(move |c| approval_revisions::list(c, approval_id)).await
    }

    /// A confirmed write with its checkpoint; `None` where it is in any other state.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn confirmed_change(&self, change_id: ChangeId) -> Result<Option<ConfirmedChange>, StoreError> {
        self.read(move |c| changes::confirmed(c, change_id)).await
    }

    /// Whether a write is under way, or without a certain end, that takes this one back.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn undo_under_way(&self, change_id: ChangeId) -> Result<bool, StoreError> {
        Ok(self.read(move |c| changes::undoing(c, change_id)).await?.is_some())
    }

    /// The writes of a run, oldest first.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn changes_of_run(&self, run_id: bca_protocol::RunId) -> Result<Vec<ChangeId>, StoreError> {
        self.read(move |c| changes::of_run(c, run_id)).await
    }
}

fn store(tx: &rusqlite::Connection, request: &ApprovalRequest, writes: &[PlannedWrite]) -> Result<(), StoreError> {
    let unfaithful = || StoreError::Invalid("what is asked is not what would be sent".into());
    let out: HashSet<ChangeId> = request.left_out.iter().map(|shown| shown.change_id).collect();
    let (left_out, kept): (Vec<&PlannedWrite>, Vec<&PlannedWrite>) = writes.iter().partition(|write| out.contains(&write.change_id()));
    let shows = |shown: &[bca_protocol::ChangePreview], writes: &[&PlannedWrite]| {
        shown.len() == writes.len() && shown.iter().zip(writes).all(|(shown, write)| *shown == write.preview && write.is_faithful())
    };
    if kept.is_empty() || !shows(&request.changes, &kept) || !shows(&request.left_out, &left_out) {
        return Err(unfaithful());
    }
    change_sets::revise(tx, request)?;
    for (write, is_out) in kept.iter().map(|write| (write, false)).chain(left_out.iter().map(|write| (write, true))) {
        if !changes::revised(tx, write, is_out)? {
            return Err(StoreError::Conflict(TOO_LATE.into()));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "revision_tests.rs"]
mod tests;
