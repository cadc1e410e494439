//! The token endpoint (RFC 6749, RFC 7636): codes and refresh tokens in, tokens out, refusals told apart.

use std::{fmt, time::Duration};

use oauth2::{
    AuthUrl, AuthorizationCode, Client, ClientId, EmptyExtraTokenFields, EndpointNotSet, EndpointSet, ErrorResponse, ExtraTokenFields, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken, StandardTokenIntrospectionResponse, StandardTokenResponse, TokenResponse,
    TokenUrl,
    basic::{BasicRevocationErrorResponse, BasicTokenType},
};
use serde::{Deserialize, Serialize};

use crate::{
    AuthError, Interaction, Reason, Secret,
    discovery::Endpoints,
    error::code,
    http::{Http, HttpFault},
};

/// A token's life where the service doesn't say.
const SHORT: Duration = Duration::from_secs(600);
/// The longest that is believed: a day is the most that Entra gives.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The client of the protocol, with both endpoints known.
pub(crate) type Protocol = Client<
    Refusal,
    StandardTokenResponse<Extra, BasicTokenType>,
    StandardTokenIntrospectionResponse<EmptyExtraTokenFields, BasicTokenType>,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What OpenID Connect adds to an answer.
#[derive(Deserialize, Serialize)]
pub(crate) struct Extra {
    #[serde(default)]
    id_token: Option<String>,
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Extra")
    }
}

impl ExtraTokenFields for Extra {}

/// A refusal with what Entra adds to it. Its `error_description` is not read: it is for logs of the service, not for decisions.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Refusal {
    error: String,
    #[serde(default)]
    suberror: Option<String>,
    #[serde(default)]
    claims: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&code(&self.error))
    }
}

impl ErrorResponse for Refusal {}

/// What a grant gave.
pub(crate) struct Granted {
    pub(crate) access: Secret<String>,
    /// From now.
    pub(crate) lives: Duration,
    pub(crate) refresh: Option<Secret<String>>,
    pub(crate) id_token: Option<Secret<String>>,
}

/// The client for these endpoints.
pub(crate) fn protocol(endpoints: &Endpoints, client_id: &str) -> Protocol {
    Client::new(ClientId::new(client_id.to_owned()))
        .set_auth_uri(AuthUrl::from_url(endpoints.authorization.clone()))
        .set_token_uri(TokenUrl::from_url(endpoints.token.clone()))
        // A public client has no secret: its id goes into the body (RFC 6749, 3.2.1).
        .set_auth_type(oauth2::AuthType::RequestBody)
}

/// Redeems a code.
pub(crate) async fn redeem(
    http: &Http,
    protocol: &Protocol,
    code: &Secret<String>,
    verifier: PkceCodeVerifier,
    redirect: RedirectUrl,
) -> Result<Granted, AuthError> {
    let request =
        protocol.exchange_code(AuthorizationCode::new(code.expose().clone())).set_pkce_verifier(verifier).set_redirect_uri(std::borrow::Cow::Owned(redirect));
    request.request_async(http).await.map_err(refused).map(granted)
}

/// Renews: another access token for these scopes, and mostly another refresh token.
pub(crate) async fn renew(http: &Http, protocol: &Protocol, refresh: &Secret<String>, scopes: &[String], claims: Option<&str>) -> Result<Granted, AuthError> {
    let refresh = RefreshToken::new(refresh.expose().clone());
    let mut request = protocol.exchange_refresh_token(&refresh).add_scopes(scopes.iter().cloned().map(Scope::new));
    if let Some(claims) = claims {
        request = request.add_extra_param("claims", claims);
    }
    request.request_async(http).await.map_err(refused).map(granted)
}

fn granted(answer: StandardTokenResponse<Extra, BasicTokenType>) -> Granted {
    Granted {
        access: Secret::new(answer.access_token().secret().clone()),
        lives: answer.expires_in().unwrap_or(SHORT).min(LONGEST),
        refresh: answer.refresh_token().map(|token| Secret::new(token.secret().clone())),
        id_token: answer.extra_fields().id_token.clone().map(Secret::new),
    }
}

fn refused(error: RequestTokenError<HttpFault, Refusal>) -> AuthError {
    match error {
        RequestTokenError::Request(fault) => fault.into(),
        RequestTokenError::ServerResponse(refusal) => judge(&refusal.error, refusal.suberror.as_deref(), refusal.claims),
        // What was sent instead may hold anything: it is not repeated.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => HttpFault::NotJson.into(),
    }
}

/// What a refusal means (RFC 6749, 4.1.2.1 and 5.2; OpenID Connect Core, 3.1.2.6; Entra's `suberror` and `claims`).
pub(crate) fn judge(error: &str, suberror: Option<&str>, claims: Option<String>) -> AuthError {
    let person = |reason| AuthError::Interaction(Interaction { reason, claims: claims.clone() });
    match (error, suberror) {
        ("consent_required", _) | (_, Some("consent_required")) => person(Reason::Consent),
        ("interaction_required" | "account_selection_required" | "insufficient_claims", _)
        | (_, Some("basic_action" | "additional_action" | "message_only" | "protection_policy_required")) => person(Reason::Proof),
        ("invalid_grant", _) if claims.is_some() => person(Reason::Proof),
        ("invalid_grant" | "login_required", _) => person(Reason::SignIn),
        ("access_denied", _) => AuthError::Denied,
        ("temporarily_unavailable" | "server_error" | "slow_down", _) => AuthError::Unavailable(format!("it says {}", code(error))),
        (other, _) => AuthError::Refused(code(other)),
    }
}
