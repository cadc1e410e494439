//! Taking writes back: the inverse of each is a new write, put to a person, sent, read back and recorded like any other.

use std::sync::Arc;

use bca_agent::{PreparedCall, Run, RunRequest};
use bca_mcp::Done;
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
        self.undo_all(vec![view], title, sink).await
    }

    /// Proposes to take back all writes of a run, the last one first, as one set.
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
        if views.is_empty() {
            return Err(UserError::new(ErrorCode::Conflict, "This run made no change that could be taken back."));
        }
        let title = if views.len() == 1 { "Undo the change of a run".to_owned() } else { format!("Undo the {} changes of a run", views.len()) };
        self.undo_all(views, title, sink).await
    }

    async fn undo_all(&self, views: Vec<ChangeView>, title: String, sink: Arc<dyn EventSink>) -> Result<ActiveRun, UserError> {
        let Some(first) = views.first() else { return Err(UserError::new(ErrorCode::NotFound, "There is nothing to undo.")) };
        let (connection, session) = (first.connection.clone(), first.session_id);
        for view in &views {
            self.may_undo(view).await?;
        }
        self.audit_key_ready().await;
        let bench = self.workbench(Some(&connection.name)).await?;
        if bench
            .connection
            .as_ref()
            .is_none_or(|now| (&now.tenant, &now.environment, &now.company_id) != (&connection.tenant, &connection.environment, &connection.company_id))
        {
            return Err(UserError::new(ErrorCode::Conflict, "The connection of this change leads to another company by now. Nothing was changed."));
        }
        let calls = self.inverses(&bench, &views).await?;
        // A conversation that was deleted does not come back: the undo gets one of its own.
        let session_id = if self.inner.db.session(session).await?.is_some() { session } else { SessionId::new() };
        self.apply(&bench, session_id, title, calls, sink).await
    }

    async fn may_undo(&self, view: &ChangeView) -> Result<(), UserError> {
        let why = match (view.state, view.undone_by, &view.preview.undo) {
            (ChangeState::Unknown | ChangeState::Sending, _, _) => "It is not known yet whether this change was made, so it can't be taken back.".to_owned(),
            (ChangeState::Planned | ChangeState::Approved | ChangeState::NotSent, _, _) => {
                "This change was not sent, so there is nothing to take back.".to_owned()
            }
            (ChangeState::Failed, _, _) => "Business Central refused this change, so there is nothing to take back.".to_owned(),
            (ChangeState::Confirmed, Some(by), _) => format!("This change was taken back already, by the change {by}."),
            (ChangeState::Confirmed, None, Undoable::No { why }) => format!("This cannot be undone. {why}"),
            (ChangeState::Confirmed, None, Undoable::Yes { .. }) if self.inner.db.undo_under_way(view.preview.change_id).await? => {
                "An undo of this change is under way, or its outcome is not known.".to_owned()
            }
            (ChangeState::Confirmed, None, Undoable::Yes { .. }) => return Ok(()),
        };
        Err(UserError::new(ErrorCode::Conflict, format!("{why} Nothing was changed.")))
    }

    async fn inverses(&self, bench: &Workbench, views: &[ChangeView]) -> Result<Vec<PreparedCall>, UserError> {
        let mut calls: Vec<PreparedCall> = Vec::with_capacity(views.len());
        for view in views {
            let found = self.inner.db.confirmed_change(view.preview.change_id).await;
            let prepared = match found {
                Ok(Some(change)) => {
                    let done = Done { planned: &change.planned, key: change.key.as_deref(), after: change.after.as_ref() };
                    bench.tools.business_central().prepare_undo(&done, &CancellationToken::new()).await
                }
                Ok(None) => Err(UserError::new(ErrorCode::Conflict, "This change is not confirmed, so it can't be taken back. Nothing was changed.")),
                Err(fault) => Err(fault.into()),
            };
            match prepared {
                Ok(call) => calls.push(call),
                Err(fault) => {
                    bench.tools.forget(&calls).await;
                    return Err(fault);
                }
            }
        }
        Ok(calls)
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

fn stop_of(ended: &Result<Vec<(ToolCallStatus, RawJson)>, UserError>) -> StopReason {
    match ended {
        Ok(results) if results.iter().any(|(status, _)| *status == ToolCallStatus::Error) => StopReason::Error,
        Ok(_) => StopReason::EndTurn,
        Err(_) => StopReason::Error,
    }
}
