//! Literals of a filter, checked against the property that they are compared with.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::data::facts::{EntitySet, Kind, Property};
use crate::data::value::{decode_member, stored_time};
use crate::error::{Answer, ApiError};

/// A literal of the right type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    /// Strings, GUIDs, dates, times and members in their stored form.
    Text(String),
    /// Any number; compared exactly, even when the field could not hold it.
    Number(Decimal),
    Flag(bool),
}

/// A literal as it stood in the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RawLiteral {
    Quoted(String),
    Bare(String),
}

impl RawLiteral {
    fn edm(&self) -> &'static str {
        match self {
            RawLiteral::Quoted(_) => "Edm.String",
            RawLiteral::Bare(word) if Uuid::try_parse(word).is_ok() => "Edm.Guid",
            RawLiteral::Bare(word) if word.parse::<Date>().is_ok() && word.len() == 10 => "Edm.Date",
            RawLiteral::Bare(word) if word.parse::<Timestamp>().is_ok() => "Edm.DateTimeOffset",
            RawLiteral::Bare(word) if word == "true" || word == "false" => "Edm.Boolean",
            RawLiteral::Bare(word) if word.parse::<i32>().is_ok() => "Edm.Int32",
            RawLiteral::Bare(_) => "Edm.Decimal",
        }
    }
}

/// Reads a number, also with an exponent.
pub(crate) fn number(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// Whether a bare word can be a literal at all.
pub(crate) fn is_literal(word: &str) -> bool {
    matches!(word, "true" | "false" | "null") || RawLiteral::Bare(word.to_owned()).edm() != "Edm.Decimal" || number(word).is_some()
}

/// The literal in the form that the property's column holds.
pub(crate) fn bind(raw: &RawLiteral, property: &Property, set: &EntitySet, operator: &str) -> Answer<Literal> {
    let mismatch = || {
        ApiError::bad_request(format!(
            "A binary operator with incompatible types was detected. Found operand types '{}' and '{}' for operator kind '{operator}'.",
            property.kind.edm(),
            raw.edm(),
        ))
    };
    match (raw, &property.kind) {
        (RawLiteral::Bare(word), kind) if word == "null" => Ok(blank(kind)),
        (RawLiteral::Quoted(text), Kind::Text) => string(text, property),
        (RawLiteral::Quoted(text), Kind::Member(members)) => member(text, members, property, set),
        (RawLiteral::Bare(word), Kind::Guid) => Uuid::try_parse(word).map(|id| Literal::Text(id.hyphenated().to_string())).map_err(|_| mismatch()),
        (RawLiteral::Bare(word), Kind::Decimal | Kind::Whole) => number(word).map(Literal::Number).ok_or_else(mismatch),
        (RawLiteral::Bare(word), Kind::Flag) => match word.as_str() {
            "true" => Ok(Literal::Flag(true)),
            "false" => Ok(Literal::Flag(false)),
            _ => Err(mismatch()),
        },
        (RawLiteral::Bare(word), Kind::Date) if word.len() == 10 => word.parse::<Date>().map(|date| Literal::Text(date.to_string())).map_err(|_| mismatch()),
        (RawLiteral::Bare(word), Kind::Time) => word.parse::<Timestamp>().map(|at| Literal::Text(stored_time(at))).map_err(|_| mismatch()),
        (_, _) => Err(mismatch()),
    }
}

/// `null` stands for the blank value: fields of Business Central are never null.
fn blank(kind: &Kind) -> Literal {
    match (kind, kind.blank()) {
        (Kind::Flag, _) => Literal::Flag(false),
        (_, crate::data::value::Cell::Text(text)) => Literal::Text(text),
        (_, crate::data::value::Cell::Int(_)) => Literal::Number(Decimal::ZERO),
    }
}

fn string(text: &str, property: &Property) -> Answer<Literal> {
    if let Some(longest) = property.max_length
        && text.chars().count() > longest
    {
        return Err(ApiError::new(
            400,
            "Application_FilterErrorException",
            format!(
                "The filter is not valid for the field '{}': its value is {} characters long, and the field holds {longest}.",
                property.name,
                text.chars().count()
            ),
        ));
    }
    Ok(Literal::Text(if property.code { text.to_uppercase() } else { text.to_owned() }))
}

fn member(text: &str, members: &[String], property: &Property, set: &EntitySet) -> Answer<Literal> {
    let decoded = decode_member(text);
    let found = members.iter().find(|member| **member == decoded || member.trim_end() == decoded && !decoded.is_empty());
    match found {
        Some(member) => Ok(Literal::Text(member.clone())),
        None if decoded.is_empty() && members.iter().any(|member| member == " ") => Ok(Literal::Text(" ".to_owned())),
        None => Err(ApiError::new(
            400,
            "Unknown",
            format!("The value '{text}' is not a member of the enumeration of '{}' on type 'Microsoft.NAV.{}'.", property.name, set.entity),
        )),
    }
}
