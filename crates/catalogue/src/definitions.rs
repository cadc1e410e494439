//! Reads `entityDefinitions`: captions of entities and properties in the person's language (docs/business-central.md, section 1).

use std::collections::HashMap;

use bca_protocol::Json;

/// Captions of an API, by the entity's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Definitions {
    by_entity: HashMap<String, Captions>,
}

/// What people call an entity and its properties.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captions {
    entity: Option<String>,
    set: Option<String>,
    properties: HashMap<String, String>,
}

impl Captions {
    /// One record: "Customer".
    #[must_use]
    pub fn entity(&self) -> Option<&str> {
        self.entity.as_deref()
    }

    /// The set: "Customers".
    #[must_use]
    pub fn set(&self) -> Option<&str> {
        self.set.as_deref()
    }

    /// A property: "Credit Limit".
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}

/// Where an entity has no captions.
static NONE: std::sync::LazyLock<Captions> = std::sync::LazyLock::new(Captions::default);

impl Definitions {
    /// Reads the answer of `entityDefinitions`. `language` is a Windows language id (1033 is English, United States) or a tag; where a
    /// caption has none in it, its first one holds. What can't be read is left out: captions are a courtesy.
    #[must_use]
    pub fn read(text: &str, language: Option<&str>) -> Self {
        let tree = Json::parse(text).unwrap_or(Json::Null);
        let Some(Json::Array(rows)) = tree.get("value") else { return Self::default() };
        let by_entity = rows.iter().filter_map(|row| Some((row.get("entityName")?.as_str()?.to_owned(), captions(row, language)))).collect();
        Self { by_entity }
    }

    /// The captions of an entity.
    #[must_use]
    pub fn of(&self, entity: &str) -> &Captions {
        self.by_entity.get(entity).unwrap_or(&NONE)
    }

    /// Whether there are none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_entity.is_empty()
    }
}

fn captions(row: &Json, language: Option<&str>) -> Captions {
    let properties = match row.get("properties") {
        Some(Json::Array(properties)) => {
            properties.iter().filter_map(|p| Some((p.get("name")?.as_str()?.to_owned(), caption(p, &["captions", "caption"], language)?))).collect()
        }
        _ => HashMap::new(),
    };
    Captions {
        entity: caption(row, &["entityCaptions", "entityCaption"], language),
        set: caption(row, &["entitySetCaptions", "entitySetCaption"], language),
        properties,
    }
}

/// The caption under the first of these names: a text, or a list of `{languageCode, caption}`.
fn caption(row: &Json, names: &[&str], language: Option<&str>) -> Option<String> {
    let found = names.iter().find_map(|name| row.get(name))?;
    let text = match found {
        Json::String(text) => Some(text.as_str()),
        Json::Array(all) => {
            let code = |entry: &Json| entry.get("languageCode").and_then(Json::display);
            let wanted = all.iter().find(|entry| language.is_some() && code(entry).as_deref() == language);
            wanted.or_else(|| all.first()).and_then(|entry| entry.get("caption")).and_then(Json::as_str)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => None,
    };
    text.map(str::trim).filter(|text| !text.is_empty() && text.chars().count() <= 250).map(str::to_owned)
}
