//! What the sign-in service says about itself (OpenID Connect Discovery 1.0).

use serde::Deserialize;
use url::Url;

use crate::{
    AuthError, Registration,
    http::{Http, HttpFault, is_loopback, safe},
};

/// Where the tenant's id belongs in the issuer of Entra's document for several tenants.
const TENANT: &str = "{tenantid}";

/// The part of the document that is used.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    msgraph_host: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Where the sign-in service answers, checked.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    /// As in ID tokens; Entra's for several tenants has `{tenantid}` in it.
    pub(crate) issuer: String,
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) keys: Url,
    pub(crate) profile: Profile,
    /// Whether every answer names its issuer (RFC 9207).
    pub(crate) names_issuer: bool,
    /// Whether this is Entra, by its own sign.
    pub(crate) is_entra: bool,
}

/// Where a person's profile is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Microsoft Graph's `/v1.0/me`.
    Graph(Url),
    /// OpenID Connect's userinfo.
    UserInfo(Url),
    /// Nowhere: the ID token has to do.
    IdToken,
}

/// Reads the document, at Entra's place first, then at the standard's.
pub(crate) async fn discover(http: &Http, registration: &Registration) -> Result<Endpoints, AuthError> {
    let authority = registration.authority();
    let mut places = vec![format!("{authority}/v2.0"), authority.to_owned()];
    if registration.any_tenant {
        places.push(registration.authority.origin().ascii_serialization());
    }
    let mut missing = AuthError::Configuration(format!("There is no sign-in service at {authority}."));
    for place in places {
        let address = safe(&format!("{place}/.well-known/openid-configuration"), "the sign-in service")?;
        match http.get::<Document>(&address, None).await {
            Ok(document) => return endpoints(document, registration),
            Err(HttpFault::Status(404)) => {}
            Err(HttpFault::Status(400)) => missing = AuthError::Configuration("The sign-in service does not know this tenant.".into()),
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(missing)
}

fn endpoints(document: Document, registration: &Registration) -> Result<Endpoints, AuthError> {
    let authority = &registration.authority;
    let checked = |text: &str| {
        let url = safe(text, "the sign-in service").map_err(|_| AuthError::Protocol("it names an address that is not safe".into()))?;
        // A service on the network has no business on this machine.
        if is_loopback(&url) && !is_loopback(authority) {
            return Err(AuthError::Protocol("it names an address on this machine".into()));
        }
        Ok(url)
    };
    let issuer = checked(&document.issuer.replace(TENANT, "tenant"))?;
    let same_host = issuer.host_str() == authority.host_str() || (is_loopback(&issuer) && is_loopback(authority));
    if !same_host || issuer.port_or_known_default() != authority.port_or_known_default() {
        return Err(AuthError::Protocol("it calls itself something else than it was asked as".into()));
    }
    is_asked_for(&document, registration)?;
    let profile = match (&registration.graph, &document.msgraph_host, &document.userinfo_endpoint) {
        (Some(graph), _, _) => Profile::Graph(me(graph.as_str())?),
        (None, Some(host), _) => {
            let scheme = authority.scheme();
            let graph = checked(&format!("{scheme}://{host}"))?;
            Profile::Graph(me(graph.as_str())?)
        }
        (None, None, Some(address)) => Profile::UserInfo(checked(address)?),
        (None, None, None) => Profile::IdToken,
    };
    Ok(Endpoints {
        authorization: checked(&document.authorization_endpoint)?,
        token: checked(&document.token_endpoint)?,
        keys: checked(&document.jwks_uri)?,
        profile,
        names_issuer: document.authorization_response_iss_parameter_supported,
        is_entra: document.msgraph_host.is_some(),
        issuer: document.issuer,
    })
}

/// Whether the document is about the issuer that was asked (OpenID Connect Discovery 1.0, 4.3): the very one, or, at Entra, which answers for
/// domains and for several tenants, one of the tenant that was named by its id.
fn is_asked_for(document: &Document, registration: &Registration) -> Result<(), AuthError> {
    let authority = registration.authority();
    let issuer = document.issuer.trim_end_matches('/');
    let origin = registration.authority.origin().ascii_serialization();
    let exact = issuer == authority || issuer == format!("{authority}/v2.0") || (registration.any_tenant && issuer == origin);
    let tenant = registration.authority.path().trim_matches('/');
    let of_entra = document.msgraph_host.is_some() || issuer.contains(TENANT);
    let of_the_tenant = uuid::Uuid::parse_str(tenant).is_err() || issuer.contains(TENANT) || issuer.split('/').any(|part| part.eq_ignore_ascii_case(tenant));
    if exact || (of_entra && of_the_tenant) {
        return Ok(());
    }
    Err(AuthError::Protocol("it calls itself something else than it was asked as".into()))
}

/// Whether this is the issuer. Entra's document for several tenants has a place for the tenant's id in it.
pub(crate) fn is_issuer(published: &str, named: &str) -> bool {
    match published.split_once(TENANT) {
        None => published == named,
        Some((before, after)) => {
            let tenant = named.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            tenant.is_some_and(|tenant| uuid::Uuid::parse_str(tenant).is_ok())
        }
    }
}

/// The person's own entry; the root may or may not end in its version.
fn me(root: &str) -> Result<Url, AuthError> {
    let root = root.trim_end_matches('/');
    let version = if root.ends_with("/v1.0") { "" } else { "/v1.0" };
    let fields = "id,displayName,givenName,surname,mail,userPrincipalName,jobTitle,department";
    safe(&format!("{root}{version}/me?$select={fields}"), "Microsoft Graph")
}
