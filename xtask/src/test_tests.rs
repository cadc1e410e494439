#![allow(clippy::unwrap_used)]
use super::*;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn no_argument_means_every_step() {
    let (only, passed_on) = parse(&[]).unwrap();
    assert!(only.is_empty() && passed_on.is_empty());
}

#[test]
fn only_names_steps_and_the_rest_goes_to_cargo() {
    let arguments = words("--only build --only tests -- --test journey");
    let (only, passed_on) = parse(&arguments).unwrap();
    assert_eq!(only, ["build", "tests"]);
    assert_eq!(passed_on, ["--test", "journey"]);
}

#[test]
fn an_unknown_step_is_wrong_usage_and_lists_those_there_are() {
    let arguments = words("--only nothing");
    let fault = parse(&arguments).unwrap_err();
    assert_eq!(fault.exit_code(), 2);
    assert!(fault.to_string().contains("packages, format, bindings"));
}

#[test]
fn a_name_left_out_is_wrong_usage() {
    assert_eq!(parse(&words("--only")).unwrap_err().exit_code(), 2);
}
