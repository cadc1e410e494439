//! Who may import whom.

use std::process::Command;

use serde_json::Value;

use crate::support::{hold, root, sources};

/// Each package with those of ours that it may import. A crate stands below all that import it.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("bca-protocol", &[]),
    ("bca-sim", &[]),
    ("bca-demo", &[]),
    ("bca-catalogue", &["bca-protocol"]),
    ("bca-approval", &["bca-protocol"]),
    ("bca-auth", &["bca-protocol"]),
    ("bca-agent", &["bca-protocol", "bca-approval"]),
    ("bca-providers", &["bca-protocol", "bca-agent", "bca-auth"]),
    ("bca-bc", &["bca-protocol", "bca-catalogue", "bca-approval", "bca-auth"]),
    ("bca-store", &["bca-protocol", "bca-approval", "bca-agent", "bca-auth"]),
    ("bca-mcp", &["bca-protocol", "bca-catalogue", "bca-agent", "bca-approval", "bca-bc"]),
    (
        "bca-app",
        &["bca-protocol", "bca-sim", "bca-demo", "bca-catalogue", "bca-approval", "bca-auth", "bca-agent", "bca-providers", "bca-bc", "bca-store", "bca-mcp"],
    ),
    ("bc-agent-cli", &["bca-protocol", "bca-app"]),
    ("bca-desktop", &["bca-protocol", "bca-app"]),
    ("bc-agent-desktop", &["bca-protocol", "bca-app", "bca-desktop"]),
    ("bca-bench", &["bca-protocol", "bca-store", "bca-app"]),
    ("xtask", &[]),
];

/// Only for tests: it knows everybody, and nobody may ship it.
const TESTKIT: &str = "bca-testkit";

/// A line of a Cargo.toml: `package` depends on `on`.
struct Dependency {
    package: String,
    on: String,
    only_for_tests: bool,
}

fn cargo_metadata() -> Value {
    let output = Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn dependencies() -> Vec<Dependency> {
    let metadata = cargo_metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let of = |package: &Value| {
        let name = package["name"].as_str().unwrap().to_owned();
        let listed = package["dependencies"].as_array().unwrap().clone();
        listed.into_iter().map(move |dependency| Dependency {
            package: name.clone(),
            on: dependency["name"].as_str().unwrap().to_owned(),
            only_for_tests: dependency["kind"] == "dev",
        })
    };
    packages.iter().flat_map(of).collect()
}

fn is_ours(name: &str) -> bool {
    name == TESTKIT || MAY_IMPORT.iter().any(|(package, _)| *package == name)
}

#[test]
fn a_crate_imports_only_what_stands_below_it() {
    let allowed = |dependency: &Dependency| {
        let row = MAY_IMPORT.iter().find(|(package, _)| *package == dependency.package);
        row.is_some_and(|(_, below)| below.contains(&dependency.on.as_str()))
    };
    let breaches: Vec<String> = dependencies()
        .iter()
        .filter(|dependency| dependency.package != TESTKIT && !dependency.only_for_tests && is_ours(&dependency.on))
        .filter(|dependency| !allowed(dependency))
        .map(|dependency| format!("{} imports {}", dependency.package, dependency.on))
        .collect();
    hold(&breaches, "define a trait (a port) in the lower crate and implement it in the upper one, or move the code to where both may import it.");
}

#[test]
fn every_crate_has_its_row() {
    let metadata = cargo_metadata();
    let names = metadata["packages"].as_array().unwrap().iter().map(|package| package["name"].as_str().unwrap());
    let breaches: Vec<String> = names.filter(|name| !is_ours(name)).map(|name| format!("{name} has no row in MAY_IMPORT")).collect();
    hold(&breaches, "add the crate to MAY_IMPORT in this file and to the table in ARCHITECTURE.md, with its one job.");
}

#[test]
fn only_the_root_package_knows_tauri() {
    let breaches: Vec<String> = dependencies()
        .iter()
        .filter(|dependency| dependency.on.starts_with("tauri") && dependency.package != "bc-agent-desktop")
        .map(|dependency| format!("{} depends on {}", dependency.package, dependency.on))
        .collect();
    hold(&breaches, "the engine must run without a window: put what needs Tauri in src-tauri and reach it through a trait.");
}

#[test]
fn only_one_file_of_the_window_knows_tauri() {
    const THE_ONE: &str = "ui/src/lib/backend/tauri.ts";
    let breaches: Vec<String> = sources("ui/src", &["ts", "svelte", "js"])
        .iter()
        .filter(|source| source.path != THE_ONE && (source.text.contains("'@tauri-apps/") || source.text.contains("\"@tauri-apps/")))
        .map(|source| source.path.clone())
        .collect();
    hold(&breaches, &format!("only {THE_ONE} imports @tauri-apps/*; the rest of the window asks the interface in backend.ts."));
}
