//! What a write is refused for, and what it changes beside what it says.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Company, Reply, company, options, start};

async fn refused(company: &Company, set: &str, body: Value, status: u16, code: &str) -> String {
    let reply = company.post(set, body.clone()).await;
    assert_eq!((reply.status, reply.code()), (status, code), "{set} {body}: {}", reply.body);
    reply.message().to_owned()
}

#[tokio::test]
async fn faulty_bodies_are_refused_by_name() {
    let company = company().await;
    let text = refused(&company, "customers", json!({"displayName": "A", "colour": "red"}), 400, "BadRequest").await;
    assert!(text.starts_with("Could not find a property named 'colour' on type 'Microsoft.NAV.customer'."), "{text}");
    let text = refused(&company, "customers", json!({"city": "Oslo"}), 400, "Application_DialogException").await;
    assert!(text.contains("\"displayName\""), "{text}");
    let text = refused(&company, "customers", json!({"displayName": "x".repeat(101)}), 400, "Application_StringExceededLength").await;
    assert!(text.contains("100"), "{text}");
    let text = refused(&company, "customers", json!({"displayName": "A", "balanceDue": 5}), 400, "BadRequest_InvalidOperation").await;
    assert!(text.contains("balanceDue"), "{text}");
    let text = refused(&company, "customers", json!({"displayName": "A", "paymentTermsId": Uuid::new_v4()}), 400, "Application_DialogException").await;
    assert!(text.contains("paymentTermsId"), "{text}");
    let text = refused(&company, "customers", json!({"displayName": "A", "salespersonCode": "ZZ"}), 400, "Internal_InvalidTableRelation").await;
    assert!(text.contains("salespersonCode") && text.contains("ZZ"), "{text}");
    refused(&company, "customers", json!({"displayName": "A", "paymentTermsId": "no guid"}), 400, "Application_InvalidGUID").await;
    refused(&company, "customers", json!({"displayName": 5}), 400, "BadRequest").await;
    refused(&company, "customers", json!({"displayName": "A", "creditLimit": "5"}), 400, "BadRequest").await;
    refused(&company, "customers", json!({"displayName": "A", "creditLimit": 1e30}), 400, "Application_EvaluateException").await;
    refused(&company, "customers", json!({"displayName": "A", "blocked": "Sometimes"}), 400, "Unknown").await;
    refused(&company, "customers", json!({"displayName": "A", "number": "10000"}), 400, "Internal_EntityWithSameKeyExists").await;
    refused(&company, "paymentTerms", json!({"code": "14 days", "displayName": "again"}), 400, "Internal_EntityWithSameKeyExists").await;
    refused(&company, "paymentTerms", json!({"code": "", "displayName": "blank"}), 400, "BadRequest_RequiredParamNotProvided").await;
    refused(&company, "paymentTerms", json!({"code": "ODD", "dueDateCalculation": "soon"}), 400, "Application_EvaluateException").await;
    refused(&company, "salesOrders", json!({}), 400, "Application_DialogException").await;
    refused(&company, "salesOrders", json!({"customerNumber": "99999"}), 400, "Application_DialogException").await;
    refused(&company, "salesOrders", json!({"customerNumber": "19000"}), 400, "Application_DialogException").await;
    refused(&company, "accounts", json!({"number": "1"}), 405, "BadRequest_MethodNotAllowed").await;
    for body in ["", "[]", "{", "{\"displayName\":", "nonsense", "{\"displayName\":\"A\",\"displayName\":\"B\"}"] {
        let reply = company.request(Method::POST, "customers").header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(reply.status(), 400, "{body}");
    }
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    let reply =
        company.request(Method::POST, "customers").header("content-type", "application/json").body(format!("{{\"displayName\":{deep}}}")).send().await.unwrap();
    assert_eq!(reply.status(), 400);
    let form = company.request(Method::POST, "customers").header("content-type", "text/plain").body("x").send().await.unwrap();
    assert_eq!(form.status(), 415);
    let put = company.request(Method::PUT, "customers").json(&json!({})).send().await.unwrap();
    assert_eq!(put.status(), 405);
    assert_eq!(company.get("customers/$count").await.body, 12);
}

#[tokio::test]
async fn ids_and_numbers_must_belong_together() {
    let company = company().await;
    let customer = company.first("customers?$filter=number eq '11000'").await;
    let text = refused(&company, "salesOrders", json!({"customerNumber": "10000", "customerId": customer["id"]}), 400, "Application_DialogException").await;
    assert!(text.contains("do not match"), "{text}");
    let euro = company.first("currencies?$filter=code eq 'EUR'").await;
    refused(&company, "customers", json!({"displayName": "A", "currencyId": euro["id"], "currencyCode": "SEK"}), 400, "Application_DialogException").await;
    let created = company.post("customers", json!({"displayName": "A", "currencyCode": "eur"})).await;
    assert_eq!(created.body["currencyId"], euro["id"]);
    let path = format!("customers({})", created.text("id"));
    let cleared = company.patch(&path, "*", json!({"currencyId": "00000000-0000-0000-0000-000000000000"})).await;
    assert_eq!((&cleared.body["currencyCode"], cleared.body["currencyId"].as_str()), (&json!("NOK"), Some("00000000-0000-0000-0000-000000000000")));
    let item = company.first("items").await;
    let account = company.first("accounts?$filter=number eq '6800'").await;
    let line = json!({"itemId": item["id"], "accountId": account["id"], "quantity": 1});
    refused(&company, "salesOrders", json!({"customerNumber": "10000", "salesOrderLines": [line]}), 400, "Application_DialogException").await;
}

#[tokio::test]
async fn codes_are_upper_cased_and_a_client_may_choose_the_id() {
    let company = company().await;
    let id = Uuid::new_v4();
    let created = company.post("paymentTerms", json!({"id": id, "code": "net 5", "displayName": "Net 5 days", "dueDateCalculation": "5D"})).await;
    assert_eq!((created.status, created.text("code"), created.text("id")), (201, "NET 5", id.to_string().as_str()));
    let again = company.post("paymentTerms", json!({"id": id, "code": "OTHER"})).await;
    assert_eq!(again.code(), "Internal_EntityWithSameKeyExists");
    let moved = company.patch(&format!("paymentTerms({id})"), "*", json!({"id": Uuid::new_v4()})).await;
    assert_eq!(moved.code(), "BadRequest_InvalidOperation");
    let order = company.post("salesOrders", json!({"customerNumber": "10000", "orderDate": "2026-03-01", "paymentTermsId": id})).await;
    let invoice = company.post("salesInvoices", json!({"customerNumber": "10000", "invoiceDate": "2026-03-01", "paymentTermsId": id})).await;
    assert_eq!(order.status, 201, "{}", order.body);
    assert_eq!(invoice.text("dueDate"), "2026-03-06");
    let renamed = company.patch(&format!("paymentTerms({id})"), created.etag.as_deref().unwrap(), json!({"code": ""})).await;
    assert_eq!(renamed.code(), "BadRequest_RequiredParamNotProvided");
}

#[tokio::test]
async fn a_new_customer_brings_its_contact_and_follows_a_rename() {
    let company = company().await;
    let created = company.post("customers", json!({"displayName": "Harbor Lights Ltd", "email": "post@harborlights.example"})).await;
    let contact = company.first("contacts?$filter=email eq 'post@harborlights.example'").await;
    assert_eq!((contact["contactBusinessRelation"].as_str(), contact["displayName"].as_str()), (Some("Customer"), Some("Harbor Lights Ltd")));
    let order = company.post("salesOrders", json!({"customerId": created.body["id"]})).await;
    let path = format!("customers({})", created.text("id"));
    let renamed = company.patch(&path, "*", json!({"number": "hl-1"})).await;
    assert_eq!(renamed.text("number"), "HL-1");
    let order = company.get(&format!("salesOrders({})", order.text("id"))).await;
    assert_eq!(order.text("customerNumber"), "HL-1");
    let kept = company.delete(&path, "*").await;
    assert_eq!((kept.status, kept.code()), (400, "Application_DialogException"));
    let seeded = company.first("customers").await;
    let kept = company.delete(&format!("customers({})", seeded["id"].as_str().unwrap()), "*").await;
    assert_eq!(kept.status, 400);
}

#[tokio::test]
async fn lines_move_the_totals_of_their_document() {
    let company = company().await;
    let order = company.post("salesOrders", json!({"customerNumber": "10000"})).await;
    let path = format!("salesOrders({})", order.text("id"));
    let line = company.post(&format!("{path}/salesOrderLines"), json!({"lineType": "Item", "lineObjectNumber": "1300", "quantity": 10})).await;
    assert_eq!((line.status, line.body["amountExcludingTax"].to_string().as_str()), (201, "6900"), "{}", line.body);
    let discounted = company.patch(&path, "*", json!({"discountAmount": 900})).await;
    assert_eq!(discounted.body["totalAmountExcludingTax"].to_string(), "6000");
    assert_eq!(discounted.body["totalTaxAmount"].to_string(), "1500");
    let line_path = format!("salesOrderLines({})", line.text("id"));
    let changed = company.patch(&line_path, "*", json!({"discountAmount": 33.33})).await;
    assert_eq!(changed.body["amountExcludingTax"].to_string(), "6866.67", "{}", changed.body);
    assert_eq!(changed.body["shipQuantity"].to_string(), "10");
    let too_much = company.patch(&line_path, "*", json!({"shipQuantity": 11})).await;
    assert_eq!(too_much.code(), "Application_DialogException");
    let before = company.get(&path).await;
    assert_ne!(before.etag, discounted.etag, "a line changes its header's etag");
    assert_eq!(company.delete(&line_path, changed.etag.as_deref().unwrap()).await.status, 204);
    assert_eq!(company.get(&path).await.body["totalAmountIncludingTax"].to_string(), "0");
    assert_eq!(company.delete(&path, "W/\"bm90IGl0\"").await.status, 409);
    let unconditional = Reply::of(company.request(Method::DELETE, &path).send().await.unwrap()).await;
    assert_eq!(unconditional.code(), "BadRequest_InvalidToken");
}

#[tokio::test]
async fn amounts_beyond_any_range_are_refused_and_the_company_goes_on() {
    let company = company().await;
    for (quantity, price) in [("90000000000000", "90000000000000"), ("1e13", "1"), ("99999999999999999999999999999", "1"), ("-90000000000000", "2")] {
        let body = format!(
            "{{\"customerNumber\":\"10000\",\"salesInvoiceLines\":[{{\"lineType\":\"Item\",\"lineObjectNumber\":\"1300\",\"quantity\":{quantity},\"unitPrice\":{price}}}]}}"
        );
        let reply = company.request(Method::POST, "salesInvoices").header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(reply.status(), 400, "{quantity} x {price}");
    }
    let item = company.post("items", json!({"displayName": "Dear", "type": "Inventory", "unitCost": 90000000000000i64})).await;
    let line = json!({"itemId": item.body["id"], "quantity": 90000000000000i64, "unitPrice": 0});
    let invoice = company.post("salesInvoices", json!({"customerNumber": "10000", "salesInvoiceLines": [line.clone(), line.clone(), line]})).await;
    let posted = company.act(&format!("salesInvoices({})/Microsoft.NAV.post", invoice.text("id"))).await;
    assert_eq!((posted.status, posted.code()), (400, "Application_EvaluateException"));
    let stock = company.patch(&format!("items({})", item.text("id")), "*", json!({"inventory": 90000000000000i64})).await;
    assert_eq!((stock.status, stock.code()), (400, "Application_EvaluateException"));
    assert_eq!(company.get("customers/$count").await.body, 12);
}

#[tokio::test]
async fn a_variant_is_created_under_its_item() {
    let company = company().await;
    let item = company.first("items?$filter=number eq '1100'").await;
    let path = format!("items({})/itemVariants", item["id"].as_str().unwrap());
    let variant = company.post(&path, json!({"code": "red", "description": "Red cover"})).await;
    assert_eq!((variant.status, variant.text("code"), variant.text("itemNumber")), (201, "RED", "1100"), "{}", variant.body);
    assert_eq!(company.get(&path).await.rows().len(), 1);
    let employee = company.post("employees", json!({"givenName": "Ola", "surname": "Dahl"})).await;
    assert_eq!((employee.text("number"), employee.text("displayName")), ("E0070", "Ola Dahl"));
    let info = company.first("customers?$top=1&$expand=contactsInformation").await;
    assert_eq!(info["contactsInformation"][0]["contactName"], "Fjordlys AS");
}

#[tokio::test]
async fn inventory_is_adjusted_by_patch_only() {
    let company = company().await;
    assert_eq!(company.post("items", json!({"displayName": "A", "inventory": 5})).await.code(), "Application_DialogException");
    let item = company.post("items", json!({"displayName": "A", "type": "Inventory", "unitCost": 10.5, "baseUnitOfMeasureCode": "PCS"})).await;
    assert_eq!(item.text("number"), "2000");
    let path = format!("items({})", item.text("id"));
    let adjusted = company.patch(&path, item.etag.as_deref().unwrap(), json!({"inventory": 4})).await;
    assert_eq!(adjusted.body["inventory"].to_string(), "4");
    let entry = company.first("itemLedgerEntries?$filter=itemNumber eq '2000'").await;
    assert_eq!((entry["entryType"].as_str(), entry["costAmountActual"].to_string().as_str()), (Some("Positive_x0020_Adjmt_x002E_"), "42"));
}

#[tokio::test]
async fn switches_choose_what_the_pages_leave_open() {
    let mut options = options();
    options.switches = bca_sim::Switches { delete_requires_if_match: false, honours_client_ids: false, duplicate_status: 409, ..bca_sim::Switches::default() };
    let company = start(options).await;
    let id = Uuid::new_v4();
    let created = company.post("paymentTerms", json!({"id": id, "code": "X"})).await;
    assert_ne!(created.text("id"), id.to_string());
    assert_eq!(company.post("paymentTerms", json!({"code": "X"})).await.status, 409);
    let gone = company.request(Method::DELETE, &format!("paymentTerms({})", created.text("id"))).send().await.unwrap();
    assert_eq!(gone.status(), 204);
}
