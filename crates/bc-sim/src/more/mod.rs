//! What lies around the books: the sets whose rules have nothing to do with posting.

pub(crate) mod applications;
pub(crate) mod carry;
pub(crate) mod dimensions;
pub(crate) mod files;
pub(crate) mod handshake;
pub(crate) mod loyalty;
pub(crate) mod parents;
pub(crate) mod pdf;
pub(crate) mod records;
pub(crate) mod seed;
pub(crate) mod shortcuts;
pub(crate) mod streams;
pub(crate) mod subscriptions;

use serde_json::value::RawValue;

use crate::books::changes::{self, Object, Verb};
use crate::data::facts::EntitySet;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::stored_time;
use crate::error::{Answer, ApiError};
use crate::serve::read::Scope;

/// The sets that have their rules here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    DefaultDimension,
    DimensionSetLine,
    Picture,
    File,
    TimeEntry,
    Record,
    VendorApplication,
    Subscription,
    LoyaltyMember,
    LoyaltyEntry,
}

fn kind(set: &str) -> Option<Kind> {
    Some(match set {
        "defaultDimensions" => Kind::DefaultDimension,
        "dimensionSetLines" => Kind::DimensionSetLine,
        "pictures" => Kind::Picture,
        "attachments" | "documentAttachments" => Kind::File,
        "timeRegistrationEntries" => Kind::TimeEntry,
        "fixedAssets" | "opportunities" | "projects" | "customerContacts" => Kind::Record,
        "applyVendorEntries" => Kind::VendorApplication,
        "subscriptions" => Kind::Subscription,
        "loyaltyMembers" => Kind::LoyaltyMember,
        "loyaltyEntries" => Kind::LoyaltyEntry,
        _ => return None,
    })
}

/// Creates a record of a set that has its rules here; `None` hands the body back for the books.
pub(crate) fn create(session: &Session, scope: &Scope, body: Object) -> Result<Answer<Row>, Object> {
    match kind(&scope.set.name) {
        Some(kind) => Ok(create_kind(session, scope, kind, body)),
        None => Err(body),
    }
}

fn create_kind(session: &Session, scope: &Scope, kind: Kind, mut body: Object) -> Answer<Row> {
    let set = scope.set;
    if let Some((column, id)) = &scope.within
        && set.property(column).is_some_and(|property| !property.read_only)
        && !body.0.iter().any(|(name, _)| name == column)
    {
        // What is created under its parent need not name it.
        let raw = RawValue::from_string(format!("\"{id}\"")).map_err(|error| ApiError::internal(error.to_string()))?;
        body.0.push(((*column).to_owned(), raw));
    }
    let changes = changes::read(session, set, body, Verb::Create)?;
    if let Some((navigation, _)) = changes.nested.first() {
        return Err(ApiError::not_implemented(format!("'{}' cannot be created together with its parent. Nothing was changed.", navigation.name)));
    }
    let parent = scope.within.as_ref().map(|(column, id)| (*column, id.as_str()));
    match kind {
        Kind::DefaultDimension => dimensions::create_default(session, &changes),
        Kind::DimensionSetLine => dimensions::create_line(session, parent.map(|(_, id)| id), &changes),
        Kind::File => files::create(session, &set.name, &changes),
        Kind::TimeEntry => records::create_time(session, &changes),
        Kind::Record => records::create(session, &set.name, &changes),
        Kind::Subscription => subscriptions::create(session, &changes),
        Kind::LoyaltyMember => loyalty::create_member(session, &changes),
        Kind::LoyaltyEntry => loyalty::create_entry(session, &changes),
        Kind::Picture | Kind::VendorApplication => Err(ApiError::not_allowed("Entity does not support insert.")),
    }
}

/// Changes a record of a set that has its rules here; hands row and body back for the books otherwise.
pub(crate) fn update(session: &Session, set: &'static EntitySet, row: Row, body: Object) -> Result<Answer<Row>, (Row, Object)> {
    match kind(&set.name) {
        Some(kind) => Ok(update_kind(session, set, kind, row, body)),
        None => Err((row, body)),
    }
}

fn update_kind(session: &Session, set: &'static EntitySet, kind: Kind, row: Row, body: Object) -> Answer<Row> {
    let changes = changes::read(session, set, body, Verb::Update)?;
    if changes.id.as_deref().is_some_and(|id| id != row.id()) {
        return Err(ApiError::new(400, "BadRequest_InvalidOperation", "The id cannot be changed."));
    }
    match kind {
        Kind::DefaultDimension => dimensions::update_default(session, row, &changes),
        Kind::DimensionSetLine => dimensions::update_line(session, row, &changes),
        Kind::File => files::update(session, row, &changes),
        Kind::TimeEntry => records::update_time(session, row, &changes),
        Kind::Record => records::update(session, row, &changes),
        Kind::VendorApplication => applications::update(session, row, &changes),
        Kind::Subscription => subscriptions::update(session, row, &changes),
        Kind::LoyaltyMember => loyalty::update_member(session, row, &changes),
        Kind::Picture | Kind::LoyaltyEntry => Err(ApiError::not_allowed("Entity does not support modify.")),
    }
}

/// Deletes a record of a set that has its rules here; `false` for the others.
pub(crate) fn delete(session: &Session, set: &EntitySet, row: &Row) -> Answer<Gone> {
    match kind(&set.name) {
        None => return Ok(Gone::NotHere),
        Some(Kind::Picture) => streams::clear(session, row.id(), "pictureContent")?,
        Some(Kind::DimensionSetLine) => dimensions::delete_line(session, row)?,
        Some(Kind::LoyaltyMember) if session.any("loyaltyEntries", "memberId", row.id())? => {
            return Err(ApiError::rule(format!("The loyalty member {} has entries and cannot be deleted.", row.text("number"))));
        }
        Some(Kind::TimeEntry) => {
            records::check_open(row)?;
            session.delete(&set.name, row.id())?;
        }
        Some(_) => {
            session.delete(&set.name, row.id())?;
            forget(session, row)?;
        }
    }
    Ok(Gone::Deleted)
}

/// Who deletes a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    Deleted,
    /// It is a record of the books.
    NotHere,
}

/// Removes what belonged to a record that is deleted: its files, pictures and dimensions.
pub(crate) fn forget(session: &Session, row: &Row) -> Answer<()> {
    let company = session.company.get();
    for file in ["attachments", "documentAttachments"] {
        let sql = format!("DELETE FROM _streams WHERE company = ?1 AND owner IN (SELECT id FROM \"{file}\" WHERE company = ?1 AND \"parentId\" = ?2)");
        session.connection.prepare_cached(&sql)?.execute((company, row.id()))?;
    }
    for children in ["attachments", "documentAttachments", "defaultDimensions", "dimensionSetLines"] {
        let sql = format!("DELETE FROM \"{children}\" WHERE company = ?1 AND \"parentId\" = ?2");
        session.connection.prepare_cached(&sql)?.execute((company, row.id()))?;
    }
    session.connection.prepare_cached("DELETE FROM _streams WHERE company = ?1 AND owner = ?2")?.execute((company, row.id()))?;
    Ok(())
}

/// Does a bound action of a set that has its rules here; `NotHere` for the others.
pub(crate) fn invoke(session: &Session, set: &EntitySet, row: &mut Row, action: &str) -> Answer<Done> {
    if !set.actions.iter().any(|known| known == action) {
        return Ok(Done::NotHere);
    }
    match (set.name.as_str(), action) {
        ("jobQueueEntries", "restart") => {
            row.put("status", "Ready");
            row.put("errorMessage", "");
            row.put("numberOfAttemptsToRun", 0);
            row.put("earliestStartDateTime", stored_time(session.now.get()));
            row.put("lastReadyState", stored_time(session.now.get()));
            session.save(row)?;
        }
        ("loyaltyMembers", "expirePoints") => loyalty::expire(session, row)?,
        _ => return Ok(Done::NotHere),
    }
    Ok(Done::Done)
}

/// Who does an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Done,
    NotHere,
}
