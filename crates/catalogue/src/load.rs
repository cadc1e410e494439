//! Reads the embedded facts into [`Entity`] values.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use include_dir::{Dir, include_dir};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::caption::Captions;
use crate::entity::{Action, Entity, EntityKind, Method, Multiplicity, Navigation, NavigationKind, Parent, Place, Property, PropertyKind, Relation};

static DATA: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../mcp-data");

/// Why embedded facts could not be read. It cannot happen in a tested build: a test loads them all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file that must be there is not.
    #[error("the catalogue file {0} is missing")]
    Missing(String),
    /// A file is not JSON of the expected shape.
    #[error("the catalogue file {file} cannot be read: {source}")]
    Malformed {
        /// Path inside `mcp-data`.
        file: String,
        /// What the parser says.
        source: serde_json::Error,
    },
}

/// Parses one embedded file.
pub(crate) fn file<T: Deserialize<'static>>(path: &str) -> Result<T, LoadError> {
    let text = DATA.get_file(path).and_then(|f| f.contents_utf8()).ok_or_else(|| LoadError::Missing(path.to_owned()))?;
    serde_json::from_str(text).map_err(|source| LoadError::Malformed { file: path.to_owned(), source })
}

/// Parses every entity, in the order of the set names, and links them to each other.
pub(crate) fn entities() -> Result<Vec<Entity>, LoadError> {
    let captions: Captions = file("captions.json")?;
    let mut entities = Vec::new();
    for folder in DATA.dirs() {
        let path = format!("{}/schema.json", folder.path().display());
        let schema: Schema<'static> = file(&path)?;
        entities.push(entity(schema, &captions));
    }
    entities.sort_by(|a, b| a.set.cmp(&b.set));
    link(&mut entities);
    Ok(entities)
}

/// A JSON object as pairs, in the order of the file.
pub(crate) struct Ordered<T>(pub(crate) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Vec<(String, T)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Pairs(PhantomData)).map(Ordered)
    }
}

#[derive(Deserialize)]
struct Schema<'a> {
    description: String,
    #[serde(rename = "x-bc")]
    facts: Facts,
    #[serde(borrow)]
    properties: Ordered<RawProperty<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    set: String,
    entity: String,
    since: String,
    kind: RawKind,
    #[serde(default)]
    root: bool,
    methods: Vec<RawMethod>,
    key: Vec<String>,
    #[serde(default)]
    required_one_of_each: Vec<Vec<String>>,
    #[serde(default)]
    mutually_exclusive: Vec<Vec<String>>,
    #[serde(default)]
    list_needs_parent: bool,
    #[serde(default)]
    computed_rows: bool,
    navigation: Vec<RawNavigation>,
    actions: Vec<String>,
    #[serde(default)]
    action_descriptions: HashMap<String, String>,
    caption: Option<String>,
    caption_singular: Option<String>,
    #[serde(default)]
    label: Vec<String>,
    #[serde(default)]
    summary: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawKind {
    Page,
    Query,
    Platform,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
enum RawMethod {
    Get,
    Post,
    Patch,
    Delete,
}

impl From<RawMethod> for Method {
    fn from(raw: RawMethod) -> Self {
        match raw {
            RawMethod::Get => Method::Get,
            RawMethod::Post => Method::Post,
            RawMethod::Patch => Method::Patch,
            RawMethod::Delete => Method::Delete,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawNavigation {
    name: String,
    multiplicity: RawMultiplicity,
    target: Option<String>,
    target_set: Option<String>,
    relation: Option<RawRelation>,
    via: Option<String>,
    #[serde(default)]
    methods: Vec<RawMethod>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum RawMultiplicity {
    ZeroOrOne,
    Many,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawRelation {
    Child,
    Reference,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawProperty<'a> {
    #[serde(default)]
    description: String,
    title: Option<String>,
    #[serde(default)]
    read_only: bool,
    max_length: Option<usize>,
    #[serde(borrow)]
    minimum: Option<&'a RawValue>,
    #[serde(borrow)]
    maximum: Option<&'a RawValue>,
    #[serde(default, rename = "enum")]
    members: Vec<String>,
    #[serde(rename = "x-bc")]
    facts: PropertyFacts,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PropertyFacts {
    #[serde(rename = "type")]
    edm_type: String,
    al_type: Option<String>,
    #[serde(default)]
    code: bool,
    #[serde(default)]
    key: bool,
    #[serde(default)]
    computed: bool,
    #[serde(default)]
    flow_field: bool,
    #[serde(default)]
    not_blank: bool,
    #[serde(default)]
    filter_only: bool,
    #[serde(default)]
    aggregate: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    options: Vec<String>,
    references: Option<String>,
}

fn entity(schema: Schema<'_>, captions: &Captions) -> Entity {
    let facts = schema.facts;
    let title = facts.caption.unwrap_or_else(|| captions.of(&facts.set));
    let singular = facts.caption_singular.unwrap_or_else(|| captions.of(&facts.entity).to_lowercase());
    let mut described = facts.action_descriptions;
    let described = |name: String| Action { description: described.remove(&name).unwrap_or_default(), name };
    let actions = facts.actions.into_iter().map(described).collect();
    let navigation: Vec<Navigation> = facts.navigation.into_iter().map(navigation).collect();
    let properties = schema.properties.0.into_iter().map(|(name, raw)| property(name, raw, &navigation, captions)).collect();
    Entity {
        title,
        singular,
        set: facts.set,
        name: facts.entity,
        description: schema.description,
        kind: match facts.kind {
            RawKind::Page => EntityKind::Page,
            RawKind::Query => EntityKind::Query,
            RawKind::Platform => EntityKind::Platform,
        },
        place: if facts.root { Place::Root } else { Place::Company },
        since: facts.since,
        methods: facts.methods.into_iter().map(Method::from).collect(),
        key: facts.key,
        required: facts.required_one_of_each,
        exclusive: facts.mutually_exclusive,
        list_needs_parent: facts.list_needs_parent,
        computed_rows: facts.computed_rows,
        properties,
        navigation,
        actions,
        parents: Vec::new(),
        label: facts.label,
        summary: facts.summary,
    }
}

fn property(name: String, raw: RawProperty<'_>, navigation: &[Navigation], captions: &Captions) -> Property {
    let facts = raw.facts;
    let followed = navigation.iter().find(|n| n.via.as_deref() == Some(&name));
    let relation = followed
        .map(|n| Relation { set: n.target_set.clone(), navigation: Some(n.name.clone()) })
        .or_else(|| facts.references.clone().map(|set| Relation { set, navigation: None }));
    Property {
        caption: raw.title.unwrap_or_else(|| captions.of(&name)),
        kind: kind(&facts, raw.members),
        name,
        description: raw.description,
        edm_type: facts.edm_type,
        al_type: facts.al_type,
        max_length: raw.max_length,
        minimum: raw.minimum.map(|v| v.get().to_owned()),
        maximum: raw.maximum.map(|v| v.get().to_owned()),
        options: facts.options,
        key: facts.key,
        read_only: raw.read_only,
        computed: facts.computed || facts.flow_field || facts.aggregate.is_some(),
        not_blank: facts.not_blank,
        filter_only: facts.filter_only,
        relation,
    }
}

fn kind(facts: &PropertyFacts, members: Vec<String>) -> PropertyKind {
    match facts.edm_type.as_str() {
        "enum" => PropertyKind::Enum(members),
        "Edm.Guid" => PropertyKind::Guid,
        "Edm.Date" => PropertyKind::Date,
        "Edm.DateTimeOffset" => PropertyKind::DateTime,
        "Edm.Decimal" => PropertyKind::Decimal,
        "Edm.Int32" | "Edm.Int64" => PropertyKind::Integer,
        "Edm.Boolean" => PropertyKind::Boolean,
        "Edm.Stream" => PropertyKind::Stream,
        _ if facts.code => PropertyKind::Code,
        _ => PropertyKind::String,
    }
}

fn navigation(raw: RawNavigation) -> Navigation {
    // A company's navigation properties are its sets and are named like them.
    let target_set = raw.target_set.unwrap_or_else(|| raw.name.clone());
    Navigation {
        target: raw.target.unwrap_or_else(|| target_set.clone()),
        target_set,
        multiplicity: match raw.multiplicity {
            RawMultiplicity::ZeroOrOne => Multiplicity::ZeroOrOne,
            RawMultiplicity::Many => Multiplicity::Many,
        },
        kind: match raw.relation {
            Some(RawRelation::Child) => NavigationKind::Child,
            Some(RawRelation::Reference) => NavigationKind::Reference,
            None => NavigationKind::Company,
        },
        name: raw.name,
        via: raw.via,
        methods: raw.methods.into_iter().map(Method::from).collect(),
    }
}

/// Tells every set who contains it.
fn link(entities: &mut [Entity]) {
    let links: Vec<(String, Parent)> = entities
        .iter()
        .flat_map(|e| {
            e.navigation.iter().filter(|n| n.kind == NavigationKind::Child).map(|n| {
                let parent = Parent { set: e.set.clone(), navigation: n.name.clone() };
                (n.target_set.clone(), parent)
            })
        })
        .collect();
    for (set, parent) in links {
        if let Some(entity) = entities.iter_mut().find(|e| e.set == set) {
            entity.parents.push(parent);
        }
    }
}
