use bca_protocol::{CallId, ChangeId, Digest};

use crate::{CanonicalRequest, PlannedWrite};

/// Leave to send one write, once. Made only by the gate after an approval, bound to the tool call and to the request's
/// SHA-256; consumed by use. It can't be copied, stored or built elsewhere.
#[must_use = "an unused permit is a write that was approved and not made"]
pub struct WritePermit {
    change_id: ChangeId,
    call_id: CallId,
    digest: Digest,
}

/// A write exactly as it was approved, with the leave to send it.
pub struct PermittedWrite {
    /// The write, edits included.
    pub planned: PlannedWrite,
    /// Leave to send it.
    pub permit: WritePermit,
}

/// A permit was used for something that it was not given for. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermitError {
    /// The request is not the one that was approved.
    #[error("the request is not the one that was approved; nothing was sent")]
    OtherRequest,
}

impl WritePermit {
    pub(crate) fn new(change_id: ChangeId, call_id: CallId, digest: Digest) -> Self {
        Self { change_id, call_id, digest }
    }

    /// The tool call that it was given for.
    #[must_use]
    pub fn call_id(&self) -> &CallId {
        &self.call_id
    }

    /// The write that it was given for.
    #[must_use]
    pub fn change_id(&self) -> ChangeId {
        self.change_id
    }

    /// Gives the permit up for exactly these bytes.
    ///
    /// # Errors
    /// [`PermitError::OtherRequest`] where the request differs from the approved one in any byte.
    pub fn redeem(self, request: &CanonicalRequest) -> Result<ChangeId, PermitError> {
        if request.digest() == self.digest { Ok(self.change_id) } else { Err(PermitError::OtherRequest) }
    }
}
