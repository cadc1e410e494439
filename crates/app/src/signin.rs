//! Signing in: first who the person is, then leave to act for them in Business Central.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bca_auth::{
    ALWAYS, AuthError, Interaction, PATIENCE, Registration, RegistrationText, SIGN_IN_SCOPES, SecretId, SecretKind, Session, SignInHandle, SignInRequest,
    SignInService, SignedIn, VaultError, browser,
};
use bca_protocol::{AccountId, AccountView, AuditAction, AuditOutcome, ErrorCode, UserError};
use bca_store::{AuditRecord, StoredAccount};

use crate::{App, Key, Mode, app::lock};

/// Is told the address that the browser was sent to, for a person whose browser did not open.
pub type ShowAddress = Arc<dyn Fn(&str) + Send + Sync>;

/// How a sign-in goes.
#[derive(Clone, Default)]
pub struct SignInOptions {
    /// Who should sign in; anybody where absent.
    pub account: Option<AccountId>,
    /// How long to wait for the browser; five minutes where absent.
    pub timeout: Option<Duration>,
    /// Is told the address.
    pub show: Option<ShowAddress>,
}

/// What is known of sign-ins in this process.
#[derive(Default)]
pub(crate) struct SignIns {
    service: Mutex<Option<Arc<SignInService>>>,
    sessions: Mutex<HashMap<AccountId, Arc<Session>>>,
    waiting: Mutex<Option<SignInHandle>>,
}

impl App {
    /// The sign-in service, for the app registration in force.
    pub(crate) async fn sign_in_service(&self) -> Result<Arc<SignInService>, UserError> {
        let registration = match self.mode() {
            Mode::Demo => {
                let demo = self.demo().await?;
                let text = RegistrationText { authority: Some(&demo.authority), client_id: Some(&demo.client_id), ..RegistrationText::default() };
                Registration::new(text)
            }
            Mode::Own => {
                let settings = self.settings_now();
                let text = |key| Some(settings.get(key).trim()).filter(|value| !value.is_empty());
                Registration::new(RegistrationText {
                    authority: text(Key::SignInAuthority),
                    tenant: text(Key::SignInTenant),
                    client_id: text(Key::SignInClientId),
                    graph: text(Key::SignInGraphUrl),
                })
            }
        };
        let registration = registration.map_err(|fault| told(&fault))?;
        let mut kept = lock(&self.inner.sign_ins.service);
        if let Some(service) = kept.as_ref().filter(|service| *service.registration() == registration) {
            return Ok(Arc::clone(service));
        }
        let service = Arc::new(SignInService::new(registration, Arc::clone(&self.inner.clock)).map_err(|fault| told(&fault))?);
        // Sessions belong to the registration that they were made for.
        lock(&self.inner.sign_ins.sessions).clear();
        *kept = Some(Arc::clone(&service));
        Ok(service)
    }

    /// An account's session, the same for all who need it.
    pub(crate) async fn session_of(&self, id: &AccountId) -> Result<Arc<Session>, UserError> {
        let (service, keeper) = (self.sign_in_service().await?, self.keeper().await?);
        let mut sessions = lock(&self.inner.sign_ins.sessions);
        let session = sessions.entry(id.clone()).or_insert_with(|| {
            let secret = SecretId::new(SecretKind::Account, id.as_str());
            Session::new(service, keeper, Arc::new(self.inner.db.clone()), secret)
        });
        Ok(Arc::clone(session))
    }

    /// Signs a person in with their own browser. One sign-in waits at a time: a new one ends the one before.
    ///
    /// # Errors
    /// No app registration, no keyring, no browser answer in time, the person declined, or the sign-in could not be verified. Nothing
    /// was changed then.
    pub async fn sign_in(&self, options: SignInOptions) -> Result<AccountView, UserError> {
        let done = self.try_sign_in(&options).await;
        self.write_down_failure(options.account.as_ref(), done).await
    }

    async fn try_sign_in(&self, options: &SignInOptions) -> Result<AccountView, UserError> {
        self.check_keeper().await?;
        let scopes = SIGN_IN_SCOPES.map(str::to_owned).to_vec();
        let mut signed_in = self.in_browser(options, scopes, None).await?;
        let service = self.sign_in_service().await?;
        service.add_profile(&mut signed_in).await.map_err(|fault| told(&fault))?;
        let account = self.accept(&signed_in, options)?;
        self.keep_account(&account, &signed_in, None).await?;
        self.signed(AuditAction::SignIn, &account.account_id, &crate::accounts::shown(&account)).await;
        self.account_view(account).await
    }

    /// Lets an account be used in Business Central: silently, else by one more visit of the browser.
    ///
    /// # Errors
    /// As for [`App::sign_in`]; the person or their organisation has not agreed.
    pub async fn connect_account(&self, id: &AccountId, options: SignInOptions) -> Result<AccountView, UserError> {
        let done = self.try_connect_account(id, options).await;
        self.write_down_failure(Some(id), done).await
    }

    async fn try_connect_account(&self, id: &AccountId, options: SignInOptions) -> Result<AccountView, UserError> {
        let account = self.inner.db.account(id).await?;
        let session = self.session_of(id).await?;
        let scope = self.business_central_scope();
        match session.tokens(&scope).try_token().await {
            Ok(_) => return self.account_view(account).await,
            Err(AuthError::Interaction(needed)) => {
                tracing::info!(reason = ?needed.reason, "the browser is needed");
                let options = SignInOptions { account: Some(id.clone()), ..options };
                self.visit(account, &options, &scope, needed).await
            }
            Err(fault) => Err(told(&fault)),
        }
    }

    /// The one visit of the browser that a refusal may cause.
    async fn visit(&self, known: StoredAccount, options: &SignInOptions, scope: &str, needed: Interaction) -> Result<AccountView, UserError> {
        let scopes = ALWAYS.iter().copied().chain([scope]).map(str::to_owned).collect();
        let signed_in = self.in_browser(options, scopes, needed.claims).await?;
        let account = StoredAccount { last_sign_in: self.inner.clock.now(), ..known };
        self.accept(&signed_in, options)?;
        self.keep_account(&account, &signed_in, Some(scope)).await?;
        self.signed(AuditAction::SignIn, &account.account_id, &crate::accounts::shown(&account)).await;
        self.account_view(account).await
    }

    /// Sends the browser and waits until it is back.
    async fn in_browser(&self, options: &SignInOptions, scopes: Vec<String>, claims: Option<String>) -> Result<SignedIn, UserError> {
        let service = self.sign_in_service().await?;
        let hint = match &options.account {
            Some(id) => self.inner.db.account(id).await.ok().and_then(|account| account.user_name),
            None => None,
        };
        let request = SignInRequest { scopes, hint, claims, patience: options.timeout.unwrap_or(PATIENCE) };
        let pending = service.begin(request).await.map_err(|fault| told(&fault))?;
        let handle = pending.handle();
        if let Some(before) = lock(&self.inner.sign_ins.waiting).replace(handle.clone()) {
            before.cancel();
        }
        if let Some(show) = &options.show {
            show(handle.url().as_str());
        }
        if let Err(fault) = browser::open(handle.url(), self.inner.config.environment.get("BROWSER")) {
            tracing::warn!(%fault, "the person has to open the address");
        }
        let finished = tokio::select! {
            () = self.inner.stopping.cancelled() => Err(AuthError::Cancelled),
            finished = pending.finish() => finished,
        };
        lock(&self.inner.sign_ins.waiting).take_if(|waiting| waiting.url() == handle.url());
        finished.map_err(|fault| told(&fault))
    }

    /// However a sign-in failed, that it did is written down once.
    async fn write_down_failure<T>(&self, account: Option<&AccountId>, done: Result<T, UserError>) -> Result<T, UserError> {
        if let Err(fault) = &done {
            tracing::warn!(%fault, "a sign-in failed");
            let known = match account {
                Some(id) => self.inner.db.account(id).await.ok(),
                None => None,
            };
            let why = crate::audit::details([("reason", fault.message.clone()), ("code", fault.code.as_str().to_owned())]);
            let record = AuditRecord::new(AuditAction::SignInFailed, "account").with_outcome(AuditOutcome::Failed).with_details(why);
            let record = account.into_iter().fold(record, |record, id| record.of(id.as_str()));
            self.audit(known.iter().fold(record, |record, known| record.by_account(crate::accounts::shown(known)))).await;
        }
        done
    }

    /// The account that signed in, if it is the one that was asked for.
    fn accept(&self, signed_in: &SignedIn, options: &SignInOptions) -> Result<StoredAccount, UserError> {
        let identity = &signed_in.identity;
        let account_id = AccountId::new(&identity.tenant_id, &identity.object_id);
        if options.account.as_ref().is_some_and(|wanted| *wanted != account_id) {
            return Err(told(&AuthError::WrongAccount));
        }
        let person = identity.person.clone();
        Ok(StoredAccount {
            account_id,
            tenant_id: identity.tenant_id.clone(),
            object_id: identity.object_id.clone(),
            name: person.name,
            first_name: person.first_name,
            last_name: person.last_name,
            mail: person.mail,
            user_name: person.user_name,
            job_title: person.job_title,
            department: person.department,
            last_sign_in: self.inner.clock.now(),
        })
    }

    async fn keep_account(&self, account: &StoredAccount, signed_in: &SignedIn, scope: Option<&str>) -> Result<(), UserError> {
        self.session_of(&account.account_id).await?.adopt(signed_in, scope).await.map_err(|fault| told(&fault))?;
        Ok(self.inner.db.put_account(account.clone()).await?)
    }

    /// Writes down that an account came or went.
    pub(crate) async fn signed(&self, action: AuditAction, id: &AccountId, name: &str) {
        self.audit(AuditRecord::new(action, "account").of(id.as_str()).by_account(name)).await;
    }

    /// The address that the browser was sent to, while a sign-in waits.
    #[must_use]
    pub fn sign_in_address(&self) -> Option<String> {
        lock(&self.inner.sign_ins.waiting).as_ref().filter(|handle| handle.is_waiting()).map(|handle| handle.url().to_string())
    }

    /// Stops the sign-in that waits; whether there was one.
    pub fn cancel_sign_in(&self) -> bool {
        let waiting = lock(&self.inner.sign_ins.waiting).take();
        waiting.inspect(SignInHandle::cancel).is_some()
    }

    /// Ends the sign-in that waits with a link that the system handed over (`bcagent://auth?…`), or that a person pasted.
    ///
    /// # Errors
    /// The link does not belong to a sign-in that waits. Nothing came of it.
    pub fn complete_sign_in(&self, link: &str) -> Result<(), UserError> {
        let waiting = lock(&self.inner.sign_ins.waiting).clone();
        let not_ours = || UserError::new(ErrorCode::NotFound, "This link does not belong to a sign-in that is under way. Nothing was changed.");
        waiting.ok_or_else(not_ours)?.complete(link).map_err(|_| not_ours())
    }

    /// The scope of Business Central's API.
    pub(crate) fn business_central_scope(&self) -> String {
        self.settings_now().get(Key::SignInScope).to_owned()
    }
}

/// A fault of signing in, for people.
pub(crate) fn told(fault: &AuthError) -> UserError {
    let message = fault.to_string();
    match fault {
        AuthError::Configuration(_) | AuthError::Listener(_) => UserError::new(ErrorCode::Configuration, message),
        AuthError::Unavailable(_) | AuthError::TimedOut(_) => UserError::passing(ErrorCode::NotSignedIn, message),
        AuthError::Cancelled => UserError::new(ErrorCode::Cancelled, message),
        AuthError::Vault(VaultError::Rows(_) | VaultError::Busy | VaultError::Randomness) | AuthError::Randomness => UserError::new(ErrorCode::Store, message),
        AuthError::Vault(fault) => crate::secrets::told(fault),
        AuthError::Protocol(_) | AuthError::Refused(_) | AuthError::Denied | AuthError::Interaction(_) | AuthError::IdToken(_) | AuthError::WrongAccount => {
            UserError::new(ErrorCode::NotSignedIn, message)
        }
    }
}
