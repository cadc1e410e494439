#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

#[test]
fn rules_are_read_part_by_part() {
    let all = rule("*", RuleVerdict::Deny).unwrap();
    assert_eq!((all.tool, all.entity, all.operation), (None, None, None));
    let one = rule("entity=customers, operation=create", RuleVerdict::Allow).unwrap();
    assert_eq!((one.entity.as_deref(), one.operation), (Some("customers"), Some(WriteOperation::Create)));
    for wrong in ["", "customers", "entity=", "operation=post", "colour=red"] {
        rule(wrong, RuleVerdict::Ask).unwrap_err();
    }
}

#[test]
fn a_cursor_is_two_numbers() {
    assert_eq!(cursor("-5:7").unwrap(), AuditCursor { at: -5, seq: 7 });
    for wrong in ["", "5", "5:", "a:b", "1:-2"] {
        cursor(wrong).unwrap_err();
    }
}
