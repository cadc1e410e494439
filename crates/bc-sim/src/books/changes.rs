//! A request's body, checked property by property against the set: known, writable, of the right type and length.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::data::facts::{EntitySet, Kind, Navigation, Ordered, Property};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{Cell, NO_DATE, NO_ID, NO_TIME, decode_member, from_stored, stored_time, to_stored};
use crate::error::{Answer, ApiError};
use crate::odata::literal;

/// A JSON object whose values are still text: numbers stay exact.
pub(crate) type Object = Ordered<Box<RawValue>>;

/// What the body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Update,
}

/// The fields of a body in their order, and the children nested in it.
#[derive(Default)]
pub(crate) struct Changes {
    pub fields: Vec<(&'static Property, Cell)>,
    pub nested: Vec<(&'static Navigation, Vec<Object>)>,
    /// The id that the client chose; in a change it must be the record's own.
    pub id: Option<String>,
}

/// Reads a body as one JSON object.
pub(crate) fn object(body: &[u8]) -> Answer<Object> {
    if body.is_empty() {
        return Err(ApiError::bad_request("The request has no body; a JSON object was expected."));
    }
    serde_json::from_slice(body).map_err(|error| ApiError::bad_request(format!("The request's body is not a JSON object: {error}.")))
}

/// Checks a body against its set.
pub(crate) fn read(session: &Session, set: &'static EntitySet, body: Object, verb: Verb) -> Answer<Changes> {
    let mut changes = Changes::default();
    for (name, raw) in body.0 {
        if name.contains('@') {
            continue; // annotations, such as a copy of the etag
        }
        if let Some(navigation) = set.navigation(&name).filter(|_| set.property(&name).is_none()) {
            if verb == Verb::Update {
                return Err(ApiError::bad_request(format!("Nested writes are not supported in PATCH: send '{name}' in requests of its own.")));
            }
            changes.nested.push((navigation, children(&name, &raw)?));
            continue;
        }
        let property = set.property(&name).ok_or_else(|| ApiError::no_property(&name, &set.entity))?;
        if changes.has(&name) {
            return Err(ApiError::bad_request(format!("The property '{name}' is in the body twice.")));
        }
        if name == "id" {
            let Cell::Text(id) = value(set, property, &raw)? else { continue };
            // A dimension of a document has the dimension's id: there it is no id that the service might give.
            let honoured = session.switches.honours_client_ids || set.name == "dimensionSetLines";
            let chosen = verb == Verb::Update || honoured && id != NO_ID;
            changes.id = chosen.then_some(id);
            continue;
        }
        if property.read_only || property.kind == Kind::Stream {
            return Err(ApiError::new(400, "BadRequest_InvalidOperation", format!("Control '{name}' is read-only.")));
        }
        changes.fields.push((property, value(set, property, &raw)?));
    }
    exclusive(set, &changes)?;
    if verb == Verb::Create {
        required(set, &changes)?;
    }
    Ok(changes)
}

pub(crate) fn children(name: &str, raw: &RawValue) -> Answer<Vec<Object>> {
    let malformed = |error: serde_json::Error| ApiError::bad_request(format!("'{name}' is malformed: {error}."));
    if raw.get().trim_start().starts_with('[') {
        serde_json::from_str(raw.get()).map_err(malformed)
    } else {
        serde_json::from_str(raw.get()).map(|child| vec![child]).map_err(malformed)
    }
}

fn exclusive(set: &EntitySet, changes: &Changes) -> Answer<()> {
    for group in &set.exclusive {
        let given: Vec<&str> = group.iter().map(String::as_str).filter(|name| changes.refers(name)).collect();
        if given.len() > 1 {
            return Err(ApiError::rule(format!("Only one of \"{}\" can be given.", given.join("\" and \""))));
        }
    }
    Ok(())
}

fn required(set: &EntitySet, changes: &Changes) -> Answer<()> {
    for group in &set.required {
        let given = group.iter().any(|name| changes.has(name) && !changes.is_blank(name) || name == "id" && changes.id.is_some());
        if given {
            continue;
        }
        if let [key] = group.as_slice()
            && changes.has(key)
            && set.property(key).is_some_and(|property| property.not_blank)
        {
            return Err(ApiError::new(400, "BadRequest_RequiredParamNotProvided", format!("The parameter '{key}' must be provided; it is blank.")));
        }
        return Err(ApiError::rule(format!("A \"{}\" must be provided.", group.join("\" or a \""))));
    }
    Ok(())
}

impl Changes {
    pub(crate) fn cell(&self, name: &str) -> Option<&Cell> {
        self.fields.iter().find(|(property, _)| property.name == name).map(|(_, cell)| cell)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.cell(name).is_some()
    }

    pub(crate) fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    /// The text given for a property; "" when it was not given.
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.cell(name) {
            Some(Cell::Text(text)) => text,
            _ => "",
        }
    }

    pub(crate) fn decimal(&self, name: &str) -> Option<rust_decimal::Decimal> {
        match self.cell(name) {
            Some(Cell::Int(stored)) => Some(from_stored(*stored)),
            _ => None,
        }
    }

    /// Given, and a reference to something.
    pub(crate) fn refers(&self, name: &str) -> bool {
        let text = self.text(name);
        !text.is_empty() && text != NO_ID
    }

    fn is_blank(&self, name: &str) -> bool {
        match self.cell(name) {
            Some(Cell::Text(text)) => text.trim().is_empty() || text == NO_ID,
            _ => false,
        }
    }

    /// Writes the given fields, but those named, into a row.
    pub(crate) fn apply(&self, row: &mut Row, but: &[&str]) {
        for (property, cell) in &self.fields {
            if !but.contains(&property.name.as_str()) {
                row.put(&property.name, cell.clone());
            }
        }
    }
}

/// A JSON value in the form that the property's column holds.
fn value(set: &EntitySet, property: &Property, raw: &RawValue) -> Answer<Cell> {
    let text = raw.get().trim();
    if text == "null" {
        return Ok(property.kind.blank());
    }
    let wrong = || {
        let shown: String = text.chars().take(100).collect();
        ApiError::bad_request(format!("Cannot convert the literal '{shown}' of '{}' to the expected type '{}'.", property.name, property.kind.edm()))
    };
    let string = || serde_json::from_str::<String>(text).map_err(|_| wrong());
    match &property.kind {
        Kind::Text => checked_text(property, string()?),
        Kind::Guid => {
            let string = string()?;
            Uuid::try_parse(&string)
                .map(|id| Cell::Text(id.hyphenated().to_string()))
                .map_err(|_| ApiError::new(400, "Application_InvalidGUID", format!("The value of '{}' is not a GUID.", property.name)))
        }
        Kind::Decimal if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => Err(wrong()),
        Kind::Decimal => literal::number(text)
            .and_then(to_stored)
            .map(Cell::Int)
            .ok_or_else(|| ApiError::new(400, "Application_EvaluateException", format!("The value of '{}' is outside the permitted range.", property.name))),
        Kind::Whole => text.parse::<i32>().map(|number| Cell::Int(number.into())).map_err(|_| wrong()),
        Kind::Flag => text.parse::<bool>().map(Cell::from).map_err(|_| wrong()),
        Kind::Date => {
            let string = string()?;
            if string.is_empty() {
                return Ok(NO_DATE.into());
            }
            if string.len() == 10 { string.parse::<Date>().map(Cell::from).map_err(|_| wrong()) } else { Err(wrong()) }
        }
        Kind::Time => {
            let string = string()?;
            if string.is_empty() || string == "0001-01-01T00:00:00Z" {
                return Ok(NO_TIME.into());
            }
            string.parse::<Timestamp>().map(|at| Cell::Text(stored_time(at))).map_err(|_| wrong())
        }
        Kind::Member(members) => member(set, property, members, &string()?),
        Kind::Stream => Err(wrong()),
    }
}

fn checked_text(property: &Property, text: String) -> Answer<Cell> {
    if text.contains('\0') {
        return Err(ApiError::bad_request(format!("The value of '{}' contains a character that cannot be stored.", property.name)));
    }
    let length = text.chars().count();
    if let Some(longest) = property.max_length
        && length > longest
    {
        let shown: String = text.chars().take(100).collect();
        return Err(ApiError::new(
            400,
            "Application_StringExceededLength",
            format!("The length of '{}' is {length}, but it must be less than or equal to {longest} characters. Value: {shown}", property.name),
        ));
    }
    Ok(Cell::Text(if property.code { text.trim().to_uppercase() } else { text }))
}

fn member(set: &EntitySet, property: &Property, members: &[String], text: &str) -> Answer<Cell> {
    let decoded = decode_member(text);
    let found = members.iter().find(|member| **member == decoded || (decoded.is_empty() && *member == " "));
    found.map(|member| Cell::from(member.as_str())).ok_or_else(|| {
        ApiError::new(
            400,
            "Unknown",
            format!("The value '{text}' is not a member of the enumeration of '{}' on type 'Microsoft.NAV.{}'.", property.name, set.entity),
        )
    })
}
