//! The key that signs id tokens: RSA, made when the first one is asked for.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("no signing key could be made or used")]
pub(super) struct NoKey;

/// The provider's key, once made.
#[derive(Default)]
pub(super) struct Keys {
    key: OnceCell<RsaKeyPair>,
}

impl Keys {
    async fn key(&self) -> Result<&RsaKeyPair, NoKey> {
        // Making a key takes a good part of a second of work: not on a thread that answers requests.
        let made = || async { tokio::task::spawn_blocking(|| RsaKeyPair::generate(KeySize::Rsa2048)).await.map_err(|_| NoKey)?.map_err(|_| NoKey) };
        self.key.get_or_try_init(made).await
    }

    /// The public key as a JSON Web Key Set (RFC 7517).
    pub(super) async fn published(&self) -> Result<Value, NoKey> {
        let key = self.key().await?;
        let (modulus, exponent) = rsa_numbers(key.public_key().as_ref()).ok_or(NoKey)?;
        Ok(json!({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id(key)?,
            "n": URL_SAFE_NO_PAD.encode(modulus), "e": URL_SAFE_NO_PAD.encode(exponent),
        }]}))
    }

    /// The name under which the key is published.
    pub(super) async fn id(&self) -> Result<String, NoKey> {
        key_id(self.key().await?)
    }

    /// A signed JSON Web Token (RFC 7519) with these claims.
    pub(super) async fn sign(&self, claims: &Value) -> Result<String, NoKey> {
        let id = self.id().await?;
        self.sign_as(claims, &id).await
    }

    /// One that is signed with the public key as a shared secret: what a careless verifier takes for good.
    pub(super) async fn sign_with_public_key(&self, claims: &Value) -> Result<String, NoKey> {
        let key = self.key().await?;
        let header = json!({"typ": "JWT", "alg": "HS256", "kid": key_id(key)?});
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let shared = hmac::Key::new(hmac::HMAC_SHA256, key.public_key().as_ref());
        let tag = hmac::sign(&shared, signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref())))
    }

    /// One that names its key like this.
    pub(super) async fn sign_as(&self, claims: &Value, id: &str) -> Result<String, NoKey> {
        let key = self.key().await?;
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": id});
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).map_err(|_| NoKey)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn key_id(key: &RsaKeyPair) -> Result<String, NoKey> {
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| NoKey)?;
    Ok(URL_SAFE_NO_PAD.encode(&Sha256::digest(public.as_ref())[..16]))
}

/// Modulus and exponent of a DER `RSAPublicKey` (RFC 8017, A.1.1): a sequence of two integers.
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = element(der, 0x30)?;
    let (modulus, rest) = element(sequence, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    let positive = |number: &'_ [u8]| number.iter().take_while(|byte| **byte == 0).count();
    Some((&modulus[positive(modulus)..], &exponent[positive(exponent)..]))
}

/// The content of a DER element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f).min(4))?;
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    (found == tag).then(|| rest.split_at_checked(length)).flatten()
}
