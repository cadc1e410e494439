//! Sets of 2 to 20 writes of which one fails, at each place once: what is told of each is what stands in the books.

use bca_protocol::{ChangeState, StopReason};
use bca_testkit::{Chance, Turn, reached, rounds};
use serde_json::{Value, json};

use crate::support::{CREATE, Stage, create, stage};

/// Sets that are tried in one company.
const LAP: usize = 10;

/// Apps that write beside each other: each keeps within the requests that Business Central takes from one person in a minute.
const LANES: usize = 6;

/// How a set goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As one transaction.
    Together,
    /// One after the other, because the last one names what the first one gives.
    InOrder,
}

/// One set: how it goes, its size, and which of its writes fails, counted from 1.
type Case = (Way, usize, usize);

fn cases() -> Vec<Case> {
    let of = |way| (2..=20).flat_map(move |size| (1..=size).map(move |failing| (way, size, failing)));
    let mut cases: Vec<Case> = of(Way::Together).chain(of(Way::InOrder)).collect();
    let (all, mut chance) = (cases.len(), Chance::new(0x3c6e_f372_fe94_f82b));
    // A fixed shuffle (Fisher and Yates), so that a twentieth has some of everything.
    for n in (1..all).rev() {
        cases.swap(n, usize::try_from(chance.below(n as u64 + 1)).unwrap());
    }
    cases.truncate(rounds(all));
    cases
}

fn name(n: usize, case: usize) -> String {
    format!("Case {case} part {n}")
}

/// The calls of a set. The last one of a set in order is an order for the first one's customer.
fn calls(case: usize, (way, size, _): Case) -> Vec<(String, Value)> {
    (1..=size)
        .map(|n| {
            let input = match way {
                Way::InOrder if n == size => json!({"entity": "salesOrders", "data": {"customerId": "{result:1}"}}),
                Way::InOrder | Way::Together => create(&name(n, case)),
            };
            (format!("call_{n:02}"), input)
        })
        .collect()
}

async fn one_fails(stage: &Stage, number: usize, (way, size, failing): Case) {
    let is_order = way == Way::InOrder && failing == size;
    stage.books.fault(&if is_order { "salesOrders:POST:1:429".to_owned() } else { format!("customers:POST:{failing}:429") });
    let before = stage.books.writes().len();
    let (run, _, question) = stage.asked().await;
    assert_eq!(question.changes.len(), size);
    stage.running.answer(&question, bca_protocol::ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    let what = format!("{way:?}: {failing} of {size}");
    assert_eq!(stage.books.writes().len() - before, if way == Way::Together { 1 } else { failing }, "{what}: requests");
    for (at, shown) in question.changes.iter().enumerate() {
        let n = at + 1;
        let change = stage.running.app.change(shown.change_id).await.unwrap();
        let there = if shown.entity == "salesOrders" { false } else { stage.books.named("customers", &name(n, number)).await == 1 };
        let expected = match way {
            Way::Together => (ChangeState::Failed, false),
            Way::InOrder if n < failing => (ChangeState::Confirmed, true),
            Way::InOrder if n == failing => (ChangeState::Failed, false),
            Way::InOrder => (ChangeState::NotSent, false),
        };
        assert_eq!((change.state, there), expected, "{what}, write {n}: {:?}", change.message);
        let told = change.message.clone().unwrap_or_default();
        assert!(expected.0 == ChangeState::Confirmed || told.contains("Nothing was changed") || told.contains("not sent"), "{what}, write {n}: {told}");
    }
}

/// Some sets in a company of their own, numbered from `first`.
async fn lap(first: usize, cases: &[Case]) {
    let sets: Vec<Vec<(String, Value)>> = cases.iter().enumerate().map(|(n, case)| calls(first + n, *case)).collect();
    let turns = sets.iter().flat_map(|set| {
        let calls: Vec<(&str, &str, Value)> = set.iter().map(|(id, input)| (id.as_str(), CREATE, input.clone())).collect();
        [Turn::calls(&calls), Turn::text("Done.")]
    });
    let stage = stage(turns.collect()).await;
    for (n, case) in cases.iter().enumerate() {
        one_fails(&stage, first + n, *case).await;
    }
    stage.running.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_whatever_place_a_set_fails_what_is_told_is_exact() {
    let cases = cases();
    let laps: Vec<(usize, Vec<Case>)> = cases.chunks(LAP).enumerate().map(|(n, some)| (n * LAP, some.to_vec())).collect();
    let lanes = (0..LANES).map(|lane| {
        let mine: Vec<_> = laps.iter().skip(lane).step_by(LANES).cloned().collect();
        tokio::spawn(async move {
            for (first, some) in mine {
                lap(first, &some).await;
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
    let all = cases.len();
    let together = cases.iter().filter(|(way, ..)| *way == Way::Together).count();
    let told = format!("{all} of {all} ({together} as one transaction, {} in order)", all - together);
    reached("21", "sets of 2 to 20 writes that fail at one place: every state told as it is", &told);
}
