//! Permissions of connections, agreements with model providers, and the counts that limits are compared with. What changes one of
//! them has its entry in the audit log, in the same transaction.

use bca_approval::Used;
use bca_protocol::Connection;
use jiff::Timestamp;

use crate::{AuditRecord, Db, StoreError, StoredAgreement, audit::append, db::Durability, table::permissions};

/// The writes to a company that were sent or may still be.
pub(crate) fn used(c: &rusqlite::Connection, place: &Connection, now: Timestamp) -> Result<Used, StoreError> {
    let since = |hours: i64| now.checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN);
    Ok(Used { last_hour: permissions::writes_since(c, place, since(1))?, last_day: permissions::writes_since(c, place, since(24))? })
}

impl Db {
    /// What a person decided for a connection, as the JSON it was stored as; absent where nothing.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn permissions(&self, connection: &str) -> Result<Option<String>, StoreError> {
        let name = connection.to_owned();
        self.read(move |c| permissions::get(c, &name)).await
    }

    /// Stores what a person decided for a connection; `None` goes back to the default.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn set_permissions(&self, connection: &str, document: Option<&str>, record: AuditRecord) -> Result<(), StoreError> {
        let (identity, now) = (self.audit_identity(), self.inner.clock.now());
        let (name, document) = (connection.to_owned(), document.map(str::to_owned));
        self.write(Durability::Durable, move |tx| {
            match &document {
                Some(document) => permissions::set(tx, &name, document, now)?,
                None => drop(permissions::unset(tx, &name)?),
            }
            append(tx, &identity, now, &record).map(drop)
        })
        .await
    }

    /// What was decided for a connection, and the writes to its company in the last hour and the last 24 hours that were sent or
    /// may still be: one snapshot.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn rules_of(&self, connection: &Connection, now: Timestamp) -> Result<(Option<String>, u32, u32), StoreError> {
        let place = connection.clone();
        self.read(move |c| {
            let Used { last_hour, last_day } = used(c, &place, now)?;
            Ok((permissions::get(c, &place.name)?, last_hour, last_day))
        })
        .await
    }

    /// Runs at work in all processes of the home.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn running(&self) -> Result<u32, StoreError> {
        self.read(permissions::running).await
    }

    /// The agreement with a provider, where there was ever one.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn agreement(&self, provider: &str) -> Result<Option<StoredAgreement>, StoreError> {
        let provider = provider.to_owned();
        self.read(move |c| permissions::agreement(c, &provider)).await
    }

    /// All agreements, by provider.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn agreements(&self) -> Result<Vec<StoredAgreement>, StoreError> {
        self.read(permissions::agreements).await
    }

    /// Stores an agreement; `how` is `person` or `environment`.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn agree(&self, provider: &str, version: u32, how: &'static str, record: AuditRecord) -> Result<(), StoreError> {
        let (identity, now, provider) = (self.audit_identity(), self.inner.clock.now(), provider.to_owned());
        self.write(Durability::Durable, move |tx| {
            permissions::agree(tx, &provider, version, how, now)?;
            append(tx, &identity, now, &record).map(drop)
        })
        .await
    }

    /// Takes an agreement back; whether there was one.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn withdraw(&self, provider: &str, record: AuditRecord) -> Result<bool, StoreError> {
        let (identity, now, provider) = (self.audit_identity(), self.inner.clock.now(), provider.to_owned());
        self.write(Durability::Durable, move |tx| {
            let was_there = permissions::withdraw(tx, &provider, now)?;
            if was_there {
                append(tx, &identity, now, &record)?;
            }
            Ok(was_there)
        })
        .await
    }
}
