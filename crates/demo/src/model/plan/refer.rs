//! "it", "that customer", "the second one": what the conversation was about.

use super::Replay;
use super::lookup::Found;
use crate::model::conversation::Call;
use crate::model::facts::{self, Facts};
use crate::model::json::Json;
use crate::model::read::Target;

/// Sets that a conversation is not about, though they were looked up.
const ASIDE: &[&str] =
    &["paymentTerms", "paymentMethods", "shipmentMethods", "countriesRegions", "currencies", "unitsOfMeasure", "itemCategories", "salespeoplePurchasers"];

/// The record a reference means among the earlier calls; `sets` are the sets it may be in, empty for any.
pub(super) fn resolve(replay: &Replay<'_>, target: &Target, sets: &[&'static Facts]) -> Option<Found> {
    let fits = |set: &str| sets.is_empty() && !ASIDE.contains(&set) || sets.iter().any(|facts| facts.set == set);
    match target {
        Target::Term(_) => None,
        Target::Last => replay.past().find_map(|call| subject(call).filter(|found| fits(&found.facts.set))),
        Target::Row(number) => {
            // Only the newest list can be meant: a row of an older one would be another record than the one in view.
            let listed =
                |call: &&Call| call.tool == "bc_query_entities" && call.result.items_at("rows").len() > 1 && !ASIDE.contains(&call.result.text_at("entity"));
            let list = replay.past().find(listed).filter(|call| fits(call.result.text_at("entity")))?;
            let rows = list.result.items_at("rows");
            let row = if *number == 0 { rows.last() } else { rows.get(number - 1) }?;
            Found::of(list.result.text_at("entity"), row)
        }
    }
}

/// The one record that a call was about.
fn subject(call: &Call) -> Option<Found> {
    if call.failed {
        return None;
    }
    let set = call.result.text_at("entity");
    match call.tool.as_str() {
        "bc_create_entity" | "bc_update_entity" => Found::of(set, call.result.get("record")?),
        "bc_invoke_action" => match call.result.get("result") {
            Some(made @ Json::Object(_)) => Found::of(made.text_at("entity"), made),
            _ => Found::of(set, call.result.get("record")?),
        },
        "bc_query_entities" => match call.result.items_at("rows") {
            [row] if facts::of(set).is_some() => Found::of(set, row),
            _ => None,
        },
        _ => None,
    }
}
