//! Date formulas of payment terms: `14D`, `1M`, `CM`, `CM+15D`, `-5D`.

use jiff::ToSpan;
use jiff::civil::Date;

/// Longest formula read; Business Central's field has 32 characters.
const LONGEST: usize = 32;

/// The date that a formula gives from a start, `None` when it is no formula. An empty formula is the start itself.
pub(crate) fn apply(formula: &str, start: Date) -> Option<Date> {
    let formula: String = formula.chars().filter(|character| !character.is_whitespace() && !matches!(character, '<' | '>')).collect();
    if formula.len() > LONGEST || !formula.is_ascii() {
        return None;
    }
    let mut date = start;
    let mut rest = formula.as_str();
    while !rest.is_empty() {
        let (negative, body) = match rest.strip_prefix('-') {
            Some(body) => (true, body),
            None => (false, rest.strip_prefix('+').unwrap_or(rest)),
        };
        let length = body.find(['+', '-']).unwrap_or(body.len());
        let (term, after) = body.split_at(length);
        date = apply_term(term, negative, date)?;
        rest = after;
    }
    Some(date)
}

fn apply_term(term: &str, negative: bool, date: Date) -> Option<Date> {
    let term = term.to_ascii_uppercase();
    if let Some(unit) = term.strip_prefix('C') {
        return current(unit, negative, date);
    }
    let unit = term.chars().last()?;
    let count: i64 = term.get(..term.len() - 1)?.parse().ok().filter(|count| (0..=9999).contains(count))?;
    let count = if negative { -count } else { count };
    let span = match unit {
        'D' => count.days(),
        'W' => count.weeks(),
        'M' => count.months(),
        'Q' => (count * 3).months(),
        'Y' => count.years(),
        _ => return None,
    };
    date.checked_add(span).ok()
}

/// The end (or, with a minus, the first day) of the current period.
fn current(unit: &str, first: bool, date: Date) -> Option<Date> {
    match (unit, first) {
        ("D", _) => Some(date),
        ("M", false) => Some(date.last_of_month()),
        ("M", true) => Some(date.first_of_month()),
        ("Y", false) => Some(date.last_of_year()),
        ("Y", true) => Some(date.first_of_year()),
        ("W", false) => date.checked_add((7 - i64::from(date.weekday().to_monday_one_offset())).days()).ok(),
        ("W", true) => date.checked_sub((i64::from(date.weekday().to_monday_one_offset()) - 1).days()).ok(),
        ("Q", _) => {
            let last = ((date.month() - 1) / 3 + 1) * 3;
            let start = Date::new(date.year(), last - 2, 1).ok()?;
            if first { Some(start) } else { Date::new(date.year(), last, 1).ok().map(Date::last_of_month) }
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "dates_tests.rs"]
mod tests;
