//! `cargo xtask bundle`: the packages that people install.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Repository;
use crate::fault::{Fault, Outcome};
use crate::{apt, node, shell};

/// How the packaged program is compiled.
#[derive(Clone, Copy)]
enum Profile {
    Debug,
    Release,
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
    let (flags, folder): (&[&str], _) = match profile {
        Profile::Release => (&[], "release"),
        Profile::Debug => (&["--debug"], "debug"),
    };
    // The window's build is Tauri's `beforeBuildCommand`.
    let tauri = ["ui/node_modules/@tauri-apps/cli/tauri.js", "build", "--bundles", "deb,rpm"];
    shell::run(shell::command(&repository.root, "node", tauri).args(flags))?;
    for package in packages(&repository.target().join(folder).join("bundle"))? {
        let size = fs::metadata(&package).map_err(|error| Fault::file("read", &package, &error))?.len();
        println!("{} ({:.1} MiB)", package.display(), size as f64 / f64::from(1 << 20));
    }
    Ok(())
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
