//! What is asked of a set, typed; compiled to the options of Business Central (docs/business-central.md, section 4).

use bca_catalogue::{Catalogue, Entity, EntityKind, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    BcError, Expand, Filter, Freshness, SetPath,
    expand::{checked_expand, expand_text},
    filter,
    suggest::nearest,
};

/// Left as it is in an option's value; everything else is `%XX`, blanks are `%20`.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b'$')
    .remove(b'=')
    .remove(b';')
    .remove(b':');

/// Longest address; what is beyond is refused by servers and proxies in many ways.
const LONGEST_ADDRESS: usize = 8_000;

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Small to large.
    #[default]
    Ascending,
    /// Large to small.
    Descending,
}

/// One key of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy {
    /// The property.
    pub property: String,
    /// Which way.
    pub direction: Direction,
}

impl OrderBy {
    /// Reads `displayName, balanceDue desc`.
    ///
    /// # Errors
    /// [`BcError::BadQuery`] where a part is not a property with at most `asc` or `desc`.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, BcError> {
        text.split(',')
            .map(|part| {
                let words: Vec<&str> = part.split_whitespace().collect();
                match words.as_slice() {
                    [property] => Ok(Self { property: (*property).to_owned(), direction: Direction::Ascending }),
                    [property, way] if way.eq_ignore_ascii_case("asc") => Ok(Self { property: (*property).to_owned(), direction: Direction::Ascending }),
                    [property, way] if way.eq_ignore_ascii_case("desc") => Ok(Self { property: (*property).to_owned(), direction: Direction::Descending }),
                    _ => Err(BcError::BadQuery("The order is a list of properties, each with asc or desc: balanceDue desc, displayName.".into())),
                }
            })
            .collect()
    }
}

/// Whether the number of all rows is wanted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Count {
    /// No.
    #[default]
    Unwanted,
    /// Yes (`$count=true`).
    Wanted,
}

/// A question to one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The set, or the records below one record.
    pub from: SetPath,
    /// Only rows for which this holds.
    pub filter: Option<Filter>,
    /// Only these properties; empty for all.
    pub select: Vec<String>,
    /// With these related records.
    pub expand: Vec<Expand>,
    /// In this order; empty for the set's own.
    pub order_by: Vec<OrderBy>,
    /// At most so many rows.
    pub top: Option<usize>,
    /// Without the first so many.
    pub skip: Option<usize>,
    /// Whether the number of all rows is wanted.
    pub count: Count,
    /// Which copy of the data may answer.
    pub freshness: Freshness,
    /// Rows in one page, where another number than [`crate::Limits::page_rows`] suits; the service gives at most 20,000.
    pub page_rows: Option<usize>,
}

impl Query {
    /// All rows of a set.
    #[must_use]
    pub fn of(from: SetPath) -> Self {
        Self {
            from,
            filter: None,
            select: Vec::new(),
            expand: Vec::new(),
            order_by: Vec::new(),
            top: None,
            skip: None,
            count: Count::Unwanted,
            freshness: Freshness::Replica,
            page_rows: None,
        }
    }

    /// The same with only the rows for which this holds.
    #[must_use]
    pub fn filtered(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// The query in the catalogue's spelling, its filter checked.
    pub(crate) fn checked(mut self, catalogue: &Catalogue) -> Result<Self, BcError> {
        let entity = entity_of(catalogue, &self.from)?;
        if catalogue.lacks(&entity.set) {
            return Err(BcError::BadQuery(format!("This environment has no {}: its release or its extensions do not offer it.", entity.set)));
        }
        if self.from.names().count() == 1 && !entity.allows(Method::Get) {
            return Err(BcError::BadQuery(format!("{} cannot be listed by itself; name the record that it belongs to.", entity.set)));
        }
        if self.from.names().count() == 1 && entity.list_needs_parent && self.filter.is_none() {
            let parents: Vec<&str> = entity.parents.iter().map(|parent| parent.set.as_str()).collect();
            return Err(BcError::BadQuery(match parents.as_slice() {
                [] => format!("{} can only be listed with a filter.", entity.set),
                parents => format!("{} can only be listed for one record of {}. Name that record as the parent.", entity.set, parents.join(" or ")),
            }));
        }
        self.filter = self.filter.map(|filter| filter.checked(entity)).transpose()?;
        self.select = self.select.iter().map(|name| property(entity, name)).collect::<Result<_, _>>()?;
        if !self.order_by.is_empty() && entity.kind == EntityKind::Query {
            return Err(BcError::BadQuery(format!("{} cannot be sorted by Business Central. Ask without an order.", entity.set)));
        }
        self.order_by = order(entity, self.order_by)?;
        self.expand = self.expand.into_iter().map(|expand| checked_expand(catalogue, entity, expand, 1)).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Path and options below the company, with this filter in place of its own.
    pub(crate) fn address(&self, filter: Option<&Filter>) -> Result<String, BcError> {
        let mut options: Vec<String> = Vec::new();
        let mut option = |name: &str, value: &str| options.push(format!("${name}={}", utf8_percent_encode(value, KEPT)));
        if needs_newer_schema(filter, &self.expand) {
            option("schemaversion", "2.1");
        }
        if let Some(filter) = filter {
            option("filter", &filter.to_string());
        }
        if !self.select.is_empty() {
            option("select", &self.select.join(","));
        }
        if !self.expand.is_empty() {
            option("expand", &expand_text(&self.expand));
        }
        if !self.order_by.is_empty() {
            option("orderby", &order_text(&self.order_by));
        }
        if let Some(top) = self.top {
            option("top", &top.to_string());
        }
        if let Some(skip) = self.skip.filter(|skip| *skip > 0) {
            option("skip", &skip.to_string());
        }
        match self.count {
            Count::Wanted => option("count", "true"),
            Count::Unwanted => {}
        }
        bounded(&self.from.to_string(), &options)
    }
}

/// The address, unless it is longer than servers take.
fn bounded(path: &str, options: &[String]) -> Result<String, BcError> {
    let address = if options.is_empty() { path.to_owned() } else { format!("{path}?{}", options.join("&")) };
    if address.len() > LONGEST_ADDRESS {
        return Err(BcError::BadQuery("The question is too long for Business Central. Use a shorter filter or fewer columns, or ask in several steps.".into()));
    }
    Ok(address)
}

/// Path and options of a read of one record.
pub(crate) fn record_address(catalogue: &Catalogue, path: &crate::RecordPath, select: &[String], expand: &[Expand]) -> Result<String, BcError> {
    let entity = entity_of(catalogue, path.set())?;
    let select: Vec<String> = select.iter().map(|name| property(entity, name)).collect::<Result<_, _>>()?;
    let expand: Vec<Expand> = expand.iter().map(|expand| checked_expand(catalogue, entity, expand.clone(), 1)).collect::<Result<_, _>>()?;
    let mut options = Vec::new();
    if needs_newer_schema(None, &expand) {
        options.push("$schemaversion=2.1".to_owned());
    }
    if !select.is_empty() {
        options.push(format!("$select={}", utf8_percent_encode(&select.join(","), KEPT)));
    }
    if !expand.is_empty() {
        options.push(format!("$expand={}", utf8_percent_encode(&expand_text(&expand), KEPT)));
    }
    bounded(&path.to_string(), &options)
}

/// The entity at the end of the path; every step must be in the catalogue, in its exact spelling.
pub(crate) fn entity_of<'a>(catalogue: &'a Catalogue, path: &SetPath) -> Result<&'a Entity, BcError> {
    let mut found: Option<&Entity> = None;
    for name in path.names() {
        let next = match found {
            None => {
                let entity = catalogue.find(name).filter(|entity| entity.set == name);
                entity.ok_or_else(|| unknown_set(catalogue, name))?
            }
            Some(parent) => {
                let navigation = parent.navigation.iter().find(|n| n.name == name);
                let target = navigation.and_then(|n| catalogue.find(&n.target_set));
                target.ok_or_else(|| unknown_navigation(parent, name))?
            }
        };
        found = Some(next);
    }
    found.ok_or_else(|| unknown_set(catalogue, path.name()))
}

pub(crate) fn unknown_set(catalogue: &Catalogue, name: &str) -> BcError {
    BcError::BadQuery(match catalogue.suggest(name).first() {
        Some(near) => format!("Business Central has no set {name}. Did you mean {near}?"),
        None => format!("Business Central has no set {name}."),
    })
}

pub(crate) fn unknown_navigation(entity: &Entity, name: &str) -> BcError {
    let names: Vec<&str> = entity.navigation.iter().map(|n| n.name.as_str()).collect();
    let shown = filter::shown(name);
    BcError::BadQuery(match (nearest(name, names.iter().copied()), names.is_empty()) {
        (Some(near), _) => format!("{} has no related records {shown}. Did you mean {near}?", entity.set),
        (None, true) => format!("{} has no related records.", entity.set),
        (None, false) => format!("{} has no related records {shown}. It has {}.", entity.set, names.join(", ")),
    })
}

/// The property's exact name, one that rows show.
pub(crate) fn property(entity: &Entity, name: &str) -> Result<String, BcError> {
    let found = filter::find(entity, name.trim()).map_err(BcError::BadQuery)?;
    if found.filter_only {
        return Err(BcError::BadQuery(format!("{} can only be filtered by; rows do not show it.", found.name)));
    }
    Ok(found.name.clone())
}

pub(crate) fn order(entity: &Entity, keys: Vec<OrderBy>) -> Result<Vec<OrderBy>, BcError> {
    keys.into_iter().map(|key| Ok(OrderBy { property: property(entity, &key.property)?, direction: key.direction })).collect()
}

pub(crate) fn order_text(keys: &[OrderBy]) -> String {
    let one = |key: &OrderBy| match key.direction {
        Direction::Ascending => key.property.clone(),
        Direction::Descending => format!("{} desc", key.property),
    };
    keys.iter().map(one).collect::<Vec<_>>().join(",")
}

fn needs_newer_schema(filter: Option<&Filter>, expands: &[Expand]) -> bool {
    filter.is_some_and(Filter::needs_newer_schema) || expands.iter().any(|expand| needs_newer_schema(expand.filter.as_ref(), &expand.expand))
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
