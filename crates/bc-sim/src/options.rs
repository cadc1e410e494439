//! What the demo company is started with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;

use crate::fault::Fault;

/// Where the company's data is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DataSource {
    /// Gone when the server stops.
    #[default]
    Memory,
    /// An SQLite file, made and seeded when it is not there. Several processes may serve the same file.
    File(PathBuf),
}

/// Which bearer tokens are let in.
#[derive(Clone)]
pub enum TokenCheck {
    /// This one.
    Exactly(String),
    /// Those that the function accepts.
    Any(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl TokenCheck {
    pub(crate) fn accepts(&self, token: &str) -> bool {
        match self {
            TokenCheck::Exactly(expected) => token == expected,
            TokenCheck::Any(check) => check(token),
        }
    }
}

impl fmt::Debug for TokenCheck {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            TokenCheck::Exactly(_) => "TokenCheck::Exactly",
            TokenCheck::Any(_) => "TokenCheck::Any",
        })
    }
}

/// Behaviour that Microsoft's pages leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// DELETE without If-Match is refused. The pages say that the header is required; default true.
    pub delete_requires_if_match: bool,
    /// A POST may bring its own `id`; default true. Otherwise the id in the body is ignored.
    pub honours_client_ids: bool,
    /// The status of a duplicate key: 400 (default) or 409.
    pub duplicate_status: u16,
    /// Nothing leaves the stock that is not there; default true. It is a setting of the company in Business Central.
    pub prevents_negative_stock: bool,
    /// What a batch does after an item that fails; default: it goes on.
    pub after_failure: AfterFailure,
    /// `Isolation: snapshot` on a batch makes one transaction of it; default true. Otherwise each operation is one by itself.
    pub honours_snapshots: bool,
    /// What a batch that is taken back does to number series; default: it gives the numbers back.
    pub taken_numbers: TakenNumbers,
}

impl Default for Switches {
    fn default() -> Self {
        Switches {
            delete_requires_if_match: true,
            honours_client_ids: true,
            duplicate_status: 400,
            prevents_negative_stock: true,
            after_failure: AfterFailure::GoesOn,
            honours_snapshots: true,
            taken_numbers: TakenNumbers::GivenBack,
        }
    }
}

/// What the environment has beside the standard API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extension {
    /// Nothing.
    #[default]
    None,
    /// A loyalty programme: the API `contoso/loyalty/v1.0` with two sets and an action, and three more fields on `customers`. A file
    /// that was made without it cannot be served with it, nor the other way round.
    Loyalty,
}

/// What a batch does after an item that fails. Microsoft does not say; reported from live calls is [`AfterFailure::Stops`]
/// (docs/business-central.md, section 6). `Prefer: odata.continue-on-error` (or `odata.continue-on-error=false`) decides where it is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AfterFailure {
    /// The later items are done all the same.
    #[default]
    GoesOn,
    /// The later items are not done and have no answer (OData JSON Format 4.01, section 19.5).
    Stops,
}

/// What becomes of numbers that a transaction took before it was taken back. In Business Central that is a setting of the series: those
/// that allow gaps are counted outside of transactions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TakenNumbers {
    /// The series stands where it stood.
    #[default]
    GivenBack,
    /// They are used up.
    UsedUp,
}

/// How to start the demo company.
#[derive(Debug, Clone)]
pub struct Options {
    pub data: DataSource,
    /// Ids and chance in the history come from it. Ignored when the file is seeded already.
    pub seed: u64,
    /// Multiplies the history: 1 is about 250 documents, 100 is about 25,000 (and takes a minute to seed).
    pub scale: u32,
    /// What "today" is in the books; `None` is today.
    pub work_date: Option<Date>,
    pub token: TokenCheck,
    pub faults: Vec<Fault>,
    pub switches: Switches,
    pub extension: Extension,
}

impl Options {
    /// In memory, seed 1, scale 1, today, no faults.
    pub fn new(token: impl Into<String>) -> Options {
        Options {
            data: DataSource::Memory,
            seed: 1,
            scale: 1,
            work_date: None,
            token: TokenCheck::Exactly(token.into()),
            faults: Vec::new(),
            switches: Switches::default(),
            extension: Extension::None,
        }
    }
}
