#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::{sync::Mutex, time::Duration};

use bca_auth::{FixedToken, Secret};
use bca_protocol::{ErrorCode, SystemClock, UserError};

use super::*;
use crate::{
    Filter, OrderBy,
    script::{COMPANY, ETAG, ID, Intents, Renewable, Reply, Script, limits, ok, refusal},
};

fn customers() -> Query {
    Query::of(SetPath::of("customers").unwrap())
}

fn rows(from: usize, to: usize, more: &str) -> String {
    let rows: Vec<String> = (from..to).map(|n| format!(r#"{{"@odata.etag":"W/\"{n}\"","id":"{ID}","number":"{n}","balanceDue":1.10}}"#)).collect();
    format!(r#"{{"@odata.context":"x"{more},"value":[{}]}}"#, rows.join(","))
}

async fn ask(script: &Script, query: &Query) -> Result<Page, BcError> {
    script.client().query(query, &CancellationToken::new()).await
}

#[tokio::test]
async fn a_query_goes_out_encoded_and_comes_back_as_records_with_versions() {
    let script = Script::new([ok(rows(1, 3, r#","@odata.count":2"#))]).await;
    let mut query = customers().filtered(Filter::parse("displayName eq 'O''Brien & Søn #1+2' and balanceDue gt 10.50").unwrap());
    query.select = vec!["number".into(), "balanceDue".into()];
    query.order_by = OrderBy::parse_list("balanceDue desc,number").unwrap();
    query.top = Some(3);
    query.count = Count::Wanted;
    let page = ask(&script, &query).await.unwrap();
    let seen = script.seen().remove(0);
    assert_eq!(
        seen.line,
        format!(
            "GET /v2.0/demo/api/v2.0/companies({COMPANY})/customers?$filter=displayName%20eq%20%27O%27%27Brien%20%26%20S%C3%B8n%20%231%2B2%27%20and%20balanceDue%20gt%2010.50&$select=number,balanceDue&$orderby=balanceDue%20desc,number&$top=3&$count=true HTTP/1.1"
        )
    );
    assert_eq!(seen.header("authorization"), Some("Bearer secret-token"));
    assert_eq!(seen.header("prefer"), Some("odata.maxpagesize=500"));
    assert_eq!(seen.header("data-access-intent"), Some("ReadOnly"));
    assert_eq!((page.count, page.truncated, page.rows.len()), (Some(2), false, 2));
    assert_eq!(page.rows[0].etag.as_deref(), Some("W/\"1\""));
    assert_eq!(page.rows[0].json.to_string(), format!(r#"{{"id":"{ID}","number":"1","balanceDue":1.10}}"#));
}

#[tokio::test]
async fn pages_are_followed_to_the_end_and_the_cap_is_told() {
    let more = |skip: u32| format!(r#","@odata.nextLink":"{{root}}/companies({COMPANY})/customers?$skiptoken={skip}&aid=FIRST""#);
    let script = Script::new([ok(rows(0, 2, &more(2))), ok(rows(2, 4, ""))]).await;
    let page = ask(&script, &customers()).await.unwrap();
    assert_eq!((page.rows.len(), page.truncated), (4, false));
    assert!(script.seen()[1].line.ends_with("customers?$skiptoken=2&aid=FIRST HTTP/1.1"));
    assert_eq!(script.seen()[1].header("prefer"), Some("odata.maxpagesize=500"));

    let script = Script::new([ok(rows(0, 3, &more(3))), ok(rows(3, 6, &more(6)))]).await;
    let page = ask(&script, &customers()).await.unwrap();
    assert_eq!((page.rows.len(), page.truncated), (5, true));

    let script = Script::new([ok(rows(0, 3, &more(3))), ok(rows(3, 5, ""))]).await;
    assert!(!ask(&script, &customers()).await.unwrap().truncated);

    let script = Script::new([ok(rows(0, 4, &more(4)))]).await;
    let page = ask(&script, &Query { top: Some(3), ..customers() }).await.unwrap();
    assert_eq!((page.rows.len(), page.truncated, script.seen().len()), (3, false, 1));
}

#[tokio::test]
async fn a_link_to_another_place_is_not_followed_and_the_token_stays() {
    let elsewhere = Script::new([ok(rows(0, 1, ""))]).await;
    let host = elsewhere.root.clone();
    for link in [
        host.as_str(),
        "http://evil.example/v2.0/demo/api/v2.0",
        "//evil.example/v2.0/demo/api/v2.0",
        "{root}/../../../other",
        "{root}@evil.example",
        "https://127.0.0.1/v2.0/demo/api/v2.0",
        "{root}-other",
    ] {
        let script = Script::new([ok(rows(0, 1, &format!(r#","@odata.nextLink":"{link}/companies({COMPANY})/customers""#)))]).await;
        let error = ask(&script, &customers()).await.unwrap_err();
        assert!(matches!(error, BcError::Unexpected { .. }), "{link}: {error}");
        assert_eq!(script.seen().len(), 1);
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn the_number_alone_needs_no_rows() {
    let script = Script::new([ok(rows(1, 2, r#","@odata.count":1234"#))]).await;
    let page = ask(&script, &Query { top: Some(0), count: Count::Wanted, ..customers() }).await.unwrap();
    assert_eq!((page.rows.len(), page.count, page.truncated), (0, Some(1234), false));
    assert!(script.seen()[0].line.contains("$top=1&$count=true"));
}

#[tokio::test]
async fn a_link_that_goes_in_a_circle_ends() {
    let link = format!(r#","@odata.nextLink":"{{root}}/companies({COMPANY})/customers""#);
    let script = Script::new([ok(rows(0, 0, &link))]).await;
    assert!(ask(&script, &customers()).await.unwrap_err().to_string().contains("points to itself"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Script::new([ok(rows(0, 1, ""))]).await;
    let location: &'static str = format!("Location: {}/customers\r\n", elsewhere.root).leak();
    let script = Script::new([Reply::Answer(307, location, String::new())]).await;
    assert!(matches!(ask(&script, &customers()).await, Err(BcError::Unexpected { status: 307, .. })));
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn reads_survive_a_storm_and_honour_retry_after() {
    let storm = [
        Reply::Answer(429, "Retry-After: 0\r\n", String::new()),
        refusal(503, "Internal_TenantUnavailable"),
        Reply::Drop,
        Reply::Truncate(200),
        ok(rows(0, 1, "")),
    ];
    let script = Script::new(storm).await;
    assert_eq!(ask(&script, &customers()).await.unwrap().rows.len(), 1);
    assert_eq!(script.seen().len(), 5);

    let script = Script::new([Reply::Answer(429, "", String::new())]).await;
    assert_eq!(ask(&script, &customers()).await, Err(BcError::Throttled { retry_after: None, correlation_id: None }));
    assert_eq!(script.seen().len(), 5);

    let past = Reply::Answer(503, "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", String::new());
    let script = Script::new([past, ok(rows(0, 1, ""))]).await;
    assert_eq!(ask(&script, &customers()).await.unwrap().rows.len(), 1);
    let far = Reply::Answer(503, "Retry-After: Wed, 21 Oct 2137 07:28:00 GMT\r\n", String::new());
    let script = Script::new([far]).await;
    assert!(matches!(ask(&script, &customers()).await, Err(BcError::Throttled { retry_after: Some(_), .. })));

    let script = Script::new([Reply::Answer(429, "Retry-After: 3600\r\n", String::new())]).await;
    assert_eq!(ask(&script, &customers()).await, Err(BcError::Throttled { retry_after: Some(Duration::from_secs(3600)), correlation_id: None }));
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let tokens = Arc::new(Renewable(Mutex::new(0)));
    let script = Script::new([refusal(401, "Authentication_InvalidCredentials"), ok(rows(0, 1, ""))]).await;
    let client = script.client_with(Arc::clone(&tokens) as Arc<dyn TokenSource>, Arc::new(Intents::default()));
    client.query(&customers(), &CancellationToken::new()).await.unwrap();
    assert_eq!(script.seen()[1].header("authorization"), Some("Bearer new"));

    let script = Script::new([Reply::Answer(401, "", String::new())]).await;
    let client = script.client_with(Arc::clone(&tokens) as Arc<dyn TokenSource>, Arc::new(Intents::default()));
    let error = client.query(&customers(), &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, BcError::NotSignedIn { .. }));
    assert_eq!((script.seen().len(), *tokens.0.lock().unwrap()), (2, 2));
}

#[tokio::test]
async fn each_bad_answer_has_its_error_and_a_plain_sentence() {
    let html = "<!DOCTYPE html><html><body>Sign in to the proxy</body></html>";
    let cases: Vec<(Reply, ErrorCode, &str)> = vec![
        (refusal(403, "Authorization_RequestDenied"), ErrorCode::Forbidden, "A rule says no."),
        (refusal(404, "BadRequest_ResourceNotFound"), ErrorCode::NotFound, "A rule says no."),
        (refusal(400, "Application_FilterErrorException"), ErrorCode::BusinessCentralRefused, "Business Central refused: A rule says no."),
        // Not Business Central's own word, so no proof that a record is gone.
        (Reply::Answer(404, "Content-Type: text/html\r\n", html.into()), ErrorCode::BusinessCentralUnavailable, "does not know the address"),
        (Reply::Answer(500, "", String::new()), ErrorCode::BusinessCentralUnavailable, "it is empty"),
        (Reply::Answer(500, "Content-Type: text/html\r\n", html.into()), ErrorCode::BusinessCentralUnavailable, "web page"),
        (Reply::Answer(200, "Content-Type: text/html\r\n", html.into()), ErrorCode::BusinessCentralUnavailable, "web page"),
        (ok(""), ErrorCode::BusinessCentralUnavailable, "it is empty"),
        (ok("[1,2]"), ErrorCode::BusinessCentralUnavailable, "no list"),
        (ok(r#"{"value":[1]}"#), ErrorCode::BusinessCentralUnavailable, "no record"),
        (ok(r#"{"value":[{"id":1,"id":2}]}"#), ErrorCode::BusinessCentralUnavailable, "twice"),
        (ok(format!("{}{}", "[".repeat(40_000), "]".repeat(40_000))), ErrorCode::BusinessCentralUnavailable, ""),
        (ok("x".repeat(200_000)), ErrorCode::InvalidInput, "larger than"),
        (Reply::Hang, ErrorCode::BusinessCentralUnavailable, "did not answer within"),
    ];
    for (reply, code, part) in cases {
        let script = Script::new([reply]).await;
        let error = UserError::from(&ask(&script, &customers()).await.unwrap_err());
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(part) && !error.message.contains("CorrelationId"), "{error}");
        assert!(!error.message.contains("127.0.0.1") || error.message.contains("could not be reached"), "{error}");
    }
}

#[tokio::test]
async fn nobody_there_is_said_plainly() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target {
        root: format!("http://{}/api/v2.0", listener.local_addr().unwrap()),
        tenant: String::new(),
        environment: String::new(),
        company_id: COMPANY.into(),
        account: String::new(),
    };
    drop(listener);
    let access = Access { target, bearer: Arc::new(FixedToken::new(Secret::new("t".into()))) };
    let client = Client::new(access, Arc::new(Intents::default()), Arc::new(SystemClock::new()), limits()).unwrap();
    let error = client.query(&customers(), &CancellationToken::new()).await.unwrap_err();
    let told = UserError::from(&error);
    assert!(told.retryable && told.message.contains("nothing answers there") && told.message.contains("Nothing was changed."), "{told}");
}

#[tokio::test]
async fn cancelling_closes_at_once() {
    let script = Script::new([Reply::Hang]).await;
    let (client, cancel) = (script.client(), CancellationToken::new());
    let query = customers();
    let (answer, ()) = tokio::join!(client.query(&query, &cancel), async {
        script.arrival().await;
        cancel.cancel();
    });
    assert_eq!(answer, Err(BcError::Cancelled));
}

#[tokio::test]
async fn one_record_is_read_from_the_primary_with_its_version() {
    let body = format!(
        r#"{{"@odata.context":"x","@odata.etag":"{}","id":"{ID}","picture@odata.mediaReadLink":"y","lines":[{{"@odata.etag":"z","n":1}}]}}"#,
        ETAG.replace('"', "\\\"")
    );
    let script = Script::new([ok(body)]).await;
    let path = RecordPath::of("salesOrders", ID).unwrap();
    let expand = [Expand { select: vec!["quantity".into()], ..Expand::all("salesOrderLines") }, Expand::all("customer")];
    let record = script.client().get(&path, &["number".into()], &expand, &CancellationToken::new()).await.unwrap();
    assert_eq!(record.etag.as_deref(), Some(ETAG));
    assert_eq!(record.json.to_string(), format!(r#"{{"id":"{ID}","lines":[{{"n":1}}]}}"#));
    let seen = script.seen().remove(0);
    assert_eq!(seen.header("data-access-intent"), Some("ReadWrite"));
    assert!(seen.line.contains(&format!("/salesOrders({ID})?$select=number&$expand=salesOrderLines($select=quantity),customer ")), "{}", seen.line);
}

#[tokio::test]
async fn an_or_over_two_properties_is_two_reads_and_one_answer() {
    let row = |id: u32, name: &str, due: &str| format!(r#"{{"id":"{id:08}-44e3-ea11-bb43-000d3a2feca1","displayName":"{name}","balanceDue":{due}}}"#);
    let body = |rows: &[String]| ok(format!(r#"{{"value":[{}]}}"#, rows.join(",")));
    // Both reads get both lists' worth: whichever comes first, rows 1 and 2 are in one and 2 and 3 in the other.
    let script = Script::new([body(&[row(1, "beta", "9.00"), row(2, "Alpha", "10")]), body(&[row(2, "Alpha", "10"), row(3, "gamma", "100.5")])]).await;
    let mut query = customers().filtered(Filter::parse("city eq 'Oslo' or balanceDue gt 9").unwrap());
    query.order_by = OrderBy::parse_list("balanceDue desc").unwrap();
    query.select = vec!["displayName".into()];
    query.count = Count::Wanted;
    query.top = Some(2);
    let page = ask(&script, &query).await.unwrap();
    let names: Vec<String> = page.rows.iter().map(|row| row.json.to_string()).collect();
    assert_eq!(names, [r#"{"displayName":"gamma"}"#, r#"{"displayName":"Alpha"}"#]);
    assert_eq!((page.count, page.truncated), (Some(3), false));
    let mut lines: Vec<String> = script.seen().into_iter().map(|seen| seen.line).collect();
    lines.sort();
    assert!(lines[0].contains("$filter=balanceDue%20gt%209&$select=displayName,id,balanceDue"), "{lines:?}");
    assert!(lines[1].contains("$filter=city%20eq%20%27Oslo%27&"), "{lines:?}");
}

#[tokio::test]
async fn nothing_that_is_off_leaves_the_house() {
    let script = Script::new([ok(rows(0, 1, ""))]).await;
    let set = |name: &str| Query::of(SetPath::of(name).unwrap());
    let mut bad_order = customers();
    bad_order.order_by = OrderBy::parse_list("balanse").unwrap();
    let mut bad_expand = customers();
    bad_expand.expand = vec![Expand::all("salesOrderLines")];
    let cases = [
        (set("customerz"), "Did you mean customers?"),
        (set("salesInvoice"), "Did you mean salesInvoices?"),
        (bad_order, "has no property balanse"),
        (bad_expand, "has no related records salesOrderLines"),
        (set("salesOrderLines"), "for one record of salesOrders"),
        (customers().filtered(Filter::parse("displyName eq 'x'").unwrap()), "Did you mean displayName?"),
    ];
    for (query, part) in cases {
        let error = ask(&script, &query).await.unwrap_err();
        assert!(matches!(&error, BcError::BadQuery(sentence) if sentence.contains(part)), "{error}");
    }
    assert!(script.seen().is_empty());
}

#[test]
fn only_safe_addresses_make_a_client() {
    let new = |root: &str, company: &str| {
        let target = Target { root: root.into(), tenant: String::new(), environment: String::new(), company_id: company.into(), account: String::new() };
        let access = Access { target, bearer: Arc::new(FixedToken::new(Secret::new("t".into()))) };
        Client::new(access, Arc::new(Intents::default()), Arc::new(SystemClock::new()), limits()).map(drop)
    };
    for root in [
        "https://api.businesscentral.dynamics.com/v2.0/t/production/api/v2.0",
        "http://localhost:7048/BC/api/v2.0/",
        "http://[::1]:1/api/v2.0",
        "http://127.9.9.9/api/v2.0",
    ] {
        assert_eq!(new(root, COMPANY), Ok(()), "{root}");
    }
    for root in [
        "",
        "x",
        "http://example.com/api/v2.0",
        "http://127.0.0.1.example.com/api/v2.0",
        "ftp://localhost/api/v2.0",
        "https://u:p@h/api/v2.0",
        "https://h/api/v2.0?x=1",
        "https://h/v2.0/t/production",
    ] {
        assert!(matches!(new(root, COMPANY), Err(BcError::BadConnection(_))), "{root}");
    }
    assert!(matches!(new("https://h/api/v2.0", "x)/../"), Err(BcError::BadConnection(_))));
}

#[tokio::test]
async fn companies_are_listed_for_the_form() {
    let body = format!(r#"{{"value":[{{"id":"{COMPANY}","name":"CRONUS","displayName":""}},{{"id":"{ID}","name":"B","displayName":"My Company"}}]}}"#);
    let script = Script::new([ok(body)]).await;
    let bearer = Arc::new(FixedToken::new(Secret::new("t".into())));
    let found = crate::companies(&script.root, bearer, Arc::new(SystemClock::new()), limits(), &CancellationToken::new()).await.unwrap();
    let names: Vec<&str> = found.iter().map(|company| company.display_name.as_str()).collect();
    assert_eq!(names, ["CRONUS", "My Company"]);
    assert_eq!(script.seen()[0].line, "GET /v2.0/demo/api/v2.0/companies HTTP/1.1");
}

#[tokio::test]
async fn a_stream_gives_page_after_page_without_a_cap() {
    let more = format!(r#","@odata.nextLink":"{{root}}/companies({COMPANY})/customers?$skiptoken=4""#);
    let script = Script::new([ok(rows(0, 4, &more)), ok(rows(4, 8, ""))]).await;
    let pages: Vec<Vec<Record>> = script.client().pages(&customers(), &CancellationToken::new()).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4]);
}
