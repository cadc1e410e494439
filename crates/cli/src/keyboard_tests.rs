#![allow(clippy::unwrap_used)]
use super::*;

fn lines_of(input: &[u8]) -> Vec<String> {
    let (sender, mut receiver) = unbounded_channel();
    read_lines(input, &sender);
    drop(sender);
    std::iter::from_fn(|| receiver.blocking_recv()).map(|line| line.text).collect()
}

#[test]
fn lines_come_without_their_breaks_and_the_last_needs_none() {
    assert_eq!(lines_of(b"one\r\n\ntwo"), ["one", "", "two"]);
    assert!(lines_of(b"").is_empty());
}

#[test]
fn a_line_without_end_comes_in_bounded_pieces() {
    let lines = lines_of(&vec![b'x'; 2 * 1024 * 1024 + 5]);
    assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [1024 * 1024, 1024 * 1024, 5]);
}
