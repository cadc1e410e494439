//! The commands between window and engine: code, document, permission and window say the same.

use std::collections::BTreeSet;

use crate::support::{hold, read, sources};

const DOCUMENT: &str = "docs/protocol.md";
const PERMISSION: &str = "src-tauri/permissions/commands.toml";

#[test]
fn every_command_is_documented() {
    hold(&missing(&in_code(), &in_document(), DOCUMENT), "add a row to the table of commands, with its parameters and its answer.");
}

#[test]
fn every_documented_command_exists() {
    hold(&missing(&in_document(), &in_code(), "src-tauri/src"), "write the command, or take its row out: a document promises nothing.");
}

#[test]
fn the_main_window_is_allowed_exactly_the_documented_commands() {
    let (documented, allowed) = (in_document(), in_permission());
    let breaches: Vec<String> = [missing(&documented, &allowed, PERMISSION), missing(&allowed, &documented, DOCUMENT)].concat();
    hold(&breaches, "the two lists of commands must be the same.");
}

#[test]
fn the_window_calls_only_documented_commands() {
    hold(&missing(&in_window(), &in_document(), DOCUMENT), "use a command of that table, or add a row and write the command.");
}

fn missing(of: &BTreeSet<String>, from: &BTreeSet<String>, place: &str) -> Vec<String> {
    of.difference(from).map(|command| format!("`{command}` is not in {place}")).collect()
}

/// The functions in the `commands!` of each file.
fn in_code() -> BTreeSet<String> {
    let files = sources("src-tauri/src/commands", &["rs"]);
    let lines = files.iter().flat_map(|source| source.text.lines().skip_while(|line| !line.starts_with("commands! {")));
    lines.filter_map(|line| line.trim_start().strip_prefix("async fn ")?.split('(').next()).map(str::to_owned).collect()
}

/// The words in code type in the first column of the document's table.
fn in_document() -> BTreeSet<String> {
    let document = read(DOCUMENT);
    let cells = document.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    cells.flat_map(|cell| cell.split('`').map(str::trim).filter(|word| is_command(word))).map(str::to_owned).collect()
}

fn is_command(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

/// The quoted lines of the permission's list.
fn in_permission() -> BTreeSet<String> {
    read(PERMISSION).lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\",")).map(str::to_owned).collect()
}

/// The names given, as `'name'`, to `invoke` or to a function of the same file that wraps it.
fn in_window() -> BTreeSet<String> {
    let text = read("ui/src/lib/backend/tauri.ts");
    let first_arguments = text.split("('").skip(1).filter_map(|after| after.split('\'').next());
    first_arguments.filter(|word| is_command(word)).map(str::to_owned).collect()
}
