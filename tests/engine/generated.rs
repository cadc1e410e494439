//! Requests of any shape: what a person is shown is what leaves, byte for byte.

use bca_protocol::{ApprovalRequest, ReviewVerdict};
use bca_testkit::{Books, Chance, Turn, reached, rounds};
use serde_json::{Value, json};

use crate::support::{CREATE, Stage, UPDATE, set};

/// Requests of one company: the log of what it saw is bounded.
const LAP: usize = 1_000;

/// Apps that write beside each other: each keeps within the requests that Business Central takes from one person in a minute.
const LANES: usize = 8;

/// Any text, also with what can't be seen or what JSON has to escape.
fn some_text(chance: &mut Chance) -> String {
    const PIECES: [&str; 16] =
        ["Fjord", " ", "Æ", "\"", "\\", "\u{202e}", "'", "東京", "\u{1f600}", "a\u{301}", "/", "</script>", "{result:x}", "0", "\u{200b}", "\u{e0041}"];
    (0..=chance.below(6)).map(|_| chance.of(&PIECES)).collect::<String>() + "x"
}

fn some_request(chance: &mut Chance, id: &str) -> (&'static str, Value) {
    let mut data = json!({"displayName": some_text(chance)});
    if chance.below(2) == 0 {
        data["city"] = json!(some_text(chance));
    }
    if chance.below(2) == 0 {
        data["creditLimit"] = serde_json::from_str(&format!("{}.{}", chance.below(10_000_000), chance.below(100))).unwrap();
    }
    if chance.below(2) == 0 { (CREATE, json!({"entity": "customers", "data": data})) } else { (UPDATE, json!({"entity": "customers", "id": id, "data": data})) }
}

/// Requests that were shown and that left, and characters in them that can't be seen.
#[derive(Default)]
struct Counted {
    shown: usize,
    sent: usize,
    hidden: usize,
}

impl Counted {
    fn add(&mut self, more: &Self) {
        self.shown += more.shown;
        self.sent += more.sent;
        self.hidden += more.hidden;
    }
}

/// The bodies that left, in order, also those inside of a batch, and their versions.
fn left(stage: &Stage, before: usize) -> Vec<(String, Option<String>, String)> {
    let mut left = Vec::new();
    for write in stage.books.writes().drain(before..) {
        if !write.path.ends_with("$batch") {
            left.push((write.method, write.if_match, write.body));
            continue;
        }
        let batch: std::collections::HashMap<&str, Vec<Box<serde_json::value::RawValue>>> = serde_json::from_str(&write.body).unwrap();
        for item in &batch["requests"] {
            #[derive(serde::Deserialize)]
            struct Item<'a> {
                method: String,
                #[serde(borrow)]
                body: &'a serde_json::value::RawValue,
                headers: std::collections::HashMap<String, String>,
            }
            let item: Item<'_> = serde_json::from_str(item.get()).unwrap();
            let if_match = item.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("if-match")).map(|(_, value)| value.clone());
            left.push((item.method, if_match, item.body.get().to_owned()));
        }
    }
    left
}

/// Each value that is shown is the one in the bytes.
fn shows_its_bytes(question: &ApprovalRequest) {
    for shown in &question.changes {
        let body: Value = serde_json::from_str(shown.body.as_ref().unwrap()).unwrap();
        for field in shown.fields.iter().filter(|field| field.after_label.is_none()) {
            let value = &body[&field.name];
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let number = |text: &str| text.parse::<f64>().ok();
            let after = field.after.as_deref().unwrap();
            assert!(after == text || number(after).is_some() && number(after) == number(&text), "{after} is shown, {text} is sent");
        }
        let sent: Vec<&String> = body.as_object().unwrap().keys().filter(|name| !shown.fields.iter().any(|field| field.name == **name)).collect();
        assert!(sent.is_empty(), "{sent:?} would be sent and are not shown");
    }
}

/// How many of the values hold what can't be seen; each of them is pointed out, character by character.
fn pointed_out(question: &ApprovalRequest) -> usize {
    const HIDDEN: [(char, &str); 3] = [('\u{202e}', "U+202E"), ('\u{200b}', "U+200B"), ('\u{e0041}', "U+E0041")];
    let mut found = 0;
    for shown in &question.changes {
        for field in &shown.fields {
            for (hidden, name) in HIDDEN.iter().filter(|(hidden, _)| field.after.as_ref().is_some_and(|after| after.contains(*hidden))) {
                assert!(shown.notes.iter().any(|note| note.text.contains("can't be seen") && note.text.contains(name)), "{hidden:?}: {:?}", shown.notes);
                found += 1;
            }
        }
    }
    found
}

/// Sets of any size up to 30, so that some go as one request and some in order.
async fn lap(chance: &mut Chance, wanted: usize) -> Counted {
    let books = Books::open().await;
    // Everybody changes a record of their own: the sets are about bytes, not about versions.
    let mut ids = Vec::new();
    for n in 0..30 {
        ids.push(books.create("customers", &json!({"displayName": format!("Of many names {n}")})).await);
    }
    let mut sizes = Vec::new();
    while sizes.iter().sum::<usize>() < wanted {
        sizes.push(1 + usize::try_from(chance.below(30)).unwrap());
    }
    let names: Vec<String> = (0..30).map(|n| format!("call_{n}")).collect();
    let turns = sizes
        .iter()
        .flat_map(|size| {
            let calls: Vec<(&str, &str, Value)> = names
                .iter()
                .zip(&ids)
                .take(*size)
                .map(|(name, id)| {
                    let (tool, input) = some_request(chance, id);
                    (name.as_str(), tool, input)
                })
                .collect();
            [Turn::calls(&calls), Turn::text("Done.")]
        })
        .collect();
    let stage = set(books, turns).await;
    let mut counted = Counted::default();
    for size in sizes {
        let before = stage.books.writes().len();
        let (run, _, question) = stage.asked().await;
        shows_its_bytes(&question);
        counted.hidden += pointed_out(&question);
        stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
        run.done.await.unwrap();
        let left = left(&stage, before);
        for ((method, if_match, body), shown) in left.iter().zip(&question.changes) {
            assert_eq!((Some(body), if_match.as_ref(), method), (shown.body.as_ref(), shown.if_match.as_ref(), &shown.method));
        }
        assert!(left.len() <= question.changes.len() && question.changes.len() <= size);
        counted.shown += question.changes.len();
        counted.sent += left.len();
    }
    stage.running.app.stop().await;
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_what_is_sent_whatever_it_is() {
    let all = rounds(10_000);
    let lanes = (0..LANES).map(|lane| {
        tokio::spawn(async move {
            let (mut chance, wanted) = (Chance::new(0x1234_5678_9abc_def1 ^ (lane as u64 + 1)), all.div_ceil(LANES));
            let mut sum = Counted::default();
            while sum.sent < wanted {
                let more = lap(&mut chance, LAP.min(wanted - sum.sent)).await;
                assert!(more.sent > 0, "nothing leaves any more");
                sum.add(&more);
            }
            sum
        })
    });
    let mut sum = Counted::default();
    for lane in lanes.collect::<Vec<_>>() {
        sum.add(&lane.await.unwrap());
    }
    let Counted { shown, sent, hidden } = sum;
    assert!(sent >= all && hidden > 0);
    reached(
        "12",
        "generated requests: what left is what was shown, byte for byte",
        &format!("{sent} of {sent} (and {} shown that did not leave)", shown - sent),
    );
    reached("13", "characters in them that can't be seen: pointed out one by one", &format!("{hidden} of {hidden}"));
}
