use proptest::prelude::*;

use super::*;

#[test]
fn members_have_two_spellings() {
    for (plain, wire) in [
        ("Open", "Open"),
        (" ", "_x0020_"),
        ("In Review", "In_x0020_Review"),
        ("Expired ", "Expired_x0020_"),
        ("G/L", "G_x002F_L"),
        ("a_b", "a_b"),
        ("_x0020_", "_x005F_x0020_"),
        ("x_xAAAA'", "x_x005F_xAAAA_x0027_"),
        ("_xAAAA", "_xAAAA"),
        ("Übertrag", "_x00DC_bertrag"),
        ("😀", "_xD83D__xDE00_"),
    ] {
        assert_eq!(encode_member(plain), wire);
        assert_eq!(decode_member(wire), plain, "{wire}");
    }
    assert_eq!(decode_member("In_X0020_Review_x12_x"), "In_X0020_Review_x12_x");
    assert_eq!(decode_member("a_x002F_b"), "a/b");
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(plain in any::<String>()) {
        prop_assert_eq!(decode_member(&encode_member(&plain)), plain);
    }

    /// Texts made of what escapes are made of.
    #[test]
    fn what_looks_like_an_escape_decodes_to_the_same(plain in "[_xA0'ä ]{0,16}") {
        prop_assert_eq!(decode_member(&encode_member(&plain)), plain);
    }

    #[test]
    fn the_wire_has_plain_characters_only(plain in any::<String>()) {
        prop_assert!(encode_member(&plain).chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    }
}
