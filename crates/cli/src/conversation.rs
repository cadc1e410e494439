//! Messages and runs of one conversation, for `ask` and `chat` alike.

use bca_app::App;
use bca_protocol::{ReviewVerdict, SessionId};

use crate::{
    args::Approve,
    console::{Console, Form},
    exit::{Exit, Failure},
    follow::{Approver, Events, Follow, Then},
    keyboard::Keyboard,
    narrator::{Heading, Narrator, Telling},
    signals::Signals,
};

/// A conversation that goes on.
pub struct Conversation<'a> {
    app: &'a App,
    /// What the person types.
    pub keyboard: Keyboard,
    /// Ctrl-C and its like.
    pub signals: Signals,
    /// The conversation, once there is one.
    pub session: Option<SessionId>,
    narrator: Narrator,
    approver: Approver,
}

impl<'a> Conversation<'a> {
    /// Goes on with a session, or begins one with the first message.
    ///
    /// # Errors
    /// An operating system that takes no handler for Ctrl-C.
    pub fn new(app: &'a App, console: &Console, session: Option<SessionId>, approver: Approver, heading: Heading) -> Result<Self, Failure> {
        let telling = match console.form {
            Form::People => Telling::People,
            Form::Json => Telling::Events,
        };
        let narrator = Narrator::new(telling, heading, app.mode());
        Ok(Self { app, keyboard: Keyboard::default(), signals: Signals::listen()?, session, narrator, approver })
    }

    /// Sends one message and sees its run through.
    ///
    /// # Errors
    /// A message that can't be sent, before any event; standard output that can't be written.
    pub async fn send(&mut self, console: &mut Console, text: String) -> Result<(Exit, Then), Failure> {
        let (sink, events) = Events::channel();
        let run = self.app.send(self.session, text, sink).await?;
        self.session = Some(run.started.session_id);
        let follow = Follow::new(self.app, console, &mut self.keyboard, &mut self.signals, &mut self.narrator, &self.approver);
        let followed = follow.through(events, run.done).await?;
        let exit = if followed.tally.is_over() { followed.tally.exit() } else { followed.tally.exit().max(Exit::Failed) };
        Ok((exit, followed.then))
    }
}

/// Who answers questions.
///
/// # Errors
/// `all` where no person has allowed it.
pub fn approver(app: &App, console: &Console, approve: Approve) -> Result<Approver, Failure> {
    let reject = |reason: &str| Approver::Rule(ReviewVerdict::Reject { reason: Some(reason.to_owned()) });
    match approve {
        Approve::Ask if console.can_ask() => Ok(Approver::Terminal),
        Approve::Ask => Ok(reject("no terminal to ask on")),
        Approve::Reject => Ok(reject("rejected by --approve reject")),
        Approve::All if app.may_approve_unattended() => Ok(Approver::Rule(ReviewVerdict::Approve)),
        Approve::All => Err(Failure::usage(
            "`--approve all` is allowed in the demo only, or after `bc-agent settings set automation.unattended_approval true`. Nothing was sent.",
        )),
    }
}
