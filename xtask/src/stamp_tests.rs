#![allow(clippy::unwrap_used)]
use super::*;

/// A folder of its own for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("src/node_modules")).unwrap();
        Self(path)
    }

    fn stamp(&self) -> Stamp {
        Stamp::of(&self.0, "it", &[self.0.join("src")], &["node_modules"]).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn is_fresh_until_a_source_changes() {
    let folder = Folder::new("changes");
    fs::write(folder.0.join("src/a.ts"), "1").unwrap();
    assert!(!folder.stamp().is_fresh());
    folder.stamp().set().unwrap();
    assert!(folder.stamp().is_fresh());
    fs::write(folder.0.join("src/a.ts"), "2").unwrap();
    assert!(!folder.stamp().is_fresh());
}

#[test]
fn a_new_or_renamed_file_is_a_change_and_an_ignored_one_is_not() {
    let folder = Folder::new("names");
    fs::write(folder.0.join("src/a.ts"), "1").unwrap();
    folder.stamp().set().unwrap();
    fs::write(folder.0.join("src/node_modules/x.js"), "1").unwrap();
    assert!(folder.stamp().is_fresh());
    fs::rename(folder.0.join("src/a.ts"), folder.0.join("src/b.ts")).unwrap();
    assert!(!folder.stamp().is_fresh());
}
