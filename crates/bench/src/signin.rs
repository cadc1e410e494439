//! What signing in takes beside the provider: the whole of it, less the same requests sent plainly in the same round.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bca_app::{
    SignInOptions,
    demo::{self, Addresses, ServeOptions},
};
use reqwest::header::LOCATION;
use serde_json::Value;

use crate::{
    engine,
    figures::{Figure, Goal, Unit, percentile},
    outcome::{Outcome, fault},
    turns::millis,
};

const PART: &str = "Sign-in, first in its process, and leave for Business Central after it (plain: the same requests to the provider)";
const ROUNDS: usize = 25;
/// Of our own, beside what the provider takes.
const GOAL: Goal = Goal::AtMost(200.0);
/// What Business Central is asked for leave with.
const BUSINESS_CENTRAL: &str = "https%3A%2F%2Fapi.businesscentral.dynamics.com%2F.default%20offline_access";
/// A verifier of PKCE and its challenge (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Signs in again and again, in turns with a plain program that sends the provider the same requests.
pub async fn measure() -> Outcome<Vec<Figure>> {
    let servers = demo::serve(ServeOptions::default()).await?;
    let addresses = servers.addresses().clone();
    // The provider makes its keys when they are first asked for.
    plain(&addresses).await?;
    let (mut whole, mut plainly, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let provider = plain(&addresses).await?;
        let signing_in = sign_in(&addresses).await?;
        whole.push(millis(signing_in));
        plainly.push(millis(provider));
        own.push(millis(signing_in) - millis(provider));
    }
    servers.stop().await;
    let beside = percentile(&mut plainly, 50);
    Ok(vec![
        Figure::new(PART, "all of it, median".to_owned(), percentile(&mut whole, 50), Unit::Millis).beside(beside),
        Figure::new(PART, "of our own, median".to_owned(), percentile(&mut own, 50), Unit::Millis).goal(GOAL),
        Figure::new(PART, "of our own, 95th percentile".to_owned(), percentile(&mut own, 95), Unit::Millis).goal(GOAL),
    ])
}

/// One sign-in on a new home, with a browser that goes where it is sent at once; how long it took.
async fn sign_in(addresses: &Addresses) -> Outcome<Duration> {
    let place = tempfile::tempdir()?;
    let app = engine::start(&place.path().join("home"), &variables(addresses, place.path())).await?;
    let visits = Visits::default();
    let began = Instant::now();
    let account = app.sign_in(visits.options()).await?;
    app.connect_account(&account.account_id, visits.options()).await?;
    let took = began.elapsed();
    let seen = visits.count();
    app.stop().await;
    if seen == 1 { Ok(took) } else { fault(format!("the browser was needed {seen} times")) }
}

fn variables(addresses: &Addresses, place: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("BC_AGENT_BC_URL", addresses.bc_url.clone()),
        ("BC_AGENT_AUTHORITY", addresses.authority.clone()),
        ("BC_AGENT_CLIENT_ID", addresses.client_id.clone()),
        ("BC_AGENT_KEY_FILE", place.join("keys").display().to_string()),
        // The measuring program goes in its place.
        ("BROWSER", "true".to_owned()),
    ]
}

/// The visits of a browser to the addresses that it was shown.
#[derive(Default)]
struct Visits(Arc<Mutex<Vec<String>>>);

impl Visits {
    fn options(&self) -> SignInOptions {
        let visits = Arc::clone(&self.0);
        let show = move |address: &str| {
            visits.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(address.to_owned());
            let address = address.to_owned();
            tokio::spawn(async move {
                if let Err(fault) = browse(&address).await {
                    eprintln!("the browser: {fault}");
                }
            });
        };
        SignInOptions { timeout: Some(Duration::from_secs(20)), show: Some(Arc::new(show)), ..SignInOptions::default() }
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len()
    }
}

/// A client that asks for no redirect but tells of it.
fn client() -> Outcome<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(reqwest::redirect::Policy::none()).build()?)
}

/// Goes to the provider, and where it sends the browser.
async fn browse(address: &str) -> Outcome {
    let client = client()?;
    let back = sent_to(&client, address).await?;
    client.get(back).send().await?.error_for_status()?;
    Ok(())
}

async fn sent_to(client: &reqwest::Client, address: &str) -> Outcome<String> {
    let answer = client.get(address).send().await?;
    match answer.headers().get(LOCATION).and_then(|place| place.to_str().ok()) {
        Some(place) => Ok(place.to_owned()),
        None => fault(format!("the provider sends nobody back: {}", answer.status())),
    }
}

/// The requests that a sign-in and its leave for Business Central need, one after the other, and nothing done with the answers.
async fn plain(addresses: &Addresses) -> Outcome<Duration> {
    let (client, id) = (client()?, &addresses.client_id);
    let began = Instant::now();
    let discovery = json(client.get(format!("{}/v2.0/.well-known/openid-configuration", addresses.authority))).await?;
    let (authorize, token) = (text(&discovery, "authorization_endpoint")?, text(&discovery, "token_endpoint")?);
    let back = "http%3A%2F%2Flocalhost%3A9%2Fback";
    let scope = "openid%20profile%20email%20offline_access%20User.Read";
    let address = format!(
        "{authorize}?response_type=code&client_id={id}&redirect_uri={back}&scope={scope}&state=s&nonce=n&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let place = sent_to(&client, &address).await?;
    let Some(code) = place.split(['?', '&']).find_map(|part| part.strip_prefix("code=")) else { return fault("the provider gives no code") };
    let form = format!("grant_type=authorization_code&client_id={id}&code={code}&redirect_uri={back}&code_verifier={VERIFIER}");
    let granted = json(posting(&client, &token, form)).await?;
    json(client.get(text(&discovery, "jwks_uri")?)).await?;
    json(client.get(text(&discovery, "userinfo_endpoint")?).bearer_auth(text(&granted, "access_token")?)).await?;
    let form = format!("grant_type=refresh_token&client_id={id}&refresh_token={}&scope={BUSINESS_CENTRAL}", text(&granted, "refresh_token")?);
    json(posting(&client, &token, form)).await?;
    Ok(began.elapsed())
}

fn posting(client: &reqwest::Client, address: &str, form: String) -> reqwest::RequestBuilder {
    client.post(address).header("content-type", "application/x-www-form-urlencoded").body(form)
}

async fn json(request: reqwest::RequestBuilder) -> Outcome<Value> {
    Ok(request.send().await?.error_for_status()?.json().await?)
}

fn text(document: &Value, name: &str) -> Outcome<String> {
    document[name].as_str().map_or_else(|| fault(format!("an answer without `{name}`")), |value| Ok(value.to_owned()))
}
