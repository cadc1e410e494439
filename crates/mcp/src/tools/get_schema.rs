//! `bc_get_schema`: what Business Central has, by name or by search. Needs no connection.

use bca_catalogue::{Catalogue, Entity, Operation, Property, PropertyKind};
use bca_protocol::Json;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::answer::{Answer, number, object, sparse, text, texts};

pub(super) const DESCRIPTION: &str =
    "Describes an entity set (its properties, children, actions), or finds sets by everyday words. Use it when unsure of a name.";

/// Sets with more properties than this show only what matters, unless all are asked for.
const BRIEF_FROM: usize = 40;

/// Give `entity` or `search`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Entity set, for example `customers`.
    entity: Option<String>,
    /// Words, for example `unpaid supplier bills`.
    search: Option<String>,
    /// Properties to describe, where not all matter.
    #[serde(default)]
    properties: Vec<String>,
    /// `all` describes every property of a large set.
    detail: Option<Detail>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Detail {
    /// What matters most.
    Brief,
    /// Everything.
    All,
}

pub(crate) fn run(input: &Input) -> Answer {
    match (&input.entity, &input.search) {
        (Some(entity), _) => describe(entity, input),
        (None, Some(words)) => search(words),
        (None, None) => Answer::error("invalid_input", "Give `entity` or `search`."),
    }
}

fn search(words: &str) -> Answer {
    let matches = Catalogue::get().search(words, 5).into_iter().map(|found| {
        let permille = found.score.permille();
        object([
            ("entity", text(&found.entity.set)),
            ("title", text(&found.entity.title)),
            ("description", text(&found.entity.description)),
            ("score", number(format!("{}.{:03}", permille / 1000, permille % 1000))),
        ])
    });
    Answer::ok(object([("matches", Json::Array(matches.collect()))]))
}

fn describe(name: &str, input: &Input) -> Answer {
    let catalogue = Catalogue::get();
    let Some(entity) = catalogue.find(name) else { return super::unknown_entity(name) };
    let chosen: Vec<&Property> = match (&input.properties[..], input.detail) {
        ([], Some(Detail::All)) => entity.properties.iter().collect(),
        ([], None | Some(Detail::Brief)) if entity.properties.len() <= BRIEF_FROM => entity.properties.iter().collect(),
        ([], None | Some(Detail::Brief)) => entity.properties.iter().filter(|p| matters(entity, p)).collect(),
        (names, _) => entity.properties.iter().filter(|p| names.contains(&p.name)).collect(),
    };
    let left_out: Vec<&str> = entity.properties.iter().filter(|p| !chosen.iter().any(|c| c.name == p.name)).map(|p| p.name.as_str()).collect();
    let json = sparse([
        ("entity", Some(text(&entity.set))),
        ("title", Some(text(&entity.title))),
        ("description", Some(text(&entity.description))),
        ("methods", Some(texts(entity.methods.iter().map(|m| m.as_str())))),
        ("required", Some(Json::Array(entity.required.iter().map(|group| texts(group.iter().map(String::as_str))).collect()))),
        ("properties", Some(Json::Array(chosen.iter().map(|p| property(p)).collect()))),
        ("more_properties", (!left_out.is_empty()).then(|| text(left_out.join(" ")))),
        ("navigation", Some(Json::Array(entity.navigation.iter().map(navigation).collect()))),
        ("actions", Some(Json::Array(entity.actions.iter().map(|a| action(entity, a)).collect()))),
        ("note", catalogue.lacks(&entity.set).then(|| text("This environment does not offer it."))),
        ("list_needs_parent", entity.list_needs_parent.then(|| texts(entity.parents.iter().map(|p| p.set.as_str())))),
    ]);
    Answer::ok(json)
}

/// Names, keys, what may be written and what a list shows.
fn matters(entity: &Entity, property: &Property) -> bool {
    let named = |names: &[String]| names.contains(&property.name);
    property.key || named(&entity.label) || named(&entity.summary) || entity.required.iter().any(|group| named(group)) || property.relation.is_some()
}

fn property(property: &Property) -> Json {
    let members = match &property.kind {
        PropertyKind::Enum(members) => Some(texts(members.iter().map(String::as_str))),
        PropertyKind::String if !property.options.is_empty() => Some(texts(property.options.iter().map(String::as_str))),
        _ => None,
    };
    sparse([
        ("name", Some(text(&property.name))),
        ("type", Some(text(property.kind.word()))),
        ("max_length", property.max_length.map(number)),
        ("read_only", property.read_only.then_some(Json::Bool(true))),
        ("enum", members),
        ("refers_to", property.relation.as_ref().map(|r| text(&r.set))),
        ("description", Some(text(&property.description))),
    ])
}

fn navigation(navigation: &bca_catalogue::Navigation) -> Json {
    let many = navigation.multiplicity == bca_catalogue::Multiplicity::Many;
    sparse([
        ("name", Some(text(&navigation.name))),
        ("target_set", (navigation.name != navigation.target_set).then(|| text(&navigation.target_set))),
        ("many", many.then_some(Json::Bool(true))),
    ])
}

fn action(entity: &Entity, action: &bca_catalogue::Action) -> Json {
    let effect = Catalogue::get().effect(&entity.set, &Operation::Action(action.name.clone()));
    object([("name", text(&action.name)), ("effect", text(effect.as_str())), ("description", text(&action.description))])
}
