//! Reads `entityDefinitions`: captions of entities and properties in the person's language (docs/business-central.md, section 1).

use std::collections::HashMap;

use bca_protocol::Json;

use crate::{Language, language::Fit};

/// Captions of an API, by the entity's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Definitions {
    by_entity: HashMap<String, Captions>,
}

/// What people call an entity and its properties.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captions {
    entity: Option<Caption>,
    set: Option<Caption>,
    properties: HashMap<String, Caption>,
}

/// A caption, and whether it is in the language that was asked for, which is not English.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Caption {
    text: String,
    translated: bool,
}

impl Captions {
    /// One record: "Customer".
    #[must_use]
    pub fn entity(&self) -> Option<&str> {
        self.entity.as_ref().map(|caption| caption.text.as_str())
    }

    /// The set: "Customers".
    #[must_use]
    pub fn set(&self) -> Option<&str> {
        self.set.as_ref().map(|caption| caption.text.as_str())
    }

    /// A property: "Credit Limit".
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(|caption| caption.text.as_str())
    }

    /// The set, but only in the person's language and where that is not English: our own English captions say more than the API's.
    #[must_use]
    pub fn translated_set(&self) -> Option<&str> {
        translated(self.set.as_ref())
    }

    /// As [`Captions::translated_set`], of a property.
    #[must_use]
    pub fn translated_property(&self, name: &str) -> Option<&str> {
        translated(self.properties.get(name))
    }
}

fn translated(caption: Option<&Caption>) -> Option<&str> {
    caption.filter(|caption| caption.translated).map(|caption| caption.text.as_str())
}

/// Where an entity has no captions.
static NONE: std::sync::LazyLock<Captions> = std::sync::LazyLock::new(Captions::default);

impl Definitions {
    /// Reads the answer of `entityDefinitions`. Of several captions the one in the person's language holds, else one of its family, else the
    /// English one, else the first. What can't be read is left out: captions are a courtesy.
    #[must_use]
    pub fn read(text: &str, language: Option<&Language>) -> Self {
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

fn captions(row: &Json, language: Option<&Language>) -> Captions {
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
fn caption(row: &Json, names: &[&str], language: Option<&Language>) -> Option<Caption> {
    let found = names.iter().find_map(|name| row.get(name))?;
    let (text, fits) = match found {
        // One caption without a language is in the one that the request asked for.
        Json::String(text) => (text.as_str(), true),
        Json::Array(all) => {
            // Of those that fit equally well, the first.
            let wanted = all.iter().min_by_key(|entry| fit(entry, language))?;
            (wanted.get("caption")?.as_str()?, fit(wanted, language) <= Fit::Family(u32::MAX))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => return None,
    };
    let text = text.trim();
    let translated = fits && language.is_some_and(|language| !language.is_english());
    (!text.is_empty() && text.chars().count() <= 250).then(|| Caption { text: text.to_owned(), translated })
}

/// How well a caption's language fits. Where the person's is not known, English is taken for it.
fn fit(entry: &Json, language: Option<&Language>) -> Fit {
    let code = entry.get("languageCode").and_then(Json::display).unwrap_or_default();
    match language {
        Some(language) => language.fit(&code),
        None => Language::parse("en-US").map_or(Fit::Other, |english| english.fit(&code)),
    }
}
