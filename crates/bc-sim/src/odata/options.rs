//! Query options of a request and of each `$expand`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::percent_decode_str;

use crate::data::facts::{EntitySet, Facts, Kind, Navigation, Property};
use crate::data::value::Cell;
use crate::error::{Answer, ApiError};
use crate::odata::filter::{self, Expr, Schema};

/// Deepest nesting of `$expand`; Microsoft documents none, a bound keeps a hostile URL cheap.
const DEEPEST_EXPAND: usize = 8;

/// What a request asks of a set.
#[derive(Clone, Debug, Default)]
pub(crate) struct QueryOptions {
    pub filter: Option<Expr>,
    pub select: Option<Vec<&'static Property>>,
    pub expand: Vec<Expand>,
    pub orderby: Vec<(&'static Property, Direction)>,
    pub top: Option<u64>,
    pub skip: Option<u64>,
    pub count: bool,
    pub after: Option<Vec<Cell>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

/// One expanded navigation property.
#[derive(Clone, Debug)]
pub(crate) struct Expand {
    pub navigation: &'static Navigation,
    pub target: &'static EntitySet,
    pub options: QueryOptions,
}

/// The query string's pairs, decoded; a plus sign is a blank, as the service reads it.
pub(crate) fn pairs(query: &str) -> Answer<Vec<(String, String)>> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().map(|text| text.into_owned()).map_err(|_| ApiError::bad_url("The query is not valid UTF-8."))
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// `$schemaversion` of a request.
pub(crate) fn schema_version(pairs: &[(String, String)]) -> Answer<Schema> {
    match pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case("$schemaversion")).map(|(_, value)| value.as_str()) {
        None | Some("2.0" | "1.0") => Ok(Schema::V20),
        Some("2.1") => Ok(Schema::V21),
        Some(other) => Err(ApiError::bad_request(format!("The schema version '{other}' is not supported."))),
    }
}

/// Reads the options that apply to a set.
pub(crate) fn read(facts: &'static Facts, set: &'static EntitySet, pairs: &[(String, String)]) -> Answer<QueryOptions> {
    let schema = schema_version(pairs)?;
    options(facts, set, pairs, schema, 0)
}

fn options(facts: &'static Facts, set: &'static EntitySet, pairs: &[(String, String)], schema: Schema, depth: usize) -> Answer<QueryOptions> {
    let mut out = QueryOptions::default();
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in pairs {
        let name = name.trim();
        if !name.starts_with('$') {
            continue;
        }
        if seen.contains(&name) {
            return Err(ApiError::bad_request(format!("Query option '{name}' was specified more than once, but it must be specified at most once.")));
        }
        seen.push(name);
        match name {
            "$filter" => out.filter = filter::parse(value, set, schema)?,
            "$select" => out.select = select(set, value)?,
            "$expand" => out.expand = expand(facts, set, value, schema, depth)?,
            "$orderby" => out.orderby = orderby(set, value)?,
            "$top" => out.top = Some(number(name, value)?),
            "$skip" => out.skip = Some(number(name, value)?),
            "$count" => {
                out.count = match value.as_str() {
                    "true" => true,
                    "false" => false,
                    other => return Err(ApiError::bad_request(format!("Invalid value '{other}' for $count query option found."))),
                }
            }
            "$skiptoken" => out.after = Some(unpack(value)?),
            "$format" | "$schemaversion" => {}
            "$search" | "$apply" | "$compute" => {
                return Err(ApiError::not_implemented(format!("The query option '{name}' is not supported.")));
            }
            other => return Err(ApiError::bad_request(format!("The query parameter '{other}' is not supported."))),
        }
    }
    Ok(out)
}

fn number(name: &str, value: &str) -> Answer<u64> {
    value
        .trim()
        .parse::<u64>()
        .ok()
        .filter(|number| i64::try_from(*number).is_ok())
        .ok_or_else(|| ApiError::bad_request(format!("{name} must be a whole number, zero or more: '{value}' is not.")))
}

fn select(set: &'static EntitySet, text: &str) -> Answer<Option<Vec<&'static Property>>> {
    let mut chosen = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if name == "*" {
            return Ok(None);
        }
        match set.property(name) {
            Some(property) => chosen.push(property),
            None if set.navigation(name).is_some() => {}
            None => return Err(ApiError::no_property(name, &set.entity)),
        }
    }
    if chosen.is_empty() { Ok(None) } else { Ok(Some(chosen)) }
}

fn orderby(set: &'static EntitySet, text: &str) -> Answer<Vec<(&'static Property, Direction)>> {
    if set.query {
        return Err(ApiError::not_implemented("Sorting a query object is not supported."));
    }
    let mut out: Vec<(&'static Property, Direction)> = Vec::new();
    for term in text.split(',') {
        let mut words = term.split_whitespace();
        let name = words.next().ok_or_else(|| ApiError::bad_request("$orderby names no property."))?;
        let direction = match words.next() {
            None | Some("asc") => Direction::Up,
            Some("desc") => Direction::Down,
            Some(other) => return Err(ApiError::bad_request(format!("Syntax error in $orderby near {other}."))),
        };
        if words.next().is_some() {
            return Err(ApiError::bad_request("Syntax error in $orderby."));
        }
        let property = set.property(name).filter(|property| property.kind != Kind::Stream).ok_or_else(|| ApiError::no_property(name, &set.entity))?;
        if !out.iter().any(|(earlier, _)| earlier.name == property.name) {
            out.push((property, direction));
        }
    }
    Ok(out)
}

fn expand(facts: &'static Facts, set: &'static EntitySet, text: &str, schema: Schema, depth: usize) -> Answer<Vec<Expand>> {
    if depth >= DEEPEST_EXPAND {
        return Err(ApiError::bad_request("The $expand is nested too deeply."));
    }
    let mut out: Vec<Expand> = Vec::new();
    for term in split(text, ',')? {
        let (name, inner) = match term.split_once('(') {
            None => (term, ""),
            Some((name, rest)) => {
                let inner = rest.trim_end().strip_suffix(')').ok_or_else(|| ApiError::bad_request("Syntax error in $expand: a parenthesis is missing."))?;
                (name, inner)
            }
        };
        let name = name.trim();
        let navigation = set.navigation(name).ok_or_else(|| ApiError::no_property(name, &set.entity))?;
        let target = facts.set(&navigation.target_set).ok_or_else(|| ApiError::no_property(name, &set.entity))?;
        if out.iter().any(|earlier| earlier.navigation.name == name) {
            return Err(ApiError::bad_request(format!("'{name}' is expanded more than once.")));
        }
        let pairs: Vec<(String, String)> = split(inner, ';')?
            .into_iter()
            .map(|option| option.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.to_owned())))
            .collect::<Option<_>>()
            .ok_or_else(|| ApiError::bad_request("Syntax error in $expand: an option has no value."))?;
        if pairs.iter().any(|(name, _)| name == "$skiptoken" || name == "$schemaversion" || !name.starts_with('$')) {
            return Err(ApiError::bad_request("Syntax error in $expand: an option is not supported there."));
        }
        let options = options(facts, target, &pairs, schema, depth + 1)?;
        out.push(Expand { navigation, target, options });
    }
    Ok(out)
}

/// Splits at a separator that stands outside of quotes and parentheses; empty parts are left out.
fn split(text: &str, separator: char) -> Answer<Vec<&str>> {
    let mut out = Vec::new();
    let (mut start, mut open, mut quoted) = (0, 0usize, false);
    for (index, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' => open += 1,
            ')' => open = open.checked_sub(1).ok_or_else(|| ApiError::bad_request("Syntax error: a parenthesis is closed twice."))?,
            _ if character == separator && open == 0 => {
                out.push(&text[start..index]);
                start = index + character.len_utf8();
            }
            _ => {}
        }
    }
    if open > 0 || quoted {
        return Err(ApiError::bad_request("Syntax error: a parenthesis or quote is not closed."));
    }
    out.push(&text[start..]);
    out.retain(|part| !part.trim().is_empty());
    Ok(out)
}

/// A `$skiptoken`: the position of the last row sent.
pub(crate) fn pack(position: &[Cell]) -> String {
    let values: Vec<serde_json::Value> = position
        .iter()
        .map(|cell| match cell {
            Cell::Text(text) => serde_json::Value::from(text.as_str()),
            Cell::Int(number) => serde_json::Value::from(*number),
        })
        .collect();
    URL_SAFE_NO_PAD.encode(serde_json::Value::from(values).to_string())
}

fn unpack(text: &str) -> Answer<Vec<Cell>> {
    let wrong = || ApiError::bad_request("The $skiptoken is not one of this service.");
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    let values: Vec<serde_json::Value> = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    values
        .into_iter()
        .map(|value| match value {
            serde_json::Value::String(text) => Some(Cell::Text(text)),
            serde_json::Value::Number(number) => number.as_i64().map(Cell::Int),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or_else(wrong)
}
