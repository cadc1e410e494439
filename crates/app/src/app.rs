use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use bca_agent::ModelProvider;
use bca_auth::Secret;
use bca_protocol::{AppInfo, BackupView, Clock, ErrorEntry, Notice, SettingView, SystemClock, UserError};
use bca_store::{Db, OpenOptions, Recovery, UnknownChange};
use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{Config, Key, Mode, Settings, demo, hub::Hub, workbench::Workbenches};

/// How long a front end waits for the connection's name before it draws without it.
const GLANCE: std::time::Duration = std::time::Duration::from_secs(2);

/// The engine of one home in one process. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hub: Hub,
    settings: RwLock<Settings>,
    demo: OnceCell<demo::DemoServers>,
    /// A key given in the window; kept until the app ends.
    model_key: Mutex<Option<Secret<String>>>,
    /// The provider in use with what it was built for; it learns what a model takes, so it is kept.
    pub(crate) provider: Mutex<Option<(String, Arc<dyn ModelProvider>)>>,
    pub(crate) benches: Workbenches,
    /// Tokens given in the window or terminal; kept until the app ends.
    pub(crate) tokens: Mutex<HashMap<String, Secret<String>>>,
    /// What the environment's variables came to, once the company was found.
    pub(crate) environment_route: Mutex<Option<crate::workbench::Route>>,
    pub(crate) secrets: crate::secrets::Secrets,
    pub(crate) sign_ins: crate::signin::SignIns,
    /// Where the organisation's policy is, where not in its usual place.
    pub(crate) policy_file: Mutex<Option<std::path::PathBuf>>,
    pub(crate) notices: Mutex<Vec<Notice>>,
    /// Connections on which a dry run left something behind and the switch could not be turned off in the database.
    pub(crate) alarmed: Mutex<std::collections::HashSet<String>>,
    /// What is looked at of trials.
    pub(crate) trials: Mutex<crate::trials::Trials>,
    /// Shared by looks at trials that are being made.
    pub(crate) looking: Arc<tokio::sync::RwLock<()>>,
    /// Ends what goes on in the background.
    pub(crate) stopping: CancellationToken,
}

impl App {
    /// Opens the home, settles what dead processes left, reads the settings. Nothing goes over the network.
    ///
    /// # Errors
    /// A home that can't be opened: damaged, from a newer version, or without the right to write. Nothing is changed then.
    pub async fn start(config: Config) -> Result<Self, UserError> {
        Self::start_by(config, Arc::new(SystemClock::new())).await
    }

    /// The same by other clocks than the machine's own.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn start_by(config: Config, clock: Arc<dyn Clock>) -> Result<Self, UserError> {
        let home = config.home()?;
        let clock: Arc<dyn Clock> = Arc::new(StoredClock(clock));
        let options = OpenOptions { clock: Arc::clone(&clock) };
        let opened = tokio::task::spawn_blocking(move || Db::open(&home, options)).await;
        let (db, recovery) = opened.map_err(|_| UserError::new(bca_protocol::ErrorCode::Internal, "The database could not be opened."))??;
        let unknown = db.unknown_changes().await?;
        let trials = db.open_trials().await?;
        let told_of_trials = crate::trials::notices(&trials, db.trial_alarms().await?);
        let stored = db.settings().await?;
        let (settings, faults) = Settings::new(stored, |name| config.environment.get(name).map(str::to_owned));
        if let Some(fault) = faults.iter().find(|fault| fault.code == bca_protocol::ErrorCode::Configuration) {
            return Err(fault.clone());
        }
        for fault in faults {
            tracing::warn!(%fault, "a stored setting was left out");
        }
        let inner = Inner {
            config,
            db,
            clock,
            hub: Hub::default(),
            settings: RwLock::new(settings),
            demo: OnceCell::new(),
            model_key: Mutex::default(),
            provider: Mutex::default(),
            benches: Workbenches::default(),
            tokens: Mutex::default(),
            environment_route: Mutex::default(),
            secrets: crate::secrets::Secrets::default(),
            sign_ins: crate::signin::SignIns::default(),
            policy_file: Mutex::default(),
            notices: Mutex::new([notices(&recovery, &unknown), told_of_trials].concat()),
            alarmed: Mutex::default(),
            trials: Mutex::default(),
            looking: Arc::default(),
            stopping: CancellationToken::new(),
        };
        let app = Self { inner: Arc::new(inner) };
        app.audit_as_process();
        app.tend_audit(recovery);
        app.look_for_model_key().await;
        app.rotate_in_background();
        app.key_to_audit_in_background();
        app.settle_in_background(&unknown);
        app.watch_trials(trials);
        Ok(app)
    }

    /// Asks runs to stop, waits until what is in flight is recorded (at most the time that a write may take), and stops the demo.
    pub async fn stop(&self) {
        self.inner.stopping.cancel();
        self.inner.hub.cancel_all();
        let patience = std::time::Duration::from_secs(130);
        let idle = async {
            while !self.inner.hub.is_idle() {
                self.inner.hub.changed().await;
            }
        };
        if tokio::time::timeout(patience, idle).await.is_err() {
            tracing::error!("a run did not end in time; its writes will be called unknown at the next start");
        }
        self.looks_made().await;
        self.inner.benches.clear().await;
        // Who still has something open signs off by ending.
        if self.inner.hub.is_idle()
            && let Err(fault) = self.inner.db.leave().await
        {
            tracing::warn!(%fault, "this process could not sign off");
        }
    }

    /// Where the files are.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.inner.db.home()
    }

    /// Whose books.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.inner.config.mode
    }

    /// What dead processes left, for the first front end that opens the home after them. Nothing goes over the network.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        lock(&self.inner.notices).clone()
    }

    /// What a front end needs before it draws anything. In the demo this starts the servers.
    pub async fn info(&self) -> AppInfo {
        let app = self.clone();
        // Whoever waits no longer doesn't end it: a demo company that is being made would have to be begun anew.
        let asked = tokio::spawn(async move { app.active_connection().await });
        let (connection, connection_pending) = match tokio::time::timeout(GLANCE, asked).await {
            Ok(Ok(answer)) => (answer, false),
            Ok(Err(_)) => (Err(UserError::new(bca_protocol::ErrorCode::Internal, "The connection could not be looked up.")), false),
            Err(_) => {
                let text = "Business Central has not answered yet. History and search work without it.";
                (Err(UserError::passing(bca_protocol::ErrorCode::BusinessCentralUnavailable, text)), true)
            }
        };
        let mut notices = lock(&self.inner.notices).clone();
        if let Err(fault) = &connection {
            notices.push(Notice { text: fault.message.clone(), session_id: None });
        }
        let connection = match connection {
            Ok(connection) => connection,
            Err(_) => self.known_connection().await,
        };
        let account_id = match &connection {
            Some(connection) => self.account_of(connection).await,
            None => None,
        };
        let model = self.model();
        AppInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            demo: self.mode() == Mode::Demo,
            home: self.home().display().to_string(),
            connection,
            account_id,
            connection_pending,
            provider: self.settings_now().get(Key::Provider).to_owned(),
            model,
            demo_model: self.mode() == Mode::Demo,
            not_ready: self.not_ready().map(|fault| fault.message),
            notices,
        }
    }

    /// The demo's servers, started when first asked for. The company lies in the demo's home.
    pub(crate) async fn demo(&self) -> Result<&demo::Addresses, UserError> {
        let start = async || {
            let directory = self.home().join("demo");
            let make = std::fs::create_dir_all(&directory);
            make.map_err(|e| UserError::new(bca_protocol::ErrorCode::Store, format!("The demo company's directory could not be made: {e}.")))?;
            let servers = demo::serve(demo::ServeOptions { data: demo::Data::File(directory.join("company.db")), ..demo::ServeOptions::default() }).await?;
            if let Some(kept) = servers.set_aside() {
                let text = format!(
                    "The demo company was made by another version of this app and can't be read by this one. It is kept as {}; a new one \
                     has taken its place. Your conversations are as they were.",
                    kept.display()
                );
                tracing::warn!(%text);
                lock(&self.inner.notices).push(Notice { text, session_id: None });
            }
            Ok::<_, UserError>(servers)
        };
        self.inner.demo.get_or_try_init(start).await.map(demo::DemoServers::addresses)
    }

    /// All settings.
    pub async fn settings(&self) -> Result<Vec<SettingView>, UserError> {
        let settings = self.settings_now();
        Ok(Key::ALL.into_iter().map(|key| settings.view(key)).collect())
    }

    /// One setting.
    pub async fn setting(&self, key: Key) -> Result<SettingView, UserError> {
        Ok(self.settings_now().view(key))
    }

    /// Stores a setting; `None` goes back to the default.
    ///
    /// # Errors
    /// A value that the setting doesn't take.
    pub async fn set_setting(&self, key: Key, value: Option<&str>) -> Result<SettingView, UserError> {
        if let Some(value) = value {
            key.check(value)?;
        }
        let told = crate::audit::details([("before", self.settings_now().get(key).to_owned()), ("after", value.unwrap_or(key.default_value()).to_owned())]);
        let record = bca_store::AuditRecord::new(bca_protocol::AuditAction::SettingChanged, "setting").of(key.name()).with_details(told);
        self.audit_key_ready().await;
        self.inner.db.change_setting(key.name(), value, record).await?;
        self.settings_mut().put(key, value);
        if matches!(key, Key::Language | Key::CustomApis | Key::NewIds) {
            // What was learned of environments was learned with the old value.
            self.inner.benches.clear().await;
        }
        Ok(self.settings_now().view(key))
    }

    pub(crate) fn settings_now(&self) -> RwLockReadGuard<'_, Settings> {
        self.inner.settings.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn settings_mut(&self) -> RwLockWriteGuard<'_, Settings> {
        self.inner.settings.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a key for the model; it stays in memory until the app ends.
    pub fn set_model_key(&self, key: Secret<String>) {
        *lock(&self.inner.model_key) = Some(key);
        *lock(&self.inner.provider) = None;
    }

    /// Forgets a key that was given here.
    pub(crate) fn drop_model_key(&self) {
        *lock(&self.inner.model_key) = None;
        *lock(&self.inner.provider) = None;
    }

    pub(crate) fn model_key(&self) -> Option<Secret<String>> {
        lock(&self.inner.model_key).clone().or_else(|| self.inner.config.environment.secret("ANTHROPIC_API_KEY").cloned())
    }

    /// The copies of the database, newest first.
    pub async fn backups(&self) -> Result<Vec<BackupView>, UserError> {
        Ok(self.inner.db.backups().await?)
    }

    /// The copies of a home's database, newest first, also where that one can't be opened.
    ///
    /// # Errors
    /// A directory that can't be read.
    pub async fn backups_of(config: &Config) -> Result<Vec<BackupView>, UserError> {
        let home = config.home()?;
        let listed = tokio::task::spawn_blocking(move || Db::backups_of(&home)).await;
        Ok(listed.map_err(|_| UserError::new(bca_protocol::ErrorCode::Internal, "The backups could not be listed."))??)
    }

    /// Makes a copy of the database and checks it.
    pub async fn create_backup(&self) -> Result<BackupView, UserError> {
        Ok(self.inner.db.create_backup().await?)
    }

    /// Puts a copy in the place of the database, which is kept as a copy first. No process may have the home open.
    ///
    /// # Errors
    /// The home is in use, there is no such copy, or it is damaged.
    pub async fn restore_backup(config: Config, name: &str) -> Result<(), UserError> {
        let home = config.home()?;
        let wanted = name.to_owned();
        let restored = tokio::task::spawn_blocking(move || Db::restore(&home, &wanted)).await;
        restored.map_err(|_| UserError::new(bca_protocol::ErrorCode::Internal, "The backup could not be restored."))??;
        // The log went back in time with everything else; that it did is its first new entry.
        match Self::start(config).await {
            Ok(app) => {
                app.audit(bca_store::AuditRecord::new(bca_protocol::AuditAction::Restored, "backup").of(name)).await;
                app.stop().await;
            }
            Err(fault) => tracing::error!(%fault, "a restored database could not be opened to write that down"),
        }
        Ok(())
    }

    /// The newest faults that were met and told.
    pub async fn errors(&self, limit: usize) -> Result<Vec<ErrorEntry>, UserError> {
        Ok(self.inner.db.errors(u32::try_from(limit).unwrap_or(u32::MAX)).await?)
    }
}

/// Clocks in whole microseconds, which is what the store keeps: the history then gives back exactly what an event told.
struct StoredClock(Arc<dyn Clock>);

impl Clock for StoredClock {
    fn now(&self) -> Timestamp {
        let now = self.0.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    fn monotonic(&self) -> std::time::Duration {
        self.0.monotonic()
    }
}

/// The data behind these locks stays whole even where a thread panicked while it held one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What dead processes left, in sentences.
fn notices(recovery: &Recovery, unknown: &[UnknownChange]) -> Vec<Notice> {
    let mut notices = Vec::new();
    let interrupted = recovery.interrupted_runs.len();
    if interrupted > 0 {
        let text = match interrupted {
            1 => "The app ended in the middle of a run. What had been done is in the history; nothing was sent since.".to_owned(),
            n => format!("The app ended in the middle of {n} runs. What had been done is in the history; nothing was sent since."),
        };
        notices.push(Notice { text, session_id: recovery.interrupted_runs.first().map(|run| run.session_id) });
    }
    if !recovery.expired_approvals.is_empty() {
        let count = recovery.expired_approvals.len();
        let text = format!(
            "{count} {} waiting for approval when the app ended and expired. Nothing was changed.",
            if count == 1 { "proposal was" } else { "proposals were" }
        );
        notices.push(Notice { text, session_id: None });
    }
    for change in unknown {
        let text =
            format!("It is not known whether this was made: {}. Look in Business Central; it will not be sent again by itself.", change.planned.preview.title);
        notices.push(Notice { text, session_id: Some(change.session_id) });
    }
    notices
}
