//! Filters and answers that chance has spoilt: nothing panics, and what is taken means the same when it is written and read again.
//!
//! The same properties as `fuzz/fuzz_targets` hold, with plain random changes of texts that are well-formed, so that no nightly compiler is needed.
//! `cargo xtask torture` runs them at their full figures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bca_bc::{Expand, Filter, Page};
use bca_catalogue::Catalogue;
use bca_protocol::Json;

/// How many texts: a twentieth, or all where `BC_AGENT_TORTURE` is set.
fn rounds(all: u64) -> u64 {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { all } else { all / 20 }
}

fn reached(what: &str, figure: &str) {
    println!("reliability | 28 | {what} | {figure}");
}

/// Numbers that look like chance and are the same each time (xorshift, Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn of<'t>(&mut self, among: &[&'t str]) -> &'t str {
        among[self.below(among.len())]
    }

    /// The text with some of its characters gone, changed, repeated, or with pieces put in.
    fn spoilt(&mut self, text: &str, others: &[&str], pieces: &[&str]) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(4) {
            let (from, to) = (self.below(chars.len() + 1), self.below(chars.len() + 1));
            let (from, to) = (from.min(to), from.max(to));
            match self.below(7) {
                0 => drop(chars.drain(from..to.min(from + 6))),
                1 => drop(chars.splice(from..from, self.of(pieces).chars())),
                2 => drop(chars.splice(from..to.min(from + 3), self.of(pieces).chars())),
                3 => {
                    let again: Vec<char> = chars[from..to].to_vec();
                    drop(chars.splice(to..to, again));
                }
                4 => {
                    let other: Vec<char> = self.of(others).chars().collect();
                    let cut = self.below(other.len() + 1);
                    chars.truncate(from);
                    chars.extend(&other[cut..]);
                }
                5 => chars.truncate(from.max(1)),
                _ if from < chars.len() => chars[from] = char::from_u32(u32::try_from(self.next() % 0x11_0000).unwrap()).unwrap_or('\u{fffd}'),
                _ => chars.insert(0, '('),
            }
            chars.truncate(4_000);
        }
        chars.into_iter().collect()
    }
}

const FILTERS: &[&str] = &[
    "balanceDue gt 1000 and contains(displayName,'AS')",
    "city in ('Oslo','Bergen','Troms\u{f8}') or blocked eq 'All'",
    "tolower(displayName) eq 'o''brien' and (number ge '10000' or number lt '2')",
    "lastModifiedDateTime ge 2026-01-01T00:00:00.5Z and taxLiable",
    "postingDate ge 2026-01-01 and postingDate lt 2026-02-01 and 100.50 lt debitAmount",
    "customerId eq 5d115c9c-44e3-ea11-bb43-000d3a2feca1 and status ne 'Draft'",
    "startswith(toupper(name),'A') and endswith(name,'Z') or dueDate eq null",
    "salesInvoiceLines($select=quantity;$filter=quantity gt 0;$top=5),customer",
];
const FILTER_PIECES: &[&str] = &[
    "(",
    ")",
    "'",
    "''",
    ",",
    " and ",
    " or ",
    " not ",
    " eq ",
    " in ",
    "null",
    "true",
    "-",
    "1e9",
    "any(x:x/y)",
    "\u{0}",
    "%27",
    "2026-13-45",
    "$",
    "\u{202e}",
];

const ANSWERS: &[&str] = &[
    r#"{"@odata.context":"https://x/$metadata#companies(1)/customers","@odata.count":2,"value":[{"@odata.etag":"W/\"JzE5\"","id":"5d115c9c-44e3-ea11-bb43-000d3a2feca1","number":"10000","balanceDue":1234.50,"blocked":"_x0020_","taxLiable":true,"note":null},{"id":"x","balanceDue":-0.000001}]}"#,
    r#"{"value":[{"number":"1","lines":[{"quantity":1e3,"text":"\u00e6\ud83d\ude00\n"}],"address":{"city":"Oslo"}}],"@odata.nextLink":"https://x/customers?$skiptoken=abc"}"#,
    r#"{"value":[]}"#,
    r#"[[[[{"a":[{"b":{}}]}]]],9223372036854775808,0.1,1E-7,"",false]"#,
];
const ANSWER_PIECES: &[&str] =
    &["{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\ud800", "null", "tru", "-", "1e999", "01", "\u{0}", "\u{feff}", "\"value\":", "[[[[[[[["];

#[test]
fn no_spoilt_filter_upsets_the_reader() {
    let (tried, mut taken, mut chance) = (rounds(200_000), 0_u64, Chance(0x9E37_79B9_7F4A_7C15));
    let sets: Vec<_> = ["customers", "salesInvoices", "generalLedgerEntries"].map(|set| Catalogue::embedded().find(set).unwrap()).into();
    for _ in 0..tried {
        let start = chance.of(FILTERS);
        let text = chance.spoilt(start, FILTERS, FILTER_PIECES);
        drop(Expand::parse_list(&text));
        let Ok(filter) = Filter::parse(&text) else { continue };
        taken += 1;
        assert_eq!(Filter::parse(&filter.to_string()).as_ref(), Ok(&filter), "{text:?}");
        for entity in &sets {
            if let Ok(checked) = filter.clone().checked(entity) {
                assert_eq!(Filter::parse(&checked.to_string()).and_then(|again| again.checked(entity)).as_ref(), Ok(&checked), "{text:?}");
            }
        }
    }
    assert!(taken > tried / 100 && taken < tried, "{taken} of {tried}: some are readable, some are not");
    reached("spoilt filters: panics, or another meaning when written and read again", &format!("0 of {tried} ({taken} were readable)"));
}

#[test]
fn no_spoilt_answer_upsets_the_reader() {
    let (tried, mut taken, mut chance) = (rounds(200_000), 0_u64, Chance(0xD1B5_4A32_D192_ED03));
    for _ in 0..tried {
        let start = chance.of(ANSWERS);
        let text = chance.spoilt(start, ANSWERS, ANSWER_PIECES);
        if let Ok(tree) = Json::parse(&text) {
            assert_eq!(Json::parse(&tree.to_string()).as_ref(), Ok(&tree), "{text:?}");
        }
        let Ok(page) = Page::parse(&text) else { continue };
        taken += 1;
        for row in page.rows {
            assert_eq!(Json::parse(row.raw().as_str()).as_ref(), Ok(&row.json), "{text:?}");
        }
    }
    assert!(taken > tried / 100 && taken < tried, "{taken} of {tried}: some are readable, some are not");
    reached("spoilt answers: panics, or other rows when written and read again", &format!("0 of {tried} ({taken} were readable)"));
}
