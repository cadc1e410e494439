//! Accounts, sealed secrets and leases: what sign-in needs of the database.

use async_trait::async_trait;
use bca_auth::{KeyRow, KeyState, KeyVersion, Leases, RowsFault, SealedRow, SealedRows, SecretId, Written};
use bca_protocol::AccountId;
use jiff::Timestamp;

use crate::{
    Db, StoreError,
    db::Durability,
    table::{
        accounts::{self, StoredAccount},
        connections, leases, secrets,
    },
};

impl Db {
    /// All accounts.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn accounts(&self) -> Result<Vec<StoredAccount>, StoreError> {
        self.read(accounts::list).await
    }

    /// One account.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; faults of the database.
    pub async fn account(&self, id: &AccountId) -> Result<StoredAccount, StoreError> {
        let id = id.clone();
        self.read(move |c| accounts::one(c, &id)?.ok_or(StoreError::NotFound("account"))).await
    }

    /// Adds an account, or brings it up to date.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn put_account(&self, account: StoredAccount) -> Result<(), StoreError> {
        self.write(Durability::Durable, move |tx| accounts::put(tx, &account)).await
    }

    /// Removes an account and its connections; gives their names. Its history stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; faults of the database.
    pub async fn remove_account(&self, id: &AccountId) -> Result<Vec<String>, StoreError> {
        let id = id.clone();
        self.write(Durability::Durable, move |tx| accounts::delete(tx, &id)?.ok_or(StoreError::NotFound("account"))).await
    }

    /// Says as whom a connection is used; `None` for a token that was entered by hand.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn set_connection_account(&self, name: &str, account: Option<&AccountId>) -> Result<(), StoreError> {
        let (name, account) = (name.to_owned(), account.cloned());
        self.write(Durability::Durable, move |tx| connections::set_account(tx, &name, account.as_ref())).await
    }
}

fn told(fault: StoreError) -> RowsFault {
    RowsFault(fault.to_string())
}

#[async_trait]
impl SealedRows for Db {
    async fn read(&self, id: &SecretId) -> Result<Option<SealedRow>, RowsFault> {
        let id = id.clone();
        Self::read(self, move |c| secrets::read(c, &id)).await.map_err(told)
    }

    async fn write(&self, id: &SecretId, row: SealedRow, replaces: Option<u64>) -> Result<Written, RowsFault> {
        let (id, now) = (id.clone(), self.inner.clock.now());
        Self::write(self, Durability::Durable, move |tx| secrets::write(tx, &id, &row, replaces, now)).await.map_err(told)
    }

    async fn remove(&self, id: &SecretId) -> Result<bool, RowsFault> {
        let id = id.clone();
        Self::write(self, Durability::Durable, move |tx| secrets::delete(tx, &id)).await.map_err(told)
    }

    async fn under_other_keys(&self, than: KeyVersion, limit: u32) -> Result<Vec<(SecretId, SealedRow)>, RowsFault> {
        Self::read(self, move |c| secrets::under_others(c, than, limit)).await.map_err(told)
    }

    async fn drop_rows(&self, lost: KeyVersion) -> Result<u64, RowsFault> {
        Self::write(self, Durability::Durable, move |tx| secrets::drop_lost(tx, lost)).await.map_err(told)
    }

    async fn keys(&self) -> Result<Vec<KeyRow>, RowsFault> {
        Self::read(self, secrets::keys).await.map_err(told)
    }

    async fn announce(&self, key: KeyRow) -> Result<(), RowsFault> {
        Self::write(self, Durability::Durable, move |tx| secrets::announce(tx, &key)).await.map_err(told)
    }

    async fn activate(&self, version: KeyVersion) -> Result<(), RowsFault> {
        Self::write(self, Durability::Durable, move |tx| secrets::set_state(tx, version, KeyState::Active)).await.map_err(told)
    }

    async fn retire(&self, version: KeyVersion) -> Result<(), RowsFault> {
        Self::write(self, Durability::Durable, move |tx| secrets::set_state(tx, version, KeyState::Retired)).await.map_err(told)
    }

    async fn forget(&self, version: KeyVersion) -> Result<(), RowsFault> {
        Self::write(self, Durability::Durable, move |tx| secrets::forget(tx, version)).await.map_err(told)
    }
}

#[async_trait]
impl Leases for Db {
    async fn take(&self, name: &str, until: Timestamp) -> Result<bool, RowsFault> {
        let (inner, name) = (std::sync::Arc::clone(&self.inner), name.to_owned());
        let taken = self.blocking(move || {
            let (own, now) = (inner.instance, inner.clock.now());
            inner.write_now(Durability::History, |tx| {
                if let Some((holder, ends_at)) = leases::holder(tx, &name)?
                    && holder != own.to_string()
                    && ends_at > now
                    && inner.home().lives(&holder)?
                {
                    return Ok(false);
                }
                leases::take(tx, &name, own, until)?;
                Ok(true)
            })
        });
        taken.await.map_err(told)
    }

    async fn give_back(&self, name: &str) -> Result<(), RowsFault> {
        let (name, own) = (name.to_owned(), self.inner.instance);
        Self::write(self, Durability::History, move |tx| leases::give_back(tx, &name, own)).await.map_err(told)
    }
}
