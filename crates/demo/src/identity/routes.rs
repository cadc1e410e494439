//! The addresses of the provider.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::Options;
use super::grants::{Code, Grants, Refused};
use super::keys::{Keys, NoKey};
use super::misbehaviour::overlay;
use super::{Codes, Misbehaviour, Person};

pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) authority: String,
    pub(super) grants: Grants,
    /// Who comes to the authorize page.
    pub(super) person: Mutex<Arc<Person>>,
    pub(super) keys: Mutex<Arc<Keys>>,
    pub(super) keys_read: AtomicU64,
    /// Keys that are not published.
    pub(super) others: Keys,
    pub(super) wrong: Mutex<Vec<Misbehaviour>>,
    pub(super) codes: AtomicU64,
    pub(super) refreshes: AtomicU64,
    /// The `claims` of requests, in the order in which they came.
    pub(super) claims: Mutex<Vec<String>>,
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
    fn wrong(&self) -> Vec<Misbehaviour> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn does(&self, wrong: &Misbehaviour) -> bool {
        self.wrong().contains(wrong)
    }

    /// Notes what a request asks to be proved (OpenID Connect Core, 5.5).
    fn hear(&self, request: &Form) {
        if let Some(claims) = request.get("claims") {
            self.claims.lock().unwrap_or_else(PoisonError::into_inner).push(claims.clone());
        }
    }

    async fn dawdle(&self) {
        for wrong in self.wrong() {
            if let Misbehaviour::Slow(pause) = wrong {
                tokio::time::sleep(pause).await;
            }
        }
    }

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
    if shared.does(&Misbehaviour::HtmlDiscovery) {
        return Ok(Html("<!doctype html><title>Welcome to the hotel's network</title>").into_response());
    }
    let at = &shared.authority;
    let root = at.strip_suffix(&format!("/{}", shared.options.tenant)).unwrap_or(at);
    let mut document = json!({
        "issuer": format!("{at}/v2.0"),
        "authorization_endpoint": format!("{at}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{at}/oauth2/v2.0/token"),
        "end_session_endpoint": format!("{at}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{at}/discovery/v2.0/keys"),
        "userinfo_endpoint": format!("{root}/oidc/userinfo"),
        "msgraph_host": root.trim_start_matches("http://"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
    });
    for wrong in shared.wrong() {
        if let Misbehaviour::Discovery(with) = wrong {
            overlay(&mut document, &with);
        }
    }
    Ok(axum::Json(document).into_response())
}

async fn keys(State(shared): State<Arc<Shared>>, Path(tenant): Path<String>) -> Result<Response, Response> {
    shared.known(&tenant).map_err(|refusal| *refusal)?;
    shared.keys_read.fetch_add(1, Ordering::Relaxed);
    let keys = shared.keys().published().await.map_err(|error| refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &error.to_string()))?;
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
    shared.hear(&asked);
    shared.dawdle().await;
    let answer = match request_fault(&asked) {
        None if shared.does(&Misbehaviour::Denied) => vec![("error", "access_denied".to_owned()), ("error_description", "The person said no.".to_owned())],
        Some((error, description)) => vec![("error", error.to_owned()), ("error_description", description.to_owned())],
        None => {
            let person = Arc::clone(&shared.person.lock().unwrap_or_else(PoisonError::into_inner));
            let nonce = asked.get("nonce").cloned();
            let code = Code::new(text("redirect_uri").to_owned(), text("code_challenge").to_owned(), text("scope").to_owned(), nonce, person);
            let code = shared.grants.issue_code(code).map_err(|error| page(&error.to_string()))?;
            vec![("code", code)]
        }
    };
    let state = match asked.get("state") {
        _ if shared.does(&Misbehaviour::NoState) => None,
        Some(_) if shared.does(&Misbehaviour::WrongState) => Some("another one's".to_owned()),
        state => state.cloned(),
    };
    back.query_pairs_mut().extend_pairs(answer).extend_pairs(state.map(|state| ("state", state)));
    for wrong in shared.wrong() {
        if let Misbehaviour::Back(more) = wrong {
            back.query_pairs_mut().extend_pairs(more);
        }
    }
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
    shared.hear(&form);
    shared.dawdle().await;
    if let Some(answer) = astray(&shared, &form) {
        return Err(answer);
    }
    let (scope, person, nonce, replaces) = match text("grant_type") {
        "authorization_code" => {
            shared.codes.fetch_add(1, Ordering::Relaxed);
            let code = shared.grants.redeem(text("code"), text("redirect_uri"), text("code_verifier")).map_err(refused)?;
            (code.scope, code.person, code.nonce, None)
        }
        "refresh_token" => {
            let (scope, person) = shared.grants.use_refresh(text("refresh_token")).map_err(refused)?;
            (scope, person, None, Some(text("refresh_token")))
        }
        _ => return Err(refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Codes and refresh tokens can be redeemed here.")),
    };
    let wants = |name: &str| scope.split(' ').any(|part| part == name);
    let seconds = shared.grants.access_lifetime().as_secs();
    let access = shared.grants.access(&person).map_err(refused)?;
    let mut answer = json!({"token_type": "Bearer", "scope": scope, "expires_in": seconds, "ext_expires_in": seconds, "access_token": access});
    if wants("offline_access") {
        answer["refresh_token"] = json!(shared.grants.refresh(&scope, &person, replaces).map_err(refused)?);
    }
    if wants("openid") && !shared.does(&Misbehaviour::NoIdToken) {
        let signed = id_token(&shared, claims(&shared, &person, nonce.as_deref(), &access)).await;
        answer["id_token"] = json!(signed.map_err(|error| refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &error.to_string()))?);
    }
    for wrong in shared.wrong() {
        match wrong {
            Misbehaviour::Answer(with) => overlay(&mut answer, &with),
            Misbehaviour::ByteOrderMark => return Ok(([(header::CONTENT_TYPE, "application/json")], format!("\u{feff}{answer}")).into_response()),
            _ => {}
        }
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(answer)).into_response())
}

/// What the token endpoint does in place of its work.
fn astray(shared: &Shared, form: &Form) -> Option<Response> {
    let is_refresh = form.get("grant_type").is_some_and(|grant| grant == "refresh_token");
    if is_refresh {
        shared.refreshes.fetch_add(1, Ordering::Relaxed);
    }
    shared.wrong().into_iter().find_map(|wrong| match wrong {
        Misbehaviour::HtmlToken => Some(Html("<!doctype html><title>Welcome to the hotel's network</title>").into_response()),
        Misbehaviour::BrokenToken => Some((StatusCode::INTERNAL_SERVER_ERROR, Html("<!doctype html><title>Oh dear</title>")).into_response()),
        Misbehaviour::RedirectToken(to) => Some((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()),
        Misbehaviour::Endless => {
            let blanks = futures::stream::repeat_with(|| Ok::<_, std::convert::Infallible>(Bytes::from_static(&[b' '; 4096])));
            Some(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(blanks)).into_response())
        }
        Misbehaviour::Stalls => {
            let silence = futures::stream::pending::<Result<Bytes, std::convert::Infallible>>();
            Some(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(silence)).into_response())
        }
        Misbehaviour::ExpiredCode if !is_refresh => Some(refusal(StatusCode::BAD_REQUEST, "invalid_grant", "The code is expired.")),
        Misbehaviour::Refuses { error, suberror, claims, only_for, codes } => {
            let concerned = is_refresh || codes == Codes::Too;
            let scope = form.get("scope").map(String::as_str).unwrap_or_default();
            let body =
                json!({"error": error, "suberror": suberror, "claims": claims, "error_description": "AADSTS00000: as was asked for.", "error_codes": [0]});
            (concerned && scope.contains(&only_for)).then(|| (StatusCode::BAD_REQUEST, axum::Json(body)).into_response())
        }
        _ => None,
    })
}

/// An id token, signed as it should be or not.
async fn id_token(shared: &Shared, claims: Value) -> Result<String, NoKey> {
    let keys = shared.keys();
    for wrong in shared.wrong() {
        match wrong {
            Misbehaviour::WrongKey => return shared.others.sign_as(&claims, &keys.id().await?).await,
            Misbehaviour::UnknownKey => return shared.others.sign(&claims).await,
            Misbehaviour::SharedSecret => return keys.sign_with_public_key(&claims).await,
            Misbehaviour::AlgNone => {
                let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
                return Ok(format!("{}.{}.", encode(&json!({"typ": "JWT", "alg": "none"})), encode(&claims)));
            }
            _ => {}
        }
    }
    keys.sign(&claims).await
}

/// The claims of an id token.
fn claims(shared: &Shared, person: &Person, nonce: Option<&str>, access: &str) -> Value {
    let wrong = shared.wrong();
    let off = wrong.iter().find_map(|wrong| if let Misbehaviour::ClockOff(seconds) = wrong { Some(*seconds) } else { None });
    let now = jiff::Timestamp::now().as_second() + off.unwrap_or(0);
    let mut claims = json!({
        "iss": format!("{}/v2.0", shared.authority), "aud": shared.options.client_id, "iat": now, "nbf": now, "exp": now + 3_600,
        "sub": person.id, "oid": person.id, "tid": shared.options.tenant, "name": person.display_name,
        "preferred_username": person.user_name, "email": person.user_name, "given_name": person.given_name, "family_name": person.surname, "ver": "2.0",
        // The left half of the access token's hash (OpenID Connect Core, 3.1.3.6).
        "at_hash": URL_SAFE_NO_PAD.encode(&Sha256::digest(access)[..16]),
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    for wrong in &wrong {
        match wrong {
            Misbehaviour::WrongNonce => claims["nonce"] = json!("another one's"),
            Misbehaviour::WrongAudience => claims["aud"] = json!("00000000-0000-0000-0000-000000000000"),
            Misbehaviour::WrongIssuer => claims["iss"] = json!("https://login.example/other/v2.0"),
            Misbehaviour::WrongAccessHash => claims["at_hash"] = json!(URL_SAFE_NO_PAD.encode(&Sha256::digest("another one's")[..16])),
            Misbehaviour::Claims(with) => overlay(&mut claims, with),
            _ => {}
        }
    }
    claims
}

/// Whose bearer token this is, which was issued here.
fn bearer(shared: &Shared, headers: &HeaderMap) -> Result<Arc<Person>, Box<Response>> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let is_script = given.is_some_and(|token| token == shared.grants.script_token());
    let seated = || is_script.then(|| Arc::clone(&shared.person.lock().unwrap_or_else(PoisonError::into_inner)));
    if let Some(person) = given.and_then(|token| shared.grants.holder(token)).or_else(seated) {
        return Ok(person);
    }
    let body = json!({"error": {"code": "InvalidAuthenticationToken", "message": "Access token is empty, expired or not from here."}});
    Err(Box::new((StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], axum::Json(body)).into_response()))
}

async fn me(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Response> {
    let person = bearer(&shared, &headers).map_err(|refusal| *refusal)?;
    if shared.does(&Misbehaviour::NoProfile) {
        return Err(refusal(StatusCode::SERVICE_UNAVAILABLE, "serviceNotAvailable", "Not now."));
    }
    let id = if shared.does(&Misbehaviour::WrongPerson) { "00000000-0000-0000-0000-000000000000" } else { &person.id };
    let body = json!({
        "id": id, "displayName": person.display_name, "givenName": person.given_name, "surname": person.surname,
        "userPrincipalName": person.user_name, "mail": person.user_name, "jobTitle": person.job_title, "department": person.department,
    });
    Ok(axum::Json(body).into_response())
}

async fn userinfo(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Response> {
    let person = bearer(&shared, &headers).map_err(|refusal| *refusal)?;
    Ok(axum::Json(json!({"sub": person.id, "name": person.display_name, "email": person.user_name})).into_response())
}
