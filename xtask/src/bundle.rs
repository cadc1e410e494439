//! `cargo xtask bundle`: the packages that people install.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Repository;
use crate::fault::{Fault, Outcome};
use crate::run::FEATURES;
use crate::{apt, node, shell};

/// How the packaged programs are compiled.
#[derive(Clone, Copy)]
enum Profile {
    Debug,
    Release,
}

impl Profile {
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Debug => &[],
            Self::Release => &["--release"],
        }
    }

    /// Tauri's word for the same: release is what it does unless told otherwise.
    fn tauri_flags(self) -> &'static [&'static str] {
        match self {
            Self::Debug => &["--debug"],
            Self::Release => &[],
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// The subcommand.
pub fn run(repository: &Repository, arguments: &[String]) -> Outcome {
    let profile = match arguments {
        [] => Profile::Release,
        [flag] if flag == "--debug" => Profile::Debug,
        _ => return Err(Fault::usage("Usage: cargo xtask bundle [--debug]")),
    };
    apt::ensure(&repository.root, apt::BUILD)?;
    apt::ensure(&repository.root, &["rpm"])?;
    node::ensure_packages(repository)?;
    node::ensure_built(repository)?;
    let built = repository.target().join(profile.folder());
    let build = ["build", "--package", "bc-agent-desktop", "--package", "bc-agent-cli", "--features", FEATURES];
    shell::run(shell::cargo(&repository.root, build).args(profile.flags()))?;
    // `bundle` packs what was built; `build` would compile it once more, with other features.
    let bundle = ["ui/node_modules/@tauri-apps/cli/tauri.js", "bundle", "--bundles", "deb,rpm", "--config"];
    shell::run(shell::command(&repository.root, "node", bundle).arg(with_terminal(&built)).args(profile.tauri_flags()))?;
    for package in packages(&built.join("bundle"))? {
        let size = fs::metadata(&package).map_err(|error| Fault::file("read", &package, &error))?.len();
        println!("{} ({} KiB)", package.display(), size / 1024);
    }
    Ok(())
}

/// Tauri packs only the program with the window by itself: this adds the one for the terminal.
fn with_terminal(built: &Path) -> String {
    let program = built.join("bc-agent").to_string_lossy().replace('\\', "/");
    let files = format!(r#"{{"files":{{"/usr/bin/bc-agent":"{program}"}}}}"#);
    format!(r#"{{"bundle":{{"linux":{{"deb":{files},"rpm":{files}}}}}}}"#)
}

fn packages(bundle: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = vec![];
    for kind in ["deb", "rpm"] {
        let directory = bundle.join(kind);
        let entries = fs::read_dir(&directory).map_err(|error| Fault::file("read", &directory, &error))?;
        found.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|extension| extension == kind)));
    }
    if found.is_empty() { Err(Fault::new(format!("The build ended well, but there is no package under {}.", bundle.display()))) } else { Ok(found) }
}
