//! A record as it is before it is deleted, with the records that go with it: what a way back is made from.

use bca_bc::{BcError, Client, Expand, Record, RecordPath, decode_member};
use bca_catalogue::{Catalogue, Entity, Method, Multiplicity, Navigation, NavigationKind, PropertyKind};
use bca_protocol::{Json, Undoable};
use tokio_util::sync::CancellationToken;

use super::verify;

/// Deepest nesting of what a record owns: a journal, its lines, their dimensions.
const DEEPEST: usize = 2;

/// More owned records than this are not created again in one request.
const MOST_OWNED: usize = 300;

/// Sets in which drafts and posted documents stand together (docs/business-central.md, section 12).
const DRAFTS_AND_POSTED: [&str; 4] = ["salesInvoices", "salesCreditMemos", "purchaseInvoices", "purchaseCreditMemos"];

/// Quantities of a line that show that something was delivered or billed already.
const DONE: [&str; 3] = ["shippedQuantity", "receivedQuantity", "invoicedQuantity"];

/// Navigation properties to records that go when the record goes and that a create can bring along: lines, dimensions, variants. Not files
/// and pictures, whose content no create can bring.
pub(super) fn owned(entity: &Entity) -> impl Iterator<Item = (&Navigation, &'static Entity)> {
    entity.navigation.iter().filter_map(|navigation| {
        let owns = navigation.kind == NavigationKind::Child && navigation.multiplicity == Multiplicity::Many && navigation.methods.contains(&Method::Post);
        let child = Catalogue::get().find(&navigation.target_set).filter(|_| owns)?;
        let has_content = child.properties.iter().any(|property| property.kind == PropertyKind::Stream);
        (!has_content).then_some((navigation, child))
    })
}

fn expands(entity: &Entity, depth: usize) -> Vec<Expand> {
    if depth == 0 {
        return Vec::new();
    }
    owned(entity).map(|(navigation, child)| Expand { expand: expands(child, depth - 1), ..Expand::all(&navigation.name) }).collect()
}

/// Reads the record with what it owns. Where that can't be had, the record alone: then there is no way back, and [`way_back`] says so.
pub(super) async fn whole(client: &Client, entity: &Entity, path: &RecordPath, cancel: &CancellationToken) -> Result<Record, BcError> {
    match client.get(path, &[], &expands(entity, DEEPEST), cancel).await {
        Err(BcError::Refused { .. } | BcError::Forbidden { .. } | BcError::Unexpected { .. } | BcError::BadQuery(_) | BcError::TooLarge { .. }) => {
            client.get(path, &[], &[], cancel).await
        }
        read => read,
    }
}

/// Why a record that is deleted could not be created again as it is now; `None` where nothing speaks against it.
pub(super) fn way_back(entity: &Entity, record: &Json) -> Option<Undoable> {
    let one = entity.singular.as_str();
    let count = count(entity, record);
    let why = match wrong(entity, record) {
        Some(why) => why,
        None if !is_complete(entity, record) => format!("What belongs to the {one} could not be read, so it could not be created again as it is."),
        None if count > MOST_OWNED => format!("{count} records go with the {one}; more than {MOST_OWNED} are not created again."),
        None => return None,
    };
    Some(Undoable::No { why })
}

/// Why creating the record again would be wrong, whatever is known of it.
pub(super) fn wrong(entity: &Entity, record: &Json) -> Option<String> {
    let one = entity.singular.as_str();
    if is_posted(entity, record) {
        return Some(format!("This {one} is posted. What was posted is not created again; a corrective document sets it right."));
    }
    is_under_way(entity, record)
        .then(|| format!("A part of the {one} was delivered or billed already. Created again, that part would be delivered and billed twice."))
}

/// Whether a document of a set that holds both is a posted one. What is not known counts as posted.
fn is_posted(entity: &Entity, record: &Json) -> bool {
    let status = record.get("status").and_then(Json::as_str).map(decode_member);
    DRAFTS_AND_POSTED.contains(&entity.set.as_str()) && !matches!(status.as_deref(), Some("Draft" | "In Review"))
}

fn rows<'a>(record: &'a Json, navigation: &Navigation) -> Option<&'a [Json]> {
    match record.get(&navigation.name) {
        Some(Json::Array(rows)) => Some(rows),
        _ => None,
    }
}

/// Whether everything that the record owns is there; a page that goes on elsewhere is a part only.
pub(super) fn is_complete(entity: &Entity, record: &Json) -> bool {
    owned(entity).all(|(navigation, child)| {
        let goes_on = record.get(&format!("{}@odata.nextLink", navigation.name)).is_some();
        rows(record, navigation).is_some_and(|rows| !goes_on && rows.iter().all(|row| has_all(child, row)))
    })
}

/// The owned records of an owned one; what is not read there was not asked for.
fn has_all(entity: &Entity, record: &Json) -> bool {
    owned(entity).all(|(navigation, _)| record.get(&format!("{}@odata.nextLink", navigation.name)).is_none())
}

fn count(entity: &Entity, record: &Json) -> usize {
    owned(entity).filter_map(|(navigation, child)| Some(rows(record, navigation)?.iter().map(|row| 1 + count(child, row)).sum::<usize>())).sum()
}

/// Whether a document was delivered or billed in part.
fn is_under_way(entity: &Entity, record: &Json) -> bool {
    let done = |row: &Json| {
        let number = |name: &&str| matches!(row.get(name), Some(Json::Number(number)) if verify::decimal(number).is_none_or(|number| !number.is_zero()));
        DONE.iter().any(number)
    };
    done(record) || owned(entity).filter_map(|(navigation, _)| rows(record, navigation)).flatten().any(done)
}

/// The rows that a preview shows of what goes with the record: its place (`salesOrderLines[0].`), what it is, and itself.
pub(super) fn owned_rows<'a>(entity: &Entity, record: &'a Json) -> Vec<(String, &'static Entity, &'a Json)> {
    let mut found = Vec::new();
    for (navigation, child) in owned(entity) {
        for (index, row) in rows(record, navigation).unwrap_or_default().iter().enumerate() {
            found.push((format!("{}[{index}].", navigation.name), child, row));
        }
    }
    found
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
