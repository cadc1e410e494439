//! Documented exchanges in every particular: headers, context addresses, words of a refusal.

use reqwest::Method;
use serde_json::json;

use crate::support::{Company, Reply, company, encoded};

const DOCUMENTED: &str = "application/json; odata.metadata=minimal";

async fn id_of(company: &Company, set: &str, filter: &str) -> String {
    company.first(&format!("{set}?$filter={}", encoded(filter))).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn answers_and_items_of_a_batch_have_the_documented_headers() {
    let company = company().await;
    let answer = company.request(Method::GET, "customers?$top=1").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], DOCUMENTED);
    assert_eq!(answer.headers()["odata-version"], "4.0");
    let url = format!("{}/$batch", company.running.base_url());
    let requests = json!({"requests": [
        {"id": "1", "method": "GET", "url": format!("{}/customers?$top=1", company.base)},
        {"id": "2", "method": "GET", "url": format!("{}/nothing", company.base)},
    ]});
    let reply = company.post(&url, requests).await;
    for item in reply.body["responses"].as_array().unwrap() {
        assert_eq!((&item["headers"]["odata-version"], &item["headers"]["content-type"]), (&json!("4.0"), &json!(DOCUMENTED)), "{item}");
    }
}

#[tokio::test]
async fn the_context_of_one_record_is_the_way_to_it() {
    let company = company().await;
    let customer = id_of(&company, "customers", "currencyCode eq 'EUR'").await;
    let id = company.running.companies()[0].0;
    let context = |rest: &str| format!("{}/$metadata#companies({id})/{rest}", company.running.base_url());
    for (asked, wanted) in [
        (format!("customers({customer})"), "customers/$entity".to_owned()),
        (format!("customers({customer})?$select=number"), "customers(number)/$entity".to_owned()),
        (format!("customers({customer})/currency"), format!("customers({customer})/currency/$entity")),
        (format!("customers({customer})/currency?$select=code"), format!("customers({customer})/currency(code)/$entity")),
        (format!("customers({customer})/picture"), format!("customers({customer})/picture/$entity")),
    ] {
        let reply = company.get(&asked).await;
        assert_eq!(reply.text("@odata.context"), context(&wanted), "{asked}");
    }
}

#[tokio::test]
async fn the_location_of_a_new_record_leads_to_it_however_the_company_was_named() {
    let company = company().await;
    let id = company.running.companies()[0].0;
    for path in [format!("{}/customers", company.base), format!("{}/customers?company={id}", company.running.base_url())] {
        let answer = company.request(Method::POST, &path).json(&json!({"displayName": "Located"})).send().await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        assert_eq!(company.get(&location).await.text("displayName"), "Located", "{location}");
    }
}

#[tokio::test]
async fn an_etag_may_stand_in_a_list() {
    let company = company().await;
    let customer = company.first("customers").await;
    let path = format!("customers({})", customer["id"].as_str().unwrap());
    let etag = customer["@odata.etag"].as_str().unwrap();
    let body = json!({"addressLine2": "Third floor"});
    assert_eq!(company.patch(&path, "W/\"other\", W/\"another\"", body.clone()).await.code(), "Request_EntityChanged");
    assert_eq!(company.patch(&path, &format!("W/\"other\", {etag}"), body.clone()).await.status, 200);
    assert_eq!(company.patch(&path, etag, body.clone()).await.status, 409, "it has another version now");
    for unreadable in ["abc", "", "W/", "\"", "W/\"x\", y", "**"] {
        let reply = company.patch(&path, unreadable, body.clone()).await;
        assert_eq!((reply.status, reply.code()), (400, "BadRequest_InvalidToken"), "{unreadable}: {}", reply.body);
    }
}

#[tokio::test]
async fn refusals_of_queries_say_what_is_wrong_in_plain_words() {
    let company = company().await;
    let refused = async |query: &str| -> Reply {
        let reply = company.get(&format!("customers?{query}")).await;
        assert_eq!((reply.status, reply.code()), (400, "BadRequest"), "{query}: {}", reply.body);
        reply
    };
    for (query, words) in [
        ("$top=-1", "$top must be a whole number, zero or more: '-1' is not."),
        ("$skip=-3", "$skip must be a whole number, zero or more: '-3' is not."),
        ("$top=many", "$top must be a whole number, zero or more: 'many' is not."),
        ("$orderby=", "$orderby names no property."),
        ("$filter=creditLimit eq 5M", "'5M' in the filter is not a value."),
        ("$filter=creditLimit eq 1000000000000000000000000000000", "'1000000000000000000000000000000' in the filter is not a value."),
        ("$filter=lastModifiedDateTime gt 2026-01-01T00:00:00", "'2026-01-01T00:00:00' in the filter is not a value."),
        ("$filter=creditLimit eq -x", "'-x' in the filter is not a value."),
    ] {
        let reply = refused(query).await;
        assert!(reply.message().starts_with(words), "{query}: {}", reply.message());
    }
}

#[tokio::test]
async fn a_journal_line_names_an_account_that_may_be_posted_to() {
    let company = company().await;
    let journal = id_of(&company, "journals", "code eq 'DEFAULT'").await;
    let lines = format!("journals({journal})/journalLines");
    let heading = company.first("accounts?$filter=accountType eq 'Heading'").await;
    let good = company.first("accounts?$filter=directPosting eq true and accountType eq 'Posting'").await;
    for body in [
        json!({"accountNumber": heading["number"], "amount": 10}),
        json!({"accountId": heading["id"], "amount": 10}),
        json!({"accountNumber": good["number"], "balancingAccountId": heading["id"], "amount": 10}),
    ] {
        let reply = company.post(&lines, body).await;
        assert_eq!((reply.status, reply.code()), (400, "Application_FieldValidationException"), "{}", reply.body);
    }
    let line = company.post(&lines, json!({"accountNumber": good["number"], "amount": 10})).await;
    assert_eq!(line.status, 201, "{}", line.body);
    let path = format!("journalLines({})", line.text("id"));
    assert_eq!(company.patch(&path, "*", json!({"accountNumber": heading["number"]})).await.code(), "Application_FieldValidationException");
    assert_eq!(company.patch(&path, "*", json!({"amount": 12})).await.status, 200, "what is there stays");
}

#[tokio::test]
async fn codes_that_go_leave_nothing_half_behind() {
    let company = company().await;
    let euro = id_of(&company, "currencies", "code eq 'EUR'").await;
    let body = json!({"customerNumber": "21000", "salesInvoiceLines": [{"lineType": "Item", "lineObjectNumber": "1100", "quantity": 1}]});
    let invoice = company.post("salesInvoices", body).await;
    assert_eq!(invoice.text("currencyCode"), "EUR");
    assert_eq!(company.act(&format!("salesInvoices({})/Microsoft.NAV.post", invoice.text("id"))).await.status, 204);
    let kept = company.delete(&format!("currencies({euro})"), "*").await;
    assert_eq!((kept.status, kept.code()), (400, "Application_DialogException"), "{}", kept.body);
    assert_eq!(company.get(&format!("currencies({euro})")).await.status, 200);
    let item = company.first("items?$filter=itemCategoryCode eq 'CHAIR'").await;
    let category = item["itemCategoryId"].as_str().unwrap();
    assert_eq!(company.delete(&format!("itemCategories({category})"), "*").await.status, 204);
    let after = company.get(&format!("items({})", item["id"].as_str().unwrap())).await;
    assert_eq!((after.text("itemCategoryCode"), after.text("itemCategoryId")), ("", "00000000-0000-0000-0000-000000000000"));
}

#[tokio::test]
async fn an_order_that_waits_for_approval_is_in_review() {
    let company = company().await;
    let waiting = company.all("approvalEntries?$filter=status eq 'Open'").await;
    assert_eq!(waiting.len(), 1);
    for written in ["In Review", "In_x0020_Review"] {
        let orders = company.all(&format!("purchaseOrders?$filter={}&$expand=purchaseOrderLines", encoded(&format!("status eq '{written}'")))).await;
        assert_eq!(orders.len(), 1, "{written}");
        assert_eq!((&orders[0]["number"], &orders[0]["status"]), (&waiting[0]["documentNumber"], &json!("In_x0020_Review")));
        assert_eq!(orders[0]["totalAmountIncludingTax"], waiting[0]["amount"]);
    }
    let order = company.first("purchaseOrders?$filter=status eq 'In Review'&$expand=purchaseOrderLines").await;
    let path = format!("purchaseOrders({})", order["id"].as_str().unwrap());
    let line = format!("purchaseOrderLines({})", order["purchaseOrderLines"][0]["id"].as_str().unwrap());
    for reply in [
        company.patch(&path, "*", json!({"shipToName": "Dock 3"})).await,
        company.patch(&line, "*", json!({"quantity": 1})).await,
        company.delete(&line, "*").await,
        company.post(&format!("{path}/purchaseOrderLines"), json!({"lineType": "Item", "lineObjectNumber": "1100", "quantity": 1})).await,
    ] {
        assert_eq!((reply.status, reply.code()), (400, "Application_FieldValidationException"), "{}", reply.body);
        assert!(reply.message().contains("Pending Approval"), "{}", reply.body);
    }
    let posted = company.act(&format!("{path}/Microsoft.NAV.receiveAndInvoice")).await;
    assert_eq!((posted.status, posted.code()), (400, "Application_DialogException"), "{}", posted.body);
    assert_eq!(company.get(&path).await.body["status"], "In_x0020_Review");
    let approved = company.first("approvalEntries?$filter=status eq 'Approved'").await;
    let released = company.first(&format!("purchaseOrders?$filter=number eq '{}'", approved["documentNumber"].as_str().unwrap())).await;
    assert_eq!(released["status"], "Open");
    assert_eq!(company.delete(&path, "*").await.status, 204);
    assert_eq!(company.all("approvalEntries?$filter=status eq 'Open'").await.len(), 0, "the request goes with its order");
}

#[tokio::test]
async fn shortcut_codes_are_the_dimensions_that_they_are_short_for() {
    let company = company().await;
    let codes = async |path: &str| -> (String, Vec<String>) {
        let document = company.get(&format!("{path}?$expand=dimensionSetLines")).await;
        let lines = document.body["dimensionSetLines"].as_array().unwrap();
        let lines = lines.iter().map(|line| format!("{}={}", line["code"].as_str().unwrap(), line["valueCode"].as_str().unwrap())).collect();
        (format!("{}/{}", document.text("shortcutDimension1Code"), document.text("shortcutDimension2Code")), lines)
    };
    // The customer's default, and one of the body's own.
    let body = json!({"customerNumber": "10000", "shortcutDimension1Code": "sales", "salesOrderLines": [{"lineType": "Item", "lineObjectNumber": "1100", "quantity": 1}]});
    let order = company.post("salesOrders", body).await;
    assert_eq!((order.text("shortcutDimension1Code"), order.text("shortcutDimension2Code")), ("SALES", "LARGE"), "{}", order.body);
    let path = format!("salesOrders({})", order.text("id"));
    assert_eq!(codes(&path).await, ("SALES/LARGE".to_owned(), vec!["CUSTOMERGROUP=LARGE".to_owned(), "DEPARTMENT=SALES".to_owned()]));
    let line = company.first(&format!("{path}/salesOrderLines?$expand=dimensionSetLines")).await;
    assert_eq!(line["dimensionSetLines"][1]["valueCode"], "SALES", "{line}");
    let changed = company.patch(&path, order.etag.as_deref().unwrap(), json!({"shortcutDimension1Code": "ADM"})).await;
    assert_eq!((changed.status, changed.text("shortcutDimension1Code")), (200, "ADM"), "{}", changed.body);
    assert_eq!(codes(&path).await.1, ["CUSTOMERGROUP=LARGE", "DEPARTMENT=ADM"]);
    assert_eq!(company.patch(&path, "*", json!({"shortcutDimension1Code": ""})).await.status, 200);
    assert_eq!(codes(&path).await, ("/LARGE".to_owned(), vec!["CUSTOMERGROUP=LARGE".to_owned()]));
    let unknown = company.patch(&path, "*", json!({"shortcutDimension1Code": "LARGE"})).await;
    assert_eq!((unknown.status, unknown.code()), (400, "Internal_InvalidTableRelation"), "a value of the other dimension");
    // Both at once, as a document that is made anew has them.
    let both = json!({"customerNumber": "12000", "shortcutDimension1Code": "SALES", "dimensionSetLines": [{"code": "DEPARTMENT", "valueCode": "SALES"}]});
    let both = company.post("salesQuotes", both).await;
    assert_eq!((both.status, both.text("shortcutDimension1Code")), (201, "SALES"), "{}", both.body);
    assert_eq!(company.post("salesQuotes", json!({"customerNumber": "12000", "shortcutDimension1Code": "NONE"})).await.code(), "Internal_InvalidTableRelation");
    // The other way: a dimension by its id shows in the code, and its document has changed.
    let before = company.get(&path).await.etag;
    let department = company.first("dimensions?$filter=code eq 'DEPARTMENT'").await;
    let lines = format!("{path}/dimensionSetLines");
    let added = company.post(&lines, json!({"id": department["id"], "valueCode": "STOCK"})).await;
    assert_eq!((added.status, added.text("code")), (201, "DEPARTMENT"), "{}", added.body);
    assert_eq!(codes(&path).await.0, "STOCK/LARGE");
    assert_ne!(company.get(&path).await.etag, before);
    let line = format!("{lines}({})", department["id"].as_str().unwrap());
    assert_eq!(company.patch(&line, "*", json!({"valueCode": "ADM"})).await.status, 200);
    assert_eq!(codes(&path).await.0, "ADM/LARGE");
    assert_eq!(company.delete(&line, "*").await.status, 204);
    assert_eq!(codes(&path).await.0, "/LARGE");
}

#[tokio::test]
async fn members_are_written_with_capital_digits_and_read_in_any_spelling() {
    let company = company().await;
    let journal = id_of(&company, "journals", "code eq 'DEFAULT'").await;
    let account = company.first("accounts?$filter=directPosting eq true and accountType eq 'Posting'").await;
    for given in ["G_x002F_L_x0020_Account", "G_x002f_L_x0020_Account", "G/L Account"] {
        let body = json!({"accountType": given, "accountNumber": account["number"], "amount": 1});
        let line = company.post(&format!("journals({journal})/journalLines"), body).await;
        assert_eq!((line.status, line.text("accountType")), (201, "G_x002F_L_x0020_Account"), "{given}: {}", line.body);
        let found = company.get(&format!("journals({journal})/journalLines?$filter={}", encoded(&format!("accountType eq '{given}'")))).await;
        assert!(!found.rows().is_empty(), "{given}: {}", found.body);
    }
    let metadata = company.get(&format!("{}/$metadata", company.running.base_url())).await;
    assert!(metadata.body.as_str().unwrap().contains("Name=\"Begin_x002D_Total\""));
}

#[tokio::test]
async fn an_action_is_known_in_any_case_and_minds_an_etag_that_is_given() {
    let company = company().await;
    let body = json!({"customerNumber": "10000", "salesInvoiceLines": [{"lineType": "Item", "lineObjectNumber": "1100", "quantity": 1}]});
    let invoice = company.post("salesInvoices", body).await;
    let path = format!("salesInvoices({})", invoice.text("id"));
    let stale = company.request(Method::POST, &format!("{path}/Microsoft.NAV.post")).header("if-match", "W/\"other\"").send().await.unwrap();
    assert_eq!(Reply::of(stale).await.code(), "Request_EntityChanged");
    assert_eq!(company.get(&path).await.text("status"), "Draft");
    let etag = company.get(&path).await.etag.unwrap();
    let posted = company.request(Method::POST, &format!("{path}/Microsoft.NAV.Post")).header("if-match", etag).send().await.unwrap();
    assert_eq!(posted.status(), 204);
    assert_eq!(company.get(&path).await.text("status"), "Open");
}
