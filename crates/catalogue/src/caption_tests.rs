#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{derive, split};

#[test]
fn a_caption_reads_like_a_sentence_without_the_technical_ending() {
    for (name, caption) in [
        ("paymentTermsId", "Payment terms"),
        ("customerNumber", "Customer number"),
        ("amountLCY", "Amount LCY"),
        ("addressLine1", "Address line 1"),
        ("id", "Id"),
        ("period2Amount", "Period 2 amount"),
        ("dateFilter_FilterOnly", "Date filter filter only"),
        ("defaultVATProductPostingGroup", "Default VAT product posting group"),
        ("", ""),
    ] {
        assert_eq!(derive(name), caption, "{name}");
    }
}

#[test]
fn names_split_at_capitals_and_digits() {
    assert_eq!(split("irs1099Code"), ["irs", "1099", "Code"]);
    assert_eq!(split("PDFDocument"), ["PDF", "Document"]);
}
