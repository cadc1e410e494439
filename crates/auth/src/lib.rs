//! Sign-in with Microsoft, tokens, and where secrets are kept.
//!
//! A person signs in with their own browser ([`SignInService::begin`]); what came of it is kept by [`AccountTokens`], which gives
//! access tokens for one account and one resource and renews them. [`Vault`] keeps secrets encrypted in rows that somebody else
//! stores ([`SealedRows`]), under keys that the operating system keeps ([`KeyHolder`]).

mod account_tokens;
pub mod browser;
mod callback;
mod discovery;
mod error;
mod grant;
mod grant_store;
mod http;
mod id_token;
mod loopback;
mod profile;
mod registration;
mod secret;
mod sign_in;
mod token_source;
mod vault;

pub use account_tokens::{AccountTokens, Leases, Session, SessionState};
pub use callback::NotOurs;
pub use error::{AuthError, IdTokenFault, Interaction, Reason};
pub use grant_store::Keeper;
pub use profile::{Identity, Person};
pub use registration::{PUBLIC_AUTHORITY, Registration, RegistrationText};
pub use secret::Secret;
pub use sign_in::{ALWAYS, PATIENCE, PendingSignIn, SIGN_IN_SCOPES, SignInHandle, SignInRequest, SignInService, SignedIn};
pub use token_source::{FixedToken, TokenError, TokenSource};
pub use vault::{
    HolderFault, KeyFile, KeyHolder, KeyRow, KeyState, KeyVersion, Keyring, Rotated, RowsFault, SealedRow, SealedRows, SecretId, SecretKind, Vault, VaultError,
    Written,
};
