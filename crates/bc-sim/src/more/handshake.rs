//! The handshake of a webhook subscription: the notification URL must answer with the token that it is called with
//! (docs/business-central.md, section 11). The demo company calls loopback addresses only.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::error::{Answer, ApiError};

/// How long the receiver may take, for each step.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer read.
const LARGEST: u64 = 64 * 1024;

/// Where a notification URL leads.
struct Target {
    address: SocketAddr,
    host: String,
    /// Path and query, ready for another parameter.
    path: String,
}

/// Calls the URL with the token; an error when it does not prove that it wants the notifications.
pub(crate) fn prove(url: &str, token: &str) -> Answer<()> {
    let target = target(url)?;
    let refused = |why: String| ApiError::rule(format!("The notification URL could not be validated: {why}."));
    let answer = call(&target, token).map_err(|error| refused(error.kind().to_string()))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| refused("it did not answer in HTTP".to_owned()))?;
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if status != "200" {
        return Err(refused(format!("it answered with status {status}, and 200 was expected")));
    }
    if body.trim() != token {
        return Err(refused("its answer is not the validation token".to_owned()));
    }
    Ok(())
}

fn target(url: &str) -> Answer<Target> {
    let wrong = || ApiError::rule("The \"notificationUrl\" must be an http address of this machine: the demo company calls no other.");
    let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host.contains('@') || url.chars().any(|character| character.is_control() || character == ' ') {
        return Err(wrong());
    }
    let named = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) { host.to_owned() } else { format!("{host}:80") };
    let loopback = |address: &SocketAddr| match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback(),
    };
    let name = named.rsplit_once(':').map_or("", |(name, _)| name);
    if name != "localhost" && name.trim_matches(['[', ']']).parse::<IpAddr>().is_err() {
        return Err(wrong()); // no name is looked up but this machine's own
    }
    let address = named.to_socket_addrs().ok().and_then(|mut found| found.find(loopback)).ok_or_else(wrong)?;
    let path = path.split('#').next().unwrap_or_default();
    let joint = if path.contains('?') { '&' } else { '?' };
    Ok(Target { address, host: host.to_owned(), path: format!("/{path}{joint}") })
}

/// HTTP/1.0, so that the answer ends where the connection does.
fn call(target: &Target, token: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&target.address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!(
        "POST {}validationToken={token} HTTP/1.0\r\nHost: {}\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        target.path, target.host
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LARGEST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
