#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use crate::render::samples::{field, request, update};

#[test]
fn a_change_stands_in_columns_with_its_meaning_its_remarks_and_its_request() {
    let mut terms = field("Payment terms", FieldKind::Reference, Some("guid-14"), Some("guid-30"));
    terms.before_label = Some("14 DAYS · Net 14 days".into());
    terms.after_label = Some("30 DAYS · Net 30 days".into());
    let limit = field("Credit limit", FieldKind::Decimal, Some("50000.00"), Some("75000.00"));
    let text = question(&request(vec![update(vec![terms, limit])]), Standing::Waits, Paint::Plain, Loudness::Normal);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "── 1 change waits for your approval · medium priority");
    assert_eq!(lines[1], "   Nordby AS · demo company · as demo");
    assert_eq!(lines[3], "   Change customer 10020 Fjordlys AS");
    assert_eq!(lines[4], "     Payment terms   14 DAYS · Net 14 days (guid-14)   →   30 DAYS · Net 30 days (guid-30)");
    assert_eq!(lines[5], "     Credit limit    50000.00                          →   75000.00");
    assert_eq!(lines[6], "     ! Balance due is 48210.00 NOK");
    assert_eq!(lines[7], "     ↶ Can be undone: The old values are put back.");
    assert_eq!(lines[8], "     PATCH customers(aaaaaaaa-0000-0000-0000-000000000001)  If-Match W/\"abc\"  digest 7c7c 7c7c");
    assert!(lines.last().unwrap().ends_with("digest 1e1e 1e1e"));
}

#[test]
fn a_create_shows_only_what_will_be_and_a_delete_only_what_was() {
    let mut create = update(vec![field("Name", FieldKind::Text, None, Some("Harbor Lights Ltd"))]);
    create.operation = WriteOperation::Create;
    let text = question(&request(vec![create]), Standing::Waits, Paint::Plain, Loudness::Normal);
    assert!(text.contains("Name   Harbor Lights Ltd") && !text.contains('→'), "{text}");
    let mut delete = update(vec![field("Name", FieldKind::Text, Some("Fjordlys AS"), None)]);
    delete.operation = WriteOperation::Delete;
    delete.undo = Undoable::No { why: "A deleted customer gets a new id.".into() };
    let text = question(&request(vec![delete]), Standing::Waits, Paint::Plain, Loudness::Normal);
    assert!(text.contains("Name   Fjordlys AS") && text.contains("! Cannot be undone: A deleted customer gets a new id."), "{text}");
}

#[test]
fn several_changes_are_numbered_and_decided_together() {
    let text = question(&request(vec![update(Vec::new()), update(Vec::new())]), Standing::Waits, Paint::Plain, Loudness::Normal);
    assert!(text.contains("2 changes wait for your approval, all or none"));
    assert!(text.contains("1 of 2  Change customer") && text.contains("2 of 2  Change customer"));
}

#[test]
fn the_title_of_a_set_is_told_as_the_agents_words() {
    let asked = ApprovalRequest { title: Some("Set up two customers".into()), ..request(vec![update(Vec::new()), update(Vec::new())]) };
    let text = question(&asked, Standing::Waits, Paint::Plain, Loudness::Normal);
    assert_eq!(text.lines().nth(2), Some("   the agent's title: Set up two customers"));
}

#[test]
fn what_came_of_trying_out_stands_with_its_change_or_says_why_not() {
    use bca_protocol::{DryRun, TriedOutcome, TriedWrite};
    let asked = request(vec![update(Vec::new())]);
    let shown = |dry_run| question(&ApprovalRequest { dry_run: Some(dry_run), ..asked.clone() }, Standing::Waits, Paint::Plain, Loudness::Normal);
    let fills = vec![field("No.", FieldKind::Code, None, Some("C00010")), field("City", FieldKind::Text, Some("OSLO"), Some("Oslo\u{202e}"))];
    let tried = |outcome| DryRun::Tried { writes: vec![TriedWrite { change_id: asked.changes[0].change_id, outcome }] };
    let text = shown(tried(TriedOutcome::WouldWork { fills }));
    assert!(text.contains("✓ Tried out: Business Central would take it."), "{text}");
    assert!(text.contains("fills in  No.  C00010") && text.contains("City  OSLO → Oslo") && !text.contains('\u{202e}'), "{text}");
    let text = shown(tried(TriedOutcome::WouldFail { code: None, message: "The customer is blocked.".into() }));
    assert!(text.contains("! Business Central would refuse it: The customer is blocked."), "{text}");
    assert!(shown(DryRun::NotTried { why: "Actions are never tried out.".into() }).contains("i Not tried out: Actions are never tried out."));
    assert!(shown(DryRun::NotKnown { why: "No answer.".into() }).contains("! Tried out, and nothing can be said: No answer."));
}

#[test]
fn an_empty_value_is_told_apart_from_none_at_all_and_long_values_are_whole() {
    let long = "x".repeat(3_000);
    let fields = vec![field("E-mail", FieldKind::Text, Some("a@b.no"), Some("")), field("Comment", FieldKind::Text, Some("short"), Some(&long))];
    let text = question(&request(vec![update(fields)]), Standing::Waits, Paint::Plain, Loudness::Normal);
    assert!(text.contains("E-mail    a@b.no   →   (empty)"), "{text}");
    assert!(text.contains(&long));
}

#[test]
fn nothing_invisible_gets_through_anywhere_in_a_question() {
    let evil = "a\u{1b}[2K\u{202e}\u{200b}\u{e0041}\nb";
    let mut change = update(vec![field(evil, FieldKind::Text, Some(evil), Some(evil))]);
    change.fields[0].after_label = Some(evil.into());
    change.fields[0].before_label = Some(format!("{evil}!"));
    change.title = evil.into();
    change.notes[0].text = evil.into();
    change.undo = Undoable::Yes { how: evil.into() };
    change.if_match = Some(evil.into());
    change.body = Some(evil.into());
    let mut asked = request(vec![change]);
    asked.connection.company = evil.into();
    asked.connection.account = evil.into();
    asked.connection.environment = evil.into();
    asked.title = Some(evil.into());
    let text = question(&asked, Standing::Waits, Paint::Plain, Loudness::Verbose);
    assert!(!text.chars().any(|c| matches!(c, '\u{1b}' | '\u{202e}' | '\u{200b}' | '\u{e0041}')), "{text:?}");
    assert!(text.lines().all(|line| !line.starts_with('b')), "{text}");
    assert_eq!(text.matches("\\u{202e}").count(), 13, "{text}");
}

#[test]
fn a_label_never_stands_for_another_value() {
    let shown = |text: &str, label: &str| {
        let labelled = FieldChange { after_label: Some(label.into()), ..field("Terms", FieldKind::Code, None, Some(text)) };
        let mut create = update(vec![labelled]);
        create.operation = WriteOperation::Create;
        let text = question(&request(vec![create]), Standing::Waits, Paint::Plain, Loudness::Normal);
        text.lines().find_map(|line| line.trim().strip_prefix("Terms   ").map(str::to_owned)).unwrap()
    };
    assert_eq!(shown("50 DAYS", "50 DAYS · Net 50 days"), "50 DAYS · Net 50 days");
    assert_eq!(shown("5", "50 DAYS · Net 50 days"), "5 · 50 DAYS · Net 50 days");
    assert_eq!(shown("", "50 DAYS"), "(empty) · 50 DAYS");
}

#[test]
fn lines_of_a_document_are_told_apart() {
    let child = |name: &str, after: &str| FieldChange { name: name.into(), ..field("Quantity", FieldKind::Decimal, None, Some(after)) };
    let mut order = update(vec![child("salesOrderLines[0].quantity", "3"), child("salesOrderLines[1].quantity", "2")]);
    order.operation = WriteOperation::Create;
    let text = question(&request(vec![order]), Standing::Waits, Paint::Plain, Loudness::Normal);
    assert!(text.contains("Line 1 · Quantity   3") && text.contains("Line 2 · Quantity   2"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Every value that is sent is on the screen, whole, and nothing else acts on it.
    #[test]
    fn what_is_sent_is_shown(fields in proptest::collection::vec((any::<String>(), proptest::option::of(any::<String>()), any::<String>(), any::<String>()), 0..8)) {
        let kinds = [FieldKind::Text, FieldKind::Code, FieldKind::Decimal, FieldKind::Reference, FieldKind::Json];
        let made = fields.iter().zip(kinds.iter().cycle()).map(|((caption, before, after, label), kind)| FieldChange {
            after_label: Some(label.clone()),
            ..field(caption, *kind, before.as_deref(), Some(after))
        });
        let text = question(&request(vec![update(made.collect())]), Standing::Waits, Paint::Plain, Loudness::Normal);
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        for (caption, before, after, _) in &fields {
            for shown in [Some(caption), before.as_ref(), Some(after)].into_iter().flatten() {
                prop_assert!(text.contains(&value(shown)), "{shown:?} is missing in {text}");
            }
        }
        let lines = text.lines().count();
        prop_assert_eq!(lines, fields.len() + 9, "no value makes lines of its own");
    }
}
