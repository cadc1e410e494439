use async_trait::async_trait;

use crate::Secret;

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A person has to sign in again; the sentence says why.
    #[error("{0}")]
    SignInNeeded(String),
    /// The identity provider or the store of tokens could not be reached just now.
    #[error("{0}")]
    Unavailable(String),
}

/// Gives bearer tokens for one account and one resource.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token that is good now, renewed where it is about to expire.
    ///
    /// # Errors
    /// Nobody is signed in, or the identity provider can't be reached.
    async fn token(&self) -> Result<Secret<String>, TokenError>;

    /// Another token in place of one that the server refused. Many callers may name the same refused token; it is renewed once.
    ///
    /// # Errors
    /// As for [`TokenSource::token`]; a source that cannot renew says that a sign-in is needed.
    async fn refresh(&self, refused: &Secret<String>) -> Result<Secret<String>, TokenError>;

    /// Another token in place of one that the server refused with this `WWW-Authenticate`, which may ask for more proof.
    ///
    /// # Errors
    /// As for [`TokenSource::refresh`].
    async fn challenged(&self, refused: &Secret<String>, www_authenticate: &str) -> Result<Secret<String>, TokenError> {
        let _ = www_authenticate;
        self.refresh(refused).await
    }
}

/// A token that a person or a script gave; it can't be renewed.
pub struct FixedToken(Secret<String>);

impl FixedToken {
    /// Takes the token.
    #[must_use]
    pub fn new(token: Secret<String>) -> Self {
        Self(token)
    }
}

#[async_trait]
impl TokenSource for FixedToken {
    async fn token(&self) -> Result<Secret<String>, TokenError> {
        Ok(self.0.clone())
    }

    async fn refresh(&self, _refused: &Secret<String>) -> Result<Secret<String>, TokenError> {
        Err(TokenError::SignInNeeded("The token that was given is no longer accepted. Enter a new one.".into()))
    }
}
