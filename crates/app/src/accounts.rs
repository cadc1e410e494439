//! Accounts: who signed in, what they can reach, and how they go.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bca_auth::{AccountTokens, Secret, SessionState, TokenError, TokenSource};
use bca_bc::Limits;
use bca_protocol::{AccountId, AccountView, AuditAction, AuditOutcome, CompanyView, Connection, ConnectionKind, EnvironmentView, ErrorCode, UserError};
use bca_store::{AuditRecord, Db, StoredAccount};
use futures::StreamExt;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{App, Key, Mode, app::lock};

/// The list of a tenant's environments (docs/business-central.md, section 1).
const ENVIRONMENTS: &str = "/environments/v1.2";
/// How long Business Central may take to list them.
const PATIENCE: Duration = Duration::from_secs(30);
/// Environments whose companies are read at once.
const AT_ONCE: usize = 4;

/// A connection to be made for an account.
#[derive(Debug, Clone)]
pub struct AccountConnection {
    /// Unique in the home.
    pub name: String,
    /// As whom.
    pub account: AccountId,
    /// API root, as [`App::environments`] gave it.
    pub base_url: String,
    /// The company's id or name.
    pub company: String,
}

/// A row of the list of environments.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    aad_tenant_id: Option<String>,
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct List {
    value: Vec<Listed>,
}

impl App {
    /// Everybody who signed in here, by account.
    pub async fn accounts(&self) -> Result<Vec<AccountView>, UserError> {
        let mut views = Vec::new();
        for account in self.inner.db.accounts().await? {
            views.push(self.account_view(account).await?);
        }
        Ok(views)
    }

    pub(crate) async fn account_view(&self, account: StoredAccount) -> Result<AccountView, UserError> {
        let state = match self.session_of(&account.account_id).await {
            Ok(session) => session.state().await,
            // Without a registration nobody can use what is kept, but it can be listed.
            Err(_) => SessionState::SignedOut,
        };
        let (signed_in, attention) = match state {
            SessionState::SignedIn => (true, None),
            SessionState::SignedOut => (false, Some("Signed out. Sign in again to use this account.".to_owned())),
            SessionState::Needs(needed) => (false, Some(needed.reason.sentence().to_owned())),
        };
        let StoredAccount { account_id, tenant_id, object_id, name, first_name, last_name, mail, user_name: _, job_title, department, last_sign_in } = account;
        Ok(AccountView { account_id, tenant_id, object_id, name, first_name, last_name, mail, job_title, department, last_sign_in, signed_in, attention })
    }

    /// Forgets an account's tokens. The account and its connections stay; at Microsoft the browser's own sign-in stays too.
    ///
    /// # Errors
    /// There is no such account; the database can't be written.
    pub async fn sign_out(&self, id: &AccountId) -> Result<(), UserError> {
        let account = self.inner.db.account(id).await?;
        let secret = bca_auth::SecretId::new(bca_auth::SecretKind::Account, id.as_str());
        match self.session_of(id).await {
            Ok(session) => drop(session.forget().await.map_err(|fault| crate::signin::told(&fault))?),
            // Signing out must work without a registration too.
            Err(_) => drop(self.keeper().await?.remove(&secret).await.map_err(|fault| crate::secrets::told(&fault))?),
        }
        self.signed(AuditAction::SignOut, id, &shown(&account)).await;
        Ok(())
    }

    /// Signs everybody out; how many.
    ///
    /// # Errors
    /// As for [`App::sign_out`].
    pub async fn sign_out_all(&self) -> Result<usize, UserError> {
        let accounts = self.inner.db.accounts().await?;
        for account in &accounts {
            self.sign_out(&account.account_id).await?;
        }
        Ok(accounts.len())
    }

    /// Removes an account, its tokens, its profile and its connections. What was done in its name stays in the history.
    ///
    /// # Errors
    /// As for [`App::sign_out`].
    pub async fn remove_account(&self, id: &AccountId) -> Result<(), UserError> {
        let account = self.inner.db.account(id).await?;
        self.sign_out(id).await?;
        for name in self.inner.db.remove_account(id).await? {
            self.inner.benches.forget(&name).await;
            let record = AuditRecord::new(AuditAction::ConnectionRemoved, "connection").of(name.clone()).on(name);
            self.audit(record.by_account(shown(&account))).await;
        }
        self.signed(AuditAction::AccountRemoved, id, &shown(&account)).await;
        Ok(())
    }

    /// The account of that id, mail address or name, where it is only one.
    ///
    /// # Errors
    /// There is none, or several.
    pub async fn find_account(&self, text: &str) -> Result<AccountView, UserError> {
        let text = text.trim();
        let same = |known: &Option<String>| known.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(text));
        let accounts = self.inner.db.accounts().await?;
        let matches = |a: &StoredAccount| a.account_id.as_str() == text || same(&a.mail) || same(&a.user_name) || a.name.eq_ignore_ascii_case(text);
        let mut found = accounts.into_iter().filter(matches);
        match (found.next(), found.next()) {
            (Some(account), None) => self.account_view(account).await,
            (None, _) => Err(UserError::new(ErrorCode::NotFound, format!("There is no account `{}`.", text.escape_debug()))),
            (Some(_), Some(_)) => {
                Err(UserError::new(ErrorCode::InvalidInput, format!("Several accounts are called `{}`. Name one by its id.", text.escape_debug())))
            }
        }
    }

    /// Bearer tokens of an account for Business Central.
    pub(crate) async fn bearer_of(&self, id: &AccountId) -> Result<Arc<dyn TokenSource>, UserError> {
        let tokens = self.session_of(id).await?.tokens(self.business_central_scope());
        let name = self.inner.db.account(id).await.map(|account| shown(&account)).unwrap_or_default();
        Ok(Arc::new(Watched { tokens, db: self.inner.db.clone(), id: id.clone(), name, told: Mutex::default() }))
    }

    /// What an account can reach: environments and their companies. An environment whose companies can't be read says why.
    ///
    /// # Errors
    /// Not signed in; Business Central can't be reached.
    pub async fn environments(&self, id: &AccountId) -> Result<Vec<EnvironmentView>, UserError> {
        let bearer = self.bearer_of(id).await?;
        let found = self.listed(id, &bearer).await?;
        let with_companies = found.into_iter().map(|environment| {
            let bearer = Arc::clone(&bearer);
            async move {
                match self.companies_by(&environment.base_url, bearer).await {
                    Ok(companies) => {
                        let companies = companies.into_iter().map(|c| CompanyView { id: c.id, name: c.name }).collect();
                        EnvironmentView { companies, ..environment }
                    }
                    Err(fault) => EnvironmentView { fault: Some(fault.message), ..environment },
                }
            }
        });
        Ok(futures::stream::iter(with_companies).buffered(AT_ONCE).collect().await)
    }

    async fn listed(&self, id: &AccountId, bearer: &Arc<dyn TokenSource>) -> Result<Vec<EnvironmentView>, UserError> {
        let root = self.trusted_root().await?;
        // An API root of its own: a demo, or a server on premises. It is the only environment there is.
        if root.path().trim_end_matches('/').ends_with("/api/v2.0") {
            let base_url = root.as_str().trim_end_matches('/').to_owned();
            let (_, name) = crate::connections::tenant_and_environment(&base_url);
            let kind = if self.mode() == Mode::Demo { ConnectionKind::Demo } else { crate::connections::kind_of(&base_url, &name) };
            return Ok(vec![EnvironmentView { name, kind, base_url, companies: Vec::new(), fault: None }]);
        }
        let token = bearer.token().await.map_err(no_token)?;
        let mut address = root.clone();
        address.set_path(ENVIRONMENTS);
        let list: List = get(&address, &token).await?;
        let account = self.inner.db.account(id).await?;
        let view = |row: Listed| {
            let mut base = root.clone();
            let tenant = row.aad_tenant_id.unwrap_or_else(|| account.tenant_id.clone());
            if let Ok(mut segments) = base.path_segments_mut() {
                segments.pop_if_empty().extend([tenant.as_str(), row.name.as_str(), "api", "v2.0"]);
            }
            // What is not known to be a sandbox counts as production.
            let sandbox = row.kind.is_some_and(|kind| kind.eq_ignore_ascii_case("sandbox"));
            let kind = if sandbox { ConnectionKind::Sandbox } else { ConnectionKind::Production };
            EnvironmentView { name: row.name, kind, base_url: base.to_string(), companies: Vec::new(), fault: None }
        };
        Ok(list.value.into_iter().map(view).collect())
    }

    /// The root of Business Central that accounts' tokens may go to.
    async fn trusted_root(&self) -> Result<Url, UserError> {
        let text = match self.mode() {
            Mode::Demo => self.demo().await?.bc_url.clone(),
            Mode::Own => self.settings_now().get(Key::BusinessCentralUrl).to_owned(),
        };
        crate::connections::checked(&text)
    }

    /// Refuses to show an account's token to any server but the one that was set.
    pub(crate) async fn check_trusted(&self, base_url: &str) -> Result<(), UserError> {
        let (trusted, asked) = (self.trusted_root().await?, crate::connections::checked(base_url)?);
        if trusted.origin() == asked.origin() {
            return Ok(());
        }
        Err(UserError::new(
            ErrorCode::Configuration,
            format!(
                "A signed-in account is used at {} only, not at {}. Set `business_central.url` first where that is your server. Nothing was changed.",
                trusted.origin().ascii_serialization(),
                asked.origin().ascii_serialization()
            ),
        ))
    }

    /// Sets up a connection for an account after its company was found; it becomes the active one.
    ///
    /// # Errors
    /// As for [`App::add_connection`]; the address is not the one that accounts are used at.
    pub async fn connect_company(&self, new: AccountConnection) -> Result<Connection, UserError> {
        let name = self.check_name(&new.name)?;
        let account = self.inner.db.account(&new.account).await?;
        self.check_trusted(&new.base_url).await?;
        let root = crate::connections::api_root(&new.base_url)?;
        let bearer = self.bearer_of(&new.account).await?;
        let connection = self.resolve(&name, &root, new.company.trim(), bearer).await?;
        let connection = Connection { account: shown(&account), ..connection };
        let before = self.inner.db.connection(&name).await.ok();
        self.inner.db.put_connection(&connection, &root).await?;
        self.inner.db.set_connection_account(&name, Some(&new.account)).await?;
        self.connection_changed(before.as_ref(), &connection, &root).await;
        lock(&self.inner.tokens).remove(&name);
        self.forget_connection_token(&name).await?;
        self.inner.benches.forget(&name).await;
        self.use_connection(&name).await?;
        Ok(connection)
    }

    /// Uses a connection that is there as this account from now on.
    ///
    /// # Errors
    /// There is no such connection; its address is not the one that accounts are used at.
    pub async fn use_account_for(&self, name: &str, id: &AccountId) -> Result<Connection, UserError> {
        let (stored, account) = (self.inner.db.connection(name).await?, self.inner.db.account(id).await?);
        self.check_trusted(&stored.base_url).await?;
        let connection = Connection { account: shown(&account), ..stored.connection };
        let before = self.inner.db.connection(name).await.ok();
        self.inner.db.put_connection(&connection, &stored.base_url).await?;
        self.inner.db.set_connection_account(name, Some(id)).await?;
        self.connection_changed(before.as_ref(), &connection, &stored.base_url).await;
        lock(&self.inner.tokens).remove(name);
        self.forget_connection_token(name).await?;
        self.inner.benches.forget(name).await;
        Ok(connection)
    }

    /// The account of a connection, where it has one.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn account_of_connection(&self, name: &str) -> Result<Option<AccountId>, UserError> {
        Ok(self.inner.db.connection(name).await?.account_id)
    }

    /// The account that signed in last, for a connection that the environment describes without a token.
    pub(crate) async fn newest_account(&self) -> Result<Option<StoredAccount>, UserError> {
        Ok(self.inner.db.accounts().await?.into_iter().max_by_key(|account| account.last_sign_in))
    }

    pub(crate) async fn companies_by(&self, base_url: &str, bearer: Arc<dyn TokenSource>) -> Result<Vec<crate::CompanyChoice>, UserError> {
        let root = crate::connections::api_root(base_url)?;
        let found = bca_bc::companies(&root, bearer, Arc::clone(&self.inner.clock), Limits::default(), &CancellationToken::new()).await;
        let companies = found.map_err(|e| UserError::from(&e))?;
        Ok(companies.into_iter().map(|c| crate::CompanyChoice { id: c.id.to_string(), name: c.display_name }).collect())
    }
}

/// Tokens whose failing renewals are written down, once for each reason.
struct Watched {
    tokens: AccountTokens,
    db: Db,
    id: AccountId,
    name: String,
    told: Mutex<Option<TokenError>>,
}

impl Watched {
    async fn watch(&self, answer: Result<Secret<String>, TokenError>) -> Result<Secret<String>, TokenError> {
        let fault = answer.as_ref().err().cloned();
        let is_new = {
            let mut told = lock(&self.told);
            let is_new = fault.is_some() && *told != fault;
            told.clone_from(&fault);
            is_new
        };
        if let Some(fault) = fault.filter(|_| is_new) {
            let details = crate::audit::details([("reason", fault.to_string())]);
            let record = AuditRecord::new(AuditAction::RefreshFailed, "account").of(self.id.as_str()).by_account(&self.name);
            if let Err(fault) = self.db.audit(record.with_outcome(AuditOutcome::Failed).with_details(details)).await {
                tracing::error!(%fault, "an entry of the audit log could not be stored");
            }
        }
        answer
    }
}

#[async_trait]
impl TokenSource for Watched {
    async fn token(&self) -> Result<Secret<String>, TokenError> {
        self.watch(self.tokens.token().await).await
    }

    async fn refresh(&self, refused: &Secret<String>) -> Result<Secret<String>, TokenError> {
        self.watch(self.tokens.refresh(refused).await).await
    }

    async fn challenged(&self, refused: &Secret<String>, www_authenticate: &str) -> Result<Secret<String>, TokenError> {
        self.watch(self.tokens.challenged(refused, www_authenticate).await).await
    }
}

/// What names a person on a connection.
pub(crate) fn shown(account: &StoredAccount) -> String {
    account.mail.clone().or_else(|| account.user_name.clone()).unwrap_or_else(|| account.name.clone())
}

fn no_token(fault: bca_auth::TokenError) -> UserError {
    match fault {
        bca_auth::TokenError::SignInNeeded(sentence) => UserError::new(ErrorCode::NotSignedIn, sentence),
        bca_auth::TokenError::Unavailable(sentence) => UserError::passing(ErrorCode::NotSignedIn, sentence),
    }
}

/// Reads a document of Business Central's that is outside of its API. No redirect takes the token along.
async fn get<T: serde::de::DeserializeOwned>(address: &Url, token: &Secret<String>) -> Result<T, UserError> {
    let unreachable = |fault: reqwest::Error| {
        UserError::passing(ErrorCode::BusinessCentralUnavailable, format!("Business Central could not be reached: {}.", fault.without_url()))
    };
    let mut builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).referer(false).timeout(PATIENCE);
    if crate::connections::is_loopback(address) {
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(unreachable)?;
    let answer = client.get(address.clone()).bearer_auth(token.expose()).header("accept", "application/json").send().await.map_err(unreachable)?;
    match answer.status().as_u16() {
        200 => answer.json().await.map_err(|_| UserError::new(ErrorCode::BusinessCentralRefused, "Business Central's list of environments can't be read.")),
        401 | 403 => Err(UserError::new(ErrorCode::Forbidden, "Business Central does not list its environments for this account.")),
        status => Err(UserError::passing(
            ErrorCode::BusinessCentralUnavailable,
            format!("Business Central answered the question for its environments with {status}."),
        )),
    }
}
