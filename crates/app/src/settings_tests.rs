#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn the_person_goes_before_the_environment_and_that_before_the_default() {
    let environment = |name: &str| (name == "BC_AGENT_MODEL").then(|| "from-environment".to_owned());
    let (mut settings, faults) = Settings::new([], environment);
    assert!(faults.is_empty());
    assert_eq!(settings.get(Key::Model), "from-environment");
    settings.put(Key::Model, Some("mine"));
    assert_eq!((settings.get(Key::Model), settings.view(Key::Model).source.as_str()), ("mine", "user"));
    settings.put(Key::Model, None);
    assert_eq!(settings.get(Key::Model), "from-environment");
    assert_eq!(Settings::default().get(Key::MaxTurns), "20");
}

#[test]
fn every_default_passes_its_own_check() {
    for key in Key::ALL {
        key.check(key.default_value()).unwrap();
        assert_eq!(Key::parse(key.name()).unwrap(), key);
    }
}

#[test]
fn wrong_values_are_left_out_and_told_by_name() {
    let (settings, faults) = Settings::new([("agent.max_turns".into(), "-3".into()), ("no.such".into(), "1".into())], |name| {
        (name == "ANTHROPIC_BASE_URL").then(|| "not a url".to_owned())
    });
    assert_eq!(settings.number(Key::MaxTurns), 20);
    assert_eq!(faults.len(), 3);
    assert!(faults.iter().any(|f| f.message.contains("ANTHROPIC_BASE_URL")), "{faults:?}");
}
