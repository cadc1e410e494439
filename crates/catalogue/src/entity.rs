//! The shape of one entity set, as Business Central's standard API v2.0 publishes it.

use crate::text;

/// One entity set, such as `customers`, and everything known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// Name in addresses: `customers`, `salesInvoices`, `countriesRegions`.
    pub set: String,
    /// Name of one record in metadata: `customer`, `salesInvoice`, `countryRegion`.
    pub name: String,
    /// What people call the set: "Sales invoices".
    pub title: String,
    /// What people call one record: "sales invoice".
    pub singular: String,
    /// What the set holds and when to use it, in a bookkeeper's words.
    pub description: String,
    /// Page, query or platform entity.
    pub kind: EntityKind,
    /// Whether it lives at the API root or under a company.
    pub place: Place,
    /// First release that has it: `28` or `28-approvals`.
    pub since: String,
    /// What may be done with the flat set.
    pub methods: Vec<Method>,
    /// Names of the key properties, usually `id`; empty for queries.
    pub key: Vec<String>,
    /// On create, at least one property of each group must be given.
    pub required: Vec<Vec<String>>,
    /// At most one property of each group may be given.
    pub exclusive: Vec<Vec<String>>,
    /// A flat list without the parent (or a filter on it) is an error.
    pub list_needs_parent: bool,
    /// Rows are computed when asked, not stored.
    pub computed_rows: bool,
    /// All properties, in the order of the API.
    pub properties: Vec<Property>,
    /// All navigation properties, in the order of the API.
    pub navigation: Vec<Navigation>,
    /// Bound actions: `post`, `makeOrder`.
    pub actions: Vec<Action>,
    /// The sets that contain records of this set as children.
    pub parents: Vec<Parent>,
    /// The one or two properties that name a record to a person: a number or code, and a name.
    pub label: Vec<String>,
    /// The columns that matter in a list when nobody chose any.
    pub summary: Vec<String>,
}

impl Entity {
    /// The property of exactly this name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|p| p.name == name)
    }

    /// The navigation property of this name. Business Central's pages are not consistent between
    /// the entity's and the set's name, so `paymentTerm` finds `paymentTerms` and the other way.
    pub fn navigation(&self, name: &str) -> Option<&Navigation> {
        self.navigation.iter().find(|n| n.name == name).or_else(|| self.navigation.iter().find(|n| n.target_set == name || n.target == name))
    }

    /// Whether the flat set takes this method.
    pub fn allows(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }

    /// The bound action of this name, in any writing: `shipAndInvoice`, "ship and invoice".
    pub fn action(&self, name: &str) -> Option<&Action> {
        let wanted = text::squash(name);
        self.actions.iter().find(|a| text::squash(&a.name) == wanted)
    }

    /// One record with its article: "a customer", "an item".
    pub fn one(&self) -> String {
        let article = match self.singular.chars().next() {
            Some('a' | 'e' | 'i' | 'o' | 'A' | 'E' | 'I' | 'O') => "an",
            _ => "a",
        };
        format!("{article} {}", self.singular)
    }

    /// Number of endpoints: one per method of the flat set, one more for reading a single record
    /// where there is a key to read it by, and one per action.
    pub fn endpoints(&self) -> usize {
        let by_key = usize::from(self.allows(Method::Get) && !self.key.is_empty());
        self.methods.len() + by_key + self.actions.len()
    }
}

/// What stands behind a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityKind {
    /// An API page over one table.
    Page,
    /// An API query: GET list only, no key, filter columns that rows do not show.
    Query,
    /// Served by the platform itself: companies, webhook subscriptions.
    Platform,
}

/// Where a set stands in the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the API root.
    Root,
    /// Under `companies({id})/`.
    Company,
}

/// An HTTP method that a set takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Read.
    Get,
    /// Create.
    Post,
    /// Change.
    Patch,
    /// Delete.
    Delete,
}

impl Method {
    /// As it stands on the wire: `GET`.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// A bound action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Name in the address, without `Microsoft.NAV.`: `makeOrder`.
    pub name: String,
    /// What it does, in a bookkeeper's words.
    pub description: String,
}

/// One property of an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// Name on the wire: `paymentTermsId`.
    pub name: String,
    /// What people call it: "Payment terms".
    pub caption: String,
    /// What it means to a bookkeeper.
    pub description: String,
    /// Kind of value.
    pub kind: PropertyKind,
    /// Type in metadata: `Edm.Int32`; `enum` for enumerations.
    pub edm_type: String,
    /// Business Central's own type where it is narrower: `DateFormula`, `Duration`, `Time`.
    pub al_type: Option<String>,
    /// Longest value, in UTF-16 code units, as Business Central counts.
    pub max_length: Option<usize>,
    /// Smallest value, as decimal text.
    pub minimum: Option<String>,
    /// Largest value, as decimal text.
    pub maximum: Option<String>,
    /// Values of a plain text property that takes only these.
    pub options: Vec<String>,
    /// Part of the key.
    pub key: bool,
    /// Sending it is refused or ignored.
    pub read_only: bool,
    /// Filled by logic or calculated from other tables, not a stored field.
    pub computed: bool,
    /// May not be blank.
    pub not_blank: bool,
    /// Usable in a filter, absent from rows.
    pub filter_only: bool,
    /// The set that its value points into, for references by id.
    pub relation: Option<Relation>,
}

/// Kind of value of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyKind {
    /// Text.
    String,
    /// Upper-cased text without trailing blanks: numbers and codes.
    Code,
    /// Identifier; all zeros means empty.
    Guid,
    /// `yyyy-MM-dd`; `0001-01-01` means empty.
    Date,
    /// ISO 8601 in UTC; `0001-01-01T00:00:00Z` means empty.
    DateTime,
    /// Exact decimal: amounts, prices, quantities, percentages.
    Decimal,
    /// Whole number.
    Integer,
    /// true or false.
    Boolean,
    /// One of these members, in plain spelling (a blank member is `" "`).
    Enum(Vec<String>),
    /// Bytes, read and written at an address of their own.
    Stream,
}

impl PropertyKind {
    /// A word for the kind, for tools and messages.
    pub fn word(&self) -> &'static str {
        match self {
            PropertyKind::String => "text",
            PropertyKind::Code => "code",
            PropertyKind::Guid => "guid",
            PropertyKind::Date => "date",
            PropertyKind::DateTime => "datetime",
            PropertyKind::Decimal => "decimal",
            PropertyKind::Integer => "integer",
            PropertyKind::Boolean => "boolean",
            PropertyKind::Enum(_) => "enum",
            PropertyKind::Stream => "stream",
        }
    }
}

/// A reference by id to a record of another set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The set that it points into: `paymentTerms`.
    pub set: String,
    /// The navigation property to expand for it, where there is one: `paymentTerm`.
    pub navigation: Option<String>,
}

/// A navigation property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Navigation {
    /// Name on the wire: `salesOrderLines`, `customer`.
    pub name: String,
    /// Set that it leads to.
    pub target_set: String,
    /// Entity that it leads to.
    pub target: String,
    /// One record or many.
    pub multiplicity: Multiplicity,
    /// Owned child or reference.
    pub kind: NavigationKind,
    /// The property that holds the reference, where it is told.
    pub via: Option<String>,
    /// What may be done under the parent.
    pub methods: Vec<Method>,
}

/// How many records a navigation property leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplicity {
    /// One record or none.
    ZeroOrOne,
    /// Any number of records.
    Many,
}

/// What a navigation property means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NavigationKind {
    /// Records owned by the parent; may be nested in a create.
    Child,
    /// A link to a master record or back to the parent.
    Reference,
    /// A company's set.
    Company,
}

/// A set that contains records of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// The containing set: `salesOrders`.
    pub set: String,
    /// The navigation property of the container: `salesOrderLines`.
    pub navigation: String,
}
