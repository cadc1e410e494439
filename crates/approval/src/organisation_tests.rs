#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[test]
fn a_file_that_is_not_there_is_no_policy_and_any_other_trouble_is_one() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.json");
    assert_eq!(Organisation::read(&file), Organisation::Absent);
    std::fs::write(&file, r#"{"version":1,"role":"editor","writes_per_day":50,"typed_above":"1000"}"#).unwrap();
    let Organisation::InForce(policy) = Organisation::read(&file) else { panic!("a policy") };
    assert_eq!((policy.role, policy.writes_per_day), (AccessRole::Editor, Some(50)));
    assert!(policy.says().iter().all(|sentence| sentence.ends_with('.')));
    for bad in [
        "",
        "{}",
        "[]",
        r#"{"version":2}"#,
        r#"{"version":1,"rolle":"viewer"}"#,
        r#"{"version":1,"role":"root"}"#,
        r#"{"version":1,"typed_above":"much"}"#,
        r#"{"version":1}{"version":1}"#,
    ] {
        std::fs::write(&file, bad).unwrap();
        assert!(matches!(Organisation::read(&file), Organisation::Unusable(_)), "{bad}");
    }
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(matches!(Organisation::read(&file), Organisation::Unusable(_)));
    std::fs::write(&file, " ".repeat(1024 * 1024 + 1)).unwrap();
    assert!(matches!(Organisation::read(&file), Organisation::Unusable(_)));
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(matches!(Organisation::read(&file), Organisation::Unusable(_)));
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_denies() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.json");
    std::os::unix::fs::symlink(directory.path().join("gone"), &file).unwrap();
    assert!(matches!(Organisation::read(&file), Organisation::Unusable(_)));
}
