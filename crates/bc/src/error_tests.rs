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
    let throttled = WriteError::Refused(BcError::Throttled { retry_after: None });
    assert_eq!(UserError::from(&throttled).message, "Business Central is too busy just now. Nothing was changed. Propose it again in a minute.");
}
