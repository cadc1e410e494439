//! Filters: parsed from the OData text that a model writes, checked against the catalogue, and written again as the part of
//! OData that Business Central supports (docs/business-central.md, section 4).

mod check;
mod lex;
mod parse;
mod split;

use std::fmt;

pub(crate) use check::find;
pub(crate) use lex::shortened as shown;
pub(crate) use split::branches;

use crate::BcError;

/// A condition on the rows of a set.
///
/// [`Filter::parse`] reads it, [`fmt::Display`] writes it in the supported form; the two are inverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// `balanceDue gt 1000`
    Compare {
        /// The property.
        subject: Subject,
        /// How.
        operator: Comparison,
        /// With what.
        value: Literal,
    },
    /// `city in ('Oslo','Bergen')`; at least one value.
    In {
        /// The property.
        subject: Subject,
        /// Any of these.
        values: Vec<Literal>,
    },
    /// `contains(tolower(displayName),'chair')`
    Text {
        /// Which part of the text.
        test: TextTest,
        /// The property.
        subject: Subject,
        /// What the part is.
        part: String,
    },
    /// All of these; at least two, none of them an `And`.
    And(Vec<Filter>),
    /// At least one of these; at least two, none of them an `Or`.
    Or(Vec<Filter>),
}

/// A property, perhaps in another case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its name.
    pub property: String,
    /// What is done to its text first.
    pub case: Case,
}

/// Case of a text before it is compared; either makes Business Central compare without regard to case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// As it is.
    Kept,
    /// `tolower`
    Lower,
    /// `toupper`
    Upper,
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

impl Comparison {
    const ALL: [(&'static str, Self); 6] =
        [("eq", Self::Equal), ("ne", Self::NotEqual), ("gt", Self::Greater), ("ge", Self::GreaterOrEqual), ("lt", Self::Less), ("le", Self::LessOrEqual)];

    const fn word(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
        }
    }

    /// What holds where this does not. Business Central has no null in a comparison: what is empty has the empty value of its type.
    const fn negated(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
        }
    }

    /// The same comparison with its sides exchanged.
    const fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
        }
    }
}

/// Functions that look at a part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextTest {
    /// `contains`
    Contains,
    /// `startswith`
    StartsWith,
    /// `endswith`
    EndsWith,
}

impl TextTest {
    const fn word(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
        }
    }
}

/// A value in a filter, by its spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `'text'`; also members of enumerations.
    Text(String),
    /// As written.
    Number(String),
    /// `true`, `false`
    Boolean(Truth),
    /// Bare.
    Guid(String),
    /// `2026-01-31`
    Date(String),
    /// `2026-01-31T00:00:00Z`
    DateTime(String),
    /// `null`; becomes the empty value of the property's type.
    Null,
}

/// A truth value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// `true`
    True,
    /// `false`
    False,
}

impl Filter {
    /// `property eq 'text'`, the filter that looks a record up by its number or code.
    #[must_use]
    pub fn equals(property: &str, text: &str) -> Self {
        let subject = Subject { property: property.to_owned(), case: Case::Kept };
        Self::Compare { subject, operator: Comparison::Equal, value: Literal::Text(text.to_owned()) }
    }

    /// Reads the text of a filter.
    ///
    /// # Errors
    /// [`BcError::BadQuery`] with a sentence that says what to write instead.
    pub fn parse(text: &str) -> Result<Self, BcError> {
        parse::parse(text).map_err(BcError::BadQuery)
    }

    /// The filter as this entity takes it: properties exist, values fit their types, slips that can mean one thing only are
    /// mended, members of enumerations are spelled as on the wire.
    ///
    /// # Errors
    /// [`BcError::BadQuery`] with a sentence.
    pub fn checked(self, entity: &bca_catalogue::Entity) -> Result<Self, BcError> {
        check::check(self, entity).map_err(BcError::BadQuery)
    }

    /// Both at once.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        join(vec![self, other], Junction::All)
    }

    /// The filter of all other rows. Business Central has no `not` (docs/business-central.md, section 4), so it is pushed inwards to the comparisons.
    pub(super) fn negated(self) -> Result<Self, String> {
        match self {
            Self::Compare { subject, operator, value } => Ok(Self::Compare { subject, operator: operator.negated(), value }),
            Self::In { subject, values } => {
                let other = |value| Self::Compare { subject: subject.clone(), operator: Comparison::NotEqual, value };
                Ok(join(values.into_iter().map(other).collect(), Junction::All))
            }
            Self::Text { test, .. } => Err(format!("\"not\" is not supported before {}. Read the rows and leave those out.", test.word())),
            Self::And(parts) => Ok(join(parts.into_iter().map(Self::negated).collect::<Result<_, _>>()?, Junction::Any)),
            Self::Or(parts) => Ok(join(parts.into_iter().map(Self::negated).collect::<Result<_, _>>()?, Junction::All)),
        }
    }

    /// Whether it needs `$schemaversion=2.1`.
    pub(crate) fn needs_newer_schema(&self) -> bool {
        match self {
            Self::Compare { .. } => false,
            Self::In { .. } => true,
            Self::Text { subject, .. } => subject.case != Case::Kept,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::needs_newer_schema),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Junction {
    All,
    Any,
}

/// One filter of several, flat: an `And` in an `And` is one `And`.
pub(crate) fn join(parts: Vec<Filter>, junction: Junction) -> Filter {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match (part, junction) {
            (Filter::And(inner), Junction::All) | (Filter::Or(inner), Junction::Any) => flat.extend(inner),
            (other, _) => flat.push(other),
        }
    }
    match (flat.pop(), flat.is_empty(), junction) {
        (Some(only), true, _) => only,
        (last, _, Junction::All) => Filter::And(flat.into_iter().chain(last).collect()),
        (last, _, Junction::Any) => Filter::Or(flat.into_iter().chain(last).collect()),
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { subject, operator, value } => write!(f, "{subject} {} {value}", operator.word()),
            Self::In { subject, values } => {
                write!(f, "{subject} in (")?;
                for (at, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if at > 0 { "," } else { "" })?;
                }
                f.write_str(")")
            }
            Self::Text { test, subject, part } => write!(f, "{}({subject},{})", test.word(), Literal::Text(part.clone())),
            Self::And(parts) => junction(f, parts, " and "),
            Self::Or(parts) => junction(f, parts, " or "),
        }
    }
}

fn junction(f: &mut fmt::Formatter<'_>, parts: &[Filter], word: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        let between = if at > 0 { word } else { "" };
        match part {
            Filter::And(_) | Filter::Or(_) => write!(f, "{between}({part})")?,
            Filter::Compare { .. } | Filter::In { .. } | Filter::Text { .. } => write!(f, "{between}{part}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.case {
            Case::Kept => f.write_str(&self.property),
            Case::Lower => write!(f, "tolower({})", self.property),
            Case::Upper => write!(f, "toupper({})", self.property),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Number(text) | Self::Guid(text) | Self::Date(text) | Self::DateTime(text) => f.write_str(text),
            Self::Boolean(Truth::True) => f.write_str("true"),
            Self::Boolean(Truth::False) => f.write_str("false"),
            Self::Null => f.write_str("null"),
        }
    }
}

#[cfg(test)]
#[path = "../filter_tests.rs"]
mod tests;
