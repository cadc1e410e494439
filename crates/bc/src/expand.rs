//! Related records in the same answer: `$expand`.

use bca_catalogue::{Catalogue, Entity};

use crate::{
    BcError, Filter, OrderBy, filter,
    query::{order, order_text, property, unknown_navigation, unknown_set},
};

/// Deepest nesting.
const DEEPEST: usize = 4;

/// Related records in the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expand {
    /// The navigation property.
    pub navigation: String,
    /// Only these properties; empty for all.
    pub select: Vec<String>,
    /// Only these records.
    pub filter: Option<Filter>,
    /// In this order.
    pub order_by: Vec<OrderBy>,
    /// At most so many.
    pub top: Option<usize>,
    /// What is related to these.
    pub expand: Vec<Expand>,
}

impl Expand {
    /// All of it, without options.
    #[must_use]
    pub fn all(navigation: &str) -> Self {
        Self { navigation: navigation.to_owned(), ..Self::default() }
    }

    /// Reads `salesOrderLines($select=quantity;$expand=item),customer`. Options: `$select`, `$filter`, `$orderby`, `$top`, `$expand`.
    ///
    /// # Errors
    /// [`BcError::BadQuery`] with a sentence.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, BcError> {
        parse_list(text, 1)
    }
}

/// In the catalogue's spelling, filters checked.
pub(crate) fn checked_expand(catalogue: &Catalogue, entity: &Entity, expand: Expand, depth: usize) -> Result<Expand, BcError> {
    if depth > DEEPEST {
        return Err(too_deep());
    }
    let navigation = entity.navigation(&expand.navigation).ok_or_else(|| unknown_navigation(entity, &expand.navigation))?;
    let target = catalogue.find(&navigation.target_set).ok_or_else(|| unknown_set(catalogue, &navigation.target_set))?;
    let filter = expand.filter.map(|filter| filter.checked(target)).transpose()?;
    if let Some(filter) = &filter
        && filter::branches(filter).map_err(BcError::BadQuery)?.len() > 1
    {
        return Err(BcError::BadQuery(
            "Business Central cannot join different properties with \"or\" inside related records. Query those records by themselves.".into(),
        ));
    }
    Ok(Expand {
        navigation: navigation.name.clone(),
        select: expand.select.iter().map(|name| property(target, name)).collect::<Result<_, _>>()?,
        filter,
        order_by: order(target, expand.order_by)?,
        top: expand.top,
        expand: expand.expand.into_iter().map(|inner| checked_expand(catalogue, target, inner, depth + 1)).collect::<Result<_, _>>()?,
    })
}

/// `salesOrderLines($select=quantity;$expand=item),customer`
pub(crate) fn expand_text(expands: &[Expand]) -> String {
    let one = |expand: &Expand| {
        let mut options: Vec<String> = Vec::new();
        if let Some(filter) = &expand.filter {
            // Inside the parentheses "&", "#" and "+" are encoded once like everything else; ";" and ")" in a text are safe within its quotes.
            options.push(format!("$filter={filter}"));
        }
        if !expand.select.is_empty() {
            options.push(format!("$select={}", expand.select.join(",")));
        }
        if !expand.order_by.is_empty() {
            options.push(format!("$orderby={}", order_text(&expand.order_by)));
        }
        if let Some(top) = expand.top {
            options.push(format!("$top={top}"));
        }
        if !expand.expand.is_empty() {
            options.push(format!("$expand={}", expand_text(&expand.expand)));
        }
        if options.is_empty() { expand.navigation.clone() } else { format!("{}({})", expand.navigation, options.join(";")) }
    };
    expands.iter().map(one).collect::<Vec<_>>().join(",")
}

fn parse_list(text: &str, depth: usize) -> Result<Vec<Expand>, BcError> {
    if depth > DEEPEST {
        return Err(too_deep());
    }
    split(text, ',')?.into_iter().map(|part| parse_one(part, depth)).collect()
}

fn parse_one(text: &str, depth: usize) -> Result<Expand, BcError> {
    let bad = |sentence: String| BcError::BadQuery(sentence);
    let (name, options) = match text.split_once('(') {
        None => (text.trim(), None),
        Some((name, rest)) => {
            let inner = rest.trim_end().strip_suffix(')');
            (name.trim(), Some(inner.ok_or_else(|| bad("In expand a closing parenthesis is missing.".into()))?))
        }
    };
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(bad(format!(
            "\"{}\" is not the name of related records. Write expand like salesOrderLines($select=quantity),customer.",
            filter::shown(name)
        )));
    }
    let mut expand = Expand::all(name);
    for option in options.map(|inner| split(inner, ';')).transpose()?.unwrap_or_default() {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.trim();
        match key.trim().trim_start_matches('$').to_ascii_lowercase().as_str() {
            "select" => expand.select = value.split(',').map(|name| name.trim().to_owned()).collect(),
            "filter" => expand.filter = Some(Filter::parse(value)?),
            "orderby" => expand.order_by = OrderBy::parse_list(value)?,
            "top" => expand.top = Some(value.parse().map_err(|_| bad("In expand, $top takes a whole number.".into()))?),
            "expand" => expand.expand = parse_list(value, depth + 1)?,
            other => {
                return Err(bad(format!(
                    "In expand, {} is not supported. There are $select, $filter, $orderby, $top and $expand, with ; between them.",
                    filter::shown(other)
                )));
            }
        }
    }
    Ok(expand)
}

/// Splits where the separator stands outside parentheses and quotes.
fn split(text: &str, separator: char) -> Result<Vec<&str>, BcError> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or_else(|| BcError::BadQuery("In expand there is a closing parenthesis too many.".into()))?,
            c if c == separator && depth == 0 => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    if depth > 0 || quoted {
        return Err(BcError::BadQuery("In expand a closing parenthesis or quote is missing.".into()));
    }
    parts.push(text.get(start..).unwrap_or_default());
    Ok(parts)
}

fn too_deep() -> BcError {
    BcError::BadQuery("The related records are nested too deeply. Ask in several steps.".into())
}

#[cfg(test)]
#[path = "expand_tests.rs"]
mod tests;
