//! What Business Central has, from the catalogue's data files: the names of sets, properties, navigations, actions.
//! The demo model knows these as any model knows an API it was trained on; it knows no record.

use std::sync::OnceLock;

use include_dir::{Dir, include_dir};

use super::json::Json;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../mcp-data");

/// One entity set.
#[derive(Debug)]
pub(crate) struct Facts {
    /// `salesOrders`
    pub(crate) set: String,
    /// `salesOrder`
    pub(crate) entity: String,
    pub(crate) properties: Vec<Property>,
    /// Name of the property that refers, and the set it refers to.
    pub(crate) references: Vec<(String, String)>,
    /// Navigation names of child collections (`salesOrderLines`).
    pub(crate) children: Vec<String>,
}

/// One property of a set.
#[derive(Debug, PartialEq)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) read_only: bool,
}

/// What a property holds, as far as reading a value from English needs it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Text,
    Number,
    Date,
    DateTime,
    Bool,
    Guid,
    /// The members of an enumeration.
    Choice(Vec<String>),
    Other,
}

/// All sets.
pub(crate) fn all() -> &'static [Facts] {
    static ALL: OnceLock<Vec<Facts>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut facts: Vec<Facts> = FILES
            .dirs()
            .filter_map(|folder| FILES.get_file(folder.path().join("schema.json")))
            .filter_map(|file| read(&Json::parse(file.contents_utf8()?)?))
            .collect();
        facts.sort_by(|left, right| left.set.cmp(&right.set));
        facts
    })
}

/// The facts of one set, by its name.
pub(crate) fn of(set: &str) -> Option<&'static Facts> {
    all().iter().find(|facts| facts.set == set)
}

impl Facts {
    /// The property of that name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Whether the set has the property.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.property(name).is_some()
    }

    /// The set of lines of a document.
    pub(crate) fn lines(&self) -> Option<&str> {
        self.children.iter().map(String::as_str).find(|name| name.ends_with("Lines") && *name != "dimensionSetLines")
    }

    /// The set that a property refers to, by id or by code.
    pub(crate) fn refers_to(&self, property: &str) -> Option<&str> {
        let by_code = match property {
            "country" => Some("countriesRegions"),
            "currencyCode" => Some("currencies"),
            "itemCategoryCode" => Some("itemCategories"),
            "baseUnitOfMeasureCode" => Some("unitsOfMeasure"),
            "salespersonCode" | "salesperson" | "purchaser" => Some("salespeoplePurchasers"),
            _ => None,
        };
        by_code.or_else(|| self.references.iter().find(|(via, _)| via == property).map(|(_, target)| target.as_str()))
    }
}

fn read(schema: &Json) -> Option<Facts> {
    let about = schema.get("x-bc")?;
    let Json::Object(properties) = schema.get("properties")? else { return None };
    let navigation = about.items_at("navigation");
    Some(Facts {
        set: about.text_at("set").to_owned(),
        entity: about.text_at("entity").to_owned(),
        properties: properties.iter().map(|(name, property)| read_property(name, property)).collect(),
        references: navigation
            .iter()
            .filter(|entry| !entry.text_at("via").is_empty())
            .map(|entry| (entry.text_at("via").to_owned(), entry.text_at("targetSet").to_owned()))
            .collect(),
        children: navigation
            .iter()
            .filter(|entry| entry.text_at("relation") == "child" && entry.text_at("multiplicity") == "many")
            .map(|entry| entry.text_at("name").to_owned())
            .collect(),
    })
}

fn read_property(name: &str, property: &Json) -> Property {
    let kind = match property.get("x-bc").map(|about| about.text_at("type")).unwrap_or_default() {
        "Edm.String" => Kind::Text,
        "Edm.Decimal" | "Edm.Int32" | "Edm.Int64" | "Edm.Double" => Kind::Number,
        "Edm.Date" => Kind::Date,
        "Edm.DateTimeOffset" => Kind::DateTime,
        "Edm.Boolean" => Kind::Bool,
        "Edm.Guid" => Kind::Guid,
        "enum" => Kind::Choice(property.items_at("enum").iter().filter_map(Json::text).map(str::to_owned).collect()),
        _ => Kind::Other,
    };
    Property { name: name.to_owned(), kind, read_only: property.get("readOnly") == Some(&Json::Bool(true)) }
}
