//! Checks one value against its property.

use std::str::FromStr;

use bca_protocol::Json;
use jiff::civil;
use rust_decimal::Decimal;

use super::{Problem, ProblemCode, listed, shown};
use crate::entity::{Property, PropertyKind};
use crate::text;

/// Decimal places that Business Central keeps of prices and quantities.
const DECIMAL_PLACES: u32 = 5;

/// The empty id: Business Central has no null.
const NO_ID: &str = "00000000-0000-0000-0000-000000000000";

/// What is wrong with the value, if anything.
pub(super) fn check(property: &Property, given: &Json) -> Option<Problem> {
    if matches!(given, Json::Null) {
        return Some(wrong_type(property, "nothing (null)").suggest(how_to_clear(property)));
    }
    match &property.kind {
        PropertyKind::String | PropertyKind::Code => match given {
            Json::String(text) => check_text(property, text),
            other => Some(wrong_type(property, kind_of(other))),
        },
        PropertyKind::Guid => match given {
            Json::String(text) => check_guid(property, text),
            other => Some(look_up(property, wrong_type(property, kind_of(other)))),
        },
        PropertyKind::Date | PropertyKind::DateTime => match given {
            Json::String(text) => check_date(property, text),
            other => Some(wrong_type(property, kind_of(other))),
        },
        PropertyKind::Decimal | PropertyKind::Integer => match given {
            Json::Number(text) => check_number(property, text),
            Json::String(text) if parse(text).is_some() => {
                Some(wrong_type(property, "text").suggest(format!("Give it without quotation marks: {}.", shown(text))))
            }
            other => Some(wrong_type(property, kind_of(other))),
        },
        PropertyKind::Boolean => match given {
            Json::Bool(_) => None,
            other => Some(wrong_type(property, kind_of(other)).suggest("Give true or false.")),
        },
        PropertyKind::Enum(members) => match given {
            Json::String(text) => check_member(property, members, text),
            other => Some(wrong_type(property, kind_of(other))),
        },
        PropertyKind::Stream => Some(
            Problem::new(ProblemCode::WrongType, format!("{} is a file and cannot be given with other data.", property.name))
                .suggest("Leave it out; the content is uploaded by itself."),
        ),
    }
}

/// What is good to know about a value that is allowed.
pub(super) fn note(property: &Property, given: &Json) -> Option<String> {
    match (&property.kind, given) {
        (PropertyKind::Code, Json::String(text)) if *text != text.to_uppercase() => {
            Some(format!("{} is a code: it will be kept as \"{}\".", property.name, shown(&text.to_uppercase())))
        }
        _ => None,
    }
}

/// Nothing, blanks or the empty id.
pub(super) fn is_blank(given: &Json) -> bool {
    match given {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty() || text == NO_ID,
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => false,
    }
}

/// Whether the text has the form of an id: 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_guid(text: &str) -> bool {
    text.len() == NO_ID.len()
        && text.bytes().zip(NO_ID.bytes()).all(|(c, form)| match form {
            b'-' => c == b'-',
            _ => c.is_ascii_hexdigit(),
        })
}

fn kind_of(given: &Json) -> &'static str {
    match given {
        Json::Null => "nothing (null)",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

fn wrong_type(property: &Property, found: &str) -> Problem {
    let wanted = match &property.kind {
        PropertyKind::String | PropertyKind::Code => "text",
        PropertyKind::Guid => "an id",
        PropertyKind::Date => "a date such as 2026-01-31",
        PropertyKind::DateTime => "a point in time such as 2026-01-31T14:00:00Z",
        PropertyKind::Decimal => "a number",
        PropertyKind::Integer => "a whole number",
        PropertyKind::Boolean => "true or false",
        PropertyKind::Enum(_) => "one of its members, as text",
        PropertyKind::Stream => "a file",
    };
    Problem::new(ProblemCode::WrongType, format!("{} ({}) takes {wanted}, not {found}.", property.name, property.caption))
}

fn how_to_clear(property: &Property) -> String {
    match &property.kind {
        PropertyKind::String | PropertyKind::Code => "Give \"\" to clear it, or leave it out.".to_owned(),
        PropertyKind::Guid => format!("Give {NO_ID} to clear it, or leave it out."),
        PropertyKind::Date => "Give 0001-01-01 to clear it, or leave it out.".to_owned(),
        _ => "Leave it out.".to_owned(),
    }
}

fn check_text(property: &Property, text: &str) -> Option<Problem> {
    if property.not_blank && text.trim().is_empty() {
        return Some(Problem::new(ProblemCode::Blank, format!("{} ({}) cannot be blank.", property.name, property.caption)));
    }
    // Business Central counts UTF-16 code units and drops trailing blanks of codes.
    let counted = match property.kind {
        PropertyKind::Code => text.trim_end(),
        _ => text,
    };
    let length = counted.encode_utf16().count();
    if let Some(most) = property.max_length
        && length > most
    {
        return Some(
            Problem::new(ProblemCode::TooLong, format!("{} ({}) holds at most {most} characters; this has {length}.", property.name, property.caption))
                .suggest("Shorten it."),
        );
    }
    if !property.options.is_empty() {
        return check_member(property, &property.options, text);
    }
    None
}

fn check_guid(property: &Property, text: &str) -> Option<Problem> {
    if is_guid(text) {
        return (property.not_blank && text == NO_ID)
            .then(|| Problem::new(ProblemCode::Blank, format!("{} ({}) cannot be blank.", property.name, property.caption)));
    }
    let bare = text.trim_matches(['{', '}', ' ']);
    let problem = Problem::new(ProblemCode::InvalidGuid, format!("\"{}\" is not an id, which {} takes.", shown(text), property.name));
    Some(if is_guid(bare) { problem.suggest(format!("Give it as {bare}.")) } else { look_up(property, problem) })
}

/// Says where the id is found, where that is known.
fn look_up(property: &Property, problem: Problem) -> Problem {
    match &property.relation {
        Some(relation) => problem.suggest(format!("Look it up in {} and give its id.", relation.set)),
        None => problem,
    }
}

fn check_date(property: &Property, text: &str) -> Option<Problem> {
    let (fits, example) = match property.kind {
        PropertyKind::DateTime => (is_timestamp(text), "2026-01-31T14:00:00Z"),
        _ => (is_date(text), "2026-01-31"),
    };
    (!fits).then(|| {
        Problem::new(ProblemCode::InvalidDate, format!("\"{}\" is not a date that {} takes.", shown(text), property.name))
            .suggest(format!("Write it like {example}."))
    })
}

/// `yyyy-MM-dd`, and a day that the calendar has.
fn is_date(text: &str) -> bool {
    let form = text.len() == 10
        && text.bytes().enumerate().all(|(i, c)| match i {
            4 | 7 => c == b'-',
            _ => c.is_ascii_digit(),
        });
    form && civil::Date::from_str(text).is_ok_and(|date| date.year() >= 1)
}

/// A date, `T`, a time and an offset or `Z`.
fn is_timestamp(text: &str) -> bool {
    let starts_with_date = text.get(..10).is_some_and(is_date);
    let has_time = text.as_bytes().get(10) == Some(&b'T');
    // The empty point in time lies outside nothing we parse, but time zone names would be let in.
    let plain = !text.contains('[');
    starts_with_date && has_time && plain && jiff::Timestamp::from_str(text).is_ok()
}

/// The number, if it is one that can be held exactly.
fn parse(text: &str) -> Option<Decimal> {
    match text.contains(['e', 'E']) {
        true => Decimal::from_scientific(text).ok(),
        false => Decimal::from_str_exact(text).ok(),
    }
}

fn check_number(property: &Property, text: &str) -> Option<Problem> {
    let out_of_range = |message: String| Some(Problem::new(ProblemCode::OutOfRange, message));
    let Some(number) = parse(text) else {
        return out_of_range(format!("{} is too large or too long a number for {} ({}).", shown(text), property.name, property.caption));
    };
    let number = number.normalize();
    if property.kind == PropertyKind::Integer {
        if number.scale() > 0 {
            return Some(wrong_type(property, "a fraction"));
        }
        let (least, most) = match property.edm_type.as_str() {
            "Edm.Int64" => (i64::MIN, i64::MAX),
            _ => (i64::from(i32::MIN), i64::from(i32::MAX)),
        };
        if number < Decimal::from(least) || number > Decimal::from(most) {
            return out_of_range(format!("{text} is too large a number for {}.", property.name));
        }
    } else if number.scale() > DECIMAL_PLACES {
        return Some(
            Problem::new(ProblemCode::TooPrecise, format!("{} ({}) keeps at most {DECIMAL_PLACES} decimal places.", property.name, property.caption))
                .suggest(format!("Round it to {}.", number.round_dp(DECIMAL_PLACES).normalize())),
        );
    }
    let bound = |text: &Option<String>| text.as_deref().and_then(parse);
    match (bound(&property.minimum), bound(&property.maximum)) {
        (Some(least), _) if number < least => out_of_range(format!("{} ({}) cannot be less than {least}.", property.name, property.caption)),
        (_, Some(most)) if number > most => out_of_range(format!("{} ({}) cannot be more than {most}.", property.name, property.caption)),
        _ => None,
    }
}

fn check_member(property: &Property, members: &[String], text: &str) -> Option<Problem> {
    let plain = decode(text);
    if members.iter().any(|member| *member == plain || member.trim_end() == plain.trim_end()) {
        return None;
    }
    let problem = Problem::new(ProblemCode::UnknownMember, format!("{} ({}) has no value \"{}\".", property.name, property.caption, shown(text)));
    let names: Vec<&str> = members.iter().map(|m| if m.trim().is_empty() { "\" \" (blank)" } else { m.as_str() }).collect();
    let same = members.iter().find(|m| text::squash(m) == text::squash(&plain));
    Some(match (same, text::closest(&plain, members.iter().map(String::as_str)).first()) {
        (Some(same), _) if !same.trim().is_empty() => problem.suggest(format!("Write it as {same}.")),
        (_, Some(near)) if !near.trim().is_empty() => problem.suggest(format!("Did you mean {near}? It takes {}.", listed(&names, "or"))),
        _ => problem.suggest(format!("It takes {}.", listed(&names, "or"))),
    })
}

/// The plain spelling of a member: `In_x0020_Review` is `In Review`.
fn decode(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let code = from.get(2..6).filter(|_| from.as_bytes().get(6) == Some(&b'_'));
        match code.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                plain.push(c);
                rest = from.get(7..).unwrap_or("");
            }
            None => {
                plain.push_str("_x");
                rest = from.get(2..).unwrap_or("");
            }
        }
    }
    plain.push_str(rest);
    plain
}
