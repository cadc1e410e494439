//! Codes and tokens, in memory: they end with the process, as a demo's should.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Person;
use crate::DemoError;

/// How long a code may be redeemed; the real one says ten minutes.
const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// What a code stands for.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) redirect_uri: String,
    /// The S256 challenge of PKCE (RFC 7636).
    pub(super) challenge: String,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    /// Who signed in.
    pub(super) person: Arc<Person>,
    issued: Instant,
}

impl Code {
    pub(super) fn new(redirect_uri: String, challenge: String, scope: String, nonce: Option<String>, person: Arc<Person>) -> Self {
        Self { redirect_uri, challenge, scope, nonce, person, issued: Instant::now() }
    }
}

#[derive(Debug, Clone)]
struct Refresh {
    scope: String,
    person: Arc<Person>,
    /// The token that this one replaces. It stays good until this one is used: a client that dies between the answer
    /// and its disk must not be signed out.
    replaces: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    codes: HashMap<String, Code>,
    /// Access token, when it ends, and whose it is.
    access: HashMap<String, (Instant, Arc<Person>)>,
    refresh: HashMap<String, Refresh>,
}

/// All grants of one provider.
#[derive(Debug)]
pub(super) struct Grants {
    state: Mutex<State>,
    script: String,
    access_lifetime: Duration,
}

/// Why a grant was refused: the words for `error_description`.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum Refused {
    #[error("The code is unknown, expired or was redeemed before.")]
    Code,
    #[error("The redirect address is not the one of the authorization request.")]
    Redirect,
    #[error("The code verifier does not belong to the challenge.")]
    Verifier,
    #[error("The refresh token is unknown or was replaced.")]
    Refresh,
    #[error("No random bytes.")]
    Randomness,
}

impl Grants {
    pub(super) fn new(access_lifetime: Duration) -> Result<Self, DemoError> {
        Ok(Self { state: Mutex::default(), script: random("demo_script_").ok_or(DemoError::Randomness)?, access_lifetime })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn script_token(&self) -> &str {
        &self.script
    }

    pub(super) fn access_lifetime(&self) -> Duration {
        self.access_lifetime
    }

    pub(super) fn accepts(&self, bearer: &str) -> bool {
        bearer == self.script || self.holder(bearer).is_some()
    }

    /// Whose access token this is, while it holds.
    pub(super) fn holder(&self, bearer: &str) -> Option<Arc<Person>> {
        self.state().access.get(bearer).filter(|(ends, _)| *ends > Instant::now()).map(|(_, person)| Arc::clone(person))
    }

    /// Keeps what a new code stands for.
    pub(super) fn issue_code(&self, code: Code) -> Result<String, Refused> {
        let name = random("demo_code_").ok_or(Refused::Randomness)?;
        self.state().codes.insert(name.clone(), code);
        Ok(name)
    }

    /// Redeems a code; whatever comes of it, the code is used up.
    pub(super) fn redeem(&self, name: &str, redirect_uri: &str, verifier: &str) -> Result<Code, Refused> {
        let code = self.state().codes.remove(name).filter(|code| code.issued.elapsed() < CODE_LIFETIME).ok_or(Refused::Code)?;
        if code.redirect_uri != redirect_uri {
            return Err(Refused::Redirect);
        }
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != code.challenge {
            return Err(Refused::Verifier);
        }
        Ok(code)
    }

    /// A new access token.
    pub(super) fn access(&self, person: &Arc<Person>) -> Result<String, Refused> {
        let token = random("demo_access_").ok_or(Refused::Randomness)?;
        let mut state = self.state();
        let now = Instant::now();
        state.access.retain(|_, (ends, _)| *ends > now);
        state.access.insert(token.clone(), (now + self.access_lifetime, Arc::clone(person)));
        Ok(token)
    }

    pub(super) fn end_access(&self) {
        self.state().access.clear();
    }

    pub(super) fn revoke(&self) {
        self.state().refresh.clear();
    }

    /// A new refresh token, in place of another one where one was used.
    pub(super) fn refresh(&self, scope: &str, person: &Arc<Person>, replaces: Option<&str>) -> Result<String, Refused> {
        let token = random("demo_refresh_").ok_or(Refused::Randomness)?;
        let refresh = Refresh { scope: scope.to_owned(), person: Arc::clone(person), replaces: replaces.map(str::to_owned) };
        self.state().refresh.insert(token.clone(), refresh);
        Ok(token)
    }

    /// The scope and the person of a refresh token that is good; using it ends the one it replaced.
    pub(super) fn use_refresh(&self, token: &str) -> Result<(String, Arc<Person>), Refused> {
        let mut state = self.state();
        let refresh = state.refresh.get_mut(token).ok_or(Refused::Refresh)?;
        let (scope, person, replaced) = (refresh.scope.clone(), Arc::clone(&refresh.person), refresh.replaces.take());
        if let Some(replaced) = replaced {
            state.refresh.remove(&replaced);
        }
        Ok((scope, person))
    }
}

fn random(prefix: &str) -> Option<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}
