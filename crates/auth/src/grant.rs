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
    granted(request.request_async(http).await.map_err(refused)?)
}

/// Renews: another access token for these scopes, and mostly another refresh token.
pub(crate) async fn renew(http: &Http, protocol: &Protocol, refresh: &Secret<String>, scopes: &[String], claims: Option<&str>) -> Result<Granted, AuthError> {
    let refresh = RefreshToken::new(refresh.expose().clone());
    let mut request = protocol.exchange_refresh_token(&refresh).add_scopes(scopes.iter().cloned().map(Scope::new));
    if let Some(claims) = claims {
        request = request.add_extra_param("claims", claims);
    }
    granted(request.request_async(http).await.map_err(refused)?)
}

/// An answer of the token endpoint whose `expires_in` is a number of seconds, as RFC 6749 (5.1) has it, or is not there: some services send it
/// as text, and a life that is none is as good as none said.
pub(crate) fn with_a_usable_life(body: Vec<u8>) -> Vec<u8> {
    let Ok(mut members) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&body) else { return body };
    let Some(life) = members.get("expires_in").filter(|life| !life.is_u64()) else { return body };
    let seconds = match life {
        serde_json::Value::String(text) => text.trim().parse::<u64>().ok(),
        // Fractions of a second don't matter; what is negative or beyond all numbers becomes nothing.
        serde_json::Value::Number(number) => number.as_f64().filter(|seconds| (0.0..1e15).contains(seconds)).map(|seconds| seconds as u64),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    };
    match seconds {
        Some(seconds) => drop(members.insert("expires_in".into(), seconds.into())),
        None => drop(members.remove("expires_in")),
    }
    serde_json::to_vec(&members).unwrap_or(body)
}

/// What an answer gives, where it is a bearer token that can be sent at all (RFC 6750, 2.1; RFC 6749, 7.1: no other type may be used).
fn granted(answer: StandardTokenResponse<Extra, BasicTokenType>) -> Result<Granted, AuthError> {
    let token = answer.access_token().secret();
    if *answer.token_type() != BasicTokenType::Bearer {
        return Err(AuthError::Protocol("it gives tokens of a type that can't be used here".into()));
    }
    if token.is_empty() || !token.bytes().all(|c| c.is_ascii_graphic()) {
        return Err(AuthError::Protocol("it gives no access token".into()));
    }
    Ok(Granted {
        access: Secret::new(token.clone()),
        lives: answer.expires_in().unwrap_or(SHORT).min(LONGEST),
        // An empty one is none: the one before stands.
        refresh: answer.refresh_token().filter(|token| !token.secret().is_empty()).map(|token| Secret::new(token.secret().clone())),
        id_token: answer.extra_fields().id_token.clone().map(Secret::new),
    })
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
