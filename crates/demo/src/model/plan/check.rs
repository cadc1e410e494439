//! The month end: what is still open, in one turn of reads.

use jiff::ToSpan;

use super::{Flow, Replay, Step, Todos, Turn};
use crate::model::answer;
use crate::model::conversation::Call;
use crate::model::facts;
use crate::model::json::{Json, object};

pub(super) fn month_end(replay: &mut Replay<'_>) -> Flow<Step> {
    let today = replay.conversation.today;
    // In the first days of a month, closing is about the month before.
    let month = if today.day() <= 10 { today.checked_sub(1.month()).unwrap_or(today) } else { today };
    let (first, last) = (month.first_of_month(), month.last_of_month());
    let mut todos = Todos::of([
        "Find drafts that are not posted".to_owned(),
        "Find what is overdue".to_owned(),
        "Find orders that are still open".to_owned(),
        "Check that the ledger of the month balances".to_owned(),
    ]);
    let list = |set: &str, filter: String, columns: &[&str]| {
        let select = Json::List(columns.iter().map(|column| Json::from(*column)).collect());
        (
            "bc_query_entities",
            object([("entity", Json::from(set)), ("filter", Json::from(filter)), ("select", select), ("count", Json::Bool(true)), ("top", Json::from(10))]),
        )
    };
    let ledger = |property: &str| {
        let aggregate = object([("op", Json::from("sum")), ("property", Json::from(property))]);
        let filter = format!("postingDate ge {first} and postingDate le {last}");
        ("bc_query_entities", object([("entity", Json::from("generalLedgerEntries")), ("filter", Json::from(filter)), ("aggregate", aggregate)]))
    };
    let sales = ["number", "customerName", "dueDate", "totalAmountIncludingTax"];
    let purchases = ["number", "vendorName", "dueDate", "totalAmountIncludingTax"];
    let turn = Turn::new(format!("Month end for {first} to {last}: I only read. Drafts, overdue invoices, open orders, and whether debit equals credit."))
        .saying("I'll check what is open; this reads only.")
        .calls([todos.at(0)])
        .calls([
            list("salesInvoices", "status eq 'Draft'".to_owned(), &sales),
            list("purchaseInvoices", "status eq 'Draft'".to_owned(), &purchases),
            list("salesInvoices", format!("status eq 'Open' and dueDate lt {today}"), &["number", "customerName", "dueDate", "remainingAmount"]),
            list("purchaseInvoices", format!("status eq 'Open' and dueDate lt {today}"), &purchases),
            list("salesOrders", "status eq 'Open'".to_owned(), &["number", "customerName", "orderDate", "totalAmountIncludingTax"]),
            list("purchaseOrders", "status eq 'Open'".to_owned(), &["number", "vendorName", "orderDate", "totalAmountIncludingTax"]),
            ledger("debitAmount"),
            ledger("creditAmount"),
        ]);
    let results = replay.turn(turn)?;
    replay.turn(Turn::default().calls([todos.at(4)]))?;
    let [_, lists @ .., debit, credit] = results.as_slice() else { return Ok(Step::say("The checks gave no result.")) };
    let headings =
        ["Draft sales invoices", "Draft purchase invoices", "Overdue sales invoices", "Overdue purchase invoices", "Open sales orders", "Open purchase orders"];
    let mut sections: Vec<String> = headings.iter().zip(lists).map(|(heading, call)| section(heading, call)).collect();
    sections.push(balance(debit, credit, &format!("{first} to {last}")));
    Ok(Step::say(format!("Month end, {first} to {last}. Nothing was changed.\n\n{}", sections.join("\n\n"))))
}

fn section(heading: &str, call: &Call) -> String {
    if call.failed {
        return format!("**{heading}**: {}", answer::refused(call));
    }
    let rows = call.result.items_at("rows");
    let count = call.result.get("count").map(Json::plain).unwrap_or_else(|| rows.len().to_string());
    let set = call.input.text_at("entity");
    let columns: Vec<&str> = facts::of(set).map(answer::columns).unwrap_or_default();
    let shown: Vec<Json> = rows.iter().take(10).cloned().collect();
    match rows.is_empty() {
        true => format!("**{heading}**: none"),
        false if count != shown.len().to_string() => {
            format!("**{heading}**: {count}, the first {} of them:\n\n{}", shown.len(), answer::table(&columns, &shown))
        }
        false => format!("**{heading}**: {count}\n\n{}", answer::table(&columns, &shown)),
    }
}

fn balance(debit: &Call, credit: &Call, period: &str) -> String {
    let sum = |call: &Call| {
        call.result
            .items_at("groups")
            .first()
            .map(|group| group.get("value").map(Json::plain).unwrap_or_default())
            .filter(|value| !call.failed && !value.is_empty())
    };
    match (sum(debit), sum(credit)) {
        (Some(debit), Some(credit)) => {
            let equal =
                debit.parse::<rust_decimal::Decimal>().ok().zip(credit.parse::<rust_decimal::Decimal>().ok()).is_some_and(|(debit, credit)| debit == credit);
            let verdict = if equal { "they balance" } else { "they do **not** balance" };
            format!("**General ledger, {period}**: debit {debit}, credit {credit}: {verdict}.")
        }
        _ => format!("**General ledger, {period}**: no sums could be read."),
    }
}
