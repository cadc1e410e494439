//! What a window shows learns cheaply whether it still holds.

use bca_protocol::{RawJson, ShownResult};
use bca_testkit::{Books, Events};
use serde_json::{Value, json};

use crate::support::{QUERY, Stage, set};

async fn read(stage: &Stage, input: &Value) -> Value {
    let input = RawJson::parse(input.to_string()).unwrap();
    let result = stage.running.app.call_tool(QUERY, input, Events::new()).await.unwrap();
    serde_json::from_str(result.output.as_str()).unwrap()
}

fn shown(key: &str, input: &Value, result: &Value) -> ShownResult {
    ShownResult { key: key.into(), input: RawJson::parse(input.to_string()).unwrap(), as_of: result["as_of"].as_str().unwrap().parse().unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_since_are_counted_by_one_small_read_each_and_read_again() {
    let stage = set(Books::open().await, vec![]).await;
    let ids = stage.books.ids("customers", 2).await;
    let list = json!({"entity": "customers", "filter": "displayName ne 'x' or city eq 'Nowhere'", "top": 3});
    let one = json!({"entity": "customers", "id": ids[0]});
    let totals = json!({"entity": "customers", "aggregate": {"op": "count"}});
    let silent = json!({"entity": "trialBalances", "top": 1});
    let inputs = [("list", &list), ("one", &one), ("totals", &totals), ("silent", &silent)];
    let mut all = Vec::new();
    for (key, input) in inputs {
        all.push(shown(key, input, &read(&stage, input).await));
    }
    let look = async || -> Vec<(String, Option<u64>)> {
        let found = stage.running.app.shown_changes(None, &all).await.unwrap();
        found.into_iter().map(|change| (change.key, change.changed)).collect()
    };
    let told = |list, one, totals| [("list", Some(list)), ("one", Some(one)), ("totals", Some(totals)), ("silent", None)].map(|(key, n)| (key.to_owned(), n));
    assert_eq!(look().await, told(0, 0, 0));
    stage.books.patch(&format!("customers({})", ids[1]), &json!({"city": "Elsewhere"})).await;
    let before = stage.books.requests().len();
    assert_eq!(look().await, told(1, 0, 1));
    let asked: Vec<_> = stage.books.requests().split_off(before);
    assert!(asked.iter().all(|request| request.query.contains("lastModifiedDateTime%20gt")), "{asked:?}");
    // One row for each, but where Business Central would not join the conditions and the engine does.
    assert_eq!((asked.len(), asked.iter().filter(|request| request.query.contains("$top=1&$count=true")).count()), (4, 2), "{asked:?}");
    stage.books.patch(&format!("customers({})", ids[0]), &json!({"city": "Elsewhere"})).await;
    assert_eq!(look().await, told(2, 1, 2));

    let input = RawJson::parse(one.to_string()).unwrap();
    let again: Value = serde_json::from_str(stage.running.app.read_again(None, &input).await.unwrap().as_str()).unwrap();
    assert!(again.get("age").is_none() && again["rows"][0].get("id").is_some(), "{again}");
    assert!(stage.running.app.read_again(None, &RawJson::parse("[]".into()).unwrap()).await.is_err());
    let delete = RawJson::parse(json!({"entity": "nothing"}).to_string()).unwrap();
    assert!(stage.running.app.read_again(None, &delete).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_eight_are_looked_at_and_a_busy_server_is_told() {
    let stage = set(Books::open().await, vec![]).await;
    let input = json!({"entity": "items", "top": 1});
    let result = read(&stage, &input).await;
    let all: Vec<ShownResult> = (0..20).map(|n| shown(&n.to_string(), &input, &result)).collect();
    assert_eq!(stage.running.app.shown_changes(None, &all).await.unwrap().len(), 8);
}
