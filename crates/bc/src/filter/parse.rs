//! Reads the words of a filter into a tree.

use super::{
    Case, Comparison, Filter, Junction, Literal, Subject, TextTest, Truth, join,
    lex::{Word, shortened, words},
};

/// Longest text of a filter.
const LONGEST: usize = 16_000;
/// Deepest parentheses.
const DEEPEST: usize = 32;
/// Most values of one `in`.
const MOST_VALUES: usize = 500;

/// A side of a comparison.
enum Side {
    Property(Subject),
    Value(Literal),
    /// A function that is itself true or false.
    Test(Filter),
}

struct Reader {
    words: std::iter::Peekable<std::vec::IntoIter<Word>>,
    depth: usize,
}

pub(super) fn parse(text: &str) -> Result<Filter, String> {
    if text.len() > LONGEST {
        return Err("The filter is too long. Ask in several steps.".into());
    }
    let words = words(text)?;
    if words.is_empty() {
        return Err("The filter is empty. Leave it out to get all rows.".into());
    }
    let mut reader = Reader { words: words.into_iter().peekable(), depth: 0 };
    let filter = reader.any()?;
    match reader.words.next() {
        None => Ok(filter),
        Some(Word::Close) => Err("There is a closing parenthesis too many.".into()),
        Some(word) => Err(after_end(&word)),
    }
}

fn after_end(word: &Word) -> String {
    match word {
        Word::Name(name) if matches!(name.to_ascii_lowercase().as_str(), "add" | "sub" | "mul" | "div" | "mod") => CALCULATES.into(),
        Word::Name(name) if name.eq_ignore_ascii_case("has") => "\"has\" is not supported. Compare with \"eq\".".into(),
        Word::Name(name) if name.eq_ignore_ascii_case("like") => "\"like\" is not supported. Use contains(property,'part').".into(),
        Word::Comma => {
            "A comma cannot stand here. Decimals are written with a point, without thousands: 10000.50. Conditions are joined with \"and\" or \"or\".".into()
        }
        word => format!("\"{}\" cannot stand here. Join conditions with \"and\" or \"or\".", word.shown()),
    }
}

const CALCULATES: &str = "A filter cannot calculate. Work the value out first and compare the property with it.";

impl Reader {
    fn any(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.all()?];
        while self.take_name("or") {
            parts.push(self.all()?);
        }
        Ok(join(parts, Junction::Any))
    }

    fn all(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.one()?];
        while self.take_name("and") {
            parts.push(self.one()?);
        }
        Ok(join(parts, Junction::All))
    }

    fn one(&mut self) -> Result<Filter, String> {
        if self.take_name("not") {
            self.deeper()?;
            let refused = self.one()?;
            self.depth -= 1;
            return refused.negated();
        }
        if self.take(&Word::Open) {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err("The filter has too many parentheses inside one another.".into());
            }
            let inner = self.any()?;
            self.depth -= 1;
            self.close()?;
            return Ok(inner);
        }
        let left = self.side()?;
        self.comparison(left)
    }

    /// What follows a left side.
    fn comparison(&mut self, left: Side) -> Result<Filter, String> {
        let operator = match self.words.peek() {
            Some(Word::Name(name)) => name.to_ascii_lowercase(),
            _ => String::new(),
        };
        if operator == "in" {
            self.words.next();
            return self.values(left);
        }
        let Some((_, operator)) = Comparison::ALL.into_iter().find(|(word, _)| *word == operator) else {
            return match (left, self.words.peek()) {
                (Side::Test(filter), _) => Ok(filter),
                // A condition of its own: `posted` means that it is so. Checked to be a yes-or-no property later.
                (Side::Property(subject), None | Some(Word::Close)) => {
                    Ok(Filter::Compare { subject, operator: Comparison::Equal, value: Literal::Boolean(Truth::True) })
                }
                (Side::Property(subject), Some(Word::Name(word))) if matches!(word.to_ascii_lowercase().as_str(), "and" | "or") => {
                    Ok(Filter::Compare { subject, operator: Comparison::Equal, value: Literal::Boolean(Truth::True) })
                }
                (Side::Value(value), _) => Err(format!("A condition begins with a property, not with {}.", shortened(&value.to_string()))),
                (Side::Property(subject), Some(word)) => Err(match word {
                    Word::Name(_) => {
                        let said = after_end(word);
                        if said.starts_with('"') && said.contains("cannot stand here") {
                            format!("After {} comes one of eq, ne, gt, ge, lt, le, in, not \"{}\".", shortened(&subject.property), word.shown())
                        } else {
                            said
                        }
                    }
                    word => format!("After {} comes one of eq, ne, gt, ge, lt, le, in, not \"{}\".", shortened(&subject.property), word.shown()),
                }),
            };
        };
        self.words.next();
        let right = self.side()?;
        match (left, right) {
            (Side::Property(subject), Side::Value(value)) => Ok(Filter::Compare { subject, operator, value }),
            (Side::Value(value), Side::Property(subject)) => Ok(Filter::Compare { subject, operator: operator.mirrored(), value }),
            (Side::Test(filter), Side::Value(Literal::Boolean(Truth::True))) if operator == Comparison::Equal => Ok(filter),
            (Side::Test(_), _) | (_, Side::Test(_)) => {
                Err("contains, startswith and endswith stand alone, without a comparison. Their opposite is not supported: read the rows and leave those out."
                    .into())
            }
            (Side::Property(_), Side::Property(other)) => {
                let other = shortened(&other.property);
                Err(format!("A property can only be compared with a value, not with {other}. If {other} is text, write it in single quotes."))
            }
            (Side::Value(_), Side::Value(_)) => Err("A condition compares a property with a value.".into()),
        }
    }

    /// `('Oslo','Bergen')`
    fn values(&mut self, left: Side) -> Result<Filter, String> {
        let Side::Property(subject) = left else {
            return Err("Before \"in\" stands a property.".into());
        };
        if !self.take(&Word::Open) {
            return Err("After \"in\" comes a list in parentheses: city in ('Oslo','Bergen').".into());
        }
        let mut values = Vec::new();
        loop {
            match self.words.next() {
                Some(Word::Value(value)) if values.len() < MOST_VALUES => values.push(value),
                Some(Word::Value(_)) => return Err(format!("A list after \"in\" holds at most {MOST_VALUES} values. Ask in several steps.")),
                Some(word) => return Err(format!("In the list after \"in\", \"{}\" is not a value. Text stands in single quotes.", word.shown())),
                None => return Err("The list after \"in\" has no closing parenthesis.".into()),
            }
            if !self.take(&Word::Comma) {
                break;
            }
        }
        self.close()?;
        Ok(Filter::In { subject, values })
    }

    fn side(&mut self) -> Result<Side, String> {
        let name = match self.words.next() {
            Some(Word::Value(value)) => return Ok(Side::Value(value)),
            Some(Word::Name(name)) => name,
            Some(Word::Open) => {
                return Err("A comparison stands without parentheses around its sides: balanceDue gt 1000.".into());
            }
            Some(word) => return Err(format!("\"{}\" cannot stand here: a property or a value is missing.", word.shown())),
            None => return Err("The filter ends too early: a property or a value is missing.".into()),
        };
        let lower = name.to_ascii_lowercase();
        if lower == "not" {
            return Err("\"not\" stands before a whole condition: not (blocked eq 'All').".into());
        }
        if self.words.peek() != Some(&Word::Open) {
            return match lower.as_str() {
                "and" | "or" | "eq" | "ne" | "gt" | "ge" | "lt" | "le" | "in" => Err(format!("Before \"{name}\" a condition or a property is missing.")),
                _ => Ok(Side::Property(Subject { property: name, case: Case::Kept })),
            };
        }
        match lower.as_str() {
            "contains" => self.text_test(TextTest::Contains),
            "startswith" => self.text_test(TextTest::StartsWith),
            "endswith" => self.text_test(TextTest::EndsWith),
            "tolower" => self.cased(Case::Lower),
            "toupper" => self.cased(Case::Upper),
            _ => Err(unsupported(&lower, &name)),
        }
    }

    /// `(property,'part')`
    fn text_test(&mut self, test: TextTest) -> Result<Side, String> {
        self.words.next();
        self.deeper()?;
        let subject = self.side()?;
        if !self.take(&Word::Comma) {
            return Err(format!("Write {}(property,'part').", test.word()));
        }
        let part = self.side()?;
        self.depth -= 1;
        self.close()?;
        match (subject, part) {
            (Side::Property(subject), Side::Value(part)) => {
                let part = match part {
                    Literal::Text(text) | Literal::Number(text) | Literal::Guid(text) | Literal::Date(text) | Literal::DateTime(text) => text,
                    Literal::Boolean(_) | Literal::Null => return Err(format!("The part in {} is a text in single quotes.", test.word())),
                };
                if part.is_empty() {
                    return Err(format!("The part in {} is empty, which every row has. Leave the condition out.", test.word()));
                }
                Ok(Side::Test(Filter::Text { test, subject, part }))
            }
            _ => Err(format!("Write {}(property,'part'): the property first, then the text in single quotes.", test.word())),
        }
    }

    /// `(property)` or `('text')`; a text is turned here and now.
    fn cased(&mut self, case: Case) -> Result<Side, String> {
        self.words.next();
        self.deeper()?;
        let inner = self.side()?;
        self.depth -= 1;
        self.close()?;
        match inner {
            Side::Property(subject) => Ok(Side::Property(Subject { property: subject.property, case })),
            Side::Value(Literal::Text(text)) if case == Case::Upper => Ok(Side::Value(Literal::Text(text.to_uppercase()))),
            Side::Value(Literal::Text(text)) => Ok(Side::Value(Literal::Text(text.to_lowercase()))),
            Side::Value(_) | Side::Test(_) => Err("tolower and toupper take a property: tolower(city) eq 'oslo'.".into()),
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST { Err("The filter has too many parentheses inside one another.".into()) } else { Ok(()) }
    }

    fn take(&mut self, word: &Word) -> bool {
        self.words.next_if(|next| next == word).is_some()
    }

    fn take_name(&mut self, name: &str) -> bool {
        self.words.next_if(|next| matches!(next, Word::Name(word) if word.eq_ignore_ascii_case(name))).is_some()
    }

    fn close(&mut self) -> Result<(), String> {
        match self.words.next() {
            Some(Word::Close) => Ok(()),
            Some(word) => Err(after_end(&word)),
            None => Err("A closing parenthesis is missing.".into()),
        }
    }
}

/// What to do in place of a function that Business Central does not have.
fn unsupported(lower: &str, name: &str) -> String {
    match lower {
        "year" | "month" | "day" | "hour" | "minute" | "second" | "date" | "time" | "now" | "fractionalseconds" | "totaloffsetminutes" => {
            format!("{lower}() is not supported. Give the span as dates: postingDate ge 2026-01-01 and postingDate lt 2026-02-01.")
        }
        "substring" | "indexof" | "substringof" => format!("{lower}() is not supported. Use contains(property,'part') or startswith(property,'part')."),
        "length" | "concat" | "trim" | "replace" | "matchespattern" => format!("{lower}() is not supported. Read the rows and look at the text there."),
        "round" | "floor" | "ceiling" | "add" | "sub" | "mul" | "div" | "mod" => CALCULATES.into(),
        "any" | "all" => {
            "any() and all() are not supported: Business Central ignores them. Query the lines themselves, with the parent given, and filter those.".into()
        }
        "isof" | "cast" | "has" => format!("{lower} is not supported. Compare with \"eq\"."),
        _ => format!("{}() is not a function of filters. There are contains, startswith, endswith, tolower and toupper.", shortened(name)),
    }
}
