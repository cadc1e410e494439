//! Budgets and manners of source files.

use crate::support::{hold, sources};

const LINES_OF_A_FILE: usize = 500;
const LINES_OF_THE_SHELL: usize = 1_500;

/// Made by a program, so nobody reads them from top to bottom.
const GENERATED: &[&str] = &["ui/src/lib/protocol.ts"];

fn code() -> Vec<crate::support::Source> {
    sources("", &["rs", "ts", "svelte"])
}

#[test]
fn a_file_has_at_most_500_lines() {
    let breaches: Vec<String> = code()
        .iter()
        .filter(|source| !GENERATED.contains(&source.path.as_str()))
        .map(|source| (source.text.lines().count(), source))
        .filter(|(lines, _)| *lines > LINES_OF_A_FILE)
        .map(|(lines, source)| format!("{} has {lines} lines", source.path))
        .collect();
    hold(&breaches, "find the second job that the file does and give it a file of its own.");
}

#[test]
fn the_desktop_shell_stays_thin() {
    let files = sources("src-tauri", &["rs"]);
    let lines: usize = files.iter().filter(|source| !source.path.ends_with("_tests.rs")).map(|source| source.text.lines().count()).sum();
    let breaches: Vec<String> = (lines > LINES_OF_THE_SHELL).then(|| format!("src-tauri has {lines} lines of Rust")).into_iter().collect();
    hold(&breaches, "a command's body is a few lines: move what it decides to crates/app, where the terminal shares it.");
}

#[test]
fn no_test_is_skipped() {
    const SKIPS: &[&str] = &["#[ignore", "it.skip(", "test.skip(", "describe.skip(", "it.only(", "test.only(", "describe.only(", "it.todo(", "test.todo("];
    let mut breaches = vec![];
    for source in code().iter().filter(|source| source.path != "tests/architecture/sources.rs") {
        for (number, line) in source.text.lines().enumerate() {
            if SKIPS.iter().any(|skip| line.contains(skip)) {
                breaches.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    hold(&breaches, "make the test pass everywhere, or delete it; what takes hours belongs to `cargo xtask torture`.");
}

#[test]
fn nothing_reads_outside_the_repository() {
    let outside = concat!("../", "shared");
    let breaches: Vec<String> = sources("", &["rs", "ts", "svelte", "js", "toml", "json", "md", "sql", "yml", "html", "css"])
        .iter()
        .filter(|source| source.text.contains(outside))
        .map(|source| source.path.clone())
        .collect();
    hold(
        &breaches,
        &format!(
            "a clone must be whole: copy the fact that is needed from {outside} into the repository; a folder of the window needs another name than `shared`."
        ),
    );
}
