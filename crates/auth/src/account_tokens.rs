//! The tokens of one account: renewed ahead of time, once, by one process, and stored before the old ones are dropped.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use bca_protocol::Clock;
use jiff::{SignedDuration, Timestamp};

use crate::{
    AuthError, Interaction, Reason, RowsFault, Secret, SecretId, SignInService, SignedIn, TokenError, TokenSource, VaultError,
    grant_store::{AccessToken, Grant, Keeper},
    id_token,
};

/// Longer than a renewal can take.
const LEASE_TIME: Duration = Duration::from_secs(60);
/// How long another process is waited for that renews.
const LEASE_PATIENCE: Duration = Duration::from_secs(45);
/// How often a lease is asked for again.
const LEASE_PAUSE: Duration = Duration::from_millis(25);
/// For how long a refusal that only a person can mend is repeated without asking the service again.
const REFUSED_FOR: Duration = Duration::from_secs(30);

/// Rights that one process holds for a time, among those that share a home.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes a lease until then, if it is free, ended, this process's own, or of a process that is dead.
    async fn take(&self, name: &str, until: Timestamp) -> Result<bool, RowsFault>;
    /// Gives a lease back.
    async fn give_back(&self, name: &str) -> Result<(), RowsFault>;
}

/// Takes a lease, waiting for others; false where they don't come to an end. The error is a sentence.
pub(crate) async fn take_lease(leases: &dyn Leases, clock: &dyn Clock, name: &str, time: Duration, patience: Duration) -> Result<bool, String> {
    let gives_up = tokio::time::Instant::now() + patience;
    loop {
        let until = clock.now().checked_add(SignedDuration::try_from(time).unwrap_or(SignedDuration::ZERO)).unwrap_or(Timestamp::MAX);
        if leases.take(name, until).await.map_err(|fault| fault.0)? {
            return Ok(true);
        }
        if tokio::time::Instant::now() >= gives_up {
            return Ok(false);
        }
        tokio::time::sleep(LEASE_PAUSE).await;
    }
}

/// How an account stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// It has a grant.
    SignedIn,
    /// It has none.
    SignedOut,
    /// It has one, or had one; a person is needed.
    Needs(Interaction),
}

/// What was found out and will not change by asking again soon.
struct Refused {
    scope: String,
    interaction: Interaction,
    at: Duration,
}

/// One account in one process. All that need its tokens share it.
pub struct Session {
    service: Arc<SignInService>,
    keeper: Arc<Keeper>,
    leases: Arc<dyn Leases>,
    secret: SecretId,
    cached: Mutex<HashMap<String, AccessToken>>,
    refused: Mutex<Option<Refused>>,
    /// A grant that the service gave and that could not be stored.
    unsaved: Mutex<Option<Grant>>,
    renewing: tokio::sync::Mutex<()>,
}

impl Session {
    /// The account whose grant lies under this secret.
    #[must_use]
    pub fn new(service: Arc<SignInService>, keeper: Arc<Keeper>, leases: Arc<dyn Leases>, secret: SecretId) -> Arc<Self> {
        Arc::new(Self {
            service,
            keeper,
            leases,
            secret,
            cached: Mutex::default(),
            refused: Mutex::default(),
            unsaved: Mutex::default(),
            renewing: tokio::sync::Mutex::default(),
        })
    }

    /// The tokens for a resource, by its scope.
    #[must_use]
    pub fn tokens(self: &Arc<Self>, scope: impl Into<String>) -> AccountTokens {
        AccountTokens { session: Arc::clone(self), scope: scope.into() }
    }

    /// Keeps what an interactive sign-in gave, in place of what was there. `scope` is the resource whose access token came with it.
    ///
    /// # Errors
    /// [`AuthError::Vault`]: nothing was changed.
    pub async fn adopt(&self, signed_in: &SignedIn, scope: Option<&str>) -> Result<(), AuthError> {
        let _one = self.renewing.lock().await;
        // Another process that renews the old grant must not write it over the new one.
        let leased = self.lease().await?;
        let stored = self.load().await;
        let mut grant = Grant {
            authority: self.authority(),
            client_id: self.client_id(),
            subject: Some(signed_in.subject().to_owned()),
            refresh: signed_in.refresh.clone(),
            access: BTreeMap::new(),
        };
        if grant.refresh.is_none() {
            // A service that gives no other one lets the old one stand.
            grant.refresh = stored.ok().flatten().and_then(|stored| stored.refresh);
        }
        if let Some(scope) = scope {
            grant.access.insert(scope.to_owned(), self.access(signed_in.access.clone(), signed_in.lives));
        }
        let kept = self.keeper.put(&self.secret, grant.to_bytes()).await;
        self.give_back(leased).await;
        kept?;
        *lock(&self.unsaved) = None;
        *lock(&self.refused) = None;
        *lock(&self.cached) = grant.access.into_iter().collect();
        Ok(())
    }

    /// Forgets the grant here. At the sign-in service it ends by itself.
    ///
    /// # Errors
    /// [`AuthError::Vault`]: nothing was changed.
    pub async fn forget(&self) -> Result<bool, AuthError> {
        let _one = self.renewing.lock().await;
        let leased = self.lease().await?;
        let removed = self.keeper.remove(&self.secret).await;
        self.give_back(leased).await;
        let removed = removed?;
        *lock(&self.unsaved) = None;
        *lock(&self.refused) = None;
        lock(&self.cached).clear();
        Ok(removed)
    }

    /// How the account stands, as far as is known without asking the service.
    pub async fn state(&self) -> SessionState {
        if let Some(refused) = &*lock(&self.refused) {
            return SessionState::Needs(refused.interaction.clone());
        }
        match self.load().await {
            Ok(Some(_)) | Err(AuthError::Vault(VaultError::Holder(_) | VaultError::Rows(_) | VaultError::Busy)) => SessionState::SignedIn,
            Ok(None) | Err(_) => SessionState::SignedOut,
        }
    }

    /// An access token for the scope, silently.
    async fn get(self: &Arc<Self>, scope: &str, refused: Option<Secret<String>>, claims: Option<String>) -> Result<Secret<String>, AuthError> {
        if claims.is_none()
            && let Some(token) = self.cached(scope, refused.as_ref())
        {
            // Whoever signs out in another process is out in this one too. A database that can't be read signs nobody out.
            if self.keeper.holds(&self.secret).await.unwrap_or(true) {
                return Ok(token);
            }
            lock(&self.cached).clear();
            return Err(signed_out());
        }
        // Whoever waits for it may go away; a renewal that began is always brought to its end, or a rotated token would be lost.
        let (session, scope) = (Arc::clone(self), scope.to_owned());
        let renewal = tokio::spawn(session.renewed(scope, refused, claims));
        renewal.await.unwrap_or_else(|_| Err(AuthError::Cancelled))
    }

    async fn renewed(self: Arc<Self>, scope: String, refused: Option<Secret<String>>, claims: Option<String>) -> Result<Secret<String>, AuthError> {
        let (scope, refused, claims) = (scope.as_str(), refused.as_ref(), claims.as_deref());
        let _one = self.renewing.lock().await;
        if let Some(token) = self.cached(scope, refused) {
            return Ok(token);
        }
        // Another process may have renewed it; then no lease is needed.
        let known = self.load().await?;
        if let Some(token) = known.as_ref().and_then(|grant| self.take_stored(grant, scope, refused)) {
            return Ok(token);
        }
        self.recall(scope)?;
        let leased = match self.lease().await {
            Ok(leased) => leased,
            Err(fault) => return self.fall_back(known.as_ref(), scope, refused, fault),
        };
        let done = self.renew_alone(scope, refused, claims).await;
        self.give_back(leased).await;
        match done {
            Err(fault @ AuthError::Unavailable(_)) => self.fall_back(known.as_ref(), scope, refused, fault),
            done => done,
        }
    }

    /// A token that ought to be renewed is better than none while the service can't be reached.
    fn fall_back(&self, known: Option<&Grant>, scope: &str, refused: Option<&Secret<String>>, fault: AuthError) -> Result<Secret<String>, AuthError> {
        let stored = known.and_then(|grant| grant.access.get(scope));
        match stored.filter(|token| token.is_alive(self.now(), refused)) {
            Some(token) => Ok(token.token.clone()),
            None => Err(fault),
        }
    }

    async fn renew_alone(&self, scope: &str, refused: Option<&Secret<String>>, claims: Option<&str>) -> Result<Secret<String>, AuthError> {
        // Read again: who had the lease before may have renewed it.
        let Some(mut grant) = self.load().await? else { return Err(signed_out()) };
        if let Some(token) = self.take_stored(&grant, scope, refused) {
            return Ok(token);
        }
        let Some(refresh) = grant.refresh.clone() else { return Err(signed_out()) };
        let scopes = [scope.to_owned(), "offline_access".to_owned()];
        match self.service.renew(&refresh, &scopes, claims).await {
            Ok(granted) => {
                if let (Some(id_token), Some(subject)) = (&granted.id_token, &grant.subject)
                    && !id_token::is_about(id_token, subject)
                {
                    return Err(AuthError::WrongAccount);
                }
                let access = self.access(granted.access, granted.lives);
                let token = access.token.clone();
                grant.access.retain(|_, token| token.expires > self.now());
                grant.access.insert(scope.to_owned(), access.clone());
                if granted.refresh.is_some() {
                    grant.refresh = granted.refresh;
                }
                self.save(grant).await;
                lock(&self.cached).insert(scope.to_owned(), access);
                *lock(&self.refused) = None;
                Ok(token)
            }
            Err(AuthError::Interaction(interaction)) => {
                if interaction.reason == Reason::SignIn {
                    // The refresh token is dead: keeping it would only have it refused again and again.
                    self.keeper.remove(&self.secret).await?;
                    *lock(&self.unsaved) = None;
                    lock(&self.cached).clear();
                } else {
                    lock(&self.cached).remove(scope);
                }
                let at = self.service.clock().monotonic();
                *lock(&self.refused) = Some(Refused { scope: scope.to_owned(), interaction: interaction.clone(), at });
                Err(AuthError::Interaction(interaction))
            }
            Err(fault) => Err(fault),
        }
    }

    /// What was refused a moment ago for this scope, or for all.
    fn recall(&self, scope: &str) -> Result<(), AuthError> {
        let now = self.service.clock().monotonic();
        match &*lock(&self.refused) {
            Some(refused) if refused.scope == scope && now.saturating_sub(refused.at) < REFUSED_FOR => Err(AuthError::Interaction(refused.interaction.clone())),
            Some(_) | None => Ok(()),
        }
    }

    /// Stores a renewed grant. Where that fails, this process goes on with it and stores it with the next one.
    async fn save(&self, grant: Grant) {
        match self.keeper.put(&self.secret, grant.to_bytes()).await {
            Ok(()) => *lock(&self.unsaved) = None,
            Err(fault) => {
                tracing::warn!(%fault, "renewed tokens could not be stored; this process keeps them");
                *lock(&self.unsaved) = Some(grant);
            }
        }
    }

    async fn load(&self) -> Result<Option<Grant>, AuthError> {
        if let Some(unsaved) = lock(&self.unsaved).clone() {
            return Ok(Some(unsaved));
        }
        let Some(bytes) = self.keeper.get(&self.secret).await? else { return Ok(None) };
        let grant = Grant::parse(&bytes);
        // A refresh token is shown to nobody but the service that gave it.
        Ok(grant.filter(|grant| grant.authority == self.authority() && grant.client_id == self.client_id()))
    }

    fn cached(&self, scope: &str, refused: Option<&Secret<String>>) -> Option<Secret<String>> {
        lock(&self.cached).get(scope).filter(|token| token.is_fresh(self.now(), refused)).map(|token| token.token.clone())
    }

    fn take_stored(&self, grant: &Grant, scope: &str, refused: Option<&Secret<String>>) -> Option<Secret<String>> {
        let token = grant.access.get(scope).filter(|token| token.is_fresh(self.now(), refused))?;
        lock(&self.cached).insert(scope.to_owned(), token.clone());
        *lock(&self.refused) = None;
        Some(token.token.clone())
    }

    fn access(&self, token: Secret<String>, lives: Duration) -> AccessToken {
        let issued = self.now();
        let lives = SignedDuration::try_from(lives).unwrap_or(SignedDuration::ZERO);
        AccessToken { token, issued, expires: issued.checked_add(lives).unwrap_or(Timestamp::MAX) }
    }

    async fn lease(&self) -> Result<String, AuthError> {
        let name = format!("tokens {}", self.secret.owner);
        let taken = take_lease(self.leases.as_ref(), self.service.clock().as_ref(), &name, LEASE_TIME, LEASE_PATIENCE).await;
        match taken.map_err(|fault| AuthError::Vault(VaultError::Rows(fault)))? {
            true => Ok(name),
            false => Err(AuthError::Unavailable("another process is renewing the sign-in and does not come to an end".into())),
        }
    }

    async fn give_back(&self, lease: String) {
        if let Err(fault) = self.leases.give_back(&lease).await {
            tracing::warn!(fault = fault.0, "a lease could not be given back; it ends by itself");
        }
    }

    fn authority(&self) -> String {
        self.service.registration().authority().to_owned()
    }

    fn client_id(&self) -> String {
        self.service.registration().client_id().to_owned()
    }

    fn now(&self) -> Timestamp {
        self.service.clock().now()
    }
}

fn signed_out() -> AuthError {
    AuthError::Interaction(Interaction { reason: Reason::SignIn, claims: None })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bearer tokens for one account and one resource.
#[derive(Clone)]
pub struct AccountTokens {
    session: Arc<Session>,
    scope: String,
}

impl AccountTokens {
    /// A token that is good now, with the whole reason where there is none.
    ///
    /// # Errors
    /// Anything that [`Session`] can meet; [`AuthError::Interaction`] where a person is needed.
    pub async fn try_token(&self) -> Result<Secret<String>, AuthError> {
        self.session.get(&self.scope, None, None).await
    }
}

#[async_trait]
impl TokenSource for AccountTokens {
    async fn token(&self) -> Result<Secret<String>, TokenError> {
        self.try_token().await.map_err(TokenError::from)
    }

    async fn refresh(&self, refused: &Secret<String>) -> Result<Secret<String>, TokenError> {
        Ok(self.session.get(&self.scope, Some(refused.clone()), None).await?)
    }

    async fn challenged(&self, refused: &Secret<String>, www_authenticate: &str) -> Result<Secret<String>, TokenError> {
        Ok(self.session.get(&self.scope, Some(refused.clone()), claims_of(www_authenticate)).await?)
    }
}

impl From<AuthError> for TokenError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Unavailable(_)
            | AuthError::Cancelled
            | AuthError::Vault(VaultError::Rows(_) | VaultError::Busy | VaultError::Randomness)
            | AuthError::Randomness => Self::Unavailable(error.to_string()),
            AuthError::Configuration(_)
            | AuthError::Protocol(_)
            | AuthError::Refused(_)
            | AuthError::Denied
            | AuthError::Interaction(_)
            | AuthError::IdToken(_)
            | AuthError::WrongAccount
            | AuthError::TimedOut(_)
            | AuthError::Listener(_)
            | AuthError::Vault(VaultError::Holder(_) | VaultError::KeyLost | VaultError::Damaged) => Self::SignInNeeded(error.to_string()),
        }
    }
}

/// The `claims` of a challenge (RFC 6750, 3; Entra sends them in base 64). None that can be read is as if there were none.
fn claims_of(www_authenticate: &str) -> Option<String> {
    let (_, rest) = www_authenticate.split_once("claims=")?;
    let text = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').map(|(text, _)| text)?,
        None => rest.split([',', ' ']).next()?,
    };
    let padded = text.trim_end_matches('=');
    let decoded = STANDARD
        .decode(text)
        .or_else(|_| base64::engine::general_purpose::STANDARD_NO_PAD.decode(padded))
        .or_else(|_| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(padded));
    let claims = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()).filter(|claims| claims.len() < 4_096)?;
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&claims).is_ok().then_some(claims)
}
