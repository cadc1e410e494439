#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_protocol::{PermissionRule, WriteLimits};
use jiff::SignedDuration;

use super::*;

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn allow(operation: Option<WriteOperation>, hours: Option<i64>) -> Permissions {
    let expires_at = hours.map(|hours| now() + SignedDuration::from_hours(hours));
    let rule = PermissionRule { tool: None, entity: Some("customers".into()), operation, verdict: RuleVerdict::Allow, expires_at };
    Permissions { rules: vec![rule], ..Permissions::default() }
}

#[test]
fn allowing_gets_an_end() {
    let tidied = tidy(allow(None, None), now()).unwrap();
    assert_eq!(tidied.rules[0].expires_at, Some(now() + ALLOW_USUALLY));
    assert!(tidy(allow(None, Some(30 * 24)), now()).is_ok());
    tidy(allow(None, Some(30 * 24 + 1)), now()).unwrap_err();
    assert!(tidy(allow(None, Some(-1)), now()).unwrap().rules.is_empty());
    for never in [WriteOperation::Delete, WriteOperation::Action] {
        tidy(allow(Some(never), None), now()).unwrap_err();
    }
}

#[test]
fn amounts_are_digits() {
    let with = |amount: &str| Permissions { limits: WriteLimits { typed_above: Some(amount.into()), ..WriteLimits::default() }, ..Permissions::default() };
    assert!(tidy(with("1000.50"), now()).is_ok());
    for wrong in ["", "1,000", "-1", "much"] {
        tidy(with(wrong), now()).unwrap_err();
    }
}
