//! Secrets, and the port through which tokens are asked for. Sign-in and the keyring join them with the work that needs them.

mod secret;
mod token_source;

pub use secret::Secret;
pub use token_source::{FixedToken, TokenError, TokenSource};
