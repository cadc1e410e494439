//! Documents become postings: orders in part, discounts, goods, corrections, and what is refused.

use serde_json::{Value, json};

use crate::books::{Books, sum, text, units};
use crate::consistency::check;
use crate::support::{Company, Reply, company, options, start};

const BAD: &str = "Application_DialogException";

/// A document with one line of an item; its path and what came back.
async fn document(company: &Company, set: &str, partner: (&str, &str), item: &str, quantity: i64) -> (String, Reply) {
    let lines = match set {
        "salesOrders" => "salesOrderLines",
        "salesInvoices" => "salesInvoiceLines",
        "salesCreditMemos" => "salesCreditMemoLines",
        "purchaseOrders" => "purchaseOrderLines",
        _ => "purchaseInvoiceLines",
    };
    let body = json!({partner.0: partner.1, lines: [{"lineType": "Item", "lineObjectNumber": item, "quantity": quantity}]});
    let created = company.post(set, body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    (format!("{set}({})", created.text("id")), created)
}

async fn done(company: &Company, path: &str, action: &str) {
    let reply = company.act(&format!("{path}/Microsoft.NAV.{action}")).await;
    assert_eq!((reply.status, &reply.body), (204, &Value::Null), "{path} {action}");
}

async fn refused(company: &Company, path: &str, action: &str, words: &str) {
    let reply = company.act(&format!("{path}/Microsoft.NAV.{action}")).await;
    assert_eq!(reply.status, 400, "{path} {action}: {}", reply.body);
    assert!(reply.message().contains(words), "{path} {action}: {}", reply.body);
}

async fn item(company: &Company, number: &str) -> Value {
    company.first(&format!("items?$filter=number eq '{number}'")).await
}

async fn order_line(company: &Company, path: &str, lines: &str) -> String {
    let order = company.get(&format!("{path}?$expand={lines}")).await;
    format!("{lines}({})", text(&order.body[lines][0], "id"))
}

#[tokio::test]
async fn goods_leave_when_they_ship_and_cost_when_they_are_invoiced() {
    let company = company().await;
    let before = units(&item(&company, "1100").await["inventory"]);
    let value = Books::read(&company).await.balance("1460");
    let (order, created) = document(&company, "salesOrders", ("customerNumber", "10000"), "1100", 10).await;
    let line = order_line(&company, &order, "salesOrderLines").await;
    company.patch(&line, "*", json!({"shipQuantity": 6, "invoiceQuantity": 0})).await;
    done(&company, &order, "shipAndInvoice").await;
    let number = created.text("number");
    assert_eq!(company.get(&format!("salesInvoices/$count?$filter=orderNumber eq '{number}'")).await.body, 0, "shipped only");
    assert_eq!(units(&item(&company, "1100").await["inventory"]), before - 600_000);
    assert_eq!(Books::read(&company).await.balance("1460"), value, "not invoiced, not booked");
    let shipped = company.first("itemLedgerEntries?$orderby=entryNumber desc").await;
    assert_eq!(
        (text(&shipped, "documentType"), shipped["quantity"].as_i64(), shipped["costAmountActual"].as_i64()),
        ("Sales_x0020_Shipment", Some(-6), Some(0))
    );
    assert_eq!(company.delete(&order, "*").await.code(), BAD, "what is shipped must be invoiced");
    assert_eq!(company.delete(&line, "*").await.code(), BAD);
    let other = company.patch(&line, "*", json!({"lineObjectNumber": "1110"})).await;
    assert_eq!(other.code(), "Application_FieldValidationException", "{}", other.body);
    assert_eq!(company.patch(&order, "*", json!({"customerNumber": "11000"})).await.code(), BAD);
    assert_eq!(company.patch(&line, "*", json!({"quantity": 5})).await.code(), BAD);

    company.patch(&line, "*", json!({"shipQuantity": 1, "invoiceQuantity": 4})).await;
    done(&company, &order, "shipAndInvoice").await;
    let left = company.get(&line).await.body;
    assert_eq!((left["shippedQuantity"].as_i64(), left["invoicedQuantity"].as_i64()), (Some(7), Some(4)));
    assert_eq!((left["shipQuantity"].as_i64(), left["invoiceQuantity"].as_i64()), (Some(3), Some(6)), "the rest is next");
    check(&company).await;
    let invoiced = company.get(&format!("itemLedgerEntries({})", text(&shipped, "id"))).await.body;
    assert!(units(&invoiced["costAmountActual"]) < 0 && units(&invoiced["salesAmountActual"]) > 0, "{invoiced}");
    let too_much = company.patch(&line, "*", json!({"shipQuantity": 4})).await;
    assert!(too_much.message().contains("You cannot ship more than 3 units"), "{}", too_much.body);
    assert_eq!(company.patch(&line, "*", json!({"shipQuantity": 0})).await.body["invoiceQuantity"].as_i64(), Some(3));
    done(&company, &order, "shipAndInvoice").await;
    done(&company, &order, "shipAndInvoice").await;
    assert_eq!(company.get(&order).await.status, 404, "complete");
    let invoices = company.all(&format!("salesInvoices?$filter=orderNumber eq '{number}'&$expand=salesInvoiceLines&$orderby=number")).await;
    let quantities: Vec<i64> = invoices.iter().map(|row| row["salesInvoiceLines"][0]["quantity"].as_i64().unwrap()).collect();
    assert_eq!(quantities, [4, 3, 3]);
    check(&company).await;
}

#[tokio::test]
async fn an_orders_discount_is_given_once() {
    let company = company().await;
    let lines: Vec<Value> = [("1100", 7), ("1300", 3), ("1530", 9)]
        .map(|(number, quantity)| json!({"lineType": "Item", "lineObjectNumber": number, "quantity": quantity}))
        .to_vec();
    let order =
        company.post("salesOrders?$expand=salesOrderLines", json!({"customerNumber": "10000", "discountAmount": 1000.01, "salesOrderLines": lines})).await;
    let path = format!("salesOrders({})", order.text("id"));
    for _ in 0..20 {
        let Some(lines) = company.get(&format!("{path}?$expand=salesOrderLines")).await.body["salesOrderLines"].as_array().cloned() else { break };
        for line in &lines {
            company
                .patch(&format!("salesOrderLines({})", text(line, "id")), "*", json!({"shipQuantity": units(&line["shipQuantity"]).min(200_000) / 100_000}))
                .await;
        }
        done(&company, &path, "shipAndInvoice").await;
    }
    let invoices = company.all(&format!("salesInvoices?$filter=orderNumber eq '{}'", order.text("number"))).await;
    assert_eq!(invoices.len(), 5);
    assert_eq!(sum(&invoices, "discountAmount"), 100_001_000);
    assert_eq!(sum(&invoices, "totalAmountExcludingTax"), units(&order.body["totalAmountExcludingTax"]));
    assert!((sum(&invoices, "totalAmountIncludingTax") - units(&order.body["totalAmountIncludingTax"])).abs() <= 5_000, "a few cents of rounded tax");
    check(&company).await;
}

#[tokio::test]
async fn purchases_are_received_before_they_are_invoiced_and_set_the_cost() {
    let company = company().await;
    let (order, created) = document(&company, "purchaseOrders", ("vendorNumber", "40000"), "1200", 10).await;
    let line = order_line(&company, &order, "purchaseOrderLines").await;
    assert_eq!(company.patch(&line, "*", json!({"directUnitCost": 7000, "receiveQuantity": 10, "invoiceQuantity": 4})).await.status, 200);
    let stock = units(&item(&company, "1200").await["inventory"]);
    done(&company, &order, "receiveAndInvoice").await;
    assert_eq!(units(&item(&company, "1200").await["inventory"]), stock + 1_000_000);
    done(&company, &order, "receiveAndInvoice").await;
    assert_eq!(company.get(&order).await.status, 404);
    let invoices = company.all(&format!("purchaseInvoices?$filter=orderNumber eq '{}'&$orderby=number", created.text("number"))).await;
    assert_eq!(invoices.iter().map(|row| row["totalAmountExcludingTax"].as_i64().unwrap()).collect::<Vec<_>>(), [28_000, 42_000]);
    assert_ne!(invoices[0]["vendorInvoiceNumber"], invoices[1]["vendorInvoiceNumber"]);
    check(&company).await;
    let books = Books::read(&company).await;
    let mine = |row: &&Value| row["itemNumber"] == "1200";
    let left = sum(books.item_entries.iter().filter(mine), "costAmountActual");
    let all = units(&item(&company, "1200").await["inventory"]) / 100_000;
    let (sale, _) = document(&company, "salesInvoices", ("customerNumber", "12000"), "1200", i64::try_from(all).unwrap()).await;
    done(&company, &sale, "post").await;
    let books = Books::read(&company).await;
    assert_eq!(sum(books.item_entries.iter().filter(mine), "costAmountActual"), 0, "an empty stock of {left} is worth nothing");
    check(&company).await;
}

#[tokio::test]
async fn what_is_not_there_cannot_leave() {
    let company = company().await;
    let stock = units(&item(&company, "1420").await["inventory"]) / 100_000;
    let (invoice, _) = document(&company, "salesInvoices", ("customerNumber", "10000"), "1420", i64::try_from(stock).unwrap() + 1).await;
    let before = company.all("generalLedgerEntries?$filter=postingDate eq 2026-06-15").await.len();
    refused(&company, &invoice, "post", "You have insufficient quantity of Item 1420 on inventory.").await;
    let draft = company.get(&invoice).await;
    assert!(draft.text("status") == "Draft" && draft.text("number").starts_with("S-INV"), "nothing happened: {}", draft.body);
    assert_eq!(company.all("generalLedgerEntries?$filter=postingDate eq 2026-06-15").await.len(), before);
    let (order, _) = document(&company, "salesOrders", ("customerNumber", "10000"), "1420", i64::try_from(stock).unwrap() + 1).await;
    refused(&company, &order, "shipAndInvoice", "insufficient quantity").await;
    let path = format!("items({})", text(&item(&company, "1420").await, "id"));
    assert_eq!(company.patch(&path, "*", json!({"inventory": -1})).await.code(), BAD);
    assert_eq!(company.patch(&path, "*", json!({"inventory": stock + 1})).await.status, 200);
    done(&company, &invoice, "post").await;
    check(&company).await;

    let mut loose = options();
    loose.switches.prevents_negative_stock = false;
    let company = start(loose).await;
    let (invoice, _) = document(&company, "salesInvoices", ("customerNumber", "10000"), "1420", 9_000).await;
    done(&company, &invoice, "post").await;
    assert!(units(&item(&company, "1420").await["inventory"]) < 0);
    let books = Books::read(&company).await;
    assert_eq!(books.balance("1460"), sum(&books.item_entries, "costAmountActual"));
}

#[tokio::test]
async fn a_cancelled_invoice_leaves_no_trace_in_the_balances() {
    let company = company().await;
    let (invoice, _) = document(&company, "salesInvoices", ("customerNumber", "12000"), "1000", 3).await;
    let before = Books::read(&company).await.balances();
    done(&company, &invoice, "post").await;
    // The average cost moves meanwhile: the goods come back at what they cost when they left.
    let (bill, _) = document(&company, "purchaseInvoices", ("vendorNumber", "40000"), "1000", 50).await;
    company.patch(&bill, "*", json!({"vendorInvoiceNumber": "DEAR-1"})).await;
    let bill_line = order_line(&company, &bill, "purchaseInvoiceLines").await;
    company.patch(&bill_line, "*", json!({"unitCost": 9000})).await;
    let (at_posting, _) = (Books::read(&company).await, ());
    done(&company, &bill, "post").await;
    let bought = units(&company.get(&bill).await.body["totalAmountExcludingTax"]);
    done(&company, &invoice, "cancel").await;
    let after = Books::read(&company).await;
    for account in ["1500", "2700", "3000", "4300"] {
        assert_eq!(after.balance(account), before.get(account).copied().unwrap_or_default(), "{account}");
    }
    assert_eq!(after.balance("1460"), before["1460"] + bought);
    assert!(after.entries.len() > at_posting.entries.len(), "entries are only ever added");
    check(&company).await;
    refused(&company, &invoice, "cancel", "it has already been canceled").await;
    refused(&company, &invoice, "makeCorrectiveCreditMemo", "it has been canceled").await;

    let cancelled = company.get(&invoice).await;
    let memo = company.first(&format!("salesCreditMemos?$filter=invoiceNumber eq '{}'", cancelled.text("number"))).await;
    let memo_path = format!("salesCreditMemos({})", text(&memo, "id"));
    done(&company, &memo_path, "cancel").await;
    let again = company.get(&invoice).await;
    assert_eq!((again.text("status"), &again.body["remainingAmount"]), ("Open", &again.body["totalAmountIncludingTax"]));
    assert_eq!(company.get(&memo_path).await.text("status"), "Canceled");
    let third = company.first("salesInvoices?$filter=status eq 'Corrective'").await;
    refused(&company, &format!("salesInvoices({})", text(&third, "id")), "cancel", "it represents a correction of a credit memo").await;
    refused(&company, &memo_path, "cancel", "it has already been cancelled").await;
    check(&company).await;
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_refused_with_its_reason() {
    let company = company().await;
    let paid = company.first("salesInvoices?$filter=status eq 'Paid'&$orderby=postingDate desc").await;
    let paid = format!("salesInvoices({})", text(&paid, "id"));
    refused(&company, &paid, "cancel", "because it is fully or partially paid").await;
    refused(&company, &paid, "makeCorrectiveCreditMemo", "You cannot correct this posted sales invoice because it is fully or partially paid").await;
    let (draft, _) = document(&company, "salesInvoices", ("customerNumber", "10000"), "1300", 1).await;
    refused(&company, &draft, "cancel", "is not posted").await;
    done(&company, &draft, "post").await;
    let lamp = format!("items({})", text(&item(&company, "1300").await, "id"));
    company.patch(&lamp, "*", json!({"blocked": true})).await;
    refused(&company, &draft, "cancel", "because item 1300 GLIMT Desk Lamp is blocked").await;
    company.patch(&lamp, "*", json!({"blocked": false})).await;
    let customer = format!("customers({})", company.get(&draft).await.text("customerId"));
    company.patch(&customer, "*", json!({"blocked": "All"})).await;
    refused(&company, &draft, "cancel", "because customer Fjordlys AS is blocked").await;
    let memo = company
        .post("salesCreditMemos", json!({"customerNumber": "12000", "salesCreditMemoLines": [{"lineType": "Item", "lineObjectNumber": "1300", "quantity": 1}]}))
        .await;
    let memo = format!("salesCreditMemos({})", memo.text("id"));
    refused(&company, &memo, "cancel", "is not posted").await;
    done(&company, &memo, "post").await;
    refused(&company, &memo, "cancel", "it is not a corrective document").await;
    let lines = json!([{"lineType": "Item", "lineObjectNumber": "1300", "quantity": 1}]);
    let returned =
        company.post("purchaseCreditMemos", json!({"vendorNumber": "41000", "vendorCreditMemoNumber": "C-9", "purchaseCreditMemoLines": lines})).await;
    let returned = format!("purchaseCreditMemos({})", returned.text("id"));
    done(&company, &returned, "post").await;
    refused(&company, &returned, "cancel", "You cannot cancel this posted purchase credit memo because it is not a corrective document").await;
}

#[tokio::test]
async fn a_corrective_credit_memo_is_changed_and_closes_part_of_its_invoice() {
    let company = company().await;
    let (invoice, _) = document(&company, "salesInvoices", ("customerNumber", "10000"), "1300", 4).await;
    done(&company, &invoice, "post").await;
    done(&company, &invoice, "makeCorrectiveCreditMemo").await;
    let posted = company.get(&invoice).await;
    let memo = company.first(&format!("salesCreditMemos?$filter=invoiceNumber eq '{}'&$expand=salesCreditMemoLines", posted.text("number"))).await;
    assert_eq!((text(&memo, "status"), &memo["totalAmountIncludingTax"]), ("Draft", &posted.body["totalAmountIncludingTax"]));
    let line = format!("salesCreditMemoLines({})", text(&memo["salesCreditMemoLines"][0], "id"));
    assert_eq!(company.patch(&line, "*", json!({"quantity": 1})).await.status, 200);
    let stock = units(&item(&company, "1300").await["inventory"]);
    let memo = format!("salesCreditMemos({})", text(&memo, "id"));
    done(&company, &memo, "post").await;
    assert_eq!(company.get(&memo).await.text("status"), "Paid");
    let left = company.get(&invoice).await;
    assert_eq!((left.text("status"), units(&left.body["remainingAmount"])), ("Open", units(&posted.body["totalAmountIncludingTax"]) * 3 / 4));
    assert_eq!(units(&item(&company, "1300").await["inventory"]), stock + 100_000);
    refused(&company, &invoice, "cancel", "fully or partially paid").await;
    check(&company).await;
}

#[tokio::test]
async fn closed_months_take_no_postings() {
    let company = company().await;
    let setup = company.first("generalLedgerSetup").await;
    assert_eq!(setup["allowPostingFrom"], "2026-01-01");
    let periods = company.all("accountingPeriods").await;
    for period in &periods {
        assert_eq!(period["closed"].as_bool().unwrap(), text(period, "startingDate") < "2026-01-01", "{period}");
    }
    let (invoice, _) = document(&company, "salesInvoices", ("customerNumber", "10000"), "1300", 1).await;
    assert_eq!(company.patch(&invoice, "*", json!({"postingDate": "2025-12-31"})).await.status, 200);
    let words = "Posting Date is not within your range of allowed posting dates in Sales Header Document Type='Invoice'";
    refused(&company, &invoice, "post", words).await;
    company.patch(&invoice, "*", json!({"postingDate": "2026-01-01"})).await;
    done(&company, &invoice, "post").await;
    let journal = company.first("journals?$filter=code eq 'MONTHLY'").await;
    let path = format!("journals({})", text(&journal, "id"));
    for (account, amount) in [("6300", 10), ("1920", -10)] {
        let line = json!({"accountNumber": account, "documentNumber": "RENT", "amount": amount, "postingDate": "2025-11-30"});
        assert_eq!(company.post(&format!("{path}/journalLines"), line).await.status, 201);
    }
    refused(
        &company,
        &path,
        "post",
        "allowed posting dates in Gen. Journal Line Journal Template Name='GENERAL',Journal Batch Name='MONTHLY',Line No.='10000'",
    )
    .await;
    assert_eq!(company.get(&format!("{path}/journalLines")).await.rows().len(), 2, "the lines stay");
    let (early, _) = document(&company, "salesInvoices", ("customerNumber", "10000"), "1300", 1).await;
    let total = company.get(&early).await.body["totalAmountIncludingTax"].clone();
    assert!(units(&total) > 0);
}

#[tokio::test]
async fn blocked_partners_and_vendors_numbers_are_checked_at_posting() {
    let company = company().await;
    let (invoice, created) = document(&company, "salesInvoices", ("customerNumber", "12000"), "1300", 1).await;
    let customer = format!("customers({})", created.text("customerId"));
    for kind in ["Invoice", "All"] {
        company.patch(&customer, "*", json!({"blocked": kind})).await;
        refused(&company, &invoice, "post", &format!("when Customer 12000 is blocked with type {kind}")).await;
    }
    company.patch(&customer, "*", json!({"blocked": "Ship"})).await;
    done(&company, &invoice, "post").await;
    for expected in [204, 400] {
        let (bill, _) = document(&company, "purchaseInvoices", ("vendorNumber", "41000"), "1300", 1).await;
        company.patch(&bill, "*", json!({"vendorInvoiceNumber": "SAME-1"})).await;
        let reply = company.act(&format!("{bill}/Microsoft.NAV.post")).await;
        assert_eq!(reply.status, expected, "{}", reply.body);
        assert!(expected == 204 || reply.message().contains("Purchase Invoice SAME-1 already exists for this vendor."), "{}", reply.body);
    }
}
