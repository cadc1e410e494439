#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::{decode_member, encode_member, from_stored, to_stored, write_decimal, write_string};

#[test]
fn members_are_encoded_as_the_wire_shows_them() {
    for (member, encoded) in
        [(" ", "_x0020_"), ("In Review", "In_x0020_Review"), ("Expired ", "Expired_x0020_"), ("Post Code+City", "Post_x0020_Code_x002B_City"), ("Open", "Open")]
    {
        assert_eq!(encode_member(member), encoded);
        assert_eq!(decode_member(encoded), member);
        assert_eq!(decode_member(member), member);
    }
    assert_eq!(decode_member("_x00"), "_x00");
    assert_eq!(decode_member("_xd800_"), "_xd800_");
}

#[test]
fn decimals_lose_their_trailing_zeros() {
    for (stored, shown) in [(0, "0"), (100_000, "1"), (150_000, "1.5"), (-1, "-0.00001"), (-150_000, "-1.5"), (123_456_789, "1234.56789")] {
        let mut out = String::new();
        write_decimal(stored, &mut out);
        assert_eq!(out, shown);
    }
    assert_eq!(to_stored("99999999999999999999".parse().unwrap()), None);
    assert_eq!(to_stored("0.000005".parse().unwrap()), Some(1));
}

proptest! {
    #[test]
    fn a_stored_decimal_reads_back(stored in any::<i64>()) {
        let mut out = String::new();
        write_decimal(stored, &mut out);
        prop_assert_eq!(to_stored(out.parse().unwrap()), Some(stored));
        prop_assert_eq!(to_stored(from_stored(stored)), Some(stored));
    }

    #[test]
    fn a_string_reads_back(text in ".*") {
        let mut out = String::new();
        write_string(&text, &mut out);
        prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }

    #[test]
    fn a_member_reads_back(member in "[A-Za-z0-9 .+()/-]{0,12}") {
        prop_assert_eq!(decode_member(&encode_member(&member)), member);
    }

    #[test]
    fn decoding_never_fails(text in ".*") {
        decode_member(&text);
    }
}
