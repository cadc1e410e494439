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
    let build = ["build", "--package", "bc-agent-desktop", "--package", "bc-agent-cli", "--features", FEATURES];
    shell::run(shell::cargo(&repository.root, build).args(profile.flags()))?;
    pack(repository, profile, "deb,rpm")?;
    for package in packages(&built(repository, profile).join("bundle"))? {
        let size = fs::metadata(&package).map_err(|error| Fault::file("read", &package, &error))?.len();
        println!("{} ({} KiB)", package.display(), size / 1024);
    }
    Ok(())
}

/// The step of `cargo xtask test`: a .deb of the programs that its build made, for the test that installs it.
pub fn debug_deb(repository: &Repository) -> Outcome {
    pack(repository, Profile::Debug, "deb")
}

/// Packs what was built. (Tauri's own `build` would compile everything once more, with other features.)
fn pack(repository: &Repository, profile: Profile, kinds: &str) -> Outcome {
    let arguments = ["ui/node_modules/@tauri-apps/cli/tauri.js", "bundle", "--bundles", kinds, "--config"];
    let mut command = shell::command(&repository.root, "node", arguments);
    shell::run(command.arg(with_terminal(&built(repository, profile))).args(profile.tauri_flags()))
}

fn built(repository: &Repository, profile: Profile) -> PathBuf {
    repository.target().join(profile.folder())
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
