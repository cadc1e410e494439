//! Faults on demand, tokens, shared files.

use std::time::{Duration, Instant};

use bca_sim::{DataSource, Fault, FaultKind, Options};
use serde_json::json;

use crate::support::{Company, TOKEN, company, options, start};

async fn send(company: &Company, code: &str) -> Result<u16, reqwest::Error> {
    let request = company.request(reqwest::Method::POST, "paymentTerms").json(&json!({"code": code}));
    request.send().await.map(|response| response.status().as_u16())
}

async fn exists(company: &Company, code: &str) -> bool {
    !company.get(&format!("paymentTerms?$filter=code eq '{code}'")).await.rows().is_empty()
}

#[test]
fn the_grammar_of_faults() {
    let fault: Fault = "customers:post:2:slow=250".parse().unwrap();
    assert_eq!(
        fault,
        Fault { set: Some("customers".to_owned()), method: Some("POST".to_owned()), nth: Some(2), kind: FaultKind::Slow(Duration::from_millis(250)) }
    );
    assert_eq!("*:*:*:503".parse::<Fault>().unwrap(), Fault { set: None, method: None, nth: None, kind: FaultKind::Unavailable });
    for wrong in ["", "customers", "customers:POST:0:503", "customers:POST:x:503", "customers:POST:1:boom", "a:b:1:slow=", ":POST:1:503", "a:b:1:503:x"] {
        assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn drops_before_and_after_the_commit() {
    let company = company().await;
    company.running.add_fault("paymentTerms:POST:1:drop-before-commit".parse().unwrap());
    company.running.add_fault("paymentTerms:POST:2:drop-after-commit".parse().unwrap());
    assert!(send(&company, "ONE").await.is_err());
    assert!(!exists(&company, "ONE").await);
    assert!(send(&company, "TWO").await.is_err());
    assert!(exists(&company, "TWO").await);
    assert_eq!(send(&company, "THREE").await.unwrap(), 201);
    let log = company.running.requests();
    let statuses: Vec<Option<u16>> = log.iter().filter(|row| row.method == "POST").map(|row| row.status).collect();
    assert_eq!(statuses, [None, None, Some(201)]);
    assert_eq!(log[0].body, "{\"code\":\"ONE\"}");
}

#[tokio::test]
async fn refusals_and_delays() {
    let mut options = options();
    options.faults = ["customers:GET:1:429", "customers:GET:2:503", "customers:GET:3:504", "customers:GET:4:401", "customers:GET:5:slow=120"]
        .map(|fault| fault.parse().unwrap())
        .to_vec();
    let company = start(options).await;
    for (status, code, wait) in [
        (429, "Application_TooManyRequests", true),
        (503, "Internal_TenantUnavailable", true),
        (504, "Unknown", false),
        (401, "Authentication_InvalidCredentials", false),
    ] {
        let reply = company.get("customers").await;
        assert_eq!((reply.status, reply.code(), reply.retry_after.is_some()), (status, code, wait));
    }
    let started = Instant::now();
    assert_eq!(company.get("customers").await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(120));
    assert_eq!(company.get("customers").await.status, 200);
}

#[tokio::test]
async fn a_stale_etag_is_a_change_by_somebody_else() {
    let company = company().await;
    let row = company.first("customers").await;
    let path = format!("customers({})", row["id"].as_str().unwrap());
    company.running.add_fault("customers:PATCH:1:stale-etag".parse().unwrap());
    let tag = row["@odata.etag"].as_str().unwrap();
    let stale = company.patch(&path, tag, json!({"city": "Oslo"})).await;
    assert_eq!((stale.status, stale.code()), (409, "Request_EntityChanged"));
    let read = company.get(&path).await;
    assert_eq!(company.patch(&path, read.etag.as_deref().unwrap(), json!({"city": "Oslo"})).await.status, 200);
}

#[tokio::test]
async fn faults_reach_into_batches() {
    let company = company().await;
    company.running.add_fault("paymentTerms:POST:2:503".parse().unwrap());
    company.running.add_fault("paymentTerms:POST:4:drop-before-commit".parse().unwrap());
    let url = format!("{}/$batch", company.running.base_url());
    let items = |codes: [&str; 3]| {
        let requests: Vec<_> = codes
            .iter()
            .map(|code| json!({"id": code, "method": "POST", "url": "paymentTerms", "headers": {"company": "Nordby Handel AS"}, "body": {"code": code}}))
            .collect();
        json!({"requests": requests})
    };
    let reply = company.post(&url, items(["X1", "X2", "X3"])).await;
    let statuses: Vec<_> = reply.body["responses"].as_array().unwrap().iter().map(|row| row["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 503, 201]);
    let dropped = company.request(reqwest::Method::POST, &url).header("isolation", "snapshot").json(&items(["Y1", "Y2", "Y3"])).send().await;
    assert!(dropped.is_err());
    assert!(!exists(&company, "Y1").await);
}

#[tokio::test]
async fn only_the_token_opens_the_door() {
    let company = company().await;
    let url = format!("{}/customers", company.base);
    for request in [company.client.get(&url), company.client.get(&url).bearer_auth("other"), company.client.get(&url).basic_auth("a", Some(TOKEN))] {
        let reply = crate::support::Reply::of(request.send().await.unwrap()).await;
        assert_eq!((reply.status, reply.code()), (401, "Authentication_InvalidCredentials"));
    }
    let open = start(Options { token: bca_sim::TokenCheck::Any(std::sync::Arc::new(|token| token.starts_with("demo"))), ..options() }).await;
    assert_eq!(open.get("customers").await.status, 200);
}

#[tokio::test]
async fn two_servers_share_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = || Options { data: DataSource::File(folder.path().join("company.db")), ..options() };
    let (one, other) = tokio::join!(start(file()), start(file()));
    assert_eq!(one.running.companies(), other.running.companies());
    let writes: Vec<_> = (0..40).map(|index| (index % 2 == 0, format!("S{index}"))).collect();
    let sent = writes.iter().map(|(first, code)| send(if *first { &one } else { &other }, code));
    let statuses = futures_join(sent.collect()).await;
    assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
    assert_eq!(other.get("paymentTerms/$count?$filter=startswith(code,'S')").await.body, 40);
    one.running.stop().await;
    assert_eq!(other.get("customers/$count").await.body, 12);
    other.running.stop().await;
    let again = start(file()).await;
    assert_eq!(again.get("paymentTerms/$count?$filter=startswith(code,'S')").await.body, 40);
}

/// Runs requests at once.
async fn futures_join<F: Future<Output = Result<u16, reqwest::Error>>>(requests: Vec<F>) -> Vec<u16> {
    let mut pending: Vec<_> = requests.into_iter().map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        pending.retain_mut(|request| match request.as_mut().poll(context) {
            std::task::Poll::Ready(status) => {
                done.push(status.unwrap());
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_servers_may_start_on_one_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.db");
    let starts: Vec<_> = (0..6).map(|_| tokio::spawn(start(Options { data: DataSource::File(path.clone()), ..options() }))).collect();
    let mut companies = Vec::new();
    for started in starts {
        companies.push(started.await.unwrap());
    }
    for company in &companies {
        assert_eq!(company.running.companies(), companies[0].running.companies());
        assert_eq!(company.get("salesInvoices/$count").await.body, 154);
    }
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_company_of_another_version_is_kept_and_a_new_one_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.db");
    let file = || Options { data: DataSource::File(path.clone()), ..options() };
    let old = start(file()).await;
    assert_eq!(send(&old, "OLD").await.unwrap(), 201);
    assert_eq!(old.running.set_aside(), None);
    old.running.stop().await;
    let books = rusqlite::Connection::open(&path).unwrap();
    books.execute("UPDATE _meta SET value = 'of yesterday' WHERE name = 'layout'", []).unwrap();
    drop(books);

    let starts: Vec<_> = (0..4).map(|_| tokio::spawn(start(file()))).collect();
    let mut kept = Vec::new();
    for started in starts {
        let company = started.await.unwrap();
        assert_eq!(company.get("salesInvoices/$count").await.body, 154);
        assert_eq!(company.get("paymentTerms/$count?$filter=code eq 'OLD'").await.body, 0);
        kept.extend(company.running.set_aside().map(std::path::Path::to_owned));
    }
    assert_eq!(kept, [folder.path().join("company.db.old1")], "one of them moved it, once");
    let books = rusqlite::Connection::open(&kept[0]).unwrap();
    let of_old: i64 = books.query_row("SELECT count(*) FROM paymentTerms WHERE code = 'OLD'", [], |row| row.get(0)).unwrap();
    assert_eq!(of_old, 1, "nothing of it is lost");
}

#[tokio::test]
async fn a_file_that_is_no_company_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.db");
    std::fs::write(&path, "this is no database, and it is long enough to be looked at as one").unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = bca_sim::serve(listener, Options { data: DataSource::File(path), ..options() }).await;
    assert!(refused.unwrap_err().to_string().starts_with("the demo company's database: "));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_ids() {
    let (one, other) = (company().await, company().await);
    let path = "salesInvoices?$select=id,number,totalAmountIncludingTax";
    let ids = |rows: Vec<serde_json::Value>| rows.into_iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(one.all(path).await), ids(other.all(path).await));
    let third = start(Options { seed: 2, ..options() }).await;
    assert_ne!(one.running.companies(), third.running.companies());
}
