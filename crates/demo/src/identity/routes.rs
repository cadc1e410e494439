//! The addresses of the provider.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use url::Url;

use super::Options;
use super::grants::{Code, Grants, Refused};
use super::keys::Keys;

pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) authority: String,
    pub(super) grants: Grants,
    pub(super) keys: Keys,
}

type Form = HashMap<String, String>;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(configuration))
        .route("/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize))
        .route("/{tenant}/oauth2/v2.0/token", post(token))
        .route("/{tenant}/oauth2/v2.0/logout", get(async || Html("<!doctype html><title>Signed out</title><p>You are signed out of the demo.")))
        .route("/v1.0/me", get(me))
        .route("/oidc/userinfo", get(userinfo))
        .fallback(async || (StatusCode::NOT_FOUND, axum::Json(json!({"error": "not_found"}))))
        .with_state(shared)
}

impl Shared {
    fn known(&self, tenant: &str) -> Result<(), Box<Response>> {
        let common = matches!(tenant, "common" | "organizations");
        if common || tenant == self.options.tenant {
            return Ok(());
        }
        Err(Box::new(refusal(StatusCode::BAD_REQUEST, "invalid_tenant", "The demo provider has one tenant, and this is not it.")))
    }
}

/// An error as the token endpoint gives it (RFC 6749, 5.2).
fn refusal(status: StatusCode, error: &str, description: &str) -> Response {
    let body = json!({"error": error, "error_description": description, "correlation_id": uuid::Uuid::new_v4()});
    (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response()
}

async fn configuration(State(shared): State<Arc<Shared>>, Path(tenant): Path<String>) -> Result<Response, Response> {
    shared.known(&tenant).map_err(|refusal| *refusal)?;
    let at = &shared.authority;
    let root = at.strip_suffix(&format!("/{}", shared.options.tenant)).unwrap_or(at);
    let document = json!({
        "issuer": format!("{at}/v2.0"),
        "authorization_endpoint": format!("{at}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{at}/oauth2/v2.0/token"),
        "end_session_endpoint": format!("{at}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{at}/discovery/v2.0/keys"),
        "userinfo_endpoint": format!("{root}/oidc/userinfo"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
    });
    Ok(axum::Json(document).into_response())
}

async fn keys(State(shared): State<Arc<Shared>>, Path(tenant): Path<String>) -> Result<Response, Response> {
    shared.known(&tenant).map_err(|refusal| *refusal)?;
    let keys = shared.keys.published().await.map_err(|error| refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &error.to_string()))?;
    Ok(axum::Json(keys).into_response())
}

/// Signs the demo person in at once and goes back to the application.
async fn authorize(State(shared): State<Arc<Shared>>, Path(tenant): Path<String>, Query(asked): Query<Form>) -> Result<Response, Response> {
    shared.known(&tenant).map_err(|refusal| *refusal)?;
    let text = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    // Without a client and an address that are known, nobody is sent anywhere.
    if text("client_id") != shared.options.client_id {
        return Err(page("This application is not known to the demo provider."));
    }
    let Some(mut back) = loopback(text("redirect_uri")) else {
        return Err(page("The demo provider sends a sign-in to a loopback address only."));
    };
    let answer = match request_fault(&asked) {
        Some((error, description)) => vec![("error", error.to_owned()), ("error_description", description.to_owned())],
        None => {
            let code = Code::new(text("redirect_uri").to_owned(), text("code_challenge").to_owned(), text("scope").to_owned(), asked.get("nonce").cloned());
            let code = shared.grants.issue_code(code).map_err(|error| page(&error.to_string()))?;
            vec![("code", code)]
        }
    };
    back.query_pairs_mut().extend_pairs(answer).extend_pairs(asked.get("state").map(|state| ("state", state)));
    let body = Html("<!doctype html><title>Demo sign-in</title><p>Signed in to the demo. Going back to the application.");
    Ok((StatusCode::FOUND, [(header::LOCATION, back.to_string()), (header::CACHE_CONTROL, "no-store".to_owned())], body).into_response())
}

fn page(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Html(format!("<!doctype html><title>Demo sign-in</title><p>{message}"))).into_response()
}

/// What is wrong with an authorization request whose sender is known.
fn request_fault(asked: &Form) -> Option<(&'static str, &'static str)> {
    let text = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    match () {
        () if text("response_type") != "code" => Some(("unsupported_response_type", "Only the authorization code flow is offered.")),
        () if text("code_challenge_method") != "S256" => Some(("invalid_request", "PKCE with S256 is required.")),
        // A SHA-256 in base 64 without padding.
        () if text("code_challenge").len() != 43 => Some(("invalid_request", "The code challenge is no S256 challenge.")),
        () if text("scope").is_empty() => Some(("invalid_scope", "A scope is required.")),
        () => None,
    }
}

/// An http address on this machine, with any port (RFC 8252, 7.3), without a fragment or a user.
fn loopback(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let local = match url.host()? {
        url::Host::Ipv4(ip) => ip.is_loopback(),
        url::Host::Ipv6(ip) => ip.is_loopback(),
        url::Host::Domain(name) => name == "localhost",
    };
    let plain = url.scheme() == "http" && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    (local && plain).then_some(url)
}

async fn token(State(shared): State<Arc<Shared>>, Path(tenant): Path<String>, body: Bytes) -> Result<Response, Response> {
    shared.known(&tenant).map_err(|refusal| *refusal)?;
    let form: Form = url::form_urlencoded::parse(&body).into_owned().collect();
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if text("client_id") != shared.options.client_id {
        return Err(refusal(StatusCode::UNAUTHORIZED, "invalid_client", "This application is not known to the demo provider."));
    }
    let refused = |refused: Refused| match refused {
        Refused::Randomness => refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &refused.to_string()),
        _ => refusal(StatusCode::BAD_REQUEST, "invalid_grant", &refused.to_string()),
    };
    let (scope, nonce, replaces) = match text("grant_type") {
        "authorization_code" => {
            let code = shared.grants.redeem(text("code"), text("redirect_uri"), text("code_verifier")).map_err(refused)?;
            (code.scope, code.nonce, None)
        }
        "refresh_token" => (shared.grants.use_refresh(text("refresh_token")).map_err(refused)?, None, Some(text("refresh_token"))),
        _ => return Err(refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Codes and refresh tokens can be redeemed here.")),
    };
    let wants = |name: &str| scope.split(' ').any(|part| part == name);
    let seconds = shared.grants.access_lifetime().as_secs();
    let mut answer = json!({
        "token_type": "Bearer", "scope": scope, "expires_in": seconds, "ext_expires_in": seconds,
        "access_token": shared.grants.access().map_err(refused)?,
    });
    if wants("offline_access") {
        answer["refresh_token"] = json!(shared.grants.refresh(&scope, replaces).map_err(refused)?);
    }
    if wants("openid") {
        let signed = shared.keys.sign(&claims(&shared, nonce.as_deref())).await;
        answer["id_token"] = json!(signed.map_err(|error| refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &error.to_string()))?);
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(answer)).into_response())
}

/// The claims of an id token.
fn claims(shared: &Shared, nonce: Option<&str>) -> Value {
    let now = jiff::Timestamp::now().as_second();
    let person = &shared.options.person;
    let mut claims = json!({
        "iss": format!("{}/v2.0", shared.authority), "aud": shared.options.client_id, "iat": now, "nbf": now, "exp": now + 3_600,
        "sub": person.id, "oid": person.id, "tid": shared.options.tenant, "name": person.display_name,
        "preferred_username": person.user_name, "email": person.user_name, "ver": "2.0",
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    claims
}

/// Admits a bearer token that was issued here.
fn bearer(shared: &Shared, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    if given.is_some_and(|token| shared.grants.accepts(token)) {
        return Ok(());
    }
    let body = json!({"error": {"code": "InvalidAuthenticationToken", "message": "Access token is empty, expired or not from here."}});
    Err(Box::new((StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], axum::Json(body)).into_response()))
}

async fn me(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Response> {
    bearer(&shared, &headers).map_err(|refusal| *refusal)?;
    let person = &shared.options.person;
    let body = json!({"id": person.id, "displayName": person.display_name, "userPrincipalName": person.user_name, "mail": person.user_name});
    Ok(axum::Json(body).into_response())
}

async fn userinfo(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Response> {
    bearer(&shared, &headers).map_err(|refusal| *refusal)?;
    let person = &shared.options.person;
    Ok(axum::Json(json!({"sub": person.id, "name": person.display_name, "email": person.user_name})).into_response())
}
