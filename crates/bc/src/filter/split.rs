//! `or` over different properties, which Business Central refuses (501), as several filters whose rows are put together.

use super::{Filter, Junction, join};

/// Most reads that one filter may cost.
const MOST: usize = 6;

/// Filters that Business Central takes and that together mean the same. More than one: the rows are to be merged.
pub(crate) fn branches(filter: &Filter) -> Result<Vec<Filter>, String> {
    let too_many = || "The filter joins too many different properties with \"or\". Ask in several steps.".to_owned();
    match filter {
        Filter::Compare { .. } | Filter::In { .. } | Filter::Text { .. } => Ok(vec![filter.clone()]),
        Filter::Or(_) if single_property(filter).is_some() => Ok(vec![filter.clone()]),
        Filter::Or(parts) => {
            let mut all: Vec<Filter> = Vec::new();
            for part in parts {
                for branch in branches(part)? {
                    // Conditions on one property stay together in one read.
                    let property = single_property(&branch);
                    match all.iter_mut().find(|other| property.is_some() && single_property(other) == property) {
                        Some(other) => *other = join(vec![other.clone(), branch], Junction::Any),
                        None => all.push(branch),
                    }
                }
                if all.len() > MOST {
                    return Err(too_many());
                }
            }
            Ok(all)
        }
        Filter::And(parts) => {
            let mut all: Vec<Vec<Filter>> = vec![Vec::new()];
            for part in parts {
                let choices = branches(part)?;
                if all.len() * choices.len() > MOST {
                    return Err(too_many());
                }
                all = all.iter().flat_map(|path| choices.iter().map(move |choice| path.iter().cloned().chain([choice.clone()]).collect())).collect();
            }
            Ok(all.into_iter().map(|path| join(path, Junction::All)).collect())
        }
    }
}

/// The one property that all conditions are about.
fn single_property(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Compare { subject, .. } | Filter::In { subject, .. } | Filter::Text { subject, .. } => Some(&subject.property),
        Filter::And(parts) | Filter::Or(parts) => {
            let mut names = parts.iter().map(single_property);
            let first = names.next()??;
            names.all(|name| name == Some(first)).then_some(first)
        }
    }
}
