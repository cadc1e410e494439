//! Everything that is asked of the history and the home.

use crate::process::{Home, program, run};

#[test]
fn wrong_usage_is_exactly_2() {
    let home = Home::new();
    for arguments in [
        &["no-such"][..],
        &["ask"],
        &["ask", "x", "--session", "17"],
        &["sessions", "show", "17"],
        &["settings", "get", "no.such"],
        &["settings", "set", "agent.max_turns", "many"],
        &["approvals", "approve", "01890000-0000-7000-8000-000000000000"],
        &["changes", "undo", "17"],
        &["login", "--timeout", "soon"],
    ] {
        let ended = home.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.err.contains("error"), "{}", ended.err);
    }
    assert_eq!(run(program(), "").code, Some(2));
    let told = home.run(&["sessions", "show", "17", "--json"]);
    assert_eq!((told.code, told.json()["error"]["code"].as_str()), (Some(2), Some("invalid_input")));
    assert_eq!(home.run(&["--version"]).out.trim(), format!("bc-agent {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_history_of_a_run_can_be_listed_shown_searched_renamed_exported_and_deleted() {
    let home = Home::new();
    let ask = home.run(&["ask", "Create a customer named Quayside Books in Bergen", "--approve", "all", "--json"]).lines();
    let session = ask[0]["session_id"].as_str().unwrap().to_owned();
    assert_eq!(home.run(&["sessions", "list", "-q"]).out.trim(), session);
    let listed = home.run(&["--json", "sessions", "list"]).json();
    assert_eq!(listed["sessions"][0]["session_id"], session.as_str());
    let shown = home.run(&["sessions", "show", &session]);
    assert!(shown.out.contains("You ") && shown.out.contains("✓ Create customer Quayside Books: confirmed."), "{}", shown.out);
    let detail = home.run(&["sessions", "show", &session, "--json"]).json();
    assert!(detail["messages"].as_array().unwrap().len() >= 2 && detail["changes"].as_array().unwrap().len() == 1);
    let hits = home.run(&["search", "quayside", "--json"]).json();
    assert!(hits["hits"].as_array().unwrap().iter().any(|hit| hit["session_id"] == session.as_str()));
    assert!(home.run(&["search", "quayside"]).out.contains("Quayside"));

    assert_eq!(home.run(&["sessions", "rename", &session, "New", "books", "customer"]).code, Some(0));
    assert!(home.run(&["sessions", "list"]).out.contains("New books customer"));
    let export = home.run(&["sessions", "export", &session]);
    assert_eq!(export.json()["session"]["title"], "New books customer");
    assert!(home.run(&["sessions", "export", &session, "--format", "md"]).out.starts_with("# New books customer"));

    let change = home.run(&["changes", "list", "-q"]).out.trim().to_owned();
    let change_page = home.run(&["changes", "show", &change, "-v"]).out;
    assert!(change_page.contains("Quayside Books") && change_page.contains("POST customers") && change_page.contains("After"), "{change_page}");
    assert_eq!(home.run(&["changes", "show", &change, "--json"]).json()["state"], "confirmed");
    let approval = home.run(&["approvals", "list", "-q"]).out.trim().to_owned();
    let approval_page = home.run(&["approvals", "show", &approval]).out;
    assert!(approval_page.contains("Approved automatically, without a person.") && !approval_page.contains("waits for your approval"), "{approval_page}");
    assert_eq!(home.run(&["approvals", "list", "--pending", "--json"]).json()["approvals"].as_array().unwrap().len(), 0);

    assert_eq!(home.run(&["sessions", "delete", &session]).code, Some(0));
    let gone = home.run(&["sessions", "show", &session, "--json"]);
    assert_eq!((gone.code, gone.json()["error"]["code"].as_str()), (Some(1), Some("not_found")));
    assert!(gone.err.starts_with("error: "), "{}", gone.err);
    assert_eq!(home.run(&["changes", "list", "-q"]).out.trim(), change, "changes outlive their conversation");
}

#[test]
fn an_answered_question_cannot_be_answered_again_and_a_wrong_digest_never_counts() {
    let home = Home::new();
    assert_eq!(home.run(&["ask", "Create a customer named Twice AS", "--approve", "reject"]).code, Some(4));
    let id = home.run(&["approvals", "list", "-q"]).out.trim().to_owned();
    let digest = home.run(&["approvals", "show", &id, "--json"]).json()["request"]["digest"].as_str().unwrap().to_owned();
    assert_eq!(home.run(&["approvals", "approve", &id, "--digest", &"0".repeat(64)]).code, Some(1));
    let late = home.run(&["approvals", "approve", &id, "--digest", &digest]);
    assert_eq!(late.code, Some(4));
    assert!(late.err.contains("Too late: it was rejected before."), "{}", late.err);
    assert!(home.customers("Twice AS").is_empty());
}

#[test]
fn settings_are_listed_read_set_refused_and_reset() {
    let home = Home::new();
    let listed = home.run(&["settings", "list", "--json"]).json();
    assert!(listed["settings"].as_array().unwrap().iter().any(|setting| setting["key"] == "agent.max_turns"));
    assert_eq!(home.run(&["settings", "get", "agent.max_turns"]).out, "20\n");
    assert_eq!(home.run(&["settings", "set", "agent.max_turns", "9"]).code, Some(0));
    assert_eq!(home.run(&["settings", "get", "agent.max_turns"]).out, "9\n");
    let refused = home.run(&["settings", "set", "agent.max_turns", "-4", "--json"]);
    assert_eq!((refused.code, refused.json()["error"]["code"].as_str()), (Some(2), Some("invalid_input")));
    assert_eq!(home.run(&["settings", "reset", "agent.max_turns"]).code, Some(0));
    assert_eq!(home.run(&["settings", "get", "agent.max_turns", "--json"]).json()["source"], "default");
}

#[test]
fn a_backup_is_made_listed_and_put_back() {
    let home = Home::new();
    assert_eq!(home.run(&["settings", "set", "agent.max_turns", "7"]).code, Some(0));
    let name = home.run(&["backup", "create"]).out.trim().to_owned();
    assert_eq!(home.run(&["settings", "set", "agent.max_turns", "8"]).code, Some(0));
    let listed = home.run(&["backup", "list", "--json"]).json();
    assert_eq!((listed["backups"][0]["name"].as_str(), listed["backups"][0]["verified"].as_bool()), (Some(name.as_str()), Some(true)));
    assert_eq!(home.run(&["backup", "restore", &name]).code, Some(0));
    assert_eq!(home.run(&["settings", "get", "agent.max_turns"]).out, "7\n");
    assert_eq!(home.run(&["backup", "restore", "no-such.db"]).code, Some(1));
}

#[test]
fn the_doctor_says_what_is_missing_and_what_to_do() {
    let demo = Home::new();
    let well = demo.run(&["doctor"]);
    assert_eq!(well.code, Some(0), "{}", well.out);
    assert!(well.out.contains("demo model"), "{}", well.out);
    let home = Home::new();
    let mut command = program();
    command.arg("--home").arg(home.path()).arg("doctor");
    let ill = run(command, "");
    assert_eq!(ill.code, Some(1));
    assert!(ill.out.contains("ANTHROPIC_API_KEY") && ill.out.contains('→'), "{}", ill.out);
}

#[test]
fn without_a_connection_nothing_of_business_central_works_and_the_code_is_3() {
    let home = Home::new();
    let mut command = program();
    command.arg("--home").arg(home.path()).args(["connections", "test", "--json"]);
    let ended = run(command, "");
    assert_eq!((ended.code, ended.json()["error"]["code"].as_str()), (Some(3), Some("not_connected")));
    let mut command = program();
    command.arg("--home").arg(home.path()).args(["tools", "call", "bc_get_schema", r#"{"entity":"customers"}"#, "--json"]);
    assert_eq!(run(command, "").code, Some(0));
}

#[test]
fn a_home_that_is_a_file_is_told_in_a_sentence() {
    let home = Home::new();
    let file = home.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let mut command = program();
    command.arg("--home").arg(&file).args(["sessions", "list"]);
    let ended = run(command, "");
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.err.starts_with("error: ") && !ended.err.contains("panic"), "{}", ended.err);
}
