//! Warnings on sales and purchase documents and their lines: whom they are for, what they come to, what they take from stock.

use bca_catalogue::Operation;
use bca_protocol::{Json, Note};
use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;

use super::{
    Seen,
    books::{Books, number, text},
    info,
    usual::{Found, out_of_range},
    warning,
};

/// Items of one document that are looked up.
const MOST_LINES: usize = 50;

/// Actions that post, or make a document that goes the same way: what is to be known of a document matters then. Sending and cancelling don't.
const POSTS: [&str; 5] = ["post", "postAndSend", "shipAndInvoice", "makeOrder", "makeInvoice"];

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
        "salesCreditMemos" | "salesCreditMemoLines" => (Side::Sales, "salesCreditMemos", "salesCreditMemoLines", "unitPrice"),
        "purchaseCreditMemos" | "purchaseCreditMemoLines" => (Side::Purchase, "purchaseCreditMemos", "purchaseCreditMemoLines", "unitCost"),
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
    let Some((kind, documents)) = kind(set) else { return paid_party(books, seen).await };
    let posts = match seen.operation {
        Operation::Delete | Operation::Read => return Vec::new(),
        Operation::Action(name) => POSTS.contains(&name.as_str()),
        Operation::Create | Operation::Update => true,
    };
    let document = if set == documents { None } else { books.one(documents, parent(seen).unwrap_or_default()).await };
    let header = |name: &str| seen.text(name).or_else(|| document.as_ref().and_then(|document| text(document, name))).map(str::to_owned);
    let party = books.found(kind.parties, header(kind.party_id).as_deref(), header(kind.party_number).as_deref()).await;
    let lines = lines(books, seen, &kind, set == documents).await;
    let mut notes = Vec::new();
    if let Some(party) = &party {
        notes.extend(blocked_party(kind.side, party));
    }
    notes.extend(lines.iter().filter_map(|line| line.item.as_ref()).filter(|item| item.get("blocked") == Some(&Json::Bool(true))).map(blocked_item));
    if posts && matches!(documents, "salesOrders" | "salesInvoices" | "purchaseCreditMemos") {
        notes.extend(stock(&lines));
    }
    let currency = header("currencyCode");
    let total = total(seen, &lines);
    if let Some(total) = total {
        let shown = format!("{}{}", money(total), currency.as_ref().map(|code| format!(" {code}")).unwrap_or_default());
        notes.push(info(match seen.operation {
            Operation::Action(_) => format!("The document comes to {shown} with tax."),
            _ => format!("The lines come to about {shown} before tax and discounts of the whole document."),
        }));
    }
    let (Some(party), true) = (&party, posts) else { return notes };
    if let Some(total) = total {
        let whole = whole(seen, document.as_ref(), total, "totalAmountExcludingTax");
        let currency = currency.as_deref().or_else(|| text(party, "currencyCode"));
        notes.extend(unusual(books, seen, &kind, party, whole, currency, today).await);
    }
    if documents == "salesOrders" || documents == "salesInvoices" {
        // What stands in the books already is counted there; a draft invoice is not, even when it is about to be posted.
        let counted = matches!(seen.operation, Operation::Action(_)) && documents == "salesOrders";
        let added = match total {
            None => Decimal::ZERO,
            Some(_) if counted => Decimal::ZERO,
            Some(total) if documents == "salesOrders" => total.saturating_sub(replaced(seen)),
            Some(total) => whole(seen, document.as_ref(), total, "totalAmountIncludingTax"),
        };
        notes.extend(credit(books, party, added).await);
    }
    notes
}

/// What a line that is changed comes to as it stands: its new amount takes the place of that.
fn replaced(seen: &Seen<'_>) -> Decimal {
    let is_line = matches!(seen.operation, Operation::Update);
    seen.before.filter(|_| is_line).and_then(|line| number(line, "amountExcludingTax")).unwrap_or_default()
}

/// What the document comes to with this write: a line is a part of it.
fn whole(seen: &Seen<'_>, document: Option<&Json>, total: Decimal, counted_by: &str) -> Decimal {
    let stands = document.and_then(|document| number(document, counted_by)).unwrap_or_default();
    if document.is_some() { stands.saturating_sub(replaced(seen)).saturating_add(total) } else { total }
}

/// A customer or vendor of a payment who is blocked.
async fn paid_party(books: &Books<'_>, seen: &Seen<'_>) -> Vec<Note> {
    let (side, parties, id, number) = match (seen.entity.set.as_str(), seen.operation) {
        ("customerPayments", Operation::Create | Operation::Update) => (Side::Sales, "customers", "customerId", "customerNumber"),
        ("vendorPayments", Operation::Create | Operation::Update) => (Side::Purchase, "vendors", "vendorId", "vendorNumber"),
        _ => return Vec::new(),
    };
    let party = books.found(parties, seen.text(id), seen.text(number)).await;
    party.as_ref().and_then(|party| blocked_party(side, party)).into_iter().collect()
}

/// The document that a line belongs to.
fn parent<'a>(seen: &'a Seen<'_>) -> Option<&'a str> {
    let above = seen.path.split_once('/').and_then(|(above, _)| above.split_once('(')).and_then(|(_, id)| id.strip_suffix(')'));
    above.or_else(|| seen.text("documentId"))
}

async fn lines(books: &Books<'_>, seen: &Seen<'_>, kind: &Kind, is_document: bool) -> Vec<Line> {
    let standing = match (seen.operation, seen.key) {
        (Operation::Action(name), Some(id)) if is_document && POSTS.contains(&name.as_str()) => books.below(&seen.entity.set, id, kind.lines).await,
        _ => Vec::new(),
    };
    let rows: Vec<&Json> = match (is_document, seen.data.and_then(|data| data.get(kind.lines)), seen.data) {
        (true, Some(Json::Array(rows)), _) => rows.iter().take(MOST_LINES).collect(),
        (true, None, None) => standing.iter().take(MOST_LINES).collect(),
        (false, _, Some(line)) => vec![line],
        _ => Vec::new(),
    };
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let merged = |name: &str| number(row, name).or_else(|| if is_document { None } else { seen.before.and_then(|before| number(before, name)) });
        let named = |name: &str| text(row, name).or_else(|| if is_document { None } else { seen.before.and_then(|before| text(before, name)) });
        let item = books.found("items", named("itemId"), named("lineObjectNumber").filter(|_| named("lineType").is_none_or(|t| t == "Item"))).await;
        let delivered = number(row, "shippedQuantity").filter(|_| !standing.is_empty()).unwrap_or_default();
        let quantity = merged("quantity").unwrap_or_default().saturating_sub(delivered);
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

fn blocked_party(side: Side, party: &Json) -> Option<Note> {
    let blocked = bca_bc::decode_member(text(party, "blocked")?);
    let who = match side {
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

/// Out of the range of the last year's invoices with the same customer or vendor, in the same currency.
async fn unusual(books: &Books<'_>, seen: &Seen<'_>, kind: &Kind, party: &Json, total: Decimal, currency: Option<&str>, today: Date) -> Option<Note> {
    let since = today.checked_sub(1.year()).ok()?;
    let last_year = books.documents(kind.history, (kind.party_number, text(party, "number")?), Some((kind.history_date, since))).await;
    let counted_by = if matches!(seen.operation, Operation::Action(_)) { "totalAmountIncludingTax" } else { "totalAmountExcludingTax" };
    let own = books.local_currency().await;
    let code = |given: Option<&str>| given.map(str::to_owned).or_else(|| own.clone());
    let others = last_year.iter().filter(|document| text(document, "id") != seen.key && code(text(document, "currencyCode")) == code(currency));
    let amounts: Vec<Decimal> = others.filter_map(|document| number(document, counted_by)).filter(|amount| !amount.is_zero()).collect();
    let (count, total_shown) = (amounts.len(), money(total));
    Some(warning(match out_of_range(total, &amounts)? {
        Found::Above(most) => {
            format!(
                "Unusual amount: {total_shown} is more than any invoice of the last year with the same party. The largest of {count} came to {}.",
                money(most)
            )
        }
        Found::Below(least) => {
            format!(
                "Unusual amount: {total_shown} is less than any invoice of the last year with the same party. The smallest of {count} came to {}.",
                money(least)
            )
        }
    }))
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
