//! The audit log, and a person's data.

use bca_protocol::{AuditCheckpoint, AuditCursor, AuditFilter, AuditFormat, AuditPage, AuditVerdict, DataReport, DeletionScope};

use crate::gate::commands;

use super::downloads;

/// Entries that one page shows.
const MOST_ENTRIES: usize = 500;

commands! {
    async fn list_audit(ask, { filter: AuditFilter, cursor: Option<AuditCursor>, limit: usize }) -> AuditPage {
        ask.app().await?.audit_page(&filter, cursor, limit.min(MOST_ENTRIES)).await?
    }

    async fn verify_audit(ask, { checkpoint: Option<AuditCheckpoint> }) -> AuditVerdict {
        ask.app().await?.verify_audit(checkpoint).await?
    }

    async fn audit_checkpoint(ask) -> AuditCheckpoint {
        ask.app().await?.audit_checkpoint().await?
    }

    async fn export_audit(ask, { filter: AuditFilter, format: AuditFormat }) -> String {
        let ending = match format {
            AuditFormat::Csv => "csv",
            AuditFormat::JsonLines => "jsonl",
        };
        let (path, mut file) = downloads::new_file(ask.handle(), "bc-agent-audit", ending)?;
        ask.app().await?.export_audit(format, &filter, &mut file).await?;
        path.display().to_string()
    }

    async fn export_data(ask, { account: Option<String> }) -> DataReport {
        let directory = downloads::new_directory(ask.handle(), "bc-agent-data")?;
        ask.app().await?.export_data(&directory, account.as_deref()).await?
    }

    async fn delete_data(ask, { scope: DeletionScope }) -> DataReport {
        let report = ask.app().await?.delete_data(scope).await?;
        ask.sessions_changed();
        report
    }
}
