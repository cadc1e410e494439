#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[test]
fn words_in_the_database_are_the_words_on_the_wire() {
    for (kind, word, wire) in all_words() {
        assert_eq!(format!("\"{word}\""), wire, "{kind}");
    }
}

#[test]
fn times_keep_their_microseconds() {
    let at: Timestamp = "2026-02-03T04:05:06.123456Z".parse().unwrap();
    let ToSqlOutput::Owned(value) = At(at).to_sql().unwrap() else { panic!("an owned value") };
    assert_eq!(At::column_result(ValueRef::from(&value)).unwrap().0, at);
}
