//! Taking writes back: the inverse of each is a new write, put to a person, sent, read back and recorded like any other.

use std::{collections::HashSet, sync::Arc};

use bca_agent::{PreparedCall, Run, RunRequest};
use bca_mcp::{Done, Made, WayBack};
use bca_protocol::{
    ChangeId, ChangeState, ChangeView, ErrorCode, EventSink, RawJson, RunId, SessionId, StartedRun, StopReason, ToolCallStatus, Undoable, UserError,
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{ActiveRun, App, models::NoModel, workbench::Workbench};

impl App {
    /// Proposes to take one write back. The run's events go to the sink: the question first, then what came of it. It stands in the
    /// conversation of the change.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]; [`ErrorCode::Conflict`] with a sentence where there is nothing to take back or no way to do it; faults of
    /// Business Central and of the connection.
    pub async fn undo(&self, change_id: ChangeId, sink: Arc<dyn EventSink>) -> Result<ActiveRun, UserError> {
        let view = self.inner.db.change(change_id).await?;
        let title = format!("Undo: {}", view.preview.title);
        self.may_undo(&view).await?;
        let ways = vec![WayBack { of: self.made(&view).await?, also: Vec::new() }];
        self.undo_all(&view, ways, title, sink).await
    }

    /// Proposes to take back all writes of a run, the last one first, as one set: one write for each record that it touched.
    ///
    /// # Errors
    /// As [`App::undo`], for the first write that can't be taken back; then nothing is proposed.
    pub async fn undo_run(&self, run_id: RunId, sink: Arc<dyn EventSink>) -> Result<ActiveRun, UserError> {
        let mut views = Vec::new();
        let made = self.inner.db.changes_of_run(run_id).await?;
        for id in made.iter().rev() {
            let view = self.inner.db.change(*id).await?;
            // What was never made needs no way back; what is not known has to be known first, and is refused below.
            if !matches!(view.state, ChangeState::NotSent | ChangeState::Failed) && view.undone_by.is_none() {
                views.push(view);
            }
        }
        // A file goes with the record that was created for it, or went with it already.
        views.retain(|view| !made.iter().any(|change| bca_mcp::is_file_of(&view.preview, *change)));
        let nothing = || UserError::new(ErrorCode::Conflict, "This run made no change that could be taken back.");
        let newest = views.first().ok_or_else(nothing)?;
        let bench = self.workbench(Some(&newest.connection.name)).await?;
        let mut done = Vec::with_capacity(views.len());
        for view in views.iter().rev() {
            self.is_made(view).await?;
            done.push(self.made(view).await?);
        }
        let ways = bench.tools.business_central().ways_back(done).await;
        let heads: HashSet<ChangeId> = ways.iter().map(|way| way.of.planned.change_id()).collect();
        for view in views.iter().filter(|view| heads.contains(&view.preview.change_id)) {
            self.may_undo(view).await?;
        }
        if ways.is_empty() {
            return Err(nothing());
        }
        let taken: usize = ways.iter().map(|way| 1 + way.also.len()).sum();
        let title = if taken == 1 { "Undo the change of a run".to_owned() } else { format!("Undo the {taken} changes of a run") };
        self.undo_all(newest, ways, title, sink).await
    }

    /// A write as the history knows it, for its way back.
    async fn made(&self, view: &ChangeView) -> Result<Made, UserError> {
        match self.inner.db.confirmed_change(view.preview.change_id).await? {
            Some(change) => Ok(Made { planned: change.planned, key: change.key, after: change.after }),
            None => Err(UserError::new(ErrorCode::Conflict, "This change is not confirmed, so it can't be taken back. Nothing was changed.")),
        }
    }

    async fn undo_all(&self, first: &ChangeView, ways: Vec<WayBack>, title: String, sink: Arc<dyn EventSink>) -> Result<ActiveRun, UserError> {
        let (connection, session) = (first.connection.clone(), first.session_id);
        self.audit_key_ready().await;
        let bench = self.workbench(Some(&connection.name)).await?;
        if bench
            .connection
            .as_ref()
            .is_none_or(|now| (&now.tenant, &now.environment, &now.company_id) != (&connection.tenant, &connection.environment, &connection.company_id))
        {
            return Err(UserError::new(ErrorCode::Conflict, "The connection of this change leads to another company by now. Nothing was changed."));
        }
        let calls = inverses(&bench, &ways).await?;
        // A conversation that was deleted does not come back: the undo gets one of its own.
        let session_id = if self.inner.db.session(session).await?.is_some() { session } else { SessionId::new() };
        self.apply(&bench, session_id, title, calls, sink).await
    }

    async fn may_undo(&self, view: &ChangeView) -> Result<(), UserError> {
        self.is_made(view).await?;
        match &view.preview.undo {
            Undoable::No { why } => Err(refused(format!("This cannot be undone. {why}"))),
            Undoable::Yes { .. } => Ok(()),
        }
    }

    /// Whether it was made, is still in force, and nothing is on its way that takes it back.
    async fn is_made(&self, view: &ChangeView) -> Result<(), UserError> {
        Err(refused(match (view.state, view.undone_by) {
            (ChangeState::Unknown | ChangeState::Sending, _) => "It is not known yet whether this change was made, so it can't be taken back.".to_owned(),
            (ChangeState::Planned | ChangeState::Approved | ChangeState::NotSent, _) => {
                "This change was not sent, so there is nothing to take back.".to_owned()
            }
            (ChangeState::Failed, _) => "Business Central refused this change, so there is nothing to take back.".to_owned(),
            (ChangeState::Confirmed, Some(by)) => format!("This change was taken back already, by the change {by}."),
            (ChangeState::Confirmed, None) if self.inner.db.undo_under_way(view.preview.change_id).await? => {
                "An undo of this change is under way, or its outcome is not known.".to_owned()
            }
            (ChangeState::Confirmed, None) => return Ok(()),
        }))
    }

    /// Runs writes that were prepared without a model through the orchestrator and the gate.
    async fn apply(
        &self,
        bench: &Workbench,
        session_id: SessionId,
        text: String,
        calls: Vec<PreparedCall>,
        sink: Arc<dyn EventSink>,
    ) -> Result<ActiveRun, UserError> {
        let request = RunRequest {
            run_id: RunId::new(),
            session_id,
            text,
            model: "none".into(),
            thinking: bca_agent::Thinking::Off,
            system: "".into(),
            connection: bench.connection.clone(),
        };
        let run_id = request.run_id;
        let engine = Arc::new(self.engine(Arc::new(NoModel), bench));
        let (channel, cancel) = self.inner.hub.open(run_id, session_id, sink);
        let run = match Run::begin(engine, request, channel, cancel).await {
            Ok(run) => run,
            Err(fault) => {
                self.inner.hub.close(run_id);
                bench.tools.forget(&calls).await;
                return Err(fault);
            }
        };
        let (tell, done) = oneshot::channel();
        let app = self.clone();
        tokio::spawn(async move {
            let ended = run.apply(calls).instrument(tracing::info_span!("run", %run_id, %session_id)).await;
            app.inner.hub.close(run_id);
            app.settle_after(run_id).await;
            // Nobody may be listening for the end any more.
            let _ = tell.send(stop_of(&ended));
        });
        Ok(ActiveRun { started: StartedRun { session_id, run_id }, done })
    }
}

fn refused(why: String) -> UserError {
    UserError::new(ErrorCode::Conflict, format!("{why} Nothing was changed."))
}

async fn inverses(bench: &Workbench, ways: &[WayBack]) -> Result<Vec<PreparedCall>, UserError> {
    let mut calls: Vec<PreparedCall> = Vec::with_capacity(ways.len());
    for WayBack { of, also } in ways {
        let done = Done { planned: &of.planned, key: of.key.as_deref(), after: of.after.as_ref(), also };
        match bench.tools.business_central().prepare_undo(&done, &CancellationToken::new()).await {
            Ok(call) => calls.push(call),
            Err(fault) => {
                bench.tools.forget(&calls).await;
                return Err(fault);
            }
        }
    }
    Ok(calls)
}

fn stop_of(ended: &Result<Vec<(ToolCallStatus, RawJson)>, UserError>) -> StopReason {
    match ended {
        Ok(results) if results.iter().any(|(status, _)| *status == ToolCallStatus::Error) => StopReason::Error,
        Ok(_) => StopReason::EndTurn,
        Err(_) => StopReason::Error,
    }
}
