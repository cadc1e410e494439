//! Bound actions, and batches.

use serde_json::{Value, json};

use crate::support::{Company, Reply, company};

async fn document(company: &Company, set: &str, lines: &str, partner: (&str, &str), quantity: i64) -> (String, Reply) {
    let created = company.post(set, json!({partner.0: partner.1, lines: [{"lineType": "Item", "lineObjectNumber": "1300", "quantity": quantity}]})).await;
    assert_eq!(created.status, 201, "{}", created.body);
    (format!("{set}({})", created.text("id")), created)
}

async fn done(company: &Company, path: &str, action: &str) {
    let reply = company.act(&format!("{path}/Microsoft.NAV.{action}")).await;
    assert_eq!((reply.status, &reply.body), (204, &Value::Null), "{path} {action}");
}

async fn balance(company: &Company, number: &str) -> String {
    company.first(&format!("customers?$filter=number eq '{number}'")).await["balanceDue"].to_string()
}

#[tokio::test]
async fn a_quote_becomes_an_order_that_is_shipped_and_invoiced() {
    let company = company().await;
    let (quote, _) = document(&company, "salesQuotes", "salesQuoteLines", ("customerNumber", "10000"), 3).await;
    done(&company, &quote, "send").await;
    assert_eq!(company.get(&quote).await.text("status"), "Sent");
    done(&company, &quote, "makeOrder").await;
    assert_eq!(company.get(&quote).await.status, 404);
    let order = company.first("salesOrders?$orderby=number desc&$expand=salesOrderLines").await;
    assert_eq!(order["totalAmountExcludingTax"].to_string(), "2070");
    let path = format!("salesOrders({})", order["id"].as_str().unwrap());
    let line = format!("salesOrderLines({})", order["salesOrderLines"][0]["id"].as_str().unwrap());
    assert_eq!(company.patch(&line, "*", json!({"shipQuantity": 1})).await.body["invoiceQuantity"].to_string(), "1");
    let stock = company.first("items?$filter=number eq '1300'").await["inventory"].as_f64().unwrap();
    done(&company, &path, "shipAndInvoice").await;
    let left = company.get(&format!("{path}?$expand=salesOrderLines")).await;
    assert_eq!((left.text("status"), left.body["salesOrderLines"][0]["shippedQuantity"].to_string().as_str()), ("Open", "1"));
    done(&company, &path, "shipAndInvoice").await;
    assert_eq!(company.get(&path).await.status, 404);
    let invoices = company.all(&format!("salesInvoices?$filter=orderNumber eq '{}'&$orderby=number", order["number"].as_str().unwrap())).await;
    let amounts: Vec<String> = invoices.iter().map(|row| row["totalAmountExcludingTax"].to_string()).collect();
    assert_eq!(amounts, ["690", "1380"]);
    let shipments = company.all(&format!("salesShipments?$filter=orderNumber eq '{}'&$expand=salesShipmentLines", order["number"].as_str().unwrap())).await;
    assert_eq!((shipments.len(), shipments[1]["salesShipmentLines"][0]["quantity"].to_string().as_str()), (2, "2"));
    assert_eq!(company.first("items?$filter=number eq '1300'").await["inventory"].as_f64().unwrap(), stock - 3.0);
}

#[tokio::test]
async fn a_posted_invoice_keeps_its_id_and_is_cancelled_once() {
    let company = company().await;
    let before = balance(&company, "10000").await;
    let (path, draft) = document(&company, "salesInvoices", "salesInvoiceLines", ("customerNumber", "10000"), 2).await;
    assert_eq!(draft.text("status"), "Draft");
    done(&company, &path, "post").await;
    let posted = company.get(&path).await;
    assert_eq!((posted.text("status"), posted.body["remainingAmount"].to_string().as_str()), ("Open", "1725"));
    assert!(posted.text("number").starts_with("PS-INV"), "{}", posted.body);
    let entries = company.all(&format!("generalLedgerEntries?$filter=documentNumber eq '{}'", posted.text("number"))).await;
    assert_eq!(entries.len(), 5, "receivables, sales, tax, cost, stock: {entries:?}");
    assert_ne!(balance(&company, "10000").await, before);
    let again = company.act(&format!("{path}/Microsoft.NAV.post")).await;
    assert_eq!((again.status, again.code()), (400, "Application_DialogException"));
    let changed = company.patch(&path, "*", json!({"invoiceDate": "2026-01-01"})).await;
    assert_eq!(changed.status, 400);
    assert_eq!(company.delete(&path, "*").await.status, 400);
    done(&company, &path, "cancel").await;
    let cancelled = company.get(&path).await;
    assert_eq!((cancelled.text("status"), cancelled.body["remainingAmount"].to_string().as_str()), ("Canceled", "0"));
    assert_eq!(balance(&company, "10000").await, before);
    let twice = company.act(&format!("{path}/Microsoft.NAV.cancel")).await;
    assert_eq!(twice.code(), "Application_DialogException");
    let memo = company.first(&format!("salesCreditMemos?$filter=invoiceNumber eq '{}'", posted.text("number"))).await;
    assert_eq!(memo["status"], "Corrective");
}

#[tokio::test]
async fn purchases_raise_stock_and_payables() {
    let company = company().await;
    let (path, _) = document(&company, "purchaseInvoices", "purchaseInvoiceLines", ("vendorNumber", "41000"), 10).await;
    let refused = company.act(&format!("{path}/Microsoft.NAV.post")).await;
    assert!(refused.message().contains("Vendor Invoice No."), "{}", refused.body);
    company.patch(&path, "*", json!({"vendorInvoiceNumber": "V-77"})).await;
    let stock = company.first("items?$filter=number eq '1300'").await["inventory"].as_f64().unwrap();
    done(&company, &path, "post").await;
    assert_eq!(company.first("items?$filter=number eq '1300'").await["inventory"].as_f64().unwrap(), stock + 10.0);
    let (order, created) = document(&company, "purchaseOrders", "purchaseOrderLines", ("vendorNumber", "41000"), 4).await;
    done(&company, &order, "receiveAndInvoice").await;
    assert_eq!(company.get(&order).await.status, 404);
    let invoice = company.first(&format!("purchaseInvoices?$filter=orderNumber eq '{}'", created.text("number"))).await;
    assert_eq!(invoice["status"], "Open");
    let receipt = company.first(&format!("purchaseReceipts?$filter=orderNumber eq '{}'&$expand=purchaseReceiptLines", created.text("number"))).await;
    assert_eq!(receipt["purchaseReceiptLines"][0]["quantity"].to_string(), "4");
    let (memo, _) = document(&company, "purchaseCreditMemos", "purchaseCreditMemoLines", ("vendorNumber", "41000"), 1).await;
    company.patch(&memo, "*", json!({"vendorCreditMemoNumber": "C-1"})).await;
    done(&company, &memo, "post").await;
    assert_eq!(company.first("items?$filter=number eq '1300'").await["inventory"].as_f64().unwrap(), stock + 13.0);
}

#[tokio::test]
async fn a_journal_is_posted_and_its_lines_are_gone() {
    let company = company().await;
    let journal = company.first("journals?$filter=code eq 'DEFAULT'").await;
    let path = format!("journals({})", journal["id"].as_str().unwrap());
    let lines = format!("{path}/journalLines");
    let before = company.first("customers?$filter=number eq '13000'").await["balanceDue"].as_f64().unwrap();
    assert_eq!(company.get("journalLines").await.code(), "Application_DialogException");
    let payment = json!({"accountType": "Customer", "accountNumber": "13000", "documentNumber": "PAY-1", "amount": -1000.5});
    let line = company.post(&lines, payment).await;
    assert_eq!((line.status, line.text("description")), (201, "Solvang Hotell AS"), "{}", line.body);
    let unbalanced = company.act(&format!("{path}/Microsoft.NAV.post")).await;
    assert!(unbalanced.message().contains("out of balance"), "{}", unbalanced.body);
    let closed = company.post(&lines, json!({"accountNumber": "1500", "documentNumber": "PAY-1", "amount": 1000.5})).await;
    assert_eq!((closed.status, closed.code()), (400, "Application_FieldValidationException"), "{}", closed.body);
    let other = company.post(&lines, json!({"accountNumber": "6800", "documentNumber": "PAY-1", "amount": 1000.5})).await;
    let line_path = format!("journalLines({})", other.text("id"));
    let bank = company.patch(&line_path, "*", json!({"accountType": "Bank_x0020_Account", "accountNumber": "checking"})).await;
    assert_eq!(bank.text("accountNumber"), "CHECKING", "{}", bank.body);
    done(&company, &path, "post").await;
    assert_eq!(company.get(&lines).await.rows().len(), 0);
    assert_eq!(company.first("customers?$filter=number eq '13000'").await["balanceDue"].as_f64().unwrap(), before - 1000.5);
    let entries = company.all("generalLedgerEntries?$filter=documentNumber eq 'PAY-1'").await;
    assert_eq!(entries.len(), 2);
    let cash = company.first("customerPaymentJournals").await;
    let invoice = company.first("salesInvoices?$filter=status eq 'Open'").await;
    let payments = format!("customerPaymentJournals({})/customerPayments", cash["id"].as_str().unwrap());
    let drafted = company.post(&payments, json!({"customerId": invoice["customerId"], "appliesToInvoiceId": invoice["id"], "amount": -5})).await;
    assert_eq!(drafted.body["appliesToInvoiceNumber"], invoice["number"], "{}", drafted.body);
}

#[tokio::test]
async fn actions_that_cannot_be_are_refused() {
    let company = company().await;
    let empty = company.post("salesInvoices", json!({"customerNumber": "10000"})).await;
    let path = format!("salesInvoices({})", empty.text("id"));
    assert_eq!(company.act(&format!("{path}/Microsoft.NAV.post")).await.code(), "Application_DialogException");
    assert_eq!(company.act(&format!("{path}/Microsoft.NAV.dance")).await.status, 501);
    assert_eq!(company.act(&format!("{path}/Microsoft.NAV.cancel")).await.code(), "Application_DialogException");
    assert_eq!(company.get(&format!("{path}/Microsoft.NAV.post")).await.status, 405);
    let nobody = company.post("customers", json!({"displayName": "No address"})).await;
    let quote = company.post("salesQuotes", json!({"customerId": nobody.body["id"]})).await;
    assert_eq!(company.act(&format!("salesQuotes({})/Microsoft.NAV.send", quote.text("id"))).await.code(), "Application_DialogException");
}

fn item(id: &str, method: &str, url: &str, body: Value) -> Value {
    json!({"id": id, "method": method, "url": url, "headers": {"Content-Type": "application/json", "If-Match": "*", "Company": "Nordby Handel AS"}, "body": body})
}

async fn batch(company: &Company, items: Vec<Value>, isolation: &str) -> Reply {
    let url = format!("{}/$batch", company.running.base_url());
    let request = company.request(reqwest::Method::POST, &url).header("isolation", isolation).json(&json!({"requests": items}));
    Reply::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_batch_is_many_transactions_or_one() {
    let company = company().await;
    let (id, _) = company.running.companies()[0];
    let items = vec![
        item("1", "POST", "paymentTerms", json!({"code": "A1"})),
        item("2", "POST", "paymentTerms", json!({"code": "A1"})),
        item("3", "POST", &format!("companies({id})/paymentTerms"), json!({"code": "A2"})),
        json!({"method": "GET", "url": "paymentTerms?$filter=code eq 'A1'", "headers": {"company": "Nordby Handel AS"}}),
    ];
    let reply = batch(&company, items.clone(), "").await;
    let statuses: Vec<i64> = reply.body["responses"].as_array().unwrap().iter().map(|row| row["status"].as_i64().unwrap()).collect();
    assert_eq!((reply.status, statuses), (200, vec![201, 400, 201, 200]), "{}", reply.body);
    assert_eq!(reply.body["responses"][3]["id"], Value::Null);
    assert_eq!(reply.body["responses"][3]["body"]["value"].as_array().unwrap().len(), 1);
    assert_eq!(company.get("paymentTerms/$count?$filter=startswith(code,'A')").await.body, 2);

    let together = vec![item("1", "POST", "paymentTerms", json!({"code": "B1"})), item("2", "POST", "paymentTerms", json!({"code": "B1"}))];
    let reply = batch(&company, together, "snapshot").await;
    assert_eq!((&reply.body["responses"][0]["status"], &reply.body["responses"][1]["status"]), (&json!(201), &json!(400)));
    assert_eq!(company.get("paymentTerms/$count?$filter=startswith(code,'B')").await.body, 0);
    let together = vec![item("1", "POST", "paymentTerms", json!({"code": "C1"})), item("2", "POST", "paymentTerms", json!({"code": "C2"}))];
    batch(&company, together, "snapshot").await;
    assert_eq!(company.get("paymentTerms/$count?$filter=startswith(code,'C') and code ne 'CM' and code ne 'COD'").await.body, 2);

    let many = (0..101).map(|index| item(&index.to_string(), "GET", "companies", Value::Null)).collect();
    assert_eq!(batch(&company, many, "").await.status, 400);
    for body in ["", "{}", "{\"requests\":5}", "[1]"] {
        let url = format!("{}/$batch", company.running.base_url());
        let reply = company.request(reqwest::Method::POST, &url).header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(reply.status(), 400, "{body}");
    }
}
