//! What a reader of the books would check.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

use crate::books::{Books, posted, sum, text, units};
use crate::support::{Company, company};

/// Checks everything that must agree.
pub async fn check(company: &Company) {
    let books = Books::read(company).await;
    general_ledger(&books);
    tax(&books);
    partners(&books);
    stock(&books);
    orders(&books);
    for (documents, lines) in [
        (&books.sales_quotes, "salesQuoteLines"),
        (&books.sales_orders, "salesOrderLines"),
        (&books.sales_invoices, "salesInvoiceLines"),
        (&books.sales_memos, "salesCreditMemoLines"),
        (&books.purchase_orders, "purchaseOrderLines"),
        (&books.purchase_invoices, "purchaseInvoiceLines"),
        (&books.purchase_memos, "purchaseCreditMemoLines"),
    ] {
        documents_agree(documents, lines);
    }
    due_dates(&books);
    numbers(&books);
    contacts(&books);
    crate::reports::check(company, &books).await;
}

/// Each document balances, each account is the sum of its entries, each total that of its range; entries are numbered without gaps.
fn general_ledger(books: &Books) {
    let mut documents: BTreeMap<String, i128> = BTreeMap::new();
    for (number, entry) in (1i64..).zip(&books.entries) {
        assert_eq!(entry["entryNumber"], number, "{entry}");
        let (debit, credit) = (units(&entry["debitAmount"]), units(&entry["creditAmount"]));
        assert!(debit >= 0 && credit >= 0 && (debit == 0) != (credit == 0), "{entry}");
        assert_eq!((debit + credit) % 1000, 0, "not whole cents: {entry}");
        *documents.entry(format!("{} {}", entry["documentNumber"], entry["postingDate"])).or_default() += debit - credit;
    }
    for (document, sum) in documents {
        assert_eq!(sum, 0, "{document} is out of balance");
    }
    let balances = books.balances();
    assert_eq!(balances.values().sum::<i128>(), 0);
    let mut known = BTreeSet::new();
    for account in &books.accounts {
        let number = text(account, "number");
        known.insert(number.to_owned());
        if account["accountType"] == "Posting" {
            assert_eq!(units(&account["netChange"]), balances.get(number).copied().unwrap_or_default(), "{account}");
        }
    }
    for (total, from, to) in [("1999", "1000", "1998"), ("2199", "2000", "2198"), ("2999", "2000", "2998"), ("3999", "3000", "3998"), ("8999", "3000", "8998")]
    {
        let account = books.accounts.iter().find(|row| row["number"] == total).unwrap();
        let range: i128 = balances.range(from.to_owned()..=to.to_owned()).map(|(_, sum)| sum).sum();
        assert_eq!(units(&account["netChange"]), range, "{account}");
    }
    assert!(balances.keys().all(|number| known.contains(number)));
}

/// Tax owed and tax paid are those of the posted documents. (Only domestic documents carry tax, and they are in the local currency.)
fn tax(books: &Books) {
    let of = |rows: &[Value]| sum(posted(rows), "totalTaxAmount");
    assert_eq!(-books.balance("2700"), of(&books.sales_invoices) - of(&books.sales_memos), "output tax");
    assert_eq!(books.balance("2710"), of(&books.purchase_invoices) - of(&books.purchase_memos), "input tax");
}

/// The control accounts hold what the partners owe and are owed, and each local partner what its documents and payments say.
fn partners(books: &Books) {
    assert_eq!(books.balance("1500"), sum(&books.customers, "balanceDue"), "receivables");
    assert_eq!(-books.balance("2400"), sum(&books.vendors, "balance"), "payables");
    for (partners, balance, payer, control, sign, invoices, memos) in [
        (&books.customers, "balanceDue", "billToCustomerId", "1500", 1, &books.sales_invoices, &books.sales_memos),
        (&books.vendors, "balance", "payToVendorId", "2400", -1, &books.purchase_invoices, &books.purchase_memos),
    ] {
        for partner in partners.iter().filter(|row| row["currencyCode"] == "NOK") {
            let of = |rows: &Vec<Value>| sum(posted(rows).filter(|row| row[payer] == partner["id"]), "totalAmountIncludingTax");
            let paid: i128 = books
                .entries
                .iter()
                .filter(|entry| entry["accountNumber"] == control && ["Payment", "Refund"].contains(&text(entry, "documentType")))
                .filter(|entry| text(entry, "description").trim_start_matches("Payment, ") == text(partner, "displayName"))
                .map(|entry| (units(&entry["debitAmount"]) - units(&entry["creditAmount"])) * sign)
                .sum();
            assert_eq!(units(&partner[balance]), of(invoices) - of(memos) + paid, "{partner}");
        }
    }
    for invoice in &books.sales_invoices {
        let (remaining, total) = (units(&invoice["remainingAmount"]), units(&invoice["totalAmountIncludingTax"]));
        match text(invoice, "status") {
            "Draft" => assert_eq!(remaining, total, "{invoice}"),
            "Open" => assert!(remaining > 0 && remaining <= total, "{invoice}"),
            "Paid" | "Canceled" | "Corrective" => assert_eq!(remaining, 0, "{invoice}"),
            other => panic!("status {other}"),
        }
    }
}

/// Quantities are those of the item ledger, and the inventory account holds what they cost.
fn stock(books: &Books) {
    assert_eq!(books.balance("1460"), sum(&books.item_entries, "costAmountActual"), "value of the stock");
    for (number, entry) in (1i64..).zip(&books.item_entries) {
        assert_eq!(entry["entryNumber"], number, "{entry}");
    }
    for item in &books.items {
        let mine: Vec<&Value> = books.item_entries.iter().filter(|row| row["itemNumber"] == item["number"]).collect();
        let quantity = sum(mine.iter().copied(), "quantity");
        assert_eq!(units(&item["inventory"]), quantity, "{item}");
        assert!(quantity >= 0, "{item}");
        if item["type"] != "Inventory" {
            assert!(mine.is_empty(), "{item}");
        }
    }
    let sold: i128 = sum(books.item_entries.iter().filter(|row| row["entryType"] == "Sale"), "costAmountActual");
    assert_eq!(books.balance("4300") - purchased_services(books), -sold, "cost of goods sold");
}

/// What purchases of items without stock cost: they are booked as cost of goods at once.
fn purchased_services(books: &Books) -> i128 {
    let of = |documents: &[Value], lines: &str| -> i128 {
        let rows = posted(documents).flat_map(|document| document[lines].as_array().unwrap());
        let service = |row: &&Value| books.items.iter().any(|item| item["id"] == row["itemId"] && item["type"] != "Inventory");
        rows.filter(service).map(|row| units(&row["netAmount"])).sum()
    };
    of(&books.purchase_invoices, "purchaseInvoiceLines") - of(&books.purchase_memos, "purchaseCreditMemoLines")
}

/// What an order has shipped (or received) is in its shipments, and what it has invoiced in its invoices.
fn orders(books: &Books) {
    for (orders, lines, moved, records, record_lines, invoices, invoice_lines) in [
        (&books.sales_orders, "salesOrderLines", "shippedQuantity", &books.shipments, "salesShipmentLines", &books.sales_invoices, "salesInvoiceLines"),
        (
            &books.purchase_orders,
            "purchaseOrderLines",
            "receivedQuantity",
            &books.receipts,
            "purchaseReceiptLines",
            &books.purchase_invoices,
            "purchaseInvoiceLines",
        ),
    ] {
        for order in orders {
            let of = |rows: &Vec<Value>, lines: &str| -> i128 {
                let mine = rows.iter().filter(|row| row["orderNumber"] == order["number"]);
                mine.flat_map(|row| row[lines].as_array().unwrap()).map(|row| units(&row["quantity"])).sum()
            };
            let rows = order[lines].as_array().unwrap();
            assert_eq!(sum(rows, moved), of(records, record_lines), "{order}");
            assert_eq!(sum(rows, "invoicedQuantity"), of(invoices, invoice_lines), "{order}");
            for row in rows {
                assert!(
                    units(&row["invoicedQuantity"]).abs() <= units(&row[moved]).abs() && units(&row[moved]).abs() <= units(&row["quantity"]).abs(),
                    "{row}"
                );
            }
        }
    }
}

/// Totals are the sums of the lines, and each line follows from quantity, price, discount and tax.
fn documents_agree(documents: &[Value], lines: &str) {
    for document in documents {
        let changed = text(document, "lastModifiedDateTime");
        assert!(changed.ends_with('Z') && changed.len() == "2026-01-01T00:00:00.000Z".len(), "{changed}");
        let rows = document[lines].as_array().unwrap();
        assert_eq!(units(&document["totalAmountExcludingTax"]), sum(rows, "netAmount"), "{document}");
        assert_eq!(units(&document["totalTaxAmount"]), sum(rows, "netTaxAmount"), "{document}");
        assert_eq!(units(&document["totalAmountIncludingTax"]), sum(rows, "netAmountIncludingTax"), "{document}");
        // Lines of quotes do not show their part of the document's discount.
        let share = |row: &Value| row.get("invoiceDiscountAllocation").map_or_else(|| units(&row["amountExcludingTax"]) - units(&row["netAmount"]), units);
        assert_eq!(units(&document["discountAmount"]), rows.iter().map(share).sum::<i128>(), "{document}");
        for row in rows {
            let price = ["unitPrice", "unitCost", "directUnitCost"].iter().find_map(|name| row.get(*name)).unwrap();
            let expected = units(&row["quantity"]) * units(price) / 100_000 - units(&row["discountAmount"]);
            assert!((units(&row["amountExcludingTax"]) - expected).abs() <= 500, "{row}");
            assert_eq!(units(&row["netAmount"]), units(&row["amountExcludingTax"]) - share(row), "{row}");
            let tax = units(&row["netAmount"]) * units(&row["taxPercent"]) / 10_000_000;
            assert!((units(&row["netTaxAmount"]) - tax).abs() <= 500, "{row}");
        }
    }
}

/// Due dates are the document's date and its payment terms.
fn due_dates(books: &Books) {
    for invoice in books.sales_invoices.iter().filter(|row| row["status"] != "Corrective") {
        let Some(formula) = invoice["paymentTerm"]["dueDateCalculation"].as_str() else { continue };
        let date: Date = text(invoice, "invoiceDate").parse().unwrap();
        let due = match formula {
            "CM" => date.last_of_month(),
            days if days.ends_with('D') => date.checked_add(days.trim_end_matches('D').parse::<i64>().unwrap().days()).unwrap(),
            months => date.checked_add(months.trim_end_matches('M').parse::<i64>().unwrap().months()).unwrap(),
        };
        assert_eq!(text(invoice, "dueDate"), due.to_string(), "{invoice}");
    }
}

/// No number is twice in its series; posted documents are numbered without gaps.
fn numbers(books: &Books) {
    let all = [
        (&books.sales_quotes, ""),
        (&books.sales_orders, ""),
        (&books.sales_invoices, "PS-INV"),
        (&books.sales_memos, "PS-CR"),
        (&books.shipments, "S-SHPT"),
        (&books.purchase_orders, ""),
        (&books.purchase_invoices, "PP-INV"),
        (&books.purchase_memos, "PP-CR"),
        (&books.receipts, "P-RCPT"),
        (&books.customers, ""),
        (&books.vendors, ""),
        (&books.items, ""),
        (&books.contacts, ""),
    ];
    for (rows, series) in all {
        let numbers: BTreeSet<&str> = rows.iter().map(|row| text(row, "number")).collect();
        assert_eq!(numbers.len(), rows.len());
        let posted: Vec<i64> = numbers.iter().filter_map(|number| number.strip_prefix(series).filter(|_| !series.is_empty())?.parse().ok()).collect();
        assert!(posted.windows(2).all(|pair| pair[1] == pair[0] + 1), "gap in {series}: {posted:?}");
    }
}

fn contacts(books: &Books) {
    for (partners, relation) in [(&books.customers, "Customer"), (&books.vendors, "Vendor")] {
        for partner in partners {
            let found = books.contacts.iter().any(|row| row["contactBusinessRelation"] == relation && row["email"] == partner["email"]);
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
    let aged = company.all("agedAccountsReceivables?$filter=customerNumber ne ''").await;
    for bucket in ["currentAmount", "period1Amount", "period2Amount", "period3Amount"] {
        assert!(aged.iter().any(|row| units(&row[bucket]) > 0), "nothing in {bucket}: {aged:?}");
    }
    let posted = company.get("salesInvoices/$count?$filter=status eq 'Open' or status eq 'Paid'").await;
    assert!(posted.body.as_i64().unwrap() >= 150, "{}", posted.body);
    let books = Books::read(&company).await;
    assert!(books.balance("1920") > 0, "money in the bank");
    assert!(books.balances().range("3000".to_owned()..).map(|(_, sum)| sum).sum::<i128>() < 0, "a profit");
    for (rows, status) in [
        (&books.sales_invoices, "Canceled"),
        (&books.sales_invoices, "Paid"),
        (&books.sales_memos, "Corrective"),
        (&books.sales_memos, "Draft"),
        (&books.sales_orders, "Open"),
        (&books.purchase_orders, "Open"),
    ] {
        assert!(rows.iter().any(|row| row["status"] == status), "no document is {status}");
    }
    assert!(books.sales_invoices.iter().any(|row| row["status"] == "Open" && row["remainingAmount"] != row["totalAmountIncludingTax"]), "none is paid in part");
    let mut documents = 0;
    for set in ["salesQuotes", "salesOrders", "salesInvoices", "salesCreditMemos", "purchaseOrders", "purchaseInvoices", "purchaseCreditMemos"] {
        documents += company.get(&format!("{set}/$count")).await.body.as_i64().unwrap();
    }
    assert!((250..300).contains(&documents), "{documents} documents");
    let small = Company { base: format!("{}/companies({})", company.running.base_url(), company.running.companies()[1].0), ..company };
    check(&small).await;
}

#[tokio::test]
async fn every_seed_and_work_date_agrees_with_itself() {
    for (seed, date) in [(2, "2026-01-02"), (3, "2024-02-29"), (4, "2026-12-31"), (5, "2025-07-14")] {
        let options = bca_sim::Options { seed, work_date: Some(date.parse().unwrap()), ..crate::support::options() };
        check(&crate::support::start(options).await).await;
    }
}
