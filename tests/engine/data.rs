//! Agreements with model providers, and a person's data written out and deleted account by account.

use bca_app::Mode;
use bca_protocol::{AuditAction, AuditFilter, DeletionScope, ErrorCode};
use bca_testkit::{BC_TOKEN, Books, Events, Home, Turn};

use crate::support::{CREATE, create, stage};

/// An address that is nobody's (RFC 2606, section 2) and not this computer's.
const ELSEWHERE: &str = "https://models.example.invalid";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_to_a_model_elsewhere_before_a_person_agreed() {
    let home = Home::new();
    let running = home.start(Mode::Own, &[("ANTHROPIC_BASE_URL", ELSEWHERE)]).await;
    running.app.set_model_key(bca_app::Secret::new("sk-entered-by-hand".into()));
    let refused = running.app.send(None, "Hello".into(), Events::new()).await.err().unwrap();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert!(refused.message.contains("models.example.invalid") && refused.message.contains("Nothing was sent"), "{}", refused.message);
    let views = running.app.agreements().await.unwrap();
    assert_eq!((views.len(), views[0].agreed), (1, false));
    assert!(running.app.agree(None).await.unwrap()[0].agreed);
    let events = Events::new();
    let run = running.app.send(None, "Hello".into(), events.clone()).await.unwrap();
    run.done.await.unwrap();
    running.app.withdraw(None).await.unwrap();
    assert_eq!(running.app.send(None, "Hello".into(), Events::new()).await.err().unwrap().code, ErrorCode::Forbidden);
    running.app.withdraw(None).await.unwrap_err();
    let entries = running.app.audit_page(&AuditFilter { resource: Some("model_provider".into()), ..AuditFilter::default() }, None, 10).await.unwrap().entries;
    assert_eq!(entries.iter().map(|e| e.action).collect::<Vec<_>>(), [AuditAction::AgreementWithdrawn, AuditAction::AgreementGiven]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_environment_is_a_scripts_agreement_and_does_not_undo_a_withdrawal() {
    let home = Home::new();
    let running = home.start(Mode::Own, &[("ANTHROPIC_BASE_URL", ELSEWHERE), ("ANTHROPIC_API_KEY", "sk-script")]).await;
    let run = running.app.send(None, "Hello".into(), Events::new()).await.unwrap();
    run.done.await.unwrap();
    let views = running.app.agreements().await.unwrap();
    assert_eq!((views[0].agreed, views[0].how.as_deref()), (true, Some("environment")));
    running.app.withdraw(None).await.unwrap();
    assert_eq!(running.app.send(None, "Hello".into(), Events::new()).await.err().unwrap().code, ErrorCode::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_on_this_computer_needs_no_agreement() {
    let stage = stage(vec![Turn::text("Hello.")]).await;
    stage.running.ask(None, "Hello").await;
    assert!(stage.running.app.agreements().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_written_out_and_nothing_secret_with_it() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Exported"))])]).await;
    stage.approved().await;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("mine");
    let report = stage.running.app.export_data(&directory, None).await.unwrap();
    for line in &report.lines {
        assert!(std::path::Path::new(&line.place).exists(), "{line:?}");
    }
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    for (name, what) in [("sessions.json", "Go on"), ("changes.json", "Exported"), ("approvals.json", "Exported"), ("audit.jsonl", "write_settled")] {
        assert!(read(name).contains(what), "{name}");
    }
    let session = stage.running.app.sessions().await.unwrap().remove(0).session_id;
    assert!(read(&format!("sessions/{session}.json")).contains("Exported"));
    for name in ["sessions.json", "changes.json", "settings.json", "audit.jsonl", "connections.json"] {
        let text = read(name);
        assert!(!text.contains(BC_TOKEN) && !text.contains(bca_testkit::MODEL_KEY), "{name}");
    }
    let again = stage.running.app.export_data(&directory, None).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::InvalidInput);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(directory.join("changes.json")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_goes_and_another_stays() {
    let books = Books::open().await;
    let stage = crate::support::set(books, vec![Turn::calls(&[("call_a", CREATE, create("Kept"))])]).await;
    stage.approved().await;
    let app = &stage.running.app;
    let report = app.delete_data(DeletionScope::Account { account: "somebody@else".into() }).await.unwrap();
    assert!(report.lines.iter().all(|line| line.count == 0), "{report:?}");
    assert_eq!((app.sessions().await.unwrap().len(), app.changes(None).await.unwrap().len()), (1, 1));
    let account = app.changes(None).await.unwrap()[0].connection.account.clone();
    let directory = tempfile::tempdir().unwrap();
    let none = app.export_data(&directory.path().join("a"), Some("somebody@else")).await.unwrap();
    assert!(none.lines.iter().all(|line| line.count == 0), "{none:?}");
    let theirs = app.export_data(&directory.path().join("b"), Some(&account)).await.unwrap();
    assert!(theirs.lines.iter().filter(|line| line.what != "connections" && line.what != "permissions").all(|line| line.count > 0), "{theirs:?}");
    app.delete_data(DeletionScope::Account { account }).await.unwrap();
    assert!(app.sessions().await.unwrap().is_empty() && app.changes(None).await.unwrap().is_empty());
    assert!(app.verify_audit(None).await.unwrap().intact);
}
