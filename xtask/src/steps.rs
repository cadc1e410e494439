//! Running named steps in order, and the table at the end.

use std::time::{Duration, Instant};

use crate::Repository;
use crate::fault::{Fault, Outcome};

/// How a step that did not fail ended.
pub enum Ended {
    Passed,
    /// It could not be run here; the sentence says why. That is no failure.
    NotHere(String),
}

/// One step of `cargo xtask test`.
pub struct Step {
    pub name: &'static str,
    pub run: fn(&Repository, &[String]) -> Outcome<Ended>,
}

/// A line of the table.
struct Row {
    name: &'static str,
    result: String,
    took: Option<Duration>,
}

/// Runs `steps` in order up to the first that fails, prints the table, and fails if one did.
pub fn run(repository: &Repository, steps: &[&Step], passed_on: &[String]) -> Outcome {
    let mut rows = vec![];
    let mut failure: Option<(&str, Fault)> = None;
    for step in steps {
        if failure.is_some() {
            rows.push(Row { name: step.name, result: "not run".into(), took: None });
            continue;
        }
        eprintln!("\n== {}", step.name);
        let started = Instant::now();
        let outcome = (step.run)(repository, passed_on);
        let took = Some(started.elapsed());
        match outcome {
            Ok(Ended::Passed) => rows.push(Row { name: step.name, result: "passed".into(), took }),
            Ok(Ended::NotHere(reason)) => {
                eprintln!("{reason}");
                rows.push(Row { name: step.name, result: "not run here".into(), took });
            }
            Err(fault) => {
                rows.push(Row { name: step.name, result: "FAILED".into(), took });
                failure = Some((step.name, fault));
            }
        }
    }
    print!("\n{}", table(&rows));
    match failure {
        None => Ok(()),
        Some((name, fault)) => Err(Fault::of_program(format!("Step `{name}` failed. {fault}"), Some(fault.exit_code().into()))),
    }
}

fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max("step".len());
    let line = |name: &str, result: &str, seconds: &str| format!("{name:width$}  {result:12}  {seconds:>7}\n");
    let mut table = line("step", "result", "seconds");
    for row in rows {
        let seconds = row.took.map_or_else(|| "-".to_owned(), |took| format!("{:.1}", took.as_secs_f64()));
        table.push_str(&line(row.name, &row.result, &seconds));
    }
    table
}

#[cfg(test)]
#[path = "steps_tests.rs"]
mod tests;
