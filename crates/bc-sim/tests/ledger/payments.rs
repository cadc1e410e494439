//! Payments: entered in a payment journal, posted with it, and closing the invoices that they name.

use serde_json::{Value, json};

use crate::books::{Books, text, units};
use crate::consistency::check;
use crate::support::{Company, company};

async fn journal(company: &Company, set: &str) -> String {
    text(&company.first(set).await, "id").to_owned()
}

/// A posted invoice's record.
async fn invoice(company: &Company, customer: &str, quantity: i64) -> Value {
    let body = json!({"customerNumber": customer, "salesInvoiceLines": [{"lineType": "Item", "lineObjectNumber": "1100", "quantity": quantity}]});
    let created = company.post("salesInvoices", body).await;
    let path = format!("salesInvoices({})", created.text("id"));
    assert_eq!(company.act(&format!("{path}/Microsoft.NAV.post")).await.status, 204);
    company.get(&path).await.body
}

async fn pay(company: &Company, lines: &str, body: Value) -> String {
    let line = company.post(lines, body).await;
    assert_eq!(line.status, 201, "{}", line.body);
    line.text("id").to_owned()
}

async fn balance(company: &Company, id: &Value) -> i128 {
    units(&company.get(&format!("customers({})", id.as_str().unwrap())).await.body["balanceDue"])
}

#[tokio::test]
async fn payments_close_their_invoices_in_part_and_in_full() {
    let company = company().await;
    let id = journal(&company, "customerPaymentJournals").await;
    let lines = format!("customerPaymentJournals({id})/customerPayments");
    let post = format!("journals({id})/Microsoft.NAV.post");
    assert!(company.act(&post).await.message().contains("There is nothing to post."));
    let open = invoice(&company, "10000", 2).await;
    let path = format!("salesInvoices({})", text(&open, "id"));
    let (total, owed) = (units(&open["totalAmountIncludingTax"]), balance(&company, &open["customerId"]).await);
    let bank = Books::read(&company).await.balance("1920");
    // The invoice alone says who pays.
    let line = company.post(&lines, json!({"appliesToInvoiceNumber": open["number"], "amount": -1000.25})).await;
    assert_eq!((&line.body["customerId"], &line.body["appliesToInvoiceId"]), (&open["customerId"], &open["id"]), "{}", line.body);
    assert_eq!(line.text("description"), "Fjordlys AS");
    assert_eq!(company.act(&post).await.status, 204);
    assert_eq!(company.get(&lines).await.rows().len(), 0);
    let part = company.get(&path).await;
    assert_eq!((part.text("status"), units(&part.body["remainingAmount"])), ("Open", total - 100_025_000));
    assert_eq!(balance(&company, &open["customerId"]).await, owed - 100_025_000);
    assert_eq!(Books::read(&company).await.balance("1920"), bank + 100_025_000);
    check(&company).await;
    // More than is open: the rest stays on the customer's account.
    pay(&company, &lines, json!({"customerNumber": "10000", "appliesToInvoiceId": open["id"], "amount": -10000, "postingDate": "2026-06-14"})).await;
    assert_eq!(company.act(&post).await.status, 204);
    let closed = company.get(&path).await;
    assert_eq!((closed.text("status"), units(&closed.body["remainingAmount"])), ("Paid", 0));
    assert_eq!(balance(&company, &open["customerId"]).await, owed - 1_100_025_000);
    check(&company).await;
    pay(&company, &lines, json!({"appliesToInvoiceId": open["id"], "amount": -1})).await;
    let again = company.act(&post).await;
    assert_eq!((again.status, again.code()), (400, "Application_FieldValidationException"));
    assert!(again.message().contains("Open must be equal to 'Yes' in Cust. Ledger Entry"), "{}", again.body);
    assert_eq!(company.get(&lines).await.rows().len(), 1, "nothing was posted");
}

#[tokio::test]
async fn a_payment_run_pays_vendors() {
    let company = company().await;
    let id = journal(&company, "vendorPaymentJournals").await;
    let lines = format!("vendorPaymentJournals({id})/vendorPayments");
    let open = company.all("purchaseInvoices?$filter=status eq 'Open'&$orderby=number&$top=4").await;
    let bank = Books::read(&company).await.balance("1920");
    let mut paid = 0;
    for invoice in &open {
        pay(
            &company,
            &lines,
            json!({"vendorNumber": invoice["vendorNumber"], "appliesToInvoiceNumber": invoice["number"], "amount": invoice["totalAmountIncludingTax"]}),
        )
        .await;
        paid += units(&invoice["totalAmountIncludingTax"]);
    }
    assert_eq!(company.act(&format!("journals({id})/Microsoft.NAV.post")).await.status, 204);
    for invoice in &open {
        assert_eq!(company.get(&format!("purchaseInvoices({})", text(invoice, "id"))).await.text("status"), "Paid");
    }
    assert_eq!(Books::read(&company).await.balance("1920"), bank - paid);
    check(&company).await;
}

#[tokio::test]
async fn one_payment_closes_the_entries_that_are_marked_for_it() {
    let company = company().await;
    let id = journal(&company, "vendorPaymentJournals").await;
    let lines = format!("vendorPaymentJournals({id})/vendorPayments");
    let mut bills = Vec::new();
    for number in ["M-1", "M-2", "M-3"] {
        let body = json!({"vendorNumber": "42000", "vendorInvoiceNumber": number, "purchaseInvoiceLines": [{"lineType": "Item", "lineObjectNumber": "1500", "quantity": 10}]});
        let bill = format!("purchaseInvoices({})", company.post("purchaseInvoices", body).await.text("id"));
        assert_eq!(company.act(&format!("{bill}/Microsoft.NAV.post")).await.status, 204);
        bills.push(bill);
    }
    assert_eq!(units(&company.get(&bills[0]).await.body["totalAmountIncludingTax"]), 222_500_000);
    let amount = 3337.5;
    let payment = format!("vendorPayments({})", pay(&company, &lines, json!({"vendorNumber": "42000", "amount": amount})).await);
    for external in ["M-1", "M-3"] {
        let entry = company.first(&format!("{payment}/applyVendorEntries?$filter=externalDocumentNumber eq '{external}'")).await;
        let marked = company.patch(&format!("{payment}/applyVendorEntries({})", text(&entry, "id")), "*", json!({"applied": true})).await;
        assert_eq!((marked.status, &marked.body["applied"]), (200, &json!(true)), "{}", marked.body);
    }
    assert_eq!(company.act(&format!("journals({id})/Microsoft.NAV.post")).await.status, 204);
    let mut statuses = Vec::new();
    for bill in &bills {
        statuses.push(company.get(bill).await.text("status").to_owned());
    }
    assert_eq!(statuses, ["Paid", "Open", "Open"]);
    check(&company).await;
    // What is left of the third bill is half of it.
    let last =
        pay(&company, &lines, json!({"vendorNumber": "42000", "appliesToInvoiceNumber": company.get(&bills[2]).await.text("number"), "amount": amount})).await;
    let left = company.first(&format!("vendorPayments({last})/applyVendorEntries?$filter=externalDocumentNumber eq 'M-3'")).await;
    assert_eq!(-units(&left["remainingAmount"]) * 2, units(&company.get(&bills[2]).await.body["totalAmountIncludingTax"]), "{left}");
}

#[tokio::test]
async fn a_foreign_payment_settles_to_the_cent() {
    let company = company().await;
    let id = journal(&company, "customerPaymentJournals").await;
    let lines = format!("customerPaymentJournals({id})/customerPayments");
    // Without a discount: parts paid in time would keep it.
    let terms = company.first("paymentTerms?$filter=code eq '14 DAYS'").await;
    let body = json!({"customerNumber": "21000", "paymentTermsId": terms["id"],
        "salesInvoiceLines": [{"lineType": "Item", "lineObjectNumber": "1100", "quantity": 1, "unitPrice": 10.01}]});
    let created = company.post("salesInvoices", body).await;
    let path = format!("salesInvoices({})", created.text("id"));
    assert_eq!(created.text("currencyCode"), "EUR");
    company.act(&format!("{path}/Microsoft.NAV.post")).await;
    assert_eq!(balance(&company, &created.body["customerId"]).await, 11_662_000, "10.01 at 11.65 in whole cents");
    for amount in [-3.34, -3.33, -3.34] {
        pay(&company, &lines, json!({"appliesToInvoiceId": created.body["id"], "amount": amount})).await;
        assert_eq!(company.act(&format!("journals({id})/Microsoft.NAV.post")).await.status, 204);
    }
    assert_eq!(company.get(&path).await.text("status"), "Paid");
    assert_eq!(balance(&company, &created.body["customerId"]).await, 0);
    // 3.33 are 38.79, and as the second part of 116.62 they are 38.80.
    assert_eq!(Books::read(&company).await.balance("8160"), 1_000);
    check(&company).await;
}

#[tokio::test]
async fn payment_lines_that_cannot_be_are_refused() {
    let company = company().await;
    let id = journal(&company, "customerPaymentJournals").await;
    let lines = format!("customerPaymentJournals({id})/customerPayments");
    let post = format!("journals({id})/Microsoft.NAV.post");
    let open = invoice(&company, "10000", 1).await;
    let draft = company.first("salesInvoices?$filter=status eq 'Draft'").await;
    let unposted = company.post(&lines, json!({"appliesToInvoiceId": draft["id"], "amount": -1})).await;
    assert!(unposted.message().contains("is not posted"), "{}", unposted.body);
    let stranger = company.post(&lines, json!({"customerNumber": "11000", "appliesToInvoiceId": open["id"], "amount": -1})).await;
    assert_eq!((stranger.status, stranger.code()), (400, "Application_DialogException"), "{}", stranger.body);
    let unknown = company.post(&lines, json!({"customerNumber": "10000", "appliesToInvoiceNumber": "PS-NONE", "amount": -1})).await;
    assert_eq!(unknown.code(), "Internal_InvalidTableRelation", "{}", unknown.body);
    assert_eq!(company.get("customerPayments").await.code(), "Application_DialogException", "a list needs its journal");

    let line = format!("customerPayments({})", pay(&company, &lines, json!({"amount": -5})).await);
    let nobody = company.act(&post).await;
    assert!(nobody.message().contains("Account No. must have a value in Gen. Journal Line Journal Template Name='CASHRCPT'"), "{}", nobody.body);
    company.patch(&line, "*", json!({"customerNumber": "10000", "amount": 5})).await;
    assert!(company.act(&post).await.message().contains("Amount must be negative in Gen. Journal Line"));
    company.patch(&line, "*", json!({"amount": -5, "postingDate": "2025-01-01"})).await;
    assert!(company.act(&post).await.message().contains("allowed posting dates"));
    company.patch(&line, "*", json!({"postingDate": "2026-06-01"})).await;
    let customer = format!("customers({})", text(&open, "customerId"));
    company.patch(&customer, "*", json!({"blocked": "All"})).await;
    assert!(company.act(&post).await.message().contains("when Customer 10000 is blocked with type All"));
    company.patch(&customer, "*", json!({"blocked": " "})).await;
    assert_eq!(company.act(&post).await.status, 204);

    let other = company.post("customerPaymentJournals", json!({"code": "giro"})).await;
    let unbalanced = format!("customerPaymentJournals({})/customerPayments", other.text("id"));
    pay(&company, &unbalanced, json!({"customerNumber": "10000", "documentNumber": "X1", "amount": -7.5})).await;
    let reply = company.act(&format!("journals({})/Microsoft.NAV.post", other.text("id"))).await;
    assert!(reply.message().contains("Document No. X1 is out of balance by -7.5."), "{}", reply.body);
    check(&company).await;
}

#[tokio::test]
async fn payment_journals_are_journals_of_another_template() {
    let company = company().await;
    let general = company.all("journals").await;
    assert!(general.iter().all(|row| row["templateDisplayName"] == "GENERAL"), "{general:?}");
    let payments = company.all("journals?$filter=templateDisplayName eq 'PAYMENT'").await;
    assert_eq!(payments.len(), 1);
    assert_eq!(payments[0]["id"], company.first("vendorPaymentJournals").await["id"]);
    assert_eq!(payments[0]["balancingAccountNumber"], "1920");
    let created = company.post("vendorPaymentJournals", json!({"code": "GENERAL", "displayName": "Weekly"})).await;
    let path = format!("journals({})", created.text("id"));
    assert_eq!(company.get(&path).await.text("templateDisplayName"), "PAYMENT");
    company.patch(&format!("vendorPaymentJournals({})", created.text("id")), "*", json!({"displayName": "Monthly"})).await;
    assert_eq!(company.get(&path).await.text("displayName"), "Monthly");
    assert_eq!(company.post("journals", json!({"code": "DEFAULT"})).await.code(), "Internal_EntityWithSameKeyExists");
    assert_eq!(company.post("journals", json!({"code": "GENERAL"})).await.status, 201, "free in its own template");
    assert_eq!(company.delete(&path, "*").await.status, 204);
    assert_eq!(company.get(&format!("vendorPaymentJournals({})", created.text("id"))).await.status, 404);
}

#[tokio::test]
async fn a_payment_in_time_may_keep_the_discount_of_the_terms() {
    let company = company().await;
    let id = journal(&company, "customerPaymentJournals").await;
    let lines = format!("customerPaymentJournals({id})/customerPayments");
    let post = format!("journals({id})/Microsoft.NAV.post");
    let terms = company.first("paymentTerms?$filter=code eq '1M(8D)'").await;
    for (late, kept, status) in [(0, "2", "Paid"), (8, "2", "Paid"), (9, "2", "Open"), (0, "2.01", "Open")] {
        let body = json!({"customerNumber": "10000", "invoiceDate": "2026-06-01", "postingDate": "2026-06-01", "paymentTermsId": terms["id"],
            "salesInvoiceLines": [{"lineType": "Item", "lineObjectNumber": "1100", "quantity": 2}]});
        let created = company.post("salesInvoices", body).await;
        let path = format!("salesInvoices({})", created.text("id"));
        assert_eq!(company.act(&format!("{path}/Microsoft.NAV.post")).await.status, 204);
        let open = company.get(&path).await.body;
        let (total, granted) = (units(&open["totalAmountIncludingTax"]), Books::read(&company).await.balance("3090"));
        // Percentages with two digits of amounts with four.
        let percent: i128 = kept.replace('.', "").parse::<i128>().unwrap() * if kept.contains('.') { 1 } else { 100 };
        let paid = total - total * percent / 10_000;
        let amount: serde_json::Number = format!("-{}.{:02}", paid / 100_000, (paid % 100_000) / 1_000).parse().unwrap();
        pay(&company, &lines, json!({"appliesToInvoiceId": open["id"], "amount": amount, "postingDate": format!("2026-06-{:02}", 1 + late)})).await;
        assert_eq!(company.act(&post).await.status, 204);
        let after = company.get(&path).await;
        assert_eq!(after.text("status"), status, "{late} days, {kept} %: {}", after.body);
        let written_off = Books::read(&company).await.balance("3090") - granted;
        assert_eq!(written_off > 0, status == "Paid", "{late} days, {kept} %");
        check(&company).await;
    }
}

#[tokio::test]
async fn a_payment_of_the_whole_amount_in_time_keeps_the_discount_too() {
    let company = company().await;
    let id = journal(&company, "customerPaymentJournals").await;
    let lines = format!("customerPaymentJournals({id})/customerPayments");
    let terms = company.first("paymentTerms?$filter=code eq '1M(8D)'").await;
    for (day, kept) in [("2026-06-09", true), ("2026-06-10", false)] {
        let body = json!({"customerNumber": "10000", "invoiceDate": "2026-06-01", "postingDate": "2026-06-01", "paymentTermsId": terms["id"],
            "salesInvoiceLines": [{"lineType": "Item", "lineObjectNumber": "1100", "quantity": 2}]});
        let path = format!("salesInvoices({})", company.post("salesInvoices", body).await.text("id"));
        assert_eq!(company.act(&format!("{path}/Microsoft.NAV.post")).await.status, 204);
        let open = company.get(&path).await.body;
        let (total, granted) = (units(&open["totalAmountIncludingTax"]), Books::read(&company).await.balance("3090"));
        let owed = balance(&company, &open["customerId"]).await;
        let amount: serde_json::Number = format!("-{}", open["totalAmountIncludingTax"]).parse().unwrap();
        pay(&company, &lines, json!({"appliesToInvoiceId": open["id"], "amount": amount, "postingDate": day})).await;
        assert_eq!(company.act(&format!("journals({id})/Microsoft.NAV.post")).await.status, 204);
        let after = company.get(&path).await;
        assert_eq!((after.text("status"), units(&after.body["remainingAmount"])), ("Paid", 0), "{day}");
        let discount = if kept { total * 2 / 100 } else { 0 };
        assert_eq!(Books::read(&company).await.balance("3090") - granted, discount, "{day}");
        assert_eq!(balance(&company, &open["customerId"]).await, owed - total - discount, "{day}: the rest is the customer's");
        check(&company).await;
    }
}
