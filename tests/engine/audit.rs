//! What was done stands in the audit log, verifies, and comes out again.

use bca_app::{AuditRecord, Key, Secret};
use bca_protocol::{AuditAction, AuditClient, AuditFilter, AuditFormat, AuditOutcome, AuditVerdict, DeletionScope, ErrorCode, ReviewVerdict};
use bca_testkit::{Home, RunningApp, Turn};

use crate::support::{CREATE, create, stage};

async fn entries(running: &RunningApp) -> Vec<bca_protocol::AuditEntry> {
    let mut entries = running.app.audit_page(&AuditFilter::default(), None, 1_000).await.unwrap().entries;
    entries.reverse();
    entries
}

async fn verified(running: &RunningApp) -> AuditVerdict {
    running.app.verify_audit(None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_leaves_its_trail() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Traced"))])]).await;
    stage.running.app.set_audit_key(&Secret::new([5; 32]));
    stage.approved().await;
    let all = entries(&stage.running).await;
    let trail: Vec<_> = all.iter().filter(|e| e.run_id.is_some()).map(|e| (e.action, e.outcome, e.client)).collect();
    assert_eq!(
        trail,
        [
            (AuditAction::ApprovalAsked, AuditOutcome::Pending, AuditClient::Window),
            (AuditAction::ApprovalDecided, AuditOutcome::Done, AuditClient::Window),
            (AuditAction::WriteSent, AuditOutcome::Pending, AuditClient::Window),
            (AuditAction::WriteSettled, AuditOutcome::Done, AuditClient::Window),
        ]
    );
    let settled = all.iter().find(|e| e.action == AuditAction::WriteSettled).unwrap();
    assert_eq!(settled.resource, "customers");
    assert!(settled.resource_id.is_some());
    let details = settled.details.as_ref().unwrap().as_str();
    assert!(details.contains("\"after\"") && details.contains("Traced"), "{details}");
    let verdict = verified(&stage.running).await;
    assert!(verdict.intact && verdict.unprotected == 0, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_is_written_down_too() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Refused"))])]).await;
    stage.running.send_and_answer("Go on", ReviewVerdict::Reject { reason: Some("No such customer".into()) }).await;
    let decided = entries(&stage.running).await.into_iter().find(|e| e.action == AuditAction::ApprovalDecided).unwrap();
    assert_eq!(decided.outcome, AuditOutcome::Refused);
    assert!(decided.details.unwrap().as_str().contains("No such customer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_exports_and_deletions_are_written_down() {
    let stage = stage(vec![Turn::text("Hello.")]).await;
    let app = &stage.running.app;
    let (_, _, session) = stage.running.ask(None, "Hello").await;
    app.set_setting(Key::MaxTurns, Some("7")).await.unwrap();
    app.export_session(session, bca_app::ExportFormat::Json).await.unwrap();
    app.delete_session(session).await.unwrap();
    let mut out = Vec::new();
    let count = app.export_audit(AuditFormat::JsonLines, &AuditFilter::default(), &mut out).await.unwrap();
    let lines: Vec<serde_json::Value> = String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), usize::try_from(count).unwrap());
    let told: Vec<_> = lines.iter().rev().map(|line| (line["action"].as_str().unwrap(), line["resource"].as_str().unwrap())).collect();
    assert_eq!(told, [("setting_changed", "setting"), ("exported", "session"), ("deleted", "session")]);
    assert_eq!(lines[2]["details"], serde_json::json!({"before": "20", "after": "7"}));
    let mut csv = Vec::new();
    app.export_audit(AuditFormat::Csv, &AuditFilter { action: Some(AuditAction::SettingChanged), ..AuditFilter::default() }, &mut csv).await.unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!((csv.matches("\r\n").count(), csv.contains("agent.max_turns")), (2, true), "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_before_a_checkpoint_is_found() {
    let home = Home::new();
    let running = home.demo().await;
    for n in 0..5 {
        running.app.audit(AuditRecord::new(AuditAction::SignIn, "account").of(format!("a{n}"))).await;
    }
    let checkpoint = running.app.audit_checkpoint().await.unwrap();
    assert!(running.app.verify_audit(Some(checkpoint.clone())).await.unwrap().intact);
    running.app.stop().await;
    let mut other = checkpoint.clone();
    other.count -= 1;
    assert!(!running.app.verify_audit(Some(other)).await.unwrap().intact);
    assert!(running.app.verify_audit(Some(checkpoint)).await.unwrap().intact);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_everything_leaves_a_log_that_verifies_and_says_nothing() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("canary-8812"))])]).await;
    let app = &stage.running.app;
    app.set_audit_key(&Secret::new([5; 32]));
    stage.approved().await;
    app.create_backup().await.unwrap();
    let report = app.delete_data(DeletionScope::Everything).await.unwrap();
    assert!(report.lines.iter().any(|line| line.what == "backups" && line.count == 1), "{report:?}");
    assert!(report.lines.iter().any(|line| line.what == "conversations" && line.count == 1), "{report:?}");
    assert!(
        app.sessions().await.unwrap().is_empty() && app.changes(None).await.unwrap().is_empty() && app.approvals(bca_app::Which::All).await.unwrap().is_empty()
    );
    let verdict = verified(&stage.running).await;
    assert!(verdict.intact && verdict.checked > 4, "{verdict:?}");
    let old = entries(&stage.running).await;
    assert!(old.iter().filter(|e| e.action == AuditAction::WriteSettled).all(|e| e.account.is_none() && e.details.is_none() && e.details_deleted));
    app.stop().await;
    for entry in walk(stage.home.path()) {
        let bytes = std::fs::read(&entry).unwrap();
        assert!(!bytes.windows(11).any(|window| window == b"canary-8812"), "{}", entry.display());
    }
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_while_a_run_is_at_work() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Busy"))])]).await;
    let (run, _, question) = stage.asked().await;
    let fault = stage.running.app.delete_data(DeletionScope::Everything).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::Conflict);
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
    assert_eq!(stage.running.app.sessions().await.unwrap().len(), 1);
}
