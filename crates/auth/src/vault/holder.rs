use subtle::ConstantTimeEq;

use crate::Secret;

/// Why keys can't be kept. The display is for people, and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HolderFault {
    /// There is no keyring.
    #[error(
        "This computer has no keyring for secrets. Install one and sign in to the desktop (on Linux: GNOME Keyring or KWallet), or name a key file with BC_AGENT_KEY_FILE."
    )]
    NoKeyring,
    /// The keyring is there and does not open.
    #[error("The keyring is locked or refuses: {0}. Unlock it and try again, or name a key file with BC_AGENT_KEY_FILE.")]
    Locked(String),
    /// What was put in does not come out again.
    #[error("The keyring does not keep what it is given. Repair it, or name a key file with BC_AGENT_KEY_FILE.")]
    Forgets,
    /// The key file.
    #[error("The key file {path} can't be used: {reason}.")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// The program is closing.
    #[error("The program is closing.")]
    Closing,
}

/// Keeps keys of 32 bytes by name, outside the database. Calls may block; a keyring may ask the person to unlock it.
pub trait KeyHolder: Send + Sync {
    /// The key of that name, where there is one. A key of another length is none.
    ///
    /// # Errors
    /// The holder can't be reached or is locked.
    fn load(&self, name: &str) -> Result<Option<Secret<[u8; 32]>>, HolderFault>;
    /// Keeps a key.
    ///
    /// # Errors
    /// As [`KeyHolder::load`].
    fn store(&self, name: &str, key: &Secret<[u8; 32]>) -> Result<(), HolderFault>;
    /// Destroys a key; that there is none is no error.
    ///
    /// # Errors
    /// As [`KeyHolder::load`].
    fn remove(&self, name: &str) -> Result<(), HolderFault>;
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, HolderFault> + Send + 'static) -> Result<T, HolderFault> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(HolderFault::Closing))
}

pub(super) fn same(one: &Secret<[u8; 32]>, other: &Secret<[u8; 32]>) -> bool {
    one.expose().ct_eq(other.expose()).into()
}
