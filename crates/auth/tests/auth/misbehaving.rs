//! A sign-in service that does not keep to the rules: what is believed of it, and what is not.

use std::{sync::Arc, time::Duration};

use bca_auth::{AuthError, IdTokenFault, Registration, RegistrationText, SignInService, SignedIn, TokenSource};
use bca_demo::identity::{Misbehaviour, Person, Running};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{BC, Shifted, browse, provider, request, service, session, signed_in};

async fn attempt_with(service: &Arc<SignInService>) -> Result<SignedIn, AuthError> {
    let pending = service.begin(request()).await?;
    let handle = pending.handle();
    tokio::join!(pending.finish(), browse(&handle)).0
}

async fn attempt(provider: &Running) -> Result<SignedIn, AuthError> {
    attempt_with(&service(provider, Shifted::new())).await
}

async fn with(provider: &Running, wrong: Misbehaviour) -> Result<SignedIn, AuthError> {
    provider.behave();
    provider.misbehave(wrong);
    attempt(provider).await
}

/// OpenID Connect Core, 3.1.3.7.
#[tokio::test]
async fn every_claim_is_held_against_the_sign_in() {
    let provider = provider().await;
    let us = provider.client_id().to_owned();
    let now = jiff::Timestamp::now().as_second();
    let other = "00000000-0000-0000-0000-000000000000";
    let cases = [
        (json!({"aud": [us]}), None),
        (json!({"aud": [us, other], "azp": us}), None),
        (json!({"aud": [us, other]}), Some(IdTokenFault::Audience)),
        (json!({"aud": [us, other], "azp": other}), Some(IdTokenFault::Audience)),
        (json!({"azp": other}), Some(IdTokenFault::Audience)),
        (json!({"aud": []}), Some(IdTokenFault::Audience)),
        (json!({"aud": null}), Some(IdTokenFault::Malformed)),
        (json!({"iss": null}), Some(IdTokenFault::Malformed)),
        (json!({"iss": format!("{}/v2.0/", provider.authority())}), Some(IdTokenFault::Issuer)),
        (json!({"sub": null}), Some(IdTokenFault::Malformed)),
        (json!({"sub": ""}), Some(IdTokenFault::Malformed)),
        (json!({"oid": "a\nb"}), Some(IdTokenFault::Malformed)),
        (json!({"exp": null}), Some(IdTokenFault::Malformed)),
        (json!({"exp": "tomorrow"}), Some(IdTokenFault::Malformed)),
        (json!({"exp": now - 301}), Some(IdTokenFault::Clock)),
        (json!({"exp": -1}), Some(IdTokenFault::Clock)),
        (json!({"nbf": now + 330}), Some(IdTokenFault::Clock)),
        (json!({"iat": now + 330}), Some(IdTokenFault::Clock)),
        (json!({"nonce": null}), Some(IdTokenFault::Nonce)),
        (json!({"nonce": ""}), Some(IdTokenFault::Nonce)),
        (json!({"at_hash": null}), None),
        (json!({"at_hash": ""}), Some(IdTokenFault::AccessToken)),
    ];
    for (claims, fault) in cases {
        let found = with(&provider, Misbehaviour::Claims(claims.clone())).await;
        assert_eq!(found.err(), fault.map(AuthError::IdToken), "{claims}");
    }
    assert_eq!(with(&provider, Misbehaviour::WrongAccessHash).await.err(), Some(AuthError::IdToken(IdTokenFault::AccessToken)));
    provider.stop().await;
}

/// RFC 9207: whoever is named must be who was asked; a wrong name ends nothing, so that a forged answer can't end a sign-in either.
#[tokio::test]
async fn an_answer_that_names_another_issuer_is_none() {
    let provider = provider().await;
    let iss = |issuer: String| Misbehaviour::Back(vec![("iss".into(), issuer)]);
    let ours = format!("{}/v2.0", provider.authority());
    assert!(with(&provider, iss(ours.clone())).await.is_ok());
    let names_itself = Misbehaviour::Discovery(json!({"authorization_response_iss_parameter_supported": true}));
    for (announced, answers) in [(false, Some("https://login.example/other")), (true, Some("https://login.example/other")), (true, None)] {
        provider.behave();
        if announced {
            provider.misbehave(names_itself.clone());
        }
        if let Some(issuer) = answers {
            provider.misbehave(iss(issuer.to_owned()));
        }
        let pending = service(&provider, Shifted::new()).begin(request()).await.unwrap();
        let handle = pending.handle();
        assert_eq!(browse(&handle).await.status(), 400, "{announced} {answers:?}");
        assert!(handle.is_waiting(), "the right answer may still come");
        assert_eq!(provider.codes_redeemed(), 1, "no code goes anywhere");
        handle.cancel();
        assert_eq!(pending.finish().await.err(), Some(AuthError::Cancelled));
    }
    provider.behave();
    provider.misbehave(names_itself);
    provider.misbehave(iss(ours));
    assert!(attempt(&provider).await.is_ok());
    provider.stop().await;
}

/// Entra's document for several tenants has a place for the tenant in its issuer.
#[tokio::test]
async fn the_issuer_of_several_tenants_is_the_one_of_the_persons_tenant() {
    let provider = provider().await;
    let authority = provider.authority();
    let (root, tenant) = authority.rsplit_once('/').unwrap();
    let common = format!("{root}/organizations");
    let text = RegistrationText { authority: Some(&common), client_id: Some(provider.client_id()), ..RegistrationText::default() };
    let service = Arc::new(SignInService::new(Registration::new(text).unwrap(), Shifted::new()).unwrap());
    let document = Misbehaviour::Discovery(json!({"issuer": format!("{root}/{{tenantid}}/v2.0")}));
    let named = |issuer: String| Misbehaviour::Back(vec![("iss".into(), issuer)]);
    provider.misbehave(document.clone());
    assert_eq!(attempt_with(&service).await.map(|found| found.identity.tenant_id), Ok(tenant.to_owned()));
    provider.misbehave(named(format!("{root}/{tenant}/v2.0")));
    assert!(attempt_with(&service).await.is_ok(), "the answer names the person's own tenant");
    for (claims, what) in [
        (json!({"tid": "11111111-1111-4111-8111-111111111111"}), "a tenant that did not issue it"),
        (json!({"tid": "{tenantid}"}), "no tenant at all"),
        (json!({"tid": null}), "no tenant named"),
    ] {
        provider.behave();
        provider.misbehave(document.clone());
        provider.misbehave(Misbehaviour::Claims(claims));
        assert_eq!(attempt_with(&service).await.err(), Some(AuthError::IdToken(IdTokenFault::Issuer)), "{what}");
    }
    provider.stop().await;
}

#[tokio::test]
async fn a_document_about_another_service_is_not_used() {
    let provider = provider().await;
    let authority = provider.authority();
    let (root, _) = authority.rsplit_once('/').unwrap();
    let cases = [
        json!({"issuer": "https://login.example/v2.0"}),
        json!({"issuer": format!("{root}/11111111-1111-4111-8111-111111111111/v2.0")}),
        json!({"issuer": format!("{root}/elsewhere"), "msgraph_host": null}),
        json!({"issuer": null}),
        json!({"token_endpoint": "http://login.example/token"}),
        json!({"token_endpoint": "ftp://127.0.0.1/token"}),
        json!({"authorization_endpoint": "http://login.example/authorize"}),
        json!({"authorization_endpoint": "javascript:alert(1)"}),
        json!({"jwks_uri": "http://login.example/keys"}),
        json!({"jwks_uri": null}),
        json!({"msgraph_host": "graph.example"}),
    ];
    for document in cases {
        let found = with(&provider, Misbehaviour::Discovery(document.clone())).await.err();
        assert!(matches!(found, Some(AuthError::Protocol(_))), "{document}: {found:?}");
    }
    assert_eq!(provider.codes_redeemed(), 0);
    provider.stop().await;
}

#[tokio::test]
async fn keys_that_are_replaced_are_read_again_once() {
    let provider = provider().await;
    let service = service(&provider, Shifted::new());
    for _ in 0..3 {
        attempt_with(&service).await.unwrap();
    }
    assert_eq!(provider.keys_read(), 1, "keys that are known are not asked for");
    provider.replace_key();
    attempt_with(&service).await.unwrap();
    assert_eq!(provider.keys_read(), 2);
    for wrong in [Misbehaviour::UnknownKey, Misbehaviour::WrongKey] {
        let before = provider.keys_read();
        provider.behave();
        provider.misbehave(wrong);
        attempt_with(&service).await.err().unwrap();
        assert_eq!(provider.keys_read() - before, 1, "one more look, and no loop");
    }
    provider.behave();
    attempt_with(&service).await.unwrap();
    provider.stop().await;
}

/// RFC 6749, 5.1: `expires_in` is a number of seconds and may be missing.
#[tokio::test]
async fn a_life_that_makes_no_sense_is_taken_with_care() {
    let provider = provider().await;
    let (short, day) = (Duration::from_secs(600), Duration::from_secs(86_400));
    let hour = Duration::from_secs(3_600);
    let cases: [(Value, Duration); 10] = [
        (json!(3600), hour),
        (json!("3600"), hour),
        (json!(3600.9), hour),
        (json!(null), short),
        (json!(-5), short),
        (json!("soon"), short),
        (json!({}), short),
        (json!(0), Duration::ZERO),
        (json!(u64::MAX), day),
        (json!(1e300), short),
    ];
    for (life, believed) in cases {
        let found = with(&provider, Misbehaviour::Answer(json!({"expires_in": life}))).await;
        assert_eq!(found.map(|found| found.lives), Ok(believed), "{life}");
    }
    provider.stop().await;
}

#[tokio::test]
async fn only_bearer_tokens_that_can_be_sent_are_taken() {
    let provider = provider().await;
    for kind in ["Bearer", "bearer", "BEARER"] {
        assert!(with(&provider, Misbehaviour::Answer(json!({"token_type": kind}))).await.is_ok(), "{kind}");
    }
    let wrong = [
        json!({"token_type": "mac"}),
        json!({"token_type": "DPoP"}),
        json!({"token_type": null}),
        json!({"access_token": null}),
        json!({"access_token": ""}),
        json!({"access_token": "two\nlines"}),
        json!({"access_token": "not plain: \u{e9}"}),
        json!({"access_token": 7}),
    ];
    for answer in wrong {
        let found = with(&provider, Misbehaviour::Answer(answer.clone())).await.err();
        assert!(matches!(found, Some(AuthError::Protocol(_))), "{answer}: {found:?}");
    }
    assert!(with(&provider, Misbehaviour::ByteOrderMark).await.is_ok());
    provider.stop().await;
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_off() {
    let provider = provider().await;
    let found = with(&provider, Misbehaviour::Endless).await.err();
    assert!(matches!(found, Some(AuthError::Protocol(_))), "{found:?}");
    provider.stop().await;
}

/// Tokio's clock jumps forward whenever nothing else is left to do.
#[tokio::test]
async fn an_answer_that_stalls_is_not_waited_for() {
    let provider = provider().await;
    provider.misbehave(Misbehaviour::Stalls);
    let pending = service(&provider, Shifted::new()).begin(request()).await.unwrap();
    let handle = pending.handle();
    let finishing = tokio::spawn(pending.finish());
    browse(&handle).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    let found = finishing.await.unwrap().err();
    assert!(matches!(found, Some(AuthError::Unavailable(_))), "{found:?}");
}

#[tokio::test]
async fn a_renewal_gives_what_it_gives_and_the_rest_stays() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock.clone());
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    let tokens = session.tokens(BC);
    for answer in [json!({"refresh_token": null}), json!({"refresh_token": ""}), json!({"id_token": null}), json!({"scope": null}), json!({"expires_in": null})]
    {
        provider.behave();
        provider.misbehave(Misbehaviour::Answer(answer.clone()));
        clock.shift(SignedDuration::from_hours(2));
        assert!(provider.accepts(tokens.token().await.unwrap_or_else(|fault| panic!("{answer}: {fault}")).expose()), "{answer}");
    }
    provider.behave();
    clock.shift(SignedDuration::from_hours(2));
    assert!(tokens.token().await.is_ok(), "the refresh token that was there stood");
    provider.stop().await;
}

/// OpenID Connect Core, 12.2: who is renewed is who signed in.
#[tokio::test]
async fn a_renewal_for_somebody_else_is_refused_and_loses_nothing() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock.clone());
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    let tokens = session.tokens(BC);
    tokens.token().await.unwrap();
    clock.shift(SignedDuration::from_hours(2));
    for claims in [json!({"sub": "somebody-else"}), json!({"sub": null})] {
        provider.behave();
        provider.misbehave(Misbehaviour::Claims(claims));
        assert_eq!(tokens.try_token().await.err(), Some(AuthError::WrongAccount));
    }
    provider.behave();
    assert!(provider.accepts(tokens.token().await.unwrap().expose()));
    provider.stop().await;
}

/// The provider's own bookkeeping: a second person's tokens are the second person's.
#[tokio::test]
async fn two_people_at_one_provider_stay_two() {
    let provider = provider().await;
    let service = service(&provider, Shifted::new());
    let mut first = signed_in(&service).await;
    let other = Person { id: "2f0e0a3c-5b1d-4a77-9f0c-1c4ee0a7d5b9".into(), display_name: "Ola Demo".into(), ..bca_demo::identity::Options::default().person };
    provider.seat(other.clone());
    let mut second = signed_in(&service).await;
    service.add_profile(&mut first).await.unwrap();
    service.add_profile(&mut second).await.unwrap();
    assert_eq!((first.identity.person.name.as_str(), second.identity.person.name.as_str()), ("Kari Demo", "Ola Demo"));
    assert_eq!(second.identity.object_id, other.id);
    std::mem::swap(&mut first.access, &mut second.access);
    assert_eq!(service.add_profile(&mut first).await, Err(AuthError::WrongAccount));
    provider.stop().await;
}
