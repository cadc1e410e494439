#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

type Found = Vec<(String, Vec<u8>)>;

fn decode(pieces: &[&[u8]]) -> Result<Found, TooLarge> {
    let mut decoder = Decoder::new(1_000);
    let mut found = Vec::new();
    for piece in pieces {
        decoder.feed(piece, |event| found.push((String::from_utf8_lossy(event.name).into_owned(), event.data.to_vec())))?;
    }
    Ok(found)
}

fn texts(body: &[u8]) -> Vec<(String, String)> {
    decode(&[body]).unwrap().into_iter().map(|(name, data)| (name, String::from_utf8(data).unwrap())).collect()
}

fn event(name: &str, data: &str) -> (String, String) {
    (name.to_owned(), data.to_owned())
}

#[test]
fn every_kind_of_line_end() {
    for body in [
        &b"event: a\ndata: 1\n\ndata: 2\n\n"[..],
        b"event: a\rdata: 1\r\rdata: 2\r\r",
        b"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n",
        b"event: a\rdata: 1\n\rdata: 2\r\n\n",
    ] {
        assert_eq!(texts(body), [event("a", "1"), event("", "2")], "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn fields_as_the_standard_reads_them() {
    assert_eq!(texts(b"\xEF\xBB\xBFdata: x\n\n"), [event("", "x")]);
    assert_eq!(texts(b": comment\n:\ndata:one\ndata: two\ndata\ndata:  three\n\n"), [event("", "one\ntwo\n\n three")]);
    assert_eq!(texts(b"data\n\n"), [event("", "")]);
    assert_eq!(texts(b"event: nothing\n\ndata: x\n\n"), [event("", "x")]);
    assert_eq!(texts(b"id: 1\nretry: 5\ndatax: 9\n data: 9\ndata: a:b\n\n"), [event("", "a:b")]);
    assert_eq!(texts(b"data: complete\n\ndata: cut off\n"), [event("", "complete")]);
    assert_eq!(texts(b""), []);
}

#[test]
fn what_never_ends_is_refused() {
    assert_eq!(decode(&[&[b'x'; 600], &[b'x'; 600]]), Err(TooLarge));
    let line = [b"data: ".as_slice(), &[b'x'; 400], b"\n"].concat();
    assert_eq!(decode(&[&line, &line, &line]), Err(TooLarge));
}

/// Bytes that are mostly the ones that matter.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        Just(b"data: ".to_vec()),
        Just(b"data".to_vec()),
        Just(b"event: x".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b":".to_vec()),
        Just("é漢🦀".as_bytes().to_vec()),
        Just(BYTE_ORDER_MARK.to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

/// How many bodies: a twentieth, or all where `BC_AGENT_TORTURE` is set.
fn bodies() -> u32 {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { 20_000 } else { 1_000 }
}

#[test]
fn where_the_bytes_are_cut_makes_no_difference() {
    let bodies = bodies();
    let cuts = || proptest::collection::vec(any::<prop::sample::Index>(), 0..8);
    proptest!(ProptestConfig::with_cases(bodies), |(body in body(), cuts in cuts())| {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&body[from..cut]);
            from = cut;
        }
        pieces.push(&body[from..]);
        let single: Vec<&[u8]> = body.chunks(1).collect();
        let whole = decode(&[&body]);
        prop_assert_eq!(&decode(&pieces), &whole);
        prop_assert_eq!(&decode(&single), &whole);
    });
    println!("reliability | 28 | event streams of any bytes, cut anywhere: panics, or other events | 0 of {bodies}");
}
