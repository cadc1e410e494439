//! A person's data: agreements with model providers, everything written out, everything deleted.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use bca_protocol::{
    AgreementView, ApprovalView, AuditAction, AuditFilter, AuditFormat, ChangeView, DataReport, DataReportLine, DeletionScope, ErrorCode, SessionSummary,
    UserError,
};
use bca_store::{AuditRecord, StoredAgreement};
use serde::Serialize;

use crate::{App, ExportFormat, Key, Mode, app::lock, audit::details};

/// The wording's version; a new one is asked for again.
const AGREEMENT: u32 = 1;
/// Rows that an export reads at once.
const AT_ONCE: u32 = 500;

impl App {
    /// The provider in force, as agreements name it: its protocol and its address.
    fn model_provider(&self) -> String {
        let settings = self.settings_now();
        format!("{} {}", settings.get(Key::Provider), settings.get(Key::ModelBaseUrl).trim_end_matches('/'))
    }

    /// The agreement with the provider in force first, then those of the past.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn agreements(&self) -> Result<Vec<AgreementView>, UserError> {
        let (stored, current) = (self.inner.db.agreements().await?, self.model_provider());
        let mut views: Vec<AgreementView> = stored.iter().map(agreement_view).collect();
        if self.needs_agreement() && !views.iter().any(|view| view.provider == current) {
            views.push(AgreementView {
                text: wording(&current),
                provider: current.clone(),
                version: AGREEMENT,
                agreed: false,
                how: None,
                agreed_at: None,
                withdrawn_at: None,
            });
        }
        views.sort_by_key(|view| view.provider != current);
        Ok(views)
    }

    /// A person agrees that what a conversation needs goes to this provider; `None`: the one in force.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn agree(&self, provider: Option<&str>) -> Result<Vec<AgreementView>, UserError> {
        let provider = provider.map_or_else(|| self.model_provider(), str::to_owned);
        if provider.trim().is_empty() || provider.len() > 2_000 || provider.chars().any(char::is_control) {
            return Err(UserError::new(ErrorCode::InvalidInput, "Name the provider as `agreements` does."));
        }
        self.audit_key_ready().await;
        self.inner.db.agree(&provider, AGREEMENT, "person", agreement_record(AuditAction::AgreementGiven, &provider, "person")).await?;
        self.agreements().await
    }

    /// Takes an agreement back; nothing is sent to that provider from then on. `None`: the one in force.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is none.
    pub async fn withdraw(&self, provider: Option<&str>) -> Result<Vec<AgreementView>, UserError> {
        let provider = provider.map_or_else(|| self.model_provider(), str::to_owned);
        let record = agreement_record(AuditAction::AgreementWithdrawn, &provider, "person");
        self.audit_key_ready().await;
        if !self.inner.db.withdraw(&provider, record).await? {
            return Err(UserError::new(ErrorCode::NotFound, format!("There is no agreement with {provider} that could be taken back.")));
        }
        self.agreements().await
    }

    /// Whether data would leave this computer for a model.
    fn needs_agreement(&self) -> bool {
        self.mode() == Mode::Own && !is_here(self.settings_now().get(Key::ModelBaseUrl))
    }

    /// Whether messages may go to the provider in force. A key in the environment is a script's own agreement, and is recorded as
    /// such; it does not undo what a person took back.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`] with the sentence that a person is asked to agree to.
    pub(crate) async fn may_send_data(&self) -> Result<(), UserError> {
        if !self.needs_agreement() {
            return Ok(());
        }
        let provider = self.model_provider();
        let held = self.inner.db.agreement(&provider).await?;
        let is_withdrawn = held.as_ref().is_some_and(|held| held.withdrawn_at.is_some());
        if held.is_some_and(|held| held.withdrawn_at.is_none() && held.version >= AGREEMENT) {
            return Ok(());
        }
        if !is_withdrawn && self.inner.config.environment.secret("ANTHROPIC_API_KEY").is_some() {
            let record = agreement_record(AuditAction::AgreementGiven, &provider, "environment");
            return Ok(self.inner.db.agree(&provider, AGREEMENT, "environment", record).await?);
        }
        let text = format!("{} Nothing was sent. Agree in the window's settings, or with `bc-agent data agree`.", wording(&provider));
        Err(UserError::new(ErrorCode::Forbidden, text))
    }

    /// Writes everything that this home holds, or what belongs to one account, as JSON into a directory that is new or empty.
    ///
    /// # Errors
    /// A directory with something in it, or that can't be written; faults of the database.
    pub async fn export_data(&self, directory: &Path, account: Option<&str>) -> Result<DataReport, UserError> {
        let out = Directory::prepare(directory)?;
        let mut lines = vec![self.export_sessions(&out, account).await?];
        let approvals = self.all_approvals().await?;
        let approvals: Vec<&ApprovalView> = approvals.iter().filter(|view| belongs(account, &view.request.connection.account)).collect();
        lines.push(out.write("questions and answers", "approvals.json", &approvals, approvals.len())?);
        let changes = self.all_changes().await?;
        let changes: Vec<&ChangeView> = changes.iter().filter(|view| belongs(account, &view.connection.account)).collect();
        lines.push(out.write("changes with before and after", "changes.json", &changes, changes.len())?);
        let connections: Vec<_> =
            self.inner.db.connections().await?.into_iter().map(|stored| stored.connection).filter(|c| belongs(account, &c.account)).collect();
        lines.push(out.write("connections", "connections.json", &connections, connections.len())?);
        let mut permissions = Vec::new();
        for connection in &connections {
            permissions.extend(self.permissions(Some(&connection.name)).await.ok());
        }
        lines.push(out.write("permissions", "permissions.json", &permissions, permissions.len())?);
        if account.is_none() {
            let settings = self.settings().await?;
            lines.push(out.write("settings", "settings.json", &settings, settings.len())?);
            let agreements = self.agreements().await?;
            lines.push(out.write("agreements with model providers", "agreements.json", &agreements, agreements.len())?);
            let errors = self.errors(100_000).await?;
            lines.push(out.write("errors that were told", "errors.json", &errors, errors.len())?);
        }
        let (path, mut file) = out.create("audit.jsonl")?;
        let filter = AuditFilter { account: account.map(str::to_owned), ..AuditFilter::default() };
        let count = self.export_audit(AuditFormat::JsonLines, &filter, &mut file).await?;
        lines.push(DataReportLine { what: "audit log".into(), count, place: path.display().to_string(), note: None });
        let report = DataReport { lines };
        out.write("report", "report.json", &report, 1)?;
        let record = AuditRecord::new(AuditAction::Exported, "data").with_details(details([("directory", directory.display().to_string())]));
        self.audit(account.map(|account| record.clone().by_account(account)).unwrap_or(record)).await;
        Ok(report)
    }

    async fn export_sessions(&self, out: &Directory, account: Option<&str>) -> Result<DataReportLine, UserError> {
        let mut kept: Vec<SessionSummary> = Vec::new();
        for session in self.sessions().await? {
            let detail = self.session(session.session_id).await?;
            let is_theirs = account.is_none() || detail.runs.iter().any(|run| run.connection.as_ref().is_some_and(|c| belongs(account, &c.account)));
            if is_theirs {
                let text = self.export_session(session.session_id, ExportFormat::Json).await?;
                let (path, mut file) = out.create(&format!("sessions/{}.json", session.session_id))?;
                file.write_all(text.as_bytes()).map_err(|e| unwritten(&path, &e))?;
                kept.push(session);
            }
        }
        out.write("conversations", "sessions.json", &kept, kept.len())
    }

    async fn all_approvals(&self) -> Result<Vec<ApprovalView>, UserError> {
        let mut all: Vec<ApprovalView> = Vec::new();
        loop {
            let more = self.inner.db.approvals(all.last().map(|view| view.request.approval_id), AT_ONCE).await?;
            if more.is_empty() {
                return Ok(all);
            }
            all.extend(more);
        }
    }

    async fn all_changes(&self) -> Result<Vec<ChangeView>, UserError> {
        let mut all: Vec<ChangeView> = Vec::new();
        loop {
            let more = self.inner.db.changes(all.last().map(|view| view.preview.change_id), AT_ONCE).await?;
            if more.is_empty() {
                return Ok(all);
            }
            all.extend(more);
        }
    }

    /// Deletes what belongs to an account, or everything, for good. The audit log keeps its entries; their names and details can't
    /// be read any more.
    ///
    /// # Errors
    /// [`ErrorCode::Conflict`] while a run is at work; faults of the database or of the files.
    pub async fn delete_data(&self, scope: DeletionScope) -> Result<DataReport, UserError> {
        let account = match &scope {
            DeletionScope::Everything => None,
            DeletionScope::Account { account } => Some(account.as_str()),
        };
        self.audit_key_ready().await;
        let erased = self.inner.db.erase(account).await?;
        let accounts = self.remove_accounts(account).await?;
        let names = match account {
            Some(account) => vec![account.to_owned()],
            None => self.inner.db.audit_accounts().await?,
        };
        let mut forgotten = 0;
        for name in &names {
            forgotten += u64::from(self.inner.db.forget_in_audit(name).await?);
        }
        let backups = self.inner.db.remove_backups().await?;
        let mut lines = vec![
            self.emptied("conversations", erased.sessions, None),
            self.emptied("changes with their questions and images", erased.changes, None),
            self.emptied("connections with their permissions", erased.connections, Some("What is in Business Central stays there.")),
            self.emptied("accounts with their tokens", accounts, Some("Their sign-ins at Microsoft end there, not here.")),
            self.emptied("names in the audit log", forgotten, Some("Its entries stay, so that it still verifies; names and details can't be read any more.")),
        ];
        let file = |what: &str, count: u64, place: PathBuf, note: &str| DataReportLine {
            what: what.into(),
            count,
            place: place.display().to_string(),
            note: Some(note.into()),
        };
        lines.push(file("backups", backups, self.home().join("backups"), "Each held a copy of what was deleted. Copies elsewhere are not known here."));
        if account.is_none() {
            lines.push(self.emptied("settings, agreements and errors", erased.settings + erased.agreements + erased.errors, None));
            lines.push(file(
                "attachments",
                remove_files(&self.home().join("attachments"))?,
                self.home().join("attachments"),
                "Files that were fetched or attached.",
            ));
            lines.push(file("logs", remove_files(&self.home().join("logs"))?, self.home().join("logs"), "The log of this process goes on."));
            self.forget_in_memory().await;
        }
        let record = AuditRecord::new(AuditAction::Deleted, "data").of(if account.is_none() { "everything" } else { "account" });
        self.audit(record).await;
        self.inner.db.rewrite().await;
        Ok(DataReport { lines })
    }

    /// Signs accounts out and removes them with their tokens: the one that is called so, or all. How many.
    async fn remove_accounts(&self, account: Option<&str>) -> Result<u64, UserError> {
        let ids: Vec<_> = match account {
            None => self.accounts().await?.into_iter().map(|view| view.account_id).collect(),
            Some(name) => self.find_account(name).await.ok().map(|view| view.account_id).into_iter().collect(),
        };
        for id in &ids {
            self.remove_account(id).await?;
        }
        Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
    }

    /// Forgets what this process keeps of what was deleted.
    async fn forget_in_memory(&self) {
        lock(&self.inner.tokens).clear();
        *lock(&self.inner.provider) = None;
        self.inner.benches.clear().await;
        let mut settings = self.settings_mut();
        Key::ALL.into_iter().for_each(|key| settings.put(key, None));
    }

    fn emptied(&self, what: &str, count: u64, note: Option<&str>) -> DataReportLine {
        let place = self.home().join("bc-agent.db").display().to_string();
        DataReportLine { what: what.into(), count, place, note: note.map(str::to_owned) }
    }
}

fn agreement_record(action: AuditAction, provider: &str, how: &str) -> AuditRecord {
    let told = details([("version", AGREEMENT.to_string()), ("how", how.to_owned())]);
    AuditRecord::new(action, "model_provider").of(provider).with_details(told)
}

fn agreement_view(stored: &StoredAgreement) -> AgreementView {
    let StoredAgreement { provider, version, how, agreed_at, withdrawn_at } = stored;
    AgreementView {
        provider: provider.clone(),
        version: *version,
        text: wording(provider),
        agreed: withdrawn_at.is_none() && *version >= AGREEMENT,
        how: Some(how.clone()),
        agreed_at: Some(*agreed_at),
        withdrawn_at: *withdrawn_at,
    }
}

/// What a person agrees to.
fn wording(provider: &str) -> String {
    let address = provider.split_once(' ').map_or(provider, |(_, address)| address);
    format!("What you write, and the company data that an answer needs, goes to {address}.")
}

/// Whether an address is this computer's own.
fn is_here(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

fn belongs(account: Option<&str>, owner: &str) -> bool {
    account.is_none_or(|account| account == owner)
}

fn unwritten(path: &Path, fault: &std::io::Error) -> UserError {
    UserError::new(ErrorCode::Store, format!("{} could not be written: {fault}.", path.display()))
}

/// Removes the files of a directory, whose absence is fine. How many.
fn remove_files(directory: &Path) -> Result<u64, UserError> {
    let told = |fault: std::io::Error| UserError::new(ErrorCode::Store, format!("{} could not be emptied: {fault}.", directory.display()));
    let entries = match fs::read_dir(directory) {
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        entries => entries.map_err(told)?,
    };
    let mut count = 0;
    for entry in entries {
        let entry = entry.map_err(told)?;
        if entry.file_type().map_err(told)?.is_dir() {
            count += remove_files(&entry.path())?;
        } else {
            fs::remove_file(entry.path()).map_err(told)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Where an export goes. Files are for the person alone.
struct Directory(PathBuf);

impl Directory {
    fn prepare(path: &Path) -> Result<Self, UserError> {
        if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(UserError::new(ErrorCode::InvalidInput, format!("{} is not empty. Name a new directory.", path.display())));
        }
        fs::create_dir_all(path.join("sessions")).map_err(|e| unwritten(path, &e))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(|e| unwritten(path, &e))?;
        }
        Ok(Self(path.to_owned()))
    }

    fn create(&self, name: &str) -> Result<(PathBuf, fs::File), UserError> {
        let path = self.0.join(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(&path).map_err(|e| unwritten(&path, &e))?;
        Ok((path, file))
    }

    fn write<T: Serialize + ?Sized>(&self, what: &str, name: &str, value: &T, count: usize) -> Result<DataReportLine, UserError> {
        let (path, mut file) = self.create(name)?;
        let text =
            serde_json::to_string_pretty(value).map_err(|e| UserError::new(ErrorCode::Internal, format!("The export could not be written as JSON: {e}.")))?;
        file.write_all(text.as_bytes()).map_err(|e| unwritten(&path, &e))?;
        Ok(DataReportLine { what: what.into(), count: u64::try_from(count).unwrap_or(u64::MAX), place: path.display().to_string(), note: None })
    }
}
