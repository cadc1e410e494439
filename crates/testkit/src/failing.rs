//! A server at Business Central's place that knows its companies and has one answer to everything else.

use axum::{
    Router,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;

/// The name of its company.
pub const FAILING_COMPANY: &str = "Failing Ltd";

const COMPANIES: &str = r#"{"value":[{"id":"0b2cbf3a-8a0e-4c58-9a04-6d6f0a4fd0f1","name":"Failing Ltd","displayName":"Failing Ltd"}]}"#;

/// Starts it; its API root.
pub async fn serve_failing(status: u16, headers: &'static [(&'static str, &'static str)], body: &'static str) -> String {
    let answer = move |uri: Uri| async move {
        if uri.path().ends_with("/companies") {
            return ([(header::CONTENT_TYPE, "application/json")], COMPANIES).into_response();
        }
        let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(body.into()).unwrap()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v2.0/api/v2.0", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    url
}
