//! Words: normalising what people type, and finding the name that was probably meant.

/// Lower-case words of a text; camelCase, underscores and hyphens separate words too.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).flat_map(crate::caption::split).map(|word| word.to_lowercase()).collect()
}

/// A word without the endings that do not change its meaning: `invoices` and `invoiced` -> `invoic`.
pub(crate) fn stem(word: &str) -> String {
    let mut stem = word.to_owned();
    for (ending, replacement) in [("ies", "y"), ("sses", "ss"), ("s", "")] {
        if stem.len() > ending.len() + 2 && stem.ends_with(ending) && !stem.ends_with("ss") {
            stem.truncate(stem.len() - ending.len());
            stem.push_str(replacement);
            break;
        }
    }
    for ending in ["ing", "ed", "e"] {
        if stem.len() > ending.len() + 2 && stem.ends_with(ending) {
            stem.truncate(stem.len() - ending.len());
            break;
        }
    }
    stem
}

/// Lower-case letters and digits only, so that `Sales-Invoices` equals `salesInvoices`.
pub(crate) fn squash(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The candidates closest to a wrong name, best first, at most three; empty when none is near.
pub(crate) fn closest<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // A name longer than any of ours cannot be a slip of the pen; and the measure is quadratic.
    if wrong.len() > 100 {
        return Vec::new();
    }
    let wrong = squash(wrong);
    let mut near: Vec<(usize, &str)> = candidates
        .filter_map(|name| {
            let plain = squash(name);
            let distance = if plain == wrong {
                0
            } else if wrong.len() >= 4 && (plain.contains(&wrong) || wrong.contains(&plain)) {
                1
            } else {
                strsim::damerau_levenshtein(&plain, &wrong)
            };
            (distance <= (wrong.len() / 3).clamp(1, 3)).then_some((distance, name))
        })
        .collect();
    near.sort_by_key(|(distance, name)| (*distance, name.len()));
    near.dedup_by_key(|(_, name)| *name);
    near.into_iter().map(|(_, name)| name).take(3).collect()
}
