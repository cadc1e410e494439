//! Answers that nobody asked for: no token comes of any of them, and the person's own still counts.

use bca_auth::AuthError;
use bca_demo::identity::Misbehaviour;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Shifted, http, provider, request, service, way_back};

async fn raw(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Whoever is refused may be cut off.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_thousand_forged_answers_bring_nothing_and_end_nothing() {
    let provider = provider().await;
    let service = service(&provider, Shifted::new());
    let pending = service.begin(request()).await.unwrap();
    let handle = pending.handle();
    let back = way_back(&handle).await;
    let (port, query) = (back.port().unwrap(), back.query().unwrap().to_owned());
    let state = back.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let client = http();
    let at = |query: &str| format!("http://localhost:{port}/?{query}");
    let mut sent = 0;
    for round in 0..84 {
        let nearly = format!("{}{}", &state[..state.len() - 1], if state.ends_with('A') { 'B' } else { 'A' });
        let forged = [
            at(&format!("code=forged-{round}&state=guess-{round}")),
            at(&format!("code=forged-{round}&state={nearly}")),
            at(&format!("code=forged-{round}&state={}", &state[..20])),
            at(&format!("code=forged-{round}")),
            at(&format!("error=access_denied&state=guess-{round}")),
            at("error=access_denied"),
            at(&format!("code=forged-{round}&state={state}&state={state}")),
            at(&format!("code=a&code=b&state={state}")),
            at(&format!("code=forged-{round}&error=access_denied&state={state}")),
            at(&format!("code=&state={state}")),
            at(&format!("code=forged-{round}&state={state}&iss=https://login.example")),
            format!("http://localhost:{port}/callback?{query}"),
        ];
        for forged in forged {
            let answer = client.get(&forged).send().await.unwrap();
            assert!(answer.status().is_client_error(), "{forged}: {}", answer.status());
            sent += 1;
        }
    }
    assert!(sent >= 1_000);
    // The true answer, but not by a GET, or under a name that a stranger's page could have.
    assert_eq!(client.post(at(&query)).send().await.unwrap().status(), 405);
    assert_eq!(client.head(at(&query)).send().await.unwrap().status(), 405);
    for host in ["evil.example", "127.0.0.1", &format!("evil.example:{port}"), &format!("127.0.0.1:{port}")] {
        let answer = raw(port, &format!("GET /?{query} HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{host}: {answer}");
    }
    assert!(raw(port, &format!("GET /?{query} HTTP/1.1\r\n\r\n")).await.starts_with("HTTP/1.1 4"));
    for noise in ["\0\0\0\0\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", &format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(70_000))] {
        raw(port, noise).await;
    }
    assert_eq!(provider.codes_redeemed(), 0);
    assert!(handle.is_waiting());

    let (finished, page) = tokio::join!(pending.finish(), async { client.get(back.clone()).send().await.unwrap() });
    assert_eq!(page.status(), 200);
    assert!(finished.is_ok());
    // Replayed: nobody is there any more.
    assert!(client.get(back).send().await.is_err());
    assert_eq!(provider.codes_redeemed(), 1);
    println!("reliability | 1 | forged and replayed answers of a browser: tokens | 0 of {sent}");
    provider.stop().await;
}

#[tokio::test]
async fn an_answer_to_one_sign_in_is_none_to_another() {
    let provider = provider().await;
    let service = service(&provider, Shifted::new());
    let (mine, other) = (service.begin(request()).await.unwrap(), service.begin(request()).await.unwrap());
    let theirs = way_back(&other.handle()).await;
    let crossed = format!("http://localhost:{}/?{}", way_back(&mine.handle()).await.port().unwrap(), theirs.query().unwrap());
    assert_eq!(http().get(crossed).send().await.unwrap().status(), 400);
    assert!(mine.handle().is_waiting() && other.handle().is_waiting());
    assert_eq!(provider.codes_redeemed(), 0);
    provider.stop().await;
}

#[tokio::test]
async fn a_service_that_loses_the_state_signs_nobody_in() {
    let provider = provider().await;
    for wrong in [Misbehaviour::WrongState, Misbehaviour::NoState] {
        provider.behave();
        provider.misbehave(wrong);
        let pending = service(&provider, Shifted::new()).begin(request()).await.unwrap();
        let handle = pending.handle();
        assert_eq!(http().get(way_back(&handle).await).send().await.unwrap().status(), 400);
        assert!(handle.is_waiting());
        handle.cancel();
        assert_eq!(pending.finish().await.err(), Some(AuthError::Cancelled));
    }
    assert_eq!(provider.codes_redeemed(), 0);
    provider.stop().await;
}
