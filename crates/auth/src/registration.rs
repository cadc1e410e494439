use url::Url;

use crate::{AuthError, http};

/// Entra's public authority (docs/business-central.md, section 2).
pub const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com";
/// Any work or school account, where no tenant is named.
const ANY_ORGANISATION: &str = "organizations";

/// Which app asks, and whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The authority with its tenant, without a slash at the end: `https://login.microsoftonline.com/TENANT`.
    pub(crate) authority: Url,
    /// Whether the tenant in the authority is only our default.
    pub(crate) any_tenant: bool,
    /// The application (client) id.
    pub(crate) client_id: String,
    /// Microsoft Graph, where the sign-in service doesn't say.
    pub(crate) graph: Option<Url>,
}

/// A registration as settings and environment say it.
#[derive(Debug, Clone, Copy, Default)]
pub struct RegistrationText<'a> {
    /// With or without a tenant; Entra's public one where absent.
    pub authority: Option<&'a str>,
    /// GUID or domain. Not needed where the authority has it.
    pub tenant: Option<&'a str>,
    /// The application (client) id.
    pub client_id: Option<&'a str>,
    /// Root of Microsoft Graph, with or without `/v1.0`.
    pub graph: Option<&'a str>,
}

impl Registration {
    /// Checks the words.
    ///
    /// # Errors
    /// [`AuthError::Configuration`]: no client id, or an address that is neither https nor on this machine.
    pub fn new(text: RegistrationText<'_>) -> Result<Self, AuthError> {
        let client_id = text.client_id.map(str::trim).filter(|id| !id.is_empty()).ok_or_else(|| {
            AuthError::Configuration(
                "No app registration is set, so nobody can sign in. Set `sign_in.client_id` or BC_AGENT_CLIENT_ID to your organisation's (docs/sign-in.md)."
                    .into(),
            )
        })?;
        let mut authority = http::safe(text.authority.unwrap_or(PUBLIC_AUTHORITY), "the sign-in service")?;
        if authority.query().is_some() {
            return Err(AuthError::Configuration("The address of the sign-in service has a query; it needs none.".into()));
        }
        let path = authority.path().trim_matches('/').to_owned();
        let path = path.strip_suffix("v2.0").map_or(path.as_str(), |rest| rest.trim_end_matches('/')).to_owned();
        let any_tenant = path.is_empty() && text.tenant.is_none();
        let path = if path.is_empty() { segment(text.tenant.unwrap_or(ANY_ORGANISATION))? } else { path };
        authority.set_path(&path);
        let graph = text.graph.map(|graph| http::safe(graph, "Microsoft Graph")).transpose()?;
        Ok(Self { authority, any_tenant, client_id: client_id.to_owned(), graph })
    }

    /// The application (client) id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The authority with its tenant.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.authority.as_str().trim_end_matches('/')
    }
}

/// A tenant is one segment of an address.
fn segment(tenant: &str) -> Result<String, AuthError> {
    let tenant = tenant.trim();
    if tenant.is_empty() || tenant.len() > 255 || !tenant.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')) {
        return Err(AuthError::Configuration("The tenant should be its id (a GUID) or one of its domains.".into()));
    }
    Ok(tenant.to_owned())
}
