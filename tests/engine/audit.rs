//! What was done stands in the audit log, verifies, and comes out again.

use bca_app::{AuditRecord, Key, Secret};
use bca_protocol::{
    AuditAction, AuditClient, AuditEntry, AuditFilter, AuditFormat, AuditOutcome, AuditVerdict, DeletionScope, ErrorCode, Permissions, ReviewVerdict,
    StopReason,
};
use bca_testkit::{Books, Events, Home, RunningApp, Turn};

use crate::support::{CREATE, create, set, stage, the_end};

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

/// What Business Central calls a failure stands wherever a person or an auditor looks for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_can_be_found_in_business_centrals_own_log() {
    let books = Books::open().await;
    let page: serde_json::Value = serde_json::from_str(&books.read("customers?$top=1&$select=number").await).unwrap();
    let taken = serde_json::json!({"entity": "customers", "data": {"displayName": "Twice", "number": page["value"][0]["number"]}});
    let stage = set(books, vec![Turn::calls(&[("call_a", CREATE, taken)])]).await;
    let (stop, events) = stage.approved().await;
    assert_eq!(stop, StopReason::EndTurn);
    let change = stage.running.app.changes(None).await.unwrap().remove(0);
    let reference = change.correlation_id.clone().expect("a reference");
    assert_eq!(reference.len(), 36, "{reference}");
    let said = the_end(&events).1;
    assert!(said.contains(&format!("Reference in Business Central's log: {reference}")), "{said}");
    assert!(change.message.as_ref().unwrap().contains(&reference), "{:?}", change.message);
    let id = change.preview.change_id;
    let trail = entries(&stage.running).await;
    let of = |action| trail.iter().find(|entry| entry.action == action).unwrap().correlation_id.clone();
    assert_eq!(of(AuditAction::WriteSent), Some(id.to_string()), "until it answers, the name that the request left with");
    assert_eq!(of(AuditAction::WriteSettled).as_ref(), Some(&reference));
    for format in [AuditFormat::Csv, AuditFormat::JsonLines] {
        let mut out = Vec::new();
        stage.running.app.export_audit(format, &AuditFilter::default(), &mut out).await.unwrap();
        assert!(String::from_utf8(out).unwrap().contains(&reference), "{format:?}");
    }
    let pack = stage.running.app.evidence(bca_app::EvidenceOf::Change(id)).await.unwrap();
    assert!(pack.html().contains(&reference) && pack.json().unwrap().contains(&reference));
}

/// Does something and gives the entries that it left.
async fn left<T>(running: &RunningApp, act: impl Future<Output = T>) -> (T, Vec<AuditEntry>) {
    let before = entries(running).await.len();
    let done = act.await;
    (done, entries(running).await.split_off(before))
}

fn actions(entries: &[AuditEntry]) -> Vec<AuditAction> {
    entries.iter().map(|entry| entry.action).collect()
}

/// One entry for each thing that is done, and every entry with all that it can have. Sign-ins are in `sign_in.rs`, dry runs in `dry_run.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_is_done_has_its_one_entry() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Counted"))])]).await;
    let (running, app) = (&stage.running, &stage.running.app);
    let token = || Secret::new(bca_testkit::BC_TOKEN.to_owned());
    let new = |name: &str| bca_app::NewConnection { name: name.into(), base_url: stage.books.url(), company: stage.books.company(), token: token() };
    let mut all = Vec::new();

    let (added, left_by) = left(running, app.add_connection(new("one"))).await;
    let account = added.unwrap().account;
    assert_eq!(actions(&left_by), [AuditAction::ConnectionAdded, AuditAction::ConnectionUsed]);
    all.extend(left_by);
    left(running, app.add_connection(new("two"))).await.0.unwrap();
    let (_, changed) = left(running, app.add_connection(new("two"))).await;
    let details = changed[0].details.as_ref().unwrap().as_str();
    assert!(details.contains("\"before\":{") && details.contains("\"after\":{") && details.contains(&stage.books.url()), "{details}");
    assert!(!details.contains(bca_testkit::BC_TOKEN));
    let (_, used) = left(running, app.use_connection("one")).await;
    assert_eq!(actions(&used), [AuditAction::ConnectionUsed]);
    let (_, permitted) = left(running, app.set_permissions(Some("one"), Permissions::default())).await;
    assert_eq!(actions(&permitted), [AuditAction::PermissionsChanged]);
    let (_, removed) = left(running, app.remove_connection("two")).await;
    assert_eq!(actions(&removed), [AuditAction::ConnectionRemoved]);
    for entry in all.iter().chain(&used).chain(&permitted) {
        assert_eq!((entry.connection.as_deref(), entry.account.as_deref()), (Some("one"), Some(account.as_str())), "{entry:?}");
    }
    all.extend(used.into_iter().chain(permitted).chain(removed));

    let (_, written) = left(running, stage.approved()).await;
    assert_eq!(actions(&written), [AuditAction::ApprovalAsked, AuditAction::ApprovalDecided, AuditAction::WriteSent, AuditAction::WriteSettled]);
    let change = app.changes(None).await.unwrap().remove(0);
    let undo = async {
        let events = Events::new();
        let run = app.undo(change.preview.change_id, events.clone()).await.unwrap();
        running.answer(&events.question().await, ReviewVerdict::Approve).await.unwrap();
        run.done.await.unwrap()
    };
    let (_, undone) = left(running, undo).await;
    assert_eq!(actions(&undone), [AuditAction::ApprovalAsked, AuditAction::ApprovalDecided, AuditAction::UndoSent, AuditAction::UndoSettled]);
    for entry in written.iter().chain(&undone) {
        assert_eq!(entry.session_id, Some(change.session_id), "{entry:?}");
        assert!(entry.run_id.is_some() && entry.connection.is_some() && entry.account.is_some() && entry.details.is_some(), "{entry:?}");
        let is_about_a_write = entry.resource == "customers";
        assert!(entry.correlation_id.is_some() == is_about_a_write && (is_about_a_write || entry.resource_id.is_some()), "{entry:?}");
    }
    let (before, after) = (written[3].details.as_ref().unwrap().as_str(), undone[3].details.as_ref().unwrap().as_str());
    assert!(before.contains("\"after\":{") && after.contains("\"before\":{"), "{before} {after}");
    all.extend(written.into_iter().chain(undone));

    let session = change.session_id;
    let mut out = Vec::new();
    for (action, entries) in [
        (AuditAction::SettingChanged, left(running, async { drop(app.set_setting(Key::MaxTurns, Some("9")).await) }).await.1),
        (AuditAction::Exported, left(running, async { drop(app.export_session(session, bca_app::ExportFormat::Json).await) }).await.1),
        (AuditAction::Exported, left(running, async { drop(app.export_audit(AuditFormat::Csv, &AuditFilter::default(), &mut out).await) }).await.1),
        (AuditAction::Exported, left(running, async { drop(app.evidence(bca_app::EvidenceOf::Session(session)).await) }).await.1),
        (AuditAction::Checkpoint, left(running, async { drop(app.audit_checkpoint().await) }).await.1),
        (AuditAction::Deleted, left(running, async { app.delete_session(session).await.unwrap() }).await.1),
    ] {
        assert_eq!(actions(&entries), [action], "{entries:?}");
        all.extend(entries);
    }
    for entry in &all {
        assert!(entry.client == AuditClient::Window && entry.version == env!("CARGO_PKG_VERSION") && !entry.resource.is_empty(), "{entry:?}");
    }
    assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let reads = entries(running).await.len();
    app.audit_page(&AuditFilter::default(), None, 10).await.unwrap();
    app.connections().await.unwrap();
    assert_eq!(entries(running).await.len(), reads, "looking leaves nothing");
    assert!(verified(running).await.intact);
}
