//! Opening the database and sharing its connections among requests.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::data::facts::Facts;
use crate::data::layout;
use crate::error::SimError;

/// Connections of a file that may be at work at once; WAL lets them read while one writes.
const CONNECTIONS: usize = 4;

/// How long a request waits for another process's write.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// How often the switch to a write-ahead log is tried while others make it.
const ATTEMPTS: usize = 100;

/// The database's connections. In memory there is exactly one.
pub(crate) struct Database {
    file: Option<PathBuf>,
    today: Option<Date>,
    idle: Mutex<Vec<Connection>>,
    free: Arc<Semaphore>,
}

impl Database {
    /// Opens (or creates) the database and its first connection.
    pub(crate) fn open(file: Option<PathBuf>, today: Option<Date>) -> Result<Database, SimError> {
        let connections = if file.is_some() { CONNECTIONS } else { 1 };
        let database = Database { file, today, idle: Mutex::new(Vec::new()), free: Arc::new(Semaphore::new(connections)) };
        let first = database.connect()?;
        database.idle.lock().unwrap_or_else(PoisonError::into_inner).push(first);
        Ok(database)
    }

    fn connect(&self) -> Result<Connection, SimError> {
        let connection = match &self.file {
            Some(path) => {
                private(path)?;
                Connection::open(path)?
            }
            None => Connection::open_in_memory()?,
        };
        connection.busy_timeout(BUSY)?;
        write_ahead(&connection)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.set_prepared_statement_cache_capacity(256);
        let today = self.today;
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
        connection.create_scalar_function("work_date", 0, flags, move |_| Ok(work_date(today).to_string()))?;
        connection.create_scalar_function("fold", 1, flags, |context| Ok(context.get::<String>(0)?.to_lowercase()))?;
        Ok(connection)
    }

    /// Waits for a connection.
    pub(crate) async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// Takes a connection; the caller holds a permit.
    pub(crate) fn take(&self) -> Result<Lease<'_>, SimError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.map_or_else(|| self.connect(), Ok)?;
        Ok(Lease { database: self, connection: Some(connection) })
    }

    /// What "today" is in the books.
    pub(crate) fn today(&self) -> Date {
        work_date(self.today)
    }
}

/// Switches to a write-ahead log. SQLite refuses the switch at once while another process makes it: wait for that one's
/// lock, then look again.
fn write_ahead(connection: &Connection) -> Result<(), SimError> {
    for _ in 0..ATTEMPTS {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
            }
            done => return Ok(done?),
        }
    }
    Ok(connection.pragma_update(None, "journal_mode", "WAL")?)
}

/// A connection on loan: it comes back when the loan ends, without any transaction, whatever happened meanwhile. (In memory
/// the connection is the database.)
pub(crate) struct Lease<'d> {
    database: &'d Database,
    connection: Option<Connection>,
}

impl Lease<'_> {
    pub(crate) fn connection(&self) -> Result<&Connection, SimError> {
        self.connection.as_ref().ok_or_else(|| SimError::Seed("the connection is gone".to_owned()))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "rollback");
        }
        self.database.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// Makes the file, when it is not there, for its owner alone; SQLite gives its companions the same rights.
fn private(path: &Path) -> Result<(), SimError> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    Ok(())
}

fn work_date(fixed: Option<Date>) -> Date {
    fixed.unwrap_or_else(|| jiff::Zoned::now().date())
}

/// Whether the database has its tables and its seed.
pub(crate) fn is_seeded(connection: &Connection) -> Result<bool, SimError> {
    let found = connection.prepare("SELECT 1 FROM sqlite_master WHERE name = '_meta'")?.exists([])?;
    Ok(found && connection.prepare("SELECT 1 FROM _meta WHERE name = 'seeded'")?.exists([])?)
}

/// The statements that make the tables.
pub(crate) fn table_statements(facts: &'static Facts) -> String {
    let tables: Vec<_> = facts.sets.iter().filter_map(|set| set.table.as_ref()).collect();
    layout::create_all(&tables)
}
