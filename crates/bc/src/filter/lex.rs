//! Splits the text of a filter into words.

use super::Literal;
use crate::path::is_guid;

/// A word of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Open,
    Close,
    Comma,
    /// A property, an operator or a function.
    Name(String),
    Value(Literal),
}

impl Word {
    /// For messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Open => "(".into(),
            Self::Close => ")".into(),
            Self::Comma => ",".into(),
            Self::Name(name) => shortened(name),
            Self::Value(value) => shortened(&value.to_string()),
        }
    }
}

/// A text for a message: short, nothing invisible.
pub(crate) fn shortened(text: &str) -> String {
    let start: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() { format!("{start}…") } else { start.replace("\\'", "'") }
}

/// All words, or the sentence that says what is wrong.
pub(super) fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '(' => (Word::Open, after(rest, 1)),
            ')' => (Word::Close, after(rest, 1)),
            ',' => (Word::Comma, after(rest, 1)),
            '\'' | '‘' | '’' => quoted(rest)?,
            '"' => return Err("Write text in single quotes: displayName eq 'Adatum'.".into()),
            c if c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == '.' || c == '@' || (c == '-' && starts_number(after(rest, 1))) => bare(rest)?,
            c => return Err(symbol(c, rest)),
        };
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

fn after(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

fn starts_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

/// `'it''s'`; a typographic quote where a plain one was meant is taken as one.
fn quoted(text: &str) -> Result<(Word, &str), String> {
    let opening = text.chars().next().unwrap_or('\'');
    let closing = |c: char| if opening == '\'' { c == '\'' } else { c == '’' || c == '‘' };
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if !closing(c) {
            value.push(c);
        } else if chars.peek().is_some_and(|(_, next)| closing(*next)) {
            value.push(c);
            chars.next();
        } else {
            return Ok((Word::Value(Literal::Text(value)), after(text, at + c.len_utf8())));
        }
    }
    Err(format!("The text {} has no closing quote. A quote inside a text is written twice: 'it''s'.", shortened(text)))
}

/// A name, a number, a date, an id.
fn bare(text: &str) -> Result<(Word, &str), String> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':' | '/' | '$' | '@') || !c.is_ascii();
    let mut end = text.find(|c| !part(c)).unwrap_or(text.len());
    // The offset of a point in time: 2026-01-31T08:00:00+01:00
    if text.get(end..).is_some_and(|rest| rest.starts_with('+'))
        && text.get(..end).is_some_and(|word| word.contains('T') && word.starts_with(|c: char| c.is_ascii_digit()))
    {
        end = text.get(end + 1..).and_then(|rest| rest.find(|c| !part(c))).map_or(text.len(), |more| end + 1 + more);
    }
    let word = text.get(..end).unwrap_or_default();
    let rest = after(text, end);
    // guid'…' and datetime'…' of OData 2 and 3.
    if let (true, Ok((Word::Value(Literal::Text(value)), rest))) =
        (rest.starts_with('\'') && matches!(word, "guid" | "datetime" | "datetimeoffset"), quoted(rest))
    {
        return match classify(&value)? {
            literal @ Word::Value(Literal::Guid(_) | Literal::Date(_) | Literal::DateTime(_)) => Ok((literal, rest)),
            _ => Err(format!("{word}'{}' is neither an id nor a date or a point in time.", shortened(&value))),
        };
    }
    Ok((classify(word)?, rest))
}

fn classify(word: &str) -> Result<Word, String> {
    if is_guid(word) {
        return Ok(Word::Value(Literal::Guid(word.to_ascii_lowercase())));
    }
    match word {
        "true" | "True" | "TRUE" => return Ok(Word::Value(Literal::Boolean(super::Truth::True))),
        "false" | "False" | "FALSE" => return Ok(Word::Value(Literal::Boolean(super::Truth::False))),
        "null" | "Null" | "NULL" => return Ok(Word::Value(Literal::Null)),
        _ => {}
    }
    if !word.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') {
        return name(word);
    }
    let literal = if is_number(word) {
        Literal::Number(word.to_owned())
    } else if is_date(word) {
        Literal::Date(word.to_owned())
    } else if is_point_in_time(word) {
        Literal::DateTime(word.to_owned())
    } else {
        let shown = shortened(word);
        return Err(format!(
            "{shown} is neither a number, a date like 2026-01-31, a point in time like 2026-01-31T08:00:00Z, nor an id. Text stands in single quotes: '{shown}'."
        ));
    };
    Ok(Word::Value(literal))
}

fn name(word: &str) -> Result<Word, String> {
    if word.contains("/any") || word.contains("/all") {
        return Err(
            "any() and all() are not supported: Business Central ignores them. Query the lines themselves, with the parent given, and filter those.".into()
        );
    }
    if word.contains('/') {
        let shown = shortened(word);
        return Err(format!("{shown} looks into another record, which a filter cannot. Filter the other set first, then use its id or number here."));
    }
    if word.starts_with('$') || word.starts_with('@') || !word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(format!("{} is not the name of a property. Text stands in single quotes.", shortened(word)));
    }
    Ok(Word::Name(word.to_owned()))
}

/// An exact decimal, without an exponent.
pub(super) fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && digits.len() <= 40
}

/// `2026-01-31`, a day that the calendar has.
pub(super) fn is_date(word: &str) -> bool {
    let form = word.len() == 10 && word.bytes().enumerate().all(|(at, c)| if at == 4 || at == 7 { c == b'-' } else { c.is_ascii_digit() });
    form && word.parse::<jiff::civil::Date>().is_ok()
}

/// `2026-01-31T08:00:00Z`, with an offset or `Z`.
pub(super) fn is_point_in_time(word: &str) -> bool {
    word.get(..10).is_some_and(is_date) && word.as_bytes().get(10) == Some(&b'T') && !word.contains('[') && word.parse::<jiff::Timestamp>().is_ok()
}

fn symbol(c: char, rest: &str) -> String {
    let word = match c {
        '=' => "eq",
        '!' => "ne",
        '<' if rest.starts_with("<>") => "ne",
        '<' if rest.starts_with("<=") => "le",
        '<' => "lt",
        '>' if rest.starts_with(">=") => "ge",
        '>' => "gt",
        '&' => "and",
        '|' => "or",
        '+' | '-' | '*' | '/' | '%' => return "A filter cannot calculate. Work the value out first and compare the property with it.".into(),
        other => return format!("\"{}\" has no meaning in a filter. Text stands in single quotes.", other.escape_debug()),
    };
    format!("Write \"{word}\" in words in place of \"{c}\": balanceDue gt 1000 and blocked eq ' '.")
}
