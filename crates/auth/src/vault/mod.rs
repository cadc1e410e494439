//! Secrets at rest: AES-256-GCM under a key that the operating system keeps, in rows that somebody else stores.
//!
//! A key goes through three states: `making` (announced, perhaps not yet with its holder), `active`, `retired`. What is sealed
//! names its key's version, so that during a rotation both keys open what is theirs, and a kill at any step leaves every row
//! readable. A key that is lost or changed makes its rows unreadable; they count as absent, and the next secret gets a new key.

mod cipher;
mod holder;
mod key_file;
mod keyring;
mod ports;

use std::{collections::HashMap, sync::Arc, time::Duration};

use bca_protocol::Clock;
use jiff::SignedDuration;
use tokio::sync::Mutex;

use crate::{Leases, Secret};
pub use holder::{HolderFault, KeyHolder};
pub use key_file::KeyFile;
pub use keyring::Keyring;
pub use ports::{KeyRow, KeyState, KeyVersion, RowsFault, SealedRow, SealedRows, SecretId, SecretKind, Written};

/// A key older than this is replaced by itself.
pub const KEY_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A lease for changing keys.
const LEASE: &str = "keys";
const LEASE_TIME: Duration = Duration::from_secs(120);
/// How long another process is waited for that changes keys.
const LEASE_PATIENCE: Duration = Duration::from_secs(10);
/// Rows of a rotation that are read at once.
const BATCH: u32 = 50;
/// How often a secret is sealed again because its key was retired meanwhile, or its row changed.
const TRIES: usize = 5;

/// Why a secret can't be kept or read. The display is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The holder of the keys.
    #[error(transparent)]
    Holder(#[from] HolderFault),
    /// The rows.
    #[error("{0}")]
    Rows(String),
    /// The key is gone or another one: what was sealed under it can't be read any more.
    #[error("The key to the stored secrets is lost or was changed. Sign in again and enter API keys again; nothing else is lost.")]
    KeyLost,
    /// A row was changed, moved or damaged.
    #[error("A stored secret was damaged or tampered with and is not used. Sign in again, or enter it again; nothing else is lost.")]
    Damaged,
    /// Another process is changing keys and does not come to an end.
    #[error("Another process is changing the keys. Try again in a minute.")]
    Busy,
    /// The operating system gave no random bytes.
    #[error("The operating system gave no random bytes.")]
    Randomness,
}

impl From<RowsFault> for VaultError {
    fn from(fault: RowsFault) -> Self {
        Self::Rows(fault.0)
    }
}

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// The key in force now.
    pub version: KeyVersion,
    /// Secrets that were sealed anew.
    pub resealed: u64,
    /// Secrets that could not be read any more and were dropped.
    pub dropped: u64,
}

/// Keeps secrets. Cheap to share; one for each home and process.
pub struct Vault {
    rows: Arc<dyn SealedRows>,
    leases: Arc<dyn Leases>,
    holder: Arc<dyn KeyHolder>,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<KeyVersion, Arc<Secret<[u8; 32]>>>>,
    /// Keys are changed by one task of this process at a time; the lease keeps other processes away.
    changing: Mutex<()>,
}

impl Vault {
    /// Nothing is read or asked for yet.
    #[must_use]
    pub fn new(rows: Arc<dyn SealedRows>, leases: Arc<dyn Leases>, holder: Arc<dyn KeyHolder>, clock: Arc<dyn Clock>) -> Self {
        Self { rows, leases, holder, clock, known: Mutex::default(), changing: Mutex::default() }
    }

    /// A secret, where there is one. One whose key is lost is an error, so that a person can be told.
    ///
    /// # Errors
    /// [`VaultError::KeyLost`], [`VaultError::Damaged`]; the holder or the rows can't be reached.
    pub async fn get(&self, id: &SecretId) -> Result<Option<Secret<Vec<u8>>>, VaultError> {
        // A rotation may move the row to another key between the two reads.
        for _ in 0..TRIES {
            let Some(row) = self.rows.read(id).await? else { return Ok(None) };
            match self.open(id, &row).await {
                Err(VaultError::KeyLost) if self.rows.read(id).await?.is_some_and(|again| again.key_version != row.key_version) => {}
                opened => return opened.map(Some),
            }
        }
        Err(VaultError::Busy)
    }

    /// Keeps a secret in place of what was there. Durable when this returns.
    ///
    /// # Errors
    /// The holder or the rows can't be reached; nothing was changed.
    pub async fn put(&self, id: &SecretId, value: &Secret<Vec<u8>>) -> Result<(), VaultError> {
        for _ in 0..TRIES {
            let (key_version, key) = self.current().await?;
            let before = self.rows.read(id).await?.map(|row| row.version);
            let version = before.unwrap_or(0) + 1;
            let sealed = cipher::seal(&key, &cipher::context(id, version, key_version), value.expose())?;
            let row = SealedRow { version, key_version, nonce: sealed.nonce, sealed: sealed.bytes };
            match self.rows.write(id, row, before).await? {
                Written::Done => return Ok(()),
                Written::Changed => {}
                Written::KeyRetired => self.forget(key_version).await,
            }
        }
        Err(VaultError::Busy)
    }

    /// The secret that is there, else this one, which is kept from now on: several that come at once, also in several processes, get the same. One
    /// that is there and can't be read any more counts as none.
    ///
    /// # Errors
    /// As [`Vault::put`].
    pub async fn get_or_put(&self, id: &SecretId, fresh: &Secret<Vec<u8>>) -> Result<Secret<Vec<u8>>, VaultError> {
        for _ in 0..TRIES {
            // Proves that a key can be had; what stood under a lost one goes with it.
            let (key_version, key) = self.current().await?;
            let before = self.rows.read(id).await?;
            if let Some(row) = &before {
                match self.open(id, row).await {
                    Err(VaultError::KeyLost | VaultError::Damaged) => {}
                    opened => return opened,
                }
            }
            let before = before.map(|row| row.version);
            let version = before.unwrap_or(0) + 1;
            let sealed = cipher::seal(&key, &cipher::context(id, version, key_version), fresh.expose())?;
            let row = SealedRow { version, key_version, nonce: sealed.nonce, sealed: sealed.bytes };
            match self.rows.write(id, row, before).await? {
                Written::Done => return Ok(Secret::new(fresh.expose().clone())),
                Written::Changed => {}
                Written::KeyRetired => self.forget(key_version).await,
            }
        }
        Err(VaultError::Busy)
    }

    /// Whether there is such a secret. No key is asked for.
    ///
    /// # Errors
    /// The rows can't be reached.
    pub async fn holds(&self, id: &SecretId) -> Result<bool, VaultError> {
        Ok(self.rows.read(id).await?.is_some())
    }

    /// Forgets a secret.
    ///
    /// # Errors
    /// The rows can't be reached.
    pub async fn remove(&self, id: &SecretId) -> Result<bool, VaultError> {
        Ok(self.rows.remove(id).await?)
    }

    /// Proves that a key is there and can be used; makes the first one where there is none.
    ///
    /// # Errors
    /// As [`Vault::put`].
    pub async fn check(&self) -> Result<KeyVersion, VaultError> {
        Ok(self.current().await?.0)
    }

    async fn open(&self, id: &SecretId, row: &SealedRow) -> Result<Secret<Vec<u8>>, VaultError> {
        let key = self.key(row.key_version).await?;
        cipher::open(&key, &cipher::context(id, row.version, row.key_version), &row.nonce, &row.sealed).ok_or(VaultError::Damaged)
    }

    /// The key in force; a new one where there is none, or where it is lost.
    async fn current(&self) -> Result<(KeyVersion, Arc<Secret<[u8; 32]>>), VaultError> {
        if let Some(row) = self.newest().await? {
            match self.key(row.version).await {
                Ok(key) => return Ok((row.version, key)),
                Err(VaultError::KeyLost) => {}
                Err(fault) => return Err(fault),
            }
        }
        self.leased(async {
            // Another process may have been first.
            if let Some(row) = self.newest().await? {
                match self.key(row.version).await {
                    Ok(key) => return Ok((row.version, key)),
                    Err(VaultError::KeyLost) => {
                        tracing::warn!(version = row.version.0, "the key is lost; what was sealed under it can't be read any more");
                        self.rows.drop_rows(row.version).await?;
                        self.rows.retire(row.version).await?;
                    }
                    Err(fault) => return Err(fault),
                }
            }
            let version = self.make().await?;
            Ok((version, self.key(version).await?))
        })
        .await
    }

    async fn newest(&self) -> Result<Option<KeyRow>, VaultError> {
        let keys = self.rows.keys().await?;
        Ok(keys.into_iter().filter(|row| row.state == KeyState::Active).max_by_key(|row| row.version))
    }

    /// A key by its version, checked to be the one that it was.
    async fn key(&self, version: KeyVersion) -> Result<Arc<Secret<[u8; 32]>>, VaultError> {
        let mut known = self.known.lock().await;
        if let Some(key) = known.get(&version) {
            return Ok(Arc::clone(key));
        }
        let row = self.rows.keys().await?.into_iter().find(|row| row.version == version).ok_or(VaultError::KeyLost)?;
        let holder = Arc::clone(&self.holder);
        let name = row.name.clone();
        let key = holder::blocking(move || holder.load(&name)).await?.ok_or(VaultError::KeyLost)?;
        if !cipher::is_key(&key, &row.name, &row.check) {
            return Err(VaultError::KeyLost);
        }
        let key = Arc::new(key);
        known.insert(version, Arc::clone(&key));
        Ok(key)
    }

    async fn forget(&self, version: KeyVersion) {
        self.known.lock().await.remove(&version);
    }

    /// Makes a key: announced, handed to the holder, read back, then in force. Only with the lease.
    async fn make(&self) -> Result<KeyVersion, VaultError> {
        let keys = self.rows.keys().await?;
        for row in keys.iter().filter(|row| row.state == KeyState::Making) {
            // A process died while it made this one. Nothing is sealed under it.
            self.bury(row).await?;
        }
        let version = KeyVersion(keys.iter().map(|row| row.version.0).max().unwrap_or(0) + 1);
        let name = uuid::Uuid::new_v4().to_string();
        let key = cipher::new_key()?;
        let row = KeyRow { version, name: name.clone(), check: cipher::mark(&key, &name)?, state: KeyState::Making, created_at: self.clock.now() };
        self.rows.announce(row).await?;
        let holder = Arc::clone(&self.holder);
        let kept = holder::blocking(move || {
            holder.store(&name, &key)?;
            // A holder that does not give back what it got is found out now and not at the next start.
            holder.load(&name)?.filter(|back| holder::same(back, &key)).ok_or(HolderFault::Forgets)
        });
        kept.await?;
        self.rows.activate(version).await?;
        Ok(version)
    }

    /// Takes a key from its holder, then from the list.
    async fn bury(&self, row: &KeyRow) -> Result<(), VaultError> {
        let holder = Arc::clone(&self.holder);
        let name = row.name.clone();
        holder::blocking(move || holder.remove(&name)).await?;
        self.forget(row.version).await;
        Ok(self.rows.forget(row.version).await?)
    }

    /// Puts a new key in force, seals everything anew, and destroys the old keys. What a killed rotation left is finished first.
    ///
    /// # Errors
    /// The holder or the rows can't be reached: both keys stay valid, and the next rotation goes on.
    pub async fn rotate(&self) -> Result<Rotated, VaultError> {
        self.leased(async {
            let version = self.make().await?;
            self.finish(version).await
        })
        .await
    }

    /// Rotates where the key is older than [`KEY_LIFE`], and finishes what a killed rotation left. Does nothing where there is no key.
    ///
    /// # Errors
    /// As [`Vault::rotate`].
    pub async fn rotate_if_due(&self) -> Result<Option<Rotated>, VaultError> {
        let Some(newest) = self.newest().await? else { return Ok(None) };
        if self.clock.now().duration_since(newest.created_at) >= KEY_LIFE {
            return self.rotate().await.map(Some);
        }
        let unfinished = self.rows.keys().await?.iter().any(|row| row.version != newest.version);
        if !unfinished {
            return Ok(None);
        }
        self.leased(async {
            // What was the newest before the lease was had may be retired by now.
            let Some(newest) = self.newest().await? else { return Ok(None) };
            self.finish(newest.version).await.map(Some)
        })
        .await
    }

    /// Moves every secret to the newest key and buries the others. Only with the lease.
    async fn finish(&self, newest: KeyVersion) -> Result<Rotated, VaultError> {
        let mut rotated = Rotated { version: newest, resealed: 0, dropped: 0 };
        for row in self.rows.keys().await?.into_iter().filter(|row| row.version != newest && row.state == KeyState::Active) {
            // From now on nobody seals anything under it; until it is buried, everybody can read with it.
            self.rows.retire(row.version).await?;
        }
        let key = self.key(newest).await?;
        loop {
            let batch = self.rows.under_other_keys(newest, BATCH).await?;
            if batch.is_empty() {
                break;
            }
            for (id, row) in batch {
                match self.open(&id, &row).await {
                    Ok(value) => {
                        let version = row.version + 1;
                        let sealed = cipher::seal(&key, &cipher::context(&id, version, newest), value.expose())?;
                        let anew = SealedRow { version, key_version: newest, nonce: sealed.nonce, sealed: sealed.bytes };
                        // A row that changed meanwhile is looked at again in the next round.
                        if self.rows.write(&id, anew, Some(row.version)).await? == Written::Done {
                            rotated.resealed += 1;
                        }
                    }
                    Err(VaultError::KeyLost | VaultError::Damaged) => {
                        tracing::warn!("a stored secret could not be read any more and is dropped");
                        self.rows.remove(&id).await?;
                        rotated.dropped += 1;
                    }
                    Err(fault) => return Err(fault),
                }
            }
        }
        for row in self.rows.keys().await?.iter().filter(|row| row.version != newest) {
            self.bury(row).await?;
        }
        Ok(rotated)
    }

    /// Does work that only one process at a time may do.
    async fn leased<T>(&self, work: impl Future<Output = Result<T, VaultError>> + Send) -> Result<T, VaultError> {
        let _one = self.changing.lock().await;
        let taken = crate::account_tokens::take_lease(self.leases.as_ref(), self.clock.as_ref(), LEASE, LEASE_TIME, LEASE_PATIENCE).await;
        if !taken.map_err(VaultError::Rows)? {
            return Err(VaultError::Busy);
        }
        let done = work.await;
        if let Err(fault) = self.leases.give_back(LEASE).await {
            tracing::warn!(fault = fault.0, "a lease could not be given back; it ends by itself");
        }
        done
    }
}
