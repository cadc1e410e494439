//! The client of Business Central's API v2.0: typed questions, bounded reads, and writes that need a permit.
//!
//! Reads are tried again where that is safe. A write is sent once, after its intent is durable, and what is not certain about
//! its outcome is called unknown. Facts about the wire come from Microsoft's public documentation.

mod batch;
mod batch_write;
mod client;
mod companies;
mod dry_run;
mod environments;
mod error;
mod error_body;
mod expand;
mod filter;
mod learn;
mod limits;
mod media;
mod merge;
mod pace;
mod page;
mod path;
mod query;
mod read;
mod record;
mod reference;
mod since;
mod suggest;
mod wire;
mod write;

#[cfg(test)]
mod batch_company_tests;
#[cfg(test)]
mod challenge_tests;
#[cfg(test)]
mod company_tests;
#[cfg(test)]
mod extension_company_tests;
#[cfg(test)]
mod filter_meaning_tests;
#[cfg(test)]
mod script;

pub use batch::BatchRead;
pub use batch_write::Isolation;
pub use bca_catalogue::{ApiName, Language, decode_member, encode_member};
pub use client::{Access, Client};
pub use companies::{Company, companies};
pub use dry_run::{Certainty, Stands, Stayed, Trial};
pub use environments::{Environment, EnvironmentKind, environments};
pub use error::{BcError, NotSent, Together, WriteError};
pub use expand::Expand;
pub use filter::{Case, Comparison, Filter, Literal, Subject, TextTest, Truth};
pub use learn::LearnedApis;
pub use limits::Limits;
pub use media::{Downloaded, LARGEST_UPLOAD, MediaBody, MediaPath};
pub use page::Page;
pub use path::{EMPTY_DATE, EMPTY_ID, RecordId, RecordPath, SetPath, is_empty_value};
pub use query::{Count, Direction, OrderBy, Query};
pub use read::Freshness;
pub use record::Record;
pub use reference::{Earlier, EarlierResult, Reference, UnresolvedReference, references, resolve};
pub use since::Changes;
pub use write::WriteAnswer;

/// The port through which tokens come, defined beside the secrets.
pub use bca_auth::{FixedToken, TokenError, TokenSource};
