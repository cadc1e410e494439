//! Reading the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold no source of ours.
const NOT_OURS: &[&str] = &["node_modules", "target", "dist", "dist-sample", "coverage", "gen", ".git"];

/// A source file: its path from the root of the repository, with `/`, and its text.
pub struct Source {
    pub path: String,
    pub text: String,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file, with line ends as git stores them.
pub fn read(path: &str) -> String {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"));
    text.replace("\r\n", "\n")
}

/// Every file of ours under `folder` that has one of `extensions`, ordered by path.
pub fn sources(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let mut paths = vec![];
    walk(&root().join(folder), extensions, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let path = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            Source { text: read(&path), path }
        })
        .collect()
}

fn walk(folder: &Path, extensions: &[&str], paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !NOT_OURS.contains(&name) {
            walk(&path, extensions, paths);
        } else if path.extension().is_some_and(|found| extensions.iter().any(|wanted| found == *wanted)) {
            paths.push(path);
        }
    }
}

/// Fails with each breach on a line of its own, and with the way to mend it.
#[track_caller]
pub fn hold(breaches: &[String], mend: &str) {
    assert!(breaches.is_empty(), "\n  {}\n\nTo mend it: {mend}\n", breaches.join("\n  "));
}
