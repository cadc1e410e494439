//! Trials: written down before they leave, kept until what they left was looked at.

use bca_approval::ChangeSet;
use bca_protocol::TrialId;
use jiff::{SignedDuration, Timestamp};

use crate::{
    Db, StoreError,
    db::Durability,
    table::trials::{self, OpenTrial, TrialAlarm},
};

/// How long it is told at each start that something of a trial stayed.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Db {
    /// Writes down that a set is about to be tried out. On the disk when it returns: whatever becomes of this process, somebody looks at what
    /// the trial left.
    ///
    /// # Errors
    /// Faults of the database; then it must not leave.
    pub async fn trial_begun(&self, trial: TrialId, set: &ChangeSet, at: Timestamp) -> Result<(), StoreError> {
        let (set, instance) = (set.clone(), self.inner.instance);
        self.write(Durability::Durable, move |tx| {
            trials::forget_alarms(tx, told_since(at))?;
            trials::insert(tx, trial, instance, &set, at)
        })
        .await
    }

    /// What it left was looked at, or nothing left: nothing more is to be done. Lost with the power, it is looked at once more.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn trial_settled(&self, trial: TrialId) -> Result<bool, StoreError> {
        self.write(Durability::History, move |tx| trials::delete(tx, trial)).await
    }

    /// What it left could not be seen for certain: it is to be looked at again, by this process or another one. `answered` are the ids that the
    /// answer gave to new records, by place in the set.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn trial_open(&self, trial: TrialId, answered: Vec<Option<String>>) -> Result<bool, StoreError> {
        self.write(Durability::History, move |tx| trials::open(tx, trial, &answered)).await
    }

    /// Something of it was found in the books after its run. False where another process said so first.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn trial_stayed(&self, trial: TrialId, alarm: &str, at: Timestamp) -> Result<bool, StoreError> {
        let alarm = alarm.to_owned();
        self.write(Durability::Durable, move |tx| trials::stayed(tx, trial, &alarm, at)).await
    }

    /// The trials of which nobody knows what they left, oldest first.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn open_trials(&self) -> Result<Vec<OpenTrial>, StoreError> {
        self.read(trials::all_open).await
    }

    /// What stayed of trials, as found after their runs in the last seven days.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn trial_alarms(&self) -> Result<Vec<TrialAlarm>, StoreError> {
        let since = told_since(self.inner.clock.now());
        self.read(move |c| trials::alarms(c, since)).await
    }
}

fn told_since(now: Timestamp) -> Timestamp {
    now.checked_sub(TOLD_FOR).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
#[path = "trials_tests.rs"]
mod tests;
