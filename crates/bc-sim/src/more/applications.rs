//! Open vendor entries, shown under a payment: which of them it is meant to pay.

use rusqlite::params;

use crate::books::changes::Changes;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::Answer;

/// Marks an open entry for the payment, or takes the mark away.
pub(crate) fn update(session: &Session, mut row: Row, changes: &Changes) -> Answer<Row> {
    if let Some(applied) = changes.cell("applied") {
        row.put("applied", applied.clone());
    }
    let version = session.next_version();
    let sql = "INSERT INTO _applied (company, payment, document, _rv, applied) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT (company, payment, document) DO UPDATE SET _rv = ?4, applied = ?5";
    session.connection.prepare_cached(sql)?.execute(params![session.company.get(), row.text("_payment"), row.id(), version, row.flag("applied")])?;
    let payment = session.get("vendorPayments", row.text("_payment"))?;
    row.put("appliesToId", if row.flag("applied") { payment.text("documentNumber") } else { "" });
    row.version = version;
    Ok(row)
}
