//! Permissions, the audit log, and a person's data, through the real program.

use crate::process::Home;

const CREATE: &str = "Create a customer named Lantern Shop in Bergen";

#[test]
fn a_role_that_was_set_holds_and_is_shown() {
    let home = Home::new();
    let shown = home.run(&["permissions", "show", "--json"]).json();
    assert_eq!((shown["permissions"]["role"].as_str(), shown["policy"]["state"].as_str()), (Some("admin"), Some("absent")));
    let set = home.run(&["permissions", "set", "--role", "viewer", "--deny", "entity=items", "--writes-per-day", "5", "--json"]).json();
    assert_eq!((set["permissions"]["role"].as_str(), set["permissions"]["limits"]["writes_per_day"].as_u64()), (Some("viewer"), Some(5)));
    let denied = home.run(&["ask", CREATE, "--approve", "all", "--json"]).lines();
    assert!(denied.iter().all(|event| event["type"] != "approval_requested"), "{denied:?}");
    assert!(home.customers("Lantern Shop").is_empty());
    let entries = home.run(&["audit", "list", "--action", "denied", "--json"]).json();
    assert_eq!(entries["entries"].as_array().unwrap().len(), 1);
    assert!(home.run(&["permissions", "show"]).out.contains("viewer"));
    for wrong in [&["--role", "root"][..], &["--allow", "operation=delete"], &["--typed-above", "much"], &["--deny", "colour=red"]] {
        let ended = home.run(&[&["permissions", "set"], wrong].concat());
        assert_eq!(ended.code, Some(2), "{wrong:?}: {}", ended.err);
    }
    home.run(&["permissions", "set", "--role", "admin", "--clear-rules"]);
    home.run(&["ask", CREATE, "--approve", "all"]);
    assert_eq!(home.customers("Lantern Shop").len(), 1);
}

#[test]
fn changes_are_tried_out_before_the_question_until_that_is_turned_off() {
    let home = Home::new();
    let tried = home.run(&["ask", CREATE, "--approve", "reject"]);
    assert!(tried.err.contains("✓ Tried out: Business Central would take it.") && tried.err.contains("fills in  No."), "{}", tried.err);
    assert!(home.customers("Lantern Shop").is_empty());
    let off = home.run(&["permissions", "set", "--dry-run", "off"]);
    assert!(off.out.contains("Dry run     off: Before you are asked") && off.out.contains("number series"), "{}", off.out);
    assert!(!home.run(&["ask", CREATE, "--approve", "reject"]).err.contains("Tried out"));
    let entries = home.run(&["audit", "list", "--action", "dry_run", "--json"]).json();
    assert_eq!(entries["entries"].as_array().unwrap().len(), 1);
    let on = home.run(&["permissions", "set", "--dry-run", "on", "--json"]).json();
    assert_eq!((on["dry_run"].as_str(), on["permissions"]["dry_run"].as_str()), (Some("on"), Some("on")));
    assert_eq!(home.run(&["permissions", "set", "--dry-run", "perhaps"]).code, Some(2));
}

#[test]
fn the_log_verifies_against_a_checkpoint_and_comes_out_as_csv() {
    let home = Home::new();
    home.run(&["ask", CREATE, "--approve", "all"]);
    let files = tempfile::tempdir().unwrap();
    let checkpoint = files.path().join("checkpoint.json").display().to_string();
    assert_eq!(home.run(&["audit", "checkpoint", "--to", &checkpoint]).code, Some(0));
    let verdict = home.run(&["audit", "verify", "--checkpoint", &checkpoint, "--json"]);
    assert_eq!((verdict.code, verdict.json()["intact"].as_bool()), (Some(0), Some(true)), "{}", verdict.out);
    let csv = home.run(&["audit", "export", "--format", "csv"]).out;
    assert!(csv.starts_with("seq,at,account,") && csv.contains(",write_settled,customers,"), "{csv}");
    assert!(csv.contains(",approval_decided,") && csv.contains(",automation,"), "{csv}");
    let settled = home.run(&["audit", "list", "--entity", "customers", "--outcome", "done", "--json"]).json();
    assert_eq!(settled["entries"][0]["action"], "write_settled");

    let text = std::fs::read_to_string(&checkpoint).unwrap().replace("\"count\":", "\"count\":1");
    std::fs::write(&checkpoint, text).unwrap();
    assert_eq!(home.run(&["audit", "verify", "--checkpoint", &checkpoint]).code, Some(1));
    std::fs::write(&checkpoint, "{}").unwrap();
    assert_eq!(home.run(&["audit", "verify", "--checkpoint", &checkpoint]).code, Some(2));
}

#[test]
fn data_goes_out_and_away_when_that_is_meant() {
    let home = Home::new();
    home.run(&["ask", CREATE, "--approve", "all"]);
    let files = tempfile::tempdir().unwrap();
    let directory = files.path().join("mine").display().to_string();
    let report = home.run(&["data", "export", &directory, "--json"]);
    assert_eq!(report.code, Some(0), "{}", report.err);
    assert!(std::fs::read_to_string(files.path().join("mine/changes.json")).unwrap().contains("Lantern Shop"));
    assert_eq!(home.run(&["data", "export", &directory]).code, Some(2));

    let unasked = home.run(&["data", "delete", "--everything"]);
    assert_eq!((unasked.code, unasked.err.contains("--yes")), (Some(2), true), "{}", unasked.err);
    assert_eq!(home.run(&["sessions", "list", "-q"]).out.lines().count(), 1);
    assert_eq!(home.run(&["data", "delete", "--everything", "--yes"]).code, Some(0));
    assert_eq!(home.run(&["sessions", "list", "-q"]).out, "");
    assert_eq!(home.run(&["audit", "verify"]).code, Some(0));
}
