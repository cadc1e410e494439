//! The audit log in front of the store. Whoever does something that is to be written down calls [`App::audit`]:
//! `app.audit(AuditRecord::new(AuditAction::SignIn, "account").of(id).by_account(name)).await`. It never fails the thing that was
//! done; where the entry can't be stored, that is logged. Questions, answers and writes need no call: the store appends their
//! entries in their own transactions.

use std::io::Write;

use bca_auth::Secret;
use bca_protocol::{
    AuditAction, AuditCheckpoint, AuditClient, AuditCursor, AuditEntry, AuditFilter, AuditFormat, AuditPage, AuditVerdict, ErrorCode, Json, Notice, RawJson,
    Reviewer, UserError,
};
use bca_store::{AuditIdentity, AuditKey, AuditRecord, Recovery};

use crate::{App, Key, app::lock};

/// Entries that an export reads at once.
const EXPORTED_AT_ONCE: usize = 500;

/// The columns of the CSV form.
const COLUMNS: [&str; 17] = [
    "seq",
    "at",
    "account",
    "client",
    "version",
    "connection",
    "session_id",
    "run_id",
    "correlation_id",
    "action",
    "resource",
    "resource_id",
    "outcome",
    "details",
    "details_deleted",
    "details_lost",
    "seal",
];

impl App {
    /// Writes something down that was done.
    pub async fn audit(&self, record: AuditRecord) {
        self.audit_key_ready().await;
        let (action, resource) = (record.action, record.resource.clone());
        if let Err(fault) = self.inner.db.audit(record).await {
            tracing::error!(%fault, action = action.as_str(), resource, "an entry of the audit log could not be stored");
        }
    }

    /// Entries that fit, newest first, at most 1,000 a page; `cursor` is the `next` of the page before.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn audit_page(&self, filter: &AuditFilter, cursor: Option<AuditCursor>, limit: usize) -> Result<AuditPage, UserError> {
        self.audit_key_ready().await;
        Ok(self.inner.db.audit_page(filter, cursor, limit).await?)
    }

    /// Looks at the whole log, and against a checkpoint that was exported where one is given.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn verify_audit(&self, checkpoint: Option<AuditCheckpoint>) -> Result<AuditVerdict, UserError> {
        self.audit_key_ready().await;
        Ok(self.inner.db.verify_audit(checkpoint).await?)
    }

    /// A checkpoint to be kept outside of this computer.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn audit_checkpoint(&self) -> Result<AuditCheckpoint, UserError> {
        self.audit_key_ready().await;
        Ok(self.inner.db.audit_checkpoint().await?)
    }

    /// Writes all entries that fit, newest first; how many. That it was done is an entry of its own.
    ///
    /// # Errors
    /// Faults of the database or of the writer.
    pub async fn export_audit(&self, format: AuditFormat, filter: &AuditFilter, out: &mut (dyn Write + Send)) -> Result<u64, UserError> {
        let told = |e: std::io::Error| UserError::new(ErrorCode::Store, format!("The audit log could not be written out: {e}."));
        if format == AuditFormat::Csv {
            out.write_all(csv_line(COLUMNS.into_iter().map(str::to_owned)).as_bytes()).map_err(told)?;
        }
        let (mut cursor, mut count) = (None, 0);
        loop {
            let page = self.audit_page(filter, cursor, EXPORTED_AT_ONCE).await?;
            for entry in &page.entries {
                out.write_all(line(entry, format)?.as_bytes()).map_err(told)?;
                count += 1;
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        out.flush().map_err(told)?;
        let form = match format {
            AuditFormat::Csv => "csv",
            AuditFormat::JsonLines => "json_lines",
        };
        let details = details([("entries", count.to_string()), ("format", form.to_owned())]);
        self.audit(AuditRecord::new(AuditAction::Exported, "audit").with_details(details)).await;
        Ok(count)
    }

    /// Says through what this process is used. Until there is a key of this home's own, entries stand under the key that
    /// everybody knows, and a verification says so.
    pub(crate) fn audit_as_process(&self) {
        self.inner.db.audit_as(AuditIdentity { key: AuditKey::public(), ..self.identity() });
    }

    /// Entries stand under this key from now on: 32 random bytes that stay the same for the life of the home, kept where its
    /// secrets are. The demo has none.
    pub fn set_audit_key(&self, key: &Secret<[u8; 32]>) {
        self.inner.db.audit_as(AuditIdentity { key: AuditKey::secret(key), ..self.identity() });
    }

    fn identity(&self) -> AuditIdentity {
        AuditIdentity { key: AuditKey::public(), client: client_of(self.inner.config.client), version: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// Goes over the log in the background: what dead processes left is written down, old entries go, and the window has it
    /// verified.
    pub(crate) fn tend_audit(&self, recovery: Recovery) {
        let app = self.clone();
        tokio::spawn(async move {
            app.audit_key_ready().await;
            if !recovery.is_empty()
                && let Err(fault) = app.inner.db.audit_recovery(recovery).await
            {
                tracing::error!(%fault, "what dead processes left could not be written down in the audit log");
            }
            if app.inner.config.client == Reviewer::Window {
                app.verify_in_background().await;
            }
            app.prune_audit().await;
        });
    }

    async fn verify_in_background(&self) {
        match self.verify_audit(None).await {
            Ok(verdict) if verdict.intact => tracing::info!(entries = verdict.checked, "the audit log is intact"),
            Ok(_) if self.audit_key_is_away().await => {
                tracing::warn!("the audit log could not be verified, because its key could not be had");
                let text = "The audit log could not be verified: its key is not here. Unlock the keyring of this computer and start again; \
                            where the key is lost for good, sign in again. See `bc-agent audit verify`.";
                lock(&self.inner.notices).push(Notice { text: text.to_owned(), session_id: None });
            }
            Ok(verdict) => {
                let first = verdict.findings.first().map_or("", |finding| finding.message.as_str());
                tracing::error!(first, "the audit log is not as it was written");
                let text = format!("The audit log is not as it was written. {first} See `bc-agent audit verify`.");
                lock(&self.inner.notices).push(Notice { text, session_id: None });
            }
            Err(fault) => tracing::error!(%fault, "the audit log could not be verified"),
        }
    }

    async fn prune_audit(&self) {
        self.audit_key_ready().await;
        if self.audit_key_is_away().await {
            // What is removed has to be told of under the log's own key, or nobody need believe it (docs/decisions/lost-audit-key.md).
            return;
        }
        let days = i64::try_from(self.settings_now().number(Key::AuditRetention)).unwrap_or(i64::MAX);
        let Ok(before) = self.inner.clock.now().checked_sub(jiff::SignedDuration::from_hours(days.saturating_mul(24))) else { return };
        match self.inner.db.prune_audit(before).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "old entries of the audit log were removed"),
            Err(fault) => tracing::error!(%fault, "old entries of the audit log could not be removed"),
        }
    }
}

/// Through what somebody who answers here works.
pub(crate) const fn client_of(reviewer: Reviewer) -> AuditClient {
    match reviewer {
        Reviewer::Window | Reviewer::Notification => AuditClient::Window,
        Reviewer::Terminal => AuditClient::Terminal,
        Reviewer::CommandLine => AuditClient::CommandLine,
        Reviewer::Automation => AuditClient::Gateway,
        Reviewer::Clock | Reviewer::Engine => AuditClient::Engine,
    }
}

/// Members with text values as the details of an entry.
pub(crate) fn details<const N: usize>(members: [(&str, String); N]) -> RawJson {
    RawJson::from(&Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), Json::String(value))).collect()))
}

fn line(entry: &AuditEntry, format: AuditFormat) -> Result<String, UserError> {
    match format {
        AuditFormat::JsonLines => {
            let mut text =
                serde_json::to_string(entry).map_err(|e| UserError::new(ErrorCode::Internal, format!("An entry could not be written as JSON: {e}.")))?;
            text.push('\n');
            Ok(text)
        }
        AuditFormat::Csv => {
            let AuditEntry { seq, at, account, client, version, connection, session_id, run_id, correlation_id, .. } = entry;
            let AuditEntry { action, resource, resource_id, outcome, details, details_deleted, details_lost, seal, .. } = entry;
            let id = |id: Option<String>| id.unwrap_or_default();
            Ok(csv_line([
                seq.to_string(),
                at.to_string(),
                id(account.clone()),
                client.as_str().to_owned(),
                version.clone(),
                id(connection.clone()),
                id(session_id.map(|id| id.to_string())),
                id(run_id.map(|id| id.to_string())),
                id(correlation_id.clone()),
                action.as_str().to_owned(),
                resource.clone(),
                id(resource_id.clone()),
                outcome.as_str().to_owned(),
                id(details.as_ref().map(|details| details.as_str().to_owned())),
                details_deleted.to_string(),
                details_lost.to_string(),
                seal.clone(),
            ]))
        }
    }
}

/// One line (RFC 4180, section 2), its end included.
fn csv_line(fields: impl IntoIterator<Item = String>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|field| csv_field(&field)).collect();
    format!("{}\r\n", fields.join(","))
}

/// A field that a spreadsheet takes for text: what would begin a formula gets an apostrophe before it.
fn csv_field(text: &str) -> String {
    let begins_formula = text.trim_start_matches([' ', '\u{feff}']).starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let text = if begins_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n', '\'', ';', '\t']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
