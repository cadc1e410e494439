//! Tokens of an account: renewed ahead, once, stored before they are used, and never lost to a network.

use std::{sync::Arc, time::Duration};

use bca_auth::{AuthError, Interaction, Reason, SessionState, SignInRequest, TokenError, TokenSource};
use bca_demo::identity::{self, Codes, Misbehaviour};
use jiff::SignedDuration;

use crate::support::{BC, Shifted, browse, provider, provider_with, request, service, session, signed_in};

fn refuses(error: &str, claims: Option<&str>) -> Misbehaviour {
    Misbehaviour::Refuses { error: error.into(), suberror: None, claims: claims.map(str::to_owned), only_for: String::new(), codes: Codes::NotThey }
}

#[tokio::test]
async fn a_hundred_refused_calls_renew_once() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock);
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    let tokens = Arc::new(session.tokens(BC));
    let refused = tokens.token().await.unwrap();
    let before = provider.refreshes();
    let calls = (0..100).map(|_| {
        let (tokens, refused) = (Arc::clone(&tokens), refused.clone());
        tokio::spawn(async move { tokens.refresh(&refused).await.unwrap().expose().clone() })
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.unwrap());
    }
    assert_eq!(provider.refreshes() - before, 1);
    assert!(answers.iter().all(|token| token == &answers[0] && token != refused.expose()));
    println!("reliability | 2 | parallel calls that are refused with 401: renewals | 1 for {} calls", answers.len());
    provider.stop().await;
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_ahead_and_not_before() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock.clone());
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    let tokens = session.tokens(BC);
    let first = tokens.token().await.unwrap();
    clock.shift(SignedDuration::from_secs(54 * 60));
    assert_eq!(tokens.token().await.unwrap().expose(), first.expose());
    clock.shift(SignedDuration::from_secs(70));
    assert_ne!(tokens.token().await.unwrap().expose(), first.expose());
    assert_eq!(provider.refreshes(), 2);
    provider.stop().await;
}

#[tokio::test]
async fn processes_that_share_a_home_renew_once_between_them() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service_of = || service(&provider, clock.clone());
    let first = session(&service_of(), home.path(), clock.clone());
    first.adopt(&signed_in(&service_of()).await, None).await.unwrap();
    let others: Vec<_> = (0..3).map(|_| session(&service_of(), home.path(), clock.clone())).collect();
    let mut refused = first.tokens(BC).token().await.unwrap();
    for round in 0..10 {
        let before = provider.refreshes();
        let calls = others.iter().chain([&first]).flat_map(|session| [session, session]).map(|session| {
            let (tokens, refused) = (session.tokens(BC), refused.clone());
            tokio::spawn(async move { tokens.refresh(&refused).await.unwrap() })
        });
        let mut answers = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            answers.push(call.await.unwrap());
        }
        assert_eq!(provider.refreshes() - before, 1, "round {round}");
        assert!(answers.iter().all(|token| token.expose() == answers[0].expose()), "round {round}");
        refused = answers.swap_remove(0);
    }
    provider.stop().await;
}

#[tokio::test]
async fn a_rotated_token_is_stored_and_a_later_process_goes_on_with_it() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let first = session(&service, home.path(), clock.clone());
    first.adopt(&signed_in(&service).await, None).await.unwrap();
    let mut token = first.tokens(BC).token().await.unwrap();
    for _ in 0..5 {
        token = first.tokens(BC).refresh(&token).await.unwrap();
    }
    drop(first);
    let second = session(&service, home.path(), clock);
    let before = provider.refreshes();
    assert_eq!(second.tokens(BC).token().await.unwrap().expose(), token.expose());
    assert_eq!(provider.refreshes(), before, "a stored token needs no network");
    assert_ne!(second.tokens(BC).refresh(&token).await.unwrap().expose(), token.expose());
    provider.stop().await;
}

#[tokio::test]
async fn a_caller_who_goes_away_loses_no_rotated_token() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock);
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    let mut token = session.tokens(BC).token().await.unwrap();
    provider.misbehave(Misbehaviour::Slow(Duration::from_millis(30)));
    for _ in 0..10 {
        let gone = tokio::time::timeout(Duration::from_millis(5), session.tokens(BC).refresh(&token)).await;
        assert!(gone.is_err(), "the call should have been too slow");
        // Two renewals later only a token that was stored can be used: the one before it has ended.
        token = session.tokens(BC).refresh(&token).await.unwrap();
    }
    assert!(provider.accepts(token.expose()));
    provider.stop().await;
}

#[tokio::test]
async fn a_network_that_fails_signs_nobody_out() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock.clone());
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    let tokens = session.tokens(BC);
    let token = tokens.token().await.unwrap();
    for wrong in [
        Misbehaviour::BrokenToken,
        Misbehaviour::HtmlToken,
        Misbehaviour::RedirectToken("http://127.0.0.1:9/".into()),
        refuses("temporarily_unavailable", None),
    ] {
        provider.behave();
        provider.misbehave(wrong.clone());
        assert!(tokens.refresh(&token).await.is_err(), "{wrong:?}");
        assert_eq!(session.state().await, SessionState::SignedIn, "{wrong:?}");
    }
    // Near its end a token is still better than none.
    clock.shift(SignedDuration::from_secs(57 * 60));
    provider.behave();
    provider.misbehave(Misbehaviour::BrokenToken);
    assert_eq!(tokens.token().await.unwrap().expose(), token.expose());
    provider.behave();
    assert_ne!(tokens.token().await.unwrap().expose(), token.expose());
    provider.stop().await;
}

#[tokio::test]
async fn a_revoked_grant_is_told_once_and_asked_for_no_more() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock.clone());
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    let tokens = session.tokens(BC);
    let token = tokens.token().await.unwrap();
    provider.revoke();
    let before = provider.refreshes();
    for _ in 0..20 {
        assert_eq!(tokens.refresh(&token).await.err(), Some(TokenError::SignInNeeded(Reason::SignIn.sentence().into())));
    }
    assert_eq!(provider.refreshes() - before, 1);
    assert!(matches!(session.state().await, SessionState::Needs(_)));
    let later = crate::support::session(&service, home.path(), clock);
    assert_eq!(later.state().await, SessionState::SignedOut);
    // Signing in again mends it.
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    assert!(tokens.refresh(&token).await.is_ok());
    provider.stop().await;
}

#[tokio::test]
async fn consent_and_proof_need_a_person_and_keep_the_sign_in() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock.clone());
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    let claims = "{\"access_token\":{\"acrs\":{\"essential\":true,\"value\":\"c1\"}}}";
    for (error, claims, reason) in [("consent_required", None, Reason::Consent), ("interaction_required", Some(claims), Reason::Proof)] {
        provider.behave();
        provider.misbehave(refuses(error, claims));
        let before = provider.refreshes();
        let needed = Interaction { reason, claims: claims.map(str::to_owned) };
        for _ in 0..10 {
            assert_eq!(session.tokens(BC).try_token().await.err(), Some(AuthError::Interaction(needed.clone())));
        }
        assert_eq!(provider.refreshes() - before, 1, "{error}: the answer is remembered");
        provider.behave();
        // After a while the service is asked again: an administrator may have agreed.
        clock.shift(SignedDuration::from_secs(31));
        assert!(session.tokens(BC).try_token().await.is_ok(), "{error}");
        clock.shift(SignedDuration::from_secs(3_600));
    }
    provider.stop().await;
}

#[tokio::test]
async fn a_challenge_of_the_server_is_passed_on_and_its_claims_come_back() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock);
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    let tokens = session.tokens(BC);
    let token = tokens.token().await.unwrap();
    let challenge = "Bearer realm=\"\", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==\"";
    let renewed = tokens.challenged(&token, challenge).await.unwrap();
    assert_ne!(renewed.expose(), token.expose());
    assert_eq!(provider.claims_heard(), [r#"{"access_token":{"nbf":{"essential":true}}}"#], "the token request carries them");
    let several = format!("Negotiate, {challenge}");
    assert_ne!(tokens.challenged(&renewed, &several).await.unwrap().expose(), renewed.expose());
    assert_eq!(provider.claims_heard().len(), 2);
    for odd in ["", "Bearer", "Bearer claims=", "Bearer claims=\"", "Bearer claims=\"!!\"", "Bearer claims=\"bm8ganNvbg==\""] {
        assert!(tokens.challenged(&token, odd).await.is_ok(), "{odd}");
    }
    assert_eq!(provider.claims_heard().len(), 2, "what can't be read is not passed on");
    provider.stop().await;
}

#[tokio::test]
async fn claims_that_need_a_person_go_with_the_next_visit_of_the_browser() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock);
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    let token = session.tokens(BC).token().await.unwrap();
    let wanted = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    provider.misbehave(refuses("interaction_required", Some(wanted)));
    let challenge = "Bearer claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==\"";
    assert!(matches!(session.tokens(BC).challenged(&token, challenge).await, Err(TokenError::SignInNeeded(_))));
    let SessionState::Needs(needed) = session.state().await else { panic!("nothing is needed") };
    assert_eq!(needed.claims.as_deref(), Some(wanted));
    provider.behave();
    let pending = service.begin(SignInRequest { claims: needed.claims, ..request() }).await.unwrap();
    let handle = pending.handle();
    let (finished, _) = tokio::join!(pending.finish(), browse(&handle));
    session.adopt(&finished.unwrap_or_else(|fault| panic!("{fault}")), None).await.unwrap();
    assert_eq!(provider.claims_heard().last().map(String::as_str), Some(wanted));
    assert!(session.tokens(BC).token().await.is_ok());
    provider.stop().await;
}

#[tokio::test]
async fn a_refresh_token_is_shown_to_no_other_service() {
    let (provider, other, home, clock) = (provider().await, provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service_one = service(&provider, clock.clone());
    session(&service_one, home.path(), clock.clone()).adopt(&signed_in(&service_one).await, None).await.unwrap();
    let elsewhere = session(&service(&other, clock.clone()), home.path(), clock);
    assert!(matches!(elsewhere.tokens(BC).try_token().await.err(), Some(AuthError::Interaction(_))));
    assert_eq!(other.refreshes(), 0);
    provider.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn short_lived_tokens_are_not_renewed_at_every_call() {
    let options = identity::Options { access_lifetime: Duration::from_secs(120), ..identity::Options::default() };
    let (provider, home, clock) = (provider_with(options).await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let session = session(&service, home.path(), clock.clone());
    session.adopt(&signed_in(&service).await, None).await.unwrap();
    for _ in 0..50 {
        session.tokens(BC).token().await.unwrap();
    }
    assert_eq!(provider.refreshes(), 1);
    clock.shift(SignedDuration::from_secs(61));
    session.tokens(BC).token().await.unwrap();
    assert_eq!(provider.refreshes(), 2);
    provider.stop().await;
}

#[tokio::test]
async fn forgetting_is_for_all_processes() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let (one, two) = (session(&service, home.path(), clock.clone()), session(&service, home.path(), clock));
    one.adopt(&signed_in(&service).await, None).await.unwrap();
    assert_eq!(two.state().await, SessionState::SignedIn);
    assert!(one.forget().await.unwrap() && !one.forget().await.unwrap());
    assert_eq!(two.state().await, SessionState::SignedOut);
    assert!(matches!(two.tokens(BC).try_token().await.err(), Some(AuthError::Interaction(_))));
    provider.stop().await;
}

#[tokio::test]
async fn who_signs_out_in_one_process_is_out_in_all() {
    let (provider, home, clock) = (provider().await, tempfile::tempdir().unwrap(), Shifted::new());
    let service = service(&provider, clock.clone());
    let first = session(&service, home.path(), clock.clone());
    first.adopt(&signed_in(&service).await, None).await.unwrap();
    let second = session(&service, home.path(), clock);
    let tokens = second.tokens(BC);
    tokens.token().await.unwrap();
    assert!(first.forget().await.unwrap());
    assert!(matches!(tokens.token().await, Err(TokenError::SignInNeeded(_))));
    assert_eq!(second.state().await, SessionState::SignedOut);
    first.adopt(&signed_in(&service).await, None).await.unwrap();
    tokens.token().await.unwrap();
    provider.stop().await;
}
