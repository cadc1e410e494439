//! What one request works in: a connection (inside its transaction), the company, the clock, and the source of ids.

use std::cell::{Cell as Slot, RefCell};

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, ToSql, params};
use uuid::Uuid;

use crate::data::facts::Facts;
use crate::data::further;
use crate::data::row::Row;
use crate::data::value::{Cell, stored_time};
use crate::error::{Answer, ApiError};
use crate::options::Switches;

/// Where new ids come from.
pub(crate) enum Ids {
    /// Random.
    Random,
    /// The same for the same seed: a namespace, and what has been counted so far.
    Seeded { namespace: Uuid, count: Slot<u64> },
}

/// One request's view of one company.
pub(crate) struct Session<'a> {
    pub connection: &'a Connection,
    pub facts: &'static Facts,
    pub switches: Switches,
    /// 0 outside of any company, else 1, 2, ...
    pub company: Slot<i64>,
    /// The absolute URL of the API that was called, and of the company, for links to streams.
    pub root: RefCell<String>,
    pub base: RefCell<String>,
    /// The work date: what "today" means in the books.
    pub today: Date,
    /// The time that new versions carry.
    pub now: Slot<Timestamp>,
    pub ids: Ids,
    version: Slot<i64>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(connection: &'a Connection, facts: &'static Facts, switches: Switches, today: Date) -> Session<'a> {
        Session {
            connection,
            facts,
            switches,
            company: Slot::new(0),
            root: RefCell::default(),
            base: RefCell::default(),
            today,
            now: Slot::new(Timestamp::now()),
            ids: Ids::Random,
            version: Slot::new(0),
        }
    }

    /// Takes the counter of versions; call it inside a write transaction and [`Session::end_writes`] before its commit.
    pub(crate) fn begin_writes(&self) -> Answer<()> {
        let version: Option<String> =
            self.connection.prepare_cached("SELECT value FROM _meta WHERE name = 'version'")?.query_row([], |row| row.get(0)).optional()?;
        self.version.set(version.and_then(|text| text.parse().ok()).unwrap_or(0));
        Ok(())
    }

    pub(crate) fn end_writes(&self) -> Answer<()> {
        self.connection
            .prepare_cached("INSERT INTO _meta (name, value) VALUES ('version', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1")?
            .execute([self.version.get().to_string()])?;
        Ok(())
    }

    pub(crate) fn next_version(&self) -> i64 {
        self.version.set(self.version.get() + 1);
        self.version.get()
    }

    pub(crate) fn new_id(&self) -> String {
        match &self.ids {
            Ids::Random => Uuid::new_v4().to_string(),
            Ids::Seeded { namespace, count } => {
                count.set(count.get() + 1);
                Uuid::new_v5(namespace, &count.get().to_be_bytes()).to_string()
            }
        }
    }

    /// The set's table; an error for a set that the demo company does not keep.
    pub(crate) fn table(&self, set: &str) -> Answer<&'static crate::data::layout::Table> {
        self.facts.table(set).ok_or_else(|| ApiError::not_implemented(format!("The demo company does not keep '{set}' yet. Nothing was changed.")))
    }

    pub(crate) fn blank(&self, set: &str) -> Answer<Row> {
        self.table(set).map(Row::blank)
    }

    /// The row with that value in that column.
    pub(crate) fn find_by(&self, set: &str, column: &str, value: &str) -> Answer<Option<Row>> {
        let table = self.table(set)?;
        let sql = format!("{} WHERE company = ? AND \"{column}\" = ?", table.select);
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row(params![self.company.get(), value], |row| Row::read(table, row)).optional()?)
    }

    pub(crate) fn find(&self, set: &str, id: &str) -> Answer<Option<Row>> {
        let key = self.table(set)?.key;
        self.find_by(set, key, id)
    }

    /// The row with that id, or "record gone".
    pub(crate) fn get(&self, set: &str, id: &str) -> Answer<Row> {
        self.find(set, id)?.ok_or_else(|| ApiError::no_resource(set))
    }

    /// All rows with that value in that column, in the set's own order.
    pub(crate) fn all_by(&self, set: &str, column: &str, value: &str) -> Answer<Vec<Row>> {
        let table = self.table(set)?;
        let sql = format!("{} WHERE company = ? AND \"{column}\" = ? ORDER BY \"{}\"", table.select, table.sort);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![self.company.get(), value], |row| Row::read(table, row))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether any row has that value in that column.
    pub(crate) fn any(&self, set: &str, column: &str, value: &str) -> Answer<bool> {
        let sql = format!("SELECT 1 FROM \"{set}\" WHERE company = ? AND \"{column}\" = ? LIMIT 1");
        Ok(self.connection.prepare_cached(&sql)?.exists(params![self.company.get(), value])?)
    }

    /// Inserts a row: gives it an id when it has none, a version and a time. Its unique column must be free.
    pub(crate) fn insert(&self, row: &mut Row) -> Answer<()> {
        let key = row.table.key;
        if !row.refers(key) {
            row.put(key, self.new_id());
        } else if self.any(&row.table.name, key, row.id())? {
            return Err(self.duplicate(row, key));
        }
        if let Some(unique) = row.table.unique
            && let Some(Cell::Text(value)) = row.cell(unique)
            && self.any(&row.table.name, unique, value)?
        {
            return Err(self.duplicate(row, unique));
        }
        self.check_within(row)?;
        self.stamp(row);
        let company = self.company.get();
        let mut values: Vec<&dyn ToSql> = vec![&company, &row.version];
        values.extend(row.cells().iter().map(|cell| cell as &dyn ToSql));
        self.connection.prepare_cached(&row.table.insert)?.execute(values.as_slice())?;
        Ok(())
    }

    pub(crate) fn duplicate(&self, row: &Row, column: &str) -> ApiError {
        let caption = self.facts.set(&row.table.name).map(crate::data::facts::EntitySet::caption).unwrap_or_default();
        ApiError::new(
            self.switches.duplicate_status,
            "Internal_EntityWithSameKeyExists",
            format!("The record in table {caption} already exists. Identification fields and values: {column}='{}'.", row.text(column)),
        )
    }

    /// Refuses a code that another record of the same parent has.
    fn check_within(&self, row: &Row) -> Answer<()> {
        let Some((set, parent, code)) = further::UNIQUE_WITHIN.iter().find(|(set, ..)| *set == row.table.name) else { return Ok(()) };
        let sql = format!("SELECT 1 FROM \"{set}\" WHERE company = ? AND \"{parent}\" = ? AND \"{code}\" = ? AND \"{}\" <> ?", row.table.key);
        let taken = self.connection.prepare_cached(&sql)?.exists(params![self.company.get(), row.text(parent), row.text(code), row.id()])?;
        if taken { Err(self.duplicate(row, code)) } else { Ok(()) }
    }

    /// Writes a changed row back, with a new version and time.
    pub(crate) fn save(&self, row: &mut Row) -> Answer<()> {
        self.check_within(row)?;
        self.stamp(row);
        let id = row.id().to_owned();
        let mut values: Vec<&dyn ToSql> = vec![&row.version];
        values.extend(row.cells().iter().map(|cell| cell as &dyn ToSql));
        values.push(&id);
        self.connection.prepare_cached(&row.table.update)?.execute(values.as_slice())?;
        Ok(())
    }

    /// A new version, now.
    pub(crate) fn stamp(&self, row: &mut Row) {
        row.version = self.next_version();
        // One set spells it in a way of its own, one has the platform's name for it.
        for column in ["lastModifiedDateTime", "lastModfiedDateTime", "systemModifiedAt"] {
            row.put(column, stored_time(self.now.get()));
        }
    }

    pub(crate) fn delete(&self, set: &str, id: &str) -> Answer<()> {
        let sql = format!("DELETE FROM \"{set}\" WHERE company = ? AND \"{}\" = ?", self.table(set)?.key);
        self.connection.prepare_cached(&sql)?.execute(params![self.company.get(), id])?;
        Ok(())
    }

    /// Gives a record a new version without any other change, as if somebody else had saved it.
    pub(crate) fn touch(&self, set: &str, id: &str) -> Answer<()> {
        let version = self.next_version();
        let sql = format!("UPDATE \"{set}\" SET _rv = ? WHERE company = ? AND \"{}\" = ?", self.table(set)?.key);
        self.connection.prepare_cached(&sql)?.execute(params![version, self.company.get(), id])?;
        Ok(())
    }

    /// The next number of a series.
    pub(crate) fn next_number(&self, series: &str) -> Answer<String> {
        let next: Option<(String, u16, i64)> = self
            .connection
            .prepare_cached("UPDATE _series SET next = next + step WHERE company = ? AND code = ? RETURNING prefix, width, next - step")?
            .query_row(params![self.company.get(), series], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((prefix, width, next)) = next else {
            return Err(ApiError::rule(format!("There is no number series {series} in this company.")));
        };
        let width = usize::from(width);
        Ok(format!("{prefix}{next:0width$}"))
    }

    /// Where the number series of all companies stand: company, code, next number.
    pub(crate) fn series(&self) -> Answer<Vec<(i64, String, i64)>> {
        let mut statement = self.connection.prepare_cached("SELECT company, code, next FROM _series")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Puts the series there, where they stand before that.
    pub(crate) fn advance_series(&self, to: &[(i64, String, i64)]) -> Answer<()> {
        let mut statement = self.connection.prepare_cached("UPDATE _series SET next = max(next, ?3) WHERE company = ?1 AND code = ?2")?;
        to.iter().try_for_each(|(company, code, next)| Ok(statement.execute(params![company, code, next]).map(drop)?))
    }

    /// The next entry number of a ledger: entries are numbered without gaps.
    pub(crate) fn next_entry(&self, set: &str) -> Answer<i64> {
        let sql = format!("SELECT coalesce(max(\"entryNumber\"), 0) + 1 FROM \"{set}\" WHERE company = ?");
        Ok(self.connection.prepare_cached(&sql)?.query_row([self.company.get()], |row| row.get(0))?)
    }
}
