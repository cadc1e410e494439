//! What a person should know before approving: computed from the write and the books, never a model's words. Each warning stands on its
//! own; one that can't be computed is left out, because a read that fails must not keep a person from deciding.

mod books;
mod document;
mod texts;
mod usual;

use std::collections::BTreeSet;

use bca_approval::PlannedWrite;
use bca_bc::Client;
use bca_catalogue::{Entity, Operation};
use bca_protocol::{ChangePreview, FieldChange, Json, Note, NoteKind};
use jiff::{Timestamp, civil::Date};
use tokio_util::sync::CancellationToken;

use self::books::Books;

/// Posting dates of one write that are spoken of.
const MOST_DATES: usize = 5;

/// Sets in which one and the same party should stand once.
const MASTERS: [&str; 3] = ["customers", "vendors", "contacts"];

/// What tells a party from others.
const IDENTITY: [(&str, &str); 3] = [("taxRegistrationNumber", "tax registration number"), ("email", "mail address"), ("displayName", "name")];

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

/// Warnings of what a person reads beside the values that are set. `told`: what was said of those.
pub(super) fn shown(title: &str, fields: &[FieldChange], told: &[Note]) -> Vec<Note> {
    let unseen = |note: &&Note| note.kind == NoteKind::Warning && note.text.contains("can't be seen");
    let told: Vec<Note> = told.iter().filter(unseen).cloned().collect();
    texts::hidden_in_shown(title, fields, &told)
}

fn warning(text: String) -> Note {
    Note { kind: NoteKind::Warning, text }
}

fn info(text: String) -> Note {
    Note { kind: NoteKind::Info, text }
}

/// The posting dates that a write sets, or that an action posts by: those of the document, or of the lines of a journal.
async fn posting_dates(books: &Books<'_>, seen: &Seen<'_>) -> BTreeSet<Date> {
    let date = |text: &str| text.parse::<Date>().ok();
    let mut dates = BTreeSet::new();
    if let Operation::Action(_) = seen.operation {
        dates.extend(seen.text("postingDate").and_then(date));
        if let ("journals", Some(id)) = (seen.entity.set.as_str(), seen.key) {
            let lines = books.below("journals", id, "journalLines").await;
            dates.extend(lines.iter().filter_map(|line| books::text(line, "postingDate")).filter_map(date));
        }
        return dates;
    }
    let mut set = vec![seen.data.unwrap_or(&Json::Null)];
    while let Some(value) = set.pop() {
        match value {
            Json::Object(members) => {
                dates.extend(books::text(value, "postingDate").and_then(date));
                set.extend(members.iter().map(|(_, below)| below));
            }
            Json::Array(rows) => set.extend(rows),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }
    dates
}

/// Posting dates in a month that is closed or locked, or outside the days in which posting is allowed.
async fn closed_period(books: &Books<'_>, seen: &Seen<'_>) -> Vec<Note> {
    let dates = posting_dates(books, seen).await;
    if dates.is_empty() {
        return Vec::new();
    }
    let (periods, setup) = tokio::join!(books.all("accountingPeriods"), books.all("generalLedgerSetup"));
    dates.into_iter().take(MOST_DATES).flat_map(|date| of_posting_date(date, &periods, &setup)).collect()
}

fn of_posting_date(date: Date, periods: &[Json], setups: &[Json]) -> Vec<Note> {
    let mut notes = Vec::new();
    let starts = |period: &Json| period.get("startingDate").and_then(Json::as_str).and_then(|text| text.parse::<Date>().ok());
    let period = periods.iter().filter(|period| starts(period).is_some_and(|start| start <= date)).max_by_key(|period| starts(period));
    let is = |period: &Json, name: &str| period.get(name) == Some(&Json::Bool(true));
    match period {
        Some(period) if is(period, "closed") || is(period, "dateLocked") => {
            notes.push(warning(format!("Posting date: {date} lies in a period that is closed.")));
        }
        None if !periods.is_empty() => notes.push(warning(format!("Posting date: {date} lies before the first accounting period."))),
        _ => {}
    }
    for setup in setups {
        let bound = |name: &str| books::text(setup, name).and_then(|text| text.parse::<Date>().ok());
        let (from, to) = (bound("allowPostingFrom"), bound("allowPostingTo"));
        if from.is_some_and(|from| date < from) || to.is_some_and(|to| date > to) {
            notes.push(warning(format!("Posting date: {date} is outside the days in which posting is allowed.")));
        }
    }
    notes
}

/// Adds a warning where an earlier write of the same set creates a record with the same tax number, mail or name: the books can't show that yet.
pub(super) fn doubles(preview: &mut ChangePreview, earlier: &[PlannedWrite]) {
    if !MASTERS.contains(&preview.entity.as_str()) {
        return;
    }
    let value = |of: &ChangePreview, property: &str| {
        let field = of.fields.iter().find(|field| field.name == property)?;
        field.after.as_deref().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty())
    };
    let mut notes = Vec::new();
    let is_another = |other: &ChangePreview| other.entity == preview.entity && (other.key.is_none() || other.key != preview.key);
    for (at, other) in earlier.iter().enumerate().filter(|(_, other)| is_another(&other.preview)) {
        for (property, what) in IDENTITY {
            if value(preview, property).is_some_and(|text| value(&other.preview, property) == Some(text)) {
                notes.push(warning(format!("Change {} of this set has the same {what}: {}.", at + 1, other.preview.title)));
            }
        }
    }
    preview.notes.extend(notes);
}

/// Another record with the same tax number, mail or name.
async fn duplicates(books: &Books<'_>, seen: &Seen<'_>) -> Vec<Note> {
    if !MASTERS.contains(&seen.entity.set.as_str()) || !matches!(seen.operation, Operation::Create | Operation::Update) {
        return Vec::new();
    }
    let mut notes = Vec::new();
    for (property, what) in IDENTITY {
        let Some(text) = seen.set_text(property) else { continue };
        let others = match property {
            "taxRegistrationNumber" => books.numbered_alike(&seen.entity.set, property, text).await,
            _ => books.alike(&seen.entity.set, property, text).await,
        };
        for other in others {
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
