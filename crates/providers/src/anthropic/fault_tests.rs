#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bca_agent::ModelProvider;
use bca_auth::Secret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    BaseUrl,
    anthropic::{Anthropic, AnthropicOptions, testing::*},
    http_client,
};

/// A port on which nobody listens.
async fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn fails(url: &str, key: Option<&str>, http: reqwest::Client) -> ModelError {
    let options = AnthropicOptions { base_url: BaseUrl::parse(url).unwrap(), key: key.map(|key| Secret::new(key.to_owned())), http, limits: limits() };
    let error = Anthropic::new(options).stream(&hello(), &CancellationToken::new()).await.err().unwrap();
    assert!(!format!("{error:?}").contains(KEY));
    error
}

#[tokio::test]
async fn no_connection_has_its_sentence() {
    let url = format!("http://127.0.0.1:{}", nobody().await);
    let error = fails(&url, Some(KEY), http_client("test", &BaseUrl::parse(&url).unwrap()).unwrap()).await;
    assert_eq!((error.code, error.retryable), (ErrorCode::ModelUnavailable, true));
    assert_eq!(error.message, format!("No connection to {}: is the network down? Nothing was lost.", url.trim_start_matches("http://")));
}

#[tokio::test]
async fn a_proxy_that_refuses_has_its_sentence() {
    let proxy = serve(vec![
        Script::Bytes(http("407 Proxy Authentication Required", "", "")),
        Script::Bytes(http("403 Forbidden", "", "")),
        Script::Bytes(http("502 Bad Gateway", "", "")),
    ])
    .await;
    let through = |address: &str| reqwest::Client::builder().proxy(reqwest::Proxy::all(address).unwrap()).build().unwrap();
    let error = fails("https://model.invalid", Some(KEY), through(&proxy.url)).await;
    assert_eq!(error.code, ErrorCode::ModelUnavailable);
    assert!(error.message.contains("proxy did not let the connection to model.invalid through"), "{error:?}");
    let (head, _) = proxy.requests.lock().unwrap()[0].clone();
    assert!(head.starts_with("CONNECT model.invalid:443") && !head.contains(KEY));
}

#[tokio::test]
async fn what_speaks_no_tls_has_its_sentence() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            let _ = socket.read(&mut [0; 1024]).await;
        }
    });
    let error = fails(&url, Some(KEY), http_client("test", &BaseUrl::parse(&url).unwrap()).unwrap()).await;
    assert!(error.message.contains("No secure connection") && !error.retryable, "{error:?}");
}

#[tokio::test]
async fn a_key_is_needed_except_on_this_computer() {
    for key in [None, Some(""), Some("  \n")] {
        let error = fails("https://model.invalid", key, reqwest::Client::new()).await;
        assert_eq!(error.code, ErrorCode::ModelNotConfigured);
        assert_eq!(error.message, "There is no key for model.invalid. Set one in the settings or in ANTHROPIC_API_KEY.");
    }
    let error = fails("https://model.invalid", Some("two\nlines"), reqwest::Client::new()).await;
    assert_eq!((error.code, error.message.contains("two")), (ErrorCode::ModelNotConfigured, false));

    let server = serve(vec![refusal("404 Not Found", "", "not_found_error", "x")]).await;
    let local = http_client("test", &BaseUrl::parse(&server.url).unwrap()).unwrap();
    assert_eq!(fails(&server.url, None, local).await.code, ErrorCode::ModelNotFound);
    assert!(!server.requests.lock().unwrap()[0].0.contains("x-api-key"));
}

#[tokio::test]
async fn a_key_that_comes_back_is_cut_out_wherever_it_stands() {
    for fill in [0, WORDS - 5, DETAIL - 5, 60_000] {
        let words = format!("{}{KEY}", "x".repeat(fill));
        for answer in [refusal("400 Bad Request", "", "invalid_request_error", &words), Script::Bytes(http("400 Bad Request", "", &words))] {
            let server = serve(vec![answer]).await;
            let error = provider(&server.url, limits()).stream(&hello(), &CancellationToken::new()).await.err().unwrap();
            assert!(!format!("{error:?}").contains("sk-can"), "{fill}: {error:?}");
            assert!(error.message.chars().count() < 500 && error.detail.chars().count() <= DETAIL + 1);
        }
    }
    let words = "line one\nline two\u{1b}[31m";
    let server = serve(vec![refusal("400 Bad Request", "", "invalid_request_error", words)]).await;
    let error = provider(&server.url, limits()).stream(&hello(), &CancellationToken::new()).await.err().unwrap();
    assert!(!error.message.chars().any(char::is_control), "{error:?}");
}

#[test]
fn debug_shows_no_key() {
    assert!(!format!("{:?}", provider("http://127.0.0.1:1", limits())).contains(KEY));
}
