//! Who may write what: the policy (a pure function), the gate that asks a person, and the permits that it hands out.
//!
//! The one way to a [`WritePermit`] is [`ApprovalGate::authorise`]; the one use of a permit is the Business Central client's
//! write call, which takes it by value and compares it with the bytes that it is about to send.

mod contents;
mod dry_run;
mod gate;
mod organisation;
mod permissions;
mod permit;
mod policy;
mod ports;
mod request;
mod ruling;

pub use contents::{Amount, Contents};
pub use dry_run::{DryRunPermit, Rehearsal, Rehearsed};
pub use gate::{ApprovalGate, Authorisation, ChangeSet, GateError, Limits, TYPED_ABOVE, Waiting, typed_confirmation};
pub use organisation::{Organisation, Policy};
pub use permissions::{Rulebook, tidy, tool_of};
pub use permit::{PermitError, PermittedWrite, WritePermit};
pub use policy::{ALLOW_AT_MOST, ALLOW_USUALLY, PROTECTED_FIELDS, PolicyDecision, Quota, Rules, Used, WriteQuestion, decide, least, may_go_unasked};
pub use ports::{ApprovalLog, IntentLog, LogError, NotAsked, NotSending, OwnIdLog, OwnIds, Resolution, Settlement, Standing};
pub use request::{CanonicalRequest, Method, PlannedWrite, Target, set_digest};
pub use ruling::still_allowed;
