//! Where reads and writes go: the demo, what scripts say in the environment, or what the person set up.

use std::{sync::Arc, time::Duration};

use bca_auth::{FixedToken, Secret, TokenSource};
use bca_protocol::{AccountId, AuditAction, Connection, ConnectionKind, ErrorCode, Json, RawJson, UserError};
use bca_store::{AuditRecord, DEMO_CONNECTION as DEMO, ENVIRONMENT_CONNECTION as FROM_ENVIRONMENT, StoredConnection};
use serde::Serialize;
use url::Url;

use crate::{App, Mode, app::lock, demo::Addresses, workbench::Route};

/// Root of Business Central online (docs/business-central.md, section 1).
const PUBLIC_ROOT: &str = "https://api.businesscentral.dynamics.com/v2.0";
/// How the API's root ends.
const API: &str = "/api/v2.0";
/// How long the name of a company is looked for before a run.
const LOOK_UP: Duration = Duration::from_secs(10);

/// A connection as a person enters it.
pub struct NewConnection {
    /// Unique in the home.
    pub name: String,
    /// Root of the API, with or without `/api/v2.0`.
    pub base_url: String,
    /// The company's id or name.
    pub company: String,
    /// Kept in memory until the app ends.
    pub token: Secret<String>,
}

/// A company to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompanyChoice {
    /// GUID.
    pub id: String,
    /// For people.
    pub name: String,
}

impl App {
    /// The connection in use, where there is one.
    pub(crate) async fn active_connection(&self) -> Result<Option<Connection>, UserError> {
        Ok(self.route(None).await?.map(|route| route.connection))
    }

    /// The connection as it was set up, also while it can't be used.
    pub(crate) async fn known_connection(&self) -> Option<Connection> {
        let stored = match &self.inner.config.connection {
            Some(name) => self.inner.db.connection(name).await.ok(),
            None => self.inner.db.active_connection().await.ok().flatten(),
        };
        stored.map(|stored| stored.connection)
    }

    /// The account of a connection, where it has one.
    pub(crate) async fn account_of(&self, connection: &Connection) -> Option<AccountId> {
        if connection.name == FROM_ENVIRONMENT {
            return lock(&self.inner.environment_route).as_ref().and_then(|route| route.account.clone());
        }
        self.inner.db.connection(&connection.name).await.ok().and_then(|stored| stored.account_id)
    }

    /// How a connection is reached: by name, else the one asked for at start, else the environment's, else the active one.
    pub(crate) async fn route(&self, name: Option<&str>) -> Result<Option<Route>, UserError> {
        let name = name.or(self.inner.config.connection.as_deref());
        if self.mode() == Mode::Demo {
            return match name {
                None | Some(DEMO) => self.demo().await.map(|demo| Some(demo_route(demo))),
                Some(other) => Err(no_such(other)),
            };
        }
        let has_token = self.inner.config.environment.secret("BC_AGENT_BC_TOKEN").is_some();
        match name {
            Some(FROM_ENVIRONMENT) => self.environment_route().await.map(Some),
            Some(name) => self.stored_route(name).await.map(Some),
            // A token with a company describes a connection of its own; a token alone opens the active one.
            None if has_token && self.inner.config.environment.get("BC_AGENT_COMPANY").is_some() => self.environment_route().await.map(Some),
            None => match self.inner.db.active_connection().await? {
                Some(stored) => self.stored_route(&stored.connection.name).await.map(Some),
                None if has_token => self.environment_route().await.map(Some),
                // Somebody signed in, and the environment names the company.
                None if self.inner.config.environment.get("BC_AGENT_COMPANY").is_some() && self.newest_account().await?.is_some() => {
                    self.environment_route().await.map(Some)
                }
                None => Ok(None),
            },
        }
    }

    async fn stored_route(&self, name: &str) -> Result<Route, UserError> {
        let stored = self.inner.db.connection(name).await?;
        let given = lock(&self.inner.tokens).get(name).cloned().or_else(|| self.inner.config.environment.secret("BC_AGENT_BC_TOKEN").cloned());
        if given.is_none()
            && let Some(account) = stored.account_id
        {
            // Settings may have changed since it was set up.
            self.check_trusted(&stored.base_url).await?;
            let bearer = self.bearer_of(&account).await?;
            return Ok(Route { connection: stored.connection, root: stored.base_url, bearer, account: Some(account) });
        }
        let token = match given {
            Some(token) => Some(token),
            None => self.recall_connection_token(name).await?,
        };
        let token = token.ok_or_else(|| {
            UserError::new(
                ErrorCode::NotSignedIn,
                format!("The token for the connection {name} is not kept between starts. Enter it again in the window, or set BC_AGENT_BC_TOKEN. Nothing was changed."),
            )
        })?;
        Ok(Route::by_token(stored.connection, stored.base_url, token))
    }

    /// What `BC_AGENT_BC_TOKEN`, `BC_AGENT_COMPANY`, `BC_AGENT_BC_URL`, `BC_AGENT_TENANT` and `BC_AGENT_ENVIRONMENT` say.
    async fn environment_route(&self) -> Result<Route, UserError> {
        if let Some(route) = lock(&self.inner.environment_route).clone() {
            return Ok(route);
        }
        let environment = &self.inner.config.environment;
        let missing = |name: &str, what: &str| UserError::new(ErrorCode::NotConnected, format!("BC_AGENT_BC_TOKEN is set, but {name} is not: {what}."));
        let token = environment.secret("BC_AGENT_BC_TOKEN").cloned();
        let account = if token.is_none() { self.newest_account().await? } else { None };
        let company = environment.get("BC_AGENT_COMPANY").ok_or_else(|| missing("BC_AGENT_COMPANY", "name the company by its id or its name"))?;
        let root = environment_root(
            environment.get("BC_AGENT_BC_URL").unwrap_or(PUBLIC_ROOT),
            environment.get("BC_AGENT_TENANT"),
            environment.get("BC_AGENT_ENVIRONMENT"),
        )?;
        let route = match (token, account) {
            (Some(token), _) => {
                let connection = self.resolve(FROM_ENVIRONMENT, &root, company, Arc::new(FixedToken::new(token.clone()))).await?;
                Route::by_token(connection, root, token)
            }
            (None, Some(account)) => {
                self.check_trusted(&root).await?;
                let bearer = self.bearer_of(&account.account_id).await?;
                let connection = self.resolve(FROM_ENVIRONMENT, &root, company, Arc::clone(&bearer)).await?;
                let connection = Connection { account: crate::accounts::shown(&account), ..connection };
                Route { connection, root, bearer, account: Some(account.account_id) }
            }
            (None, None) => {
                return Err(UserError::new(
                    ErrorCode::NotSignedIn,
                    "This needs the connection that the environment described: nobody is signed in, and BC_AGENT_BC_TOKEN is not set now. Nothing was changed.",
                ));
            }
        };
        *lock(&self.inner.environment_route) = Some(route.clone());
        Ok(route)
    }

    /// Finds the company's id and name. A company given by id is taken at its word where the server can't be asked just now.
    pub(crate) async fn resolve(&self, name: &str, root: &str, company: &str, bearer: Arc<dyn TokenSource>) -> Result<Connection, UserError> {
        let (tenant, environment) = tenant_and_environment(root);
        let by_id = bca_bc::RecordId::parse(company).ok();
        let found = tokio::time::timeout(LOOK_UP, self.companies_by(root, bearer)).await.unwrap_or_else(|_| {
            Err(UserError::passing(
                ErrorCode::BusinessCentralUnavailable,
                format!("Business Central did not answer within {} seconds. Nothing was changed.", LOOK_UP.as_secs()),
            ))
        });
        let (company_id, company) = match (found, by_id) {
            (Ok(companies), by_id) => {
                let wanted = |c: &&CompanyChoice| by_id.as_ref().is_some_and(|id| id.as_str() == c.id) || c.name.eq_ignore_ascii_case(company);
                let choice = companies.iter().find(wanted).ok_or_else(|| {
                    let names: Vec<&str> = companies.iter().map(|c| c.name.as_str()).collect();
                    UserError::new(ErrorCode::NotConnected, format!("There is no company `{company}` here. There are: {}.", names.join(", ")))
                })?;
                (choice.id.clone(), choice.name.clone())
            }
            (Err(fault), Some(id)) if fault.code == ErrorCode::BusinessCentralUnavailable || fault.code == ErrorCode::BusinessCentralThrottled => {
                (id.to_string(), id.to_string())
            }
            (Err(fault), _) => return Err(fault),
        };
        Ok(Connection { name: name.to_owned(), kind: kind_of(root, &environment), tenant, environment, company, company_id, account: "token".into() })
    }

    /// The connections: the demo's, the environment's, and those set up.
    pub async fn connections(&self) -> Result<Vec<Connection>, UserError> {
        let mut all: Vec<Connection> = match self.mode() {
            Mode::Demo => self.active_connection().await?.into_iter().collect(),
            Mode::Own => self.inner.db.connections().await?.into_iter().map(|stored| stored.connection).collect(),
        };
        let environment = &self.inner.config.environment;
        if self.mode() == Mode::Own && environment.secret("BC_AGENT_BC_TOKEN").is_some() && environment.get("BC_AGENT_COMPANY").is_some() {
            all.insert(0, self.environment_route().await?.connection);
        }
        Ok(all)
    }

    /// Sets a connection up after its company was found; it becomes the active one.
    pub async fn add_connection(&self, new: NewConnection) -> Result<Connection, UserError> {
        let name = self.check_name(&new.name)?;
        let name = name.as_str();
        let root = api_root(&new.base_url)?;
        let connection = self.resolve(name, &root, new.company.trim(), Arc::new(FixedToken::new(new.token.clone()))).await?;
        let before = self.inner.db.connection(name).await.ok();
        self.inner.db.put_connection(&connection, &root).await?;
        self.inner.db.set_connection_account(name, None).await?;
        // A token that was kept for a connection of this name is another one's.
        self.forget_connection_token(name).await?;
        lock(&self.inner.tokens).insert(name.to_owned(), new.token);
        self.inner.benches.forget(name).await;
        self.connection_changed(before.as_ref(), &connection, &root).await;
        self.use_connection(name).await?;
        Ok(connection)
    }

    /// Writes down that a connection was added or changed, with where it led before and where it leads now.
    pub(crate) async fn connection_changed(&self, before: Option<&StoredConnection>, now: &Connection, root: &str) {
        let text = |text: &str| Json::String(text.to_owned());
        let place = |place: &Connection, root: &str| {
            let Connection { name: _, kind: _, tenant, environment, company, company_id, account } = place;
            let members = [("address", root), ("tenant", tenant), ("environment", environment), ("company", company), ("company_id", company_id)];
            let members = members.into_iter().chain([("account", account.as_str())]);
            Json::Object(members.map(|(name, value)| (name.to_owned(), text(value))).collect())
        };
        let before = before.map_or(Json::Null, |before| place(&before.connection, &before.base_url));
        let details = RawJson::from(&Json::Object(vec![("before".into(), before), ("after".into(), place(now, root))]));
        let record = AuditRecord::new(AuditAction::ConnectionAdded, "connection").of(now.name.clone()).on(now.name.clone());
        self.audit(record.by_account(now.account.clone()).with_details(details)).await;
    }

    /// A name that a connection may have.
    pub(crate) fn check_name(&self, name: &str) -> Result<String, UserError> {
        if self.mode() == Mode::Demo {
            return Err(UserError::new(ErrorCode::InvalidInput, "The demo has one connection of its own. Leave the demo to connect a company."));
        }
        let name = name.trim();
        if name.is_empty() || name.len() > 80 || name.chars().any(char::is_control) || [DEMO, FROM_ENVIRONMENT].contains(&name) {
            return Err(UserError::new(ErrorCode::InvalidInput, "Give the connection a short name of its own."));
        }
        Ok(name.to_owned())
    }

    /// The companies that a token can see.
    pub async fn companies(&self, base_url: &str, token: Secret<String>) -> Result<Vec<CompanyChoice>, UserError> {
        self.companies_by(base_url, Arc::new(FixedToken::new(token))).await
    }

    /// Makes a connection the active one.
    pub async fn use_connection(&self, name: &str) -> Result<(), UserError> {
        self.inner.db.use_connection(name).await?;
        let account = self.inner.db.connection(name).await?.connection.account;
        self.audit(AuditRecord::new(AuditAction::ConnectionUsed, "connection").of(name).on(name).by_account(account)).await;
        Ok(())
    }

    /// Forgets a connection and its token. History stays.
    pub async fn remove_connection(&self, name: &str) -> Result<(), UserError> {
        let account = self.inner.db.connection(name).await?.connection.account;
        self.inner.db.remove_connection(name).await?;
        lock(&self.inner.tokens).remove(name);
        self.forget_connection_token(name).await?;
        self.inner.benches.forget(name).await;
        self.audit(AuditRecord::new(AuditAction::ConnectionRemoved, "connection").of(name).on(name).by_account(account)).await;
        Ok(())
    }

    /// Asks Business Central for its companies, to see that the connection works.
    pub async fn test_connection(&self, name: Option<&str>) -> Result<Connection, UserError> {
        let route = self.route(name).await?.ok_or_else(not_connected)?;
        let companies = self.companies_by(&route.root, Arc::clone(&route.bearer)).await?;
        if companies.iter().any(|c| c.id == route.connection.company_id) {
            return Ok(route.connection);
        }
        Err(UserError::new(ErrorCode::NotConnected, format!("Business Central answers, but the company {} is not there (any more).", route.connection.company)))
    }
}

fn no_such(name: &str) -> UserError {
    UserError::new(ErrorCode::NotFound, format!("There is no connection `{}`.", name.chars().take(80).collect::<String>()))
}

pub(crate) fn not_connected() -> UserError {
    UserError::new(
        ErrorCode::NotConnected,
        "There is no connection to Business Central. Add one with `bc-agent connections add`, in the window, or try the demo with --demo.",
    )
}

fn demo_route(demo: &Addresses) -> Route {
    let (tenant, environment) = tenant_and_environment(&demo.bc_url);
    let connection = Connection {
        name: DEMO.into(),
        kind: ConnectionKind::Demo,
        tenant,
        environment,
        company: demo.company.clone(),
        company_id: demo.company_id.clone(),
        account: "demo".into(),
    };
    Route::by_token(connection, demo.bc_url.clone(), Secret::new(demo.bc_token.clone()))
}

/// The root with `/api/v2.0` at its end, https or on this machine.
pub(crate) fn api_root(text: &str) -> Result<String, UserError> {
    checked(text)?;
    let trimmed = text.trim().trim_end_matches('/');
    Ok(if trimmed.ends_with(API) { trimmed.to_owned() } else { format!("{trimmed}{API}") })
}

/// An address that tokens may go to: https, or on this machine.
pub(crate) fn checked(text: &str) -> Result<Url, UserError> {
    let refuse = |why: &str| UserError::new(ErrorCode::Configuration, format!("The address of Business Central can't be used: {why}."));
    let trimmed = text.trim().trim_end_matches('/');
    let url = Url::parse(trimmed).map_err(|e| refuse(&e.to_string()))?;
    if !url.has_host() || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("it should look like https://api.businesscentral.dynamics.com/v2.0/TENANT/ENVIRONMENT"));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => return Err(refuse("only https is allowed, except on this machine")),
    }
    Ok(url)
}

/// Root, tenant and environment as one address; a root that is already an API root is taken as it is.
fn environment_root(root: &str, tenant: Option<&str>, environment: Option<&str>) -> Result<String, UserError> {
    let root = root.trim().trim_end_matches('/');
    if root.ends_with(API) {
        return api_root(root);
    }
    let mut address = root.to_owned();
    for part in [tenant, environment].into_iter().flatten() {
        address.push('/');
        address.push_str(part);
    }
    api_root(&address)
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// `…/v2.0/{tenant}/{environment}/api/v2.0` or `…/v2.0/{environment}/api/v2.0` (docs/business-central.md, section 1).
pub(crate) fn tenant_and_environment(root: &str) -> (String, String) {
    let Ok(url) = Url::parse(root) else { return Default::default() };
    let parts: Vec<&str> = url.path_segments().map(|s| s.filter(|p| !p.is_empty()).collect()).unwrap_or_default();
    match parts.as_slice() {
        ["v2.0", tenant, environment, "api", "v2.0"] => ((*tenant).to_owned(), (*environment).to_owned()),
        ["v2.0", environment, "api", "v2.0"] => (String::new(), (*environment).to_owned()),
        _ => Default::default(),
    }
}

/// What is not known to be something else counts as production.
pub(crate) fn kind_of(root: &str, environment: &str) -> ConnectionKind {
    let online = Url::parse(root).ok().and_then(|url| url.host_str().map(|host| host.ends_with(".dynamics.com"))).unwrap_or(false);
    match (online, environment.to_ascii_lowercase().contains("sandbox")) {
        (_, true) => ConnectionKind::Sandbox,
        (true, false) => ConnectionKind::Production,
        (false, false) => ConnectionKind::OnPremises,
    }
}

#[cfg(test)]
#[path = "connections_tests.rs"]
mod tests;
