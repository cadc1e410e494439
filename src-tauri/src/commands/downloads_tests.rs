use std::fs::{self, OpenOptions};

use super::first_free;

#[test]
fn nothing_that_is_there_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("below");
    let make = |path: &std::path::Path| OpenOptions::new().write(true).create_new(true).open(path);
    let names: Vec<_> = (0..3).map(|_| first_free(&place, "audit", ".csv", make).unwrap().0.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["audit.csv", "audit (2).csv", "audit (3).csv"]);
    fs::write(place.join("audit.csv"), "kept").unwrap();
    let _ = first_free(&place, "audit", ".csv", make).unwrap();
    assert_eq!(fs::read_to_string(place.join("audit.csv")).unwrap(), "kept");
}

#[test]
fn a_fault_other_than_a_taken_name_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(first_free(&file, "audit", ".csv", |path| fs::create_dir(path)).is_err());
}
