//! `changes undo`: a new write that takes an earlier one back, with its own approval.

use bca_app::App;
use bca_protocol::{ChangeId, RunId, StopReason};

use crate::{
    args::Approve,
    console::{Console, Form},
    conversation::approver,
    exit::{Exit, Failure},
    follow::{Events, Follow},
    keyboard::Keyboard,
    narrator::{Heading, Narrator, Telling},
    signals::Signals,
};

pub(super) async fn run(app: &App, change: Option<ChangeId>, run: Option<RunId>, approve: Approve, console: &mut Console) -> Result<Exit, Failure> {
    let approver = approver(app, console, approve)?;
    let (mut keyboard, mut signals) = (Keyboard::default(), Signals::listen()?);
    let telling = match console.form {
        Form::People => Telling::People,
        Form::Json => Telling::Events,
    };
    let mut narrator = Narrator::new(telling, Heading::EachRun, app.mode());
    let (sink, events) = Events::channel();
    let active = match (change, run) {
        (Some(change), _) => app.undo(change, sink).await?,
        (None, Some(run)) => app.undo_run(run, sink).await?,
        (None, None) => return Err(Failure::usage("Say which change to undo.")),
    };
    let followed = Follow::new(app, console, &mut keyboard, &mut signals, &mut narrator, &approver).through(events, active.done).await?;
    // The run ends well when its history is whole; whether the write was made is another thing.
    let failed = if followed.value.is_ok_and(|stop| stop == StopReason::EndTurn) { Exit::Done } else { Exit::Failed };
    Ok(followed.tally.exit().max(failed))
}
