//! Why somebody is not signed in, in sentences for people. Decided by OAuth's `error`, `suberror` and `claims`, never by a text.

use std::time::Duration;

/// What a person has to do before tokens can be had again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interaction {
    /// Why.
    pub reason: Reason,
    /// What the next interactive sign-in has to carry as its `claims` parameter (OpenID Connect Core, 5.5). No secret.
    pub claims: Option<String>,
}

/// Why a person is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nobody is signed in, or the sign-in was ended or revoked.
    SignIn,
    /// A permission has not been agreed to, by the person or by an administrator.
    Consent,
    /// The organisation asks for another proof: a second factor, a known device, a sign-in that is not so old.
    Proof,
}

impl Reason {
    /// One sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::SignIn => "The sign-in is no longer accepted. Sign in again.",
            Self::Consent => {
                "Business Central has not been agreed to for this account. Connect it again and agree; where your organisation asks for an administrator, docs/sign-in.md has the link to send."
            }
            Self::Proof => "Your organisation asks for another proof that it is you. Sign in again.",
        }
    }
}

/// What can go wrong with signing in and with tokens. The display is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The authority, the client id or an address is missing or can't be used.
    #[error("{0}")]
    Configuration(String),
    /// The sign-in service could not be reached or is not well just now. Nobody is signed out by that.
    #[error("The sign-in service can't be reached just now: {0}.")]
    Unavailable(String),
    /// The sign-in service answered something that is no answer.
    #[error("The sign-in service's answer can't be used: {0}.")]
    Protocol(String),
    /// The sign-in service refused the request itself: the app registration does not fit.
    #[error("The sign-in service refused this app ({0}). Check the client id, the tenant and the redirect address of the app registration (docs/sign-in.md).")]
    Refused(String),
    /// The person, or somebody for them, said no.
    #[error("The sign-in was declined. Nothing was changed.")]
    Denied,
    /// A person is needed.
    #[error("{}", .0.reason.sentence())]
    Interaction(Interaction),
    /// The ID token is not for this sign-in, or not from this service.
    #[error("The sign-in could not be verified: {0}. Nobody was signed in.")]
    IdToken(IdTokenFault),
    /// Somebody else signed in than was asked for.
    #[error("Another account signed in than the one that was asked for. Nothing was changed.")]
    WrongAccount,
    /// Nobody came back from the browser.
    #[error("Nobody came back from the browser within {} seconds. Sign in again.", .0.as_secs())]
    TimedOut(Duration),
    /// Stopped by the person.
    #[error("The sign-in was stopped.")]
    Cancelled,
    /// Nothing can listen on this machine.
    #[error("This computer does not let the app wait for the browser: {0}.")]
    Listener(String),
    /// Secrets can't be kept or read.
    #[error(transparent)]
    Vault(#[from] crate::VaultError),
    /// The operating system gave no random bytes.
    #[error("The operating system gave no random bytes.")]
    Randomness,
}

/// What is wrong with an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum IdTokenFault {
    /// There is none.
    #[error("the service sent no ID token")]
    Missing,
    /// It is no JSON Web Token.
    #[error("the ID token can't be read")]
    Malformed,
    /// Anything but RS256.
    #[error("the ID token is not signed as it must be")]
    Algorithm,
    /// No published key has signed it.
    #[error("the ID token is signed with a key that the service does not publish")]
    Key,
    /// The signature does not belong to it.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// Another service issued it.
    #[error("the ID token is from another service or tenant")]
    Issuer,
    /// It was issued for another app.
    #[error("the ID token is for another app")]
    Audience,
    /// It was issued for another sign-in.
    #[error("the ID token belongs to another sign-in")]
    Nonce,
    /// It was issued with another access token.
    #[error("the ID token belongs to another access token")]
    AccessToken,
    /// By this computer's clock it is not valid now.
    #[error("the ID token is not valid at this time; check this computer's clock")]
    Clock,
}

/// A text from outside as it may stand in a sentence: an error code, short and plain.
pub(crate) fn code(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(60).collect()
}
