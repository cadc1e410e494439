//! Creating again what was deleted: the values that a create can set, with the records that went with it, and what does not come back.

use bca_bc::{BcError, EMPTY_ID, RecordPath, SetPath};
use bca_catalogue::{Entity, Property, PropertyKind};
use bca_protocol::{Json, Note, NoteKind};

use super::{image, preview::is_nothing, verify};

/// What Business Central works out itself, whatever a set's facts say of sending it (docs/business-central.md, section 12).
const WORKED_OUT: [&str; 15] = [
    "fullyShipped",
    "fullyReceived",
    "shippedQuantity",
    "receivedQuantity",
    "invoicedQuantity",
    "netAmount",
    "netTaxAmount",
    "netAmountIncludingTax",
    "amountExcludingTax",
    "amountIncludingTax",
    "totalTaxAmount",
    "totalAmountExcludingTax",
    "totalAmountIncludingTax",
    "remainingAmount",
    "taxPercent",
];

/// A deleted record as it would be created.
pub(super) struct Again {
    /// Where.
    pub(super) set: SetPath,
    /// Whether that is below a parent.
    pub(super) is_below_a_parent: bool,
    /// Children that come along.
    pub(super) expand: Vec<String>,
    /// The same with what belongs to the children, to be read back.
    pub(super) read_back: Vec<String>,
    /// The body.
    pub(super) data: Json,
    /// What does not come back.
    pub(super) notes: Vec<Note>,
}

/// How the record would be created again from its image.
pub(super) fn again(entity: &Entity, before: &Json) -> Result<Again, BcError> {
    let parent = parent_of(entity, before)?;
    let set = match &parent {
        Some((set, _)) => set.clone(),
        None => SetPath::of(&entity.set)?,
    };
    let mut data = worth_creating(entity, before, parent.as_ref().map(|(_, property)| property.as_str()));
    if parent.is_some() {
        // Its place may be another line's by now: it goes to the end.
        data.retain(|(name, _)| !matches!(name.as_str(), "sequence" | "lineNumber"));
    }
    // On a document that has no lines yet a discount on the whole has nothing to be spread over.
    let has_lines = has_lines(entity);
    let discount = data.iter().position(|(name, _)| has_lines && name == DISCOUNT).map(|at| data.remove(at).1);
    let (expand, mut children) = children(entity, before);
    let read_back = expand.iter().map(|name| deep(entity, name)).collect();
    let count = |name: &str| data_len(&children, name);
    let counted: Vec<String> = expand.iter().map(|name| format!("{} {}", count(name), words(name))).collect();
    data.append(&mut children);
    let mut notes = Vec::new();
    if !counted.is_empty() {
        notes.push(info(format!("Comes with {}.", counted.join(", "))));
    }
    if !image::is_complete(entity, before) {
        notes.push(warning(format!("What belonged to the {} was not read before it was deleted, so that does not come back.", entity.singular)));
    }
    if let Some(number) = before.get("number").and_then(Json::as_str).filter(|number| !number.is_empty())
        && !data.iter().any(|(name, _)| name == "number")
    {
        notes.push(warning(format!("It gets another number from the number series; {number} does not come back.")));
    }
    if let Some(discount) = discount.as_ref().and_then(Json::display) {
        notes.push(warning(format!("The discount of {discount} on the whole document does not come back. Set it again afterwards.")));
    }
    notes.push(warning("It gets a new id. What pointed to the old one, its history, pictures, attached files, comments and links do not come back.".into()));
    Ok(Again { set, is_below_a_parent: parent.is_some(), expand, read_back, data: Json::Object(data), notes })
}

const DISCOUNT: &str = "discountAmount";

fn has_lines(entity: &Entity) -> bool {
    image::owned(entity).any(|(navigation, _)| navigation.name.ends_with("Lines") && navigation.name != "dimensionSetLines")
}

/// What a person has to know before a record is deleted, though the deletion can be taken back: a part of it would not come back.
pub(super) fn would_be_lost(entity: &Entity, record: &Json) -> Option<Note> {
    let discount = record.get(DISCOUNT).filter(|value| has_lines(entity) && says_something(value)).and_then(Json::display)?;
    Some(warning(format!("The discount of {discount} on the whole document would not come back with an undo. It would have to be set again.")))
}

fn info(text: String) -> Note {
    Note { kind: NoteKind::Info, text }
}

fn warning(text: String) -> Note {
    Note { kind: NoteKind::Warning, text }
}

/// `salesOrderLines($expand=dimensionSetLines)`
fn deep(entity: &Entity, name: &str) -> String {
    let child = image::owned(entity).find(|(navigation, _)| navigation.name == name).map(|(_, child)| child);
    let below: Vec<String> = child.into_iter().flat_map(|child| image::owned(child).map(|(navigation, _)| navigation.name.clone())).collect();
    if below.is_empty() { name.to_owned() } else { format!("{name}($expand={})", below.join(",")) }
}

fn data_len(children: &[(String, Json)], name: &str) -> usize {
    children.iter().find(|(child, _)| child == name).map_or(0, |(_, rows)| if let Json::Array(rows) = rows { rows.len() } else { 0 })
}

/// `salesOrderLines` as `sales order lines`.
fn words(name: &str) -> String {
    name.chars().fold(String::new(), |mut words, c| {
        if c.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
        words
    })
}

/// The record that it belongs to, as the set below that, and the property that says so: a line is created on its document or in its journal.
fn parent_of(entity: &Entity, before: &Json) -> Result<Option<(SetPath, String)>, BcError> {
    for parent in &entity.parents {
        let points = |property: &&Property| property.relation.as_ref().is_some_and(|relation| relation.set == parent.set) && is_lines(entity);
        let Some(property) = entity.properties.iter().find(points) else { continue };
        let Some(id) = before.get(&property.name).and_then(Json::as_str).filter(|id| *id != EMPTY_ID) else { continue };
        let owner = RecordPath::of(&parent.set, id)?;
        return Ok(Some((SetPath::below(&owner, &parent.navigation)?, property.name.clone())));
    }
    Ok(None)
}

/// Records that can't be listed without what they belong to are created there too.
fn is_lines(entity: &Entity) -> bool {
    entity.list_needs_parent
}

/// What the record owns, as it is nested in a create; the names of what there is.
fn children(entity: &Entity, before: &Json) -> (Vec<String>, Vec<(String, Json)>) {
    let (mut names, mut nested) = (Vec::new(), Vec::new());
    for (navigation, child) in image::owned(entity) {
        let Some(Json::Array(rows)) = before.get(&navigation.name) else { continue };
        let rows: Vec<Json> = rows.iter().map(|row| child_again(entity, before, child, row)).collect();
        if !rows.is_empty() {
            names.push(navigation.name.clone());
            nested.push((navigation.name.clone(), Json::Array(rows)));
        }
    }
    (names, nested)
}

/// An owned record without what points to its old owner.
fn child_again(owner: &Entity, owner_record: &Json, child: &Entity, row: &Json) -> Json {
    let owner_id = owner_record.get("id").and_then(Json::as_str).unwrap_or_default();
    let points = child.properties.iter().find(|property| {
        let is_relation = property.relation.as_ref().is_some_and(|relation| relation.set == owner.set);
        let is_its_id = row.get(&property.name).and_then(Json::as_str).is_some_and(|id| id.eq_ignore_ascii_case(owner_id));
        property.kind == PropertyKind::Guid && !property.key && is_its_id && (is_relation || property.name == "parentId")
    });
    let mut data = worth_creating(child, row, points.map(|property| property.name.as_str()));
    data.append(&mut children(child, row).1);
    Json::Object(data)
}

/// The values that a create can set and that say something, in the API's order; of properties that exclude each other, the first; of an id
/// and the code or number beside it, the id; nothing of the owner that `without` points to.
fn worth_creating(entity: &Entity, before: &Json, without: Option<&str>) -> Vec<(String, Json)> {
    if entity.set == "dimensionSetLines" {
        // Named by the dimension and its value (docs/business-central.md, section 12); the rest follows from these.
        return ["code", "valueCode"].into_iter().filter_map(|name| Some((name.to_owned(), before.get(name)?.clone()))).collect();
    }
    let stem = |name: &str| name.strip_suffix("Id").map(str::to_owned);
    let owner = without.and_then(stem);
    let mut data: Vec<(String, Json)> = Vec::new();
    for property in &entity.properties {
        let name = property.name.as_str();
        let settable = !property.read_only && !property.key && !property.computed && !property.filter_only && property.kind != PropertyKind::Stream;
        let of_owner = Some(name) == without || owner.as_deref().is_some_and(|stem| is_beside(name, stem) || name == format!("{stem}Type"));
        if !settable || of_owner || WORKED_OUT.contains(&name) {
            continue;
        }
        let Some(value) = before.get(name).filter(|value| says_something(value)) else { continue };
        let excluded = entity.exclusive.iter().any(|group| group.iter().any(|one| one == name) && data.iter().any(|(given, _)| group.contains(given)));
        let is_said = data.iter().filter_map(|(given, _)| stem(given)).any(|stem| is_beside(name, &stem));
        if !excluded && !is_said {
            data.push((name.to_owned(), value.clone()));
        }
    }
    // The amount says it exactly; the percentage is rounded.
    if data.iter().any(|(name, _)| name == "discountAmount") {
        data.retain(|(name, _)| name != "discountPercent");
    }
    data
}

/// Whether a property says in words what an id of this stem says: `customerNumber` beside `customerId`.
fn is_beside(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem).is_some_and(|rest| matches!(rest, "Number" | "Code" | "DisplayName"))
}

fn says_something(value: &Json) -> bool {
    match value {
        Json::Number(number) => verify::decimal(number).is_none_or(|number| !number.is_zero()),
        Json::Array(_) | Json::Object(_) => false,
        other => !is_nothing(other),
    }
}

#[cfg(test)]
#[path = "recreate_tests.rs"]
mod tests;
