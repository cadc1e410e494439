use std::sync::Arc;

use bca_auth::TokenSource;
use bca_protocol::{Clock, Json};
use tokio_util::sync::CancellationToken;

use crate::{
    BcError, Freshness, Limits,
    page::{not_json, unusable},
    wire::Wire,
};

/// What an environment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvironmentKind {
    /// The books themselves. What is not known to be a sandbox counts as this.
    Production,
    /// For trying things out.
    Sandbox,
}

/// An environment of the signed-in person's tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name, as it stands in addresses.
    pub name: String,
    /// What it is for.
    pub kind: EnvironmentKind,
    /// The Entra tenant (GUID); empty where the service does not tell.
    pub tenant: String,
    /// ISO 3166 code of its localisation; empty where the service does not tell.
    pub country: String,
    /// Root of its standard API: ends in `/api/v2.0`. Made from names, never from a link in the answer.
    pub api_root: String,
}

/// The environments of a tenant (docs/business-central.md, section 1). `service` is the root of Business Central,
/// `https://api.businesscentral.dynamics.com/v2.0`.
///
/// # Errors
/// As for [`crate::Client::query`].
pub async fn environments(
    service: &str,
    bearer: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    cancel: &CancellationToken,
) -> Result<Vec<Environment>, BcError> {
    let wire = Wire::to_service(service, bearer, clock, limits)?;
    let text = wire.read(&wire.address("environments/v1.2")?, Freshness::Replica, cancel).await?;
    let tree = Json::parse(&text).map_err(|e| unusable(not_json(&text, &e)))?;
    let Some(Json::Array(rows)) = tree.get("value") else {
        return Err(unusable("it is no list of environments.".into()));
    };
    rows.iter().map(|row| environment(service, row).ok_or_else(|| unusable("a row is no environment.".into()))).collect()
}

fn environment(service: &str, row: &Json) -> Option<Environment> {
    let text = |name: &str| row.get(name).and_then(Json::as_str).unwrap_or_default().trim().to_owned();
    let (name, tenant) = (text("name"), text("aadTenantId"));
    let in_addresses =
        |part: &str| part.len() <= 100 && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) && !part.contains("..");
    if name.is_empty() || !in_addresses(&name) || !in_addresses(&tenant) {
        return None;
    }
    let kind = if text("type").eq_ignore_ascii_case("sandbox") { EnvironmentKind::Sandbox } else { EnvironmentKind::Production };
    let below = if tenant.is_empty() { name.clone() } else { format!("{tenant}/{name}") };
    let api_root = format!("{}/{below}/api/v2.0", service.trim().trim_end_matches('/'));
    Some(Environment { name, kind, tenant, country: text("countryCode"), api_root })
}

#[cfg(test)]
#[path = "environments_tests.rs"]
mod tests;
