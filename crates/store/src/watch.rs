//! Noticing that something was answered: at once within this process, and by `PRAGMA data_version` where another process did it.

use std::{
    path::PathBuf,
    sync::Mutex,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::Notify;

use crate::{
    StoreError,
    db::lock,
    schema::{self, Purpose},
};

/// How often other processes' commits are looked for, while somebody waits.
const POLL: Duration = Duration::from_millis(50);
/// A commit this fresh may have come between a waiter's look at its question and the beginning of its wait.
const FRESH: Duration = Duration::from_millis(100);
/// The pause before such a waiter looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

pub(crate) struct Watch {
    notify: Notify,
    seen: Mutex<Seen>,
}

struct Seen {
    path: PathBuf,
    /// With the version that it saw last. Opened when somebody first waits.
    connection: Option<(Connection, i64)>,
    changed: Option<Instant>,
}

impl Watch {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { notify: Notify::new(), seen: Mutex::new(Seen { path, connection: None, changed: None }) }
    }

    /// Something was answered in this process.
    pub(crate) fn tell(&self) {
        lock(&self.seen).changed = Some(Instant::now());
        self.notify.notify_waiters();
    }

    /// Completes when something may have been answered. Completing for nothing is allowed; missing an answer is not.
    pub(crate) async fn changed(&self) {
        let told = self.notify.notified();
        tokio::pin!(told);
        told.as_mut().enable();
        if self.changed_since(FRESH) {
            tokio::time::sleep(LOOK_AGAIN).await;
            return;
        }
        loop {
            tokio::select! {
                () = &mut told => return,
                () = tokio::time::sleep(POLL) => {}
            }
            if self.changed_since(FRESH) {
                return;
            }
        }
    }

    /// Whether anybody committed anything within that time. One pragma on an open connection: some microseconds.
    fn changed_since(&self, time: Duration) -> bool {
        let mut seen = lock(&self.seen);
        match seen.look() {
            Ok(Look::Same) => {}
            Ok(Look::Other) => seen.changed = Some(Instant::now()),
            // Whoever waits will look for himself and meet the error there.
            Err(_) => return true,
        }
        seen.changed.is_some_and(|at| at.elapsed() < time)
    }
}

/// What a look at the database found.
enum Look {
    /// Nothing new.
    Same,
    /// Another commit, or a first look: what came before it was not seen.
    Other,
}

impl Seen {
    fn look(&mut self) -> Result<Look, StoreError> {
        match &mut self.connection {
            Some((connection, version)) => {
                let found = data_version(connection)?;
                Ok(if std::mem::replace(version, found) == found { Look::Same } else { Look::Other })
            }
            none => {
                let connection = schema::connect(&self.path, Purpose::Read)?;
                let version = data_version(&connection)?;
                *none = Some((connection, version));
                Ok(Look::Other)
            }
        }
    }
}

fn data_version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}
