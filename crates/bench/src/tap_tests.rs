#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use super::Tap;

#[test]
fn what_is_asked_is_passed_on_and_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tap = Tap::before(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let mut client = TcpStream::connect(tap.url().strip_prefix("http://").unwrap()).unwrap();
    let asked = "POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\n{\"a\":1}GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
    client.write_all(asked.as_bytes()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut arrived = vec![0; asked.len()];
    server.read_exact(&mut arrived).unwrap();
    assert_eq!(arrived, asked.as_bytes());
    server.write_all(b"answer").unwrap();
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answer");
    assert_eq!(tap.take_requests().unwrap(), [serde_json::json!({"a": 1}), serde_json::json!({})]);
    assert!(tap.take_requests().unwrap().is_empty());
}
