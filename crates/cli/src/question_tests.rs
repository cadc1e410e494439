use super::*;

fn approves(typed: Option<&str>) -> Option<Said> {
    Some(Said::Answer(ReviewVerdict::Approve, typed.map(Into::into)))
}

fn rejects(reason: Option<&str>) -> Option<Said> {
    Some(Said::Answer(ReviewVerdict::Reject { reason: reason.map(Into::into) }, None))
}

#[test]
fn only_the_whole_word_approves_and_enter_alone_rejects() {
    for line in ["a", " A ", "approve", "APPROVE\t"] {
        assert_eq!(said(line), approves(None), "{line}");
    }
    for line in ["", "  ", "r", "reject", "R "] {
        assert_eq!(said(line), rejects(None), "{line}");
    }
    for line in ["y", "yes", "ok", "approve it", "a b", "approved", "rr", "no"] {
        assert_eq!(said(line), None, "{line}");
    }
    assert_eq!(said("approve 73"), approves(Some("73")));
}

#[test]
fn words_after_r_are_the_reason() {
    assert_eq!(said("r  wrong customer "), rejects(Some("wrong customer")));
    assert_eq!(said("reject not now"), rejects(Some("not now")));
}

#[test]
fn values_and_whole_changes_can_be_edited() {
    let edit = |number, field: &str, value: &str| Some(Said::Edit(Edit { number, field: field.into(), value: value.into() }));
    assert_eq!(said("e creditLimit = 5000.10"), edit(1, "creditLimit", "5000.10"));
    assert_eq!(said("edit 2 Payment terms = 30 DAYS = net"), edit(2, "Payment terms", "30 DAYS = net"));
    assert_eq!(said("e city ="), edit(1, "city", ""));
    assert_eq!(said("x 3"), Some(Said::Toggle(3)));
    for line in ["e", "e creditLimit 5", "e = 5", "e 0 city = x", "x", "x two", "x -1"] {
        assert_eq!(said(line), None, "{line}");
    }
}
