#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

/// Reads one line of RFC 4180 back.
fn read(line: &str) -> Vec<String> {
    let line = line.strip_suffix("\r\n").unwrap();
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match (quoted, c) {
            (true, '"') if characters.peek() == Some(&'"') => field.extend(characters.next()),
            (_, '"') => quoted = !quoted,
            (false, ',') => fields.push(std::mem::take(&mut field)),
            (_, c) => field.push(c),
        }
    }
    fields.push(field);
    fields
}

#[test]
fn csv_reads_back_and_starts_no_formula() {
    let texts = ["", "plain", "a,b", "say \"so\"", "two\r\nlines", "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1", "it's"];
    let fields = read(&csv_line(texts.map(str::to_owned)));
    assert_eq!(fields.len(), texts.len());
    for (text, field) in texts.iter().zip(&fields) {
        let is_safe = !field.trim_start().starts_with(['=', '+', '-', '@', '＝']);
        assert!(is_safe && (field == text || *field == format!("'{text}")), "{text:?} became {field:?}");
    }
}
