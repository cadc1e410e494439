#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_approval::{ApprovalLog, IntentLog, Quota, Settlement};
use bca_protocol::{AuditOutcome, ChangeOutcome, Decision};
use jiff::SignedDuration;

use super::*;
use crate::{
    approval_log::tests::{answer, question},
    transcript::tests::open,
};

pub(crate) fn json(text: &str) -> RawJson {
    RawJson::parse(text.into()).unwrap()
}

pub(crate) fn secret() -> AuditKey {
    AuditKey::secret(&Secret::new([7; 32]))
}

/// A home whose log stands under a secret key.
pub(crate) fn sealed(home: &std::path::Path) -> Db {
    let db = open(home);
    db.audit_as(AuditIdentity { key: secret(), client: AuditClient::Terminal, version: "9.9.9".into() });
    db
}

fn record(n: usize) -> AuditRecord {
    AuditRecord::new(AuditAction::SettingChanged, "setting").of(format!("key{n}")).with_details(json(&format!(r#"{{"n":{n}}}"#)))
}

async fn intact(db: &Db) -> AuditVerdict {
    let verdict = db.verify_audit(None).await.unwrap();
    assert!(verdict.intact, "{verdict:?}");
    verdict
}

async fn all(db: &Db) -> Vec<AuditEntry> {
    let mut entries = db.audit_page(&AuditFilter::default(), None, 1_000).await.unwrap().entries;
    entries.reverse();
    entries
}

#[tokio::test]
async fn what_is_written_down_is_read_back() {
    let home = tempfile::tempdir().unwrap();
    let db = sealed(home.path());
    let session = SessionId::new();
    let full = AuditRecord {
        client: Some(AuditClient::Gateway),
        session_id: Some(session),
        run_id: Some(RunId::new()),
        correlation_id: Some("c-1".into()),
        ..record(1).by_account("kari@example.com").on("demo").with_outcome(AuditOutcome::Failed)
    };
    assert_eq!(db.audit(full.clone()).await.unwrap(), 1);
    assert_eq!(db.audit(record(2)).await.unwrap(), 2);
    let entries = all(&db).await;
    let first = &entries[0];
    assert_eq!((first.seq, first.account.as_deref(), first.client, first.version.as_str()), (1, Some("kari@example.com"), AuditClient::Gateway, "9.9.9"));
    assert_eq!(
        (first.connection.as_deref(), first.session_id, first.run_id, first.correlation_id.as_deref()),
        (Some("demo"), Some(session), full.run_id, Some("c-1"))
    );
    assert_eq!((first.action, first.resource.as_str(), first.resource_id.as_deref()), (AuditAction::SettingChanged, "setting", Some("key1")));
    assert_eq!((first.outcome, first.details.clone(), first.details_deleted), (AuditOutcome::Failed, Some(json(r#"{"n":1}"#)), false));
    assert_eq!((entries[1].account.as_deref(), entries[1].client), (Some(LOCAL_ACCOUNT), AuditClient::Terminal));
    let verdict = intact(&db).await;
    assert_eq!((verdict.checked, verdict.count, verdict.unprotected), (2, 2, 0));
    assert_eq!(verdict.head, Some(entries[1].seal.clone()));
}

#[tokio::test]
async fn questions_and_writes_leave_their_trail_in_their_own_transactions() {
    let home = tempfile::tempdir().unwrap();
    let db = sealed(home.path());
    let (request, writes) = question(2);
    db.ask(&request, &writes, Quota::default()).await.unwrap();
    db.resolve(request.approval_id, request.digest, &answer(Decision::Approved, request.requested_at)).await.unwrap();
    let (first, second) = (writes[0].change_id(), writes[1].change_id());
    db.sending(first, request.requested_at).await.unwrap();
    let after = json(r#"{"n":0.10,"city":"Bergen"}"#);
    let settlement = Settlement {
        outcome: ChangeOutcome::Confirmed,
        message: None,
        key: Some("k-1".into()),
        after: Some(after),
        correlation_id: None,
        at: request.requested_at,
    };
    db.settled(first, &settlement).await.unwrap();
    db.settled(first, &settlement).await.unwrap();
    db.not_sent(second, "stopped", request.requested_at).await.unwrap();
    db.sending(second, request.requested_at).await.unwrap_err();
    let entries = all(&db).await;
    let told: Vec<_> = entries.iter().map(|e| (e.action, e.resource.as_str(), e.outcome, e.client)).collect();
    use AuditAction::{ApprovalAsked, ApprovalDecided, WriteNotSent, WriteSent, WriteSettled};
    assert_eq!(
        told,
        [
            (ApprovalAsked, "approval", AuditOutcome::Pending, AuditClient::Terminal),
            (ApprovalDecided, "approval", AuditOutcome::Done, AuditClient::Window),
            (WriteSent, "customers", AuditOutcome::Pending, AuditClient::Terminal),
            (WriteSettled, "customers", AuditOutcome::Done, AuditClient::Terminal),
            (WriteNotSent, "customers", AuditOutcome::Refused, AuditClient::Terminal),
        ]
    );
    assert!(entries.iter().all(|e| e.run_id == Some(request.run_id) && e.session_id == Some(request.session_id) && e.connection.as_deref() == Some("demo")));
    let settled = &entries[3];
    assert_eq!(settled.resource_id.as_deref(), Some("k-1"));
    let details = settled.details.as_ref().unwrap().as_str();
    assert!(details.contains(r#""before":{}"#) && details.contains(r#""after":{"n":0.10,"city":"Bergen"}"#), "{details}");
    intact(&db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_write_one_chain() {
    let home = tempfile::tempdir().unwrap();
    let dbs: Vec<Db> = (0..3).map(|_| sealed(home.path())).collect();
    let tasks = dbs.iter().cloned().map(|db| {
        tokio::spawn(async move {
            for n in 0..40 {
                db.audit(record(n)).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(intact(&dbs[0]).await.checked, 120);
}

#[tokio::test]
async fn entries_can_not_be_changed_or_removed() {
    let home = tempfile::tempdir().unwrap();
    let db = sealed(home.path());
    db.audit(record(1)).await.unwrap();
    for sql in [
        "UPDATE audit SET outcome = 'done'",
        "DELETE FROM audit",
        "DELETE FROM audit_head",
        "DELETE FROM audit_accounts",
        "REPLACE INTO audit SELECT * FROM audit",
    ] {
        let tried = db.inner.write_now(Durability::Durable, |tx| Ok(tx.execute(sql, [])?));
        assert!(tried.is_err(), "{sql}");
    }
    assert_eq!(intact(&db).await.checked, 1);
}

#[tokio::test]
async fn filters_find_what_they_name() {
    let home = tempfile::tempdir().unwrap();
    let db = sealed(home.path());
    let session = SessionId::new();
    for n in 0..60 {
        let outcome = if n % 20 == 0 { AuditOutcome::Failed } else { AuditOutcome::Done };
        let action = if n % 3 == 0 { AuditAction::WriteSettled } else { AuditAction::SettingChanged };
        let resource = if n % 2 == 0 { "customers" } else { "items" };
        let account = if n % 5 == 0 { "kari" } else { "ola" };
        let entry = AuditRecord::new(action, resource).of(format!("id{n}")).by_account(account).on(if n < 30 { "one" } else { "two" }).with_outcome(outcome);
        db.audit(AuditRecord { session_id: (n == 7).then_some(session), ..entry }).await.unwrap();
    }
    let every = all(&db).await;
    let check = async |filter: AuditFilter, fits: &dyn Fn(&AuditEntry) -> bool| {
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let page = db.audit_page(&filter, cursor, 7).await.unwrap();
            assert!(page.entries.len() <= 7);
            found.extend(page.entries.into_iter().map(|e| e.seq));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let expected: Vec<u64> = every.iter().rev().filter(|e| fits(e)).map(|e| e.seq).collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let any = AuditFilter::default;
    check(any(), &|_| true).await;
    check(AuditFilter { account: Some("kari".into()), ..any() }, &|e| e.account.as_deref() == Some("kari")).await;
    check(AuditFilter { account: Some("nobody".into()), ..any() }, &|_| false).await;
    check(AuditFilter { client: Some(AuditClient::Terminal), ..any() }, &|_| true).await;
    check(AuditFilter { client: Some(AuditClient::Window), ..any() }, &|_| false).await;
    check(AuditFilter { action: Some(AuditAction::WriteSettled), resource: Some("items".into()), ..any() }, &|e| {
        e.action == AuditAction::WriteSettled && e.resource == "items"
    })
    .await;
    check(AuditFilter { outcome: Some(AuditOutcome::Failed), account: Some("kari".into()), ..any() }, &|e| {
        e.outcome == AuditOutcome::Failed && e.account.as_deref() == Some("kari")
    })
    .await;
    check(AuditFilter { outcome: Some(AuditOutcome::Done), ..any() }, &|e| e.outcome == AuditOutcome::Done).await;
    check(AuditFilter { resource_id: Some("id9".into()), ..any() }, &|e| e.resource_id.as_deref() == Some("id9")).await;
    check(AuditFilter { connection: Some("two".into()), ..any() }, &|e| e.connection.as_deref() == Some("two")).await;
    check(AuditFilter { session_id: Some(session), ..any() }, &|e| e.session_id == Some(session)).await;
    let (from, until) = (every[10].at, every[40].at);
    check(AuditFilter { from: Some(from), until: Some(until), ..any() }, &|e| e.at >= from && e.at < until).await;
}

#[tokio::test]
async fn a_search_for_something_rare_comes_in_pieces() {
    let home = tempfile::tempdir().unwrap();
    let db = sealed(home.path());
    db.audit(record(0)).await.unwrap();
    // Seals don't matter to a page.
    let copies = "INSERT INTO audit SELECT value + 1, at, account_ref, client, version, 'demo', session_id, run_id, correlation_id, action, 'items', NULL,
        'done', NULL, evidence, key_id, seal FROM audit, (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 50000)
        SELECT value FROM n) WHERE seq = 1";
    db.inner.write_now(Durability::Durable, |tx| Ok(tx.execute(copies, [])?)).unwrap();
    let filter = AuditFilter {
        action: Some(AuditAction::SettingChanged),
        resource: Some("setting".into()),
        outcome: Some(AuditOutcome::Done),
        ..AuditFilter::default()
    };
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let page = db.audit_page(&filter, cursor, 10).await.unwrap();
        found.extend(page.entries);
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((found.len(), pages, found[0].seq), (1, 13, 1));
}

#[tokio::test]
async fn retention_keeps_what_is_about_writes_and_the_chain() {
    let home = tempfile::tempdir().unwrap();
    let db = sealed(home.path());
    let (request, writes) = question(1);
    for n in 0..5 {
        db.audit(record(n)).await.unwrap();
    }
    db.ask(&request, &writes, Quota::default()).await.unwrap();
    for n in 5..8 {
        db.audit(record(n)).await.unwrap();
    }
    let early = db.audit_checkpoint().await.unwrap();
    let later = jiff::Timestamp::now() + SignedDuration::from_hours(1);
    assert_eq!(db.prune_audit(later).await.unwrap(), 8);
    assert_eq!(db.prune_audit(later).await.unwrap(), 0);
    let verdict = intact(&db).await;
    assert_eq!((verdict.checked, verdict.pruned, verdict.count), (3, 8, 11));
    let left: Vec<_> = all(&db).await.into_iter().map(|e| (e.seq, e.action)).collect();
    assert_eq!(left, [(6, AuditAction::ApprovalAsked), (10, AuditAction::Checkpoint), (11, AuditAction::Pruned)]);
    assert!(db.verify_audit(Some(early)).await.unwrap().intact);
    db.audit(record(9)).await.unwrap();
    db.prune_audit(later).await.unwrap();
    assert_eq!(intact(&db).await.pruned, 9);
}

#[tokio::test]
async fn forgetting_somebody_destroys_their_details_and_leaves_the_chain() {
    let home = tempfile::tempdir().unwrap();
    let db = sealed(home.path());
    let canary = "canary-4711-kari";
    db.audit(record(1).by_account(canary).with_details(json(r#"{"who":"canary-4711-details"}"#))).await.unwrap();
    db.audit(record(2)).await.unwrap();
    let checkpoint = db.audit_checkpoint().await.unwrap();
    assert!(db.forget_in_audit(canary).await.unwrap());
    assert!(!db.forget_in_audit(canary).await.unwrap());
    let entries = all(&db).await;
    assert_eq!((entries[0].account.clone(), entries[0].details.clone(), entries[0].details_deleted), (None, None, true));
    assert!(entries[1].details.is_some());
    intact(&db).await;
    assert!(db.verify_audit(Some(checkpoint)).await.unwrap().intact);
    assert_eq!(db.audit_accounts().await.unwrap(), [LOCAL_ACCOUNT]);
    // The same person may come back: a new name, a new key.
    db.audit(record(3).by_account(canary)).await.unwrap();
    assert!(intact(&db).await.intact);
}

#[tokio::test]
async fn a_change_of_the_key_is_told_and_what_stood_under_a_lost_one_is_not_called_proven() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    db.audit(record(1)).await.unwrap();
    let db = sealed(home.path());
    db.audit(record(2)).await.unwrap();
    let verdict = intact(&db).await;
    assert_eq!((verdict.checked, verdict.unprotected), (3, 1));
    assert_eq!(all(&db).await[1].action, AuditAction::KeyChanged);
    db.audit_as(AuditIdentity { key: AuditKey::secret(&Secret::new([8; 32])), ..AuditIdentity::default() });
    db.audit(record(3)).await.unwrap();
    let verdict = intact(&db).await;
    assert_eq!((verdict.unverifiable, verdict.unverifiable_until), (2, Some(3)));
    assert!(all(&db).await[2].details_lost);
}

#[tokio::test]
async fn no_detail_stands_in_clear_in_the_file() {
    let home = tempfile::tempdir().unwrap();
    let db = sealed(home.path());
    db.audit(record(1).with_details(json(r#"{"amount":"canary-details-9023"}"#))).await.unwrap();
    for file in ["bc-agent.db", "bc-agent.db-wal"] {
        let bytes = std::fs::read(home.path().join(file)).unwrap();
        assert!(!bytes.windows(19).any(|window| window == b"canary-details-9023"), "{file}");
    }
}
