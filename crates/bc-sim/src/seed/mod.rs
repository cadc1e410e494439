//! The two companies of the demo: their tables, partners, items, and a year of history that is posted by the same code as
//! everything later, so that all ledgers agree. The same seed gives the same ids; dates count back from the work date.

mod accounts;
mod chance;
mod codes;
mod history;
mod items;
mod month_ends;
mod partners;
mod recent;

use std::time::Duration;

use jiff::civil::Date;
use rusqlite::Connection;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::books::changes::Changes;
use crate::books::write;
use crate::data::database;
use crate::data::facts::{Facts, Kind};
use crate::data::row::Row;
use crate::data::session::{Ids, Session};
use crate::data::value::{Cell, to_stored};
use crate::error::{Answer, ApiError, SimError};
use crate::more::seed as further;
use crate::options::Switches;
use chance::Chance;

/// The namespace of all seeded ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x7d1f_6f0e_52c4_4a53_9a64_0c5a_4f2b_8e11);

/// How long another process may seed the file before this one gives up.
const LONGEST_SEED: Duration = Duration::from_secs(120);

/// Names of the companies, the trading company first.
const COMPANIES: [&str; 2] = ["Nordby Handel AS", "Fjellheim Verksted AS"];

/// Makes tables and seed unless they are there. Two processes that come at once: one waits and finds it done.
pub(crate) fn ensure(connection: &Connection, facts: &'static Facts, today: Date, seed: u64, scale: u32) -> Result<(), SimError> {
    if database::is_seeded(connection)? {
        return check_layout(connection, facts);
    }
    // A seed that is cut short leaves nothing: it is one transaction. Only a power cut during it could cost the file.
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.busy_timeout(LONGEST_SEED)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let result = match database::is_seeded(connection) {
        Ok(true) => check_layout(connection, facts),
        Ok(false) => fill(connection, facts, today, seed, scale),
        Err(error) => Err(error),
    };
    connection.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.busy_timeout(database::BUSY)?;
    result
}

/// Names the tables' layout and the accounts that posting needs: another version of this program may have made the file.
fn layout_name(facts: &'static Facts) -> String {
    let whole = [database::table_statements(facts), accounts::numbers()].concat();
    Uuid::new_v5(&NAMESPACE, whole.as_bytes()).to_string()
}

fn check_layout(connection: &Connection, facts: &'static Facts) -> Result<(), SimError> {
    let same = connection.prepare("SELECT 1 FROM _meta WHERE name = 'layout' AND value = ?1")?.exists([layout_name(facts)])?;
    if same { Ok(()) } else { Err(SimError::OtherVersion) }
}

fn fill(connection: &Connection, facts: &'static Facts, today: Date, seed: u64, scale: u32) -> Result<(), SimError> {
    connection.execute_batch(&database::table_statements(facts))?;
    let fault = |error: ApiError| SimError::Seed(error.message);
    for (company, name) in (1i64..).zip(COMPANIES) {
        let mut session = Session::new(connection, facts, Switches::default(), today);
        session.ids = Ids::Seeded { namespace: Uuid::new_v5(&NAMESPACE, format!("{seed}/{company}").as_bytes()), count: 0.into() };
        session.company.set(company);
        session.begin_writes().map_err(fault)?;
        let chance = Chance::new(seed.wrapping_mul(31).wrapping_add(company.unsigned_abs()));
        let scale = if company == 1 { scale.max(1) } else { 0 };
        company_rows(&session, name, chance, scale).map_err(fault)?;
        further::all(&session, scale).map_err(fault)?;
        session.end_writes().map_err(fault)?;
    }
    connection.execute("INSERT INTO _meta (name, value) VALUES ('seeded', ?1), ('layout', ?2)", [seed.to_string(), layout_name(facts)])?;
    // Statistics let SQLite choose the index that leaves the fewest rows.
    Ok(connection.execute_batch("ANALYZE")?)
}

/// Everything of one company; `scale` 0 leaves it without history.
fn company_rows(session: &Session, name: &str, mut chance: Chance, scale: u32) -> Answer<()> {
    let start = jiff::civil::Date::new(session.today.year() - 1, 1, 1).unwrap_or(session.today);
    clock(session, start, 7 * 60);
    codes::company(session, name)?;
    codes::series(session)?;
    codes::tables(session)?;
    accounts::chart(session)?;
    codes::balance_journals(session)?;
    if scale == 0 {
        partners::small(session)?;
        items::small(session)?;
        return codes::close_books(session);
    }
    partners::all(session)?;
    items::all(session)?;
    history::year(session, &mut chance, scale)?;
    codes::close_books(session)?;
    partners::finish(session)
}

/// Sets the time of the versions written next: that many minutes into the day, UTC.
fn clock(session: &Session, date: Date, minutes: i64) {
    use jiff::ToSpan;
    let at = date.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok().and_then(|day| {
        let span = minutes.minutes().milliseconds((minutes * 7919) % 60_000);
        day.checked_add(span).ok()
    });
    if let Some(at) = at {
        session.now.set(at.timestamp().min(jiff::Timestamp::now()));
    }
}

/// Id and name of each company.
pub(crate) fn companies(connection: &Connection) -> Result<Vec<(Uuid, String)>, SimError> {
    let mut statement = connection.prepare("SELECT id, name FROM companies ORDER BY company")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut out = Vec::new();
    for row in rows {
        let (id, name) = row?;
        out.push((Uuid::try_parse(&id).map_err(|error| SimError::Seed(error.to_string()))?, name));
    }
    Ok(out)
}

/// Creates a record from texts, through the same rules as a request.
fn create(session: &Session, set: &str, fields: &[(&str, &str)]) -> Answer<Row> {
    let set = session.facts.set(set).ok_or_else(|| ApiError::no_resource(set))?;
    let mut changes = Changes::default();
    for (name, text) in fields {
        let property = set.property(name).ok_or_else(|| ApiError::no_property(name, &set.entity))?;
        changes.fields.push((property, cell(&property.kind, text)?));
    }
    write::master(session, set, &changes)
}

fn cell(kind: &Kind, text: &str) -> Answer<Cell> {
    let wrong = || ApiError::internal(format!("'{text}' in the seed"));
    match kind {
        Kind::Decimal => text.parse::<Decimal>().ok().and_then(to_stored).map(Cell::Int).ok_or_else(wrong),
        Kind::Whole => text.parse().map(Cell::Int).map_err(|_| wrong()),
        Kind::Flag => text.parse::<bool>().map(Cell::from).map_err(|_| wrong()),
        Kind::Guid | Kind::Text | Kind::Date | Kind::Time | Kind::Member(_) | Kind::Stream => Ok(text.into()),
    }
}

/// The id of a code.
fn id_of(session: &Session, set: &str, column: &str, value: &str) -> Answer<String> {
    let found = session.find_by(set, column, value)?;
    found.map(|row| row.id().to_owned()).ok_or_else(|| ApiError::internal(format!("{set} has no {value} in the seed")))
}
