//! What may stand after `demo serve`.

use std::path::PathBuf;

use clap::Args;

/// `demo serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Port of the demo company (0: any).
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub bc_port: u16,
    /// Port of the demo model (0: any).
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub model_port: u16,
    /// Port of the demo identity provider (0: any).
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub identity_port: u16,
    /// Write the same line to this file once all answer.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Seed of the company's data.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How many times the usual amount of data.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub scale: u32,
    /// A fault, SET:METHOD:N:FAULT (the Nth such request; * for any): drop-before-commit, drop-after-commit, 429, 503, 504, slow=MS, stale-etag, 401.
    #[arg(long = "fault", value_name = "SPEC")]
    pub faults: Vec<String>,
}
