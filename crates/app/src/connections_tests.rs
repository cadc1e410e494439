#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn roots_are_completed_and_plain_http_stays_on_this_machine() {
    assert_eq!(
        api_root("https://api.businesscentral.dynamics.com/v2.0/t/Production/").unwrap(),
        "https://api.businesscentral.dynamics.com/v2.0/t/Production/api/v2.0"
    );
    assert_eq!(api_root("http://127.0.0.1:1234/api/v2.0").unwrap(), "http://127.0.0.1:1234/api/v2.0");
    for refused in [
        "http://bc.example.com/api/v2.0",
        "ftp://x",
        "nonsense",
        "https://user:pass@host/api/v2.0",
        "https://host/api/v2.0?tenant=x",
        "http://127.0.0.1.example.com/",
    ] {
        assert_eq!(api_root(refused).unwrap_err().code, ErrorCode::Configuration, "{refused}");
    }
}

#[test]
fn the_environment_says_root_tenant_and_environment() {
    assert_eq!(environment_root(PUBLIC_ROOT, Some("t"), Some("Sandbox")).unwrap(), format!("{PUBLIC_ROOT}/t/Sandbox/api/v2.0"));
    assert_eq!(environment_root("http://127.0.0.1:1/v2.0/t/e/api/v2.0", Some("other"), None).unwrap(), "http://127.0.0.1:1/v2.0/t/e/api/v2.0");
    assert_eq!(tenant_and_environment(&format!("{PUBLIC_ROOT}/t/Sandbox/api/v2.0")), ("t".into(), "Sandbox".into()));
    assert_eq!(tenant_and_environment(&format!("{PUBLIC_ROOT}/Production/api/v2.0")), (String::new(), "Production".into()));
}

#[test]
fn what_is_not_known_to_be_harmless_is_production() {
    assert_eq!(kind_of(&format!("{PUBLIC_ROOT}/t/Production/api/v2.0"), "Production"), ConnectionKind::Production);
    assert_eq!(kind_of(&format!("{PUBLIC_ROOT}/t/NO-Sandbox/api/v2.0"), "NO-Sandbox"), ConnectionKind::Sandbox);
    assert_eq!(kind_of("https://bc.example.com:7048/BC/api/v2.0", ""), ConnectionKind::OnPremises);
}
