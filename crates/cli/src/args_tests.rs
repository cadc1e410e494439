#![allow(clippy::unwrap_used, clippy::panic)]
use clap::{CommandFactory, error::ErrorKind};

use super::*;

fn parsed(arguments: &[&str]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once(&"bc-agent").chain(arguments))
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    for arguments in [["--demo", "--json", "--home", "/h", "sessions", "list"], ["sessions", "list", "--home", "/h", "--json", "--demo"]] {
        let cli = parsed(&arguments).unwrap();
        assert!(cli.global.demo && cli.global.json);
        assert_eq!(cli.global.home, Some(PathBuf::from("/h")));
    }
    let Command::Ask(ask) = parsed(&["ask", "list", "customers", "-v", "--approve", "reject"]).unwrap().command else { panic!() };
    assert_eq!((ask.prompt.join(" ").as_str(), ask.approve), ("list customers", Approve::Reject));
}

#[test]
fn a_prompt_of_one_dash_is_a_prompt() {
    let Command::Ask(ask) = parsed(&["ask", "-"]).unwrap().command else { panic!() };
    assert_eq!(ask.prompt, ["-"]);
}

#[test]
fn wrong_usage_is_refused_with_2() {
    let wrong: [&[&str]; 14] = [
        &["ask"],
        &["no-such-command"],
        &["ask", "x", "--approve", "maybe"],
        &["ask", "x", "--session", "17"],
        &["sessions", "show", "not-an-id"],
        &["approvals", "approve", "01890000-0000-7000-8000-000000000000"],
        &["approvals", "approve", "01890000-0000-7000-8000-000000000000", "--digest", "zz"],
        &["changes", "show", "x"],
        &["changes", "undo", "not-an-id"],
        &["settings", "get", "no.such"],
        &["settings", "set", "agent.max_turns"],
        &["demo", "serve", "--bc-port", "70000"],
        &["-q", "-v", "doctor"],
        &[],
    ];
    for arguments in wrong {
        let refused = parsed(arguments).unwrap_err();
        assert_eq!(refused.exit_code(), 2, "{arguments:?}");
    }
}

#[test]
fn help_names_what_works_and_nothing_that_is_not_built() {
    let help = Cli::command().render_long_help().to_string();
    let works = [
        "ask",
        "chat",
        "sessions",
        "search",
        "tools",
        "approvals",
        "changes",
        "settings",
        "backup",
        "data",
        "connections",
        "login",
        "logout",
        "accounts",
        "permissions",
        "audit",
        "demo",
        "doctor",
        "help",
    ];
    for command in works {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command}\n{help}");
    }
    assert!(!help.lines().any(|line| line.trim_start().starts_with("mcp ")), "{help}");
    assert_eq!(parsed(&["--version"]).unwrap_err().kind(), ErrorKind::DisplayVersion);
    assert_eq!(parsed(&["--help"]).unwrap_err().exit_code(), 0);
}
