//! Holds a filter against the entity that it is for.

use bca_catalogue::{Entity, Property, PropertyKind, decode_member, encode_member};

use super::{
    Case, Comparison, Filter, Literal, Truth,
    lex::{is_date, is_number, is_point_in_time, shortened},
};
use crate::{
    path::{EMPTY_DATE, EMPTY_ID, is_guid},
    suggest::nearest,
};

/// The filter with its values in the form that the properties take.
pub(super) fn check(filter: Filter, entity: &Entity) -> Result<Filter, String> {
    match filter {
        Filter::Compare { mut subject, operator, value } => {
            let property = find(entity, &subject.property)?;
            subject.property = property.name.clone();
            fits_case(property, subject.case)?;
            let ordered = !matches!(operator, Comparison::Equal | Comparison::NotEqual);
            match property.kind {
                PropertyKind::Boolean | PropertyKind::Enum(_) | PropertyKind::Guid if ordered => {
                    return Err(format!("{} can be equal or not (eq, ne), but not greater or less.", property.name));
                }
                _ => {}
            }
            let value = converted(property, value)?;
            Ok(Filter::Compare { subject, operator, value })
        }
        Filter::In { mut subject, values } => {
            let property = find(entity, &subject.property)?;
            subject.property = property.name.clone();
            fits_case(property, subject.case)?;
            let values = values.into_iter().map(|value| converted(property, value)).collect::<Result<_, _>>()?;
            Ok(Filter::In { subject, values })
        }
        Filter::Text { test, mut subject, part } => {
            let property = find(entity, &subject.property)?;
            subject.property = property.name.clone();
            match property.kind {
                PropertyKind::String | PropertyKind::Code => Ok(Filter::Text { test, subject, part }),
                _ => Err(format!(
                    "{} is no text ({}), so {} does not work on it. Compare it with eq, gt or lt.",
                    property.name,
                    property.kind.word(),
                    test.word()
                )),
            }
        }
        Filter::And(parts) => parts.into_iter().map(|part| check(part, entity)).collect::<Result<_, _>>().map(Filter::And),
        Filter::Or(parts) => parts.into_iter().map(|part| check(part, entity)).collect::<Result<_, _>>().map(Filter::Or),
    }
}

/// The property of this name; other capitals are forgiven.
pub(crate) fn find<'a>(entity: &'a Entity, name: &str) -> Result<&'a Property, String> {
    let exact = entity.property(name);
    if let Some(property) = exact.or_else(|| entity.properties.iter().find(|p| p.name.eq_ignore_ascii_case(name))) {
        return match property.kind {
            PropertyKind::Stream => Err(format!("{} is a file and cannot be filtered, sorted or listed.", property.name)),
            _ => Ok(property),
        };
    }
    let shown = shortened(name);
    let near = nearest(name, entity.properties.iter().map(|p| p.name.as_str()));
    Err(match near {
        Some(near) => format!("{} has no property {shown}. Did you mean {near}?", entity.set),
        None => format!("{} has no property {shown}. bc_get_schema lists those that there are.", entity.set),
    })
}

fn fits_case(property: &Property, case: Case) -> Result<(), String> {
    match (case, &property.kind) {
        (Case::Kept, _) | (_, PropertyKind::String | PropertyKind::Code) => Ok(()),
        _ => Err(format!("{} is no text ({}), so tolower and toupper do not work on it.", property.name, property.kind.word())),
    }
}

/// The value as the property's type is written. Quotes too many or too few are mended where only one thing can be meant.
fn converted(property: &Property, value: Literal) -> Result<Literal, String> {
    let wrong = |wanted: &str, value: &Literal| Err(format!("{} takes {wanted}, not {}.", property.name, shortened(&value.to_string())));
    match (&property.kind, value) {
        (PropertyKind::String | PropertyKind::Code, value) => text(property, value),
        (PropertyKind::Enum(members), value) => member(property, members, value),
        (PropertyKind::Guid, value) => match value {
            Literal::Guid(id) => Ok(Literal::Guid(id)),
            Literal::Null => Ok(Literal::Guid(EMPTY_ID.into())),
            Literal::Text(text) if text.is_empty() => Ok(Literal::Guid(EMPTY_ID.into())),
            Literal::Text(text) if is_guid(text.trim_matches(['{', '}', ' '])) => Ok(Literal::Guid(text.trim_matches(['{', '}', ' ']).to_ascii_lowercase())),
            other => wrong("an id like 5d115c9c-44e3-ea11-bb43-000d3a2feca1", &other),
        },
        (PropertyKind::Date, value) => match value {
            Literal::Date(date) => Ok(Literal::Date(date)),
            Literal::Null => Ok(Literal::Date(EMPTY_DATE.into())),
            Literal::Text(text) if is_date(&text) => Ok(Literal::Date(text)),
            Literal::Text(text) | Literal::DateTime(text) if is_midnight(&text) => Ok(Literal::Date(text.get(..10).unwrap_or(EMPTY_DATE).to_owned())),
            other => wrong("a date like 2026-01-31", &other),
        },
        (PropertyKind::DateTime, value) => match value {
            Literal::DateTime(at) => Ok(Literal::DateTime(at)),
            Literal::Null => Ok(Literal::DateTime(format!("{EMPTY_DATE}T00:00:00Z"))),
            Literal::Text(text) if is_point_in_time(&text) => Ok(Literal::DateTime(text)),
            Literal::Date(date) => Ok(Literal::DateTime(format!("{date}T00:00:00Z"))),
            Literal::Text(text) if is_date(&text) => Ok(Literal::DateTime(format!("{text}T00:00:00Z"))),
            other => wrong("a point in time like 2026-01-31T08:00:00Z", &other),
        },
        (PropertyKind::Decimal, value) => match value {
            Literal::Number(number) => Ok(Literal::Number(number)),
            Literal::Text(text) if is_number(&text) => Ok(Literal::Number(text)),
            other => wrong("a number without quotes", &other),
        },
        (PropertyKind::Integer, value) => match value {
            Literal::Number(number) if !number.contains('.') => Ok(Literal::Number(number)),
            Literal::Text(text) if is_number(&text) && !text.contains('.') => Ok(Literal::Number(text)),
            other => wrong("a whole number without quotes", &other),
        },
        (PropertyKind::Boolean, value) => match value {
            Literal::Boolean(truth) => Ok(Literal::Boolean(truth)),
            Literal::Text(text) if text.eq_ignore_ascii_case("true") => Ok(Literal::Boolean(Truth::True)),
            Literal::Text(text) if text.eq_ignore_ascii_case("false") => Ok(Literal::Boolean(Truth::False)),
            other => wrong("true or false", &other),
        },
        (PropertyKind::Stream, other) => wrong("no filter", &other),
    }
}

fn is_midnight(text: &str) -> bool {
    is_point_in_time(text) && text.get(10..).is_some_and(|time| matches!(time, "T00:00:00Z" | "T00:00:00.000Z"))
}

/// Text. A number without quotes where a text is wanted is the number of a record: 10000 is '10000'.
fn text(property: &Property, value: Literal) -> Result<Literal, String> {
    let text = match value {
        Literal::Text(text) | Literal::Number(text) | Literal::Guid(text) | Literal::Date(text) | Literal::DateTime(text) => text,
        Literal::Null => String::new(),
        Literal::Boolean(_) => return Err(format!("{} takes text in single quotes, not true or false.", property.name)),
    };
    if let Some(most) = property.max_length
        && text.encode_utf16().count() > most
    {
        return Err(format!("{} holds at most {most} characters, so no row can have \"{}\".", property.name, shortened(&text)));
    }
    Ok(Literal::Text(text))
}

/// A member of an enumeration, plain or encoded, in any capitals; written encoded.
fn member(property: &Property, members: &[String], value: Literal) -> Result<Literal, String> {
    let given = match value {
        Literal::Text(text) => decode_member(&text),
        Literal::Null => " ".to_owned(),
        other => return Err(format!("{} takes one of its values in single quotes, not {}.", property.name, shortened(&other.to_string()))),
    };
    let plain = |text: &str| text.trim_end().to_lowercase();
    let found = members.iter().find(|m| **m == given).or_else(|| members.iter().find(|m| plain(m) == plain(&given)));
    if let Some(member) = found {
        return Ok(Literal::Text(encode_member(member)));
    }
    let all: Vec<String> = members.iter().map(|m| format!("'{m}'")).collect();
    Err(format!("{} has no value '{}'. It takes {}.", property.name, shortened(&given), all.join(", ")))
}
