#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::examples;
use crate::{Catalogue, Method};

/// Each set has examples, they only do what the set allows, and an update or a deletion names a record.
#[test]
fn every_set_has_examples_that_it_allows() {
    for entity in Catalogue::embedded().entities() {
        let examples = examples(entity).unwrap();
        assert!(!examples.is_empty(), "{}", entity.set);
        assert!(examples.iter().any(|example| example.method == "GET" && example.path.contains(&entity.set)) || entity.set == "pictures", "{}", entity.set);
        for example in examples {
            let method = match example.method.as_str() {
                "GET" => Method::Get,
                "POST" => Method::Post,
                "PATCH" => Method::Patch,
                "DELETE" => Method::Delete,
                other => panic!("{other}"),
            };
            assert!((200..205).contains(&example.status), "{}: {}", entity.set, example.title);
            assert_eq!(example.body.is_some(), [201, 200].contains(&example.status) && method != Method::Get, "{}: {}", entity.set, example.title);
            assert!(!matches!(method, Method::Patch | Method::Delete) || example.path.contains('('), "{}: {}", entity.set, example.title);
        }
    }
}
