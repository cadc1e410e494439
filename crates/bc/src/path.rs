//! Addresses below a company. Every part is checked, so that no text of a model or a record can reach another address.

use std::fmt;

use bca_catalogue::ApiName;

use crate::BcError;

/// The empty id; Business Central has no null.
pub const EMPTY_ID: &str = "00000000-0000-0000-0000-000000000000";

/// The empty date.
pub const EMPTY_DATE: &str = "0001-01-01";

/// Whether the text is Business Central's way to say "nothing": no text, the empty id, the empty date or point in time.
#[must_use]
pub fn is_empty_value(text: &str) -> bool {
    text.trim().is_empty() || text == EMPTY_ID || text == EMPTY_DATE || text == "0001-01-01T00:00:00Z"
}

/// The id of a record: 8-4-4-4-12 hexadecimal digits, kept in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(String);

impl RecordId {
    /// Takes an id; quotes and braces around it are a common slip and are taken off.
    ///
    /// # Errors
    /// [`BcError::BadQuery`] for anything else.
    pub fn parse(text: &str) -> Result<Self, BcError> {
        let bare = text.trim().trim_matches(['{', '}', '\'', '"']);
        if is_guid(bare) {
            return Ok(Self(bare.to_ascii_lowercase()));
        }
        let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
        Err(BcError::BadQuery(format!(
            "\"{shown}\" is not an id. An id looks like 5d115c9c-44e3-ea11-bb43-000d3a2feca1; find the record by its number or name first."
        )))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the text has the form of an id.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == EMPTY_ID.len() && text.bytes().zip(EMPTY_ID.bytes()).all(|(c, form)| if form == b'-' { c == b'-' } else { c.is_ascii_hexdigit() })
}

/// A name of a set, navigation property or action: letters and digits, a letter first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name(String);

impl Name {
    fn parse(text: &str) -> Result<Self, BcError> {
        let fits = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric()) && text.len() <= 100;
        if fits {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
        Err(BcError::BadQuery(format!("\"{shown}\" is not a name of a set or an action.")))
    }

    /// The name of a set, with its API in front where it is a custom one: `contoso/loyalty/v1.0/loyaltyCards`.
    fn parse_set(text: &str) -> Result<Self, BcError> {
        match ApiName::split(text) {
            None => Self::parse(text),
            Some((api, set)) => Ok(Self(format!("{api}/{}", Self::parse(set)?.0))),
        }
    }
}

/// A set of records: `customers`, or `salesOrders(id)/salesOrderLines`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SetPath {
    above: Vec<(Name, RecordId)>,
    set: Name,
}

impl SetPath {
    /// A set of the company: `customers`, or of a custom API: `contoso/loyalty/v1.0/loyaltyCards`.
    ///
    /// # Errors
    /// [`BcError::BadQuery`] where the name has anything but letters and digits.
    pub fn of(set: &str) -> Result<Self, BcError> {
        Ok(Self { above: Vec::new(), set: Name::parse_set(set)? })
    }

    /// The records below one record: its lines, its attachments.
    ///
    /// # Errors
    /// [`BcError::BadQuery`] where the name has anything but letters and digits.
    pub fn below(parent: &RecordPath, navigation: &str) -> Result<Self, BcError> {
        let set = Name::parse(navigation)?;
        let mut above = parent.set.above.clone();
        above.push((parent.set.set.clone(), parent.id.clone()));
        Ok(Self { above, set })
    }

    /// The path of one of its records.
    #[must_use]
    pub fn record(&self, id: RecordId) -> RecordPath {
        RecordPath { set: self.clone(), id }
    }

    /// The last name: the set, or the navigation property below a record.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.set.0
    }

    /// The names from the company down.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.above.iter().map(|(name, _)| name.0.as_str()).chain([self.name()])
    }
}

impl fmt::Display for SetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, id) in &self.above {
            write!(f, "{}({id})/", name.0)?;
        }
        f.write_str(&self.set.0)
    }
}

/// One record: `customers(id)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordPath {
    set: SetPath,
    id: RecordId,
}

impl RecordPath {
    /// A record of one of the company's sets.
    ///
    /// # Errors
    /// [`BcError::BadQuery`] where the name or the id is none.
    pub fn of(set: &str, id: &str) -> Result<Self, BcError> {
        Ok(SetPath::of(set)?.record(RecordId::parse(id)?))
    }

    /// The set that it stands in.
    #[must_use]
    pub fn set(&self) -> &SetPath {
        &self.set
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RecordId {
        &self.id
    }

    /// The path of a bound action: `salesInvoices(id)/Microsoft.NAV.post`.
    ///
    /// # Errors
    /// [`BcError::BadQuery`] where the name has anything but letters and digits.
    pub fn action(&self, action: &str) -> Result<String, BcError> {
        Ok(format!("{self}/{ACTION}{}", Name::parse(action)?.0))
    }
}

impl fmt::Display for RecordPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.set, self.id)
    }
}

/// Namespace of bound actions in addresses.
const ACTION: &str = "Microsoft.NAV.";

/// What a write's path points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WritePath {
    /// A set: a create. May ask for the children in the answer (`?$expand=salesOrderLines`).
    Set,
    /// A record: a change or a deletion.
    Record,
    /// A bound action.
    Action,
}

impl WritePath {
    /// Reads a path of a canonical request; only what this module itself could have written is accepted.
    pub(crate) fn parse(path: &str) -> Result<Self, BcError> {
        let (steps, options) = match path.split_once('?') {
            Some((steps, options)) => (steps, Some(options)),
            None => (path, None),
        };
        let steps = ApiName::split(steps).map_or(steps, |(_, rest)| rest);
        let mut kind = Self::Set;
        let count = steps.split('/').count();
        for (at, step) in steps.split('/').enumerate() {
            let last = at + 1 == count;
            kind = match (step.split_once('('), step.strip_prefix(ACTION)) {
                (_, Some(action)) if last && kind == Self::Record => {
                    Name::parse(action)?;
                    Self::Action
                }
                (Some((name, key)), None) => {
                    Name::parse(name)?;
                    let id = key.strip_suffix(')').filter(|id| is_guid(id));
                    id.ok_or_else(|| RecordId::parse(key).err().unwrap_or_else(|| BcError::BadQuery("The key in the path is not an id.".into())))?;
                    Self::Record
                }
                (None, None) if last => {
                    Name::parse(step)?;
                    Self::Set
                }
                _ => return Err(BcError::BadQuery("The path of the change is not one of Business Central's.".into())),
            };
        }
        match (&kind, options) {
            (_, None) => Ok(kind),
            (Self::Set, Some(options)) => {
                let expand = options.strip_prefix("$expand=").ok_or_else(|| BcError::BadQuery("A create takes no option but $expand.".into()))?;
                expand.split(',').try_for_each(|name| Name::parse(name).map(drop))?;
                Ok(kind)
            }
            (Self::Record | Self::Action, Some(_)) => Err(BcError::BadQuery("A change takes no options in its path.".into())),
        }
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
