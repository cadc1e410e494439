//! Plans that post, ship, cancel, send and convert documents.

use super::lookup::{Found, Want, find};
use super::write::{Write, finish, propose};
use super::{Flow, Replay, Step, Todos, Turn};
use crate::model::answer;
use crate::model::conversation::Call;
use crate::model::json::Json;
use crate::model::read::{Act, label};

/// What an action does, before and after: "post", "posted".
fn words(action: &str) -> (&'static str, &'static str) {
    match action {
        "post" => ("post", "was posted"),
        "postAndSend" => ("post and send", "was posted and sent"),
        "shipAndInvoice" => ("ship and invoice", "was shipped and invoiced"),
        "receiveAndInvoice" => ("receive and invoice", "was received and invoiced"),
        "cancel" => ("cancel", "was cancelled"),
        "cancelAndSend" => ("cancel and send", "was cancelled, and the cancellation sent"),
        "makeOrder" => ("turn into an order", "was turned into an order"),
        "makeInvoice" => ("turn into an invoice", "was turned into an invoice"),
        "makeCorrectiveCreditMemo" => ("make a corrective credit memo for", "was corrected by a credit memo"),
        _ => ("send", "was sent"),
    }
}

/// Runs a bound action on the documents that were named.
pub(super) fn act(replay: &mut Replay<'_>, act: &Act) -> Flow<Step> {
    let noun = answer::singular(act.facts);
    let (doing, done) = words(act.action);
    if act.targets.is_empty() {
        return Err(Step::say(format!("Which {noun} do you mean? Please give its number, for example “{doing} {noun} 101003”. Nothing was changed.")));
    }
    let mut todos = Todos::of([
        format!("Find the {noun}"),
        format!("Check that it can be done: {doing}"),
        format!("{}{} the {noun}, once approved", doing[..1].to_uppercase(), &doing[1..]),
        "Verify the result".to_owned(),
    ]);
    // "Post the invoice for Fjordlys": of all invoices of that name only a draft can be meant.
    let status = match act.action {
        "post" | "postAndSend" => Some("Draft"),
        "cancel" | "cancelAndSend" | "makeCorrectiveCreditMemo" => Some("Open"),
        _ => None,
    };
    let wants: Vec<Want> = act.targets.iter().map(|target| Want { sets: vec![act.facts], target: target.clone(), status }).collect();
    let thinking = format!(
        "The person wants to {doing} a {noun}. I find exactly that document first; this is a step that posts or converts, so it must be the right one."
    );
    let found = find(replay, Some(&mut todos), &wants, Turn::new(thinking).saying(format!("I'll find the {noun} first.")))?;
    let writes: Vec<Write> = found.iter().map(|document| Write::act(&document.facts.set, &document.id, act.action, document.title())).collect();
    let titles: Vec<String> = found.iter().map(title).collect();
    let results = propose(replay, &mut todos, 1, &writes, &format!("I propose to {doing}: {noun} {}.", titles.join(", ")))?;
    let told: Vec<String> = titles.iter().zip(&results).map(|(title, call)| format!("The {noun} {title} {done}.{}", result(call))).collect();
    finish(replay, &mut todos, told.join("\n\n"))
}

fn title(document: &Found) -> String {
    let party = [document.row.text_at("customerName"), document.row.text_at("vendorName")].into_iter().find(|name| !name.is_empty());
    let party = party.map(|name| format!(" ({})", answer::inline(name))).unwrap_or_default();
    format!("**{}**{party}", answer::inline(document.row.text_at("number")))
}

fn result(call: &Call) -> String {
    let mut text = String::new();
    if let Some(made @ Json::Object(_)) = call.result.get("result") {
        text.push_str(&format!(" The new document is {} **{}**.", answer::singular_of(made.text_at("entity")), answer::inline(made.text_at("number"))));
    }
    if let Some(record @ Json::Object(_)) = call.result.get("record") {
        let read = ["number", "status", "postingDate", "totalAmountIncludingTax", "remainingAmount"].into_iter().filter_map(|key| {
            let value = record.get(key)?.plain();
            (!value.is_empty()).then(|| format!("{} {value}", label(key)))
        });
        text.push_str(&format!(" Read back: {}.", read.collect::<Vec<_>>().join(", ")));
    }
    let note = call.result.text_at("note");
    if !note.is_empty() {
        text.push_str(&format!(" {}", answer::sentence(note)));
    }
    text
}
