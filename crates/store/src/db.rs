use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicU32, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use bca_protocol::{BackupView, Clock, InstanceId, SystemClock};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    Recovery, StoreError, backup,
    home::{Held, Home},
    recovery,
    schema::{self, Made, Purpose, State},
    table,
    watch::Watch,
};

/// How long an opening waits for another process that is bringing the database up to date.
const WAIT_FOR_HOME: Duration = Duration::from_secs(10);
/// Reading connections that are kept open.
const IDLE_READERS: usize = 4;

/// Commits between two checkpoints of the write-ahead log, made in the background so that no commit has to wait for one.
const COMMITS_PER_CHECKPOINT: u32 = 200;

/// How a home is opened.
#[derive(Clone)]
pub struct OpenOptions {
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock::new()) }
    }
}

/// How durable a commit is when it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Survives a kill of the process.
    History,
    /// Survives the loss of power.
    Durable,
}

struct Writers {
    history: Connection,
    /// Opened by the first write that has to reach the disk: many a process has none.
    durable: Option<Connection>,
}

/// The database of one home, opened by one process: one writer at a time, readers beside it. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    home: Home,
    root: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instance: InstanceId,
    /// One lock for both: SQLite has one writer anyway, and this way the second waits without spinning.
    writers: Mutex<Writers>,
    readers: Mutex<Vec<Connection>>,
    pub(crate) watch: Watch,
    commits: AtomicU32,
    /// A new database on its way to the disk; the first commit that must be durable waits for it.
    reaching_disk: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
    /// What this process writes entries of the audit log with.
    pub(crate) audit: std::sync::RwLock<crate::AuditIdentity>,
    _alive: Held,
    _shared: Held,
}

impl Db {
    /// Opens the home's database, makes it where the home is new, brings it up to date where this process is alone, and settles
    /// what dead processes left open. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Missing`], [`StoreError::Newer`]: nothing was changed. [`StoreError::InUse`] where the
    /// database has to be brought up to date and others use it. [`StoreError::Io`], [`StoreError::Full`].
    pub fn open(home: &Path, options: OpenOptions) -> Result<(Self, Recovery), StoreError> {
        let home_files = Home::prepare(home)?;
        let opened = || {
            let (shared, made, reader) = enter(&home_files)?;
            let instance = InstanceId::new();
            let alive = home_files.live(instance)?;
            let path = home_files.database();
            let history = schema::connect(&path, Purpose::History)?;
            schema::write_ahead(&history)?;
            if made == Made::Now {
                // Its log is synced together with the database itself, by `sync_new`.
                history.execute_batch("PRAGMA synchronous = OFF")?;
            }
            let inner = Inner {
                home: home_files.clone(),
                root: home.to_owned(),
                clock: Arc::clone(&options.clock),
                instance,
                writers: Mutex::new(Writers { history, durable: None }),
                readers: Mutex::new(vec![reader]),
                watch: Watch::new(path),
                commits: AtomicU32::new(0),
                reaching_disk: Mutex::new(None),
                audit: std::sync::RwLock::default(),
                _alive: alive,
                _shared: shared,
            };
            let now = inner.clock.now();
            inner.write_now(Durability::History, |tx| table::instances::insert(tx, instance, now))?;
            let recovery = recovery::recover(&inner, None)?;
            if made == Made::Now {
                inner.bring_to_disk()?;
            }
            Ok((Self { inner: Arc::new(inner) }, recovery))
        };
        opened().map_err(|error: StoreError| error.with_backups(|| backup::list(&home_files).unwrap_or_default()))
    }

    /// The backups of a home, newest first, also where its database can't be opened.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn backups_of(home: &Path) -> Result<Vec<BackupView>, StoreError> {
        backup::list(&Home::prepare(home)?)
    }

    /// Puts a backup in the place of the home's database, also of a damaged one. What was there is kept among the backups; its
    /// name there is returned, where there was any. Blocks.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while any process has the home open; [`StoreError::NotFound`]; [`StoreError::Backup`] where the backup
    /// is not whole: nothing was changed.
    pub fn restore(home: &Path, name: &str) -> Result<Option<String>, StoreError> {
        let home = Home::prepare(home)?;
        let _alone = home.try_alone()?.ok_or(StoreError::InUse("Restoring a backup"))?;
        backup::restore(&home, name)
    }

    /// This process's identity among those that share the home.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.inner.instance
    }

    /// Takes this process off the list of those that have the home open, so that the next start has nobody to look for. What it left
    /// open is found without it.
    ///
    /// # Errors
    /// [`StoreError`]; the row then stays until the next start.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let instance = self.inner.instance.to_string();
        self.write(Durability::History, move |tx| table::instances::delete(tx, &instance)).await?;
        self.inner.home.bury(&self.inner.instance.to_string());
        Ok(())
    }

    /// Where the files are.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.inner.root
    }

    /// Runs a read-modify-write. History is written where it arises, because a commit that waits for no disk is done sooner than
    /// it could be handed to another thread and back; where somebody else is writing, and for what has to reach the disk, the work
    /// leaves the asynchronous threads.
    pub(crate) async fn write<T, F>(&self, durability: Durability, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let at_once = match durability {
            Durability::History => self.inner.write_at_once(work),
            Durability::Durable => Err(work),
        };
        let written = match at_once {
            Ok(written) => self.with_backups(written),
            Err(work) => {
                let inner = Arc::clone(&self.inner);
                self.blocking(move || inner.write_now(durability, work)).await
            }
        };
        if self.inner.commits.fetch_add(1, Ordering::Relaxed) % COMMITS_PER_CHECKPOINT == COMMITS_PER_CHECKPOINT - 1 {
            let database = Arc::downgrade(&self.inner);
            tokio::task::spawn_blocking(move || database.upgrade().map(|inner| inner.checkpoint()));
        }
        written
    }

    /// Runs reads on one snapshot, off the asynchronous threads.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        self.blocking(move || inner.read_now(work)).await
    }

    pub(crate) async fn blocking<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, StoreError> + Send + 'static,
    {
        self.with_backups(tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Closing)))
    }

    fn with_backups<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        done.map_err(|error| error.with_backups(|| backup::list(&self.inner.home).unwrap_or_default()))
    }
}

/// Shares the home with others; alone first where the database has to be made or brought up to date. The connection reads.
#[allow(clippy::disallowed_methods, reason = "opening blocks by design, and files have no event for a lock that is given back")]
fn enter(home: &Home) -> Result<(Held, Made, Connection), StoreError> {
    let deadline = Instant::now() + WAIT_FOR_HOME;
    let mut made = Made::Before;
    loop {
        if let Some(shared) = home.try_share()? {
            match schema::inspect(home, made)? {
                State::Ready(reader) => return Ok((shared, made, reader)),
                State::Behind => drop(shared),
            }
            if let Some(_alone) = home.try_alone()? {
                made = schema::bring_up_to_date(home)?;
                continue;
            }
        }
        if Instant::now() >= deadline {
            return Err(StoreError::InUse("Bringing the database up to date"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Inner {
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Syncs a new database beside the work that goes on: the disk takes longer than all else of a start.
    fn bring_to_disk(&self) -> Result<(), StoreError> {
        lock(&self.writers).history.execute_batch("PRAGMA synchronous = NORMAL")?;
        let home = self.home.clone();
        *lock(&self.reaching_disk) = Some(std::thread::spawn(move || schema::sync_new(&home)));
        Ok(())
    }

    /// Waits until a new database is on the disk. Where it could not get there, nothing durable may be promised.
    fn on_disk(&self) -> Result<(), StoreError> {
        let mut reaching = lock(&self.reaching_disk);
        match reaching.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(fault))) => {
                // Tried again before the next durable commit.
                let home = self.home.clone();
                *reaching = Some(std::thread::spawn(move || schema::sync_new(&home)));
                Err(fault)
            }
            Some(Err(_)) => Err(StoreError::Closing),
        }
    }

    /// Writes history if nobody else is writing, in this process or another; else gives the work back without having waited.
    fn write_at_once<T, F>(&self, work: F) -> Result<Result<T, StoreError>, F>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    {
        let mut writers = match self.writers.try_lock() {
            Ok(writers) => writers,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(work),
        };
        let history = &mut writers.history;
        let begun = history.busy_timeout(Duration::ZERO).and_then(|()| history.transaction_with_behavior(TransactionBehavior::Immediate));
        if let Ok(transaction) = begun {
            let written = transaction.busy_timeout(schema::BUSY).map_err(StoreError::from).and_then(|()| work(&transaction));
            return Ok(written.and_then(|value| Ok(transaction.commit().map(|()| value)?)));
        }
        drop(begun);
        // A writer that could not get its patience back would fail where it should wait.
        if let Err(fault) = writers.history.busy_timeout(schema::BUSY) {
            tracing::error!(%fault, "a connection to the database lost its patience");
        }
        Err(work)
    }

    pub(crate) fn write_now<T>(&self, durability: Durability, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if durability == Durability::Durable {
            self.on_disk()?;
        }
        let Writers { history, durable } = &mut *lock(&self.writers);
        let connection = match durability {
            Durability::History => history,
            Durability::Durable => match durable {
                Some(open) => open,
                None => durable.insert(schema::connect(&self.home.database(), Purpose::Durable)?),
            },
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Moves what the write-ahead log holds into the database, as far as no reader needs it. Nobody waits for it: SQLite does it
    /// itself when the log grows too long, and when the last process closes.
    fn checkpoint(&self) {
        let moved = schema::connect(&self.home.database(), Purpose::History)
            .and_then(|connection| Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?));
        if let Err(fault) = moved {
            tracing::warn!(%fault, "the write-ahead log could not be checkpointed");
        }
    }

    pub(crate) fn read_now<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = lock(&self.readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::connect(&self.home.database(), Purpose::Read)?,
        };
        let snapshot = connection.unchecked_transaction()?;
        let value = work(&snapshot);
        drop(snapshot);
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(connection);
        }
        value
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(fault) = self.on_disk() {
            tracing::error!(%fault, "a new database may not have reached the disk");
        }
    }
}

/// A panic while a lock was held is no reason for another: SQLite's transactions keep the data whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
