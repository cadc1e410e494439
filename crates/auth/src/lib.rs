//! Secrets. Sign-in, tokens and the keyring join them with the work that needs them.

mod secret;

pub use secret::Secret;
