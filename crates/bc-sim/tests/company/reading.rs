//! Queries: filter, select, expand, order, paging, counts, paths.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::support::{Company, Reply, TOKEN, company};

async fn refused(company: &Company, path: &str, status: u16, code: &str) -> String {
    let reply = company.get(path).await;
    assert_eq!((reply.status, reply.code()), (status, code), "{path}: {}", reply.body);
    let message = reply.message().to_owned();
    let (text, correlation) = message.split_once("  CorrelationId:  ").unwrap_or_else(|| panic!("no CorrelationId: {message}"));
    assert!(correlation.len() == 37 && correlation.ends_with('.'), "{correlation}");
    text.to_owned()
}

fn numbers(reply: &Reply) -> Vec<&str> {
    reply.rows().iter().map(|row| row["number"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn filters_do_what_is_documented() {
    let company = company().await;
    for (filter, expected) in [
        ("number eq '10000'", vec!["10000"]),
        ("number eq '10000' or number eq '11000'", vec!["10000", "11000"]),
        ("(number gt '19000') and (country eq 'SE')", vec!["20000"]),
        ("startswith(displayName,'Fjord')", vec!["10000"]),
        ("endswith(displayName,'ApS')", vec!["21000"]),
        ("contains(displayName,'kontor')", vec![]),
        ("tolower(displayName) eq 'fjordlys as'", vec!["10000"]),
        ("toupper(city) eq 'ÖSTERSUND'", vec!["20000"]),
        ("blocked eq 'All'", vec!["19000"]),
        ("blocked ne '_x0020_'", vec!["19000"]),
        ("blocked ne ' '", vec!["19000"]),
        ("country eq 'se'", vec!["20000"]),
        ("substring(city,0,4) eq 'Trom'", vec!["14000"]),
        ("salesInvoices/any(d: d/number eq 'x') and number eq '12000'", vec!["12000"]),
        ("'12000' eq number", vec!["12000"]),
    ] {
        let reply = company.get(&format!("customers?$filter={filter}")).await;
        assert_eq!(reply.status, 200, "{filter}: {}", reply.body);
        assert_eq!(numbers(&reply), expected, "{filter}");
    }
    let newer = company.get("customers?$schemaversion=2.1&$filter=number in ('10000','12000') and contains(tolower(displayName),'fjord')").await;
    assert_eq!(numbers(&newer), ["10000"]);
}

#[tokio::test]
async fn filters_that_are_not_supported_are_refused_as_documented() {
    let company = company().await;
    let text = refused(&company, "customers?$filter=number eq '1' or displayName eq 'x'", 501, "BadRequest_MethodNotImplemented").await;
    assert!(text.contains("OR operator is not supported on distinct fields"), "{text}");
    let text = refused(&company, "customers?$filter=colour eq 'red'", 400, "BadRequest").await;
    assert_eq!(text, "Could not find a property named 'colour' on type 'Microsoft.NAV.customer'.");
    refused(&company, "customers?$filter=number in ('10000')", 501, "BadRequest_MethodNotImplemented").await;
    refused(&company, "customers?$filter=contains(tolower(displayName),'x')", 501, "BadRequest_MethodNotImplemented").await;
    refused(&company, "customers?$filter=not (number eq '1')", 501, "BadRequest_MethodNotImplemented").await;
    refused(&company, "customers?$filter=length(city) gt 3", 501, "BadRequest_MethodNotImplemented").await;
    refused(&company, "customers?$filter=number eq 10000", 400, "BadRequest").await;
    refused(&company, "customers?$filter=creditLimit gt 'much'", 400, "BadRequest").await;
    refused(&company, "customers?$filter=number eq '123456789012345678901'", 400, "Application_FilterErrorException").await;
    refused(&company, "customers?$filter=blocked eq 'Sometimes'", 400, "Unknown").await;
    refused(&company, "customers?$orderby=colour", 400, "BadRequest").await;
    refused(&company, "customers?$top=-1", 400, "BadRequest").await;
    refused(&company, "customers?$search=x", 501, "BadRequest_MethodNotImplemented").await;
    refused(&company, "customerSales?$orderby=name", 501, "BadRequest_MethodNotImplemented").await;
    refused(&company, "salesOrderLines", 400, "Application_DialogException").await;
    refused(&company, "colours", 404, "BadRequest_ResourceNotFound").await;
    refused(&company, "customers('10000')", 404, "BadRequest_NotFound").await;
}

#[tokio::test]
async fn malformed_queries_are_never_a_server_error() {
    let company = company().await;
    let deep = format!("{}number eq '1'{}", "(".repeat(5000), ")".repeat(5000));
    let wide = vec!["number eq '1'"; 2000].join(" or ");
    for filter in [
        "",
        "(",
        ")",
        "eq",
        "number",
        "number eq",
        "number eq '",
        "'",
        "and and",
        "contains(",
        "contains(number,)",
        "number eq null",
        "tolower(tolower(number)) eq 'x'",
        "x/any(",
        "substring(city,-1) eq 'x'",
        "number eq '%00'",
        "\u{0} eq 1",
        "creditLimit gt 99999999999999999999999999999999999999",
        "creditLimit gt 1e400",
        "postingDate gt 2026-99-99",
        &deep,
        &wide,
    ] {
        let reply = Reply::of(
            company.request(reqwest::Method::GET, &format!("customers?$filter={}", utf8_percent_encode(filter, NON_ALPHANUMERIC))).send().await.unwrap(),
        )
        .await;
        assert!(reply.status < 500 || reply.status == 501, "{filter:.80}: {} {}", reply.status, reply.body);
    }
    for path in [
        "customers?$expand=x(",
        "customers?$expand=currency(",
        "customers?$expand=currency)",
        "customers?$select=,",
        "customers?$skiptoken=%FF",
        "customers?$skiptoken=W10",
        "customers(",
        "customers()",
        "customers?$orderby=,",
        "a/b/c/d/e/f/g/h/i/j/k/l/m/n",
        "customers?$filter=%FF",
    ] {
        let reply = company.get(path).await;
        assert!((400..500).contains(&reply.status) || reply.status == 200, "{path}: {} {}", reply.status, reply.body);
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    let company = company().await;
    for order in ["", "&$orderby=totalAmountIncludingTax desc", "&$orderby=customerName,dueDate desc", "&$filter=status eq 'Paid'"] {
        let whole: Vec<Value> = company.all(&format!("salesInvoices?$select=number{order}")).await;
        let mut paged = Vec::new();
        let mut next = Some(format!("salesInvoices?$select=number{order}"));
        while let Some(url) = next {
            let request = company.request(reqwest::Method::GET, &url).header("prefer", "odata.maxpagesize=7");
            let reply = Reply::of(request.send().await.unwrap()).await;
            assert!(reply.rows().len() <= 7);
            paged.extend(reply.rows().clone());
            next = reply.body["@odata.nextLink"].as_str().map(str::to_owned);
            assert!(next.as_deref().is_none_or(|link| link.starts_with(&company.base) && link.contains("$skiptoken=")));
        }
        assert_eq!(paged, whole, "{order}");
    }
}

#[tokio::test]
async fn top_skip_and_count() {
    let company = company().await;
    let reply = company.get("customers?$top=3&$skip=2&$count=true&$orderby=number desc").await;
    assert_eq!(numbers(&reply), ["19000", "18000", "17000"]);
    assert_eq!(reply.body["@odata.count"], 12);
    assert!(reply.body.get("@odata.nextLink").is_none());
    let limited = company.request(reqwest::Method::GET, "customers?$top=5").header("prefer", "odata.maxpagesize=2").send().await.unwrap();
    let limited = Reply::of(limited).await;
    assert_eq!(numbers(&limited), ["10000", "11000"]);
    let rest = company.all(limited.body["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!(rest.len(), 3);
    assert_eq!(company.get("customers/$count").await.body, 12);
    let too_large = company.request(reqwest::Method::GET, "customers").header("prefer", "odata.maxpagesize=20001").send().await.unwrap();
    assert_eq!(too_large.status(), 413);
}

#[tokio::test]
async fn expansions_nest_and_take_options() {
    let company = company().await;
    let reply = company
        .get("salesOrders?$top=1&$select=number&$expand=customer($select=number,displayName;$expand=paymentTerm($select=code)),salesOrderLines($select=quantity;$filter=quantity gt 0;$orderby=sequence;$expand=item($select=number))")
        .await;
    let order = &reply.rows()[0];
    assert!(order["customer"]["paymentTerm"]["code"].is_string(), "{order}");
    assert!(order["salesOrderLines"][0]["item"]["number"].is_string(), "{order}");
    assert!(order["salesOrderLines"][0].get("description").is_none());
    let context = reply.body["@odata.context"].as_str().unwrap();
    assert!(context.starts_with(&company.running.base_url()) && context.ends_with("/salesOrders(number)"), "{context}");
}

#[tokio::test]
async fn navigation_paths_lead_to_related_records() {
    let company = company().await;
    let customer = company.first("customers").await;
    let path = format!("customers({})", customer["id"].as_str().unwrap());
    assert_eq!(company.get(&format!("{path}/paymentTerm")).await.body["code"], "14 DAYS");
    assert_eq!(company.get(&format!("{path}/currency")).await.status, 204);
    assert_eq!(company.get(&format!("{path}/customerFinancialDetail")).await.body["number"], "10000");
    assert_eq!(company.get(&format!("{path}/displayName")).await.body["value"], "Fjordlys AS");
    let invoice = company.first("salesInvoices?$filter=status eq 'Paid'").await;
    let lines = format!("salesInvoices({})/salesInvoiceLines", invoice["id"].as_str().unwrap());
    let line = company.first(&lines).await;
    assert_eq!(company.get(&format!("{lines}({})", line["id"].as_str().unwrap())).await.status, 200);
    assert_eq!(company.get(&format!("salesInvoiceLines?$filter=documentId eq {}", invoice["id"].as_str().unwrap())).await.status, 200);
    assert_eq!(company.get("fixedAssets").await.rows().len(), 9);
}

#[tokio::test]
async fn the_company_may_be_named_in_path_query_or_header() {
    let company = company().await;
    let (id, name) = company.running.companies()[0].clone();
    let root = company.running.base_url();
    let root = root.as_str();
    let host = root.split("/v2.0").next().unwrap();
    for url in [
        format!("{root}/customers?company={id}"),
        format!("{root}/customers?company={name}"),
        format!("{root}/companies(name='{name}')/customers"),
        format!("{host}/api/v2.0/companies({id})/customers"),
        format!("{host}/v2.0/contoso.example/Sandbox/api/v2.0/companies({id})/customers"),
    ] {
        let reply = company.get(&url).await;
        assert_eq!(reply.rows().len(), 12, "{url}");
        let api = url.split("/api/v2.0").next().unwrap();
        assert!(reply.body["@odata.context"].as_str().unwrap().starts_with(&format!("{api}/api/v2.0/$metadata#")), "{}", reply.body);
    }
    let by_header = company.client.get(format!("{root}/customers")).bearer_auth(TOKEN).header("company", &name).send().await.unwrap();
    assert_eq!(by_header.status(), 200);
    let none = company.get(&format!("{root}/customers")).await;
    assert_eq!((none.status, none.code()), (404, "Internal_CompanyNotFound"));
    assert_eq!(company.get(&format!("{root}/companies")).await.rows().len(), 2);
    assert_eq!(company.get(&format!("{root}/companies({id})")).await.body["name"], name);
    let unknown = company.get(&format!("{root}/companies(00000000-0000-0000-0000-000000000009)/customers")).await;
    assert_eq!((unknown.status, unknown.code()), (404, "Internal_CompanyNotFound"));
}

#[tokio::test]
async fn metadata_and_service_document_name_every_set() {
    let company = company().await;
    let root = company.running.base_url();
    let metadata = company.get(&format!("{root}/$metadata")).await;
    let xml = metadata.body.as_str().unwrap();
    for part in ["Namespace=\"Microsoft.NAV\"", "<EntityType Name=\"salesOrder\">", "<Action Name=\"shipAndInvoice\"", "<EntitySet Name=\"itemLedgerEntries\""]
    {
        assert!(xml.contains(part), "{part}");
    }
    let sets = company.get(&root).await;
    assert_eq!(sets.rows().len(), 90);
    for set in sets.rows() {
        let name = set["name"].as_str().unwrap();
        let reply = company.get(&format!("{name}?$top=1")).await;
        assert!(reply.status == 200 || reply.code() == "Application_DialogException", "{name}: {}", reply.body);
    }
    assert_eq!(company.client.get(format!("{root}/companies")).send().await.unwrap().status(), 401);
}
