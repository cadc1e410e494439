//! Batches against the demo company: what is reported is what stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bca_approval::{CanonicalRequest, Method};
use tokio_util::sync::CancellationToken;

use crate::{
    BatchRead, BcError, Isolation, Query, RecordPath, SetPath, Together, WriteAnswer, WriteError, company_tests::Demo, filter::Filter, script::permit,
};

fn create(demo: &Demo, name: &str) -> CanonicalRequest {
    request(demo, Method::Post, "customers", None, Some(&format!(r#"{{"displayName":"{name}"}}"#)))
}

fn request(demo: &Demo, method: Method, path: &str, if_match: Option<&str>, body: Option<&str>) -> CanonicalRequest {
    CanonicalRequest { target: demo.client.target().clone(), method, path: path.into(), if_match: if_match.map(str::to_owned), body: body.map(str::to_owned) }
}

async fn send(demo: &Demo, requests: &[CanonicalRequest], isolation: Isolation) -> Vec<Result<WriteAnswer, WriteError>> {
    let mut writes = Vec::new();
    for request in requests {
        writes.push((permit(request).await, request));
    }
    demo.client.write_batch(writes, isolation, &CancellationToken::new()).await
}

async fn named(demo: &Demo, start: &str) -> Vec<String> {
    let mut query = Query::of(SetPath::of("customers").unwrap()).filtered(Filter::parse(&format!("startswith(displayName,'{start}')")).unwrap());
    query.select = vec!["displayName".into()];
    let mut names: Vec<String> =
        demo.client.query(&query, &demo.cancel).await.unwrap().rows.iter().map(|row| row.text("displayName").unwrap().to_owned()).collect();
    names.sort();
    names
}

/// Each place of a set fails once, with and without a snapshot.
#[tokio::test]
async fn at_whatever_place_a_set_fails_the_report_is_exact() {
    let demo = Demo::new(&[]).await;
    for isolation in [Isolation::Snapshot, Isolation::Separate] {
        for failing in 0..5 {
            let start = format!("{isolation:?} {failing} ");
            let requests: Vec<CanonicalRequest> = (0..5)
                .map(|n| if n == failing { request(&demo, Method::Post, "customers", None, Some("{}")) } else { create(&demo, &format!("{start}{n}")) })
                .collect();
            let outcomes = send(&demo, &requests, isolation).await;
            let stands = named(&demo, &start).await;
            for (n, outcome) in outcomes.iter().enumerate() {
                let there = stands.contains(&format!("{start}{n}"));
                match outcome {
                    Ok(_) => assert!(there && isolation == Isolation::Separate, "{start}{n}"),
                    Err(WriteError::Refused(BcError::Together(Together::RolledBack { failed }))) => {
                        assert!(!there && *failed == failing + 1 && isolation == Isolation::Snapshot, "{start}{n}");
                    }
                    Err(WriteError::Refused(BcError::Refused { .. })) => assert_eq!(n, failing),
                    other => panic!("{start}{n}: {other:?}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_batch_that_breaks_off_is_unknown_whether_it_was_carried_out_or_not() {
    for (fault, made) in [("customers:POST:2:drop-before-commit", 0), ("customers:POST:2:drop-after-commit", 2)] {
        let demo = Demo::new(&[fault]).await;
        let outcomes = send(&demo, &[create(&demo, "Broken 1"), create(&demo, "Broken 2")], Isolation::Snapshot).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(WriteError::Unknown(_)))), "{outcomes:?}");
        let there = named(&demo, "Broken").await.len();
        assert!(there == made || there == 0, "{there}");
        assert_eq!(demo.sent("POST"), 1, "a batch is never sent again");
    }
}

#[tokio::test]
async fn changes_and_deletions_go_together_too() {
    let demo = Demo::new(&[]).await;
    let made = send(&demo, &[create(&demo, "Pair one"), create(&demo, "Pair two")], Isolation::Snapshot).await;
    let records: Vec<_> = made.into_iter().map(|outcome| outcome.unwrap().record.unwrap()).collect();
    let path = |n: usize| format!("customers({})", records[n].id().unwrap());
    let tag = |n: usize| records[n].etag.as_deref();
    let change = request(&demo, Method::Patch, &path(0), tag(0), Some(r#"{"displayName":"Pair three"}"#));
    let delete = request(&demo, Method::Delete, &path(1), tag(1), None);
    let stale = request(&demo, Method::Patch, &path(0), Some("W/\"JzE7Jw==\""), Some(r#"{"displayName":"Pair four"}"#));

    let outcomes = send(&demo, &[change.clone(), delete.clone(), stale], Isolation::Snapshot).await;
    assert!(matches!(outcomes[0], Err(WriteError::Refused(BcError::Together(_)))), "{outcomes:?}");
    assert!(matches!(outcomes[1], Err(WriteError::Refused(BcError::Together(_)))), "{outcomes:?}");
    assert!(matches!(outcomes[2], Err(WriteError::Changed(_))), "{outcomes:?}");
    assert_eq!(named(&demo, "Pair").await, ["Pair one", "Pair two"]);

    let outcomes = send(&demo, &[change, delete], Isolation::Snapshot).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(named(&demo, "Pair").await, ["Pair three"]);
}

#[tokio::test]
async fn a_hundred_reads_come_back_in_order() {
    let demo = Demo::new(&[]).await;
    let all = demo.client.query(&Query::of(SetPath::of("items").unwrap()), &demo.cancel).await.unwrap().rows;
    let reads: Vec<BatchRead> = (0..100)
        .map(|n| {
            let item = &all[n % all.len()];
            match n % 2 {
                0 => BatchRead::One { path: RecordPath::of("items", item.id().unwrap()).unwrap(), select: Vec::new(), expand: Vec::new() },
                _ => {
                    let filter = format!("number eq '{}'", item.text("number").unwrap());
                    BatchRead::Rows(Query::of(SetPath::of("items").unwrap()).filtered(Filter::parse(&filter).unwrap()))
                }
            }
        })
        .collect();
    let results = demo.client.batch(&reads, &demo.cancel).await.unwrap();
    for (n, result) in results.iter().enumerate() {
        assert_eq!(result.as_ref().unwrap().rows[0].id(), all[n % all.len()].id(), "{n}");
    }
    assert_eq!(demo.sent("POST"), 5);
}
