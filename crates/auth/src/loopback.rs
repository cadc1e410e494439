//! The listener to which the browser comes back (RFC 8252, 7.3): on 127.0.0.1 and ::1, at one free port, for one answer.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{AuthError, callback::Slot};

/// The one address. Entra lets only the port of a loopback redirect vary.
const PATH: &str = "/";
/// How long a page may take to reach the browser after the sign-in is over.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long a browser may take to say what it wants.
const HEADERS: Duration = Duration::from_secs(5);
/// Callers at once; a browser needs two or three.
const CALLERS: usize = 64;
/// Ports that are tried until one is free on both addresses.
const TRIES: usize = 20;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// A listener that waits for one sign-in's answer and closes with it.
pub(crate) struct Loopback {
    port: u16,
    listeners: Vec<TcpListener>,
}

impl Loopback {
    /// Takes a free port on both loopback addresses; on the first alone where the machine has no IPv6.
    pub(crate) async fn bind() -> Result<Self, AuthError> {
        let refuse = |fault: &io::Error| AuthError::Listener(fault.to_string());
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES {
            let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|fault| refuse(&fault))?;
            let port = first.local_addr().map_err(|fault| refuse(&fault))?.port();
            match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
                Ok(second) => return Ok(Self { port, listeners: vec![first, second] }),
                // Somebody else would get what the browser sends to `localhost`.
                Err(fault) if fault.kind() == io::ErrorKind::AddrInUse => last = fault,
                Err(_no_ipv6) => return Ok(Self { port, listeners: vec![first] }),
            }
        }
        Err(refuse(&last))
    }

    /// The redirect address, as it is registered: `http://localhost` with a port.
    pub(crate) fn redirect(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Answers until `over` is cancelled. The listeners are closed at once then.
    pub(crate) fn serve(self, slot: Arc<Slot>, over: CancellationToken) {
        let callers = Arc::new(Semaphore::new(CALLERS));
        let host: Arc<str> = format!("localhost:{}", self.port).into();
        for listener in self.listeners {
            tokio::spawn(accept(listener, Arc::clone(&slot), Arc::clone(&host), Arc::clone(&callers), over.clone()));
        }
    }
}

async fn accept(listener: TcpListener, slot: Arc<Slot>, host: Arc<str>, callers: Arc<Semaphore>, over: CancellationToken) {
    loop {
        let admitted = async {
            let place = Arc::clone(&callers).acquire_owned().await.ok()?;
            listener.accept().await.ok().map(|(stream, _)| (place, stream))
        };
        let caller = tokio::select! {
            biased;
            () = over.cancelled() => return,
            caller = admitted => caller,
        };
        let Some((place, stream)) = caller else {
            // Out of files, or a caller that was gone before it was let in.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (slot, host, over) = (Arc::clone(&slot), Arc::clone(&host), over.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let response = answer(&request, &slot, &host);
                async move { Ok::<_, Infallible>(response) }
            });
            let connection =
                http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(HEADERS).keep_alive(false).serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ = connection => {}
                () = async { over.cancelled().await; tokio::time::sleep(LAST_WORDS).await } => {}
            }
            drop(place);
        });
    }
}

fn answer(request: &Request<Incoming>, slot: &Slot, host: &str) -> Response<Full<Bytes>> {
    let named = request.headers().get(header::HOST).and_then(|named| named.to_str().ok());
    // A page of a stranger can make a browser call this port, but not under this name.
    if named != Some(host) {
        return page(StatusCode::MISDIRECTED_REQUEST, "Nothing to see here", "This address is not known.");
    }
    if request.uri().path() != PATH {
        return page(StatusCode::NOT_FOUND, "Nothing to see here", "This address is not known.");
    }
    if request.method() != Method::GET {
        return page(StatusCode::METHOD_NOT_ALLOWED, "Nothing to see here", "This address is not known.");
    }
    match slot.offer(request.uri().query().unwrap_or_default()) {
        Ok(()) => page(StatusCode::OK, "Back to BC Agent", "The browser has done its part. You can close this page and go back to BC Agent."),
        Err(not_ours) => page(StatusCode::BAD_REQUEST, "Not this sign-in", &not_ours.to_string()),
    }
}

/// A page without anything that runs or loads. All words are ours.
fn page(status: StatusCode, title: &str, words: &str) -> Response<Full<Bytes>> {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><meta name=\"viewport\" content=\"width=device-width\">\
         <style>body{{font:18px/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;color-scheme:light dark}}</style>\
         <h1>{title}</h1><p>{words}</p></html>"
    );
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONNECTION, "close"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
