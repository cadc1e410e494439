//! Dates and periods as people write them, relative to the day that the conversation gives.

use jiff::ToSpan;
use jiff::civil::Date;

use super::words::Words;

const MONTHS: [&str; 12] = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// The first and the last day of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Period {
    pub(crate) first: Date,
    pub(crate) last: Date,
}

/// A day at a place in a message, with the count of words it takes.
pub(crate) fn date_at(words: &Words, index: usize, today: Date) -> Option<(Date, usize)> {
    let the = usize::from(words.is(index, &["the", "on"]));
    let index = index + the;
    let found = match words.low(index) {
        "" => None,
        "today" | "now" => Some((today, 1)),
        "tomorrow" => Some((today.tomorrow().ok()?, 1)),
        "yesterday" => Some((today.yesterday().ok()?, 1)),
        word => written(word).map(|date| (date, 1)).or_else(|| day_and_month(words, index, today)),
    };
    found.map(|(date, used)| (date, used + the))
}

/// `2026-12-01`, `1.12.2026`, `31/12/2026`.
fn written(word: &str) -> Option<Date> {
    if let Ok(date) = word.parse::<Date>() {
        return Some(date);
    }
    let parts: Vec<&str> = word.split(['.', '/']).collect();
    let [day, month, year] = parts.as_slice() else { return None };
    let year: i16 = year.parse().ok().filter(|year| (1900..2200).contains(year))?;
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `1 December`, `December 1st 2026`, `1st of December`.
fn day_and_month(words: &Words, index: usize, today: Date) -> Option<(Date, usize)> {
    let of = usize::from(words.is(index + 1, &["of"]));
    let (day, month, mut used) = if let Some(day) = day_number(words.low(index)) {
        (day, month_number(words.low(index + 1 + of))?, 2 + of)
    } else {
        (day_number(words.low(index + 1))?, month_number(words.low(index))?, 2)
    };
    let comma = usize::from(words.is(index + used, &[","]));
    let year: Option<i16> = words.low(index + used + comma).parse().ok().filter(|year| (1900..2200).contains(year));
    if let Some(year) = year {
        used += 1 + comma;
        return Some((Date::new(year, month, day).ok()?, used));
    }
    let candidates = [today.year() - 1, today.year(), today.year() + 1];
    let nearest = candidates.into_iter().filter_map(|year| Date::new(year, month, day).ok()).min_by_key(|date| (*date - today).get_days().abs())?;
    Some((nearest, used))
}

fn day_number(word: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th", "."].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

fn month_number(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|month| *month == word || (word.len() == 3 && month.starts_with(word)))?;
    i8::try_from(at + 1).ok()
}

/// A period at a place in a message: "this month", "last year", "in November 2025", "last 30 days".
pub(crate) fn period_at(words: &Words, index: usize, today: Date) -> Option<(Period, usize)> {
    let skipped = usize::from(words.is(index, &["in", "during", "for", "from", "within"]));
    let the = usize::from(words.is(index + skipped, &["the"]));
    let at = index + skipped + the;
    let lead = skipped + the;
    let (period, used) =
        relative(words, at, today).or_else(|| days(words, at, today)).or_else(|| named_month(words, at, today)).or_else(|| whole_year(words, at, lead))?;
    Some((period, used + lead))
}

fn relative(words: &Words, at: usize, today: Date) -> Option<(Period, usize)> {
    let step = match words.low(at) {
        "this" | "current" => 0,
        "last" | "previous" => -1,
        "next" => 1,
        "today" => return Some((Period { first: today, last: today }, 1)),
        "yesterday" => {
            let day = today.yesterday().ok()?;
            return Some((Period { first: day, last: day }, 1));
        }
        _ => return None,
    };
    let period = match words.low(at + 1) {
        "month" => month(today.first_of_month().checked_add(step.months()).ok()?),
        "year" => year(today.year() + i16::try_from(step).ok()?)?,
        "week" => {
            let monday = today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
            let first = monday.checked_add(step.weeks()).ok()?;
            Period { first, last: first.checked_add(6.days()).ok()? }
        }
        "quarter" => {
            let into = i64::from((today.month() - 1) % 3);
            let first = today.first_of_month().checked_sub(into.months()).ok()?.checked_add((step * 3).months()).ok()?;
            Period { first, last: month(first.checked_add(2.months()).ok()?).last }
        }
        _ => return None,
    };
    Some((period, 2))
}

/// "last 30 days", "next 2 weeks".
fn days(words: &Words, at: usize, today: Date) -> Option<(Period, usize)> {
    let forward = match words.low(at) {
        "last" | "past" => false,
        "next" | "coming" => true,
        _ => return None,
    };
    let count: i64 = words.low(at + 1).parse().ok().filter(|count| (1..=3_660).contains(count))?;
    let span = match words.low(at + 2) {
        "day" | "days" => count.days(),
        "week" | "weeks" => count.weeks(),
        "month" | "months" => count.months(),
        _ => return None,
    };
    let other = if forward { today.checked_add(span) } else { today.checked_sub(span) }.ok()?;
    Some((Period { first: today.min(other), last: today.max(other) }, 3))
}

fn named_month(words: &Words, at: usize, today: Date) -> Option<(Period, usize)> {
    let number = MONTHS.iter().position(|month| *month == words.low(at)).and_then(|at| i8::try_from(at + 1).ok())?;
    let given: Option<i16> = words.low(at + 1).parse().ok().filter(|year| (1900..2200).contains(year));
    // Without a year, the last such month that has begun: books are about what has happened.
    let year = given.unwrap_or(if number <= today.month() { today.year() } else { today.year() - 1 });
    Some((month(Date::new(year, number, 1).ok()?), 1 + usize::from(given.is_some())))
}

fn whole_year(words: &Words, at: usize, lead: usize) -> Option<(Period, usize)> {
    let number: i16 = words.low(at).parse().ok().filter(|year| lead > 0 && (1990..2100).contains(year))?;
    Some((year(number)?, 1))
}

fn month(first: Date) -> Period {
    Period { first, last: first.last_of_month() }
}

fn year(number: i16) -> Option<Period> {
    Some(Period { first: Date::new(number, 1, 1).ok()?, last: Date::new(number, 12, 31).ok()? })
}
