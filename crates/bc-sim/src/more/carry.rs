//! What goes along when a document becomes another: its dimensions and those of its lines, and, when it disappears, its files.

use rusqlite::{OptionalExtension, params};

use crate::books::document;
use crate::data::facts::EntitySet;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::Answer;
use crate::more::{self, dimensions};

/// A document before an action, as far as it has something to hand over.
pub(crate) struct Luggage {
    header: Row,
    lines: Vec<Row>,
    target: &'static str,
    /// Documents made by the action have later versions.
    since: i64,
}

/// Notes what a document has before an action that makes another of it; `None` for other actions.
pub(crate) fn pack(session: &Session, set: &EntitySet, row: &Row, action: &str) -> Answer<Option<Luggage>> {
    let target = match (set.name.as_str(), action) {
        ("salesQuotes", "makeOrder") => "salesOrders",
        ("salesQuotes", "makeInvoice") | ("salesOrders", "shipAndInvoice") => "salesInvoices",
        ("purchaseOrders", "receiveAndInvoice") => "purchaseInvoices",
        _ => return Ok(None),
    };
    let Some(form) = document::form(&set.name) else { return Ok(None) };
    let lines = session.all_by(form.lines, "documentId", row.id())?;
    Ok(Some(Luggage { header: row.clone(), lines, target, since: session.next_version() }))
}

/// Gives it to the document that the action has made.
pub(crate) fn unpack(session: &Session, luggage: &Luggage) -> Answer<()> {
    let table = session.table(luggage.target)?;
    let sql = format!("{} WHERE company = ? AND _rv > ? ORDER BY _rv DESC LIMIT 1", table.select);
    let made = session.connection.prepare_cached(&sql)?.query_row(params![session.company.get(), luggage.since], |row| Row::read(table, row)).optional()?;
    let (Some(made), Some(form)) = (made, document::form(luggage.target)) else { return Ok(()) };
    dimensions::copy(session, luggage.header.id(), &made)?;
    for line in session.all_by(form.lines, "documentId", made.id())? {
        if let Some(source) = luggage.lines.iter().find(|source| source.whole("sequence") == line.whole("sequence")) {
            dimensions::copy(session, source.id(), &line)?;
        }
    }
    let gone = session.find(&luggage.header.table.name, luggage.header.id())?.is_none();
    if gone {
        let parent = if luggage.target == "salesOrders" {
            "Sales Order"
        } else if luggage.target == "salesInvoices" {
            "Sales Invoice"
        } else {
            "Purchase Invoice"
        };
        for files in ["attachments", "documentAttachments"] {
            let sql = format!("UPDATE \"{files}\" SET \"parentId\" = ?, \"parentType\" = ?, _rv = ? WHERE company = ? AND \"parentId\" = ?");
            session.connection.prepare_cached(&sql)?.execute(params![made.id(), parent, session.next_version(), session.company.get(), luggage.header.id()])?;
        }
        more::forget(session, &luggage.header)?;
        for line in &luggage.lines {
            more::forget(session, line)?;
        }
    }
    Ok(())
}
