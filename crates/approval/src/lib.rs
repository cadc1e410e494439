//! Who may write what: the policy (a pure function), the gate that asks a person, and the permits that it hands out.
//!
//! The one way to a [`WritePermit`] is [`ApprovalGate::authorise`]; the one use of a permit is the Business Central client's
//! write call, which takes it by value and compares it with the bytes that it is about to send.

mod gate;
mod permit;
mod policy;
mod ports;
mod request;

pub use gate::{ApprovalGate, Authorisation, ChangeSet, GateError, Limits, Waiting};
pub use permit::{PermitError, WritePermit};
pub use policy::{PolicyDecision, Rules, WriteQuestion, decide};
pub use ports::{ApprovalLog, IntentLog, LogError, Resolution, Settlement};
pub use request::{CanonicalRequest, Method, PlannedWrite, Target, set_digest};
