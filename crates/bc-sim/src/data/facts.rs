//! What Business Central's sets look like: read from the schemas in `mcp-data`, once per process.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use include_dir::{Dir, include_dir};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::data::layout::{self, Table};
use crate::data::value::{Cell, NO_DATE, NO_ID, NO_TIME};
use crate::error::SimError;
use crate::options::Extension;

static SCHEMAS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../mcp-data");
static FACTS: [OnceLock<Facts>; 2] = [OnceLock::new(), OnceLock::new()];

/// Schemas of the extension, in the form of `mcp-data`.
const LOYALTY: [&str; 2] = [include_str!("../more/loyalty/member.json"), include_str!("../more/loyalty/entry.json")];
/// What the extension adds to a customer.
const LOYALTY_FIELDS: &str = include_str!("../more/loyalty/customer_fields.json");

/// Which of the environment's APIs a set is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Api {
    /// `api/v2.0`.
    #[default]
    Standard,
    /// `api/contoso/loyalty/v1.0`, which an extension brings.
    Loyalty,
}

/// A property's type, as far as the wire and the store care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Guid,
    Text,
    Decimal,
    Whole,
    Flag,
    Date,
    Time,
    Member(Vec<String>),
    Stream,
}

impl Kind {
    /// The Edm name, for messages and metadata.
    pub(crate) fn edm(&self) -> &'static str {
        match self {
            Kind::Guid => "Edm.Guid",
            Kind::Text | Kind::Member(_) => "Edm.String",
            Kind::Decimal => "Edm.Decimal",
            Kind::Whole => "Edm.Int32",
            Kind::Flag => "Edm.Boolean",
            Kind::Date => "Edm.Date",
            Kind::Time => "Edm.DateTimeOffset",
            Kind::Stream => "Edm.Stream",
        }
    }

    /// The value of a field that nobody has set.
    pub(crate) fn blank(&self) -> Cell {
        match self {
            Kind::Guid => NO_ID.into(),
            Kind::Text | Kind::Stream => "".into(),
            Kind::Decimal | Kind::Whole | Kind::Flag => Cell::Int(0),
            Kind::Date => NO_DATE.into(),
            Kind::Time => NO_TIME.into(),
            Kind::Member(members) => {
                let blank = members.iter().find(|member| member.trim().is_empty()).or_else(|| members.first());
                blank.map_or_else(|| "".into(), |member| member.as_str().into())
            }
        }
    }
}

/// One property of a set.
#[derive(Debug)]
pub(crate) struct Property {
    pub name: String,
    pub kind: Kind,
    pub max_length: Option<usize>,
    pub read_only: bool,
    /// A Code field: upper-cased on the way in.
    pub code: bool,
    pub not_blank: bool,
    pub enum_type: Option<String>,
}

/// One navigation property.
#[derive(Debug)]
pub(crate) struct Navigation {
    pub name: String,
    pub many: bool,
    /// The set that it leads to.
    pub target_set: String,
    /// The property of this set that holds the target's id.
    pub via: Option<String>,
}

/// One entity set.
#[derive(Debug)]
pub(crate) struct EntitySet {
    pub name: String,
    pub api: Api,
    pub entity: String,
    pub methods: Vec<String>,
    pub key: String,
    pub required: Vec<Vec<String>>,
    pub exclusive: Vec<Vec<String>>,
    pub navigation: Vec<Navigation>,
    pub actions: Vec<String>,
    pub properties: Vec<Property>,
    pub list_needs_parent: bool,
    pub root: bool,
    /// A query object: no key, no $orderby.
    pub query: bool,
    /// What the set and one record of it are called.
    pub captions: (String, String),
    /// Where its rows are.
    pub table: Option<Table>,
    by_name: HashMap<String, usize>,
}

impl EntitySet {
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.by_name.get(name).and_then(|index| self.properties.get(*index))
    }

    pub(crate) fn navigation(&self, name: &str) -> Option<&Navigation> {
        self.navigation.iter().find(|navigation| navigation.name == name)
    }

    pub(crate) fn allows(&self, method: &str) -> bool {
        self.methods.iter().any(|allowed| allowed == method)
    }

    /// The table's English name in messages: `salesOrder` reads "Sales Order".
    pub(crate) fn caption(&self) -> String {
        let mut out = String::new();
        for character in self.entity.chars() {
            if out.is_empty() {
                out.extend(character.to_uppercase());
            } else {
                if character.is_uppercase() {
                    out.push(' ');
                }
                out.push(character);
            }
        }
        out
    }
}

/// All sets.
#[derive(Debug)]
pub(crate) struct Facts {
    pub sets: Vec<EntitySet>,
    by_name: HashMap<String, usize>,
}

impl Facts {
    /// The process's one copy of an environment with these extensions.
    pub(crate) fn load(extension: Extension) -> Result<&'static Facts, SimError> {
        let [plain, extended] = &FACTS;
        let place = match extension {
            Extension::None => plain,
            Extension::Loyalty => extended,
        };
        if let Some(facts) = place.get() {
            return Ok(facts);
        }
        let facts = read(extension)?;
        Ok(place.get_or_init(|| facts))
    }

    /// The sets of one API.
    pub(crate) fn of(&self, api: Api) -> impl Iterator<Item = &EntitySet> {
        self.sets.iter().filter(move |set| set.api == api)
    }

    pub(crate) fn set(&self, name: &str) -> Option<&EntitySet> {
        self.by_name.get(name).and_then(|index| self.sets.get(*index))
    }

    /// The set and its table, when the demo company keeps it.
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.set(name).and_then(|set| set.table.as_ref())
    }
}

/// A JSON object in the order of its text, duplicates kept.
pub(crate) struct Ordered<V>(pub Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Ordered<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Fields<V> {
            type Value = Ordered<V>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Ordered(fields))
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

#[derive(serde::Deserialize)]
struct SchemaText<'a> {
    #[serde(rename = "x-bc", borrow)]
    bc: SetText<'a>,
    #[serde(borrow)]
    properties: Ordered<PropertyText<'a>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetText<'a> {
    set: String,
    entity: String,
    kind: String,
    methods: Vec<String>,
    #[serde(default)]
    key: Vec<String>,
    #[serde(default)]
    required_one_of_each: Vec<Vec<String>>,
    #[serde(default)]
    mutually_exclusive: Vec<Vec<String>>,
    #[serde(default)]
    list_needs_parent: bool,
    #[serde(default)]
    root: bool,
    #[serde(borrow)]
    navigation: Vec<NavigationText<'a>>,
    actions: Vec<String>,
    #[serde(default)]
    caption: String,
    #[serde(default)]
    caption_singular: String,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct NavigationText<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    multiplicity: Cow<'a, str>,
    target_set: Option<String>,
    via: Option<String>,
}

#[derive(Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct PropertyText<'a> {
    max_length: Option<usize>,
    #[serde(default)]
    read_only: bool,
    #[serde(rename = "enum", default)]
    members: Vec<String>,
    #[serde(rename = "x-bc", borrow)]
    bc: TypeText<'a>,
}

#[derive(Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeText<'a> {
    #[serde(rename = "type", borrow)]
    edm: Cow<'a, str>,
    #[serde(default)]
    code: bool,
    #[serde(default)]
    not_blank: bool,
    enum_type: Option<String>,
}

fn read(extension: Extension) -> Result<Facts, SimError> {
    let mut sets = Vec::new();
    let added: Option<Ordered<PropertyText>> = match extension {
        Extension::None => None,
        Extension::Loyalty => Some(serde_json::from_str(LOYALTY_FIELDS).map_err(|error| extension_fault(&error))?),
    };
    for folder in SCHEMAS.dirs() {
        let Some(file) = folder.get_file(folder.path().join("schema.json")) else { continue };
        let fault = |reason: String| SimError::Facts { set: folder.path().display().to_string(), reason };
        let text = file.contents_utf8().ok_or_else(|| fault("not UTF-8".to_owned()))?;
        let mut schema: SchemaText = serde_json::from_str(text).map_err(|error| fault(error.to_string()))?;
        if let Some(added) = added.as_ref().filter(|_| schema.bc.set == "customers") {
            schema.properties.0.extend(added.0.iter().cloned());
        }
        sets.push(entity_set(schema, Api::Standard).map_err(fault)?);
    }
    if extension == Extension::Loyalty {
        for text in LOYALTY {
            let schema: SchemaText = serde_json::from_str(text).map_err(|error| extension_fault(&error))?;
            sets.push(entity_set(schema, Api::Loyalty).map_err(|reason| SimError::Facts { set: "loyalty".to_owned(), reason })?);
        }
    }
    // One navigation property of the companies is named by its entity, not by its set.
    let entities: HashMap<String, String> = sets.iter().map(|set: &EntitySet| (set.entity.clone(), set.name.clone())).collect();
    for navigation in sets.iter_mut().flat_map(|set| &mut set.navigation) {
        if let Some(set) = entities.get(&navigation.target_set) {
            navigation.target_set.clone_from(set);
        }
    }
    sets.sort_by(|a: &EntitySet, b| a.name.cmp(&b.name));
    let by_name = sets.iter().enumerate().map(|(index, set)| (set.name.clone(), index)).collect();
    Ok(Facts { sets, by_name })
}

fn extension_fault(error: &serde_json::Error) -> SimError {
    SimError::Facts { set: "loyalty".to_owned(), reason: error.to_string() }
}

fn entity_set(schema: SchemaText, api: Api) -> Result<EntitySet, String> {
    let bc = schema.bc;
    let properties = schema.properties.0.into_iter().map(|(name, text)| property(&bc.set, name, text)).collect::<Result<Vec<_>, _>>()?;
    let by_name = properties.iter().enumerate().map(|(index, property)| (property.name.clone(), index)).collect();
    let navigation = bc.navigation.into_iter().map(|text| Navigation {
        many: text.multiplicity == "many",
        target_set: text.target_set.unwrap_or_else(|| text.name.to_string()),
        name: text.name.into_owned(),
        via: text.via,
    });
    let table = layout::table(&bc.set, &properties);
    Ok(EntitySet {
        navigation: navigation.collect(),
        key: bc.key.into_iter().next().unwrap_or_else(|| "id".to_owned()),
        name: bc.set,
        captions: (bc.caption, bc.caption_singular),
        api,
        entity: bc.entity,
        methods: bc.methods,
        required: bc.required_one_of_each,
        exclusive: bc.mutually_exclusive,
        actions: bc.actions,
        list_needs_parent: bc.list_needs_parent,
        root: bc.root,
        query: bc.kind == "query",
        properties,
        table,
        by_name,
    })
}

fn property(set: &str, name: String, text: PropertyText) -> Result<Property, String> {
    let kind = match text.bc.edm.as_ref() {
        "Edm.Guid" => Kind::Guid,
        "Edm.String" => Kind::Text,
        "Edm.Decimal" => Kind::Decimal,
        "Edm.Int32" | "Edm.Int64" => Kind::Whole,
        "Edm.Boolean" => Kind::Flag,
        "Edm.Date" => Kind::Date,
        "Edm.DateTimeOffset" => Kind::Time,
        "Edm.Stream" => Kind::Stream,
        "enum" => Kind::Member(text.members),
        other => return Err(format!("property '{name}' has the unknown type '{other}'")),
    };
    // The facts carry what the pages declare; these are computed by the documents all the same (docs/business-central.md, section 12).
    let computed = (set.ends_with("Lines")
        && [
            "amountExcludingTax",
            "amountIncludingTax",
            "netAmount",
            "netTaxAmount",
            "netAmountIncludingTax",
            "invoiceDiscountAllocation",
            "shippedQuantity",
            "receivedQuantity",
            "invoicedQuantity",
        ]
        .contains(&name.as_str()))
        || ["fullyShipped", "fullyReceived"].contains(&name.as_str());
    Ok(Property {
        max_length: text.max_length,
        read_only: text.read_only || computed,
        code: text.bc.code,
        not_blank: text.bc.not_blank,
        enum_type: text.bc.enum_type,
        name,
        kind,
    })
}
