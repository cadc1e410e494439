//! What a person should know before approving: computed from the write and the books, never a model's words. Each warning stands on its
//! own; one that can't be computed is left out, because a read that fails must not keep a person from deciding.

mod books;
mod document;
mod texts;

use bca_bc::Client;
use bca_catalogue::{Entity, Operation};
use bca_protocol::{Json, Note, NoteKind};
use jiff::{Timestamp, civil::Date};
use tokio_util::sync::CancellationToken;

use self::books::Books;

/// A write as the warnings see it.
pub(super) struct Seen<'a> {
    pub(super) entity: &'static Entity,
    pub(super) operation: &'a Operation,
    /// The record's own id, where it has one.
    pub(super) key: Option<&'a str>,
    /// The record as it is now.
    pub(super) before: Option<&'a Json>,
    /// What is set.
    pub(super) data: Option<&'a Json>,
    /// Path of the request, below the company.
    pub(super) path: &'a str,
}

impl Seen<'_> {
    /// The value that will stand there: what is set, else what is there.
    fn value(&self, name: &str) -> Option<&Json> {
        self.data.and_then(|data| data.get(name)).or_else(|| self.before.and_then(|before| before.get(name)))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Json::as_str).filter(|text| !bca_bc::is_empty_value(text))
    }

    /// What is set, where that is a text.
    fn set_text(&self, name: &str) -> Option<&str> {
        self.data.and_then(|data| data.get(name)).and_then(Json::as_str).filter(|text| !bca_bc::is_empty_value(text))
    }
}

/// All warnings and remarks on a write.
pub(super) async fn warnings(client: &Client, seen: &Seen<'_>, now: Timestamp, cancel: &CancellationToken) -> Vec<Note> {
    let mut notes = texts::hidden(seen);
    let books = Books { client, cancel };
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let (of_document, of_posting, duplicates) = tokio::join!(document::warnings(&books, seen, today), closed_period(&books, seen), duplicates(&books, seen));
    notes.extend(of_document);
    notes.extend(of_posting);
    notes.extend(duplicates);
    notes
}

fn warning(text: String) -> Note {
    Note { kind: NoteKind::Warning, text }
}

fn info(text: String) -> Note {
    Note { kind: NoteKind::Info, text }
}

/// A posting date in a month that is closed or locked, or outside the days in which posting is allowed.
async fn closed_period(books: &Books<'_>, seen: &Seen<'_>) -> Vec<Note> {
    let posts = matches!(seen.operation, Operation::Action(_));
    let date = if posts { seen.text("postingDate") } else { seen.set_text("postingDate") };
    let Some(date) = date.and_then(|text| text.parse::<Date>().ok()) else { return Vec::new() };
    let mut notes = Vec::new();
    let starts = |period: &Json| period.get("startingDate").and_then(Json::as_str).and_then(|text| text.parse::<Date>().ok());
    let periods = books.all("accountingPeriods").await;
    let period = periods.iter().filter(|period| starts(period).is_some_and(|start| start <= date)).max_by_key(|period| starts(period));
    let is = |period: &Json, name: &str| period.get(name) == Some(&Json::Bool(true));
    match period {
        Some(period) if is(period, "closed") || is(period, "dateLocked") => {
            notes.push(warning(format!("Posting date: {date} lies in a period that is closed.")));
        }
        None if !periods.is_empty() => notes.push(warning(format!("Posting date: {date} lies before the first accounting period."))),
        _ => {}
    }
    for setup in books.all("generalLedgerSetup").await {
        let bound = |name: &str| setup.get(name).and_then(Json::as_str).filter(|text| !bca_bc::is_empty_value(text)).and_then(|text| text.parse::<Date>().ok());
        let (from, to) = (bound("allowPostingFrom"), bound("allowPostingTo"));
        if from.is_some_and(|from| date < from) || to.is_some_and(|to| date > to) {
            notes.push(warning(format!("Posting date: {date} is outside the days in which posting is allowed.")));
        }
    }
    notes
}

/// Another record with the same tax number, mail or name.
async fn duplicates(books: &Books<'_>, seen: &Seen<'_>) -> Vec<Note> {
    if !matches!(seen.entity.set.as_str(), "customers" | "vendors" | "contacts") || !matches!(seen.operation, Operation::Create | Operation::Update) {
        return Vec::new();
    }
    let mut notes = Vec::new();
    for (property, what) in [("taxRegistrationNumber", "tax registration number"), ("email", "mail address"), ("displayName", "name")] {
        let Some(text) = seen.set_text(property) else { continue };
        for other in books.alike(&seen.entity.set, property, text).await {
            if other.get("id").and_then(Json::as_str) != seen.key {
                let name = super::preview::name_of(seen.entity, &other);
                notes.push(warning(format!("There is already {} with this {what}: {name}.", seen.entity.one())));
            }
        }
    }
    notes
}

#[cfg(test)]
#[path = "warnings_tests.rs"]
mod tests;
