//! Trials of which nobody knows what they left, because no answer came or their process was killed: looked at by reading until that is known, never
//! sent again. Meanwhile nothing more is tried out on their connection.

use std::{collections::HashSet, sync::Arc, time::Duration};

use bca_approval::{PlannedWrite, Rehearsed};
use bca_bc::{Certainty, Stayed};
use bca_mcp::{LateLook, Left, trial_alarm};
use bca_protocol::{ChangeState, Connection, DryRun, ErrorCode, Json, Notice, TrialId, UserError, WriteOperation};
use bca_store::{OpenTrial, TrialAlarm};
use tokio::sync::OwnedRwLockReadGuard;
use tokio_util::sync::CancellationToken;

use crate::{App, app::lock, dry_run::record, settle::same_place};

/// When a trial is looked at that another process left, counted from its beginning.
const OF_OTHERS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(660)];
/// The same where it was looked at once already.
const OF_OURS: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(660)];

/// Business Central may be at work on a trial so long: a request runs for 8 minutes at most, and the gateway waits for 10 (docs/business-central.md, section 8).
const MAY_STILL_COMMIT: Duration = Duration::from_secs(600);

/// How long a process that ends waits for a look.
const PATIENCE: Duration = Duration::from_secs(5);

/// What this process does about trials.
#[derive(Default)]
pub(crate) struct Trials {
    /// Those that it looks at.
    watched: HashSet<TrialId>,
    /// Those of which it said that they stay open.
    said: HashSet<TrialId>,
}

/// What a look came to.
enum Looked {
    /// Nothing more is to be done.
    Settled,
    /// Nothing was found, and it may still come.
    NothingYet,
    /// Nothing could be seen, with the reason.
    NotSeen(String),
}

/// What became of the write itself that was tried out.
#[derive(Default)]
struct Made {
    was_sent: bool,
    /// The id of the record that it made.
    id: Option<String>,
}

impl App {
    /// Keeps what a trial of this process came to: settled, or looked at again.
    pub(crate) async fn trial_left(&self, trial: OpenTrial, left: Left) {
        let kept = match left {
            Left::Seen => self.inner.db.trial_settled(trial.trial_id).await.map(|_| None),
            Left::NotSeen { answered } => {
                let opened = self.inner.db.trial_open(trial.trial_id, answered.clone()).await;
                opened.map(|_| Some(OpenTrial { answered, ..trial }))
            }
        };
        match kept {
            Ok(None) => {}
            Ok(Some(trial)) => self.watch_trial(trial, &OF_OURS),
            // It counts as begun, so that the next start looks at it.
            Err(fault) => tracing::error!(%fault, "what became of a trial could not be stored"),
        }
    }

    /// Starts looking at what other processes left.
    pub(crate) fn watch_trials(&self, trials: Vec<OpenTrial>) {
        trials.into_iter().for_each(|trial| self.watch_trial(trial, &OF_OTHERS));
    }

    /// Why nothing may be tried out on a connection now: what an earlier trial left there is not known. That one is looked at where nobody does.
    pub(crate) async fn trial_in_doubt(&self, connection: &Connection) -> Option<String> {
        // Some may belong to processes that are gone.
        let open = match self.inner.db.recover().await {
            Ok(_) => self.inner.db.open_trials().await,
            Err(fault) => Err(fault),
        };
        match open {
            Err(fault) => Some(format!("It could not be read whether an earlier trial is settled: {fault}")),
            Ok(open) => {
                let here: Vec<OpenTrial> = open.into_iter().filter(|trial| is_same(&trial.set.connection, connection)).collect();
                let why = here.first().map(|_| IN_DOUBT.to_owned());
                self.watch_trials(here);
                why
            }
        }
    }

    /// Waits for looks that are being made, for a while.
    pub(crate) async fn looks_made(&self) {
        if tokio::time::timeout(PATIENCE, self.inner.looking.write()).await.is_err() {
            tracing::warn!("a look at a trial got no answer in time; the next start makes it again");
        }
    }

    fn watch_trial(&self, trial: OpenTrial, looks: &'static [Duration]) {
        if !lock(&self.inner.trials).watched.insert(trial.trial_id) {
            return;
        }
        let app = self.clone();
        let first = Arc::clone(&self.inner.looking).try_read_owned().ok();
        tokio::spawn(async move {
            app.settle_trial(&trial, looks, first).await;
            lock(&app.inner.trials).watched.remove(&trial.trial_id);
        });
    }

    /// Looks when it is due. `first` is held until a look that is due at once was made: a short-lived process ends after it.
    async fn settle_trial(&self, trial: &OpenTrial, looks: &[Duration], mut first: Option<OwnedRwLockReadGuard<()>>) {
        let mut seen = Looked::NothingYet;
        for look in looks {
            let wait = look.saturating_sub(self.age_of(trial));
            // What is due already is looked at once, by the last of the looks that are due.
            if wait.is_zero() && looks.iter().any(|later| later > look && later.saturating_sub(self.age_of(trial)).is_zero()) {
                continue;
            }
            if !wait.is_zero() {
                first.take();
                tokio::select! {
                    () = self.inner.stopping.cancelled() => return,
                    () = tokio::time::sleep(wait) => {}
                }
            }
            seen = self.look_at(trial).await;
            if matches!(seen, Looked::Settled) {
                return;
            }
        }
        if let Looked::NotSeen(why) = seen {
            self.say_open(trial, &why).await;
        }
    }

    fn age_of(&self, trial: &OpenTrial) -> Duration {
        Duration::try_from(self.inner.clock.now().duration_since(trial.begun_at)).unwrap_or(Duration::ZERO)
    }

    async fn look_at(&self, trial: &OpenTrial) -> Looked {
        let mut made = Vec::with_capacity(trial.set.writes.len());
        for write in &trial.set.writes {
            made.push(self.made_itself(write).await);
        }
        // Before the look: what comes while it goes on is not seen by it.
        let age = self.age_of(trial);
        let LateLook { mut stayed, unseen } = match self.read_after(trial, &made).await {
            Ok(look) => look,
            Err(why) => return Looked::NotSeen(why),
        };
        if age > MAY_STILL_COMMIT {
            stayed.extend(unseen.into_iter().map(|at| Stayed { at, certainty: Certainty::Suspected }));
        }
        stayed.retain(|one| !is_its_own(trial, &made, *one));
        match (stayed.is_empty(), age > MAY_STILL_COMMIT) {
            (false, _) => self.raise(trial, &stayed).await,
            (true, true) => self.nothing_left(trial).await,
            (true, false) => Looked::NothingYet,
        }
    }

    /// Reads how the records stand, on the connection where it was tried out.
    async fn read_after(&self, trial: &OpenTrial, made: &[Made]) -> Result<LateLook, String> {
        let name = &trial.set.connection.name;
        let missing = || format!("the connection {name} is not there, or leads elsewhere.");
        let route = self.route(Some(name)).await.map_err(|fault| fault.message)?.ok_or_else(missing)?;
        let went = trial.set.writes.first().map(|write| &write.request.target);
        if !went.is_some_and(|then| same_place(&route.target(), then, trial.set.connection.kind)) {
            return Err(missing());
        }
        let bench = self.workbench(Some(name)).await.map_err(|fault| fault.message)?;
        let (tools, ids) = (Arc::clone(&bench.tools), made.iter().map(|made| made.id.clone()).collect::<Vec<_>>());
        // Whoever stops waits for it.
        let never = CancellationToken::new();
        let look = tools.business_central().look_at_trial(&trial.set.writes, (&trial.answered, &ids), trial.begun_at, &never);
        look.await.map_err(|fault| fault.to_string())
    }

    /// What became of the write itself; nothing where it was never asked.
    async fn made_itself(&self, write: &PlannedWrite) -> Made {
        let Ok(change) = self.inner.db.change(write.change_id()).await else { return Made::default() };
        let was_sent = match change.state {
            ChangeState::Sending | ChangeState::Confirmed | ChangeState::Unknown => true,
            ChangeState::Planned | ChangeState::Approved | ChangeState::NotSent | ChangeState::Failed => false,
        };
        let after = change.after.and_then(|after| after.tree().ok());
        Made { was_sent, id: after.and_then(|after| after.get("id").and_then(Json::as_str).map(str::to_owned)) }
    }

    /// Something stands in the books that nobody approved. The row goes last: a kill before that raises the alarm once more.
    async fn raise(&self, trial: &OpenTrial, stayed: &[Stayed]) -> Looked {
        if !self.is_open(trial).await {
            // Another process said so.
            return Looked::Settled;
        }
        let sentence = trial_alarm(&trial.set.writes, stayed);
        self.no_more_dry_runs(&trial.set.connection).await;
        self.log_fault(&UserError::new(ErrorCode::OutcomeUnknown, &sentence), Some(trial.set.session_id)).await;
        let rehearsed = Rehearsed { dry_run: DryRun::NotKnown { why: sentence.clone() }, alarm: Some(sentence.clone()) };
        self.audit_key_ready().await;
        self.audit(record(&trial.set, &rehearsed)).await;
        lock(&self.inner.notices).push(Notice { text: sentence.clone(), session_id: Some(trial.set.session_id) });
        if let Err(fault) = self.inner.db.trial_stayed(trial.trial_id, &sentence, self.inner.clock.now()).await {
            tracing::error!(%fault, "what stayed of a trial could not be stored");
        }
        Looked::Settled
    }

    async fn nothing_left(&self, trial: &OpenTrial) -> Looked {
        match self.inner.db.trial_settled(trial.trial_id).await {
            Ok(true) => {
                let why = "It got no answer, or the app ended before it was looked at. It was looked at later, and nothing of it was found.";
                self.write_down(trial, why).await;
                for notice in lock(&self.inner.notices).iter_mut().filter(|notice| notice.text == in_doubt(trial)) {
                    notice.text = format!("{} It was looked at in Business Central, and nothing of it was found.", tried(trial));
                }
                Looked::Settled
            }
            Ok(false) => Looked::Settled,
            Err(fault) => Looked::NotSeen(fault.to_string()),
        }
    }

    /// The last look had no answer either: a person is told that it stays open, once in each process.
    async fn say_open(&self, trial: &OpenTrial, why: &str) {
        if !lock(&self.inner.trials).said.insert(trial.trial_id) || !self.is_open(trial).await {
            return;
        }
        let text = format!("{} It could not be looked at: {why} Look at it in Business Central. {STAYS_OPEN}", tried(trial));
        self.log_fault(&UserError::new(ErrorCode::OutcomeUnknown, &text), Some(trial.set.session_id)).await;
        self.write_down(trial, &text).await;
        lock(&self.inner.notices).push(Notice { text, session_id: Some(trial.set.session_id) });
    }

    async fn write_down(&self, trial: &OpenTrial, why: &str) {
        self.audit_key_ready().await;
        self.audit(record(&trial.set, &Rehearsed { dry_run: DryRun::NotKnown { why: why.to_owned() }, alarm: None })).await;
    }

    async fn is_open(&self, trial: &OpenTrial) -> bool {
        // What can't be read may well be open.
        self.inner.db.open_trials().await.map_or(true, |open| open.iter().any(|one| one.trial_id == trial.trial_id))
    }
}

const IN_DOUBT: &str = "What an earlier trial left on this connection is not known yet: it got no answer, or the app ended meanwhile. It is being looked at; \
until that is known, nothing more is tried out here.";

const STAYS_OPEN: &str =
    "Nothing more is tried out on this connection until it was; it is looked at again at the next start, and at the next change that is proposed.";

/// What dead processes left in the middle of a trial, and what was found of such, in sentences.
pub(crate) fn notices(open: &[OpenTrial], alarms: Vec<TrialAlarm>) -> Vec<Notice> {
    let alarms = alarms.into_iter().map(|alarm| Notice { text: alarm.sentence, session_id: Some(alarm.session_id) });
    alarms.chain(open.iter().map(|trial| Notice { text: in_doubt(trial), session_id: Some(trial.set.session_id) })).collect()
}

fn in_doubt(trial: &OpenTrial) -> String {
    format!("{} It is being looked at in Business Central whether all of it was taken back; it is not sent again.", tried(trial))
}

fn tried(trial: &OpenTrial) -> String {
    let titles: Vec<&str> = trial.set.writes.iter().map(|write| write.preview.title.as_str()).collect();
    format!("Changes were only tried out, and what came of it is not known: {}.", titles.join("; "))
}

fn is_same(one: &Connection, other: &Connection) -> bool {
    one.name == other.name && one.tenant == other.tenant && one.environment == other.environment && one.company_id == other.company_id
}

/// Whether what stands there is the write itself, which a person approved. A record that looks like the one that it made is not.
fn is_its_own(trial: &OpenTrial, made: &[Made], stayed: Stayed) -> bool {
    let Some((write, made)) = trial.set.writes.get(stayed.at).zip(made.get(stayed.at)) else { return false };
    let is_another = write.preview.operation == WriteOperation::Create && stayed.certainty == Certainty::Suspected && made.id.is_some();
    made.was_sent && !is_another
}
