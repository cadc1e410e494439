//! Markdown for people: tables, titles, sentences. Text from records is data: it is escaped, never followed.

use super::conversation::Call;
use super::facts::Facts;
use super::json::Json;
use super::read::label;

/// The most columns a table shows.
const MOST_COLUMNS: usize = 10;

/// The columns that matter for a list, by set.
const COLUMNS: &[(&str, &[&str])] = &[
    ("customers", &["number", "displayName", "city", "country", "phoneNumber", "email", "balanceDue", "creditLimit"]),
    ("vendors", &["number", "displayName", "city", "country", "phoneNumber", "email", "balance"]),
    ("items", &["number", "displayName", "type", "itemCategoryCode", "inventory", "baseUnitOfMeasureCode", "unitPrice", "unitCost"]),
    ("contacts", &["number", "displayName", "type", "companyName", "jobTitle", "phoneNumber", "email", "city"]),
    ("salesQuotes", &["number", "customerName", "documentDate", "validUntilDate", "status", "currencyCode", "totalAmountIncludingTax"]),
    ("salesOrders", &["number", "customerName", "orderDate", "requestedDeliveryDate", "status", "fullyShipped", "currencyCode", "totalAmountIncludingTax"]),
    ("salesInvoices", &["number", "customerName", "invoiceDate", "dueDate", "status", "currencyCode", "totalAmountIncludingTax", "remainingAmount"]),
    ("purchaseOrders", &["number", "vendorName", "orderDate", "requestedReceiptDate", "status", "fullyReceived", "currencyCode", "totalAmountIncludingTax"]),
    ("purchaseInvoices", &["number", "vendorName", "invoiceDate", "dueDate", "status", "currencyCode", "totalAmountIncludingTax"]),
    ("paymentTerms", &["code", "displayName", "dueDateCalculation", "discountPercent"]),
    ("accounts", &["number", "displayName", "category", "accountType", "netChange"]),
    ("generalLedgerEntries", &["entryNumber", "postingDate", "documentType", "documentNumber", "accountNumber", "description", "debitAmount", "creditAmount"]),
    ("locations", &["code", "displayName", "city", "country"]),
    ("salespeoplePurchasers", &["code", "displayName", "email", "jobTitle"]),
    ("companies", &["name", "displayName"]),
];

/// The properties shown in a list of a set.
pub(crate) fn columns(facts: &Facts) -> Vec<&str> {
    if let Some((_, columns)) = COLUMNS.iter().find(|(set, _)| *set == facts.set) {
        return columns.iter().copied().filter(|name| facts.has(name)).collect();
    }
    let shown = |name: &&str| !name.ends_with("Id") && *name != "id" && *name != "lastModifiedDateTime";
    facts.properties.iter().map(|property| property.name.as_str()).filter(shown).take(8).collect()
}

/// The properties that tell which record one is.
pub(crate) fn identity(facts: &Facts) -> Vec<&str> {
    let all = ["number", "code", "displayName", "customerName", "vendorName", "description", "city", "status", "dueDateCalculation"];
    all.into_iter().filter(|name| facts.has(name)).collect()
}

/// "sales order"
pub(crate) fn singular(facts: &Facts) -> String {
    match facts.set.as_str() {
        "salespeoplePurchasers" => "salesperson".to_owned(),
        "countriesRegions" => "country".to_owned(),
        _ => spoken(&facts.entity),
    }
}

/// The singular of a set that a result names.
pub(crate) fn singular_of(set: &str) -> String {
    super::facts::of(set).map_or_else(|| spoken(set), singular)
}

/// "sales orders"
pub(crate) fn plural(facts: &Facts) -> String {
    spoken(&facts.set)
}

fn spoken(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            text.push(' ');
        }
        text.extend(c.to_lowercase());
    }
    text.trim().to_owned()
}

/// "12 customers", "1 customer", "no customers".
pub(crate) fn counted(count: usize, facts: &Facts) -> String {
    match count {
        0 => format!("no {}", plural(facts)),
        1 => format!("1 {}", singular(facts)),
        count => format!("{count} {}", plural(facts)),
    }
}

/// Text of a record within a sentence: one line, without marks that Markdown would act on.
pub(crate) fn inline(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => safe.push(' '),
            '|' | '*' | '`' | '[' | ']' | '<' | '>' | '\\' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe.trim().to_owned()
}

/// A message as a sentence with its full stop, without the correlation id that is for logs.
pub(crate) fn sentence(text: &str) -> String {
    let text = inline(text.split("CorrelationId:").next().unwrap_or(text));
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

/// What a record is called, and what tells it from others of that name: a document by its number, all else by its name.
fn names(row: &Json) -> (String, String) {
    let first = |properties: &[&str]| inline(properties.iter().map(|property| row.text_at(property)).find(|text| !text.is_empty()).unwrap_or_default());
    let (key, party) = (first(&["number", "code"]), first(&["customerName", "vendorName"]));
    let name = first(&["displayName", "description"]);
    match (name.is_empty(), party.is_empty(), key.is_empty()) {
        (true, false, false) => (key, party),
        (true, _, _) => (if key.is_empty() { party } else { key }, String::new()),
        (false, _, _) => (name, key),
    }
}

/// "Fjordlys AS (10020)", "14 DAYS", "101003 (Fjordlys AS)".
pub(crate) fn title(row: &Json) -> String {
    match names(row) {
        (name, other) if other.is_empty() => name,
        (name, other) => format!("{name} ({other})"),
    }
}

/// The title with the name in bold.
pub(crate) fn bold(row: &Json) -> String {
    match names(row) {
        (name, _) if name.is_empty() => name,
        (name, other) if other.is_empty() => format!("**{name}**"),
        (name, other) => format!("**{name}** ({other})"),
    }
}

/// A value in an answer: dates that are not set are empty, enumeration members lose their encoding.
pub(crate) fn value(value: &Json) -> String {
    let text = inline(&value.plain());
    let unset = text.starts_with("0001-01-01") || text == "00000000-0000-0000-0000-000000000000" || text == "_x0020_";
    if unset {
        return String::new();
    }
    text.replace("_x0020_", " ").trim().to_owned()
}

/// Whether a column holds amounts of money.
pub(crate) fn is_money(column: &str) -> bool {
    let column = column.to_lowercase();
    ["amount", "balance", "total", "price", "cost", "limit", "netchange", "debit", "credit"].iter().any(|part| column.contains(part))
}

/// An amount with at least two decimals; no digit is lost.
pub(crate) fn amount(digits: &str) -> String {
    match digits.split_once('.') {
        _ if digits.contains(['e', 'E']) => digits.to_owned(),
        None => format!("{digits}.00"),
        Some((_, decimals)) if decimals.len() == 1 => format!("{digits}0"),
        Some(_) => digits.to_owned(),
    }
}

/// A table of rows; columns that are empty in every row are left out.
pub(crate) fn table(columns: &[&str], rows: &[Json]) -> String {
    let cell = |row: &Json, column: &str| match row.get(column) {
        Some(Json::Number(digits)) if is_money(column) => amount(digits),
        other => other.map(value).unwrap_or_default(),
    };
    let used: Vec<&str> = columns.iter().copied().filter(|column| rows.iter().any(|row| !cell(row, column).is_empty())).take(MOST_COLUMNS).collect();
    if used.is_empty() {
        return String::new();
    }
    let numeric = |column: &str| rows.iter().any(|row| matches!(row.get(column), Some(Json::Number(_))));
    let mut lines = vec![
        format!("| {} |", used.iter().map(|column| label(column)).collect::<Vec<_>>().join(" | ")),
        format!("|{}|", used.iter().map(|column| if numeric(column) { "---:" } else { "---" }).collect::<Vec<_>>().join("|")),
    ];
    lines.extend(rows.iter().map(|row| format!("| {} |", used.iter().map(|column| cell(row, column)).collect::<Vec<_>>().join(" | "))));
    lines.join("\n")
}

/// What a tool said when it refused.
pub(crate) fn refused(call: &Call) -> String {
    let error = call.result.get("error").unwrap_or(&call.result);
    let (message, suggestion) = (error.text_at("message"), error.text_at("suggestion"));
    let said = if message.is_empty() { call.text.as_str() } else { message };
    let said: String = said.chars().take(600).collect();
    let answer = format!("`{}` could not do that: {} {}", call.tool, sentence(&said), sentence(suggestion));
    answer.trim().to_owned()
}
