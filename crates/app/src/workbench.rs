//! What a run works with on one connection, built when first needed and kept.

use std::{collections::HashMap, sync::Arc};

use bca_auth::{FixedToken, Secret, TokenSource};
use bca_bc::{Access, Client, Language, Limits};
use bca_mcp::{BusinessCentral, NewIds, Toolset};
use bca_protocol::{AccountId, Connection, ConnectionKind, ErrorCode, UserError};

use crate::{App, Key};

/// Tools on one connection, or without any.
pub(crate) struct Workbench {
    pub(crate) connection: Option<Connection>,
    /// Where its writes go and as whom: two accounts may have one name.
    target: Option<bca_approval::Target>,
    pub(crate) tools: Arc<Toolset>,
}

/// How a connection is reached: its API root, and as whom.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) connection: Connection,
    pub(crate) root: String,
    pub(crate) bearer: Arc<dyn TokenSource>,
    /// The account, where it is one's.
    pub(crate) account: Option<AccountId>,
}

impl Route {
    pub(crate) fn target(&self) -> bca_approval::Target {
        bca_approval::Target {
            root: self.root.clone(),
            tenant: self.connection.tenant.clone(),
            environment: self.connection.environment.clone(),
            company_id: self.connection.company_id.clone(),
            // Not the mail address, which may be another one's tomorrow.
            account: self.account.as_ref().map_or_else(|| self.connection.account.clone(), AccountId::to_string),
        }
    }

    /// A route by a token that a person or a script gave.
    pub(crate) fn by_token(connection: Connection, root: String, token: Secret<String>) -> Self {
        Self { connection, root, bearer: Arc::new(FixedToken::new(token)), account: None }
    }
}

/// The benches in use, by connection.
#[derive(Default)]
pub(crate) struct Workbenches {
    by_name: tokio::sync::Mutex<HashMap<Option<String>, Arc<Workbench>>>,
}

impl Workbenches {
    /// Forgets a connection's bench: its token or address changed.
    pub(crate) async fn forget(&self, name: &str) {
        self.by_name.lock().await.remove(&Some(name.to_owned()));
    }

    pub(crate) async fn clear(&self) {
        self.by_name.lock().await.clear();
    }
}

impl App {
    /// The bench for a connection by name, or for the active one.
    pub(crate) async fn workbench(&self, name: Option<&str>) -> Result<Arc<Workbench>, UserError> {
        let route = self.route(name).await?;
        self.bench(route).await
    }

    /// The person's language: as set, else that of the system.
    fn language(&self) -> Option<Language> {
        Language::parse(self.settings_now().get(Key::Language)).or_else(|| self.inner.config.environment.language())
    }

    /// Finding out what an environment does with ids of new records may cost a proposal, so it is done where nothing is at stake.
    fn new_ids(&self, route: Option<&Route>) -> NewIds {
        let is_real = match route.map(|route| route.connection.kind) {
            Some(ConnectionKind::Demo | ConnectionKind::Sandbox) | None => false,
            Some(ConnectionKind::Production | ConnectionKind::OnPremises) => true,
        };
        match self.settings_now().get(Key::NewIds) {
            "never" => NewIds::Never,
            "everywhere" => NewIds::FindOut,
            _ if is_real => NewIds::WhereKept,
            _ => NewIds::FindOut,
        }
    }

    /// The bench without a connection.
    pub(crate) async fn offline_bench(&self) -> Result<Arc<Workbench>, UserError> {
        self.bench(None).await
    }

    async fn bench(&self, route: Option<Route>) -> Result<Arc<Workbench>, UserError> {
        let key = route.as_ref().map(|route| route.connection.name.clone());
        let mut benches = self.inner.benches.by_name.lock().await;
        let target = route.as_ref().map(Route::target);
        let is_the_same = |bench: &&Arc<Workbench>| bench.target == target && bench.connection.as_ref() == route.as_ref().map(|route| &route.connection);
        // Another process may have changed the connection since.
        if let Some(bench) = benches.get(&key).filter(is_the_same) {
            return Ok(Arc::clone(bench));
        }
        let client = match &route {
            None => None,
            Some(route) => {
                let access = Access { target: route.target(), bearer: Arc::clone(&route.bearer) };
                let intents = Arc::new(self.inner.db.clone());
                let client = Client::new(access, intents, Arc::clone(&self.inner.clock), Limits::default()).map_err(|e| UserError::from(&e))?;
                if let Some(language) = self.language() {
                    client.speak(language);
                }
                Some(client)
            }
        };
        // What names no API is passed over here: the setting is a courtesy, and a set that is not found is told as such.
        let apis = self.settings_now().get(Key::CustomApis).split(',').filter_map(|api| api.parse().ok()).collect();
        let business_central =
            BusinessCentral::new(client, Arc::new(self.inner.db.clone()), Arc::clone(&self.inner.clock)).with(apis, self.home().join("attachments"));
        let business_central = business_central.bringing_ids(Arc::new(self.inner.db.clone()), self.new_ids(route.as_ref()));
        let tools = Toolset::start(Arc::new(business_central)).await.map_err(|e| UserError::new(ErrorCode::Internal, e.to_string()))?;
        let bench = Arc::new(Workbench { connection: route.map(|route| route.connection), target, tools: Arc::new(tools) });
        benches.insert(key, Arc::clone(&bench));
        Ok(bench)
    }
}
