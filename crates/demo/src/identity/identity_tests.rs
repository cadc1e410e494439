//! The provider over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::Url;

use super::{Options, Running, serve};

const VERIFIER: &str = "a-verifier-that-is-long-enough-for-the-rules-of-pkce";
const BACK: &str = "http://127.0.0.1:49152/callback";

async fn start() -> Running {
    serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), Options::default()).await.unwrap()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn authorize(running: &Running, change: (&str, &str)) -> reqwest::Response {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut url = Url::parse(&format!("{}/oauth2/v2.0/authorize", running.authority())).unwrap();
    let usual = [
        ("client_id", running.client_id()),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", "openid profile offline_access"),
        ("state", "st&te"),
        ("nonce", "n-1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    url.query_pairs_mut().extend_pairs(usual.iter().map(|(name, value)| if *name == change.0 { change } else { (*name, *value) }));
    client().get(url).send().await.unwrap()
}

fn returned(response: &reqwest::Response) -> std::collections::HashMap<String, String> {
    let url = Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
    assert!(url.as_str().starts_with(BACK));
    url.query_pairs().into_owned().collect()
}

async fn token(running: &Running, form: &[(&str, &str)]) -> (u16, Value) {
    let body: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("client_id", running.client_id()).extend_pairs(form).finish();
    let request = client().post(format!("{}/oauth2/v2.0/token", running.authority())).header("content-type", "application/x-www-form-urlencoded");
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn code(running: &Running) -> String {
    let back = returned(&authorize(running, ("", "")).await);
    assert_eq!(back["state"], "st&te");
    back["code"].clone()
}

fn redeem(code: &str) -> [(&str, &str); 4] {
    [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", BACK), ("code_verifier", VERIFIER)]
}

#[tokio::test]
async fn signs_in_with_pkce_and_a_verifiable_id_token() {
    let running = start().await;
    let discovery: Value = client().get(format!("{}/v2.0/.well-known/openid-configuration", running.authority())).send().await.unwrap().json().await.unwrap();
    let code = code(&running).await;
    let (status, tokens) = token(&running, &redeem(&code)).await;
    assert_eq!(status, 200, "{tokens}");
    assert!(running.accepts(tokens["access_token"].as_str().unwrap()));
    let keys: Value = client().get(discovery["jwks_uri"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let id_token = tokens["id_token"].as_str().unwrap();
    let (signed, signature) = id_token.rsplit_once('.').unwrap();
    let key = RsaPublicKeyComponents { n: decode(keys["keys"][0]["n"].as_str().unwrap()), e: decode(keys["keys"][0]["e"].as_str().unwrap()) };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature)).unwrap();
    let claims: Value = serde_json::from_slice(&decode(signed.split_once('.').unwrap().1)).unwrap();
    assert_eq!(claims["iss"], discovery["issuer"]);
    assert_eq!(claims["nonce"], "n-1");
    let me = client().get(format!("{}/me", running.graph_url())).bearer_auth(tokens["access_token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(me.json::<Value>().await.unwrap()["displayName"], "Kari Demo");
    running.stop().await;
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_only_with_its_verifier() {
    let running = start().await;
    let first = code(&running).await;
    assert_eq!(token(&running, &redeem(&first)).await.0, 200);
    assert_eq!(token(&running, &redeem(&first)).await.1["error"], "invalid_grant");
    let second = code(&running).await;
    let wrong = [("grant_type", "authorization_code"), ("code", &*second), ("redirect_uri", BACK), ("code_verifier", "another")];
    assert_eq!(token(&running, &wrong).await.1["error"], "invalid_grant");
    // The failed attempt used the code up.
    assert_eq!(token(&running, &redeem(&second)).await.1["error"], "invalid_grant");
    running.stop().await;
}

#[tokio::test]
async fn a_refresh_token_ends_when_its_successor_is_used() {
    let running = start().await;
    let (_, tokens) = token(&running, &redeem(&code(&running).await)).await;
    let old = tokens["refresh_token"].as_str().unwrap();
    let (status, renewed) = token(&running, &[("grant_type", "refresh_token"), ("refresh_token", old)]).await;
    assert_eq!(status, 200);
    let new = renewed["refresh_token"].as_str().unwrap();
    assert_ne!(old, new);
    assert_eq!(token(&running, &[("grant_type", "refresh_token"), ("refresh_token", old)]).await.0, 200);
    assert_eq!(token(&running, &[("grant_type", "refresh_token"), ("refresh_token", new)]).await.0, 200);
    assert_eq!(token(&running, &[("grant_type", "refresh_token"), ("refresh_token", old)]).await.1["error"], "invalid_grant");
    running.stop().await;
}

#[tokio::test]
async fn sends_nobody_to_an_unknown_address_and_refuses_plain_pkce() {
    let running = start().await;
    for elsewhere in ["https://evil.example/callback", "http://127.0.0.1.evil.example/", "http://user@127.0.0.1/", "bcagent://callback"] {
        let response = authorize(&running, ("redirect_uri", elsewhere)).await;
        assert_eq!(response.status(), 400, "{elsewhere}");
        assert!(response.headers().get("location").is_none());
    }
    assert_eq!(authorize(&running, ("client_id", "other")).await.status(), 400);
    assert_eq!(returned(&authorize(&running, ("code_challenge_method", "plain")).await)["error"], "invalid_request");
    running.stop().await;
}

#[tokio::test]
async fn the_script_token_holds_and_others_do_not() {
    let running = start().await;
    assert!(running.accepts(&running.script_token()));
    assert!(running.token_check()(&running.script_token()));
    assert!(!running.accepts(""));
    assert!(!running.accepts("demo_script_"));
    let me = client().get(format!("{}/me", running.graph_url())).bearer_auth("x").send().await.unwrap();
    assert_eq!(me.status(), 401);
    running.stop().await;
}
