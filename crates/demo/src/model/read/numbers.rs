//! Numbers as people write them.

use rust_decimal::Decimal;

use super::words::Words;

/// Reads a number: `50,000`, `50.000,00`, `1.5k`, `$12.50`, `30%`, `1 mill` is not one. The result is plain digits
/// with a point.
pub(crate) fn number(text: &str) -> Option<String> {
    let text = text.trim_matches(|c| matches!(c, '$' | '€' | '£' | '%' | '+')).trim();
    let (digits, factor) = match text.char_indices().next_back()? {
        (at, 'k' | 'K') => (&text[..at], 1_000),
        (at, 'm' | 'M') => (&text[..at], 1_000_000),
        _ => (text, 1),
    };
    let negative = digits.starts_with('-');
    let digits = digits.trim_start_matches('-');
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || !digits.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '.') {
        return None;
    }
    let plain = point_for_comma(digits)?;
    let value: Decimal = plain.parse().ok()?;
    let value = value.checked_mul(Decimal::from(factor))?;
    let value = if factor == 1 { value } else { value.normalize() };
    Some(if negative { format!("-{value}") } else { value.to_string() })
}

/// Decides which mark groups thousands and which one is the decimal point.
fn point_for_comma(digits: &str) -> Option<String> {
    let (commas, points) = (digits.matches(',').count(), digits.matches('.').count());
    let groups_of_three = |mark: char| digits.split(mark).skip(1).all(|group| group.len() == 3);
    Some(match (commas, points) {
        (0, 0 | 1) => digits.to_owned(),
        (0, _) if groups_of_three('.') => digits.replace('.', ""),
        (1, 0) if !groups_of_three(',') => digits.replace(',', "."),
        (_, 0) if groups_of_three(',') => digits.replace(',', ""),
        (_, 0) | (0, _) => return None,
        (_, 1) if digits.rfind('.') > digits.rfind(',') => digits.replace(',', ""),
        (1, _) if digits.rfind(',') > digits.rfind('.') => digits.replace('.', "").replace(',', "."),
        (_, _) => return None,
    })
}

/// A number at a place in a message, with the count of words it takes: a currency may stand before or after it.
pub(crate) fn number_at(words: &Words, index: usize) -> Option<(String, usize)> {
    let currency = |index: usize| words.is(index, &["nok", "usd", "eur", "gbp", "sek", "dkk", "kr", "kr.", "euro", "euros", "dollars", "$", "€", "£"]);
    let before = usize::from(currency(index));
    let word = words.list.get(index + before)?;
    let value = number(&word.text)?;
    let mut used = before + 1;
    let value = match words.low(index + used) {
        "thousand" => scaled(&value, 1_000)?,
        "million" => scaled(&value, 1_000_000)?,
        _ => return Some((value, used + usize::from(currency(index + used)))),
    };
    used += 1;
    Some((value, used + usize::from(currency(index + used))))
}

fn scaled(value: &str, factor: i64) -> Option<String> {
    let value: Decimal = value.parse().ok()?;
    Some(value.checked_mul(Decimal::from(factor))?.normalize().to_string())
}

/// A small count in digits or as a word: "3", "two", "a", "a dozen".
pub(crate) fn count_at(words: &Words, index: usize) -> Option<(String, usize)> {
    if let Some((value, used)) = number_at(words, index) {
        let times = usize::from(words.is(index + used, &["x", "×", "pcs", "pieces", "units"]));
        let of = usize::from(times == 1 && words.is(index + used + times, &["of"]));
        return Some((value, used + times + of));
    }
    if let Some(value) = words.list.get(index).and_then(|word| number(word.low.strip_suffix('x')?)) {
        return Some((value, 1));
    }
    if words.starts_at(index, &["a", "dozen"]) {
        return Some(("12".to_owned(), 2));
    }
    let names = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    match words.low(index) {
        "a" | "an" => Some(("1".to_owned(), 1)),
        word => names.iter().position(|name| *name == word).map(|at| ((at + 1).to_string(), 1)),
    }
}
