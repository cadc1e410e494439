//! Warnings on sales and purchase documents and their lines: whom they are for, what they come to, what they take from stock.

use bca_catalogue::Operation;
use bca_protocol::{Json, Note};
use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;

use super::{
    Seen,
    books::{Books, number, text},
    info, warning,
};

/// Items of one document that are looked up.
const MOST_LINES: usize = 50;

/// Which side of the trade a document is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Sales,
    Purchase,
}

/// What a set's documents are.
struct Kind {
    side: Side,
    /// The customer or vendor.
    parties: &'static str,
    party_id: &'static str,
    party_number: &'static str,
    /// Navigation to the lines.
    lines: &'static str,
    /// The price of a line and of an item.
    price: &'static str,
    item_price: &'static str,
    /// Posted or open documents of the same party that say what is usual.
    history: &'static str,
    history_date: &'static str,
}

fn kind(set: &str) -> Option<(Kind, &'static str)> {
    let (side, documents, lines, price) = match set {
        "salesQuotes" | "salesQuoteLines" => (Side::Sales, "salesQuotes", "salesQuoteLines", "unitPrice"),
        "salesOrders" | "salesOrderLines" => (Side::Sales, "salesOrders", "salesOrderLines", "unitPrice"),
        "salesInvoices" | "salesInvoiceLines" => (Side::Sales, "salesInvoices", "salesInvoiceLines", "unitPrice"),
        "purchaseOrders" | "purchaseOrderLines" => (Side::Purchase, "purchaseOrders", "purchaseOrderLines", "directUnitCost"),
        "purchaseInvoices" | "purchaseInvoiceLines" => (Side::Purchase, "purchaseInvoices", "purchaseInvoiceLines", "unitCost"),
        _ => return None,
    };
    let kind = match side {
        Side::Sales => Kind {
            side,
            parties: "customers",
            party_id: "customerId",
            party_number: "customerNumber",
            lines,
            price,
            item_price: "unitPrice",
            history: "salesInvoices",
            history_date: "invoiceDate",
        },
        Side::Purchase => Kind {
            side,
            parties: "vendors",
            party_id: "vendorId",
            party_number: "vendorNumber",
            lines,
            price,
            item_price: "unitCost",
            history: "purchaseInvoices",
            history_date: "invoiceDate",
        },
    };
    Some((kind, documents))
}

/// A line as far as it can be counted.
struct Line {
    item: Option<Json>,
    quantity: Decimal,
    /// Before tax, where the price is known.
    amount: Option<Decimal>,
}

pub(super) async fn warnings(books: &Books<'_>, seen: &Seen<'_>, today: Date) -> Vec<Note> {
    let set = seen.entity.set.as_str();
    let Some((kind, documents)) = kind(set) else { return Vec::new() };
    if matches!(seen.operation, Operation::Delete | Operation::Read) {
        return Vec::new();
    }
    let document = if set == documents { None } else { books.one(documents, parent(seen).unwrap_or_default()).await };
    let header = |name: &str| seen.text(name).or_else(|| document.as_ref().and_then(|document| text(document, name))).map(str::to_owned);
    let party = books.found(kind.parties, header(kind.party_id).as_deref(), header(kind.party_number).as_deref()).await;
    let lines = lines(books, seen, &kind, set == documents).await;
    let mut notes = Vec::new();
    if let Some(party) = &party {
        notes.extend(blocked_party(&kind, party));
    }
    notes.extend(lines.iter().filter_map(|line| line.item.as_ref()).filter(|item| item.get("blocked") == Some(&Json::Bool(true))).map(blocked_item));
    if kind.side == Side::Sales && documents != "salesQuotes" {
        notes.extend(stock(&lines));
    }
    let currency = header("currencyCode").map(|code| format!(" {code}")).unwrap_or_default();
    let total = total(seen, &lines);
    if let Some(total) = total {
        if matches!(seen.operation, Operation::Action(_)) {
            notes.push(info(format!("The document comes to {}{currency} with tax.", money(total))));
        } else {
            notes.push(info(format!("The lines come to about {}{currency} before tax and discounts of the whole document.", money(total))));
        }
        if let Some(number) = party.as_ref().and_then(|party| text(party, "number")) {
            notes.extend(unusual(books, &kind, seen.key, number, total, today).await);
        }
    }
    if let (Side::Sales, Some(party)) = (kind.side, &party)
        && documents != "salesQuotes"
    {
        // What stands in the books already is counted there; a draft invoice is not, even when it is about to be posted.
        let counted = matches!(seen.operation, Operation::Action(_)) && documents == "salesOrders";
        let added = if counted { Decimal::ZERO } else { total.unwrap_or_default() };
        notes.extend(credit(books, party, added).await);
    }
    notes
}

/// The document that a line belongs to.
fn parent<'a>(seen: &'a Seen<'_>) -> Option<&'a str> {
    let above = seen.path.split_once('/').and_then(|(above, _)| above.split_once('(')).and_then(|(_, id)| id.strip_suffix(')'));
    above.or_else(|| seen.text("documentId"))
}

async fn lines(books: &Books<'_>, seen: &Seen<'_>, kind: &Kind, is_document: bool) -> Vec<Line> {
    let rows: Vec<&Json> = match (is_document, seen.data.and_then(|data| data.get(kind.lines)), seen.data) {
        (true, Some(Json::Array(rows)), _) => rows.iter().take(MOST_LINES).collect(),
        (false, _, Some(line)) => vec![line],
        _ => Vec::new(),
    };
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let merged = |name: &str| number(row, name).or_else(|| if is_document { None } else { seen.before.and_then(|before| number(before, name)) });
        let named = |name: &str| text(row, name).or_else(|| if is_document { None } else { seen.before.and_then(|before| text(before, name)) });
        let item = books.found("items", named("itemId"), named("lineObjectNumber").filter(|_| named("lineType").is_none_or(|t| t == "Item"))).await;
        let quantity = merged("quantity").unwrap_or_default();
        let price = merged(kind.price).or_else(|| item.as_ref().and_then(|item| number(item, kind.item_price)));
        let gross = price.and_then(|price| price.checked_mul(quantity));
        let percent = merged("discountPercent").unwrap_or_default();
        let discount = gross.and_then(|gross| gross.checked_mul(percent)).and_then(|part| part.checked_div(Decimal::ONE_HUNDRED));
        let amount =
            gross.and_then(|gross| gross.checked_sub(discount.unwrap_or_default())).and_then(|a| a.checked_sub(merged("discountAmount").unwrap_or_default()));
        lines.push(Line { item, quantity, amount: amount.map(|amount| amount.round_dp(2)) });
    }
    lines
}

/// What the write comes to; nothing where a price is not known.
fn total(seen: &Seen<'_>, lines: &[Line]) -> Option<Decimal> {
    if matches!(seen.operation, Operation::Action(_)) {
        return seen.before.and_then(|before| number(before, "totalAmountIncludingTax"));
    }
    if lines.is_empty() {
        return None;
    }
    lines.iter().try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line.amount?))
}

/// An amount as people read it: two decimals, thousands apart.
fn money(amount: Decimal) -> String {
    let digits = format!("{:.2}", amount.round_dp(2));
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("-", rest));
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, "00"));
    let mut grouped = String::with_capacity(digits.len() + 6);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{cents}")
}

fn blocked_party(kind: &Kind, party: &Json) -> Option<Note> {
    let blocked = bca_bc::decode_member(text(party, "blocked")?);
    let who = match kind.side {
        Side::Sales => "customer",
        Side::Purchase => "vendor",
    };
    (!blocked.trim().is_empty()).then(|| warning(format!("The {who} {} is blocked ({blocked}).", name(party))))
}

fn blocked_item(item: &Json) -> Note {
    warning(format!("The item {} is blocked.", name(item)))
}

fn name(record: &Json) -> String {
    [text(record, "number"), text(record, "displayName")].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Items of which more is sold than there is.
fn stock(lines: &[Line]) -> Vec<Note> {
    let mut wanted: Vec<(&Json, Decimal)> = Vec::new();
    for line in lines {
        let Some(item) = line.item.as_ref().filter(|item| text(item, "type").is_none_or(|kind| kind == "Inventory")) else { continue };
        match wanted.iter_mut().find(|(other, _)| other.get("id") == item.get("id")) {
            Some((_, sum)) => *sum = sum.saturating_add(line.quantity),
            None => wanted.push((item, line.quantity)),
        }
    }
    let short = |(item, wanted): &(&Json, Decimal)| {
        let there = number(item, "inventory")?;
        (*wanted > there).then(|| warning(format!("{}: {wanted} are sold and {there} are in stock.", name(item))))
    };
    wanted.iter().filter_map(short).collect()
}

/// Balance, open orders and this against the credit limit; no limit is set where it is zero.
async fn credit(books: &Books<'_>, customer: &Json, added: Decimal) -> Option<Note> {
    let limit = number(customer, "creditLimit").filter(|limit| !limit.is_zero())?;
    let balance = number(customer, "balanceDue").unwrap_or_default();
    let orders = books.documents("salesOrders", ("customerNumber", text(customer, "number")?), None).await;
    let open: Decimal = orders.iter().filter_map(|order| number(order, "totalAmountIncludingTax")).fold(Decimal::ZERO, Decimal::saturating_add);
    let all = balance.saturating_add(open).saturating_add(added);
    (all > limit).then(|| {
        warning(format!(
            "The credit limit of {} is passed: balance {} + open orders {} + this {} = {}; the limit is {}.",
            name(customer),
            money(balance),
            money(open),
            money(added),
            money(all),
            money(limit)
        ))
    })
}

/// Larger than anything of the last year with the same customer or vendor.
async fn unusual(books: &Books<'_>, kind: &Kind, own: Option<&str>, party: &str, total: Decimal, today: Date) -> Option<Note> {
    let since = today.checked_sub(1.year()).ok()?;
    let last_year = books.documents(kind.history, (kind.party_number, party), Some((kind.history_date, since))).await;
    let others = last_year.iter().filter(|document| text(document, "id") != own);
    let amounts = others.filter_map(|document| number(document, "totalAmountIncludingTax")).filter(|amount| !amount.is_zero());
    let most = amounts.max()?;
    (total > most).then(|| {
        let (total, most) = (money(total), money(most));
        warning(format!("{total} is more than any invoice of the last year with the same party: the largest came to {most}."))
    })
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
