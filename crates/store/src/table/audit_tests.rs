#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::time::{Duration, Instant};

use bca_protocol::{AuditAction, AuditClient, AuditFilter, AuditOutcome};

use crate::{AuditRecord, audit::tests::sealed, db::Durability};

/// Entries in a normal test run; `BC_AGENT_AUDIT_ROWS` sets another number (1,000,000 for docs/performance.md).
const ROWS: i64 = 30_000;
/// What a page may take.
const PAGE: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_page_is_there_in_no_time_however_it_is_filtered() {
    let rows = std::env::var("BC_AGENT_AUDIT_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROWS);
    let home = tempfile::tempdir().unwrap();
    let db = sealed(home.path());
    for name in ["kari", "ola"] {
        db.audit(AuditRecord::new(AuditAction::SignIn, "account").by_account(name)).await.unwrap();
    }
    // Seals don't matter to a page.
    let fill = "INSERT INTO audit SELECT value + 2, at + value * 1000000, 1 + value % 7 / 6, CASE value % 3 WHEN 0 THEN 'window' ELSE 'terminal' END, version,
        CASE value % 2 WHEN 0 THEN 'demo' ELSE 'books' END, printf('01890000-0000-7000-8000-%012d', value / 50), NULL, NULL,
        CASE value % 5 WHEN 0 THEN 'write_settled' WHEN 1 THEN 'write_sent' WHEN 2 THEN 'approval_asked' WHEN 3 THEN 'approval_decided' ELSE 'setting_changed' END,
        CASE value % 4 WHEN 0 THEN 'customers' WHEN 1 THEN 'items' WHEN 2 THEN 'salesInvoices' ELSE 'approval' END, 'id' || value,
        CASE WHEN value % 1000 = 0 THEN 'failed' ELSE 'done' END, zeroblob(400), 1, key_id, seal
        FROM audit, (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ?1) SELECT value FROM n) WHERE seq = 1";
    db.inner.write_now(Durability::Durable, |tx| Ok(tx.execute(fill, [rows])?)).unwrap();
    let any = AuditFilter::default;
    let newest = db.audit_page(&any(), None, 1).await.unwrap().entries.remove(0);
    let middle = newest.at - jiff::SignedDuration::from_secs(rows / 2);
    let filters = [
        ("all", any()),
        ("account", AuditFilter { account: Some("ola".into()), ..any() }),
        ("action", AuditFilter { action: Some(AuditAction::WriteSettled), ..any() }),
        ("entity", AuditFilter { resource: Some("customers".into()), ..any() }),
        ("record", AuditFilter { resource_id: Some("id77".into()), ..any() }),
        ("outcome", AuditFilter { outcome: Some(AuditOutcome::Failed), ..any() }),
        ("conversation", AuditFilter { session_id: Some("01890000-0000-7000-8000-000000000003".parse().unwrap()), ..any() }),
        ("time", AuditFilter { until: Some(middle), ..any() }),
        ("entity and time", AuditFilter { resource: Some("items".into()), until: Some(middle), ..any() }),
        ("who, what, entity", AuditFilter { account: Some("kari".into()), action: Some(AuditAction::WriteSent), resource: Some("items".into()), ..any() }),
        ("nothing fits", AuditFilter { action: Some(AuditAction::WriteSettled), client: Some(AuditClient::Gateway), ..any() }),
        ("two that never meet", AuditFilter { action: Some(AuditAction::SettingChanged), account: Some("nobody".into()), ..any() }),
        ("common and rare", AuditFilter { action: Some(AuditAction::WriteSettled), connection: Some("elsewhere".into()), ..any() }),
    ];
    for (name, filter) in filters {
        let mut best = Duration::MAX;
        let mut cursor = None;
        for _ in 0..5 {
            let begun = Instant::now();
            let page = db.audit_page(&filter, cursor, 100).await.unwrap();
            best = best.min(begun.elapsed());
            cursor = page.next;
        }
        eprintln!("{rows} entries, {name}: {best:?}");
        assert!(best < PAGE, "{name}: {best:?}");
    }
}
