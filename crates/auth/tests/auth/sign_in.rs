//! A sign-in from the address to the person.

use std::time::{Duration, Instant};

use bca_auth::{AuthError, Registration, RegistrationText};
use bca_demo::identity::Misbehaviour;
use tokio::net::TcpStream;

use crate::support::{Shifted, browse, http, provider, request, service, signed_in, way_back};

#[tokio::test]
async fn a_person_signs_in_and_the_profile_is_theirs() {
    let provider = provider().await;
    let service = service(&provider, Shifted::new());
    let mut signed_in = signed_in(&service).await;
    service.add_profile(&mut signed_in).await.unwrap();
    let identity = &signed_in.identity;
    assert_eq!(identity.tenant_id, "5d8b0f0e-6f1c-4f4e-9a30-6a5f8f5b7c01");
    assert_eq!(identity.object_id, "7c1f3b9a-2d44-4f0b-8d5e-90b1a7c6e2f3");
    let person = &identity.person;
    assert_eq!((person.name.as_str(), person.first_name.as_deref(), person.last_name.as_deref()), ("Kari Demo", Some("Kari"), Some("Demo")));
    assert_eq!(
        (person.mail.as_deref(), person.job_title.as_deref(), person.department.as_deref()),
        (Some("kari@demo.example"), Some("Bookkeeper"), Some("Finance"))
    );
    assert!(provider.accepts(signed_in.access.expose()));
    provider.stop().await;
}

#[tokio::test]
async fn the_address_asks_for_a_code_with_pkce_and_names_no_secret() {
    let provider = provider().await;
    let pending = service(&provider, Shifted::new()).begin(request()).await.unwrap();
    let handle = pending.handle();
    let asked: std::collections::HashMap<String, String> = handle.url().query_pairs().into_owned().collect();
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["code_challenge"].len(), 43);
    assert_eq!(asked["scope"], "openid profile email offline_access User.Read");
    assert!(asked["redirect_uri"].starts_with("http://localhost:"), "{}", asked["redirect_uri"]);
    assert!(asked["state"].len() >= 40 && asked["nonce"].len() >= 40 && asked["state"] != asked["nonce"]);
    assert!(!asked.contains_key("code_verifier") && !asked.contains_key("client_secret"));
    provider.stop().await;
}

#[tokio::test]
async fn the_listener_is_on_both_loopback_addresses_and_gone_within_a_second() {
    let provider = provider().await;
    let service = service(&provider, Shifted::new());
    let pending = service.begin(request()).await.unwrap();
    let handle = pending.handle();
    let port = way_back(&handle).await.port().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    if std::net::TcpListener::bind(("::1", 0)).is_ok() {
        assert!(TcpStream::connect(("::1", port)).await.is_ok());
    }
    let (finished, page) = tokio::join!(pending.finish(), browse(&handle));
    assert!(finished.is_ok() && page.status() == 200);
    let over = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).await.is_ok() || TcpStream::connect(("::1", port)).await.is_ok() {
        assert!(over.elapsed() < Duration::from_secs(1), "still listening");
        tokio::task::yield_now().await;
    }
    provider.stop().await;
}

#[tokio::test]
async fn the_page_runs_and_loads_nothing() {
    let provider = provider().await;
    let pending = service(&provider, Shifted::new()).begin(request()).await.unwrap();
    let handle = pending.handle();
    let (_, page) = tokio::join!(pending.finish(), browse(&handle));
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script"));
    assert_eq!(page.headers()["cache-control"], "no-store");
    assert_eq!(page.headers()["referrer-policy"], "no-referrer");
    let text = page.text().await.unwrap();
    assert!(text.contains("go back to BC Agent") && !text.contains("<script") && !text.contains("src="), "{text}");
    provider.stop().await;
}

#[tokio::test]
async fn a_link_ends_a_sign_in_with_the_same_checks() {
    let provider = provider().await;
    let service = service(&provider, Shifted::new());
    let pending = service.begin(request()).await.unwrap();
    let handle = pending.handle();
    let back = way_back(&handle).await;
    let link = |query: &str| format!("bcagent://auth?{query}");
    let wrong = [
        link("code=stolen&state=guessed"),
        link("code=stolen"),
        link(""),
        format!("bcagent://other?{}", back.query().unwrap()),
        format!("https://auth?{}", back.query().unwrap()),
        "not an address".to_owned(),
    ];
    for wrong in wrong {
        assert!(handle.complete(&wrong).is_err(), "{wrong}");
    }
    assert!(handle.is_waiting());
    handle.complete(&link(back.query().unwrap())).unwrap();
    assert!(handle.complete(&link(back.query().unwrap())).is_err(), "a link counts once");
    assert!(pending.finish().await.is_ok());
    provider.stop().await;
}

#[tokio::test]
async fn a_person_who_says_no_ends_it_at_once() {
    let provider = provider().await;
    provider.misbehave(Misbehaviour::Denied);
    let pending = service(&provider, Shifted::new()).begin(request()).await.unwrap();
    let handle = pending.handle();
    let (finished, _) = tokio::join!(pending.finish(), browse(&handle));
    assert_eq!(finished.err(), Some(AuthError::Denied));
    assert_eq!(provider.codes_redeemed(), 0);
    provider.stop().await;
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_was_said() {
    let provider = provider().await;
    let patience = Duration::from_millis(100);
    let pending = service(&provider, Shifted::new()).begin(bca_auth::SignInRequest { patience, ..request() }).await.unwrap();
    let handle = pending.handle();
    let back = way_back(&handle).await;
    assert_eq!(pending.finish().await.err(), Some(AuthError::TimedOut(patience)));
    assert!(http().get(back).send().await.is_err(), "the listener must be closed");
    assert!(!handle.is_waiting());
    assert_eq!(provider.codes_redeemed(), 0);
    provider.stop().await;
}

#[tokio::test]
async fn a_sign_in_can_be_stopped() {
    let provider = provider().await;
    let pending = service(&provider, Shifted::new()).begin(request()).await.unwrap();
    let handle = pending.handle();
    let back = way_back(&handle).await;
    handle.cancel();
    assert_eq!(pending.finish().await.err(), Some(AuthError::Cancelled));
    assert!(http().get(back).send().await.is_err(), "the listener must be closed");
    provider.stop().await;
}

#[test]
fn plain_http_is_for_this_machine_alone() {
    let with = |authority, graph| RegistrationText { authority: Some(authority), client_id: Some("app"), graph, tenant: None };
    let refused = |text| matches!(Registration::new(text), Err(AuthError::Configuration(_)));
    for bad in ["http://login.example/tenant", "http://127.0.0.1.evil.example/t", "https://user:pw@login.example/t", "ftp://login.example", "nonsense"] {
        assert!(refused(with(bad, None)), "{bad}");
    }
    assert!(refused(with("https://login.example/t", Some("http://graph.example"))));
    assert!(refused(RegistrationText::default()), "no client id");
    for good in ["https://login.example/t", "http://127.0.0.1:9/t", "http://localhost:9/t", "http://[::1]:9/t"] {
        assert!(Registration::new(with(good, None)).is_ok(), "{good}");
    }
}

#[test]
fn a_tenant_is_put_into_an_authority_that_has_none() {
    let registration =
        |authority, tenant| Registration::new(RegistrationText { authority, tenant, client_id: Some("app"), graph: None }).unwrap().authority().to_owned();
    assert_eq!(registration(None, None), "https://login.microsoftonline.com/organizations");
    assert_eq!(registration(None, Some("contoso.com")), "https://login.microsoftonline.com/contoso.com");
    assert_eq!(registration(Some("https://login.example/mine/"), Some("contoso.com")), "https://login.example/mine");
    assert_eq!(registration(Some("https://login.example/mine/v2.0"), None), "https://login.example/mine");
}
