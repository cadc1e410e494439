//! Signatures of thinking blocks: a client must send a thinking block back exactly as it came.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The same in every process, because a conversation outlives the server that began it. It protects nothing: it only
/// shows whether a thinking block was changed on its way through a client.
const KEY: &[u8] = b"bc-agent demo model: thinking";
const BLOCK: usize = 64;

/// The signature of a thinking text: HMAC-SHA256 (RFC 2104), in base 64.
pub(super) fn sign(thinking: &str) -> String {
    STANDARD.encode(hmac(KEY, thinking.as_bytes()))
}

/// Whether a signature belongs to a thinking text.
pub(super) fn holds(thinking: &str, signature: &str) -> bool {
    sign(thinking) == signature
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // A key of at most one block, which ours is, is padded with zeros.
    let padded = |pad: u8| -> [u8; BLOCK] { std::array::from_fn(|index| key.get(index).copied().unwrap_or(0) ^ pad) };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    /// Test case 2 of RFC 4231.
    #[test]
    fn agrees_with_the_published_test_vector() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex::encode(super::hmac(b"Jefe", b"what do ya want for nothing?")), expected);
    }

    #[test]
    fn a_changed_text_does_not_hold() {
        let signature = super::sign("I look it up.");
        assert!(super::holds("I look it up.", &signature));
        assert!(!super::holds("I look it up!", &signature));
    }
}
