//! Cargo's own tools that the checks use, kept in `target/xtask/tools` so that nothing of the person's is changed.

use std::path::PathBuf;

use crate::Repository;
use crate::shell;

/// A tool from crates.io.
pub struct Tool {
    name: &'static str,
    version: &'static str,
}

pub const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

pub const CARGO_TARPAULIN: Tool = Tool { name: "cargo-tarpaulin", version: "0.37.5" };

/// Where the tool is, installed on first use (a minute or two). `None` when that failed: its own words have been printed.
pub fn ensure(repository: &Repository, tool: &Tool) -> Option<PathBuf> {
    let folder = repository.root.join("target/xtask/tools").join(format!("{}-{}", tool.name, tool.version));
    let program = folder.join("bin").join(format!("{}{}", tool.name, std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        // The debug profile: it builds in a third of the time, and the checks take seconds either way.
        let install = ["install", "--locked", "--debug", "--quiet", "--version", tool.version, tool.name, "--root"];
        shell::run(shell::cargo(&repository.root, install).arg(&folder)).ok()?;
    }
    program.is_file().then_some(program)
}
