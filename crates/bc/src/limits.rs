use std::time::Duration;

/// Bounds of the client (SECURITY: "Limits to start from").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way at the same time; the service itself works on five per user.
    pub at_once: usize,
    /// Requests begun in any 60 seconds; the service allows 6,000 in five minutes to a user.
    pub per_minute: usize,
    /// Rows in one page (`Prefer: odata.maxpagesize`).
    pub page_rows: usize,
    /// Rows of one query altogether; what lies beyond is reported as truncated.
    pub max_rows: usize,
    /// Operations in one `$batch`; the service takes 100.
    pub batch_operations: usize,
    /// Bytes of one answer.
    pub max_body_bytes: usize,
    /// How long one attempt of a read may take.
    pub read_timeout: Duration,
    /// How long a write may take before its outcome counts as unknown.
    pub write_timeout: Duration,
    /// How long trying a set out may take, and again looking at what it left: a person waits for the question.
    pub dry_run_timeout: Duration,
    /// How long a write that has left is still waited for after a person pressed stop.
    pub write_grace: Duration,
    /// Further attempts of a read. Writes have none.
    pub read_retries: u32,
    /// Pause before the second attempt; doubled for each further one, with jitter.
    pub first_pause: Duration,
    /// The longest pause, whatever the server asks for; if it asks for more, the read fails at once.
    pub longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_once: 4,
            per_minute: 900,
            page_rows: 500,
            max_rows: 10_000,
            batch_operations: 20,
            max_body_bytes: 32 * 1024 * 1024,
            read_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(120),
            dry_run_timeout: Duration::from_secs(12),
            write_grace: Duration::from_secs(15),
            read_retries: 4,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}
