#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_auth::{FixedToken, Secret};
use bca_protocol::SystemClock;

use super::*;
use crate::script::{Script, limits, ok};

async fn ask(script: &Script) -> Result<Vec<Environment>, BcError> {
    let service = script.root.strip_suffix("/demo/api/v2.0").unwrap();
    let bearer = Arc::new(FixedToken::new(Secret::new("t".into())));
    environments(service, bearer, Arc::new(SystemClock::new()), limits(), &CancellationToken::new()).await
}

#[tokio::test]
async fn environments_are_listed_with_what_they_are_for() {
    let script = Script::new([ok(
        r#"{"value":[{"aadTenantId":"7f0a1b2c-0000-1111-2222-333344445555","applicationFamily":"BusinessCentral","type":"Production","name":"Production","countryCode":"DK","webServiceUrl":"https://evil.example"},
        {"type":"sandbox","name":"My-Sandbox_2"},{"type":"Something new","name":"Other"}]}"#,
    )])
    .await;
    let found = ask(&script).await.unwrap();
    assert_eq!(
        found.iter().map(|e| (e.name.as_str(), e.kind)).collect::<Vec<_>>(),
        [("Production", EnvironmentKind::Production), ("My-Sandbox_2", EnvironmentKind::Sandbox), ("Other", EnvironmentKind::Production)]
    );
    let service = script.root.strip_suffix("/demo/api/v2.0").unwrap();
    assert_eq!(found[0].api_root, format!("{service}/7f0a1b2c-0000-1111-2222-333344445555/Production/api/v2.0"));
    assert_eq!(found[1].api_root, format!("{service}/My-Sandbox_2/api/v2.0"));
    assert_eq!((found[0].country.as_str(), found[1].tenant.as_str()), ("DK", ""));
    assert_eq!(script.seen()[0].line, "GET /environments/v1.2 HTTP/1.1");
}

#[tokio::test]
async fn a_name_that_would_lead_elsewhere_is_no_environment() {
    for name in ["", "../other", "a/b", "a?b", "a..b", "a b", "ä"] {
        let script = Script::new([ok(format!(r#"{{"value":[{{"type":"Sandbox","name":"{name}"}}]}}"#))]).await;
        assert!(matches!(ask(&script).await, Err(BcError::Unexpected { .. })), "{name}");
    }
    let script = Script::new([ok("[]")]).await;
    assert!(matches!(ask(&script).await, Err(BcError::Unexpected { .. })));
}
