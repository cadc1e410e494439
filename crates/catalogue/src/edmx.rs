//! Reads `$metadata`: the shape of an API as an environment publishes it (CSDL XML, OData 4.01; docs/business-central.md, section 1).

use std::collections::HashMap;

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use crate::member::decode_member;

/// More types, sets or members than any environment has: a document beyond this is refused.
const MOST: usize = 20_000;

/// Why a text is no metadata that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EdmxError {
    /// Not well-formed XML.
    #[error("the metadata is not valid XML: {0}")]
    Xml(String),
    /// XML, but no entity set in it.
    #[error("the metadata describes no entity sets")]
    Empty,
    /// More than an environment can have.
    #[error("the metadata describes more than can be true")]
    TooMuch,
}

/// The shape of one API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edmx {
    /// Entity types, in the order of the document.
    pub types: Vec<EntityType>,
    /// Members of enumerations in plain spelling, by the type's name without namespace.
    pub enumerations: HashMap<String, Vec<String>>,
    /// Entity sets, in the order of the document.
    pub sets: Vec<EntitySet>,
    /// Bound actions.
    pub actions: Vec<BoundAction>,
}

/// An entity type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntityType {
    /// Without namespace: `customer`.
    pub name: String,
    /// Names of the key's properties.
    pub key: Vec<String>,
    /// Properties, in the order of the document.
    pub properties: Vec<EdmProperty>,
    /// Navigation properties.
    pub navigation: Vec<EdmNavigation>,
}

/// A property of an entity type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EdmProperty {
    /// Name on the wire.
    pub name: String,
    /// `Edm.String`, or the name of an enumeration without namespace.
    pub type_name: String,
    /// Longest value.
    pub max_length: Option<usize>,
    /// The document says that it is computed, or may only be read.
    pub read_only: bool,
}

/// A navigation property.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EdmNavigation {
    /// Name on the wire.
    pub name: String,
    /// Type that it leads to, without namespace.
    pub target: String,
    /// Leads to many.
    pub many: bool,
    /// The property that holds the reference.
    pub via: Option<String>,
}

/// An entity set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntitySet {
    /// Name in addresses.
    pub name: String,
    /// Its entity type, without namespace.
    pub type_name: String,
    /// Set that a navigation property leads to.
    pub bindings: HashMap<String, String>,
    /// Whether records may be created, where the document says so (`Org.OData.Capabilities.V1`).
    pub insertable: Option<bool>,
    /// Whether records may be changed, where the document says so.
    pub updatable: Option<bool>,
    /// Whether records may be deleted, where the document says so.
    pub deletable: Option<bool>,
}

/// An action bound to one record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BoundAction {
    /// Without namespace.
    pub name: String,
    /// The type of the record, without namespace.
    pub on: String,
}

impl Edmx {
    /// Reads a document.
    ///
    /// # Errors
    /// [`EdmxError`] where it is no metadata. Elements that are not known are passed over.
    pub fn parse(text: &str) -> Result<Self, EdmxError> {
        let mut reader = Reader::from_str(text);
        let mut place = Place::default();
        loop {
            let at = |fault: &dyn std::fmt::Display| EdmxError::Xml(format!("{fault}"));
            match reader.read_event().map_err(|e| at(&e))? {
                Event::Start(element) => place.open(&element, Closed::Later).map_err(|e| at(&e))?,
                Event::Empty(element) => place.open(&element, Closed::AtOnce).map_err(|e| at(&e))?,
                Event::End(element) => place.close(element.local_name().as_ref()),
                Event::Eof => break,
                _ => {}
            }
            if place.count > MOST * 10 || place.edmx.types.len() > MOST || place.edmx.sets.len() > MOST {
                return Err(EdmxError::TooMuch);
            }
        }
        if place.edmx.sets.is_empty() { Err(EdmxError::Empty) } else { Ok(place.edmx) }
    }

    /// The type of a set.
    #[must_use]
    pub fn type_of(&self, set: &EntitySet) -> Option<&EntityType> {
        self.types.iter().find(|t| t.name == set.type_name)
    }

    /// The set of this name.
    #[must_use]
    pub fn set(&self, name: &str) -> Option<&EntitySet> {
        self.sets.iter().find(|s| s.name == name)
    }

    /// The set that a navigation property of a set leads to: as the document binds it, else the only set of that type.
    #[must_use]
    pub fn target_of(&self, set: &EntitySet, navigation: &EdmNavigation) -> Option<&EntitySet> {
        let bound = set.bindings.get(&navigation.name).and_then(|target| self.set(target));
        bound.or_else(|| self.sets.iter().find(|s| s.type_name == navigation.target))
    }
}

/// Whether an element has an end of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closed {
    AtOnce,
    Later,
}

/// What is open while the document is read.
#[derive(Default)]
struct Place {
    edmx: Edmx,
    count: usize,
    in_type: bool,
    in_key: bool,
    in_property: bool,
    in_navigation: bool,
    in_set: bool,
    in_action: bool,
    enumeration: Option<String>,
    /// The target of an `Annotations` element.
    annotated: Option<String>,
    /// The term of the annotation that is open.
    term: Option<String>,
}

impl Place {
    fn open(&mut self, element: &BytesStart<'_>, closed: Closed) -> Result<(), quick_xml::Error> {
        self.count += 1;
        let open = closed == Closed::Later;
        let attributes = attributes(element)?;
        let of = |name: &str| attributes.get(name).map(String::as_str);
        let text = |name: &str| of(name).unwrap_or_default().to_owned();
        match element.local_name().as_ref() {
            "EntityType" => {
                self.edmx.types.push(EntityType { name: text("Name"), ..EntityType::default() });
                self.in_type = open;
            }
            "EnumType" => {
                self.edmx.enumerations.insert(text("Name"), Vec::new());
                self.enumeration = open.then(|| text("Name"));
            }
            "Member" => {
                if let Some(members) = self.enumeration.as_ref().and_then(|name| self.edmx.enumerations.get_mut(name)) {
                    members.push(decode_member(of("Name").unwrap_or_default()));
                }
            }
            "Key" => self.in_key = open && self.in_type,
            "PropertyRef" if self.in_key => self.on_type(|t| t.key.push(text("Name"))),
            "Property" if self.in_type => {
                let max_length = of("MaxLength").and_then(|n| n.parse().ok());
                self.on_type(|t| {
                    t.properties.push(EdmProperty { name: text("Name"), type_name: bare(of("Type").unwrap_or_default()), max_length, read_only: false })
                });
                self.in_property = open;
            }
            "NavigationProperty" if self.in_type => {
                let target = of("Type").unwrap_or_default();
                let inner = target.strip_prefix("Collection(").and_then(|rest| rest.strip_suffix(')'));
                self.on_type(|t| {
                    t.navigation.push(EdmNavigation { name: text("Name"), target: bare(inner.unwrap_or(target)), many: inner.is_some(), via: None });
                });
                self.in_navigation = open;
            }
            "ReferentialConstraint" if self.in_navigation => self.on_type(|t| {
                if let Some(navigation) = t.navigation.last_mut() {
                    navigation.via = of("Property").map(str::to_owned);
                }
            }),
            "EntitySet" => {
                self.edmx.sets.push(EntitySet { name: text("Name"), type_name: bare(of("EntityType").unwrap_or_default()), ..EntitySet::default() });
                self.in_set = open;
            }
            "NavigationPropertyBinding" if self.in_set => {
                if let Some(set) = self.edmx.sets.last_mut() {
                    set.bindings.insert(text("Path"), text("Target"));
                }
            }
            "Action" => {
                self.in_action = open && of("IsBound") == Some("true");
                if self.in_action {
                    self.edmx.actions.push(BoundAction { name: text("Name"), on: String::new() });
                }
            }
            "Parameter" if self.in_action => {
                if let Some(action) = self.edmx.actions.last_mut().filter(|action| action.on.is_empty()) {
                    action.on = bare(of("Type").unwrap_or_default());
                }
            }
            "Annotations" => self.annotated = open.then(|| text("Target")),
            "Annotation" => {
                let term = bare(of("Term").unwrap_or_default());
                if matches!(term.as_str(), "Computed" | "Immutable") && of("Bool") != Some("false")
                    || term == "Permissions" && of("EnumMember").is_some_and(|m| m.ends_with("/Read"))
                {
                    self.mark_read_only(&term);
                }
                self.term = open.then_some(term);
            }
            "PropertyValue" => self.restrict(of("Property").unwrap_or_default(), of("Bool")),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) {
        match name {
            "EntityType" => (self.in_type, self.in_key) = (false, false),
            "EnumType" => self.enumeration = None,
            "Key" => self.in_key = false,
            "Property" => self.in_property = false,
            "NavigationProperty" => self.in_navigation = false,
            "EntitySet" => self.in_set = false,
            "Action" => self.in_action = false,
            "Annotations" => self.annotated = None,
            "Annotation" => self.term = None,
            _ => {}
        }
    }

    fn on_type(&mut self, change: impl FnOnce(&mut EntityType)) {
        if let Some(last) = self.edmx.types.last_mut() {
            change(last);
        }
    }

    /// `Computed` and the like, inside a property or for `Namespace.type/property`. What may be set on create only is not read-only.
    fn mark_read_only(&mut self, term: &str) {
        if term == "Immutable" {
            return;
        }
        if self.in_property {
            self.on_type(|t| t.properties.iter_mut().next_back().into_iter().for_each(|p| p.read_only = true));
        } else if let Some((owner, property)) = self.annotated.as_deref().and_then(|target| target.rsplit_once('/')) {
            let owner = bare(owner);
            let types = self.edmx.types.iter_mut().filter(|t| t.name == owner);
            types.flat_map(|t| &mut t.properties).filter(|p| p.name == property).for_each(|p| p.read_only = true);
        }
    }

    /// `Insertable` and its neighbours, inside a set or for `Namespace.container/set`.
    fn restrict(&mut self, property: &str, value: Option<&str>) {
        let value = match value {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => return,
        };
        let set = match self.annotated.as_deref().and_then(|target| target.rsplit_once('/')) {
            Some((_, name)) => self.edmx.sets.iter_mut().find(|s| s.name == name),
            None if self.in_set => self.edmx.sets.last_mut(),
            None => None,
        };
        let Some(set) = set else { return };
        match (self.term.as_deref(), property) {
            (Some("InsertRestrictions"), "Insertable") => set.insertable = value,
            (Some("UpdateRestrictions"), "Updatable") => set.updatable = value,
            (Some("DeleteRestrictions"), "Deletable") => set.deletable = value,
            _ => {}
        }
    }
}

fn attributes(element: &BytesStart<'_>) -> Result<HashMap<String, String>, quick_xml::Error> {
    element
        .attributes()
        .map(|attribute| {
            let attribute = attribute?;
            let name = attribute.key.local_name().as_ref().to_owned();
            Ok((name, attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned()))
        })
        .collect()
}

/// The name without its namespace; `Edm.` types keep theirs.
fn bare(name: &str) -> String {
    if name.starts_with("Edm.") { name.to_owned() } else { name.rsplit('.').next().unwrap_or(name).to_owned() }
}

#[cfg(test)]
#[path = "edmx_tests.rs"]
pub(crate) mod tests;
