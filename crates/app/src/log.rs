//! Logs: JSON lines in the home's `logs/`, one file a day, 14 kept. A run's id and a call's id stand on every line within them.

use std::path::Path;

use bca_protocol::{ErrorCode, UserError};
use tracing_appender::{
    non_blocking::{NonBlockingBuilder, WorkerGuard},
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::Targets,
    layer::{Filter, SubscriberExt},
    util::SubscriberInitExt,
};

/// Files kept.
const KEPT: usize = 14;
/// Lines that wait for the disk; more are dropped. Their places are made at the start, so a hundred thousand cost megabytes.
const WAITING_LINES: usize = 4096;

/// Starts logging for this process. The guard writes what is buffered when it is dropped. `filter` is `BC_AGENT_LOG`'s syntax.
///
/// # Errors
/// A directory that can't be written, or a filter that can't be read.
pub fn start(home: &Path, filter: &str) -> Result<WorkerGuard, UserError> {
    let fault = |what: &dyn std::fmt::Display| UserError::new(ErrorCode::Configuration, format!("The log can't be written: {what}."));
    let filter = read_filter(filter)?;
    let directory = home.join("logs");
    std::fs::create_dir_all(&directory).map_err(|e| fault(&e))?;
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("bc-agent")
        .filename_suffix("jsonl")
        .max_log_files(KEPT)
        .build(directory)
        .map_err(|e| fault(&e))?;
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(WAITING_LINES).finish(file);
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(true).with_span_list(true).with_writer(writer).with_filter(filter);
    // A second start in one process (tests, a switch of homes) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(lines).try_init();
    Ok(guard)
}

/// Levels by target are read without the regular expressions that the rest of the syntax needs: those take longer to make than all
/// lines of a short run.
fn read_filter(filter: &str) -> Result<Box<dyn Filter<Registry> + Send + Sync>, UserError> {
    if let Ok(targets) = filter.parse::<Targets>() {
        return Ok(Box::new(targets));
    }
    let filter = EnvFilter::try_new(filter)
        .map_err(|e| UserError::new(ErrorCode::Configuration, format!("BC_AGENT_LOG is wrong: {e}. Use for example `info` or `bca_app=debug`.")))?;
    Ok(Box::new(filter))
}
