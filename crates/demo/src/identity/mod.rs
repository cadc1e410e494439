//! The demo identity provider: OpenID Connect with the addresses of Microsoft Entra, on loopback. Its only person is
//! signed in at once; everything else is checked as the real one does: client, redirect address, PKCE, one-use codes.

mod grants;
mod keys;
mod misbehaviour;
mod routes;

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::DemoError;
use crate::serving::Serving;
use grants::Grants;
pub use misbehaviour::{Codes, Misbehaviour};

/// Whom the provider knows and how long it trusts its tokens.
#[derive(Debug, Clone)]
pub struct Options {
    /// A segment of every address, a GUID or a domain.
    pub tenant: String,
    /// The one application that may ask for sign-in.
    pub client_id: String,
    /// How long an access token is accepted.
    pub access_lifetime: Duration,
    /// The person who is signed in.
    pub person: Person,
}

/// The demo person, as Graph tells of them.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub display_name: String,
    pub given_name: String,
    pub surname: String,
    /// The sign-in name, in the form of an e-mail address.
    pub user_name: String,
    pub job_title: String,
    pub department: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tenant: "5d8b0f0e-6f1c-4f4e-9a30-6a5f8f5b7c01".to_owned(),
            client_id: "0a6f3a52-8f0b-4c55-9d6e-2b7f4f1d9e10".to_owned(),
            access_lifetime: Duration::from_secs(3_600),
            person: Person {
                id: "7c1f3b9a-2d44-4f0b-8d5e-90b1a7c6e2f3".to_owned(),
                display_name: "Kari Demo".to_owned(),
                given_name: "Kari".to_owned(),
                surname: "Demo".to_owned(),
                user_name: "kari@demo.example".to_owned(),
                job_title: "Bookkeeper".to_owned(),
                department: "Finance".to_owned(),
            },
        }
    }
}

/// A provider that answers until it is stopped or dropped.
pub struct Running {
    serving: Serving,
    shared: Arc<routes::Shared>,
}

impl Running {
    /// The authority, with the tenant: `http://127.0.0.1:port/{tenant}`.
    #[must_use]
    pub fn authority(&self) -> String {
        self.shared.authority.clone()
    }

    /// The root of the Graph address that tells about the person: `{root}/me`.
    #[must_use]
    pub fn graph_url(&self) -> String {
        format!("http://{}/v1.0", self.serving.address)
    }

    /// The application that may ask for sign-in.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.shared.options.client_id
    }

    /// Whether a bearer token was issued here and still holds.
    #[must_use]
    pub fn accepts(&self, bearer: &str) -> bool {
        self.shared.grants.accepts(bearer)
    }

    /// [`Running::accepts`] as a function of its own, for a server that must check tokens as long as it runs.
    #[must_use]
    pub fn token_check(&self) -> Arc<dyn Fn(&str) -> bool + Send + Sync> {
        let shared = Arc::clone(&self.shared);
        Arc::new(move |bearer| shared.grants.accepts(bearer))
    }

    /// A bearer token for scripts; it holds as long as this provider runs.
    #[must_use]
    pub fn script_token(&self) -> String {
        self.shared.grants.script_token().to_owned()
    }

    /// Does this wrong from now on, beside what it does wrong already.
    pub fn misbehave(&self, how: Misbehaviour) {
        self.shared.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(how);
    }

    /// Does everything right again.
    pub fn behave(&self) {
        self.shared.wrong.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whoever comes to the authorize page from now on is this person. Tokens that were given stay whose they are.
    pub fn seat(&self, person: Person) {
        *self.shared.person.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(person);
    }

    /// Signs with another key from now on, and publishes that one alone.
    pub fn replace_key(&self) {
        *self.shared.keys.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// How many times the keys were read.
    #[must_use]
    pub fn keys_read(&self) -> u64 {
        self.shared.keys_read.load(Ordering::Relaxed)
    }

    /// Lets every access token end now.
    pub fn end_access(&self) {
        self.shared.grants.end_access();
    }

    /// Lets every refresh token end now, as an administrator can.
    pub fn revoke(&self) {
        self.shared.grants.revoke();
    }

    /// How many codes were redeemed.
    #[must_use]
    pub fn codes_redeemed(&self) -> u64 {
        self.shared.codes.load(Ordering::Relaxed)
    }

    /// How many times a refresh token was used, with or without success.
    #[must_use]
    pub fn refreshes(&self) -> u64 {
        self.shared.refreshes.load(Ordering::Relaxed)
    }

    /// The `claims` that came with requests for codes and tokens, in their order.
    #[must_use]
    pub fn claims_heard(&self) -> Vec<String> {
        self.shared.claims.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops the server and closes its listener.
    pub async fn stop(self) {
        self.serving.stop().await;
    }
}

/// Serves the identity provider on a loopback listener.
///
/// # Errors
/// [`DemoError::NotLoopback`] for any other listener, [`DemoError::Randomness`] when no token could be made.
pub async fn serve(listener: TcpListener, options: Options) -> Result<Running, DemoError> {
    let address = Serving::address_of(&listener)?;
    let authority = format!("http://{address}/{}", options.tenant);
    let grants = Grants::new(options.access_lifetime)?;
    let shared = Arc::new(routes::Shared {
        person: Mutex::new(Arc::new(options.person.clone())),
        options,
        authority,
        grants,
        keys: Mutex::default(),
        keys_read: AtomicU64::new(0),
        others: keys::Keys::default(),
        wrong: Mutex::default(),
        codes: AtomicU64::new(0),
        refreshes: AtomicU64::new(0),
        claims: Mutex::default(),
    });
    let serving = Serving::start(listener, address, routes::router(Arc::clone(&shared)));
    Ok(Running { serving, shared })
}
