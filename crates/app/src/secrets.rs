//! Where this home's secrets are kept, and what is kept there beside sign-ins.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bca_auth::{Keeper, KeyFile, KeyHolder, Keyring, Rotated, SealedRows, Secret, SecretId, SecretKind, Vault, VaultError};
use bca_protocol::{AuditAction, ErrorCode, UserError};
use bca_store::AuditRecord;
use tokio::sync::OnceCell;

use crate::{App, Mode, app::lock};

/// What the model's key is kept under: the provider's name.
const MODEL_PROVIDER: &str = "anthropic";

/// The keeper of this process, made when first needed.
#[derive(Default)]
pub(crate) struct Secrets {
    keeper: OnceCell<Arc<Keeper>>,
    /// Whether a model key is kept, as far as was looked.
    model_key_kept: AtomicBool,
    /// When the key of the audit log was looked for, by the steady clock, and whether it is in use.
    audit_key: tokio::sync::Mutex<AuditKeySearch>,
}

/// How the search for the audit log's key stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum AuditKeySearch {
    /// Nobody has looked, or there was none yet.
    #[default]
    NotBegun,
    /// It could not be had at that time (steady clock): a locked keyring may be open later.
    Failed(Duration),
    /// It is in use; in the demo there is none.
    Over,
}

/// A keyring that did not open is asked again only then: each time it may ask the person.
const ASK_AGAIN: Duration = Duration::from_secs(60);

impl App {
    /// The keeper. In the demo it is this process's memory: no keyring is asked and nothing is stored.
    pub(crate) async fn keeper(&self) -> Result<Arc<Keeper>, UserError> {
        let make = async || match self.mode() {
            Mode::Demo => Arc::new(Keeper::memory()),
            Mode::Own => Arc::new(Keeper::Vault(Arc::new(self.vault()))),
        };
        Ok(Arc::clone(self.inner.secrets.keeper.get_or_init(make).await))
    }

    fn vault(&self) -> Vault {
        let holder: Arc<dyn KeyHolder> = match self.inner.config.environment.get("BC_AGENT_KEY_FILE") {
            Some(path) => Arc::new(KeyFile::new(path)),
            None => Arc::new(Keyring),
        };
        let db = Arc::new(self.inner.db.clone());
        Vault::new(Arc::clone(&db) as Arc<dyn SealedRows>, db, holder, Arc::clone(&self.inner.clock))
    }

    /// Proves that secrets can be kept before anybody is asked for one.
    pub(crate) async fn check_keeper(&self) -> Result<(), UserError> {
        match &*self.keeper().await? {
            Keeper::Vault(vault) => vault.check().await.map_err(|fault| told(&fault))?,
            Keeper::Memory(_) => return Ok(()),
        };
        self.key_to_audit().await
    }

    /// Chains the audit log under a key of this home's own, made the first time that secrets can be kept, and anew where it is lost: the log then
    /// goes on under the new one (docs/decisions/lost-audit-key.md). Processes that do this at the same time agree on one.
    async fn key_to_audit(&self) -> Result<(), UserError> {
        let random = || UserError::new(ErrorCode::Internal, "The operating system gave no random bytes.");
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|_| random())?;
        let held = self.keeper().await?.get_or_put(&audit_key(), Secret::new(bytes.to_vec())).await.map_err(|fault| told(&fault))?;
        match <[u8; 32]>::try_from(held.expose().as_slice()) {
            Ok(key) => self.set_audit_key(&Secret::new(key)),
            Err(_) => return Err(told(&VaultError::Damaged)),
        }
        *self.inner.secrets.audit_key.lock().await = AuditKeySearch::Over;
        Ok(())
    }

    /// Takes the key that there is. None is made: a keyring that was changed for another one may be changed back.
    async fn take_audit_key(&self) -> Result<(), UserError> {
        let held = self.keeper().await?.get(&audit_key()).await.map_err(|fault| told(&fault))?;
        if let Some(key) = held.and_then(|bytes| <[u8; 32]>::try_from(bytes.expose().as_slice()).ok()) {
            self.set_audit_key(&Secret::new(key));
        }
        Ok(())
    }

    /// The same at a start, in the background, where there is such a key. No keyring is asked where there is none.
    pub(crate) fn key_to_audit_in_background(&self) {
        let app = self.clone();
        tokio::spawn(async move { app.audit_key_ready().await });
    }

    /// Completes when the key of the audit log is in use, where this home has one that can be had.
    pub(crate) async fn audit_key_ready(&self) {
        let mut search = self.inner.secrets.audit_key.lock().await;
        let now = self.inner.clock.monotonic();
        match *search {
            AuditKeySearch::Over => return,
            AuditKeySearch::Failed(at) if now.saturating_sub(at) < ASK_AGAIN => return,
            AuditKeySearch::NotBegun | AuditKeySearch::Failed(_) => {}
        }
        let kept = SealedRows::read(&self.inner.db, &audit_key()).await.is_ok_and(|row| row.is_some());
        *search = if self.mode() == Mode::Demo {
            AuditKeySearch::Over
        } else if !kept {
            // Another process may make one at any time.
            AuditKeySearch::NotBegun
        } else {
            match self.take_audit_key().await {
                Ok(()) => AuditKeySearch::Over,
                Err(fault) => {
                    tracing::warn!(%fault, "the key to the audit log could not be had; its entries stand under none until then");
                    AuditKeySearch::Failed(now)
                }
            }
        };
    }

    /// Whether the log has a key of its own that could not be had, as far as was looked: the keyring may be locked, or the key lost.
    pub(crate) async fn audit_key_is_away(&self) -> bool {
        matches!(*self.inner.secrets.audit_key.lock().await, AuditKeySearch::Failed(_))
    }

    /// Replaces the key under which secrets are stored, by hand. How many secrets were sealed anew.
    ///
    /// # Errors
    /// The keyring or the database can't be used: both keys stay valid, and the next rotation goes on.
    pub async fn rotate_secret_key(&self) -> Result<u64, UserError> {
        match &*self.keeper().await? {
            Keeper::Vault(vault) => {
                let rotated = vault.rotate().await.map_err(|fault| told(&fault))?;
                self.key_replaced(rotated).await;
                Ok(rotated.resealed)
            }
            Keeper::Memory(_) => Err(UserError::new(ErrorCode::InvalidInput, "The demo stores no secrets, so there is no key to replace.")),
        }
    }

    /// Replaces the key where it is older than 90 days, in the background and without asking for a keyring where there is no key.
    pub(crate) fn rotate_in_background(&self) {
        let app = self.clone();
        tokio::spawn(async move {
            let Ok(keeper) = app.keeper().await else { return };
            let Keeper::Vault(vault) = &*keeper else { return };
            match vault.rotate_if_due().await {
                Ok(Some(rotated)) => app.key_replaced(rotated).await,
                Ok(None) => {}
                Err(fault) => tracing::warn!(%fault, "the key to the stored secrets could not be replaced; it is tried again"),
            }
        });
    }

    async fn key_replaced(&self, rotated: Rotated) {
        let Rotated { version, resealed, dropped } = rotated;
        tracing::info!(resealed, dropped, "the key to the stored secrets was replaced");
        let details = crate::audit::details([("how", "key replaced".to_owned()), ("sealed_anew", resealed.to_string()), ("dropped", dropped.to_string())]);
        self.audit(AuditRecord::new(AuditAction::SecretChanged, "secret_key").of(version.0.to_string()).with_details(details)).await;
    }

    /// Looks whether a model key is kept. No keyring is asked.
    pub(crate) async fn look_for_model_key(&self) {
        if self.mode() == Mode::Own {
            let kept = SealedRows::read(&self.inner.db, &model_key()).await.is_ok_and(|row| row.is_some());
            self.inner.secrets.model_key_kept.store(kept, Ordering::Relaxed);
        }
    }

    /// Whether a model key is kept between starts.
    #[must_use]
    pub fn remembers_model_key(&self) -> bool {
        self.inner.secrets.model_key_kept.load(Ordering::Relaxed)
    }

    /// Takes a key for the model and keeps it between starts, encrypted.
    ///
    /// # Errors
    /// There is no keyring, or the database can't be written. The key holds until the app ends all the same.
    pub async fn remember_model_key(&self, key: Secret<String>) -> Result<(), UserError> {
        self.set_model_key(key.clone());
        self.keep(&model_key(), &key).await?;
        self.inner.secrets.model_key_kept.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Forgets the model's key, here and where it was kept.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn forget_model_key(&self) -> Result<(), UserError> {
        self.keeper().await?.remove(&model_key()).await.map_err(|fault| told(&fault))?;
        self.inner.secrets.model_key_kept.store(false, Ordering::Relaxed);
        self.drop_model_key();
        self.secret_changed(&model_key(), "forgotten").await;
        Ok(())
    }

    /// Brings a model key that is kept into use, where none was given since the start.
    pub(crate) async fn recall_model_key(&self) -> Result<(), UserError> {
        if self.model_key().is_none()
            && self.remembers_model_key()
            && let Some(key) = self.recall(&model_key()).await?
        {
            self.set_model_key(key);
        }
        Ok(())
    }

    /// Keeps the token of a connection between starts, encrypted. It must have been given before.
    ///
    /// # Errors
    /// No token was given; there is no keyring; the database can't be written.
    pub async fn remember_connection_token(&self, name: &str) -> Result<(), UserError> {
        let token = lock(&self.inner.tokens).get(name).cloned();
        let token = token.ok_or_else(|| UserError::new(ErrorCode::NotSignedIn, "There is no token to keep for this connection. Enter it first."))?;
        self.keep(&connection_token(name), &token).await
    }

    /// The token of a connection that is kept, where there is one.
    pub(crate) async fn recall_connection_token(&self, name: &str) -> Result<Option<Secret<String>>, UserError> {
        if self.mode() == Mode::Demo {
            return Ok(None);
        }
        let found = self.recall(&connection_token(name)).await?;
        if let Some(token) = &found {
            lock(&self.inner.tokens).insert(name.to_owned(), token.clone());
        }
        Ok(found)
    }

    /// Forgets the token of a connection that is kept.
    pub(crate) async fn forget_connection_token(&self, name: &str) -> Result<(), UserError> {
        if self.mode() == Mode::Own {
            self.keeper().await?.remove(&connection_token(name)).await.map_err(|fault| told(&fault))?;
        }
        Ok(())
    }

    async fn keep(&self, id: &SecretId, value: &Secret<String>) -> Result<(), UserError> {
        if self.mode() == Mode::Demo {
            return Err(UserError::new(ErrorCode::InvalidInput, "The demo stores no secrets. Leave the demo to keep this one."));
        }
        let bytes = Secret::new(value.expose().clone().into_bytes());
        self.keeper().await?.put(id, bytes).await.map_err(|fault| told(&fault))?;
        self.secret_changed(id, "kept").await;
        Ok(())
    }

    async fn secret_changed(&self, id: &SecretId, how: &str) {
        let details = crate::audit::details([("what", id.kind.word().to_owned()), ("how", how.to_owned())]);
        self.audit(AuditRecord::new(AuditAction::SecretChanged, "secret").of(id.owner.as_str()).with_details(details)).await;
    }

    async fn recall(&self, id: &SecretId) -> Result<Option<Secret<String>>, UserError> {
        let bytes = self.keeper().await?.get(id).await.map_err(|fault| told(&fault))?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes.expose().clone()).ok()).map(Secret::new))
    }
}

fn model_key() -> SecretId {
    SecretId::new(SecretKind::ModelKey, MODEL_PROVIDER)
}

fn audit_key() -> SecretId {
    SecretId::new(SecretKind::AuditKey, "home")
}

fn connection_token(name: &str) -> SecretId {
    SecretId::new(SecretKind::ConnectionToken, name)
}

/// A fault of the vault, for people.
pub(crate) fn told(fault: &VaultError) -> UserError {
    let message = fault.to_string();
    match fault {
        VaultError::KeyLost | VaultError::Damaged => UserError::new(ErrorCode::NotSignedIn, message),
        VaultError::Holder(_) => UserError::new(ErrorCode::Configuration, message),
        VaultError::Rows(_) | VaultError::Randomness => UserError::new(ErrorCode::Store, message),
        VaultError::Busy => UserError::passing(ErrorCode::Store, message),
    }
}
