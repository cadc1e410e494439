#![allow(clippy::unwrap_used)]
use super::*;
use std::path::PathBuf;

const GOOD: Step = Step { name: "good", run: |_, _| Ok(Ended::Passed) };
const ABSENT: Step = Step { name: "absent", run: |_, _| Ok(Ended::NotHere("The tool is not installed.".into())) };
const BAD: Step = Step { name: "bad", run: |_, _| Err(Fault::of_program("`it` failed.", Some(101))) };

fn repository() -> Repository {
    Repository { root: PathBuf::from(".") }
}

#[test]
fn a_step_that_cannot_run_here_is_no_failure() {
    assert!(run(&repository(), &[&GOOD, &ABSENT], &[]).is_ok());
}

#[test]
fn the_first_failure_ends_it_and_gives_its_exit_code() {
    let fault = run(&repository(), &[&GOOD, &BAD, &GOOD], &[]).unwrap_err();
    assert_eq!(fault.exit_code(), 101);
    assert_eq!(fault.to_string(), "Step `bad` failed. `it` failed.");
}

#[test]
fn the_table_lines_up() {
    let rows = [
        Row { name: "tests", result: "passed".into(), took: Some(Duration::from_millis(61_250)) },
        Row { name: "audit", result: "not run".into(), took: None },
    ];
    let expected = "step   result        seconds\ntests  passed           61.2\naudit  not run             -\n";
    assert_eq!(table(&rows), expected);
}
