//! Sees a run or a tool call through: tells its events, puts its questions, listens to Ctrl-C.

use std::{pin::pin, sync::Arc, time::Duration};

use bca_app::App;
use bca_protocol::{
    AgentEvent, ApprovalRequest, Clock, EventKind, EventSink, ReviewDecision, ReviewVerdict, Reviewer, Revision, RunId, SystemClock, UserError,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    console::Console,
    editing,
    exit::Failure,
    keyboard::{Keyboard, Line},
    narrator::{Asked, Narrator},
    question::{Question, Said, said},
    render::words::value,
    signals::{Signal, Signals},
    tally::Tally,
};

/// How often the countdown looks at the clock.
const TICK: Duration = Duration::from_millis(200);

/// Who answers questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approver {
    /// The person at this terminal.
    Terminal,
    /// A rule: always this verdict.
    Rule(ReviewVerdict),
}

/// Where a run's events go; the other end is [`Follow::through`]. Never blocks.
pub struct Events(UnboundedSender<AgentEvent>);

impl Events {
    /// Both ends.
    #[must_use]
    pub fn channel() -> (Arc<Self>, UnboundedReceiver<AgentEvent>) {
        let (sender, receiver) = unbounded_channel();
        (Arc::new(Self(sender)), receiver)
    }
}

impl EventSink for Events {
    fn emit(&self, event: AgentEvent) {
        // Nobody listens any more where the command is over.
        let _ = self.0.send(event);
    }
}

/// Whether the process should end after what was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// No.
    GoOn,
    /// It was told to leave.
    Leave,
}

/// How it ended.
pub struct Followed<T> {
    /// What the work came to.
    pub value: T,
    /// Its exit code comes from here.
    pub tally: Tally,
    /// Whether to go on.
    pub then: Then,
}

/// What a run is followed with.
pub struct Follow<'a> {
    app: &'a App,
    console: &'a mut Console,
    keyboard: &'a mut Keyboard,
    signals: &'a mut Signals,
    narrator: &'a mut Narrator,
    approver: &'a Approver,
    clock: SystemClock,
    run: Option<RunId>,
    question: Option<Question>,
    tally: Tally,
    then: Then,
    /// Why standard output can't be written any more.
    lost: Option<Failure>,
}

impl<'a> Follow<'a> {
    /// Ready to follow.
    pub fn new(
        app: &'a App,
        console: &'a mut Console,
        keyboard: &'a mut Keyboard,
        signals: &'a mut Signals,
        narrator: &'a mut Narrator,
        approver: &'a Approver,
    ) -> Self {
        signals.standing().begin();
        let clock = SystemClock::new();
        Self { app, console, keyboard, signals, narrator, approver, clock, run: None, question: None, tally: Tally::default(), then: Then::GoOn, lost: None }
    }

    /// Follows until the work is done and all its events are told.
    ///
    /// # Errors
    /// Standard output that can't be written: the run is stopped, and its end awaited, first.
    pub async fn through<T>(mut self, mut events: UnboundedReceiver<AgentEvent>, work: impl Future<Output = T>) -> Result<Followed<T>, Failure> {
        let mut work = pin!(work);
        let mut ticks = tokio::time::interval(TICK);
        let mut value = None;
        loop {
            tokio::select! {
                biased;
                signal = self.signals.next() => self.signal(signal),
                Some(event) = events.recv() => self.event(&event).await,
                ended = &mut work, if value.is_none() => value = Some(ended),
                line = self.keyboard.next(), if self.question.is_some() => self.line(line).await,
                _ = ticks.tick(), if self.question.is_some() => self.tick(),
            }
            if events.is_empty()
                && let Some(value) = value.take()
            {
                return match self.lost {
                    Some(failure) => Err(failure),
                    None => Ok(Followed { value, tally: self.tally, then: self.then }),
                };
            }
        }
    }

    async fn event(&mut self, event: &AgentEvent) {
        self.run = Some(event.run_id);
        self.tally.note(event);
        self.signals.standing().set_sending(self.tally.sending());
        if let EventKind::ApprovalResolved { approval_id, .. } | EventKind::ApprovalRequested(ApprovalRequest { approval_id, .. }) = &event.kind
            && let Some(question) = self.question.take_if(|question| question.request().approval_id == *approval_id)
        {
            question.withdraw(self.console, self.keyboard);
        }
        if self.lost.is_none()
            && let Err(failure) = self.narrator.tell(self.console, event)
        {
            self.lost = Some(failure);
            let _ = self.app.cancel(event.run_id);
        }
        if let EventKind::ApprovalRequested(request) = &event.kind {
            self.asked(request).await;
        }
    }

    async fn asked(&mut self, request: &ApprovalRequest) {
        match self.approver {
            Approver::Terminal => {
                self.narrator.question(self.console, request, Asked::Person);
                self.question = Some(Question::open(self.console, self.keyboard, request.clone(), self.clock.now()));
            }
            Approver::Rule(verdict) => {
                self.narrator.question(self.console, request, Asked::Nobody);
                let answer = |verdict| ReviewDecision { approval_id: request.approval_id, digest: request.digest, verdict, typed: request.typed.clone() };
                if let Err(fault) = self.app.answer(answer(verdict.clone()), Reviewer::Automation).await {
                    self.complain(&fault);
                    let no = ReviewVerdict::Reject { reason: Some(fault.message) };
                    // A question that nobody here can answer must not keep the process waiting.
                    if self.app.answer(answer(no), Reviewer::Automation).await.is_err() {
                        let _ = self.app.cancel(request.run_id);
                    }
                }
            }
        }
    }

    async fn line(&mut self, line: Option<Line>) {
        let said = match &line {
            None => Some(Said::Answer(ReviewVerdict::Reject { reason: Some("the terminal's input ended".to_owned()) }, None)),
            Some(line) if self.question.as_ref().is_some_and(|question| !question.is_answered_by(line.at)) => return,
            Some(line) => said(&line.text),
        };
        let Some(question) = self.question.take() else { return };
        match said {
            None => self.again(question, "   That is neither yes nor no."),
            Some(Said::Answer(ReviewVerdict::Approve, typed)) if typed != question.request().typed => {
                self.again(question, "   That is not what has to be typed.");
            }
            Some(Said::Answer(verdict, typed)) => {
                if let Err(fault) = self.app.answer(question.decision(verdict, typed), Reviewer::Terminal).await {
                    self.complain(&fault);
                    // It waits no longer for this terminal; the run must not wait for the end of the countdown.
                    let _ = self.app.cancel(question.request().run_id);
                }
            }
            Some(Said::Edit(edit)) => self.revise(question, |request, revision| editing::edit(request, revision, &edit)).await,
            Some(Said::Toggle(number)) => self.revise(question, |request, revision| editing::toggle(request, revision, number)).await,
        }
    }

    fn again(&mut self, question: Question, why: &str) {
        question.again(self.console, why);
        self.question = Some(question);
    }

    /// Edits the question. Its new version comes back as an event and is put in its place then.
    async fn revise(&mut self, question: Question, change: impl FnOnce(&ApprovalRequest, &mut Revision) -> Result<(), Failure>) {
        let mut revision = editing::standing(question.request());
        let revised = match change(question.request(), &mut revision) {
            Ok(()) => self.app.revise(revision, Reviewer::Terminal).await.map(drop).map_err(|fault| fault.message),
            Err(failure) => Err(failure.to_string()),
        };
        if let Err(why) = revised {
            self.again(question, &format!("   {}", value(&why)));
        }
    }

    fn tick(&mut self) {
        let now = self.clock.now();
        if let Some(question) = &mut self.question {
            question.tick(self.console, now);
        }
    }

    fn signal(&mut self, signal: Signal) {
        if signal == Signal::Leave {
            self.then = Then::Leave;
        }
        let is_stopping = self.run.is_some_and(|run| self.app.cancel(run));
        // A question on the screen is withdrawn in a moment, and that says it all.
        if self.question.is_none() {
            let what = if is_stopping { "Stopping." } else { "Waiting for the answer." };
            self.narrator.interject(self.console, &format!("{what} Ctrl-C again leaves at once."));
        }
    }

    fn complain(&mut self, fault: &UserError) {
        self.console.say(&format!("error: {}", value(&fault.message)));
    }
}
