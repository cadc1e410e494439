#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[test]
fn a_bookkeeper_understands_the_sentences() {
    let told = |error: BcError| UserError::from(&error).message;
    assert_eq!(
        told(BcError::TimedOut { after: Duration::from_secs(60) }),
        "Business Central did not answer within 60 seconds. Nothing was changed. Try again, or ask for less at once."
    );
    let refused = BcError::Refused { code: "Application_DialogException".into(), message: "The customer is blocked.".into(), correlation_id: None };
    assert_eq!(told(refused), "Business Central refused: The customer is blocked. Nothing was changed.");
    let unknown = WriteError::Unknown(BcError::TimedOut { after: Duration::from_secs(120) });
    assert_eq!(
        UserError::from(&unknown).message,
        "Business Central did not answer within 120 seconds. It is not known whether the change was made. Business Central is read again to find out."
    );
    let changed = WriteError::Changed(BcError::Changed { correlation_id: None });
    assert_eq!(
        UserError::from(&changed).message,
        "The record was changed by somebody else in the meantime. Nothing was changed. Look at it again before you change it."
    );
    let other = WriteError::NotSent(NotSent::Permit(PermitError::OtherRequest));
    assert_eq!(UserError::from(&other).message, "Nothing was sent: the request is not the one that was approved. Nothing was changed.");
    let full = WriteError::NotSent(NotSent::Log("the disk is full".into()));
    assert_eq!(UserError::from(&full).message, "Nothing was sent: the intent could not be recorded (the disk is full). Nothing was changed.");
    let stopped = WriteError::NotSent(NotSent::Before(BcError::Cancelled));
    assert_eq!(UserError::from(&stopped).message, "Stopped. Nothing was changed.");
    let away = BcError::Unreachable { whom: "Business Central at example.com".into(), reason: "there is no network".into() };
    assert_eq!(
        told(away),
        "Business Central at example.com could not be reached: there is no network. Nothing was changed. Check the network, the proxy and the address of the connection."
    );
    let throttled = WriteError::Refused(BcError::Throttled { retry_after: None, correlation_id: None });
    assert_eq!(UserError::from(&throttled).message, "Business Central is too busy just now. Nothing was changed. Propose it again in a minute.");
}
