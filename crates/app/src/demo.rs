//! The demo: a Business Central, an identity provider and a model of our own, over real HTTP on this machine. The engine
//! reaches them like any other.

use std::{net::Ipv4Addr, path::PathBuf};

use bca_demo::{identity, model};
use bca_protocol::{ErrorCode, UserError};
use serde::Serialize;
use tokio::net::TcpListener;

/// Pause between the pieces of the model's answer, so that it reads like one who thinks.
const PACE: std::time::Duration = std::time::Duration::from_millis(4);

/// Where the demo company's books are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Gone when the servers stop.
    Memory,
    /// In this file; made and seeded when it isn't there.
    File(PathBuf),
}

/// What the demo company's environment has beside the standard API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extension {
    /// Nothing.
    #[default]
    None,
    /// A partner's loyalty programme: the API `contoso/loyalty/v1.0`, and fields of it on customers.
    Loyalty,
}

/// How the demo servers are started.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Port of Business Central; 0 for any.
    pub bc_port: u16,
    /// Port of the model; 0 for any.
    pub model_port: u16,
    /// Port of the identity provider; 0 for any.
    pub identity_port: u16,
    /// Ids and chance in the history come from it.
    pub seed: Option<u64>,
    /// Multiplies the history.
    pub scale: u32,
    /// `SET:METHOD:N:FAULT`
    pub faults: Vec<String>,
    /// `NAME=VALUE` ([`SWITCHES`]): what Microsoft's pages leave open about the real server.
    pub switches: Vec<String>,
    /// What a partner added.
    pub extension: Extension,
    /// Where the books are.
    pub data: Data,
    /// Pause between the pieces of the model's answers.
    pub pace: std::time::Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            bc_port: 0,
            model_port: 0,
            identity_port: 0,
            seed: None,
            scale: 1,
            faults: Vec::new(),
            switches: Vec::new(),
            extension: Extension::None,
            data: Data::Memory,
            pace: PACE,
        }
    }
}

/// Where the demo servers answer, and what opens them.
#[derive(Debug, Clone, Serialize)]
pub struct Addresses {
    /// API root, ends in `/api/v2.0`.
    pub bc_url: String,
    /// The first company.
    pub company_id: String,
    /// A bearer token for the demo company: nothing real behind it.
    pub bc_token: String,
    /// The identity provider's authority, tenant included.
    pub authority: String,
    /// The demo's app registration.
    pub client_id: String,
    /// Root of the model's API.
    pub model_url: String,
    /// The model's key: nothing real behind it.
    pub model_key: String,
    /// The first company's name.
    #[serde(skip)]
    pub company: String,
}

/// The servers while they run.
pub struct DemoServers {
    addresses: Addresses,
    company: bca_sim::Running,
    model: model::Running,
    identity: identity::Running,
}

/// Starts the three servers on loopback.
///
/// # Errors
/// A port that is taken, a fault or a switch that can't be read, a company file that can't be opened.
pub async fn serve(options: ServeOptions) -> Result<DemoServers, UserError> {
    let fault = |what: &str, why: &dyn std::fmt::Display| UserError::new(ErrorCode::Configuration, format!("The demo {what} could not be started: {why}."));
    let faults = options
        .faults
        .iter()
        .map(|spec| spec.parse().map_err(|e: bca_sim::FaultSyntax| UserError::new(ErrorCode::InvalidInput, e.to_string())))
        .collect::<Result<Vec<bca_sim::Fault>, _>>()?;
    let mut switches = bca_sim::Switches::default();
    for spec in &options.switches {
        switch(&mut switches, spec)?;
    }
    let identity_options = identity::Options::default();
    let identity = identity::serve(listen(options.identity_port).await?, identity_options).await.map_err(|e| fault("identity provider", &e))?;
    let model_key = format!("demo-{}", uuid::Uuid::new_v4().simple());
    let model_options = model::Options { key: Some(model_key.clone()), delta_delay: options.pace };
    let model = model::serve(listen(options.model_port).await?, model_options).await.map_err(|e| fault("model", &e))?;
    let bc_token = identity.script_token();
    let mut company_options = bca_sim::Options::new(bc_token.clone());
    company_options.data = match options.data {
        Data::Memory => bca_sim::DataSource::Memory,
        Data::File(path) => bca_sim::DataSource::File(path),
    };
    if let Some(seed) = options.seed {
        company_options.seed = seed;
    }
    company_options.scale = options.scale;
    company_options.faults = faults;
    company_options.switches = switches;
    company_options.extension = match options.extension {
        Extension::None => bca_sim::Extension::None,
        Extension::Loyalty => bca_sim::Extension::Loyalty,
    };
    company_options.token = bca_sim::TokenCheck::Any(identity.token_check());
    let company = bca_sim::serve(listen(options.bc_port).await?, company_options).await.map_err(|e| fault("company", &e))?;
    let (company_id, name) = company.companies().into_iter().next().ok_or_else(|| fault("company", &"it has no company"))?;
    let addresses = Addresses {
        bc_url: company.base_url(),
        company_id: company_id.to_string(),
        bc_token,
        authority: identity.authority(),
        client_id: identity.client_id().to_owned(),
        model_url: model.base_url(),
        model_key,
        company: name,
    };
    Ok(DemoServers { addresses, company, model, identity })
}

/// The switches of [`ServeOptions::switches`], with their values; the first is the default.
pub const SWITCHES: &str = "delete-requires-if-match=true|false, honours-client-ids=true|false, duplicate-status=400|409, \
                            prevents-negative-stock=true|false, after-failure=goes-on|stops, honours-snapshots=true|false, \
                            taken-numbers=given-back|used-up";

/// Sets one of them.
fn switch(switches: &mut bca_sim::Switches, spec: &str) -> Result<(), UserError> {
    let unknown = || UserError::new(ErrorCode::InvalidInput, format!("`{}` is no switch. There are: {SWITCHES}.", spec.escape_debug()));
    let (name, value) = spec.split_once('=').ok_or_else(unknown)?;
    let truth = || value.parse::<bool>().map_err(|_| unknown());
    match (name, value) {
        ("delete-requires-if-match", _) => switches.delete_requires_if_match = truth()?,
        ("honours-client-ids", _) => switches.honours_client_ids = truth()?,
        ("prevents-negative-stock", _) => switches.prevents_negative_stock = truth()?,
        ("honours-snapshots", _) => switches.honours_snapshots = truth()?,
        ("taken-numbers", "given-back") => switches.taken_numbers = bca_sim::TakenNumbers::GivenBack,
        ("taken-numbers", "used-up") => switches.taken_numbers = bca_sim::TakenNumbers::UsedUp,
        ("duplicate-status", "400") => switches.duplicate_status = 400,
        ("duplicate-status", "409") => switches.duplicate_status = 409,
        ("after-failure", "goes-on") => switches.after_failure = bca_sim::AfterFailure::GoesOn,
        ("after-failure", "stops") => switches.after_failure = bca_sim::AfterFailure::Stops,
        _ => return Err(unknown()),
    }
    Ok(())
}

async fn listen(port: u16) -> Result<TcpListener, UserError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|e| UserError::new(ErrorCode::Configuration, format!("Port {port} of this machine can't be used: {e}. Choose another one.")))
}

impl DemoServers {
    /// Where they answer.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Where the books of another version of this program went, when this start found them in the file's place.
    #[must_use]
    pub fn set_aside(&self) -> Option<&std::path::Path> {
        self.company.set_aside()
    }

    /// Stops them; what was written to a company file stays.
    pub async fn stop(self) {
        let Self { company, model, identity, addresses: _ } = self;
        company.stop().await;
        model.stop().await;
        identity.stop().await;
    }
}
