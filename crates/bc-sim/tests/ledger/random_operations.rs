//! Whatever people do, the books agree. The operations are drawn by proptest: `PROPTEST_RNG_SEED` chooses others (default 1),
//! `LEDGER_OPERATIONS` another number (default 1000).

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

use crate::books::{text, units};
use crate::consistency::check;
use crate::support::{Company, Reply, options, start};

/// An operation. Numbers choose among what is there when it is done.
#[derive(Clone, Debug)]
enum Operation {
    Create {
        kind: usize,
        partner: u32,
        lines: Vec<(usize, u32, u32)>,
        discount: u32,
        days_ago: i64,
    },
    /// Sets what of an order's first line is shipped and invoiced next.
    Portion {
        orders: usize,
        pick: usize,
        move_now: u32,
        invoice_now: u32,
    },
    ChangeLine {
        kind: usize,
        pick: usize,
        quantity: u32,
    },
    DeleteDraft {
        kind: usize,
        pick: usize,
    },
    Act {
        what: usize,
        pick: usize,
    },
    /// A payment of a hundredth part of an open invoice; above 100 it leaves a rest on the account.
    Pay {
        sales: bool,
        pick: usize,
        percent: u32,
        names_invoice: bool,
    },
    Book {
        from: usize,
        to: usize,
        cents: u32,
    },
    Count {
        item: usize,
        quantity: u32,
    },
    NewPartner {
        sales: bool,
    },
}

const KINDS: [(&str, &str, &str); 7] = [
    ("salesQuotes", "salesQuoteLines", "customerNumber"),
    ("salesOrders", "salesOrderLines", "customerNumber"),
    ("salesInvoices", "salesInvoiceLines", "customerNumber"),
    ("salesCreditMemos", "salesCreditMemoLines", "customerNumber"),
    ("purchaseOrders", "purchaseOrderLines", "vendorNumber"),
    ("purchaseInvoices", "purchaseInvoiceLines", "vendorNumber"),
    ("purchaseCreditMemos", "purchaseCreditMemoLines", "vendorNumber"),
];

/// Set, filter of what it can be done to, action.
const ACTIONS: [(&str, &str, &str); 15] = [
    ("salesQuotes", "", "makeOrder"),
    ("salesQuotes", "", "makeInvoice"),
    ("salesQuotes", "", "send"),
    ("salesOrders", "", "shipAndInvoice"),
    ("salesOrders", "", "shipAndInvoice"),
    ("salesInvoices", "status eq 'Draft'", "post"),
    ("salesInvoices", "status eq 'Draft'", "postAndSend"),
    ("salesInvoices", "status eq 'Open'", "cancel"),
    ("salesInvoices", "status eq 'Open'", "makeCorrectiveCreditMemo"),
    ("salesCreditMemos", "status eq 'Draft'", "post"),
    ("salesCreditMemos", "status eq 'Corrective'", "cancelAndSend"),
    ("purchaseOrders", "", "receiveAndInvoice"),
    ("purchaseOrders", "", "receiveAndInvoice"),
    ("purchaseInvoices", "status eq 'Draft'", "post"),
    ("purchaseCreditMemos", "status eq 'Draft'", "post"),
];

const ITEMS: [&str; 10] = ["1000", "1100", "1140", "1200", "1300", "1420", "1500", "1530", "1900", "1910"];
const ACCOUNTS: [&str; 8] = ["1200", "1920", "2000", "2930", "3900", "5000", "6300", "8050"];

fn operation() -> impl Strategy<Value = Operation> {
    let lines = prop::collection::vec((0..ITEMS.len(), 1..25u32, 0..4u32), 1..4);
    prop_oneof![
        5 => (0..KINDS.len(), 0..12u32, lines, 0..3u32, 0..150i64)
            .prop_map(|(kind, partner, lines, discount, days_ago)| Operation::Create { kind, partner, lines, discount, days_ago }),
        2 => (0..2usize, 0..6usize, 0..8u32, 0..8u32).prop_map(|(orders, pick, move_now, invoice_now)| Operation::Portion { orders, pick, move_now, invoice_now }),
        1 => (0..KINDS.len(), 0..6usize, 0..20u32).prop_map(|(kind, pick, quantity)| Operation::ChangeLine { kind, pick, quantity }),
        1 => (0..KINDS.len(), 0..6usize).prop_map(|(kind, pick)| Operation::DeleteDraft { kind, pick }),
        8 => (0..ACTIONS.len(), 0..6usize).prop_map(|(what, pick)| Operation::Act { what, pick }),
        3 => (any::<bool>(), 0..20usize, 1..130u32, any::<bool>()).prop_map(|(sales, pick, percent, names_invoice)| Operation::Pay { sales, pick, percent, names_invoice }),
        1 => (0..ACCOUNTS.len(), 0..ACCOUNTS.len(), 1..1_000_000u32).prop_map(|(from, to, cents)| Operation::Book { from, to, cents }),
        1 => (0..ITEMS.len(), 0..400u32).prop_map(|(item, quantity)| Operation::Count { item, quantity }),
        1 => any::<bool>().prop_map(|sales| Operation::NewPartner { sales }),
    ]
}

/// What came of an operation: done, refused by a rule, or nothing there to do it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Refused,
    Nothing,
}

/// A refusal must be one of a rule: never a fault of the server, never a request that it could not read.
fn judge(reply: &Reply) -> Outcome {
    if reply.status < 300 {
        return Outcome::Done;
    }
    let known = ["Application_DialogException", "Application_FieldValidationException"];
    assert!(reply.status == 400 && known.contains(&reply.code()), "{} {}", reply.status, reply.body);
    Outcome::Refused
}

async fn pick(company: &Company, set: &str, filter: &str, pick: usize, rest: &str) -> Option<Value> {
    let filter = if filter.is_empty() { String::new() } else { format!("&$filter={filter}") };
    let rows = company.get(&format!("{set}?$top=20&$orderby=number desc{filter}{rest}")).await.rows().clone();
    let index = pick % rows.len().max(1);
    rows.get(index).cloned()
}

async fn operate(company: &Company, serial: usize, operation: &Operation) -> Outcome {
    match operation {
        Operation::Create { kind, partner, lines, discount, days_ago } => create(company, serial, *kind, *partner, lines, *discount, *days_ago).await,
        Operation::Portion { orders, pick: chosen, move_now, invoice_now } => {
            let (set, lines, next) = [("salesOrders", "salesOrderLines", "shipQuantity"), ("purchaseOrders", "purchaseOrderLines", "receiveQuantity")][*orders];
            let Some(order) = pick(company, set, "", *chosen, &format!("&$expand={lines}")).await else { return Outcome::Nothing };
            let Some(line) = order[lines].get(0) else { return Outcome::Nothing };
            let body = json!({next: move_now, "invoiceQuantity": invoice_now});
            judge(&company.patch(&format!("{lines}({})", text(line, "id")), "*", body).await)
        }
        Operation::ChangeLine { kind, pick: chosen, quantity } => {
            let (set, lines, _) = KINDS[*kind];
            let Some(document) = pick(company, set, "", *chosen, &format!("&$expand={lines}")).await else { return Outcome::Nothing };
            let Some(line) = document[lines].get(0) else { return Outcome::Nothing };
            judge(&company.patch(&format!("{lines}({})", text(line, "id")), "*", json!({"quantity": quantity})).await)
        }
        Operation::DeleteDraft { kind, pick: chosen } => {
            let (set, ..) = KINDS[*kind];
            let Some(row) = pick(company, set, "status eq 'Draft'", *chosen, "").await else { return Outcome::Nothing };
            judge(&company.delete(&format!("{set}({})", text(&row, "id")), "*").await)
        }
        Operation::Act { what, pick: chosen } => {
            let (set, filter, action) = ACTIONS[*what];
            let Some(row) = pick(company, set, filter, *chosen, "").await else { return Outcome::Nothing };
            judge(&company.act(&format!("{set}({})/Microsoft.NAV.{action}", text(&row, "id"))).await)
        }
        Operation::Pay { sales, pick: chosen, percent, names_invoice } => pay(company, serial, *sales, *chosen, *percent, *names_invoice).await,
        Operation::Book { from, to, cents } => book(company, serial, ACCOUNTS[*from], ACCOUNTS[*to], *cents).await,
        Operation::Count { item, quantity } => {
            let row = company.first(&format!("items?$filter=number eq '{}'", ITEMS[*item])).await;
            judge(&company.patch(&format!("items({})", text(&row, "id")), "*", json!({"inventory": quantity})).await)
        }
        Operation::NewPartner { sales } => {
            let set = if *sales { "customers" } else { "vendors" };
            judge(&company.post(set, json!({"displayName": format!("Partner {serial}"), "email": format!("p{serial}@partner.example")})).await)
        }
    }
}

async fn create(company: &Company, serial: usize, kind: usize, partner: u32, lines: &[(usize, u32, u32)], discount: u32, days_ago: i64) -> Outcome {
    let (set, nested, names) = KINDS[kind];
    let number = if names == "customerNumber" { 10_000 + partner * 1_000 } else { 40_000 + partner % 8 * 1_000 };
    let lines: Vec<Value> = lines
        .iter()
        .map(|(item, quantity, discount)| json!({"lineType": "Item", "lineObjectNumber": ITEMS[*item], "quantity": quantity, "discountPercent": discount * 5}))
        .collect();
    let date = "2026-06-15".parse::<jiff::civil::Date>().unwrap().checked_sub(jiff::Span::new().days(days_ago)).unwrap().to_string();
    let mut body = json!({names: number.to_string(), "discountAmount": discount * 33, "postingDate": date, nested: lines});
    match set {
        "purchaseInvoices" => body["vendorInvoiceNumber"] = json!(format!("X{serial}")),
        "purchaseCreditMemos" => body["vendorCreditMemoNumber"] = json!(format!("X{serial}")),
        "salesQuotes" => body = json!({names: number.to_string(), nested: body[nested]}),
        _ => {}
    }
    judge(&company.post(set, body).await)
}

async fn pay(company: &Company, serial: usize, sales: bool, chosen: usize, percent: u32, names_invoice: bool) -> Outcome {
    let (invoices, journals, lines, names, sign) = if sales {
        ("salesInvoices", "customerPaymentJournals", "customerPayments", "customerNumber", -1)
    } else {
        ("purchaseInvoices", "vendorPaymentJournals", "vendorPayments", "vendorNumber", 1)
    };
    let Some(invoice) = pick(company, invoices, "status eq 'Open'", chosen, "").await else { return Outcome::Nothing };
    let journal = company.first(journals).await;
    let cents = units(&invoice["totalAmountIncludingTax"]) / 1_000 * i128::from(percent) / 100;
    let amount: Value = serde_json::from_str(&format!("{}{}.{:02}", if sign < 0 { "-" } else { "" }, cents / 100, cents % 100)).unwrap();
    let payer = if sales { "billToCustomerNumber" } else { "payToVendorNumber" };
    let mut body = json!({names: invoice[payer], "amount": amount, "documentNumber": format!("P{serial}")});
    if names_invoice {
        body["appliesToInvoiceNumber"] = invoice["number"].clone();
    }
    let path = format!("{journals}({})/{lines}", text(&journal, "id"));
    let line = company.post(&path, body).await;
    if judge(&line) == Outcome::Refused {
        return Outcome::Refused;
    }
    let outcome = judge(&company.act(&format!("journals({})/Microsoft.NAV.post", text(&journal, "id"))).await);
    if outcome == Outcome::Refused {
        assert_eq!(company.delete(&format!("{lines}({})", line.text("id")), "*").await.status, 204, "a refused posting leaves its line");
    }
    outcome
}

async fn book(company: &Company, serial: usize, from: &str, to: &str, cents: u32) -> Outcome {
    let journal = company.first("journals?$filter=code eq 'MONTHLY'").await;
    let path = format!("journals({})", text(&journal, "id"));
    let amount: Value = serde_json::from_str(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap();
    let to = company.first(&format!("accounts?$filter=number eq '{to}'")).await;
    let line = json!({"accountNumber": from, "balancingAccountId": to["id"], "documentNumber": format!("J{serial}"), "amount": amount});
    let line = company.post(&format!("{path}/journalLines"), line).await;
    assert_eq!(line.status, 201, "{}", line.body);
    judge(&company.act(&format!("{path}/Microsoft.NAV.post")).await)
}

/// Does all of them on a new company and checks the books at four points.
async fn run(operations: &[Operation]) {
    let company = start(options()).await;
    let mut done = 0;
    let part = operations.len().div_ceil(4).max(1);
    for (serial, operation) in operations.iter().enumerate() {
        if operate(&company, serial, operation).await == Outcome::Done {
            done += 1;
        }
        if (serial + 1) % part == 0 {
            check(&company).await;
        }
    }
    check(&company).await;
    assert!(operations.len() < 100 || done * 2 > operations.len(), "only {done} of {} operations were taken", operations.len());
    eprintln!("{done} of {} operations were taken", operations.len());
}

#[test]
fn a_thousand_operations_leave_the_books_in_agreement() {
    let count = std::env::var("LEDGER_OPERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let mut config = Config { cases: 1, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(config);
    let operations = prop::collection::vec(operation(), count..=count);
    runner
        .run(&operations, |operations| {
            runtime.block_on(run(&operations));
            Ok(())
        })
        .unwrap();
}
