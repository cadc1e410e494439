//! The keys of the audit log: seals over entries (HMAC-SHA-256, RFC 2104), details under a key per account (AES-256-GCM,
//! NIST SP 800-38D), and the signature of checkpoints.

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use bca_auth::Secret;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroize as _;

use crate::StoreError;

/// Bytes of a nonce (NIST SP 800-38D, section 8.2.2).
const NONCE: usize = 12;

/// The key of homes that keep no secret. Everybody knows it: it keeps the format the same and protects nothing.
const PUBLIC: [u8; 32] = *b"bc-agent public audit key: known";

/// A seal, or another value of HMAC-SHA-256.
pub(crate) type Seal = [u8; 32];
/// Names a key without telling it.
pub(crate) type KeyId = [u8; 8];

/// Whether a key protects anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// A secret key, kept outside of the database.
    Secret,
    /// The key that everybody knows: the demo, or a computer without a keyring.
    None,
}

/// What protects the audit log. It has to stay the same for the life of the home; where it changes, the log says so and goes on
/// under the new one, and what stands under the lost one can't be verified any more.
#[derive(Clone)]
pub struct AuditKey {
    pub(crate) id: KeyId,
    pub(crate) protection: Protection,
    chain: Secret<[u8; 32]>,
    wrap: Secret<[u8; 32]>,
    sign: Secret<[u8; 32]>,
}

impl AuditKey {
    /// From 32 random bytes that are kept outside of the database.
    #[must_use]
    pub fn secret(master: &Secret<[u8; 32]>) -> Self {
        Self::derive(master.expose(), Protection::Secret)
    }

    /// The key that everybody knows. It protects nothing.
    #[must_use]
    pub fn public() -> Self {
        Self::derive(&PUBLIC, Protection::None)
    }

    /// One key per purpose, so that no value of one can stand for a value of another.
    fn derive(master: &[u8; 32], protection: Protection) -> Self {
        let purpose = |name: &str| Secret::new(mac(master, &[name.as_bytes()]));
        let mut id = KeyId::default();
        let named = mac(master, &[b"bc-agent audit key id 1"]);
        id.copy_from_slice(&named[..8]);
        Self {
            id,
            protection,
            chain: purpose("bc-agent audit chain 1"),
            wrap: purpose("bc-agent audit details 1"),
            sign: purpose("bc-agent audit checkpoint 1"),
        }
    }

    /// The seal of an entry: over the seal before it and the entry's content.
    pub(crate) fn seal(&self, before: &Seal, content: &[u8]) -> Seal {
        mac(self.chain.expose(), &[b"entry", before, content])
    }

    /// The mark of the newest entry.
    pub(crate) fn mark(&self, seq: i64, seal: &Seal) -> Seal {
        mac(self.chain.expose(), &[b"head", &seq.to_be_bytes(), seal])
    }

    /// The signature of a checkpoint.
    pub(crate) fn sign(&self, text: &[u8]) -> Seal {
        mac(self.sign.expose(), &[b"checkpoint", text])
    }

    /// Encrypts an account's key.
    pub(crate) fn wrap(&self, account_ref: i64, key: &Secret<[u8; 32]>) -> Result<Vec<u8>, StoreError> {
        encrypt(self.wrap.expose(), key.expose(), &self.wrap_context(account_ref))
    }

    /// Decrypts an account's key; `None` where it is not the one that was wrapped.
    pub(crate) fn unwrap(&self, account_ref: i64, wrapped: &[u8]) -> Option<Secret<[u8; 32]>> {
        let plain = Secret::new(decrypt(self.wrap.expose(), wrapped, &self.wrap_context(account_ref))?);
        <[u8; 32]>::try_from(plain.expose().as_slice()).ok().map(Secret::new)
    }

    fn wrap_context(&self, account_ref: i64) -> Vec<u8> {
        [b"bc-agent audit key of account 1".as_slice(), &account_ref.to_be_bytes(), &self.id].concat()
    }
}

/// HMAC-SHA-256 over parts, each with its length before it.
pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Seal {
    // A shorter key is filled up with zeros to the length of a block (RFC 2104, section 2).
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    block.zeroize();
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// What an entry's details are bound to: they can't be moved to another entry.
pub(crate) fn details_context(seq: i64, account_ref: i64, key: &KeyId) -> Vec<u8> {
    [b"bc-agent audit details 1".as_slice(), &seq.to_be_bytes(), &account_ref.to_be_bytes(), key].concat()
}

/// Nonce, ciphertext and tag.
pub(crate) fn encrypt(key: &[u8; 32], plain: &[u8], context: &[u8]) -> Result<Vec<u8>, StoreError> {
    let nonce: [u8; NONCE] = random()?;
    let sealed = Aes256Gcm::new(&(*key).into()).encrypt(&nonce.into(), Payload { msg: plain, aad: context });
    let sealed = sealed.map_err(|_| StoreError::Invalid("The details of an audit entry could not be encrypted.".into()))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// What was encrypted; `None` where a bit of it, of its context or of the key differs.
pub(crate) fn decrypt(key: &[u8; 32], sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    Aes256Gcm::new(&(*key).into()).decrypt(&(*nonce).into(), Payload { msg: sealed, aad: context }).ok()
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| StoreError::Invalid(format!("The system gave no random bytes: {e}.")))?;
    Ok(bytes)
}
