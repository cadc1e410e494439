#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use crate::{decode_member, encode_member};

#[test]
fn members_of_enumerations_have_two_spellings() {
    for (plain, wire) in [("In Review", "In_x0020_Review"), (" ", "_x0020_"), ("Expired ", "Expired_x0020_"), ("Open", "Open"), ("Größe", "Gr_x00F6__x00DF_e")]
    {
        assert_eq!(encode_member(plain), wire);
        assert_eq!(decode_member(wire), plain);
        assert_eq!(decode_member(plain), plain);
    }
    for odd in ["_x", "_xzzzz_", "_x0020", "_x+020_", "a_x00é0_", "_xd800_"] {
        assert_eq!(decode_member(odd), odd);
    }
}
