use async_trait::async_trait;
use jiff::Timestamp;

/// What a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretKind {
    /// An account's tokens.
    Account,
    /// A model provider's API key.
    ModelKey,
    /// A token for Business Central that a person entered.
    ConnectionToken,
    /// The key under which the audit log is chained.
    AuditKey,
}

impl SecretKind {
    /// The word in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::ModelKey => "model_key",
            Self::ConnectionToken => "connection_token",
            Self::AuditKey => "audit_key",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Account, Self::ModelKey, Self::ConnectionToken, Self::AuditKey].into_iter().find(|kind| kind.word() == word)
    }
}

/// Which secret: its row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretId {
    /// What it is.
    pub kind: SecretKind,
    /// Whose: an account's id, a connection's name, a provider's name.
    pub owner: String,
}

impl SecretId {
    /// The secret of that kind and owner.
    pub fn new(kind: SecretKind, owner: impl Into<String>) -> Self {
        Self { kind, owner: owner.into() }
    }
}

/// A key's number; the highest active one is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyVersion(pub u32);

/// A sealed secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// Goes up by one with every writing.
    pub version: u64,
    /// Under which key.
    pub key_version: KeyVersion,
    /// 96 random bits, fresh for each sealing.
    pub nonce: [u8; 12],
    /// Ciphertext and tag.
    pub sealed: Vec<u8>,
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Announced; nothing is sealed under it.
    Making,
    /// In use.
    Active,
    /// Opens what is sealed under it, seals nothing.
    Retired,
}

/// What is known of a key; not the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Its number.
    pub version: KeyVersion,
    /// Its name with its holder: random, without meaning.
    pub name: String,
    /// By which the key is recognised: its name, sealed under it.
    pub check: Vec<u8>,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made (UTC).
    pub created_at: Timestamp,
}

/// The rows can't be read or written just now, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RowsFault(pub String);

/// What came of writing a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It stands, on the disk.
    Done,
    /// It is not what it was taken for; nothing was written.
    Changed,
    /// Its key is not active; nothing was written.
    KeyRetired,
}

/// Where sealed rows and the list of keys are stored. Every change is durable when it returns.
#[async_trait]
pub trait SealedRows: Send + Sync {
    /// A row.
    async fn read(&self, id: &SecretId) -> Result<Option<SealedRow>, RowsFault>;
    /// Writes a row if its version now is `replaces` (`None`: there is none) and its key is active.
    async fn write(&self, id: &SecretId, row: SealedRow, replaces: Option<u64>) -> Result<Written, RowsFault>;
    /// Removes a row; says whether there was one.
    async fn remove(&self, id: &SecretId) -> Result<bool, RowsFault>;
    /// Some rows that are not sealed under this key.
    async fn under_other_keys(&self, than: KeyVersion, limit: u32) -> Result<Vec<(SecretId, SealedRow)>, RowsFault>;
    /// Removes every row that is sealed under a lost key.
    async fn drop_rows(&self, lost: KeyVersion) -> Result<u64, RowsFault>;
    /// All keys.
    async fn keys(&self) -> Result<Vec<KeyRow>, RowsFault>;
    /// Adds a key.
    async fn announce(&self, key: KeyRow) -> Result<(), RowsFault>;
    /// Puts a key in force.
    async fn activate(&self, version: KeyVersion) -> Result<(), RowsFault>;
    /// Takes a key out of force.
    async fn retire(&self, version: KeyVersion) -> Result<(), RowsFault>;
    /// Takes a key off the list.
    async fn forget(&self, version: KeyVersion) -> Result<(), RowsFault>;
}
