use super::*;

fn plan(line: &str) -> Option<(Option<String>, bool)> {
    let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    Plan::of(&arguments).ok().map(|plan| (plan.engine.map(|given| given.join(" ")), plan.client))
}

#[test]
fn the_client_is_measured_with_all_and_when_named() {
    let engine = |given: &str| Some(given.to_owned());
    assert_eq!(plan(""), Some((engine(""), true)));
    assert_eq!(plan("--only client"), Some((None, true)));
    assert_eq!(plan("--only turns"), Some((engine("--only turns"), false)));
    assert_eq!(plan("--only turns --only client"), Some((engine("--only turns"), true)));
    assert_eq!(plan("--json"), Some((engine("--json"), false)), "one document, for a program");
    assert_eq!(plan("--json --only client"), None);
    assert_eq!(plan("--fast --only client"), None);
    assert_eq!(plan("--only"), Some((engine("--only"), false)), "the engine's bench says what is wrong with it");
}
