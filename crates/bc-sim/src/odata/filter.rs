//! `$filter`: text to a tree that knows the properties it speaks of. What Business Central does not support is refused as it
//! refuses it ("Using filter expressions in OData URIs", "Known Limitations"); any text at all gives a tree or a refusal.

use std::collections::BTreeSet;

use crate::data::facts::{EntitySet, Kind, Property};
use crate::error::{Answer, ApiError};
use crate::odata::lexer::{Token, tokens};
use crate::odata::literal::{self, Literal, RawLiteral};

/// Deepest nesting of parentheses and functions.
const DEEPEST: usize = 64;
/// Most comparisons in one filter; SQLite bounds the depth of its own expressions at 1,000.
const MOST_TESTS: usize = 800;

/// `$schemaversion`: 2.0 always, unless the request says 2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    V20,
    V21,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// The left side of a comparison.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub property: &'static Property,
    /// Under `tolower` or `toupper`: letters compare without case.
    pub folded: bool,
    /// `substring(property, start[, length])`, in characters.
    pub part: Option<(u32, Option<u32>)>,
}

/// A filter.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Compare(Subject, Compare, Literal),
    In(Subject, Vec<Literal>),
    Text(TextTest, Subject, String),
    /// A lambda: Business Central drops it without a word.
    Ignored,
}

/// Parses a filter over a set; `None` when nothing of it counts.
pub(crate) fn parse(text: &str, set: &'static EntitySet, schema: Schema) -> Answer<Option<Expr>> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(ApiError::bad_request("The filter is empty."));
    }
    let mut parser = Parser { tokens, at: 0, set, schema, depth: 0, tests: 0 };
    let expr = parser.or()?;
    if parser.at < parser.tokens.len() {
        return Err(parser.syntax());
    }
    Ok(match expr {
        Expr::Ignored => None,
        expr => Some(expr),
    })
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    set: &'static EntitySet,
    schema: Schema,
    depth: usize,
    tests: usize,
}

/// What stands on one side of an operator.
enum Side {
    Subject(Subject),
    Literal(RawLiteral),
    /// `contains(...)` and its like: a test by itself.
    Test(Expr),
}

impl Parser {
    fn syntax(&self) -> ApiError {
        let near = match self.tokens.get(self.at) {
            Some(Token::Word(word)) => word.clone(),
            Some(Token::Quoted(text)) => format!("'{text}'"),
            Some(Token::Open) => "(".to_owned(),
            Some(Token::Close) => ")".to_owned(),
            Some(Token::Comma) => ",".to_owned(),
            None => "its end".to_owned(),
        };
        ApiError::bad_request(format!("Syntax error in the filter near {near}."))
    }

    fn peek(&self, offset: usize) -> Option<&Token> {
        self.tokens.get(self.at + offset)
    }

    fn word(&self) -> Option<&str> {
        match self.peek(0) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn take(&mut self, token: &Token) -> Answer<()> {
        if self.peek(0) != Some(token) {
            return Err(self.syntax());
        }
        self.at += 1;
        Ok(())
    }

    fn deeper(&mut self) -> Answer<()> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(ApiError::bad_request("The filter is nested too deeply.")) } else { Ok(()) }
    }

    fn or(&mut self) -> Answer<Expr> {
        let mut terms = vec![self.and()?];
        while self.word() == Some("or") {
            self.at += 1;
            terms.push(self.and()?);
        }
        let mut terms = counted(terms);
        match terms.len() {
            0 => Ok(Expr::Ignored),
            1 => Ok(terms.swap_remove(0)),
            _ => {
                let mut fields = BTreeSet::new();
                terms.iter().for_each(|term| properties(term, &mut fields));
                if fields.len() > 1 {
                    return Err(ApiError::not_implemented("The OR operator is not supported on distinct fields on an OData filter."));
                }
                Ok(Expr::Or(terms))
            }
        }
    }

    fn and(&mut self) -> Answer<Expr> {
        let mut terms = vec![self.term()?];
        while self.word() == Some("and") {
            self.at += 1;
            terms.push(self.term()?);
        }
        let mut terms = counted(terms);
        Ok(match terms.len() {
            0 => Expr::Ignored,
            1 => terms.swap_remove(0),
            _ => Expr::And(terms),
        })
    }

    fn term(&mut self) -> Answer<Expr> {
        self.tests += 1;
        if self.tests > MOST_TESTS {
            return Err(ApiError::bad_request(format!("The filter has more than {MOST_TESTS} comparisons.")));
        }
        if self.word() == Some("not") {
            return Err(ApiError::not_implemented("The NOT operator is not supported on an OData filter."));
        }
        if self.peek(0) == Some(&Token::Open) {
            self.deeper()?;
            self.at += 1;
            let inner = self.or()?;
            self.take(&Token::Close)?;
            self.depth -= 1;
            return Ok(inner);
        }
        if self.is_lambda() {
            return self.skip_lambda();
        }
        let left = self.side()?;
        self.comparison(left)
    }

    fn is_lambda(&self) -> bool {
        self.peek(1) == Some(&Token::Open) && self.word().is_some_and(|word| word.ends_with("/any") || word.ends_with("/all"))
    }

    fn skip_lambda(&mut self) -> Answer<Expr> {
        self.at += 1;
        let mut open = 0usize;
        while let Some(token) = self.peek(0) {
            match token {
                Token::Open => open += 1,
                Token::Close => open -= 1,
                Token::Word(_) | Token::Quoted(_) | Token::Comma => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(Expr::Ignored);
            }
        }
        Err(self.syntax())
    }

    fn side(&mut self) -> Answer<Side> {
        let Some(token) = self.peek(0).cloned() else { return Err(self.syntax()) };
        match token {
            Token::Quoted(text) => {
                self.at += 1;
                Ok(Side::Literal(RawLiteral::Quoted(text)))
            }
            Token::Word(word) if self.peek(1) == Some(&Token::Open) => self.function(&word),
            Token::Word(word) if word.starts_with("Microsoft.NAV.") => {
                self.at += 1;
                let Some(Token::Quoted(text)) = self.peek(0).cloned() else { return Err(self.syntax()) };
                self.at += 1;
                Ok(Side::Literal(RawLiteral::Quoted(text)))
            }
            Token::Word(word) => {
                self.at += 1;
                match self.set.property(&word) {
                    Some(property) => Ok(Side::Subject(Subject { property, folded: false, part: None })),
                    None if literal::is_literal(&word) => Ok(Side::Literal(RawLiteral::Bare(word))),
                    None if word.contains('/') => Err(ApiError::not_implemented(format!("Filtering over the navigation path '{word}' is not supported."))),
                    // A name starts with a letter.
                    None if !word.starts_with(|first: char| first.is_alphabetic() || first == '_') => {
                        Err(ApiError::bad_request(format!("'{word}' in the filter is not a value.")))
                    }
                    None => Err(ApiError::no_property(&word, &self.set.entity)),
                }
            }
            Token::Open | Token::Close | Token::Comma => Err(self.syntax()),
        }
    }

    fn function(&mut self, name: &str) -> Answer<Side> {
        self.at += 2;
        self.deeper()?;
        let side = match name {
            "contains" => self.text_test(TextTest::Contains),
            "startswith" => self.text_test(TextTest::StartsWith),
            "endswith" => self.text_test(TextTest::EndsWith),
            "tolower" | "toupper" => self.fold(name),
            "substring" => self.substring(),
            _ => Err(ApiError::not_implemented(format!("The function '{name}' is not supported on an OData filter."))),
        }?;
        self.depth -= 1;
        Ok(side)
    }

    /// The text property (or, with schema 2.1, the function of one) that a function is applied to.
    fn text_subject(&mut self, function: &str) -> Answer<Subject> {
        match self.side()? {
            Side::Subject(subject) if !matches!(subject.property.kind, Kind::Text | Kind::Member(_)) => Err(ApiError::bad_request(format!(
                "No function signature for the function with name '{function}' matches the specified arguments: '{}' is {}.",
                subject.property.name,
                subject.property.kind.edm()
            ))),
            Side::Subject(subject) if self.schema == Schema::V20 && (subject.folded || subject.part.is_some()) => {
                Err(ApiError::not_implemented("Nested function calls are only supported with $schemaversion=2.1."))
            }
            Side::Subject(subject) => Ok(subject),
            Side::Literal(_) | Side::Test(_) => Err(self.syntax()),
        }
    }

    fn text_test(&mut self, test: TextTest) -> Answer<Side> {
        let subject = self.text_subject("contains")?;
        self.take(&Token::Comma)?;
        let Side::Literal(RawLiteral::Quoted(text)) = self.side()? else { return Err(self.syntax()) };
        self.take(&Token::Close)?;
        let text = if subject.property.code { text.to_uppercase() } else { text };
        Ok(Side::Test(Expr::Text(test, subject, text)))
    }

    fn fold(&mut self, name: &str) -> Answer<Side> {
        if let Some(Token::Quoted(text)) = self.peek(0).cloned() {
            self.at += 1;
            self.take(&Token::Close)?;
            let text = if name == "tolower" { text.to_lowercase() } else { text.to_uppercase() };
            return Ok(Side::Literal(RawLiteral::Quoted(text)));
        }
        let subject = self.text_subject(name)?;
        self.take(&Token::Close)?;
        Ok(Side::Subject(Subject { folded: true, ..subject }))
    }

    fn substring(&mut self) -> Answer<Side> {
        let subject = self.text_subject("substring")?;
        if subject.part.is_some() {
            return Err(ApiError::not_implemented("A substring of a substring is not supported on an OData filter."));
        }
        self.take(&Token::Comma)?;
        let start = self.position()?;
        let length = if self.peek(0) == Some(&Token::Comma) {
            self.at += 1;
            Some(self.position()?)
        } else {
            None
        };
        self.take(&Token::Close)?;
        Ok(Side::Subject(Subject { part: Some((start, length)), ..subject }))
    }

    fn position(&mut self) -> Answer<u32> {
        let position = self.word().and_then(|word| word.parse::<u32>().ok()).filter(|position| *position <= 10_000);
        let position = position.ok_or_else(|| self.syntax())?;
        self.at += 1;
        Ok(position)
    }

    fn comparison(&mut self, left: Side) -> Answer<Expr> {
        let operator = self.word().map(str::to_owned);
        let compare = match operator.as_deref() {
            Some("eq") => Compare::Eq,
            Some("ne") => Compare::Ne,
            Some("gt") => Compare::Gt,
            Some("ge") => Compare::Ge,
            Some("lt") => Compare::Lt,
            Some("le") => Compare::Le,
            Some("in") => return self.list(left),
            Some(word @ ("add" | "sub" | "mul" | "div" | "mod" | "has")) => {
                return Err(ApiError::not_implemented(format!("The operator '{word}' is not supported on an OData filter.")));
            }
            _ => return self.bare(left),
        };
        self.at += 1;
        let right = self.side()?;
        match (left, right) {
            (Side::Subject(subject), Side::Literal(raw)) => self.compare(subject, compare, &raw),
            (Side::Literal(raw), Side::Subject(subject)) => self.compare(subject, mirrored(compare), &raw),
            (Side::Test(test), Side::Literal(RawLiteral::Bare(word))) if compare == Compare::Eq && word == "true" => Ok(test),
            (Side::Test(_), _) | (_, Side::Test(_)) => Err(ApiError::not_implemented("A text function can only be compared with true on an OData filter.")),
            (Side::Subject(_), Side::Subject(_)) => Err(ApiError::not_implemented("Comparing two fields is not supported on an OData filter.")),
            (Side::Literal(_), Side::Literal(_)) => Err(ApiError::bad_request("A comparison in the filter names no field.")),
        }
    }

    /// A test that stands by itself: a text function, or a boolean property.
    fn bare(&self, left: Side) -> Answer<Expr> {
        match left {
            Side::Test(test) => Ok(test),
            Side::Subject(subject) if subject.property.kind == Kind::Flag => Ok(Expr::Compare(subject, Compare::Eq, Literal::Flag(true))),
            Side::Subject(_) | Side::Literal(_) => Err(self.syntax()),
        }
    }

    fn compare(&self, subject: Subject, compare: Compare, raw: &RawLiteral) -> Answer<Expr> {
        let ordered = !matches!(compare, Compare::Eq | Compare::Ne);
        if subject.property.kind == Kind::Stream || ordered && subject.property.kind == Kind::Flag {
            return Err(ApiError::bad_request(format!("The field '{}' cannot be compared in this way.", subject.property.name)));
        }
        let literal = literal::bind(raw, subject.property, self.set, operator_name(compare))?;
        Ok(Expr::Compare(subject, compare, literal))
    }

    fn list(&mut self, left: Side) -> Answer<Expr> {
        let Side::Subject(subject) = left else { return Err(self.syntax()) };
        if self.schema == Schema::V20 {
            return Err(ApiError::not_implemented("The IN operator is only supported with $schemaversion=2.1."));
        }
        self.at += 1;
        self.take(&Token::Open)?;
        let mut literals = Vec::new();
        loop {
            let Side::Literal(raw) = self.side()? else { return Err(self.syntax()) };
            literals.push(literal::bind(&raw, subject.property, self.set, "Equal")?);
            if self.peek(0) != Some(&Token::Comma) {
                break;
            }
            self.at += 1;
        }
        self.take(&Token::Close)?;
        Ok(Expr::In(subject, literals))
    }
}

fn operator_name(compare: Compare) -> &'static str {
    match compare {
        Compare::Eq => "Equal",
        Compare::Ne => "NotEqual",
        Compare::Gt => "GreaterThan",
        Compare::Ge => "GreaterThanOrEqual",
        Compare::Lt => "LessThan",
        Compare::Le => "LessThanOrEqual",
    }
}

fn mirrored(compare: Compare) -> Compare {
    match compare {
        Compare::Eq | Compare::Ne => compare,
        Compare::Gt => Compare::Lt,
        Compare::Ge => Compare::Le,
        Compare::Lt => Compare::Gt,
        Compare::Le => Compare::Ge,
    }
}

fn counted(terms: Vec<Expr>) -> Vec<Expr> {
    terms.into_iter().filter(|term| !matches!(term, Expr::Ignored)).collect()
}

/// The names of the properties that an expression speaks of.
pub(crate) fn properties(expr: &Expr, out: &mut BTreeSet<&'static str>) {
    match expr {
        Expr::And(terms) | Expr::Or(terms) => terms.iter().for_each(|term| properties(term, out)),
        Expr::Compare(subject, _, _) | Expr::In(subject, _) | Expr::Text(_, subject, _) => {
            out.insert(&subject.property.name);
        }
        Expr::Ignored => {}
    }
}

/// Whether the filter pins the property to one value or a list of values (what flat lists of lines need).
pub(crate) fn pins(expr: &Expr, property: &str) -> bool {
    match expr {
        Expr::And(terms) => terms.iter().any(|term| pins(term, property)),
        Expr::Or(terms) => terms.iter().all(|term| pins(term, property)),
        Expr::Compare(subject, Compare::Eq, _) | Expr::In(subject, _) => subject.property.name == property,
        Expr::Compare(..) | Expr::Text(..) | Expr::Ignored => false,
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "filter_mutation_tests.rs"]
mod mutation_tests;
