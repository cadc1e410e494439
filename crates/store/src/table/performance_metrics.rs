//! How long things took.

use std::time::Duration;

use bca_protocol::RunId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::{
    StoreError,
    sql::{At, Micros, Text, statements},
};

statements! {
    INSERT = "INSERT INTO performance_metrics (at, name, run_id, turn, duration_us) VALUES (?1, ?2, ?3, ?4, ?5)";
    NEWEST = "SELECT at, name, run_id, turn, duration_us FROM performance_metrics WHERE name = ?1 ORDER BY id DESC LIMIT ?2";
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// When (UTC).
    pub at: Timestamp,
    /// What was measured: `model.first_delta`, `model.total`.
    pub name: String,
    /// The run.
    pub run_id: Option<RunId>,
    /// The turn within it.
    pub turn: Option<u32>,
    /// How long it took.
    pub duration: Duration,
}

pub(crate) fn insert(tx: &Connection, metric: &Metric) -> Result<(), StoreError> {
    let Metric { at, name, run_id, turn, duration } = metric;
    tx.prepare_cached(INSERT)?.execute(params![At(*at), name, run_id.map(Text), turn, Micros(*duration)])?;
    Ok(())
}

/// Newest first.
pub(crate) fn newest(connection: &Connection, name: &str, limit: u32) -> Result<Vec<Metric>, StoreError> {
    let mut statement = connection.prepare_cached(NEWEST)?;
    let rows = statement.query_map(params![name, limit], |row| {
        Ok(Metric {
            at: row.get::<_, At>(0)?.0,
            name: row.get(1)?,
            run_id: row.get::<_, Option<Text<_>>>(2)?.map(|id| id.0),
            turn: row.get(3)?,
            duration: row.get::<_, Micros>(4)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
