//! A listener on the line between the engine and a model: passes bytes on unchanged and keeps what was asked.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;

use crate::outcome::{Outcome, fault};

/// What clients sent, one buffer for each connection.
type Lines = Arc<Mutex<Vec<Vec<u8>>>>;

/// Stands in front of a server.
pub struct Tap {
    url: String,
    lines: Lines,
}

impl Tap {
    /// Listens on a free port and connects each client to `url`, which is plain http with a port.
    pub fn before(url: &str) -> Outcome<Self> {
        let Some(server) = url.strip_prefix("http://").map(|address| address.trim_end_matches('/').to_owned()) else {
            return fault(format!("{url} is not plain http"));
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let own = format!("http://{}", listener.local_addr()?);
        let lines = Lines::default();
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let (server, kept) = (server.clone(), Arc::clone(&kept));
                // A connection that breaks off is told by the two that talk over it.
                std::thread::spawn(move || drop(connect(client, &server, &kept)));
            }
        });
        Ok(Self { url: own, lines })
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The JSON of the requests so far; forgotten here. Called while no request is under way.
    pub fn take_requests(&self) -> Outcome<Vec<Value>> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bodies = Vec::new();
        for line in lines.iter_mut() {
            bodies.extend(requests(&std::mem::take(line))?);
        }
        Ok(bodies)
    }
}

fn connect(mut client: TcpStream, server: &str, lines: &Lines) -> io::Result<()> {
    let mut upstream = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    upstream.set_nodelay(true)?;
    let (mut from, mut to) = (upstream.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        // Either side may have gone; then there is nobody to tell.
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let line = {
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(Vec::new());
        lines.len() - 1
    };
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = client.read(&mut piece)?;
        if read == 0 {
            return upstream.shutdown(Shutdown::Write);
        }
        lines.lock().unwrap_or_else(PoisonError::into_inner)[line].extend_from_slice(&piece[..read]);
        upstream.write_all(&piece[..read])?;
    }
}

/// The bodies of HTTP/1.1 requests that follow each other.
fn requests(mut bytes: &[u8]) -> Outcome<Vec<Value>> {
    let mut bodies = Vec::new();
    while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).and_then(|length| length.trim().parse::<usize>().ok());
        let body_end = end + 4 + length.unwrap_or(0);
        let Some(body) = bytes.get(end + 4..body_end) else { return fault("a request was cut off") };
        if !body.is_empty() {
            bodies.push(serde_json::from_slice(body)?);
        }
        bytes = &bytes[body_end..];
    }
    Ok(bodies)
}

#[cfg(test)]
#[path = "tap_tests.rs"]
mod tests;
