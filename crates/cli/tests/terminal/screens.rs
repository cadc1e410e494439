//! Journeys of a person at a terminal.

use crate::{process::Home, screen::Screen, serving::Servers};

const CREATE: [&str; 2] = ["ask", "Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days"];

#[test]
fn a_person_sees_the_fields_and_the_countdown_and_approves() {
    let home = Home::new();
    let mut screen = Screen::start(&home, &CREATE, &[]);
    for text in [
        "demo model",
        "Plan",
        "• paymentTerms",
        "waits for your approval",
        "demo company",
        "Harbor Lights Ltd",
        "14 DAYS",
        "Can be undone",
        "POST customers",
        "digest",
    ] {
        screen.wait_for(text);
    }
    // Written again only when it has changed.
    for _ in 0..3 {
        screen.wait_for("left; silence means no.");
    }
    screen.write("approve\n");
    screen.wait_for("Approved at the terminal.");
    screen.wait_for("confirmed. Can be undone.");
    let (code, seen) = screen.end();
    assert_eq!(code, Some(0), "{seen}");
    assert_eq!(home.customers("Harbor Lights Ltd").len(), 1);
}

#[test]
fn what_was_typed_before_the_question_is_no_answer_and_enter_alone_rejects() {
    let home = Home::new();
    let mut screen = Screen::start(&home, &CREATE, &[]);
    screen.wait_for("Thinking");
    screen.write("approve\na\n");
    screen.wait_for("left; silence means no.");
    screen.wait_for("left; silence means no.");
    screen.write("yes\n");
    screen.wait_for("That is neither yes nor no.");
    screen.write("\n");
    screen.wait_for("Rejected at the terminal. Nothing was changed.");
    let (code, seen) = screen.end();
    assert_eq!(code, Some(4), "{seen}");
    assert!(home.customers("Harbor Lights Ltd").is_empty());
}

#[test]
fn another_process_answers_and_the_question_goes_away_with_who_did() {
    let home = Home::new();
    let mut screen = Screen::start(&home, &CREATE, &[("NO_COLOR", "1")]);
    screen.wait_for("reject > ");
    let id = home.run(&["approvals", "list", "--pending", "-q"]).out.trim().to_owned();
    let page = home.run(&["approvals", "show", &id]).out;
    let digest = page.split("--digest ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    screen.write("half an ans");
    assert_eq!(home.run(&["approvals", "approve", &id, "--digest", &digest]).code, Some(0));
    screen.wait_for("Approved with `bc-agent approvals`.");
    let (code, seen) = screen.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(!seen.contains("\u{1b}[2m") && !seen.contains("\u{1b}[1m"), "NO_COLOR: {seen:?}");
    assert_eq!(home.customers("Harbor Lights Ltd").len(), 1);
}

#[test]
fn ctrl_c_at_a_question_withdraws_it_and_changes_nothing() {
    let home = Home::new();
    let mut screen = Screen::start(&home, &CREATE, &[]);
    screen.wait_for("reject > ");
    screen.write("\u{3}");
    screen.wait_for("Withdrawn: the run was stopped. Nothing was changed.");
    let (code, seen) = screen.end();
    assert_eq!(code, Some(1), "{seen}");
    assert!(home.customers("Harbor Lights Ltd").is_empty());
    assert_eq!(home.run(&["approvals", "list", "--pending", "-q"]).out, "");
}

#[test]
fn ctrl_c_twice_leaves_at_once_and_the_write_under_way_is_told_as_unknown() {
    let (home, servers) = (Home::new(), Servers::start(&["--fault", "customers:POST:1:slow=60000"]));
    let mut screen = Screen::run(&CREATE, &home, &servers.environment());
    screen.wait_for("reject > ");
    screen.write("a\n");
    screen.wait_for("Approved at the terminal.");
    screen.write("\u{3}");
    screen.wait_for("Ctrl-C again leaves at once.");
    screen.write("\u{3}");
    let (code, seen) = screen.end();
    assert_eq!(code, Some(5), "{seen}");
    let changes = servers.run(&home, &["changes", "list", "--json"]).json();
    let states: Vec<&str> = changes["changes"].as_array().unwrap().iter().map(|change| change["state"].as_str().unwrap()).collect();
    assert!(matches!(states.as_slice(), ["unknown" | "not_sent"]), "{states:?}");
}

#[test]
fn a_table_of_the_answer_stands_in_columns_on_a_screen() {
    let home = Home::new();
    let screen = Screen::start(&home, &["ask", "list payment terms"], &[]);
    let (code, seen) = screen.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("14 DAYS") && seen.contains("──") && !seen.contains("|---"), "{seen}");
}

#[test]
fn silence_means_no() {
    let home = Home::new();
    assert_eq!(home.run(&["settings", "set", "approval.timeout_seconds", "2"]).code, Some(0));
    let mut screen = Screen::start(&home, &CREATE, &[]);
    screen.wait_for("left; silence means no.");
    screen.wait_for("Expired: nobody answered in time. Nothing was changed.");
    let (code, seen) = screen.end();
    assert_eq!(code, Some(4), "{seen}");
}

#[test]
fn chat_says_where_it_is_answers_and_leaves() {
    let home = Home::new();
    let mut screen = Screen::start(&home, &["chat"], &[]);
    for text in ["BC Agent", "demo company", "Demo model", "> "] {
        screen.wait_for(text);
    }
    screen.write("How many customers are there?\n");
    screen.wait_for("customers.");
    screen.wait_for("> ");
    screen.write("Create a customer named Chatty AS\n");
    screen.wait_for("reject > ");
    screen.write("r not today\n");
    screen.wait_for("Reason: not today");
    screen.wait_for("\n> ");
    screen.write("\u{3}");
    let (code, seen) = screen.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(home.customers("Chatty AS").is_empty());
}

#[test]
fn a_dumb_terminal_gets_lines_and_no_escape_sequences() {
    let home = Home::new();
    let mut screen = Screen::start(&home, &CREATE, &[("TERM", "dumb")]);
    screen.wait_for("reject > ");
    screen.write("r\n");
    let (code, seen) = screen.end();
    assert_eq!(code, Some(4), "{seen}");
    assert!(!seen.contains('\u{1b}'), "{seen:?}");
}

#[test]
fn a_process_that_was_killed_at_a_question_is_told_by_the_next_one() {
    let home = Home::new();
    let mut screen = Screen::start(&home, &CREATE, &[]);
    screen.wait_for("reject > ");
    screen.kill();
    let next = home.run(&["approvals", "list"]);
    assert!(next.err.contains("! ") && next.err.contains("Nothing was changed."), "{}", next.err);
    assert!(next.out.contains("expired"), "{}", next.out);
    assert!(home.customers("Harbor Lights Ltd").is_empty());
}
