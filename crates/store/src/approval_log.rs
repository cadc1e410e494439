use async_trait::async_trait;
use bca_approval::{ApprovalLog, LogError, NotAsked, PlannedWrite, Quota, Resolution, Standing};
use bca_protocol::{ApprovalId, ApprovalRequest, ChangeState, Decision, Digest, Reviewer};
use jiff::Timestamp;

use crate::{
    Db, StoreError, audit_events,
    db::Durability,
    permissions::used,
    table::{approvals, approvals::Question, change_sets, changes},
};

#[async_trait]
impl ApprovalLog for Db {
    async fn ask(&self, request: &ApprovalRequest, writes: &[PlannedWrite], quota: Quota) -> Result<(), NotAsked> {
        let (request, writes, instance, identity) = (request.clone(), writes.to_vec(), self.inner.instance, self.audit_identity());
        let asked = self.write(Durability::Durable, move |tx| {
            let more = u32::try_from(writes.len()).unwrap_or(u32::MAX);
            if let Err(used_up) = quota.check(used(tx, &request.connection, request.requested_at)?, more) {
                return Ok(Err(NotAsked::UsedUp(used_up)));
            }
            if request.changes.len() != writes.len() || request.changes.iter().zip(&writes).any(|(shown, write)| *shown != write.preview) {
                return Err(StoreError::Invalid("what is asked is not what would be sent".into()));
            }
            change_sets::insert(tx, &request, instance)?;
            changes::insert(tx, &request, &writes)?;
            approvals::insert(tx, &request, instance)?;
            audit_events::asked(tx, &identity, &request, &writes).map(Ok)
        });
        asked.await.map_err(LogError::from)??;
        self.inner.watch.tell();
        Ok(())
    }

    async fn resolve(&self, approval_id: ApprovalId, digest: Digest, resolution: &Resolution) -> Result<Option<Resolution>, LogError> {
        let (db, resolution) = (self.clone(), resolution.clone());
        let held = self.blocking(move || db.compare_and_set(approval_id, digest, resolution)).await?;
        self.inner.watch.tell();
        Ok(held)
    }

    async fn standing(&self, approval_id: ApprovalId) -> Result<Standing, LogError> {
        let question = self.read(move |c| approvals::question(c, approval_id)).await?;
        let question = question.ok_or(StoreError::NotFound("approval"))?;
        Ok(Standing { revision: question.revision, resolution: question.resolution })
    }

    async fn question(&self, approval_id: ApprovalId) -> Result<ApprovalRequest, LogError> {
        Ok(self.approval(approval_id).await?.request)
    }

    async fn approved(&self, approval_id: ApprovalId) -> Result<Vec<PlannedWrite>, LogError> {
        let writes = self
            .read(move |c| {
                let question = approvals::question(c, approval_id)?.ok_or(StoreError::NotFound("approval"))?;
                if question.resolution.is_none_or(|held| held.decision != Decision::Approved) {
                    return Err(StoreError::Conflict("This question was not approved. Nothing was changed.".into()));
                }
                changes::of_set(c, &question.change_set_id)
            })
            .await?;
        Ok(writes.into_iter().filter(|write| !write.left_out && write.state == ChangeState::Approved).map(|write| write.planned).collect())
    }

    async fn withdraw(&self, approval_id: ApprovalId, why: &str, at: Timestamp) -> Result<(), LogError> {
        let (why, identity) = (why.to_owned(), self.audit_identity());
        let withdrawn = self.write(Durability::Durable, move |tx| {
            let question = approvals::question(tx, approval_id)?.ok_or(StoreError::NotFound("approval"))?;
            for write in changes::of_set(tx, &question.change_set_id)? {
                let change = write.planned.change_id();
                if write.state == ChangeState::Approved && changes::not_sent(tx, change, &why, at)? {
                    audit_events::not_sent(tx, &identity, change, &why, at)?;
                }
            }
            Ok(())
        });
        Ok(withdrawn.await?)
    }

    async fn changed(&self) {
        self.inner.watch.changed().await;
    }
}

impl Db {
    fn compare_and_set(&self, approval_id: ApprovalId, digest: Digest, resolution: Resolution) -> Result<Option<Resolution>, StoreError> {
        self.inner.write_now(Durability::Durable, |tx| {
            // A no needs no digest: whatever was shown, nothing is sent.
            let question = match approvals::question(tx, approval_id)? {
                Some(question) if question.digest == digest || resolution.decision != Decision::Approved => question,
                Some(_) | None => return Ok(None),
            };
            if let Some(held) = question.resolution {
                return Ok(Some(held));
            }
            let owner_lives = question.instance_id == self.inner.instance.to_string() || self.inner.home().lives(&question.instance_id)?;
            let resolution = effective(&question, resolution, owner_lives);
            if !approvals::resolve(tx, approval_id, &resolution)? {
                return Err(StoreError::Conflict("The question was answered at the same moment.".into()));
            }
            let (state, message) = consequence(&resolution);
            if state == ChangeState::Approved {
                changes::left_out(tx, &question.change_set_id, LEFT_OUT, resolution.at)?;
            }
            let settled = (state == ChangeState::NotSent).then_some(resolution.at);
            changes::answered(tx, &question.change_set_id, state, message, settled)?;
            audit_events::decided(tx, &self.audit_identity(), approval_id, &resolution)?;
            Ok(Some(resolution))
        })
    }
}

/// What is told of a write that was taken out of a set that was approved.
pub(crate) const LEFT_OUT: &str = "Taken out of the set before it was approved. Nothing was changed by it.";

/// What an answer counts for. A yes that comes after the deadline, by a clock that was set back before the question, or when the
/// process that asked is gone, is none.
fn effective(question: &Question, answer: Resolution, owner_lives: bool) -> Resolution {
    match answer.decision {
        Decision::Approved if answer.at >= question.expires_at || answer.at < question.requested_at => {
            Resolution { decision: Decision::Expired, by: Reviewer::Clock, reason: None, at: answer.at }
        }
        Decision::Approved if !owner_lives => Resolution { decision: Decision::Expired, by: Reviewer::Engine, reason: None, at: answer.at },
        Decision::Approved | Decision::Rejected | Decision::Expired | Decision::Aborted => answer,
    }
}

/// What an answer does to the set's writes.
fn consequence(resolution: &Resolution) -> (ChangeState, Option<&'static str>) {
    match resolution.decision {
        Decision::Approved => (ChangeState::Approved, None),
        Decision::Rejected => (ChangeState::NotSent, Some("Rejected. Nothing was changed.")),
        Decision::Expired => (ChangeState::NotSent, Some("Nobody answered in time. Nothing was changed.")),
        Decision::Aborted => (ChangeState::NotSent, Some("The run was stopped before anybody answered. Nothing was changed.")),
    }
}

#[cfg(test)]
#[path = "approval_log_tests.rs"]
pub(crate) mod tests;
