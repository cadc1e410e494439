use super::*;

#[test]
fn reads_what_node_prints() {
    assert_eq!(version("v20.20.2\n"), Some((20, 20)));
    assert_eq!(version("v9.1.0"), Some((9, 1)));
    assert_eq!(version("node"), None);
}

#[test]
fn compares_numbers_and_not_letters() {
    assert!(version("v9.99.0") < Some(OLDEST));
    assert!(version("v22.0.0") > Some(OLDEST));
}
