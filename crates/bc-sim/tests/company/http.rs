//! The HTTP layer: methods, headers, bodies that are none, connections that stay, and many writers at once.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Company, Reply, TOKEN, company};

/// Whether the client says that nothing more comes.
#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Shut,
    Open,
}

/// Sends bytes on a connection of their own and reads until the server closes it.
async fn raw(company: &Company, request: &[u8], ending: Ending) -> String {
    let address = company.running.base_url()[7..].split('/').next().unwrap().to_owned();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    if ending == Ending::Shut {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn path(company: &Company, rest: &str) -> String {
    let base = company.base.splitn(4, '/').nth(3).unwrap();
    format!("/{base}/{rest}")
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let company = company().await;
    let head = company.request(Method::HEAD, "customers?$top=1").send().await.unwrap();
    let get = company.request(Method::GET, "customers?$top=1").send().await.unwrap();
    assert_eq!((head.status(), head.headers()["content-type"].clone()), (get.status(), get.headers()["content-type"].clone()));
    assert_eq!(head.headers()["odata-version"], "4.0");
    assert!(head.bytes().await.unwrap().is_empty());
    let row = company.first("customers").await;
    let head = company.request(Method::HEAD, &format!("customers({})", row["id"].as_str().unwrap())).send().await.unwrap();
    assert_eq!(head.headers()["etag"], row["@odata.etag"].as_str().unwrap());
    assert_eq!(company.request(Method::HEAD, "nothing").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn methods_that_are_not_known_are_refused() {
    let company = company().await;
    for method in ["PUT", "OPTIONS", "TRACE", "MERGE", "PROPFIND", "get"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let reply = Reply::of(company.request(method.clone(), "customers").send().await.unwrap()).await;
        assert_eq!((reply.status, reply.code()), (405, "BadRequest_MethodNotAllowed"), "{method}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_as_such() {
    let company = company().await;
    let before = company.get("customers/$count").await.body;
    let bodies: [&[u8]; 12] = [
        b"\xff\xfe{\"displayName\":\"x\"}",
        b"{\"displayName\":\"\xc3\x28\"}",
        b"{\"displayName\":\"x\"",
        b"{\"displayName\":\"x\"} trailing",
        b"{\"displayName\":\"\\ud800\"}",
        b"{'displayName':'x'}",
        b"{\"displayName\":NaN}",
        b"{displayName:1}",
        b"\0",
        b"\"text\"",
        b"[{\"displayName\":\"x\"}]",
        b"{\"displayName\":\"x\",}",
    ];
    for body in bodies {
        let request = company.request(Method::POST, "customers").header("content-type", "application/json").body(body.to_vec());
        let reply = Reply::of(request.send().await.unwrap()).await;
        assert_eq!((reply.status, reply.code()), (400, "BadRequest"), "{}", String::from_utf8_lossy(body));
    }
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/octet-stream"] {
        let reply =
            Reply::of(company.request(Method::POST, "customers").header("content-type", kind).body("{\"displayName\":\"x\"}").send().await.unwrap()).await;
        assert_eq!(reply.status, 415, "{kind}");
    }
    assert_eq!(company.get("customers/$count").await.body, before);
    let accepted = company
        .request(Method::POST, "customers")
        .header("content-type", "application/json;odata.metadata=minimal; charset=utf-8")
        .body("{\"displayName\":\"x\"}");
    assert_eq!(accepted.send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn bytes_that_are_no_http_end_their_connection_only() {
    let company = company().await;
    let deep = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a/".repeat(40_000));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: 1\r\n".repeat(2_000));
    for request in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        deep.as_bytes(),
        many.as_bytes(),
    ] {
        let answer = raw(&company, request, Ending::Shut).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer:.60}");
    }
    let short = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{{\"displayName\":",
        path(&company, "customers")
    );
    raw(&company, short.as_bytes(), Ending::Shut).await;
    assert_eq!(company.get("customers/$count").await.body, 12, "half a body makes nothing");
}

#[tokio::test]
async fn a_connection_serves_many_requests_also_after_refusals() {
    let company = company().await;
    let line = |method: &str, rest: &str, body: &str, last: &str| {
        format!(
            "{method} {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: {last}\r\n\r\n{body}",
            path(&company, rest),
            body.len()
        )
    };
    let pipelined = [
        line("GET", "customers/$count", "", "keep-alive"),
        line("POST", "customers", "{broken", "keep-alive"),
        line("GET", "nothing", "", "keep-alive"),
        line("DELETE", "customers", "", "keep-alive"),
        line("GET", "items?$top=1", "", "close"),
    ];
    let answer = raw(&company, pipelined.concat().as_bytes(), Ending::Open).await;
    let statuses: Vec<&str> = answer.match_indices("HTTP/1.1 ").map(|(at, _)| &answer[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "400", "404", "405", "200"], "{answer}");
}

#[tokio::test]
async fn refusals_speak_the_language_of_the_request() {
    let company = company().await;
    let row = company.first("customers").await;
    let path = format!("customers({})", row["id"].as_str().unwrap());
    for (language, start) in
        [("da-DK", "En anden bruger"), ("de", "Ein anderer Benutzer"), ("nb-NO,nb;q=0.9,en;q=0.5", "En annen bruker"), ("fr", "Another user")]
    {
        let request = company.request(Method::PATCH, &path).header("if-match", "W/\"b2xk\"").header("accept-language", language);
        let reply = Reply::of(request.json(&json!({"city": "Voss"})).send().await.unwrap()).await;
        assert_eq!((reply.status, reply.code()), (409, "Request_EntityChanged"));
        assert!(reply.message().starts_with(start), "{}", reply.message());
    }
}

#[tokio::test]
async fn many_writers_with_etags_lose_no_update() {
    let company = company().await;
    let mut paths = Vec::new();
    for row in company.get("customers?$top=4").await.rows() {
        paths.push(format!("customers({})", row["id"].as_str().unwrap()));
        company.patch(paths.last().unwrap(), "*", json!({"addressLine2": "0"})).await;
    }
    const WRITERS: usize = 10;
    const EACH: usize = 50;
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let (client, base, path) = (company.client.clone(), company.base.clone(), paths[writer % paths.len()].clone());
        writers.push(tokio::spawn(async move {
            let url = format!("{base}/{path}");
            let mut conflicts = 0;
            for _ in 0..EACH {
                loop {
                    let row: Value = client.get(&url).bearer_auth(TOKEN).send().await.unwrap().json().await.unwrap();
                    let next = row["addressLine2"].as_str().unwrap().parse::<u64>().unwrap() + 1;
                    let change = client.patch(&url).bearer_auth(TOKEN).header("if-match", row["@odata.etag"].as_str().unwrap());
                    let status = change.json(&json!({"addressLine2": next.to_string()})).send().await.unwrap().status().as_u16();
                    match status {
                        200 => break,
                        409 => conflicts += 1,
                        other => panic!("{other}"),
                    }
                }
            }
            conflicts
        }));
    }
    let mut conflicts = 0;
    for writer in writers {
        conflicts += writer.await.unwrap();
    }
    let mut sum = 0;
    for path in &paths {
        sum += company.get(path).await.text("addressLine2").parse::<usize>().unwrap();
    }
    assert_eq!(sum, WRITERS * EACH, "with {conflicts} conflicts");
}

#[tokio::test]
async fn numbers_and_ids_of_concurrent_creates_are_all_different() {
    let company = company().await;
    let creates: Vec<_> =
        (0..40).map(|_| tokio::spawn(company.request(Method::POST, "salesOrders").json(&json!({"customerNumber": "10000"})).send())).collect();
    let (mut numbers, mut tags) = (BTreeSet::new(), BTreeSet::new());
    for create in creates {
        let reply = Reply::of(create.await.unwrap().unwrap()).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        numbers.insert(reply.text("number").to_owned());
        tags.insert(reply.text("@odata.etag").to_owned());
    }
    assert_eq!((numbers.len(), tags.len()), (40, 40));
}
