//! A token endpoint that says no, or something else.

use bca_auth::{AuthError, Interaction, Reason};
use bca_demo::identity::{Codes, Misbehaviour, Running};
use tokio::net::TcpListener;

use crate::support::{Shifted, browse, provider, request, service};

async fn attempt(provider: &Running) -> AuthError {
    let pending = service(provider, Shifted::new()).begin(request()).await.unwrap();
    let handle = pending.handle();
    tokio::join!(pending.finish(), browse(&handle)).0.err().expect("nobody may be signed in")
}

fn refusing(error: &str, suberror: Option<&str>, claims: Option<&str>) -> Misbehaviour {
    let text = |text: Option<&str>| text.map(str::to_owned);
    Misbehaviour::Refuses { error: error.into(), suberror: text(suberror), claims: text(claims), only_for: String::new(), codes: Codes::Too }
}

#[tokio::test]
async fn refusals_are_told_apart_by_code_and_never_by_text() {
    let provider = provider().await;
    let person = |reason, claims: Option<&str>| AuthError::Interaction(Interaction { reason, claims: claims.map(str::to_owned) });
    let cases = [
        (refusing("invalid_grant", None, None), person(Reason::SignIn, None)),
        (refusing("invalid_grant", Some("bad_token"), None), person(Reason::SignIn, None)),
        (refusing("invalid_grant", Some("consent_required"), None), person(Reason::Consent, None)),
        (refusing("consent_required", None, None), person(Reason::Consent, None)),
        (refusing("interaction_required", None, Some("{\"a\":1}")), person(Reason::Proof, Some("{\"a\":1}"))),
        (refusing("invalid_grant", Some("basic_action"), None), person(Reason::Proof, None)),
        (refusing("invalid_grant", None, Some("{\"a\":1}")), person(Reason::Proof, Some("{\"a\":1}"))),
        (refusing("access_denied", None, None), AuthError::Denied),
        (refusing("invalid_client", None, None), AuthError::Refused("invalid_client".into())),
        (refusing("unauthorized_client", None, None), AuthError::Refused("unauthorized_client".into())),
        (refusing("<b>odd</b>\u{202e}", None, None), AuthError::Refused("boddb".into())),
        (Misbehaviour::ExpiredCode, person(Reason::SignIn, None)),
    ];
    for (wrong, expected) in cases {
        provider.behave();
        provider.misbehave(wrong.clone());
        let found = attempt(&provider).await;
        assert_eq!(found, expected, "{wrong:?}");
        assert!(!found.to_string().contains("AADSTS"));
    }
    provider.behave();
    provider.misbehave(refusing("temporarily_unavailable", None, None));
    assert!(matches!(attempt(&provider).await, AuthError::Unavailable(_)));
    provider.stop().await;
}

#[tokio::test]
async fn what_is_no_answer_is_told_as_such() {
    let provider = provider().await;
    provider.misbehave(Misbehaviour::HtmlToken);
    let found = attempt(&provider).await;
    assert!(matches!(found, AuthError::Protocol(_)), "{found}");
    assert!(!found.to_string().contains("hotel"), "what was sent instead is not repeated: {found}");
    provider.behave();
    provider.misbehave(Misbehaviour::BrokenToken);
    assert!(matches!(attempt(&provider).await, AuthError::Unavailable(_)));
    provider.behave();
    provider.misbehave(Misbehaviour::HtmlDiscovery);
    let refused = service(&provider, Shifted::new()).begin(request()).await.err().unwrap();
    assert!(matches!(refused, AuthError::Protocol(_)), "{refused}");
    provider.stop().await;
}

#[tokio::test]
async fn a_code_goes_nowhere_else() {
    let provider = provider().await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    provider.misbehave(Misbehaviour::RedirectToken(format!("http://{}/token", elsewhere.local_addr().unwrap())));
    assert!(matches!(attempt(&provider).await, AuthError::Protocol(_)));
    let called = tokio::time::timeout(std::time::Duration::from_millis(200), elsewhere.accept()).await;
    assert!(called.is_err(), "the code was sent to another server");
    provider.stop().await;
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unreachable() {
    let provider = provider().await;
    let service = service(&provider, Shifted::new());
    provider.stop().await;
    assert!(matches!(service.begin(request()).await.err(), Some(AuthError::Unavailable(_))));
}
