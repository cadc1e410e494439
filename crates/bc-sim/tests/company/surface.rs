//! All 90 sets of release 28: each is listed, queried, read by key and, as the facts allow, created, changed and deleted.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::support::{Company, Reply, company, encoded};

/// What the facts say of one set.
pub struct Set {
    pub name: String,
    pub methods: Vec<String>,
    pub key: Option<String>,
    pub needs_parent: bool,
    pub root: bool,
    pub query: bool,
    pub properties: Map<String, Value>,
}

impl Set {
    pub fn allows(&self, method: &str) -> bool {
        self.methods.iter().any(|allowed| allowed == method)
    }

    fn edm(&self, property: &str) -> &str {
        self.properties[property]["x-bc"]["type"].as_str().unwrap()
    }
}

/// The sets of `mcp-data`, by name.
pub fn sets() -> BTreeMap<String, Set> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mcp-data");
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path().join("schema.json");
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let schema: Value = serde_json::from_str(&text).unwrap();
        let bc = &schema["x-bc"];
        let name = bc["set"].as_str().unwrap().to_owned();
        let texts =
            |value: &Value| value.as_array().map(|list| list.iter().map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>()).unwrap_or_default();
        let set = Set {
            methods: texts(&bc["methods"]),
            key: texts(&bc["key"]).into_iter().next(),
            needs_parent: bc["listNeedsParent"] == true,
            root: bc["root"] == true,
            query: bc["kind"] == "query",
            properties: schema["properties"].as_object().unwrap().clone(),
            name: name.clone(),
        };
        out.insert(name, set);
    }
    assert_eq!(out.len(), 90);
    out
}

/// Where a set is listed: under a record that the company has, or that is made for it.
pub async fn list_path(company: &Company, set: &Set) -> String {
    let under = |parent: &'static str, filter: &'static str| async move {
        let row = company.first(&format!("{parent}?$top=1{filter}")).await;
        format!("{parent}({})/{}", row["id"].as_str().unwrap(), set.name)
    };
    match set.name.as_str() {
        name if set.root => format!("{}/{name}", company.running.base_url()),
        "salesOrderLines" => under("salesOrders", "").await,
        "salesQuoteLines" => under("salesQuotes", "").await,
        "salesInvoiceLines" => under("salesInvoices", "&$filter=status eq 'Draft'").await,
        "salesCreditMemoLines" => draft(company, "salesCreditMemos", json!({"customerNumber": "10000"}), &set.name).await,
        "purchaseOrderLines" => under("purchaseOrders", "").await,
        "purchaseInvoiceLines" => draft(company, "purchaseInvoices", json!({"vendorNumber": "40000"}), &set.name).await,
        "purchaseCreditMemoLines" => draft(company, "purchaseCreditMemos", json!({"vendorNumber": "40000"}), &set.name).await,
        "journalLines" => under("journals", "").await,
        "customerPayments" => under("customerPaymentJournals", "").await,
        "vendorPayments" => under("vendorPaymentJournals", "").await,
        "defaultDimensions" => under("customers", "").await,
        "dimensionSetLines" => under("salesOrders", "").await,
        "pictures" => {
            let row = company.first("items?$top=1").await;
            format!("pictures?$filter=id eq {}", row["id"].as_str().unwrap())
        }
        "timeRegistrationEntries" => under("employees", "").await,
        "applyVendorEntries" => {
            let journal = company.first("vendorPaymentJournals?$top=1").await;
            let owed = company.first("vendors?$filter=balance gt 0&$top=1").await;
            let lines = format!("vendorPaymentJournals({})/vendorPayments", journal["id"].as_str().unwrap());
            let payment = company.post(&lines, json!({"vendorId": owed["id"], "amount": 100})).await;
            assert_eq!(payment.status, 201, "{}", payment.body);
            format!("vendorPayments({})/applyVendorEntries", payment.text("id"))
        }
        name => {
            assert!(!set.needs_parent, "no parent known for {name}");
            name.to_owned()
        }
    }
}

async fn draft(company: &Company, set: &str, body: Value, lines: &str) -> String {
    let made = company.post(set, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    format!("{set}({})/{lines}", made.text("id"))
}

fn with(path: &str, option: &str) -> String {
    format!("{path}{}{option}", if path.contains('?') { '&' } else { '?' })
}

/// A row has the properties of its set, each in its wire form, and an etag.
fn check_shape(set: &Set, row: &Value) {
    let row = row.as_object().unwrap();
    assert!(row["@odata.etag"].as_str().unwrap().starts_with("W/\""), "{}", set.name);
    for (name, facts) in &set.properties {
        let edm = set.edm(name);
        if edm == "Edm.Stream" {
            assert!(!row.contains_key(name) && row[&format!("{name}@odata.mediaReadLink")].as_str().unwrap().ends_with(name), "{}.{name}", set.name);
            assert_eq!(row.contains_key(&format!("{name}@odata.mediaEditLink")), facts["readOnly"] != true, "{}.{name}", set.name);
            continue;
        }
        if name.ends_with("_FilterOnly") {
            assert!(!row.contains_key(name), "{}.{name}", set.name);
            continue;
        }
        let value = row.get(name).unwrap_or_else(|| panic!("{} lacks {name}", set.name));
        let right = match edm {
            "Edm.Guid" => value.as_str().is_some_and(|text| Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().to_string() == text)),
            "Edm.String" | "enum" => value.is_string(),
            "Edm.Int32" | "Edm.Int64" => value.is_i64(),
            "Edm.Decimal" => value.is_number(),
            "Edm.Boolean" => value.is_boolean(),
            "Edm.Date" => value.as_str().is_some_and(|text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()),
            "Edm.DateTimeOffset" => value.as_str().is_some_and(|text| text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()),
            other => panic!("{other}"),
        };
        assert!(right, "{}.{name}: {edm} {value}", set.name);
    }
    let known = |name: &str| name.starts_with('@') || set.properties.contains_key(name.split('@').next().unwrap());
    let stray: Vec<_> = row.keys().filter(|name| !known(name)).collect();
    assert!(stray.is_empty(), "{}: {stray:?}", set.name);
}

#[tokio::test]
async fn every_set_is_listed_and_queried() {
    let company = company().await;
    for set in sets().values() {
        let path = list_path(&company, set).await;
        let all = company.get(&with(&path, "$count=true")).await;
        assert_eq!(all.status, 200, "{}: {}", set.name, all.body);
        let rows = all.rows().clone();
        assert_eq!(all.body["@odata.count"], rows.len(), "{}", set.name);
        rows.iter().take(50).for_each(|row| check_shape(set, row));
        let top = company.get(&with(&path, "$top=2")).await;
        assert_eq!(top.rows()[..], rows[..rows.len().min(2)], "{}", set.name);
        let skipped = company.get(&with(&path, "$skip=1&$top=2")).await;
        assert_eq!(skipped.rows()[..], rows[rows.len().min(1)..rows.len().min(3)], "{}", set.name);
        check_selection(&company, set, &path, &rows).await;
        check_order(&company, set, &path, &rows).await;
        check_filter(&company, set, &path, &rows).await;
        check_key(&company, set, &path, &rows).await;
        let unknown = company.get(&with(&path, "$select=nothingOfThatName")).await;
        assert_eq!((unknown.status, unknown.code()), (400, "BadRequest"), "{}", set.name);
        if set.needs_parent {
            let flat = company.get(&set.name).await;
            assert_eq!((flat.status, flat.code()), (400, "Application_DialogException"), "{}", set.name);
        }
    }
}

async fn check_selection(company: &Company, set: &Set, path: &str, rows: &[Value]) {
    let (name, _) =
        set.properties.iter().find(|(name, _)| set.edm(name) != "Edm.Stream" && !name.ends_with("_FilterOnly") && Some(*name) != set.key.as_ref()).unwrap();
    let chosen = company.get(&with(path, &format!("$top=1&$select={name}"))).await;
    assert_eq!(chosen.status, 200, "{}: {}", set.name, chosen.body);
    for row in chosen.rows() {
        let mut names: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let mut expected: Vec<&str> = [Some("@odata.etag"), set.key.as_deref(), Some(name.as_str())].into_iter().flatten().collect();
        expected.sort_unstable();
        assert_eq!(names, expected, "{}", set.name);
        assert_eq!(row[name], rows[0][name], "{}", set.name);
    }
}

async fn check_order(company: &Company, set: &Set, path: &str, rows: &[Value]) {
    let (name, _) = set.properties.iter().find(|(name, _)| set.edm(name) != "Edm.Stream" && !name.ends_with("_FilterOnly")).unwrap();
    let sorted = company.get(&with(path, &format!("$orderby={name} desc"))).await;
    if set.query {
        assert_eq!((sorted.status, sorted.code()), (501, "BadRequest_MethodNotImplemented"), "{}", set.name);
        return;
    }
    assert_eq!(sorted.rows().len(), rows.len(), "{}", set.name);
    let values: Vec<&Value> = sorted.rows().iter().map(|row| &row[name]).collect();
    if values.iter().all(|value| value.is_string()) {
        assert!(values.windows(2).all(|pair| pair[0].as_str() >= pair[1].as_str()), "{}: {values:?}", set.name);
    }
}

async fn check_filter(company: &Company, set: &Set, path: &str, rows: &[Value]) {
    let Some(first) = rows.first() else { return };
    if path.contains("$filter") {
        return;
    }
    let (name, _) = set.properties.iter().find(|(name, _)| ["Edm.Guid", "Edm.String"].contains(&set.edm(name)) && !name.ends_with("_FilterOnly")).unwrap();
    let text = first[name].as_str().unwrap();
    let literal = if set.edm(name) == "Edm.Guid" { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) };
    let found = company.get(&format!("{path}?$filter={}", encoded(&format!("{name} eq {literal}")))).await;
    assert_eq!(found.status, 200, "{}: {}", set.name, found.body);
    let expected: Vec<&Value> = rows.iter().filter(|row| row[name] == first[name]).collect();
    assert_eq!(found.rows().iter().collect::<Vec<_>>(), expected, "{}", set.name);
}

/// The total of an ageing report has no key.
fn has_key(row: &Value, key: &str) -> bool {
    row[key] != "00000000-0000-0000-0000-000000000000"
}

async fn check_key(company: &Company, set: &Set, path: &str, rows: &[Value]) {
    let Some(key) = &set.key else { return };
    let base = path.split('?').next().unwrap();
    let quote = if set.edm(key) == "Edm.String" { "'" } else { "" };
    if let Some(first) = rows.iter().find(|row| has_key(row, key)) {
        let one = company.get(&format!("{base}({quote}{}{quote})", first[key].as_str().unwrap())).await;
        assert_eq!(one.status, 200, "{}: {}", set.name, one.body);
        assert_eq!(one.body[key], first[key], "{}", set.name);
        assert!(one.body["@odata.context"].as_str().unwrap().ends_with("/$entity"), "{}", set.name);
        assert_eq!(one.etag.as_deref(), one.body["@odata.etag"].as_str(), "{}", set.name);
    }
    let gone = company.get(&format!("{base}({quote}{}{quote})", Uuid::new_v4())).await;
    assert_eq!((gone.status, gone.code()), (404, "BadRequest_ResourceNotFound"), "{}", set.name);
    let wrong = company.get(&format!("{base}(7)")).await;
    assert_eq!((wrong.status, wrong.code()), (404, "BadRequest_NotFound"), "{}", set.name);
}

#[tokio::test]
async fn what_a_set_does_not_allow_is_refused_with_405() {
    let company = company().await;
    for set in sets().values() {
        let path = list_path(&company, set).await;
        let base = path.split('?').next().unwrap().to_owned();
        if !set.allows("POST") {
            let refused = company.post(&base, json!({})).await;
            assert_eq!((refused.status, refused.code()), (405, "BadRequest_MethodNotAllowed"), "{}: {}", set.name, refused.body);
        }
        let Some(key) = &set.key else { continue };
        let rows = company.get(&path).await.rows().clone();
        let Some(row) = rows.iter().find(|row| has_key(row, key)) else { continue };
        let record = format!("{base}({})", row[key].as_str().unwrap());
        if !set.allows("PATCH") {
            let refused = company.patch(&record, "*", json!({})).await;
            assert_eq!((refused.status, refused.code()), (405, "BadRequest_MethodNotAllowed"), "{}: {}", set.name, refused.body);
        }
        if !set.allows("DELETE") {
            let refused = company.delete(&record, "*").await;
            assert_eq!((refused.status, refused.code()), (405, "BadRequest_MethodNotAllowed"), "{}: {}", set.name, refused.body);
        }
        for method in [Method::PUT, Method::OPTIONS] {
            let refused = company.request(method, &record).send().await.unwrap();
            assert_eq!(refused.status(), 405, "{}", set.name);
        }
    }
}

/// A body that creates a record of the set, and one that changes it.
async fn bodies(company: &Company, set: &str) -> (Value, Value) {
    let id = |path: &'static str| async move { company.first(path).await["id"].clone() };
    let named = |code: &str| (json!({"code": code, "displayName": "Made by a test"}), json!({"displayName": "Changed"}));
    let line = || (json!({"lineType": "Item", "lineObjectNumber": "1100", "quantity": 2}), json!({"quantity": 3}));
    match set {
        "attachments" => (json!({"fileName": "scan.txt", "parentType": "Customer", "parentId": id("customers").await}), json!({"fileName": "bill.txt"})),
        "documentAttachments" => (json!({"fileName": "plan.txt", "parentType": "Item", "parentId": id("items").await}), json!({"fileName": "drawing.txt"})),
        "bankAccounts" => (json!({"displayName": "Third account"}), json!({"displayName": "Changed"})),
        "contacts" | "customers" | "vendors" => (json!({"displayName": "Made by a test"}), json!({"displayName": "Changed"})),
        "items" => (json!({"displayName": "Made by a test", "type": "Inventory", "baseUnitOfMeasureCode": "PCS"}), json!({"unitPrice": 12.5})),
        "employees" => (json!({"givenName": "Ola", "surname": "Dahl"}), json!({"jobTitle": "Driver"})),
        "fixedAssets" => {
            (json!({"displayName": "Made by a test", "fixedAssetLocationCode": "OFFICE", "employeeNumber": "E0010"}), json!({"underMaintenance": true}))
        }
        "opportunities" => (
            json!({"description": "Made by a test", "salespersonCode": "AH", "contactNumber": company.first("contacts").await["number"]}),
            json!({"description": "Changed"}),
        ),
        "projects" => (json!({"displayName": "Made by a test"}), json!({"displayName": "Changed"})),
        "itemVariants" => (json!({"code": "RED", "itemNumber": "1100", "description": "Red"}), json!({"description": "Dark red"})),
        "customerReturnReasons" => (json!({"code": "TEST", "description": "Made by a test"}), json!({"description": "Changed"})),
        "currencies" => (json!({"code": "ISK", "displayName": "Icelandic krona"}), json!({"displayName": "Changed"})),
        "countriesRegions" => named("IE"),
        "defaultDimensions" => {
            let dimension = company.first("dimensions?$filter=code eq 'DEPARTMENT'").await;
            let values = company.get(&format!("dimensionValues?$filter=dimensionId eq {}", dimension["id"].as_str().unwrap())).await;
            (
                json!({"dimensionId": dimension["id"], "dimensionValueId": values.rows()[0]["id"], "postingValidation": "Same Code"}),
                json!({"dimensionValueId": values.rows()[1]["id"]}),
            )
        }
        "dimensionSetLines" => (json!({"code": "DEPARTMENT", "valueCode": "SALES"}), json!({"valueCode": "ADM"})),
        "timeRegistrationEntries" => (json!({"date": "2026-06-10", "quantity": 7.5, "jobNumber": "PR00010"}), json!({"quantity": 6})),
        "journalLines" => (json!({"accountNumber": "6800", "amount": 120.5}), json!({"amount": 99})),
        "customerPayments" => (json!({"customerNumber": "10000", "amount": -250}), json!({"amount": -200})),
        "vendorPayments" => (json!({"vendorNumber": "40000", "amount": 250}), json!({"amount": 200})),
        "salesQuotes" | "salesOrders" | "salesInvoices" | "salesCreditMemos" => {
            (json!({"customerNumber": "10000"}), json!({"externalDocumentNumber": "EXT-9"}))
        }
        "purchaseOrders" => (json!({"vendorNumber": "40000"}), json!({"shipToName": "Dock 3"})),
        "purchaseInvoices" => (json!({"vendorNumber": "40000"}), json!({"vendorInvoiceNumber": "V-77"})),
        "purchaseCreditMemos" => (json!({"vendorNumber": "40000"}), json!({"vendorCreditMemoNumber": "R-9"})),
        "subscriptions" => (json!({"notificationUrl": "http://127.0.0.1:9/", "resource": "companies/x/customers"}), json!({"clientState": "changed"})),
        lines if lines.ends_with("Lines") => line(),
        _ => named("TEST"),
    }
}

#[tokio::test]
async fn every_writable_set_takes_a_create_a_change_and_a_delete() {
    let company = company().await;
    let mut made = 0;
    for set in sets().values().filter(|set| set.allows("POST") && set.name != "subscriptions") {
        let path = list_path(&company, set).await;
        let (create, change) = bodies(&company, &set.name).await;
        let created = company.post(&path, create.clone()).await;
        assert_eq!(created.status, 201, "{} {create}: {}", set.name, created.body);
        check_shape(set, &without_context(&created.body));
        let record = format!("{path}({})", created.text("id"));
        check_refusals(&company, set, &path, &record, &created, &create).await;
        let etag = company.get(&record).await.etag.unwrap();
        let changed = company.patch(&record, &etag, change.clone()).await;
        assert_eq!(changed.status, 200, "{} {change}: {}", set.name, changed.body);
        for (name, value) in change.as_object().unwrap() {
            assert_eq!(changed.body[name].to_string(), value.to_string(), "{}", set.name);
        }
        let stale = company.patch(&record, &etag, change.clone()).await;
        assert_eq!((stale.status, stale.code()), (409, "Request_EntityChanged"), "{}", set.name);
        let stale = company.delete(&record, &etag).await;
        assert_eq!((stale.status, stale.code()), (409, "Request_EntityChanged"), "{}", set.name);
        let read = company.get(&record).await;
        let gone = company.delete(&record, read.etag.as_deref().unwrap()).await;
        assert_eq!(gone.status, 204, "{}: {}", set.name, gone.body);
        let after = company.get(&record).await;
        assert_eq!((after.status, after.code()), (404, "BadRequest_ResourceNotFound"), "{}", set.name);
        made += 1;
    }
    assert_eq!(made, sets().values().filter(|set| set.allows("POST")).count() - 1);
}

fn without_context(body: &Value) -> Value {
    let mut row = body.clone();
    row.as_object_mut().unwrap().remove("@odata.context");
    row
}

async fn check_refusals(company: &Company, set: &Set, path: &str, record: &str, created: &Reply, create: &Value) {
    let unknown = company.post(path, json!({"nothingOfThatName": 1})).await;
    assert_eq!((unknown.status, unknown.code()), (400, "BadRequest"), "{}", set.name);
    let bare = Reply::of(company.request(Method::PATCH, record).json(&json!({})).send().await.unwrap()).await;
    assert_eq!((bare.status, bare.code()), (400, "BadRequest_InvalidToken"), "{}", set.name);
    let bare = Reply::of(company.request(Method::DELETE, record).send().await.unwrap()).await;
    assert_eq!((bare.status, bare.code()), (400, "BadRequest_InvalidToken"), "{}", set.name);
    let read_only = set.properties.iter().find(|(name, facts)| facts["readOnly"] == true && set.edm(name) != "Edm.Stream" && *name != "id");
    if let Some((name, _)) = read_only {
        let refused = company.patch(record, "*", json!({name: created.body[name]})).await;
        assert_eq!((refused.status, refused.code()), (400, "BadRequest_InvalidOperation"), "{}.{name}: {}", set.name, refused.body);
    }
    let other = company.patch(record, "*", json!({"id": Uuid::new_v4()})).await;
    assert_eq!((other.status, other.code()), (400, "BadRequest_InvalidOperation"), "{}", set.name);
    if create.get("code").is_some() && !set.needs_parent {
        let twice = company.post(path, create.clone()).await;
        assert_eq!((twice.status, twice.code()), (400, "Internal_EntityWithSameKeyExists"), "{}: {}", set.name, twice.body);
    }
    let long = set
        .properties
        .iter()
        .find(|(name, facts)| facts["maxLength"].is_u64() && facts["readOnly"] != true && set.edm(name) == "Edm.String" && *name != "code");
    if let Some((name, facts)) = long {
        let text = "x".repeat(usize::try_from(facts["maxLength"].as_u64().unwrap()).unwrap() + 1);
        let refused = company.patch(record, "*", json!({name: text})).await;
        assert_eq!((refused.status, refused.code()), (400, "Application_StringExceededLength"), "{}.{name}: {}", set.name, refused.body);
    }
}

#[tokio::test]
async fn sets_without_post_are_changed_where_the_facts_say_so() {
    let company = company().await;
    let person = company.first("customerContacts").await;
    let path = format!("customerContacts({})", person["id"].as_str().unwrap());
    let changed = company.patch(&path, person["@odata.etag"].as_str().unwrap(), json!({"professionalTitle": "Head of buying"})).await;
    assert_eq!((changed.status, changed.text("professionalTitle")), (200, "Head of buying"), "{}", changed.body);
    assert_eq!(company.delete(&path, "*").await.status, 204);
    let information = company.first("companyInformation").await;
    let path = format!("companyInformation({})", information["id"].as_str().unwrap());
    assert_eq!(company.patch(&path, "*", json!({"faxNumber": "55 01 20 01"})).await.status, 200);
    let job = company.first("jobQueueEntries?$filter=status eq 'Error'").await;
    let path = format!("jobQueueEntries({})", job["id"].as_str().unwrap());
    assert_eq!(company.act(&format!("{path}/Microsoft.NAV.restart")).await.status, 204);
    assert_eq!(company.get(&path).await.text("status"), "Ready");
    let log = company.first(&format!("{path}/jobQueueLogEntries")).await;
    assert_eq!(log["status"], "Error");
    let workflow = company.first("workflows?$expand=workflowSteps($expand=workflowResponseOptions)").await;
    assert_eq!(workflow["workflowSteps"][1]["workflowResponseOptions"][0]["approverLimitType"], "Direct_x0020_Approver", "{workflow}");
}

#[tokio::test]
async fn open_vendor_entries_are_marked_for_a_payment() {
    let company = company().await;
    let all = sets();
    let path = list_path(&company, &all["applyVendorEntries"]).await;
    let entry = company.first(&path).await;
    assert!(entry["remainingAmount"].to_string().starts_with('-'), "{entry}");
    let record = format!("{path}({})", entry["id"].as_str().unwrap());
    let applied = company.patch(&record, entry["@odata.etag"].as_str().unwrap(), json!({"applied": true})).await;
    assert_eq!((applied.status, applied.body["applied"].clone()), (200, json!(true)), "{}", applied.body);
    assert!(!applied.text("appliesToId").is_empty());
    let stale = company.patch(&record, entry["@odata.etag"].as_str().unwrap(), json!({"applied": false})).await;
    assert_eq!(stale.status, 409);
    assert_eq!(company.get(&record).await.body["applied"], true);
    let other = list_path(&company, &all["applyVendorEntries"]).await;
    assert_eq!(company.get(&format!("{other}({})", entry["id"].as_str().unwrap())).await.body["applied"], false);
}

#[tokio::test]
async fn a_company_is_expanded_with_what_is_in_it() {
    let company = company().await;
    let root = company.running.base_url();
    let reply = company
        .get(&format!("{root}/companies?$expand=customers($top=2;$select=number;$expand=paymentTerm($select=code)),salespersonPurchaser($select=code),items($filter=number eq '1000';$count=true)"))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let [trading, small] = &reply.rows()[..] else { panic!("{}", reply.body) };
    let (trading, small) = if trading["name"] == "Nordby Handel AS" { (trading, small) } else { (small, trading) };
    assert_eq!(trading["customers"][0]["paymentTerm"]["code"], "14 DAYS");
    assert_eq!(small["customers"].as_array().unwrap().len(), 2);
    assert_eq!((trading["items@odata.count"].clone(), small["items"][0]["displayName"].as_str()), (json!(1), Some("Oil Filter")));
    assert!(trading["salespersonPurchaser"].as_array().unwrap().len() > 1);
    let lines = company.get(&format!("{root}/companies?$expand=salesOrderLines")).await;
    assert_eq!((lines.status, lines.code()), (400, "Application_DialogException"));
}
