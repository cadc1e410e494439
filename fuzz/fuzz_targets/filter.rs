//! The filter parser: no text upsets it, and what it takes means the same when it is written and read again.
#![no_main]

use bca_bc::{Expand, Filter};
use bca_catalogue::Catalogue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Expand::parse_list(text);
    let Ok(filter) = Filter::parse(text) else { return };
    assert_eq!(Filter::parse(&filter.to_string()).as_ref(), Ok(&filter), "{filter}");
    for set in ["customers", "salesInvoices", "generalLedgerEntries"] {
        let Some(entity) = Catalogue::get().find(set) else { continue };
        if let Ok(checked) = filter.clone().checked(entity) {
            assert_eq!(Filter::parse(&checked.to_string()).and_then(|again| again.checked(entity)).as_ref(), Ok(&checked), "{checked}");
        }
    }
});
