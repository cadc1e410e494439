//! When the books are open: the general ledger setup names the first and the last day that postings may carry. (Setting it, and
//! closing a year, is done by people in Business Central; the API only shows it.)

use jiff::civil::Date;
use rusqlite::{OptionalExtension, params};

use crate::data::session::Session;
use crate::data::value::date_of;
use crate::error::{Answer, ApiError};

/// Whether postings may carry that date.
pub(crate) fn is_open(session: &Session, date: Date) -> Answer<bool> {
    let sql = "SELECT \"allowPostingFrom\", \"allowPostingTo\" FROM \"generalLedgerSetup\" WHERE company = ?";
    let range: Option<(String, String)> =
        session.connection.prepare_cached(sql)?.query_row(params![session.company.get()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((from, to)) = range else { return Ok(true) };
    Ok(date_of(&from).is_none_or(|from| date >= from) && date_of(&to).is_none_or(|to| date <= to))
}

/// Refuses a date outside the allowed ones; `record` names what was to be posted.
pub(crate) fn check(session: &Session, date: Date, record: &str) -> Answer<()> {
    if is_open(session, date)? {
        return Ok(());
    }
    Err(ApiError::rule(format!("Posting Date is not within your range of allowed posting dates in {record}.")))
}
