//! The reader of answers: no text upsets it, and rows come out as valid JSON that reads back the same.
#![no_main]

use bca_bc::Page;
use bca_protocol::Json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(tree) = Json::parse(text) {
        assert_eq!(Json::parse(&tree.to_string()).as_ref(), Ok(&tree));
    }
    let Ok(page) = Page::parse(text) else { return };
    for row in page.rows {
        assert_eq!(Json::parse(row.raw().as_str()).as_ref(), Ok(&row.json));
    }
});
