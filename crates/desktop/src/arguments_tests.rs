#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn home_demo_and_link_are_understood() {
    let arguments = Arguments::try_parse_from(["app", "--home", "/tmp/x", "--demo", "bcagent://session/1"]).unwrap();
    assert_eq!((arguments.home.as_deref(), arguments.mode()), (Some(Path::new("/tmp/x")), Mode::Demo));
    assert_eq!(arguments.link.as_deref(), Some("bcagent://session/1"));
    assert_eq!(Arguments::try_parse_from(["app"]).unwrap().mode(), Mode::Own);
}

#[test]
fn wrong_usage_is_code_2() {
    for words in [&["app", "--home", ""][..], &["app", "--nothing"], &["app", "a", "b"]] {
        assert_eq!(Arguments::try_parse_from(words).unwrap_err().exit_code(), 2, "{words:?}");
    }
}

#[test]
fn each_home_has_a_name_of_its_own_however_it_is_written() {
    let home = tempfile::tempdir().unwrap();
    let (a, b) = (home.path().join("a"), home.path().join("b"));
    std::fs::create_dir(&a).unwrap();
    std::fs::create_dir(&b).unwrap();
    assert_ne!(instance_name(&a), instance_name(&b));
    assert_eq!(instance_name(&a), instance_name(&home.path().join("b/../a/.")));
}
