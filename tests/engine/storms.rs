//! A server that is busy, away or silent in turn: reads wait and go on, a write is sent once, and what is told of it is true.

use std::sync::{Arc, Mutex};

use bca_app::ToolCallResult;
use bca_protocol::{RawJson, ReviewVerdict, ToolCallStatus};
use bca_testkit::{Books, Chance, Events, Gateway, Home, Passage, ScriptedModel, reached, rounds};

use crate::support::{CREATE, UPDATE, create, rename};

/// What the weather does to writes.
const WRITES: [Passage; 8] = [
    Passage::Open,
    Passage::Refused(429),
    Passage::DoneBut(504),
    Passage::Refused(503),
    Passage::Open,
    Passage::Refused(504),
    Passage::DoneBut(503),
    Passage::Open,
];

/// What became of writes, by what was told.
#[derive(Default)]
struct Tally {
    made: usize,
    found: usize,
    refused: usize,
    unknown: usize,
    reads: usize,
}

struct Storm {
    books: Books,
    gateway: Gateway,
    app: bca_app::App,
    /// What the next reads meet.
    reads: Arc<Mutex<Vec<u16>>>,
    _kept: (Home, ScriptedModel),
}

impl Storm {
    async fn new() -> Self {
        let (books, home, model) = (Books::open().await, Home::new(), ScriptedModel::serve(Vec::new()).await);
        let gateway = Gateway::before(&books).await;
        let app = home.own_at(gateway.url(), &books.company(), &model).await.app;
        Self { books, gateway, app, reads: Arc::default(), _kept: (home, model) }
    }

    /// One approved write in this weather: how often it left, and what was told.
    async fn write(&self, passage: Passage, tool: &'static str, input: serde_json::Value) -> (usize, ToolCallResult) {
        let before = self.gateway.writes().len();
        let reads = Arc::clone(&self.reads);
        self.gateway.rule(move |method, _| match method {
            "GET" => reads.lock().unwrap().pop().map_or(Passage::Open, Passage::Refused),
            _ => passage,
        });
        let (app, events) = (self.app.clone(), Events::new());
        let (input, sink) = (RawJson::from_value(&input).unwrap(), events.clone());
        let call = tokio::spawn(async move { app.call_tool(tool, input, sink).await.unwrap() });
        let question = events.question().await;
        let yes = bca_protocol::ReviewDecision { approval_id: question.approval_id, digest: question.digest, verdict: ReviewVerdict::Approve, typed: None };
        self.app.answer(yes, bca_protocol::Reviewer::Window).await.unwrap();
        let told = call.await.unwrap();
        (self.gateway.writes().len() - before, told)
    }
}

async fn weather(storm: &Storm, id: &str, round: usize, tally: &mut Tally) {
    let mut chance = Chance::new(0x6a09_e667_f3bc_c908 ^ (round as u64 + 1));
    let passage = WRITES[round % WRITES.len()];
    // Every sixth round reads are refused too, up to three times, which is fewer than they are tried.
    let refusals = if round.is_multiple_of(6) { 1 + chance.below(2) } else { 0 };
    *storm.reads.lock().unwrap() = (0..refusals).map(|_| chance.of(&[429, 503, 504])).collect();
    tally.reads += usize::try_from(refusals).unwrap();
    let name = format!("Storm {round}");
    let is_change = chance.below(2) == 0;
    let (tool, input) = if is_change { (UPDATE, rename(id, &name)) } else { (CREATE, create(&name)) };
    let (left, ToolCallResult { status, output }) = storm.write(passage, tool, input).await;
    assert_eq!(left, 1, "round {round} {passage:?}: sent once");
    let there = storm.books.named("customers", &name).await;
    let expected = usize::from(matches!(passage, Passage::Open | Passage::DoneBut(_)));
    assert_eq!(there, expected, "round {round} {passage:?}");
    match (status, passage) {
        (ToolCallStatus::Ok, Passage::Open) => tally.made += 1,
        // A change whose answer was lost is found by reading; so is a create, where the server takes ids.
        (ToolCallStatus::Ok, Passage::DoneBut(_)) => tally.found += 1,
        (ToolCallStatus::Error, Passage::Refused(429)) => tally.refused += 1,
        (ToolCallStatus::Unknown, Passage::Refused(503 | 504)) => tally.unknown += 1,
        (ToolCallStatus::Unknown, Passage::DoneBut(_)) if !is_change => tally.unknown += 1,
        (status, _) => panic!("round {round} {passage:?}: {status:?} {}", output.as_str()),
    }
    *storm.reads.lock().unwrap() = Vec::new();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_throttling_never_makes_a_write_go_twice() {
    const LANES: usize = 4;
    let all = rounds(400);
    let lanes = (0..LANES).map(|lane| {
        tokio::spawn(async move {
            let (storm, mut tally) = (Storm::new().await, Tally::default());
            let id = storm.books.ids("customers", 1).await.remove(0);
            for round in (0..all).filter(|round| round % LANES == lane) {
                weather(&storm, &id, round / LANES + lane * 3, &mut tally).await;
            }
            tally
        })
    });
    let mut sum = Tally::default();
    for lane in lanes.collect::<Vec<_>>() {
        let Tally { made, found, refused, unknown, reads } = lane.await.unwrap();
        sum =
            Tally { made: sum.made + made, found: sum.found + found, refused: sum.refused + refused, unknown: sum.unknown + unknown, reads: sum.reads + reads };
    }
    let Tally { made, found, refused, unknown, reads } = sum;
    assert!(made * 4 >= all && found > 0 && refused > 0 && unknown > 0, "{made} {found} {refused} {unknown}: the weather changes");
    assert_eq!(made + found + refused + unknown, all);
    let told = format!("{made} made, {found} done and found by reading, {refused} refused, {unknown} told as unknown; {reads} reads refused and tried again");
    reached("22", "writes under 429, 503 and 504, before and after the commit: sent twice", &format!("0 of {all} ({told})"));
}
