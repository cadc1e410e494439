//! Answers that race with each other, with the clocks, with the window that closes and with a kill: a twentieth of each figure here,
//! all of it by `cargo xtask torture`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bca_app::ToolCallResult;
use bca_protocol::{
    ApprovalRequest, ApprovalState, ChangeState, Decision, EventKind, FieldEdit, RawJson, ReviewDecision, ReviewVerdict, Reviewer, Revision, UserError,
};
use bca_testkit::{Books, Chance, Clocks, Events, Home, RunningApp, ScriptedModel, reached, rounds};
use jiff::SignedDuration;
use tokio::{runtime::Runtime, task::JoinHandle};

use crate::support::{CREATE, create};

/// What happens to the process that asked, while everybody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    /// Nothing.
    None,
    /// A person presses stop.
    Stop,
    /// Its wall clock jumps by an hour.
    Wall(i64),
    /// An hour passes by its steady clock.
    Steady,
    /// Its window is closed for good: the app stops its runs and ends.
    Close,
    /// It is killed: none of its tasks runs on, and its lock is free.
    Kill,
}

const BLOWS: [Blow; 10] =
    [Blow::None, Blow::Stop, Blow::Kill, Blow::Close, Blow::Wall(3_600), Blow::None, Blow::Kill, Blow::Steady, Blow::Close, Blow::Wall(-3_600)];

/// What stays while processes come and go.
struct Ground {
    home: Home,
    books: Books,
    model: ScriptedModel,
    /// Another process on the same home.
    other: RunningApp,
}

impl Ground {
    async fn new() -> Self {
        let (home, books, model) = (Home::new(), Books::open().await, ScriptedModel::serve(Vec::new()).await);
        let other = home.own(&books, &model).await;
        Self { home, books, model, other }
    }
}

type Told = JoinHandle<Option<Decision>>;

/// One who answers, after dawdling.
fn answers(app: &RunningApp, question: &ApprovalRequest, verdict: ReviewVerdict, by: Reviewer, mut chance: Chance) -> Told {
    let decision = ReviewDecision { approval_id: question.approval_id, digest: question.digest, verdict, typed: None };
    let app = app.app.clone();
    tokio::spawn(async move {
        chance.dawdle().await;
        app.answer(decision, by).await.ok()
    })
}

/// One who edits a value, and then approves what they see.
fn edits(app: &RunningApp, question: &ApprovalRequest, name: String, mut chance: Chance) -> Told {
    let edit = FieldEdit { change_id: question.changes[0].change_id, name: "displayName".into(), value: Some(name) };
    let revision = Revision { approval_id: question.approval_id, digest: question.digest, edits: vec![edit], leave_out: Vec::new() };
    let app = app.app.clone();
    tokio::spawn(async move {
        chance.dawdle().await;
        let second = app.revise(revision, Reviewer::CommandLine).await.ok()?;
        let yes = ReviewDecision { approval_id: second.approval_id, digest: second.digest, verdict: ReviewVerdict::Approve, typed: None };
        app.answer(yes, Reviewer::CommandLine).await.ok()
    })
}

/// The process that asks, in a runtime of its own.
struct Asker {
    runtime: Runtime,
    running: RunningApp,
    clocks: Arc<Clocks>,
    events: Arc<Events>,
    question: ApprovalRequest,
    call: JoinHandle<Result<ToolCallResult, UserError>>,
}

impl Asker {
    fn start(ground: &Ground, name: &str) -> Self {
        let (runtime, clocks, events) = (Runtime::new().unwrap(), Arc::new(Clocks::default()), Events::new());
        let (running, question, call) = runtime.block_on(async {
            let running = ground.home.own_by(clocks.clone(), &ground.books, &ground.model).await;
            let (app, sink) = (running.app.clone(), events.clone());
            let input = RawJson::from_value(&create(name)).unwrap();
            let call = tokio::spawn(async move { app.call_tool(CREATE, input, sink).await });
            (running, events.question().await, call)
        });
        Self { runtime, running, clocks, events, question, call }
    }

    /// The blow falls; `None` where the process is gone.
    fn meet(self, blow: Blow, mut chance: Chance) -> Option<Self> {
        match blow {
            Blow::Kill => {
                self.runtime.block_on(chance.dawdle());
                let Self { runtime, running, .. } = self;
                drop(running);
                // Waits for what is inside the kernel, as a kill does.
                runtime.shutdown_timeout(Duration::from_secs(10));
                return None;
            }
            Blow::None => {}
            Blow::Stop | Blow::Wall(_) | Blow::Steady | Blow::Close => self.runtime.block_on(async {
                chance.dawdle().await;
                match blow {
                    Blow::Stop => drop(self.running.app.cancel(self.question.run_id)),
                    Blow::Wall(seconds) => self.clocks.jump(SignedDuration::from_secs(seconds)),
                    Blow::Steady => self.clocks.pass(Duration::from_secs(3_600)),
                    Blow::Close => self.running.app.stop().await,
                    Blow::None | Blow::Kill => {}
                }
            }),
        }
        Some(self)
    }

    /// Until its call has ended and nothing of it is left.
    fn end(self) {
        let Self { runtime, running, call, .. } = self;
        runtime.block_on(async {
            call.await.unwrap().unwrap();
            running.app.stop().await;
        });
        drop(running);
        runtime.shutdown_timeout(Duration::from_secs(10));
    }
}

/// One question with everybody at it at once; how it ended.
fn race(servers: &Runtime, ground: &Ground, round: usize) -> (Blow, ApprovalState) {
    let mut chance = Chance::new(0x9e37_79b9_7f4a_7c15 ^ (round as u64 + 1));
    let blow = BLOWS[round % BLOWS.len()];
    let asker = Asker::start(ground, &format!("Proposed {round}"));
    let (question, events, here) = (asker.question.clone(), asker.events.clone(), asker.runtime.handle().clone());
    let mut told: Vec<Told> = Vec::new();
    {
        let _inside = here.enter();
        told.push(answers(&asker.running, &question, ReviewVerdict::Approve, Reviewer::Window, chance.split()));
    }
    {
        let _inside = servers.enter();
        // By the clock of another process there is time left; the blows of the clocks are met by the asker's own every second time.
        if !(matches!(blow, Blow::Wall(_) | Blow::Steady) && round.is_multiple_of(4)) {
            told.push(answers(&ground.other, &question, ReviewVerdict::Approve, Reviewer::CommandLine, chance.split()));
        }
        if !round.is_multiple_of(3) {
            told.push(answers(&ground.other, &question, ReviewVerdict::Reject { reason: None }, Reviewer::Terminal, chance.split()));
        }
        if round.is_multiple_of(2) {
            told.push(edits(&ground.other, &question, format!("Edited {round}"), chance.split()));
        }
    }
    let asker = asker.meet(blow, chance.split());
    let said = servers.block_on(async {
        let mut said = Vec::new();
        for one in told {
            // Who answered in a process that was killed was told nothing.
            said.extend(one.await.ok().flatten());
        }
        said
    });
    match asker {
        Some(asker) => {
            if said.is_empty() {
                // Everybody spoke of a version that was edited meanwhile: somebody looks again.
                asker.runtime.block_on(async {
                    let now = asker.running.app.approval(question.approval_id).await.unwrap().request;
                    let _ = asker.running.answer(&now, ReviewVerdict::Approve).await;
                });
            }
            asker.end();
        }
        // Whoever opens the home next ends what the dead process left.
        None => servers.block_on(async { ground.home.own(&ground.books, &ground.model).await.app.stop().await }),
    }
    let state = servers.block_on(judge(ground, round, blow, &question, &said));
    let ends = events.all().iter().filter(|event| matches!(event.kind, EventKind::ApprovalResolved { .. })).count();
    assert!(ends == 1 || blow == Blow::Kill && ends == 0, "round {round} {blow:?}: told {ends} times");
    (blow, state)
}

/// One end; everybody was told that one; and the books hold what it says.
async fn judge(ground: &Ground, round: usize, blow: Blow, question: &ApprovalRequest, said: &[Decision]) -> ApprovalState {
    let view = ground.other.app.approval(question.approval_id).await.unwrap();
    for told in said {
        assert_eq!(format!("{told:?}"), format!("{:?}", view.state), "round {round} {blow:?}: everybody is told the one end");
    }
    let change = ground.other.app.change(question.changes[0].change_id).await.unwrap();
    let sent: Vec<String> = ground
        .books
        .writes()
        .into_iter()
        .map(|write| write.body)
        .filter(|body| body.contains(&format!("Proposed {round}\"")) || body.contains(&format!("Edited {round}\"")))
        .collect();
    let shown = view.request.changes[0].body.clone().unwrap();
    match (view.state, change.state) {
        (ApprovalState::Approved, ChangeState::Confirmed) => assert_eq!(sent, [shown], "round {round} {blow:?}: what was approved last, once"),
        // Killed on its way: it left at most once.
        (ApprovalState::Approved, ChangeState::Unknown) if blow == Blow::Kill => assert!(sent.is_empty() || sent == [shown], "round {round}: {sent:?}"),
        // A stop, an end or a kill after the yes and before the request leaves it unsent; a no, and silence, always do.
        (ApprovalState::Approved | ApprovalState::Rejected | ApprovalState::Aborted | ApprovalState::Expired, ChangeState::NotSent) => {
            assert!(sent.is_empty(), "round {round} {blow:?}: {sent:?}");
        }
        (state, change) => panic!("round {round} {blow:?}: {state:?} and {change:?}"),
    }
    view.state
}

#[test]
fn yes_no_edit_stop_clock_close_and_kill_race_to_one_end() {
    let all = rounds(1_000);
    let servers = Runtime::new().unwrap();
    let (mut ends, mut blows) = (BTreeMap::<String, usize>::new(), BTreeMap::<&str, usize>::new());
    // The log of requests that the judge reads is bounded, and so is a home.
    for lap in (0..all).collect::<Vec<_>>().chunks(250) {
        let ground = servers.block_on(Ground::new());
        for round in lap {
            let (blow, state) = race(&servers, &ground, *round);
            *ends.entry(format!("{state:?}").to_lowercase()).or_default() += 1;
            let blow = match blow {
                Blow::Kill => "kills",
                Blow::Close => "closed windows",
                Blow::Wall(_) | Blow::Steady => "jumps of a clock",
                Blow::Stop => "stops",
                Blow::None => continue,
            };
            *blows.entry(blow).or_default() += 1;
        }
        servers.block_on(ground.other.app.stop());
    }
    let list = |counts: Vec<String>| counts.join(", ");
    let ended = list(ends.iter().map(|(end, count)| format!("{count} {end}")).collect());
    let met = list(blows.iter().map(|(blow, count)| format!("{count} {blow}")).collect());
    reached(
        "15",
        "races of yes, no, edit, another process, stop, clock, closed window and kill: one end each",
        &format!("{all} of {all} ({ended}; with {met})"),
    );
}

/// Which clock runs out, and when the yes comes.
#[derive(Debug, Clone, Copy)]
enum Late {
    /// Around the jump of the wall clock to the deadline, or a moment before it.
    AtTheDeadline,
    /// Around a jump of an hour.
    AroundAJump(i64),
    /// Around an hour of the steady clock.
    AroundTheSteady,
    /// After a jump.
    AfterAJump(i64),
    /// After the steady clock has run out and that was seen.
    AfterTheSteady,
}

/// Apps that race beside each other, each by clocks of its own.
const LANES: usize = 4;

const LATE: [Late; 8] = [
    Late::AtTheDeadline,
    Late::AroundAJump(3_600),
    Late::AroundTheSteady,
    Late::AfterAJump(3_600),
    Late::AroundAJump(-3_600),
    Late::AfterTheSteady,
    Late::AfterAJump(-3_600),
    Late::AtTheDeadline,
];

async fn against_the_clock(ground: &Ground, round: usize) -> ApprovalState {
    let (clocks, late) = (Arc::new(Clocks::default()), LATE[round / LANES % LATE.len()]);
    let mut chance = Chance::new(0xd1b5_4a32_d192_ed03 ^ (round as u64 + 1));
    let lots = chance.split();
    let running = ground.home.own_by(clocks.clone(), &ground.books, &ground.model).await;
    let (events, name) = (Events::new(), format!("Late {round}"));
    let (app, sink, input) = (running.app.clone(), events.clone(), RawJson::from_value(&create(&name)).unwrap());
    let call = tokio::spawn(async move { app.call_tool(CREATE, input, sink).await.unwrap() });
    let question = events.question().await;
    let resolved = |event: &bca_protocol::AgentEvent| matches!(event.kind, EventKind::ApprovalResolved { .. }).then_some(());
    let jump = async {
        match late {
            Late::AtTheDeadline => {
                // A question waits for 300 seconds; the clock stops a few milliseconds on either side of that.
                let left = SignedDuration::from_secs(300) - SignedDuration::from_millis(i64::try_from(chance.below(150)).unwrap());
                clocks.jump(left);
            }
            Late::AroundAJump(seconds) => {
                // An answer reads the question before it reads the clock.
                tokio::time::sleep(Duration::from_micros(chance.below(8_000))).await;
                clocks.jump(SignedDuration::from_secs(seconds));
            }
            Late::AfterAJump(seconds) => clocks.jump(SignedDuration::from_secs(seconds)),
            Late::AroundTheSteady => clocks.pass(Duration::from_secs(3_600)),
            Late::AfterTheSteady => {
                clocks.pass(Duration::from_secs(3_600));
                events.first(resolved).await;
            }
        }
    };
    let mut yes = lots;
    let answer = async {
        match late {
            Late::AtTheDeadline => tokio::time::sleep(Duration::from_millis(yes.below(80))).await,
            Late::AroundAJump(_) => yes.dawdle().await,
            // The steady clock is looked at four times a second.
            Late::AroundTheSteady => tokio::time::sleep(Duration::from_millis(yes.below(250))).await,
            Late::AfterAJump(_) | Late::AfterTheSteady => {}
        }
        running.answer(&question, ReviewVerdict::Approve).await.unwrap()
    };
    let told = match late {
        Late::AfterAJump(_) | Late::AfterTheSteady => {
            jump.await;
            answer.await
        }
        Late::AtTheDeadline | Late::AroundAJump(_) | Late::AroundTheSteady => tokio::join!(jump, answer).1,
    };
    call.await.unwrap();
    let state = running.app.approval(question.approval_id).await.unwrap().state;
    assert_eq!(format!("{told:?}"), format!("{state:?}"), "round {round} {late:?}");
    if matches!(late, Late::AfterAJump(_) | Late::AfterTheSteady) {
        assert_eq!(state, ApprovalState::Expired, "round {round} {late:?}");
    }
    let there = ground.books.named("customers", &name).await;
    match state {
        ApprovalState::Approved => assert_eq!(there, 1, "round {round} {late:?}"),
        ApprovalState::Expired => assert_eq!(there, 0, "round {round} {late:?}"),
        other => panic!("round {round} {late:?}: {other:?}"),
    }
    assert_eq!(events.all().iter().filter_map(resolved).count(), 1, "round {round} {late:?}");
    running.app.stop().await;
    state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_against_either_clock_races_to_one_end() {
    let all = rounds(1_000);
    let lanes = (0..LANES).map(|lane| {
        tokio::spawn(async move {
            let ground = Ground::new().await;
            let mut ends = Vec::new();
            for round in (0..all).filter(|round| round % LANES == lane) {
                ends.push(against_the_clock(&ground, round).await);
            }
            ends
        })
    });
    let mut ends = Vec::new();
    for lane in lanes.collect::<Vec<_>>() {
        ends.extend(lane.await.unwrap());
    }
    let in_time = ends.iter().filter(|end| **end == ApprovalState::Approved).count();
    assert_eq!(ends.len(), all);
    let late = all - in_time;
    reached("15", "a yes against either clock, also where it jumps by an hour: one end each", &format!("{all} of {all} ({in_time} in time, {late} too late)"));
}
