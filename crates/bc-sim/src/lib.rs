//! `bc-sim`, the demo company: a Business Central API v2.0 over real HTTP on a loopback port, its data in SQLite.
//!
//! [`serve`] takes a listener and [`Options`] and gives a [`Running`] server. It answers at any path that ends in `/api/v2.0`
//! (tenant and environment in front are free), with absolute links on the host that the request named, and only to a bearer token.
//! With [`Extension::Loyalty`] it has a custom API too, at `/api/contoso/loyalty/v1.0`.
//! Wire behaviour follows Microsoft's documentation; where that is silent, [`Switches`] choose.
//!
//! The code, from the outside in: `serve` (port, route, reading, batches), `odata` (paths, options, filters, metadata), `books` (what
//! writing means: validation, documents, posting, ledgers), `more` (what lies around the books: dimensions, files and pictures, printed
//! documents, assets, hours, approvals, subscriptions, the extension), `data` (facts about the sets, rows, SQLite), `seed` (the two
//! companies). It shares no code with the client, because shared code would share its mistakes.

mod aside;
mod books;
mod data;
mod error;
mod fault;
mod more;
mod odata;
mod options;
mod seed;
mod serve;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use error::SimError;
pub use fault::{Fault, FaultKind, FaultSyntax};
pub use options::{AfterFailure, DataSource, Extension, Options, Switches, TakenNumbers, TokenCheck};
pub use serve::http::LoggedRequest;

use data::database::Database;
use data::facts::Facts;
use fault::Faults;
use serve::engine::Engine;
use serve::http::Port;

/// The tenant and environment of [`Running::base_url`]; any other is answered too.
const HOME: &str = "v2.0/de300000-0000-4000-8000-000000000001/Production/api/v2.0";

/// A demo company at work. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: std::net::SocketAddr,
    companies: Vec<(Uuid, String)>,
    set_aside: Option<PathBuf>,
    port: Arc<Port>,
    stop: CancellationToken,
    accepting: Option<JoinHandle<()>>,
}

/// Opens the data (and seeds it when it is new), then answers on the listener until stopped.
///
/// # Errors
/// The database cannot be opened or seeded, or the listener has no address.
pub async fn serve(listener: TcpListener, options: Options) -> Result<Running, SimError> {
    let address = listener.local_addr()?;
    let Options { data, seed, scale, work_date, token, faults, switches, extension } = options;
    let file = match data {
        DataSource::Memory => None,
        DataSource::File(path) => Some(path),
    };
    let opened = tokio::task::spawn_blocking(move || open(file.as_deref(), seed, scale, work_date, extension)).await;
    let Opened { database, companies, facts, set_aside } = opened.map_err(|error| SimError::Seed(error.to_string()))??;
    let port =
        Arc::new(Port { engine: Engine { database, facts, switches, faults: Mutex::new(Faults::new(faults)) }, token, log: Mutex::new(VecDeque::new()) });
    let stop = CancellationToken::new();
    let accepting = tokio::spawn(serve::http::accept(listener, Arc::clone(&port), stop.clone()));
    Ok(Running { address, companies, set_aside, port, stop, accepting: Some(accepting) })
}

struct Opened {
    database: Database,
    companies: Vec<(Uuid, String)>,
    facts: &'static Facts,
    set_aside: Option<PathBuf>,
}

fn open(file: Option<&Path>, seed: u64, scale: u32, work_date: Option<jiff::civil::Date>, extension: Extension) -> Result<Opened, SimError> {
    let facts = Facts::load(extension)?;
    let attempt = || filled(file, facts, seed, scale, work_date);
    let mut set_aside = None;
    let database = match (attempt(), file) {
        (Err(SimError::OtherVersion), Some(company)) => {
            let turn = aside::Turn::wait(company)?;
            match attempt() {
                Err(SimError::OtherVersion) => {
                    set_aside = Some(turn.move_away(company)?);
                    attempt()?
                }
                opened => opened?,
            }
        }
        (opened, _) => opened?,
    };
    let lease = database.take()?;
    let companies = seed::companies(lease.connection()?)?;
    drop(lease);
    Ok(Opened { database, companies, facts, set_aside })
}

/// The database, with tables and seed.
fn filled(file: Option<&Path>, facts: &'static Facts, seed: u64, scale: u32, work_date: Option<jiff::civil::Date>) -> Result<Database, SimError> {
    let database = Database::open(file.map(Path::to_owned), work_date)?;
    let lease = database.take()?;
    seed::ensure(lease.connection()?, facts, database.today(), seed, scale)?;
    drop(lease);
    Ok(database)
}

impl Running {
    /// The API root, `http://127.0.0.1:port/v2.0/{tenant}/{environment}/api/v2.0`.
    pub fn base_url(&self) -> String {
        format!("http://{}/{HOME}", self.address)
    }

    /// Id and name of each company, the trading company first.
    pub fn companies(&self) -> Vec<(Uuid, String)> {
        self.companies.clone()
    }

    /// Where the company of another version of this program went, when this start found one in the file's place.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// The requests so far, oldest first; at most the last 10,000.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.port.log.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Adds a fault; its count starts now.
    pub fn add_fault(&self, fault: Fault) {
        self.port.engine.faults.lock().unwrap_or_else(PoisonError::into_inner).add(fault);
    }

    /// Stops accepting and closes all connections.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(accepting) = self.accepting.take()
            && let Err(error) = accepting.await
        {
            tracing::debug!(%error, "stop");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("Port")
    }
}
