//! A person edits a question before answering it, or takes writes out of it.

use std::collections::HashSet;

use bca_approval::{PlannedWrite, set_digest};
use bca_protocol::{ApprovalRequest, ApprovalState, ChangeId, ErrorCode, FieldEdit, LookupHit, Reviewer, Revision, UserError};
use tokio_util::sync::CancellationToken;

use crate::App;

impl App {
    /// Puts a person's version of a question in the place of the one that they saw: values are checked as those of a tool call,
    /// bodies and digests are made anew, both versions are kept. Any process of the home may do it. The deadline stays. The process that
    /// asked tells the new version as `approval_requested`, with the same id and the next revision.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidInput`] for a value that does not fit or a set from which everything is taken out; [`ErrorCode::Conflict`] where the
    /// question shows another version by now, is answered or out of time; [`ErrorCode::Forbidden`] for one who may not approve; faults of
    /// Business Central. The question stands as it was then.
    pub async fn revise(&self, revision: Revision, by: Reviewer) -> Result<ApprovalRequest, UserError> {
        match by {
            Reviewer::Window | Reviewer::Terminal | Reviewer::CommandLine => {}
            Reviewer::Automation | Reviewer::Notification | Reviewer::Clock | Reviewer::Engine => {
                return Err(UserError::new(ErrorCode::Forbidden, "Only a person in the window or at a terminal can edit a question."));
            }
        }
        let view = self.inner.db.approval(revision.approval_id).await?;
        if view.state != ApprovalState::Pending || view.request.digest != revision.digest {
            return Err(UserError::new(
                ErrorCode::Conflict,
                "The question is answered, or was edited meanwhile. Nothing of this edit was kept; look at it again.",
            ));
        }
        let proposed = self.inner.db.proposed(revision.approval_id).await?;
        let out: HashSet<ChangeId> = revision.leave_out.iter().copied().collect();
        check_names(&proposed, &revision, &out)?;
        let writes = self.with_edits(&view.request, proposed, &revision.edits).await?;
        let mut request = shown(view.request, &writes, &out)?;
        let kept: Vec<PlannedWrite> = writes.iter().filter(|write| !out.contains(&write.change_id())).cloned().collect();
        // What a person's edit makes of it has to pass the rules as well, and may ask for more than a click.
        let asked = self.gate().look_again(&request.connection, &kept).await;
        request.typed = asked.map_err(|why| UserError::new(ErrorCode::Forbidden, why))?;
        // What was tried out was another set.
        request.dry_run = match request.dry_run {
            Some(_) => {
                let bench = self.workbench(Some(&request.connection.name)).await?;
                self.try_edit(&bench, &request, kept).await?
            }
            None => None,
        };
        self.audit_key_ready().await;
        Ok(self.inner.db.revise(revision.digest, request, writes, by, self.inner.clock.now()).await?)
    }

    async fn with_edits(&self, request: &ApprovalRequest, proposed: Vec<PlannedWrite>, edits: &[FieldEdit]) -> Result<Vec<PlannedWrite>, UserError> {
        if edits.is_empty() {
            return Ok(proposed);
        }
        let bench = self.workbench(Some(&request.connection.name)).await?;
        let mut writes = Vec::with_capacity(proposed.len());
        for write in proposed {
            let own: Vec<&FieldEdit> = edits.iter().filter(|edit| edit.change_id == write.change_id()).collect();
            if own.is_empty() {
                writes.push(write);
            } else {
                writes.push(bench.tools.business_central().edited(&write, &own, &CancellationToken::new()).await?);
            }
        }
        Ok(writes)
    }

    /// Records that a reference may point to: those of an entity set with these words in number, code or name. At most 20.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] for an unknown set or connection; [`ErrorCode::NotConnected`]; faults of Business Central.
    pub async fn lookup_records(&self, connection: &str, entity: &str, words: &str) -> Result<Vec<LookupHit>, UserError> {
        let bench = self.workbench(Some(connection)).await?;
        bench.tools.business_central().look_up(entity, words, &self.inner.stopping).await
    }
}

fn check_names(proposed: &[PlannedWrite], revision: &Revision, out: &HashSet<ChangeId>) -> Result<(), UserError> {
    let is_there = |id: &ChangeId| proposed.iter().any(|write| write.change_id() == *id);
    if !out.iter().all(is_there) || !revision.edits.iter().all(|edit| is_there(&edit.change_id)) {
        return Err(UserError::new(ErrorCode::InvalidInput, "A change that is named is not part of this question. Nothing was edited."));
    }
    let mut seen = HashSet::new();
    if !revision.edits.iter().all(|edit| seen.insert((edit.change_id, edit.name.as_str()))) {
        return Err(UserError::new(ErrorCode::InvalidInput, "A field is edited twice. Nothing was edited."));
    }
    Ok(())
}

/// The question with these writes, those taken out apart.
fn shown(mut request: ApprovalRequest, writes: &[PlannedWrite], out: &HashSet<ChangeId>) -> Result<ApprovalRequest, UserError> {
    let (left_out, kept): (Vec<&PlannedWrite>, Vec<&PlannedWrite>) = writes.iter().partition(|write| out.contains(&write.change_id()));
    let ids: HashSet<ChangeId> = kept.iter().map(|write| write.change_id()).collect();
    if kept.iter().any(|write| !bca_bc::references(&write.request).is_subset(&ids.iter().copied().collect())) {
        return Err(UserError::new(ErrorCode::InvalidInput, "Another change needs the result of one that is taken out. Take that one out too."));
    }
    if kept.is_empty() {
        return Err(UserError::new(ErrorCode::InvalidInput, "Nothing would be left of the set. Reject it in place of taking everything out."));
    }
    request.digest = set_digest(kept.iter().map(|write| &write.preview.digest));
    request.changes = kept.into_iter().map(|write| write.preview.clone()).collect();
    request.left_out = left_out.into_iter().map(|write| write.preview.clone()).collect();
    Ok(request)
}
