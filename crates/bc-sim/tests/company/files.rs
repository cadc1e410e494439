//! Streams up and down, printed documents, dimensions that travel with their document, subscriptions, captions.

use std::io::{Read, Write};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Company, Reply, company, start};

/// The smallest PNG that has a size: 3 by 2 pixels, no image data.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x03\x00\x00\x00\x02\x08\x02\x00\x00\x00";

async fn bytes(company: &Company, path: &str) -> (u16, String, Vec<u8>) {
    let response = company.request(Method::GET, path).send().await.unwrap();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
    (response.status().as_u16(), kind, response.bytes().await.unwrap().to_vec())
}

async fn upload(company: &Company, path: &str, etag: Option<&str>, kind: &str, content: &[u8]) -> Reply {
    let mut request = company.request(Method::PATCH, path).header("content-type", kind).body(content.to_vec());
    if let Some(etag) = etag {
        request = request.header("if-match", etag);
    }
    Reply::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_picture_goes_up_and_down_and_away() {
    let company = company().await;
    for set in ["customers", "items", "vendors", "employees", "contacts"] {
        let owner = company.first(set).await;
        let path = format!("{set}({})/picture", owner["id"].as_str().unwrap());
        let empty = company.get(&path).await;
        assert_eq!((empty.status, &empty.body["width"], empty.text("contentType")), (200, &json!(0), ""), "{}", empty.body);
        assert_eq!(bytes(&company, &format!("{path}/pictureContent")).await.0, 204);
        let without = upload(&company, &format!("{path}/pictureContent"), None, "image/png", PNG).await;
        assert_eq!((without.status, without.code()), (400, "BadRequest_InvalidToken"));
        let sent = upload(&company, &format!("{path}/pictureContent"), empty.etag.as_deref(), "application/octet-stream", PNG).await;
        assert_eq!((sent.status, &sent.body), (204, &Value::Null));
        let stale = upload(&company, &format!("{path}/pictureContent"), empty.etag.as_deref(), "image/png", PNG).await;
        assert_eq!((stale.status, stale.code()), (409, "Request_EntityChanged"));
        let full = company.get(&path).await;
        assert_eq!((&full.body["width"], &full.body["height"], full.text("contentType")), (&json!(3), &json!(2), "image/png"));
        let link = full.text("pictureContent@odata.mediaReadLink").to_owned();
        assert_eq!(bytes(&company, &link).await, (200, "image/png".to_owned(), PNG.to_vec()));
        let nonsense = upload(&company, &format!("{path}/pictureContent"), full.etag.as_deref(), "image/png", b"not an image").await;
        assert_eq!((nonsense.status, nonsense.code()), (400, "Application_DialogException"));
        assert_eq!(company.delete(&path, full.etag.as_deref().unwrap()).await.status, 204);
        assert_eq!(company.get(&path).await.body["width"], 0);
        let expanded = company.get(&format!("{set}({})?$expand=picture", owner["id"].as_str().unwrap())).await;
        assert_eq!(expanded.body["picture"]["id"], owner["id"], "{}", expanded.body);
    }
    let information = company.first("companyInformation").await;
    let path = format!("companyInformation({})/picture", information["id"].as_str().unwrap());
    assert_eq!(bytes(&company, &path).await.0, 204);
    assert_eq!(upload(&company, &path, Some("*"), "image/png", PNG).await.code(), "BadRequest_MethodNotAllowed", "it is read only");
}

#[tokio::test]
async fn a_file_is_described_first_and_filled_then() {
    let company = company().await;
    let order = company.first("salesOrders").await;
    let id = order["id"].as_str().unwrap();
    let content: Vec<u8> = (0..=255u8).cycle().take(70_000).collect();
    for set in ["attachments", "documentAttachments"] {
        let made = company.post(&format!("salesOrders({id})/{set}"), json!({"fileName": "kart.bin"})).await;
        assert_eq!((made.status, made.text("parentType"), made.text("parentId")), (201, "Sales_x0020_Order", id), "{}", made.body);
        let stream = format!("{set}({})/attachmentContent", made.text("id"));
        let sent = upload(&company, &stream, made.etag.as_deref(), "application/zip", &content).await;
        assert_eq!(sent.status, 204, "{}", sent.body);
        assert_eq!(company.get(&format!("{set}({})", made.text("id"))).await.body["byteSize"], 70_000);
        assert_eq!(bytes(&company, &stream).await, (200, "application/zip".to_owned(), content.clone()));
        assert_eq!(company.get(&format!("salesOrders({id})/{set}")).await.rows().len(), 1);
        let stray = company.post(set, json!({"fileName": "x", "parentType": "Customer", "parentId": id})).await;
        assert_eq!((stray.status, stray.code()), (400, "Application_DialogException"), "{}", stray.body);
        let nowhere = company.post(set, json!({"fileName": "x", "parentId": uuid::Uuid::new_v4()})).await;
        assert_eq!((nowhere.status, nowhere.code()), (400, "Application_DialogException"));
    }
    let batch = json!({"requests": [{"id": "1", "method": "GET", "url": format!("{}/salesOrders({id})/attachments?$expand=salesOrder($select=number)", company.base)}]});
    let reply = company.post(&format!("{}/$batch", company.running.base_url()), batch).await;
    assert_eq!(reply.body["responses"][0]["body"]["value"][0]["salesOrder"]["number"], order["number"], "{}", reply.body);
}

#[tokio::test]
async fn documents_are_printed_as_pdf_in_the_language_asked_for() {
    let company = company().await;
    for set in ["salesInvoices", "salesOrders", "salesQuotes", "purchaseInvoices", "purchaseOrders", "salesShipments", "projects", "customerContacts"] {
        let Some(row) = company.get(&format!("{set}?$top=1")).await.rows().first().cloned() else { continue };
        let path = format!("{set}({})/pdfDocument", row["id"].as_str().unwrap());
        let described = company.get(&path).await;
        assert_eq!(described.status, 200, "{set}: {}", described.body);
        if set == "salesShipments" {
            continue;
        }
        let (status, kind, pdf) = bytes(&company, &format!("{path}/pdfDocumentContent")).await;
        assert_eq!((status, kind.as_str()), (200, "application/pdf"), "{set}");
        check_pdf(&pdf);
    }
    let invoice = company.first("salesInvoices?$filter=status eq 'Paid'").await;
    let path = format!("salesInvoices({})/pdfDocument/pdfDocumentContent", invoice["id"].as_str().unwrap());
    for (language, word) in [("de-DE", "Betrag"), ("da-DK,da;q=0.9", "Bel\u{f8}b"), ("en-US", "Amount")] {
        let response = company.request(Method::GET, &path).header("accept-language", language).send().await.unwrap();
        let latin: String = response.bytes().await.unwrap().iter().map(|byte| char::from(*byte)).collect();
        assert!(latin.contains(word) && latin.contains(invoice["number"].as_str().unwrap()), "{language}");
    }
    let refused = upload(&company, &path, Some("*"), "application/pdf", b"%PDF").await;
    assert_eq!((refused.status, refused.code()), (405, "BadRequest_MethodNotAllowed"));
}

/// Each offset of the cross-reference table leads to its object.
fn check_pdf(pdf: &[u8]) {
    assert!(pdf.starts_with(b"%PDF-1.4") && pdf.ends_with(b"%%EOF\n"));
    let ascii = |from: usize| -> String { pdf[from..].iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect() };
    let start: usize = ascii(0).rsplit_once("startxref\n").unwrap().1.lines().next().unwrap().parse().unwrap();
    let table = ascii(start);
    assert!(table.starts_with("xref\n"));
    let offsets: Vec<&str> = table.lines().skip(3).take_while(|line| line.ends_with("n ")).collect();
    assert!(offsets.len() >= 5);
    for (number, line) in offsets.iter().enumerate() {
        assert!(ascii(line[..10].parse().unwrap()).starts_with(&format!("{} 0 obj", number + 1)));
    }
}

#[tokio::test]
async fn dimensions_travel_from_the_customer_to_the_document_and_its_lines() {
    let company = company().await;
    let order = company
        .post(
            "salesOrders?$expand=dimensionSetLines,salesOrderLines($expand=dimensionSetLines)",
            json!({"customerNumber": "10000", "dimensionSetLines": [{"code": "DEPARTMENT", "valueCode": "SALES"}],
                "salesOrderLines": [
                    {"lineType": "Item", "lineObjectNumber": "1100", "quantity": 1},
                    {"lineType": "Item", "lineObjectNumber": "1300", "quantity": 1, "dimensionSetLines": [{"code": "DEPARTMENT", "valueCode": "STOCK"}]}]}),
        )
        .await;
    assert_eq!(order.status, 201, "{}", order.body);
    let codes = |lines: &Value| -> Vec<String> {
        lines.as_array().unwrap().iter().map(|line| format!("{}={}", line["code"].as_str().unwrap(), line["valueCode"].as_str().unwrap())).collect()
    };
    assert_eq!(codes(&order.body["dimensionSetLines"]), ["CUSTOMERGROUP=LARGE", "DEPARTMENT=SALES"]);
    let lines = order.body["salesOrderLines"].as_array().unwrap();
    assert_eq!(codes(&lines[0]["dimensionSetLines"]), ["CUSTOMERGROUP=LARGE", "DEPARTMENT=SALES"]);
    assert_eq!(codes(&lines[1]["dimensionSetLines"]), ["CUSTOMERGROUP=LARGE", "DEPARTMENT=STOCK"]);
    let wrong = company.post(&format!("salesOrders({})/dimensionSetLines", order.text("id")), json!({"code": "CUSTOMERGROUP", "valueCode": "SALES"})).await;
    assert_eq!((wrong.status, wrong.code()), (400, "Application_DialogException"));
    let twice = company.post(&format!("salesOrders({})/dimensionSetLines", order.text("id")), json!({"code": "DEPARTMENT", "valueCode": "ADM"})).await;
    assert_eq!((twice.status, twice.code()), (400, "Internal_EntityWithSameKeyExists"));
    let count = company.get("salesOrders/$count").await.body;
    let refused = company.post("salesOrders", json!({"customerNumber": "10000", "dimensionSetLines": [{"code": "NONE", "valueCode": "X"}]})).await;
    assert_eq!(refused.status, 400);
    assert_eq!(company.get("salesOrders/$count").await.body, count, "a document is made with its dimensions or not at all");
    // In the ledger, amounts of one account are told apart by them.
    assert_eq!(company.act(&format!("salesOrders({})/Microsoft.NAV.shipAndInvoice", order.text("id"))).await.status, 204);
    let invoice = company.first(&format!("salesInvoices?$filter=orderNumber eq '{}'", order.text("number"))).await;
    let path = format!("generalLedgerEntries?$filter=documentNumber eq '{}'&$expand=dimensionSetLines", invoice["number"].as_str().unwrap());
    let entries = company.all(&path).await;
    let on = |account: &str| -> Vec<Vec<String>> {
        let mut on: Vec<_> = entries.iter().filter(|entry| entry["accountNumber"] == account).map(|entry| codes(&entry["dimensionSetLines"])).collect();
        on.sort();
        on
    };
    let (sales, stock) = (["CUSTOMERGROUP=LARGE", "DEPARTMENT=SALES"], ["CUSTOMERGROUP=LARGE", "DEPARTMENT=STOCK"]);
    assert_eq!(on("3000"), [sales, stock], "{entries:?}");
    assert_eq!(on("1500"), [sales]);
    assert_eq!(entries[0]["dimensionSetLines"][0]["parentType"], "General_x0020_Ledger_x0020_Entry");
    let posted = company.first("salesInvoices?$filter=status eq 'Paid'").await;
    let booked =
        company.post(&format!("salesInvoices({})/dimensionSetLines", posted["id"].as_str().unwrap()), json!({"code": "DEPARTMENT", "valueCode": "ADM"})).await;
    assert_eq!((booked.status, booked.code()), (400, "Application_DialogException"));
}

#[tokio::test]
async fn an_order_has_the_dimensions_and_files_of_its_quote_and_its_invoice_too() {
    let company = company().await;
    let quote = company.post("salesQuotes", json!({"customerNumber": "14000", "externalDocumentNumber": "CARRY", "dimensionSetLines": [{"code": "DEPARTMENT", "valueCode": "SALES"}],
        "salesQuoteLines": [{"lineType": "Item", "lineObjectNumber": "1100", "quantity": 1, "dimensionSetLines": [{"code": "DEPARTMENT", "valueCode": "STOCK"}]}]})).await;
    assert_eq!(quote.status, 201, "{}", quote.body);
    let path = format!("salesQuotes({})", quote.text("id"));
    let file = company.post(&format!("{path}/attachments"), json!({"fileName": "plan.txt"})).await;
    let stream = format!("attachments({})/attachmentContent", file.text("id"));
    assert_eq!(upload(&company, &stream, file.etag.as_deref(), "text/plain", b"four rooms").await.status, 204);
    let made = company.act(&format!("{path}/Microsoft.NAV.makeOrder")).await;
    assert_eq!(made.status, 204, "{}", made.body);
    for (set, lines, action) in [("salesOrders", "salesOrderLines", Some("shipAndInvoice")), ("salesInvoices", "salesInvoiceLines", None)] {
        let expand = format!("$expand=dimensionSetLines,attachments,{lines}($expand=dimensionSetLines)");
        let document = company.first(&format!("{set}?$filter=externalDocumentNumber eq 'CARRY'&{expand}")).await;
        assert_eq!(document["dimensionSetLines"][0]["valueCode"], "SALES", "{set}: {document}");
        assert_eq!(document[lines][0]["dimensionSetLines"][0]["valueCode"], "STOCK", "{set}: {document}");
        assert_eq!(document["attachments"][0]["fileName"], "plan.txt", "{set}: {document}");
        assert_eq!(bytes(&company, &stream).await.2, b"four rooms");
        if let Some(action) = action {
            let done = company.act(&format!("{set}({})/Microsoft.NAV.{action}", document["id"].as_str().unwrap())).await;
            assert_eq!(done.status, 204, "{}", done.body);
        }
    }
}

/// A webhook receiver that answers one call with a token of its choice.
fn receiver(answer: fn(&str) -> String) -> (String, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        while !request.windows(4).any(|window| window == b"\r\n\r\n") {
            let read = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..read]);
        }
        let request = String::from_utf8(request).unwrap();
        let token = request.split("validationToken=").nth(1).unwrap().split_whitespace().next().unwrap();
        stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n{}", answer(token)).as_bytes()).unwrap();
        request
    });
    (url, thread)
}

#[tokio::test]
async fn a_subscription_is_made_after_its_handshake() {
    let company = company().await;
    let set = format!("{}/subscriptions", company.running.base_url());
    let resource = format!("/api/v2.0/companies({})/customers", company.running.companies()[0].0);
    let (url, thread) = receiver(str::to_owned);
    let made = company.post(&set, json!({"notificationUrl": url, "resource": resource, "clientState": "mine"})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(thread.join().unwrap().starts_with("POST /hook?x=1&validationToken="));
    let path = format!("{set}('{}')", made.text("subscriptionId"));
    assert_eq!(company.get(&path).await.text("clientState"), "mine");
    let (url, thread) = receiver(str::to_owned);
    let renewed = company.patch(&path, made.etag.as_deref().unwrap(), json!({"notificationUrl": url})).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    thread.join().unwrap();
    let (url, thread) = receiver(|_| "something else".to_owned());
    let liar = company.post(&set, json!({"notificationUrl": url, "resource": resource})).await;
    assert_eq!((liar.status, liar.code()), (400, "Application_DialogException"));
    thread.join().unwrap();
    for elsewhere in ["http://example.com/hook", "https://127.0.0.1/hook", "http://10.0.0.1/hook", "http://user@127.0.0.1/hook", "nonsense"] {
        let refused = company.post(&set, json!({"notificationUrl": elsewhere, "resource": resource})).await;
        assert_eq!((refused.status, refused.code()), (400, "Application_DialogException"), "{elsewhere}");
    }
    let unfit = company.post(&set, json!({"notificationUrl": "http://127.0.0.1:1/", "resource": "companies/trialBalances"})).await;
    assert_eq!(unfit.status, 400);
    assert_eq!(company.get(&set).await.rows().len(), 1);
    let read = company.get(&path).await;
    assert_eq!(company.delete(&path, read.etag.as_deref().unwrap()).await.status, 204);
}

#[tokio::test]
async fn captions_come_in_the_languages_that_there_are() {
    let company = company().await;
    let path = format!("{}/entityDefinitions", company.running.base_url());
    let all = company.get(&path).await;
    assert_eq!(all.rows().len(), 90);
    let one = company.request(Method::GET, &format!("{path}?$filter=entitySetName eq 'customers'")).header("accept-language", "da-DK").send().await.unwrap();
    let one = Reply::of(one).await;
    let [customer] = &one.rows()[..] else { panic!("{}", one.body) };
    assert_eq!(customer["entityName"], "customer");
    assert_eq!(customer["entitySetCaptions"][0], json!({"languageCode": 1030, "caption": "Debitorer"}));
    let city = customer["properties"].as_array().unwrap().iter().find(|property| property["name"] == "city").unwrap();
    assert!(city["captions"].as_array().unwrap().contains(&json!({"languageCode": 1031, "caption": "Ort"})), "{city}");
    assert_eq!(company.get(&format!("{path}?$filter=length(entityName) gt 2")).await.status, 501);
}

#[tokio::test]
async fn an_extension_brings_an_api_of_its_own_and_fields_on_customers() {
    let plain = company().await;
    let root = |company: &Company| company.running.base_url().replace("/api/v2.0", "/api/contoso/loyalty/v1.0");
    assert_eq!(plain.get(&root(&plain)).await.status, 404);
    assert!(plain.first("customers").await.get("loyaltyTier").is_none());
    assert_eq!(plain.get("loyaltyMembers").await.status, 404);
    let runtime = plain.running.base_url().replace("/api/v2.0", "/api/microsoft/runtime/beta");
    let supported = format!("{runtime}/companies({})/webhookSupportedResources", plain.running.companies()[0].0);
    let resources = plain.get(&format!("{supported}?$filter=resource eq 'v2.0/sales*'")).await;
    assert!(resources.rows().contains(&json!({"resource": "v2.0/salesOrders"})) && resources.rows().len() > 3, "{}", resources.body);
    assert!(!plain.get(&supported).await.rows().contains(&json!({"resource": "v2.0/salesOrderLines"})));
    assert_eq!(plain.get(&format!("{runtime}/companies({})/customers", plain.running.companies()[0].0)).await.status, 404);
    let routes = |rows: &[serde_json::Value]| rows.iter().map(|row| row["route"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(routes(plain.get(&format!("{}/apicategoryroutes", plain.running.base_url())).await.rows()), ["v2.0"]);

    let mut options = crate::support::options();
    options.extension = bca_sim::Extension::Loyalty;
    let company = start(options).await;
    let root = root(&company);
    let base = format!("{root}/companies({})", company.running.companies()[0].0);
    assert_eq!(routes(company.get(&format!("{}/apicategoryroutes", company.running.base_url())).await.rows()), ["v2.0", "contoso/loyalty/v1.0"]);
    let sets = company.get(&root).await;
    assert_eq!(sets.rows().iter().map(|set| set["name"].as_str().unwrap()).collect::<Vec<_>>(), ["loyaltyEntries", "loyaltyMembers"]);
    let xml = company.get(&format!("{root}/$metadata")).await;
    for part in ["<EntityType Name=\"loyaltyMember\">", "<Action Name=\"expirePoints\" IsBound=\"true\">", "Name=\"Gold\"", "<EntitySet Name=\"companies\""] {
        assert!(xml.body.as_str().unwrap().contains(part), "{part}");
    }
    assert!(!xml.body.as_str().unwrap().contains("salesOrder"));
    let standard = company.get(&format!("{}/$metadata", company.running.base_url())).await;
    assert!(standard.body.as_str().unwrap().contains("loyaltyTier") && !standard.body.as_str().unwrap().contains("loyaltyMember\""));
    assert_eq!(company.get(&format!("{root}/entityDefinitions")).await.rows().len(), 2);
    assert_eq!(company.get(&format!("{root}/companies")).await.rows().len(), 2);
    assert_eq!(company.get("loyaltyMembers").await.status, 404, "the standard API does not have it");
    assert_eq!(company.get(&format!("{base}/customers")).await.status, 404, "nor the custom one the standard's sets");

    let customer = company.first("customers?$filter=number eq '11000'").await;
    let changed = company.patch(&format!("customers({})", customer["id"].as_str().unwrap()), "*", json!({"loyaltyTier": "Gold", "loyaltyNumber": "c-1"})).await;
    assert_eq!((changed.text("loyaltyTier"), changed.text("loyaltyNumber")), ("Gold", "C-1"));
    assert_eq!(company.get("customers?$filter=loyaltyTier eq 'Gold'").await.rows().len(), 1);

    let member = company.post(&format!("{base}/loyaltyMembers"), json!({"customerNumber": "11000", "tier": "Bronze"})).await;
    assert_eq!((member.status, member.text("customerName")), (201, "Havnegata Kafé AS"), "{}", member.body);
    let path = format!("{base}/loyaltyMembers({})", member.text("id"));
    let entry = company.post(&format!("{path}/loyaltyEntries"), json!({"points": 50, "description": "Welcome"})).await;
    assert_eq!((entry.status, entry.text("memberNumber")), (201, member.text("number")), "{}", entry.body);
    assert_eq!(company.get(&format!("{path}?$expand=loyaltyEntries")).await.body["loyaltyEntries"][0]["points"], 50);
    assert_eq!(company.act(&format!("{path}/Microsoft.NAV.expirePoints")).await.status, 204);
    assert_eq!(company.get(&path).await.body["points"], 0);
    assert_eq!(company.act(&format!("{path}/Microsoft.NAV.expirePoints")).await.code(), "Application_DialogException");
    let batch = json!({"requests": [{"id": "1", "method": "GET", "url": format!("companies({})/loyaltyMembers", company.running.companies()[0].0)}]});
    assert_eq!(company.post(&format!("{root}/$batch"), batch).await.body["responses"][0]["body"]["value"].as_array().unwrap().len(), 3);
}
