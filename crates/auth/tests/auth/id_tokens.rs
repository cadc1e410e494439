//! Id tokens that must not be believed.

use bca_auth::{AuthError, IdTokenFault, SignedIn};
use bca_demo::identity::{Misbehaviour, Running};
use jiff::SignedDuration;

use crate::support::{Shifted, browse, provider, request, service};

async fn attempt(provider: &Running, clock: std::sync::Arc<Shifted>) -> Result<SignedIn, AuthError> {
    let pending = service(provider, clock).begin(request()).await.unwrap();
    let handle = pending.handle();
    tokio::join!(pending.finish(), browse(&handle)).0
}

#[tokio::test]
async fn each_fault_is_found_and_nobody_is_signed_in() {
    let provider = provider().await;
    let faults = [
        (Misbehaviour::WrongNonce, IdTokenFault::Nonce),
        (Misbehaviour::WrongAudience, IdTokenFault::Audience),
        (Misbehaviour::WrongIssuer, IdTokenFault::Issuer),
        (Misbehaviour::WrongKey, IdTokenFault::Signature),
        (Misbehaviour::UnknownKey, IdTokenFault::Key),
        (Misbehaviour::AlgNone, IdTokenFault::Algorithm),
        (Misbehaviour::SharedSecret, IdTokenFault::Algorithm),
        (Misbehaviour::NoIdToken, IdTokenFault::Missing),
        (Misbehaviour::ClockOff(-3_600 - 301), IdTokenFault::Clock),
        (Misbehaviour::ClockOff(330), IdTokenFault::Clock),
    ];
    for (wrong, fault) in faults {
        provider.behave();
        provider.misbehave(wrong.clone());
        assert_eq!(attempt(&provider, Shifted::new()).await.err(), Some(AuthError::IdToken(fault)), "{wrong:?}");
    }
    provider.stop().await;
}

#[tokio::test]
async fn a_clock_may_be_off_by_five_minutes() {
    let provider = provider().await;
    for (seconds, good) in [(270, true), (-270, true), (-330, false)] {
        let clock = Shifted::new();
        clock.shift(SignedDuration::from_secs(seconds));
        let found = attempt(&provider, clock).await;
        assert_eq!(found.is_ok(), good, "{seconds}: {:?}", found.err());
    }
    provider.stop().await;
}

#[tokio::test]
async fn another_persons_profile_is_refused_and_none_at_all_is_made_do_without() {
    let provider = provider().await;
    let clock = Shifted::new();
    let service = service(&provider, clock.clone());
    let mut signed_in = crate::support::signed_in(&service).await;
    provider.misbehave(Misbehaviour::WrongPerson);
    assert_eq!(service.add_profile(&mut signed_in).await, Err(AuthError::WrongAccount));
    provider.behave();
    provider.misbehave(Misbehaviour::NoProfile);
    assert_eq!(service.add_profile(&mut signed_in).await, Ok(()));
    assert_eq!(signed_in.identity.person.name, "Kari Demo", "the id token has it too");
    provider.stop().await;
}
