//! The catalogue of one environment: the embedded facts, with what that environment has more and less.

use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    fmt,
    future::Future,
    pin::Pin,
    str::FromStr,
    task::{Context, Poll},
};

use crate::{
    Catalogue, LoadError,
    caption::derive,
    definitions::Definitions,
    edmx::{EdmNavigation, EdmProperty, Edmx, EntitySet, EntityType},
    entity::{Action, Entity, EntityKind, Method, Multiplicity, Navigation, NavigationKind, Parent, Place, Property, PropertyKind, Relation},
    load,
};

/// Name of a custom or third-party API: `contoso/loyalty/v1.0` (docs/business-central.md, section 1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiName {
    text: String,
}

/// A text that names no custom API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no API; write publisher/group/version, for example contoso/loyalty/v1.0")]
pub struct NotAnApi(pub String);

impl ApiName {
    /// `contoso/loyalty/v1.0`
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Splits `contoso/loyalty/v1.0/loyaltyCards…` into the API and what stands below it; nothing for a set of the standard API.
    #[must_use]
    pub fn split(path: &str) -> Option<(Self, &str)> {
        let mut slashes = path.match_indices('/').map(|(at, _)| at);
        let third = slashes.nth(2)?;
        let (name, rest) = path.split_at_checked(third)?;
        Some((name.parse().ok()?, rest.strip_prefix('/')?))
    }
}

impl fmt::Display for ApiName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ApiName {
    type Err = NotAnApi;

    fn from_str(text: &str) -> Result<Self, NotAnApi> {
        let word = |part: &str| !part.is_empty() && part.len() <= 100 && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let version = |part: &str| {
            let number = |n: &str| !n.is_empty() && n.len() <= 4 && n.bytes().all(|c| c.is_ascii_digit());
            part == "beta" || part.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(major, minor)| number(major) && number(minor))
        };
        match text.trim().trim_matches('/').split('/').collect::<Vec<_>>().as_slice() {
            [publisher, group, last] if word(publisher) && word(group) && version(last) => Ok(Self { text: format!("{publisher}/{group}/{last}") }),
            _ => Err(NotAnApi(text.chars().take(80).collect())),
        }
    }
}

/// The shape of one API of an environment.
#[derive(Debug, Clone, Default)]
pub struct ApiShape {
    /// `$metadata`.
    pub metadata: Edmx,
    /// `entityDefinitions`; empty where there are none.
    pub definitions: Definitions,
}

/// Everything that an environment says about itself.
#[derive(Debug, Clone, Default)]
pub struct TenantShape {
    /// The standard API; absent where it could not be read.
    pub standard: Option<ApiShape>,
    /// Custom and third-party APIs.
    pub custom: Vec<(ApiName, ApiShape)>,
}

/// What stands where a property has no description of ours.
const ADDED: &str = "Added in this environment.";

impl Catalogue {
    /// The embedded facts with what this environment has more (properties, navigation, sets of newer releases, custom APIs) and less.
    ///
    /// Custom sets are named with their API: `contoso/loyalty/v1.0/loyaltyCards`. What they do to the books is not known, so every write to
    /// them is destructive and can't be undone.
    ///
    /// # Errors
    /// As for [`Catalogue::load`].
    pub fn for_tenant(shape: &TenantShape) -> Result<Catalogue, LoadError> {
        let mut entities = load::entities()?;
        let mut lacking = HashSet::new();
        if let Some(standard) = &shape.standard {
            for entity in &mut entities {
                match standard.metadata.set(&entity.set).and_then(|set| Some((set, standard.metadata.type_of(set)?))) {
                    None => _ = lacking.insert(entity.set.clone()),
                    Some((set, edm_type)) => adapt(entity, set, edm_type, standard),
                }
            }
            let known: HashSet<String> = entities.iter().map(|e| e.set.clone()).collect();
            let newer: Vec<Entity> = standard
                .metadata
                .sets
                .iter()
                .filter(|set| !known.contains(&set.name) && !is_machinery(&set.name))
                .filter_map(|set| new_entity(set, standard, None))
                .collect();
            entities.extend(newer);
        }
        for (api, shape) in &shape.custom {
            // A custom API repeats the companies of the environment; they are those of the standard API.
            let own = shape.metadata.sets.iter().filter(|set| !matches!(set.name.as_str(), "companies" | "subscriptions") && !is_machinery(&set.name));
            entities.extend(own.filter_map(|set| new_entity(set, shape, Some(api))));
        }
        parents_of_new(&mut entities);
        entities.sort_by(|a, b| a.set.cmp(&b.set));
        Catalogue::assemble(entities, lacking)
    }

    /// Keeps a learned catalogue for the rest of the process, as the embedded one is kept. An environment is learned once, and again only
    /// when a person asks, so these stay few.
    #[must_use]
    pub fn keep(self) -> &'static Catalogue {
        Box::leak(Box::new(self))
    }

    /// Runs a future with this catalogue in place of the embedded one: [`Catalogue::get`] gives it to all that the future calls.
    pub fn scope<'a, T>(&'static self, inner: impl Future<Output = T> + Send + 'a) -> Scoped<'a, T> {
        Scoped { catalogue: self, inner: Box::pin(inner) }
    }

    /// Runs a function with this catalogue in place of the embedded one.
    pub fn within<T>(&'static self, function: impl FnOnce() -> T) -> T {
        let _until_done = Entered::new(self);
        function()
    }
}

thread_local! {
    static CURRENT: Cell<Option<&'static Catalogue>> = const { Cell::new(None) };
}

/// The catalogue in whose scope this thread is.
pub(crate) fn current() -> Option<&'static Catalogue> {
    CURRENT.get()
}

/// In the scope of a catalogue until dropped, also where a poll panics.
struct Entered(Option<&'static Catalogue>);

impl Entered {
    fn new(catalogue: &'static Catalogue) -> Self {
        Self(CURRENT.replace(Some(catalogue)))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// A future that runs in the scope of a catalogue.
pub struct Scoped<'a, T> {
    catalogue: &'static Catalogue,
    inner: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
}

impl<T> Future for Scoped<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        let _until_polled = Entered::new(this.catalogue);
        this.inner.as_mut().poll(context)
    }
}

/// Sets at the root of each API that describe the APIs themselves (docs/business-central.md, section 1).
fn is_machinery(set: &str) -> bool {
    matches!(set, "entityDefinitions" | "apicategoryroutes")
}

/// A set of our own facts as this environment has it.
fn adapt(entity: &mut Entity, set: &EntitySet, edm_type: &EntityType, shape: &ApiShape) {
    let offered: HashMap<&str, &EdmProperty> = edm_type.properties.iter().map(|p| (p.name.as_str(), p)).collect();
    // A type without properties is one that could not be read, not one that lost them all.
    if !offered.is_empty() {
        entity.properties.retain(|p| p.filter_only || offered.contains_key(p.name.as_str()));
        for list in [&mut entity.summary, &mut entity.label] {
            list.retain(|name| entity.properties.iter().any(|p| p.name == *name));
        }
    }
    let captions = shape.definitions.of(&edm_type.name);
    for property in &mut entity.properties {
        if let Some(caption) = captions.translated_property(&property.name) {
            property.caption = caption.to_owned();
        }
        // Enumerations are extensible: an environment may have members of its own.
        let members = offered.get(property.name.as_str()).and_then(|p| shape.metadata.enumerations.get(&p.type_name));
        if let (PropertyKind::Enum(known), Some(members)) = (&mut property.kind, members) {
            known.extend(members.iter().filter(|m| !known.contains(m)).cloned().collect::<Vec<_>>());
        }
    }
    if let Some(title) = captions.translated_set() {
        entity.title = title.to_owned();
    }
    let known: HashSet<String> = entity.properties.iter().map(|p| p.name.clone()).collect();
    let added = edm_type.properties.iter().filter(|p| !known.contains(&p.name)).filter_map(|p| new_property(p, edm_type, shape));
    entity.properties.extend(added.collect::<Vec<_>>());
    let known: HashSet<String> = entity.navigation.iter().map(|n| n.name.clone()).collect();
    let added = edm_type.navigation.iter().filter(|n| !known.contains(&n.name)).filter_map(|n| new_navigation(n, set, shape, None));
    entity.navigation.extend(added.collect::<Vec<_>>());
}

/// A set that the embedded facts do not know: of a newer release, or of a custom API.
fn new_entity(set: &EntitySet, shape: &ApiShape, api: Option<&ApiName>) -> Option<Entity> {
    let edm_type = shape.metadata.type_of(set).filter(|t| !t.properties.is_empty())?;
    let captions = shape.definitions.of(&edm_type.name);
    let properties: Vec<Property> = edm_type.properties.iter().filter_map(|p| new_property(p, edm_type, shape)).collect();
    let shown = |p: &&Property| !matches!(p.kind, PropertyKind::Stream) && !p.key;
    let label = properties.iter().filter(shown).filter(|p| matches!(p.name.as_str(), "number" | "code" | "displayName" | "name" | "description"));
    let label: Vec<String> = label.take(2).map(|p| p.name.clone()).collect();
    let summary: Vec<String> = properties.iter().filter(shown).filter(|p| p.kind != PropertyKind::Guid).take(10).map(|p| p.name.clone()).collect();
    // The newer sets of the standard API are for reading only (docs/business-central.md, section 12), unless the document says otherwise.
    let has_key = !edm_type.key.is_empty();
    let unsaid = Some(api.is_some() && has_key);
    let methods = [
        (Method::Get, Some(true)),
        (Method::Post, set.insertable.or(unsaid)),
        (Method::Patch, set.updatable.or(unsaid)),
        (Method::Delete, set.deletable.or(unsaid)),
    ];
    let actions = shape.metadata.actions.iter().filter(|a| a.on == edm_type.name);
    let origin = api.map_or_else(|| "this environment's release".to_owned(), |api| format!("the API {api}"));
    Some(Entity {
        set: qualified(&set.name, api),
        name: edm_type.name.clone(),
        title: captions.set().map_or_else(|| derive(&set.name), str::to_owned),
        singular: captions.entity().map_or_else(|| derive(&edm_type.name).to_lowercase(), str::to_lowercase),
        description: format!("Records of {origin}. BC Agent knows their shape, not what changing them does."),
        kind: if has_key { EntityKind::Page } else { EntityKind::Query },
        place: Place::Company,
        since: api.map_or_else(|| "29".to_owned(), ToString::to_string),
        methods: methods.into_iter().filter(|(_, allowed)| *allowed == Some(true)).map(|(method, _)| method).collect(),
        key: edm_type.key.clone(),
        required: Vec::new(),
        exclusive: Vec::new(),
        list_needs_parent: false,
        computed_rows: false,
        navigation: edm_type.navigation.iter().filter_map(|n| new_navigation(n, set, shape, api)).collect(),
        actions: actions
            .map(|a| Action { name: a.name.clone(), description: format!("An action of {origin}. What it does is not known to BC Agent.") })
            .collect(),
        parents: Vec::new(),
        label,
        summary,
        properties,
    })
}

/// `loyaltyCards` of a custom API as `contoso/loyalty/v1.0/loyaltyCards`.
fn qualified(set: &str, api: Option<&ApiName>) -> String {
    api.map_or_else(|| set.to_owned(), |api| format!("{api}/{set}"))
}

fn new_property(property: &EdmProperty, edm_type: &EntityType, shape: &ApiShape) -> Option<Property> {
    let kind = match property.type_name.as_str() {
        "Edm.String" | "Edm.Duration" | "Edm.TimeOfDay" => PropertyKind::String,
        "Edm.Guid" => PropertyKind::Guid,
        "Edm.Date" => PropertyKind::Date,
        "Edm.DateTimeOffset" => PropertyKind::DateTime,
        "Edm.Decimal" | "Edm.Double" | "Edm.Single" => PropertyKind::Decimal,
        "Edm.Byte" | "Edm.SByte" | "Edm.Int16" | "Edm.Int32" | "Edm.Int64" => PropertyKind::Integer,
        "Edm.Boolean" => PropertyKind::Boolean,
        "Edm.Stream" => PropertyKind::Stream,
        other => PropertyKind::Enum(shape.metadata.enumerations.get(other)?.clone()),
    };
    let key = edm_type.key.contains(&property.name);
    let via = edm_type.navigation.iter().find(|n| !n.many && n.via.as_deref() == Some(property.name.as_str()));
    let target = via.and_then(|n| shape.metadata.sets.iter().find(|s| s.type_name == n.target));
    let stamped = matches!(property.name.as_str(), "lastModifiedDateTime" | "systemCreatedAt" | "systemCreatedBy" | "systemModifiedAt" | "systemModifiedBy");
    Some(Property {
        name: property.name.clone(),
        caption: shape.definitions.of(&edm_type.name).property(&property.name).map_or_else(|| derive(&property.name), str::to_owned),
        description: ADDED.to_owned(),
        edm_type: if matches!(kind, PropertyKind::Enum(_)) { "enum".to_owned() } else { property.type_name.clone() },
        kind,
        al_type: None,
        max_length: property.max_length,
        minimum: None,
        maximum: None,
        options: Vec::new(),
        key,
        read_only: property.read_only || stamped || key,
        computed: false,
        not_blank: false,
        filter_only: property.name.ends_with("_FilterOnly"),
        relation: via.zip(target).map(|(n, set)| Relation { set: set.name.clone(), navigation: Some(n.name.clone()) }),
    })
}

fn new_navigation(navigation: &EdmNavigation, set: &EntitySet, shape: &ApiShape, api: Option<&ApiName>) -> Option<Navigation> {
    let target = shape.metadata.target_of(set, navigation)?;
    let kind = if navigation.many || navigation.via.is_none() { NavigationKind::Child } else { NavigationKind::Reference };
    Some(Navigation {
        name: navigation.name.clone(),
        target_set: qualified(&target.name, api),
        target: navigation.target.clone(),
        multiplicity: if navigation.many { Multiplicity::Many } else { Multiplicity::ZeroOrOne },
        kind,
        via: navigation.via.clone(),
        methods: match kind {
            NavigationKind::Child => vec![Method::Get, Method::Post, Method::Patch, Method::Delete],
            NavigationKind::Reference | NavigationKind::Company => vec![Method::Get],
        },
    })
}

/// Tells the sets that are children of others so, where that is not known yet.
fn parents_of_new(entities: &mut [Entity]) {
    let links: Vec<(String, Parent)> = entities
        .iter()
        .flat_map(|e| {
            let children = e.navigation.iter().filter(|n| n.kind == NavigationKind::Child);
            children.map(|n| (n.target_set.clone(), Parent { set: e.set.clone(), navigation: n.name.clone() })).collect::<Vec<_>>()
        })
        .collect();
    for (set, parent) in links {
        if let Some(entity) = entities.iter_mut().find(|e| e.set == set)
            && !entity.parents.contains(&parent)
        {
            entity.parents.push(parent);
        }
    }
}

#[cfg(test)]
#[path = "tenant_tests.rs"]
mod tests;
