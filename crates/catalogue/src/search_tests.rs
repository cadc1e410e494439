#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde::Deserialize;

use super::Score;
use crate::Catalogue;

#[derive(Deserialize)]
struct Phrasing {
    words: String,
    expect: Vec<String>,
}

fn phrasings() -> Vec<Phrasing> {
    serde_json::from_str(include_str!("../tests/search_phrasings.json")).unwrap()
}

#[test]
fn everyday_words_find_what_is_meant() {
    let catalogue = Catalogue::get();
    let (mut first, mut third, mut report) = (0, 0, Vec::new());
    let phrasings = phrasings();
    for phrasing in &phrasings {
        let found = catalogue.search(&phrasing.words, 3);
        let sets: Vec<&str> = found.iter().map(|m| m.entity.set.as_str()).collect();
        let fits = |set: &&str| phrasing.expect.iter().any(|e| e == set);
        first += usize::from(sets.first().is_some_and(fits));
        third += usize::from(sets.iter().any(fits));
        if !sets.first().is_some_and(fits) {
            report.push(format!("{} -> {sets:?}", phrasing.words));
        }
    }
    let all = phrasings.len();
    assert!(all >= 60);
    assert!(first * 100 >= all * 90, "first {first} of {all}: {report:#?}");
    assert!(third * 100 >= all * 99, "among three {third} of {all}: {report:#?}");
}

#[test]
fn a_slip_of_the_pen_is_forgiven() {
    let catalogue = Catalogue::get();
    for (wrong, meant) in [("custmer", "customers"), ("suplier", "vendors"), ("invetory", "items")] {
        let found = catalogue.search(wrong, 1);
        assert_eq!(found.first().map(|m| m.entity.set.as_str()), Some(meant), "{wrong}");
    }
}

#[test]
fn nothing_fits_words_about_nothing() {
    let catalogue = Catalogue::get();
    for words in ["", "   ", "xyzzy qwrtp", "the of and", "🙂🙂🙂"] {
        assert!(catalogue.search(words, 5).is_empty(), "{words}");
    }
    assert_eq!(catalogue.search("invoices", 0), vec![]);
    assert!(catalogue.search(&"invoice ".repeat(100_000), 5).len() <= 5);
}

#[test]
fn scores_fall_and_stay_between_nought_and_one() {
    let catalogue = Catalogue::get();
    for phrasing in phrasings() {
        let scores: Vec<u16> = catalogue.search(&phrasing.words, 90).iter().map(|m| m.score.permille()).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b), "{}", phrasing.words);
        assert!(scores.iter().all(|s| *s <= 1000), "{}", phrasing.words);
    }
}

#[test]
fn a_score_is_written_as_a_decimal() {
    for (permille, text) in [(0, "0"), (5, "0.005"), (930, "0.93"), (1000, "1")] {
        assert_eq!(Score(permille).to_string(), text);
    }
}
