//! Opening the database and sharing its connections among requests.

use std::path::PathBuf;
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
        database.give_back(first);
        Ok(database)
    }

    fn connect(&self) -> Result<Connection, SimError> {
        let connection = match &self.file {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
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
    pub(crate) fn take(&self) -> Result<Connection, SimError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.connect(), Ok)
    }

    pub(crate) fn give_back(&self, connection: Connection) {
        if connection.is_autocommit() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }

    /// What "today" is in the books.
    pub(crate) fn today(&self) -> Date {
        work_date(self.today)
    }
}

fn work_date(fixed: Option<Date>) -> Date {
    fixed.unwrap_or_else(|| jiff::Zoned::now().date())
}

/// Whether the database has its tables and its seed.
pub(crate) fn is_seeded(connection: &Connection) -> Result<bool, SimError> {
    let found = connection.prepare("SELECT 1 FROM sqlite_master WHERE name = '_meta'")?.exists([])?;
    Ok(found && connection.prepare("SELECT 1 FROM _meta WHERE name = 'seeded'")?.exists([])?)
}

/// Makes the tables.
pub(crate) fn create_tables(connection: &Connection, facts: &'static Facts) -> Result<(), SimError> {
    let tables: Vec<_> = facts.sets.iter().filter_map(|set| set.table.as_ref()).collect();
    Ok(connection.execute_batch(&layout::create_all(&tables))?)
}
