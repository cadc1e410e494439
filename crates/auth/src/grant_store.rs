//! Where grants are kept, and what one is.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use zeroize::Zeroize;

use crate::{Secret, SecretId, Vault, VaultError};

/// An access token is renewed when less than this is left of it, or half of its life where that is shorter.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Where secrets are kept.
pub enum Keeper {
    /// Encrypted, in the database.
    Vault(std::sync::Arc<Vault>),
    /// In this process, until it ends: the demo's, behind which is nothing.
    Memory(Mutex<HashMap<SecretId, Secret<Vec<u8>>>>),
}

impl Keeper {
    /// A keeper that forgets everything when the process ends.
    #[must_use]
    pub fn memory() -> Self {
        Self::Memory(Mutex::default())
    }

    /// A secret, where there is one.
    ///
    /// # Errors
    /// As [`Vault::get`].
    pub async fn get(&self, id: &SecretId) -> Result<Option<Secret<Vec<u8>>>, VaultError> {
        match self {
            Self::Vault(vault) => vault.get(id).await,
            Self::Memory(kept) => Ok(kept.lock().await.get(id).cloned()),
        }
    }

    /// Keeps a secret; durable when this returns.
    ///
    /// # Errors
    /// As [`Vault::put`].
    pub async fn put(&self, id: &SecretId, value: Secret<Vec<u8>>) -> Result<(), VaultError> {
        match self {
            Self::Vault(vault) => vault.put(id, &value).await,
            Self::Memory(kept) => {
                kept.lock().await.insert(id.clone(), value);
                Ok(())
            }
        }
    }

    /// Whether there is such a secret; it is not opened.
    ///
    /// # Errors
    /// As [`Vault::holds`].
    pub async fn holds(&self, id: &SecretId) -> Result<bool, VaultError> {
        match self {
            Self::Vault(vault) => vault.holds(id).await,
            Self::Memory(kept) => Ok(kept.lock().await.contains_key(id)),
        }
    }

    /// The secret that is there, else this one, which is kept from now on.
    ///
    /// # Errors
    /// As [`Vault::get_or_put`].
    pub async fn get_or_put(&self, id: &SecretId, fresh: Secret<Vec<u8>>) -> Result<Secret<Vec<u8>>, VaultError> {
        match self {
            Self::Vault(vault) => vault.get_or_put(id, &fresh).await,
            Self::Memory(kept) => Ok(kept.lock().await.entry(id.clone()).or_insert(fresh).clone()),
        }
    }

    /// Forgets a secret.
    ///
    /// # Errors
    /// As [`Vault::remove`].
    pub async fn remove(&self, id: &SecretId) -> Result<bool, VaultError> {
        match self {
            Self::Vault(vault) => vault.remove(id).await,
            Self::Memory(kept) => Ok(kept.lock().await.remove(id).is_some()),
        }
    }
}

/// An access token and its time.
#[derive(Clone)]
pub(crate) struct AccessToken {
    pub(crate) token: Secret<String>,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
}

impl AccessToken {
    /// Good for what is left of it, and not the one that was refused.
    pub(crate) fn is_fresh(&self, now: Timestamp, refused: Option<&Secret<String>>) -> bool {
        let half = self.expires.duration_since(self.issued) / 2;
        self.is_other(refused) && now < self.expires && self.expires.duration_since(now) > AHEAD.min(half)
    }

    /// Still accepted, though it ought to be renewed.
    pub(crate) fn is_alive(&self, now: Timestamp, refused: Option<&Secret<String>>) -> bool {
        self.is_other(refused) && now < self.expires
    }

    fn is_other(&self, refused: Option<&Secret<String>>) -> bool {
        refused.is_none_or(|refused| refused.expose() != self.token.expose())
    }
}

/// What an account may do: a refresh token, and access tokens by scope.
#[derive(Clone)]
pub(crate) struct Grant {
    /// Who gave it; it is shown to nobody else.
    pub(crate) authority: String,
    pub(crate) client_id: String,
    /// The ID token's `sub` of the sign-in that it came from; absent in those that an older version kept.
    pub(crate) subject: Option<String>,
    pub(crate) refresh: Option<Secret<String>>,
    pub(crate) access: BTreeMap<String, AccessToken>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    authority: String,
    client_id: String,
    #[serde(default)]
    subject: Option<String>,
    refresh: Option<String>,
    access: BTreeMap<String, WrittenAccess>,
}

#[derive(Serialize, Deserialize)]
struct WrittenAccess {
    token: String,
    issued: Timestamp,
    expires: Timestamp,
}

impl Drop for Written {
    fn drop(&mut self) {
        self.refresh.zeroize();
        self.access.values_mut().for_each(|access| access.token.zeroize());
    }
}

impl Grant {
    /// The bytes that are sealed.
    pub(crate) fn to_bytes(&self) -> Secret<Vec<u8>> {
        let access = |token: &AccessToken| WrittenAccess { token: token.token.expose().clone(), issued: token.issued, expires: token.expires };
        let written = Written {
            authority: self.authority.clone(),
            client_id: self.client_id.clone(),
            subject: self.subject.clone(),
            refresh: self.refresh.as_ref().map(|token| token.expose().clone()),
            access: self.access.iter().map(|(scope, token)| (scope.clone(), access(token))).collect(),
        };
        // Texts and times can always be written.
        Secret::new(serde_json::to_vec(&written).unwrap_or_default())
    }

    /// What was sealed, where this version understands it.
    pub(crate) fn parse(bytes: &Secret<Vec<u8>>) -> Option<Self> {
        let written: Written = serde_json::from_slice(bytes.expose()).ok()?;
        let access = |token: &WrittenAccess| AccessToken { token: Secret::new(token.token.clone()), issued: token.issued, expires: token.expires };
        Some(Self {
            authority: written.authority.clone(),
            client_id: written.client_id.clone(),
            subject: written.subject.clone(),
            refresh: written.refresh.clone().map(Secret::new),
            access: written.access.iter().map(|(scope, token)| (scope.clone(), access(token))).collect(),
        })
    }
}
