//! AES-256-GCM (NIST SP 800-38D): a fresh random nonce for each sealing, and the row's place as additional data.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use zeroize::Zeroize;

use super::{KeyVersion, SecretId, VaultError};
use crate::Secret;

const NONCE: usize = 12;

pub(super) struct Sealed {
    pub(super) nonce: [u8; NONCE],
    pub(super) bytes: Vec<u8>,
}

/// Where a row stands, so that it opens nowhere else. Lengths go before what has none of its own.
pub(super) fn context(id: &SecretId, version: u64, key: KeyVersion) -> Vec<u8> {
    let mut context = b"bc-agent/secrets/1".to_vec();
    for part in [id.kind.word(), &id.owner] {
        context.extend_from_slice(&(part.len() as u64).to_be_bytes());
        context.extend_from_slice(part.as_bytes());
    }
    context.extend_from_slice(&version.to_be_bytes());
    context.extend_from_slice(&key.0.to_be_bytes());
    context
}

pub(super) fn new_key() -> Result<Secret<[u8; 32]>, VaultError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::Randomness)?;
    let key = Secret::new(bytes);
    bytes.zeroize();
    Ok(key)
}

fn cipher(key: &Secret<[u8; 32]>) -> Aes256Gcm {
    Aes256Gcm::new(key.expose().into())
}

pub(super) fn seal(key: &Secret<[u8; 32]>, context: &[u8], value: &[u8]) -> Result<Sealed, VaultError> {
    let mut nonce = [0_u8; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| VaultError::Randomness)?;
    // Fails only for texts of more than 64 GiB.
    let bytes = cipher(key).encrypt(&nonce.into(), Payload { msg: value, aad: context }).map_err(|_| VaultError::Damaged)?;
    Ok(Sealed { nonce, bytes })
}

/// What was sealed, if not a bit of it, its nonce or its place is another.
pub(super) fn open(key: &Secret<[u8; 32]>, context: &[u8], nonce: &[u8; NONCE], sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
    cipher(key).decrypt(&(*nonce).into(), Payload { msg: sealed, aad: context }).ok().map(Secret::new)
}

/// By which a key is recognised: its name sealed under it.
pub(super) fn mark(key: &Secret<[u8; 32]>, name: &str) -> Result<Vec<u8>, VaultError> {
    let sealed = seal(key, b"bc-agent/key/1", name.as_bytes())?;
    Ok([sealed.nonce.as_slice(), &sealed.bytes].concat())
}

pub(super) fn is_key(key: &Secret<[u8; 32]>, name: &str, mark: &[u8]) -> bool {
    let Some((nonce, sealed)) = mark.split_first_chunk::<NONCE>() else { return false };
    open(key, b"bc-agent/key/1", nonce, sealed).is_some_and(|opened| opened.expose() == name.as_bytes())
}
