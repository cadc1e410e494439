//! `ask`, `chat` and `tools call` through pipes.

use serde_json::Value;

use crate::process::{Ended, Home, program, run};

const CREATE: &str = "Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days";

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// The places of these types, in this order, among the events.
fn in_order(events: &[Value], wanted: &[&str]) {
    let types = types(events);
    let mut rest = types.iter();
    for one in wanted {
        assert!(rest.any(|kind| kind == one), "no `{one}` at its place in {types:?}");
    }
}

fn harmless(ended: &Ended) {
    for text in [&ended.out, &ended.err] {
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}' | '\u{e0041}')), "{text:?}");
    }
}

#[test]
fn an_approved_create_streams_its_events_in_order_and_the_record_is_there() {
    let home = Home::new();
    let ended = home.run(&["ask", CREATE, "--json", "--approve", "all"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(ended.err, "");
    let events = ended.lines();
    let wanted = [
        "run_started",
        "turn_started",
        "todos_updated",
        "tool_call_started",
        "approval_requested",
        "approval_resolved",
        "change_recorded",
        "tool_call_completed",
        "text_delta",
        "message_completed",
        "run_completed",
    ];
    in_order(&events, &wanted);
    for (event, seq) in events.iter().zip(1..) {
        assert_eq!(event["seq"], seq);
        assert!(event["at"].is_string() && event["run_id"].is_string() && event["session_id"].is_string());
    }
    let resolved = events.iter().find(|event| event["type"] == "approval_resolved").unwrap();
    assert_eq!((resolved["decision"].as_str(), resolved["by"].as_str()), (Some("approved"), Some("automation")));
    assert_eq!(events.last().unwrap()["stop_reason"], "end_turn");
    let found = home.customers("Harbor Lights Ltd");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["city"], "Bergen");
}

#[test]
fn a_rejected_create_exits_with_4_and_changes_nothing() {
    let home = Home::new();
    let ended = home.run(&["ask", CREATE, "--approve", "reject"]);
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    assert!(ended.err.contains("Rejected automatically, without a person. Nothing was changed."), "{}", ended.err);
    assert!(home.customers("Harbor Lights Ltd").is_empty());
}

#[test]
fn without_a_terminal_a_question_is_rejected_at_once() {
    let home = Home::new();
    let ended = run(home.command(&["ask", CREATE, "--json"]), "approve\na\n");
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    let events = ended.lines();
    let resolved = events.iter().find(|event| event["type"] == "approval_resolved").unwrap();
    assert_eq!((resolved["decision"].as_str(), resolved["reason"].as_str()), (Some("rejected"), Some("no terminal to ask on")));
    assert!(home.customers("Harbor Lights Ltd").is_empty());
}

#[test]
fn the_answer_alone_is_on_standard_output() {
    let home = Home::new();
    let ended = home.run(&["ask", "How many customers are there?"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains("customers") && !ended.out.contains("Thinking"), "{}", ended.out);
    assert!(ended.err.contains("demo company") && ended.err.contains("demo model") && ended.err.contains("• customers"), "{}", ended.err);
    harmless(&ended);
    let quiet = home.run(&["-q", "ask", "How many customers are there?"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (Some(0), ""));
}

#[test]
fn the_prompt_comes_from_standard_input_where_a_dash_stands_for_it() {
    let home = Home::new();
    let ended = run(home.command(&["ask", "-", "-q"]), "How many customers are there?\n");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains("customers"));
    let long = "x".repeat(1024 * 1024 + 1);
    let ended = run(home.command(&["ask", "-"]), &long);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("1 MiB") && ended.err.contains("Nothing was sent."), "{}", ended.err);
    assert_eq!(home.run(&["ask", "  "]).code, Some(2));
}

#[test]
fn approving_everything_is_refused_outside_the_demo_until_a_person_allows_it() {
    let home = Home::new();
    let mut command = program();
    command.arg("--home").arg(home.path()).args(["ask", "--approve", "all", "hello", "--json"]);
    let ended = run(command, "");
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert!(ended.err.contains("automation.unattended_approval") && ended.err.contains("Nothing was sent."), "{}", ended.err);
}

#[test]
fn a_conversation_goes_on_where_it_is_named() {
    let home = Home::new();
    let first = home.run(&["ask", "How many customers are there?", "--json"]).lines();
    let session = first[0]["session_id"].as_str().unwrap();
    let second = home.run(&["ask", "--session", session, "How many items are there?", "--json"]).lines();
    assert_eq!(second[0]["session_id"], session);
    let missing = home.run(&["ask", "--session", "01890000-0000-7000-8000-000000000000", "hello"]);
    assert_eq!((missing.code, missing.out.as_str()), (Some(1), ""));
    assert!(missing.err.starts_with("error: "), "{}", missing.err);
}

#[test]
fn chat_reads_lines_to_their_end_in_one_conversation() {
    let home = Home::new();
    let ended = run(home.command(&["chat", "--json"]), "How many customers are there?\n\nHow many items are there?\n");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let events = ended.lines();
    let sessions: std::collections::HashSet<&str> = events.iter().map(|event| event["session_id"].as_str().unwrap()).collect();
    assert_eq!(sessions.len(), 1);
    assert_eq!(types(&events).iter().filter(|kind| **kind == "run_completed").count(), 2);
    let ended = run(home.command(&["chat"]), "/help\n/nonsense\n/quit\nHow many customers are there?\n");
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""));
    assert!(ended.err.contains("Demo model: it reads English by rules; it is not Claude."), "{}", ended.err);
    assert!(ended.err.contains("/new") && ended.err.contains("There is no /nonsense."), "{}", ended.err);
}

#[test]
fn a_tool_called_by_hand_goes_through_the_same_gate() {
    let home = Home::new();
    let input = r#"{"entity":"customers","data":{"displayName":"By Hand AS"}}"#;
    let rejected = home.run(&["tools", "call", "bc_create_entity", input, "--json"]);
    assert_eq!((rejected.code, rejected.json()["status"].as_str()), (Some(4), Some("rejected")));
    assert!(home.customers("By Hand AS").is_empty());
    let approved = run(home.command(&["tools", "call", "bc_create_entity", "-", "--approve", "all", "--json"]), input);
    assert_eq!((approved.code, approved.json()["status"].as_str()), (Some(0), Some("ok")), "{}", approved.err);
    assert_eq!(home.customers("By Hand AS").len(), 1);
    assert_eq!(home.run(&["tools", "call", "bc_query_entities", "[]"]).code, Some(2));
    assert_eq!(home.run(&["tools", "call", "no_such_tool", "{}"]).code, Some(1));
}

#[test]
fn what_hides_in_a_record_is_written_out_wherever_it_is_shown() {
    let home = Home::new();
    let name = "Evil\u{1b}[2J\u{202e}Co\u{200b}\u{e0041}";
    let input = serde_json::json!({"entity": "vendors", "data": {"displayName": name}}).to_string();
    let created = home.run(&["tools", "call", "bc_create_entity", &input, "--approve", "all"]);
    harmless(&created);
    assert!(created.err.contains("\\u{202e}Co\\u{200b}\\u{e0041}"), "{}", created.err);
    for arguments in [&["ask", "-v", "list vendors"][..], &["changes", "list"], &["approvals", "list"], &["search", "Evil"], &["ask", "list vendors", "--json"]]
    {
        harmless(&home.run(arguments));
    }
}

#[test]
fn nobody_reading_ends_the_run_quietly() {
    let home = Home::new();
    let mut command = home.command(&["ask", "list customers", "--json"]);
    let mut child = command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), &[][..]));
}
