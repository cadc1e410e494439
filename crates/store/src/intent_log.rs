use async_trait::async_trait;
use bca_approval::{IntentLog, LogError, NotSending, Settlement, Target};
use bca_protocol::{ChangeId, ChangeOutcome, ChangeState};
use jiff::Timestamp;

use crate::{
    Db, StoreError, audit_events, bound,
    db::Durability,
    table::{book_versions, changes, checkpoints},
};

#[async_trait]
impl IntentLog for Db {
    async fn sending(&self, change_id: ChangeId, at: Timestamp) -> Result<(), NotSending> {
        let (instance, identity) = (self.inner.instance, self.audit_identity());
        let leaving = self.write(Durability::Durable, move |tx| {
            if let Some(moved) = bound::moved(tx, change_id)? {
                return Ok(Err(NotSending::Moved(moved)));
            }
            if !changes::sending(tx, change_id, instance, at)? {
                return Err(refused(tx, change_id, "sent")?);
            }
            audit_events::sent(tx, &identity, change_id, at).map(Ok)
        });
        leaving.await.map_err(LogError::from)?
    }

    async fn settled(&self, change_id: ChangeId, settlement: &Settlement) -> Result<(), LogError> {
        let (settlement, identity) = (settlement.clone(), self.audit_identity());
        self.write(Durability::Durable, move |tx| {
            if !changes::settled(tx, change_id, &settlement)? {
                // Two processes may find the same outcome; the first one stored it.
                return if changes::state(tx, change_id)? == Some(settlement.outcome.state()) { Ok(()) } else { Err(refused(tx, change_id, "settled")?) };
            }
            audit_events::settled(tx, &identity, change_id, &settlement)?;
            match settlement.outcome {
                ChangeOutcome::Confirmed => {
                    checkpoints::insert(tx, change_id, settlement.after.as_ref(), settlement.at)?;
                    changes::took_back(tx, change_id)
                }
                ChangeOutcome::Failed | ChangeOutcome::Unknown => Ok(()),
            }
        })
        .await?;
        Ok(())
    }

    async fn not_sent(&self, change_id: ChangeId, why: &str, at: Timestamp) -> Result<(), LogError> {
        let (why, identity) = (why.to_owned(), self.audit_identity());
        self.write(Durability::Durable, move |tx| {
            if !changes::not_sent(tx, change_id, &why, at)? {
                return Err(refused(tx, change_id, "given up")?);
            }
            audit_events::not_sent(tx, &identity, change_id, &why, at)
        })
        .await?;
        Ok(())
    }

    async fn books_version(&self, target: &Target) -> Result<u64, LogError> {
        let company = target.company_id.clone();
        Ok(self.read(move |c| book_versions::version(c, &company)).await?)
    }
}

/// Why a write can't take that step.
fn refused(tx: &rusqlite::Connection, change_id: ChangeId, step: &str) -> Result<StoreError, StoreError> {
    Ok(match changes::state(tx, change_id)? {
        None => StoreError::NotFound("change"),
        Some(ChangeState::Approved) => StoreError::Conflict(format!("This change can't be {step} here: another process asked for it.")),
        Some(state) => StoreError::Conflict(format!("This change can't be {step}: it is {}.", state.as_str().replace('_', " "))),
    })
}
