//! What may stand after `demo serve`.

use std::path::PathBuf;

use bca_app::demo::Extension;
use clap::{Args, ValueEnum};

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
    /// Behaviour that Microsoft's pages leave open, NAME=VALUE: delete-requires-if-match, honours-client-ids, prevents-negative-stock (true, false),
    /// duplicate-status (400, 409), after-failure (goes-on, stops), honours-snapshots (true, false), taken-numbers (given-back, used-up).
    #[arg(long = "switch", value_name = "SPEC")]
    pub switches: Vec<String>,
    /// What a partner added to the environment.
    #[arg(long, value_name = "NAME", value_enum, default_value = "none")]
    pub extension: ExtensionName,
}

/// `--extension`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ExtensionName {
    /// Nothing.
    None,
    /// The API contoso/loyalty/v1.0, and more fields on customers.
    Loyalty,
}

impl From<ExtensionName> for Extension {
    fn from(name: ExtensionName) -> Self {
        match name {
            ExtensionName::None => Self::None,
            ExtensionName::Loyalty => Self::Loyalty,
        }
    }
}
