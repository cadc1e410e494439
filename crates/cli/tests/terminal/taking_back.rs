//! Edits, undo and evidence from the command line.

use crate::{process::Home, screen::Screen};

const CREATE: [&str; 2] = ["ask", "Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days"];

#[test]
fn a_person_edits_a_value_at_the_terminal_and_takes_the_change_back() {
    let home = Home::new();
    let mut screen = Screen::start(&home, &CREATE, &[("NO_COLOR", "1")]);
    screen.wait_for("changes a value before you approve");
    screen.wait_for("reject > ");
    screen.write("e City = \n");
    screen.wait_for("edited");
    screen.wait_for("proposed: Bergen");
    screen.wait_for("reject > ");
    screen.write("e city = Tromsø\n");
    screen.wait_for("Tromsø");
    screen.wait_for("reject > ");
    screen.write("e nothing = x\n");
    screen.wait_for("has no field");
    screen.wait_for("reject > ");
    screen.write("approve\n");
    screen.wait_for("confirmed. Can be undone.");
    let (code, seen) = screen.end();
    assert_eq!(code, Some(0), "{seen}");
    assert_eq!(home.customers("Harbor Lights Ltd")[0]["city"], "Tromsø");

    let change = home.run(&["changes", "list", "-q"]).out.trim().to_owned();
    let rejected = home.run(&["changes", "undo", &change]);
    assert_eq!(rejected.code, Some(4), "no terminal, no yes: {}", rejected.err);
    assert_eq!(home.customers("Harbor Lights Ltd").len(), 1);
    let undone = home.run(&["changes", "undo", &change, "--approve", "all"]);
    assert_eq!(undone.code, Some(0), "{}", undone.err);
    assert!(home.customers("Harbor Lights Ltd").is_empty());
    let again = home.run(&["changes", "undo", &change, "--approve", "all"]);
    assert!(again.code == Some(1) && again.err.contains("taken back already"), "{:?} {}", again.code, again.err);

    let evidence = home.run(&["changes", "evidence", &change]);
    for words in ["<!doctype html>", "Bergen", "Troms", "Decision: approved", "terminal", "Audit log", "POST customers"] {
        assert!(evidence.out.contains(words), "{words}: {}", evidence.out);
    }
    assert!(!evidence.out.contains("<script"), "{}", evidence.out);
    let file = home.path().join("evidence.json");
    let written = home.run(&["changes", "evidence", &change, "--format", "json", "--out", file.to_str().unwrap()]);
    assert_eq!(written.code, Some(0), "{}", written.err);
    let pack: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((pack["changes"].as_array().unwrap().len(), pack["questions"][0]["versions"].as_array().unwrap().len()), (1, 3));
    assert!(!pack["audit"].as_array().unwrap().is_empty() && pack["audit_intact"] == true, "{}", pack["audit"]);
    assert_ne!(home.run(&["changes", "evidence", &change, "--out", file.to_str().unwrap()]).code, Some(0), "no file is overwritten");
}

#[test]
fn a_question_is_edited_from_another_process() {
    let home = Home::new();
    let mut screen = Screen::start(&home, &CREATE, &[("NO_COLOR", "1")]);
    screen.wait_for("reject > ");
    let id = home.run(&["approvals", "list", "--pending", "-q"]).out.trim().to_owned();
    let page = home.run(&["approvals", "show", &id]).out;
    let digest = |page: &str| page.split("--digest ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let edited = home.run(&["approvals", "edit", &id, "--digest", &digest(&page), "--set", "city=Molde"]);
    assert_eq!(edited.code, Some(0), "{}", edited.err);
    assert!(edited.out.contains("Molde") && edited.out.contains("proposed: Bergen"), "{}", edited.out);
    screen.wait_for("Molde");
    let stale = home.run(&["approvals", "approve", &id, "--digest", &digest(&page)]);
    assert_eq!(stale.code, Some(1), "{}", stale.err);
    assert_eq!(home.run(&["approvals", "approve", &id, "--digest", &digest(&edited.out)]).code, Some(0));
    let (code, seen) = screen.end();
    assert_eq!(code, Some(0), "{seen}");
    assert_eq!(home.customers("Harbor Lights Ltd")[0]["city"], "Molde");
}
