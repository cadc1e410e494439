//! One record in memory.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::data::layout::{Column, Table};
use crate::data::value::{Cell, NO_ID, date_of, from_stored, to_stored};
use crate::error::{Answer, ApiError};

/// A record of one table. A column that the table lacks reads as blank and ignores writes: the documents share their
/// code, and not each of them has every field.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub table: &'static Table,
    /// The version that the etag shows; set when the row is written.
    pub version: i64,
    cells: Vec<Cell>,
}

impl Row {
    /// A row with every field blank.
    pub(crate) fn blank(table: &'static Table) -> Row {
        Row { table, version: 0, cells: table.columns.iter().map(|column| column.kind.blank()).collect() }
    }

    /// Reads a row of `table.select`.
    pub(crate) fn read(table: &'static Table, source: &rusqlite::Row) -> rusqlite::Result<Row> {
        let cells = (0..table.columns.len()).map(|index| source.get(index + 1)).collect::<Result<_, _>>()?;
        Ok(Row { table, version: source.get(0)?, cells })
    }

    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The columns that the wire shows, in the order of the set's properties.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&'static Column, &Cell)> {
        self.table.columns.iter().zip(&self.cells).filter(|(column, _)| !column.name.starts_with('_') && !column.name.ends_with("_FilterOnly"))
    }

    pub(crate) fn cell(&self, column: &str) -> Option<&Cell> {
        self.table.column(column).and_then(|index| self.cells.get(index))
    }

    pub(crate) fn text(&self, column: &str) -> &str {
        match self.cell(column) {
            Some(Cell::Text(text)) => text,
            _ => "",
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.text(self.table.key)
    }

    pub(crate) fn whole(&self, column: &str) -> i64 {
        match self.cell(column) {
            Some(Cell::Int(number)) => *number,
            _ => 0,
        }
    }

    pub(crate) fn flag(&self, column: &str) -> bool {
        self.whole(column) != 0
    }

    pub(crate) fn decimal(&self, column: &str) -> Decimal {
        from_stored(self.whole(column))
    }

    pub(crate) fn date(&self, column: &str) -> Option<Date> {
        date_of(self.text(column))
    }

    /// Whether the column holds a reference to a record.
    pub(crate) fn refers(&self, column: &str) -> bool {
        let id = self.text(column);
        !id.is_empty() && id != NO_ID
    }

    pub(crate) fn put(&mut self, column: &str, value: impl Into<Cell>) {
        if let Some(cell) = self.table.column(column).and_then(|index| self.cells.get_mut(index)) {
            *cell = value.into();
        }
    }

    /// Stores a decimal; refuses one that no field of Business Central can hold.
    pub(crate) fn put_decimal(&mut self, column: &str, value: Decimal) -> Answer<()> {
        let Some(stored) = to_stored(value) else {
            return Err(ApiError::new(400, "Application_EvaluateException", format!("The value of '{column}' is outside the permitted range.")));
        };
        self.put(column, stored);
        Ok(())
    }
}
