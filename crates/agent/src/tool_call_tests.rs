use super::*;

#[test]
fn a_long_result_is_cut_between_characters_and_says_so() {
    let text = "æ".repeat(10);
    let cut = bounded(&text, 5);
    assert!(cut.starts_with("ææ\n[cut here: the first 4 of 20 bytes"), "{cut}");
    assert_eq!(bounded(&text, 20), text);
}
