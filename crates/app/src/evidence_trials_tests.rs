#![allow(clippy::unwrap_used)]
use bca_protocol::{AuditClient, AuditOutcome, FieldKind, RawJson};

use super::*;

fn entry(details: Option<&str>) -> AuditEntry {
    AuditEntry {
        seq: 7,
        at: "2026-05-01T12:00:00Z".parse().unwrap(),
        account: None,
        client: AuditClient::Engine,
        version: String::new(),
        connection: None,
        session_id: None,
        run_id: None,
        correlation_id: None,
        action: AuditAction::DryRun,
        resource: "customers".into(),
        resource_id: None,
        outcome: AuditOutcome::Refused,
        details: details.map(|details| RawJson::parse(details.to_owned()).unwrap()),
        details_deleted: details.is_none(),
        details_lost: false,
        seal: String::new(),
    }
}

#[test]
fn what_the_log_tells_reads_as_sentences_and_carries_no_markup() {
    let refused = r#"{"writes":[{"title":"Create <b>Fjord</b>","outcome":"would_fail","said":"The field <script> is \"blocked\"."},
        {"title":"Other","outcome":"not_known","said":"An earlier change of the set would not go through."}]}"#;
    let html = logged(&entry(Some(refused)));
    assert!(html.contains("<td>2026-05-01T12:00:00Z</td><td>7</td><td>Create &lt;b&gt;Fjord&lt;/b&gt;</td>"), "{html}");
    assert!(html.contains("Would be refused: The field &lt;script&gt; is &quot;blocked&quot;."), "{html}");
    assert!(html.contains("<td>Other</td><td>Nothing can be said. An earlier change"), "{html}");
    let alarm = logged(&entry(Some(r#"{"writes":[{"title":"A","outcome":"not_known"}],"why":"x","alarm":"\"A\" was found <in> the books."}"#)));
    assert!(alarm.contains("class=\"w\">&quot;A&quot; was found &lt;in&gt; the books.</td>"), "{alarm}");
    assert!(logged(&entry(None)).contains("can't be read any more"));
}

#[test]
fn a_value_that_would_be_filled_in_is_named_as_people_name_it() {
    let change = |before: Option<&str>, after: &str, label: Option<&str>| FieldChange {
        name: "city".into(),
        caption: "City <c>".into(),
        kind: FieldKind::Text,
        before: before.map(str::to_owned),
        after: Some(after.to_owned()),
        before_label: None,
        after_label: label.map(str::to_owned),
        editor: None,
        proposed: None,
    };
    assert_eq!(fill(&change(None, "Oslo", Some("0150 <Oslo>"))), "City &lt;c&gt;: Oslo (0150 &lt;Oslo&gt;)");
    assert_eq!(fill(&change(Some("OS'LO"), "", None)), "City &lt;c&gt;: (empty) in place of OS&#39;LO");
}

#[test]
fn a_refusal_gives_business_centrals_own_sentence() {
    let outcome = TriedOutcome::WouldFail { code: Some("Application_DialogException".into()), message: "Blocked must be < equal >.".into() };
    let (said, fills) = said(&outcome);
    assert_eq!(said, "<span class=\"w\">Would be refused:</span> Blocked must be &lt; equal &gt;. <small>Application_DialogException</small>");
    assert!(fills.is_empty());
}
