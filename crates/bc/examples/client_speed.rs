//! What the client costs: the processor time of reading pages over HTTP, the memory of a figure over a million rows, the catalogue's load
//! and search. Each line says what it is to be; nothing here fails for being slow.
//!
//! `cargo xtask bench --only client`, or `cargo run --profile bench-fast -p bca-bc --example client_speed`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bca_approval::{IntentLog, LogError, NotSending, Settlement, Target};
use bca_auth::{FixedToken, Secret};
use bca_bc::{Access, Client, Limits, Page, Query, SetPath};
use bca_catalogue::Catalogue;
use bca_protocol::{ChangeId, SystemClock};
use futures::TryStreamExt;
use jiff::Timestamp;
use rust_decimal::Decimal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_util::sync::CancellationToken;

const COMPANY: &str = "11111111-2222-3333-4444-555555555555";

fn main() {
    let began = Instant::now();
    let catalogue = Catalogue::load().unwrap();
    let load = began.elapsed();
    println!("catalogue of {} sets loaded: {:.1} ms (goal: under 20 ms)", catalogue.entities().count(), load.as_secs_f64() * 1e3);
    searches(&catalogue);

    let customers = page(500, customer);
    let began = cpu();
    const ROUNDS: usize = 200;
    for _ in 0..ROUNDS {
        assert_eq!(Page::parse(&customers).unwrap().rows.len(), 500);
    }
    rate("reading pages of 500 customers, without HTTP", customers.len() * ROUNDS, cpu() - began);

    let (bytes, took) = over_http(customers, 200, |page, _| assert_eq!(page, 500));
    rate("reading pages of 500 customers over HTTP, client's thread", bytes, took);

    let mut sum = Decimal::ZERO;
    let before = peak_kib();
    let (bytes, took) = over_http(page(5_000, entry), 200, |rows, total| {
        assert_eq!(rows, 5_000);
        sum += total;
    });
    rate("a sum over 1,000,000 rows in pages of 5,000, client's thread", bytes, took);
    println!("  peak memory of the process: {} MiB (before the sum {} MiB; goal: under 100 MiB); the sum is {sum}", peak_kib() / 1024, before / 1024);
}

/// Everyday questions, of those that the catalogue's own test asks.
const WORDS: [&str; 8] = [
    "unpaid bills",
    "what do we have to pay this week",
    "customers",
    "stock below reorder point",
    "credit note",
    "top five customers by sales this year",
    "suppliers in Denmark",
    "zzzz",
];

fn searches(catalogue: &Catalogue) {
    const ROUNDS: usize = 200;
    let mut took: Vec<Duration> = (0..ROUNDS * WORDS.len())
        .map(|n| {
            let began = Instant::now();
            std::hint::black_box(catalogue.search(WORDS[n % WORDS.len()], 5));
            began.elapsed()
        })
        .collect();
    took.sort();
    let at = |part: usize| took[(took.len() - 1) * part / 100].as_secs_f64() * 1e3;
    println!("catalogue search: {:.2} ms median, {:.2} ms 95th percentile (goal: under 1 ms)", at(50), at(95));
}

fn rate(what: &str, bytes: usize, took: Duration) {
    println!(
        "{what}: {:.0} MB/s (goal: 100 MB/s; {} MB in {:.2} s of processor time)",
        bytes as f64 / 1e6 / took.as_secs_f64(),
        bytes / 1_000_000,
        took.as_secs_f64()
    );
}

/// Processor time of this thread.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// The most memory that the process ever had resident, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or_default()
}

fn page(rows: usize, row: fn(usize) -> String) -> String {
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!(r#"{{"@odata.context":"https://x/$metadata#companies(1)/x","value":[{}]}}"#, rows.join(","))
}

/// A row with every property that customers have.
fn customer(n: usize) -> String {
    let entity = Catalogue::embedded().find("customers").unwrap();
    let members: Vec<String> = entity
        .properties
        .iter()
        .map(|p| {
            let value = match p.edm_type.as_str() {
                "Edm.Decimal" => format!("{n}.25"),
                "Edm.Int32" => n.to_string(),
                "Edm.Boolean" => "false".to_owned(),
                "Edm.Guid" => format!("\"5d115c9c-44e3-ea11-bb43-{n:012x}\""),
                "Edm.DateTimeOffset" => "\"2026-03-01T10:00:00.12Z\"".to_owned(),
                _ => format!("\"{} of customer {n}\"", p.caption),
            };
            format!("\"{}\":{value}", p.name)
        })
        .collect();
    format!(r#"{{"@odata.etag":"W/\"JzIwOzEyMzQ1Njc4OTAxMjM0NTY3ODkwMTswMDsn\"",{}}}"#, members.join(","))
}

fn entry(n: usize) -> String {
    format!(
        r#"{{"@odata.etag":"W/\"JzIwOzEyMzQ1Njc4OTAxMjM0NTY3ODkwMTswMDsn\"","id":"5d115c9c-44e3-ea11-bb43-{n:012x}","accountNumber":"{}","debitAmount":{n}.25}}"#,
        n % 97
    )
}

/// Reads so many pages of these bytes from a server on another thread; the bytes read, and this thread's time for it.
fn over_http(body: String, pages: usize, mut each: impl FnMut(usize, Decimal)) -> (usize, Duration) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let root = format!("http://{}/api/v2.0", listener.local_addr().unwrap());
    let (length, link) = (body.len(), format!("{root}/companies({COMPANY})/generalLedgerEntries?$skiptoken="));
    std::thread::spawn(move || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(serve(listener, body, link, pages)));
    let target = Target { root, tenant: String::new(), environment: String::new(), company_id: COMPANY.into(), account: String::new() };
    let access = Access { target, bearer: Arc::new(FixedToken::new(Secret::new("t".into()))) };
    let limits = Limits { per_minute: usize::MAX, ..Limits::default() };
    let client = Client::new(access, Arc::new(Nothing), Arc::new(SystemClock::new()), limits).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let began = cpu();
    runtime.block_on(async {
        let mut stream = std::pin::pin!(client.pages(&Query::of(SetPath::of("generalLedgerEntries").unwrap()), &CancellationToken::new()));
        while let Some(rows) = stream.try_next().await.unwrap() {
            let amount = |row: &bca_bc::Record| row.json.get("debitAmount").and_then(|v| v.display()).and_then(|v| v.parse::<Decimal>().ok());
            each(rows.len(), rows.iter().filter_map(amount).sum());
        }
    });
    (length * pages, cpu() - began)
}

async fn serve(listener: std::net::TcpListener, body: String, link: String, pages: usize) {
    let (mut stream, _) = TcpListener::from_std(listener).unwrap().accept().await.unwrap();
    let start = body.strip_suffix('}').unwrap();
    let mut head = vec![0; 64 * 1024];
    for page in 1..=pages {
        let mut filled = 0;
        while !head[..filled].windows(4).any(|part| part == b"\r\n\r\n") {
            match stream.read(&mut head[filled..]).await.unwrap() {
                0 => return,
                n => filled += n,
            }
        }
        let end = if page == pages { "}".to_owned() } else { format!(r#","@odata.nextLink":"{link}{page}"}}"#) };
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", start.len() + end.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        stream.write_all(end.as_bytes()).await.unwrap();
    }
}

/// Nothing is written here.
struct Nothing;

#[async_trait]
impl IntentLog for Nothing {
    async fn sending(&self, _change_id: ChangeId, _at: Timestamp) -> Result<(), NotSending> {
        Err(LogError("nothing is written here".into()).into())
    }

    async fn settled(&self, _change_id: ChangeId, _settlement: &Settlement) -> Result<(), LogError> {
        Ok(())
    }

    async fn not_sent(&self, _change_id: ChangeId, _why: &str, _at: Timestamp) -> Result<(), LogError> {
        Ok(())
    }
}
