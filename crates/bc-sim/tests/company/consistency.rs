//! What a reader of the books would check, on the seed and after a few hundred operations.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};

use crate::support::{Company, company};

/// An amount as whole hundred-thousandths, read from the number's text.
fn units(value: &Value) -> i128 {
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let negative = whole.starts_with('-');
    let digits = format!("{}{fraction:0<5}", whole.trim_start_matches('-'));
    let magnitude: i128 = digits.parse().unwrap_or_else(|_| panic!("{text} is no plain decimal"));
    if negative { -magnitude } else { magnitude }
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name].as_str().unwrap_or_else(|| panic!("no {name} in {row}"))
}

/// Checks everything that must agree.
async fn check(company: &Company) {
    let entries = company.all("generalLedgerEntries").await;
    let accounts = company.all("accounts").await;
    check_ledger(&entries, &accounts);
    let account = |number: &str| accounts.iter().find(|row| text(row, "number") == number).map(|row| units(&row["netChange"])).unwrap();
    let customers = company.all("customers").await;
    let invoices = company.all("salesInvoices?$expand=salesInvoiceLines,paymentTerm").await;
    let memos = company.all("salesCreditMemos?$expand=salesCreditMemoLines").await;
    check_balances(&customers, &invoices, &memos);
    assert_eq!(account("1500"), customers.iter().map(|row| units(&row["balanceDue"])).sum::<i128>(), "receivables");
    let vendors = company.all("vendors").await;
    assert_eq!(-account("2400"), vendors.iter().map(|row| units(&row["balance"])).sum::<i128>(), "payables");
    let moves = company.all("itemLedgerEntries").await;
    assert_eq!(account("1460"), moves.iter().map(|row| units(&row["costAmountActual"])).sum::<i128>(), "value of the stock");
    for item in company.all("items").await {
        let moved: i128 = moves.iter().filter(|row| row["itemNumber"] == item["number"]).map(|row| units(&row["quantity"])).sum();
        assert_eq!(units(&item["inventory"]), moved, "stock of {item}");
    }
    for (documents, lines) in [
        (invoices, "salesInvoiceLines"),
        (memos, "salesCreditMemoLines"),
        (company.all("salesQuotes?$expand=salesQuoteLines").await, "salesQuoteLines"),
        (company.all("salesOrders?$expand=salesOrderLines").await, "salesOrderLines"),
        (company.all("purchaseCreditMemos?$expand=purchaseCreditMemoLines").await, "purchaseCreditMemoLines"),
        (company.all("purchaseOrders?$expand=purchaseOrderLines").await, "purchaseOrderLines"),
        (company.all("purchaseInvoices?$expand=purchaseInvoiceLines").await, "purchaseInvoiceLines"),
    ] {
        check_documents(&documents, lines);
    }
    check_contacts(&customers, &vendors, &company.all("contacts").await);
}

fn check_ledger(entries: &[Value], accounts: &[Value]) {
    let mut by_document: BTreeMap<String, i128> = BTreeMap::new();
    let mut by_account: BTreeMap<&str, i128> = BTreeMap::new();
    for entry in entries {
        let amount = units(&entry["debitAmount"]) - units(&entry["creditAmount"]);
        *by_document.entry(format!("{} {}", entry["documentNumber"], entry["postingDate"])).or_default() += amount;
        *by_account.entry(text(entry, "accountNumber")).or_default() += amount;
    }
    for (document, sum) in by_document {
        assert_eq!(sum, 0, "{document} is out of balance");
    }
    for account in accounts.iter().filter(|row| row["accountType"] == "Posting") {
        let sum = by_account.get(text(account, "number")).copied().unwrap_or_default();
        assert_eq!(units(&account["netChange"]), sum, "{account}");
    }
    let all: i128 = by_account.values().sum();
    assert_eq!(all, 0);
    let total = accounts.iter().find(|row| text(row, "number") == "1999").unwrap();
    let assets: i128 = by_account.iter().filter(|(number, _)| **number < "1999").map(|(_, sum)| sum).sum();
    assert_eq!(units(&total["netChange"]), assets, "total assets");
}

fn check_balances(customers: &[Value], invoices: &[Value], memos: &[Value]) {
    for customer in customers.iter().filter(|row| row["currencyCode"] == "NOK") {
        let mine = |row: &&Value| row["billToCustomerId"] == customer["id"];
        let open: i128 = invoices.iter().filter(mine).filter(|row| row["status"] != "Draft").map(|row| units(&row["remainingAmount"])).sum();
        let credit: i128 = memos.iter().filter(mine).filter(|row| row["status"] == "Open").map(|row| units(&row["totalAmountIncludingTax"])).sum();
        assert_eq!(units(&customer["balanceDue"]), open - credit, "{customer}");
    }
    for invoice in invoices {
        let remaining = units(&invoice["remainingAmount"]);
        let total = units(&invoice["totalAmountIncludingTax"]);
        match text(invoice, "status") {
            "Draft" | "Open" => assert!(remaining == total || (remaining > 0 && remaining < total), "{invoice}"),
            "Paid" | "Canceled" => assert_eq!(remaining, 0, "{invoice}"),
            other => panic!("status {other}"),
        }
        let days = match invoice["paymentTerm"]["dueDateCalculation"].as_str() {
            Some(formula) if formula.ends_with('D') => formula.trim_end_matches('D').parse::<i64>().ok(),
            _ => None,
        };
        if let Some(days) = days {
            let date: jiff::civil::Date = text(invoice, "invoiceDate").parse().unwrap();
            let due = date.checked_add(jiff::Span::new().days(days)).unwrap();
            assert_eq!(text(invoice, "dueDate"), due.to_string(), "{invoice}");
        }
    }
}

fn check_documents(documents: &[Value], lines: &str) {
    let mut numbers = BTreeSet::new();
    for document in documents {
        assert!(numbers.insert(text(document, "number").to_owned()), "number twice: {document}");
        let changed = text(document, "lastModifiedDateTime");
        assert!(changed.ends_with('Z') && changed.len() == "2026-01-01T00:00:00.000Z".len(), "{changed}");
        let rows = document[lines].as_array().unwrap();
        let sum = |name: &str| rows.iter().map(|row| units(&row[name])).sum::<i128>();
        assert_eq!(units(&document["totalAmountExcludingTax"]), sum("netAmount"), "{document}");
        assert_eq!(units(&document["totalTaxAmount"]), sum("netTaxAmount"), "{document}");
        assert_eq!(units(&document["totalAmountIncludingTax"]), sum("netAmountIncludingTax"), "{document}");
        for row in rows {
            let price = ["unitPrice", "unitCost", "directUnitCost"].iter().find_map(|name| row.get(*name)).unwrap();
            let gross = units(&row["quantity"]) * units(price) / 100_000;
            let expected = gross - units(&row["discountAmount"]);
            assert!((units(&row["amountExcludingTax"]) - expected).abs() <= 500, "{row}");
            let tax = units(&row["netAmount"]) * units(&row["taxPercent"]) / 10_000_000;
            assert!((units(&row["netTaxAmount"]) - tax).abs() <= 500, "{row}");
        }
    }
}

fn check_contacts(customers: &[Value], vendors: &[Value], contacts: &[Value]) {
    for (partners, relation) in [(customers, "Customer"), (vendors, "Vendor")] {
        for partner in partners {
            let found = contacts.iter().any(|row| row["contactBusinessRelation"] == relation && row["email"] == partner["email"]);
            assert!(found, "no contact for {partner}");
        }
    }
}

#[tokio::test]
async fn the_seed_agrees_with_itself() {
    let company = company().await;
    check(&company).await;
    let overdue = company.all("customerFinancialDetails?$filter=overdueAmount gt 0").await;
    assert!(overdue.len() >= 4, "{overdue:?}");
    let customers = company.all("customers").await;
    assert!(customers.iter().any(|row| row["blocked"] == "All"));
    assert!(customers.iter().any(|row| units(&row["balanceDue"]) > units(&row["creditLimit"])));
    let aged = company.all("agedAccountsReceivables").await;
    for bucket in ["currentAmount", "period1Amount", "period2Amount", "period3Amount"] {
        assert!(aged.iter().any(|row| units(&row[bucket]) > 0), "nothing in {bucket}: {aged:?}");
    }
    for row in &aged {
        let parts: i128 = ["currentAmount", "period1Amount", "period2Amount", "period3Amount"].iter().map(|bucket| units(&row[*bucket])).sum();
        assert_eq!(parts, units(&row["balanceDue"]), "{row}");
    }
    let posted = company.get("salesInvoices/$count?$filter=status eq 'Open' or status eq 'Paid'").await;
    assert_eq!(posted.body, 150, "{}", posted.body);
    let items = company.all("items?$filter=inventory lt 0").await;
    assert!(items.is_empty(), "{items:?}");
    let small = crate::support::Company { base: format!("{}/companies({})", company.running.base_url(), company.running.companies()[1].0), ..company };
    check(&small).await;
}

struct Dice(TestRng);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound
    }
}

/// One random operation; refusals are fine, server errors are not.
async fn operate(company: &Company, dice: &mut Dice) -> u16 {
    let customer = format!("{}", 10000 + dice.below(12) * 1000);
    let item = ["1000", "1100", "1300", "1500", "1530", "1900"][dice.below(6) as usize];
    let line = |dice: &mut Dice| json!({"lineType": "Item", "lineObjectNumber": item, "quantity": 1 + dice.below(9), "discountPercent": dice.below(3) * 5});
    let drafts = "$filter=status eq 'Draft'&$top=3&$orderby=lastModifiedDateTime desc";
    let reply = match dice.below(13) {
        0 => company.post("salesQuotes", json!({"customerNumber": customer, "salesQuoteLines": [line(dice), line(dice)]})).await,
        1 => company.post("salesOrders", json!({"customerNumber": customer, "salesOrderLines": [line(dice), line(dice)]})).await,
        2 => {
            company
                .post("salesInvoices", json!({"customerNumber": customer, "discountAmount": dice.below(20), "salesInvoiceLines": [line(dice), line(dice)]}))
                .await
        }
        3 => {
            let vendor = format!("{}", 40000 + dice.below(8) * 1000);
            company
                .post(
                    "purchaseInvoices",
                    json!({"vendorNumber": vendor, "vendorInvoiceNumber": format!("X{}", dice.below(100_000)), "purchaseInvoiceLines": [line(dice)]}),
                )
                .await
        }
        4 => act(company, dice, "salesQuotes?$top=3", "salesQuotes", &["makeOrder", "makeInvoice", "send"]).await,
        5 => {
            if let Some(row) = pick(company, dice, "salesOrderLines", "salesOrders?$top=3&$expand=salesOrderLines").await {
                let path = format!("salesOrderLines({})", text(&row, "id"));
                company.patch(&path, "*", json!({"shipQuantity": 1, "invoiceQuantity": 1})).await;
            }
            act(company, dice, "salesOrders?$top=3", "salesOrders", &["shipAndInvoice"]).await
        }
        6 | 7 => act(company, dice, &format!("salesInvoices?{drafts}"), "salesInvoices", &["post", "postAndSend"]).await,
        8 => act(company, dice, &format!("purchaseInvoices?{drafts}"), "purchaseInvoices", &["post"]).await,
        9 => act(company, dice, "salesInvoices?$filter=status eq 'Open'&$top=30", "salesInvoices", &["cancel", "makeCorrectiveCreditMemo"]).await,
        11 => {
            let vendor = format!("{}", 40000 + dice.below(8) * 1000);
            let body = json!({"vendorNumber": vendor, "vendorCreditMemoNumber": format!("C{}", dice.below(100_000)), "purchaseCreditMemoLines": [line(dice)]});
            company.post("purchaseCreditMemos", body).await;
            act(company, dice, &format!("purchaseCreditMemos?{drafts}"), "purchaseCreditMemos", &["post"]).await
        }
        10 => act(company, dice, &format!("salesCreditMemos?{drafts}"), "salesCreditMemos", &["post"]).await,
        _ => match pick(company, dice, "", "items?$top=10").await {
            Some(row) => {
                let path = format!("items({})", text(&row, "id"));
                company.patch(&path, "*", json!({"inventory": dice.below(400)})).await
            }
            None => panic!("no items"),
        },
    };
    assert!(reply.status < 500, "{}", reply.body);
    reply.status
}

async fn pick(company: &Company, dice: &mut Dice, within: &str, path: &str) -> Option<Value> {
    let rows = company.get(path).await.rows().clone();
    let rows = if within.is_empty() { rows } else { rows.iter().flat_map(|row| row[within].as_array().unwrap().clone()).collect() };
    if rows.is_empty() { None } else { rows.get(dice.below(rows.len() as u64) as usize).cloned() }
}

async fn act(company: &Company, dice: &mut Dice, list: &str, set: &str, actions: &[&str]) -> crate::support::Reply {
    match pick(company, dice, "", list).await {
        Some(row) => {
            let action = actions[dice.below(actions.len() as u64) as usize];
            company.act(&format!("{set}({})/Microsoft.NAV.{action}", text(&row, "id"))).await
        }
        None => company.get("companyInformation").await,
    }
}

#[tokio::test]
async fn three_hundred_operations_leave_the_books_in_agreement() {
    let company = company().await;
    let mut dice = Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let mut done = 0;
    for _ in 0..300 {
        if operate(&company, &mut dice).await < 300 {
            done += 1;
        }
    }
    assert!(done > 200, "only {done} of 300 operations were taken");
    check(&company).await;
}
