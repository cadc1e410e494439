//! The name that was probably meant.

/// The nearest of the names, where one is near.
pub(crate) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Longer than any name: no slip of the pen, and the measure is quadratic.
    if wrong.len() > 100 {
        return None;
    }
    let wrong = wrong.to_ascii_lowercase();
    names
        .map(|name| {
            let plain = name.to_ascii_lowercase();
            let within = wrong.len() >= 4 && (plain.contains(&wrong) || wrong.contains(&plain));
            let distance = if within { 1 } else { strsim::damerau_levenshtein(&plain, &wrong) };
            (distance, name)
        })
        .filter(|(distance, _)| *distance <= (wrong.len() / 3).clamp(1, 3))
        .min_by_key(|(distance, name)| (*distance, name.len()))
        .map(|(_, name)| name)
}
