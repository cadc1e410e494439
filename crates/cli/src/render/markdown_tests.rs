use proptest::prelude::*;

use super::*;

const ANSWER: &str = "Two rows:\n\n| name | balance |\n|---|---:|\n| Fjordlys AS | 9.50 |\n| A \\| B | 48210.00 |\n\nThat is all, a | b.\n";
const SHOWN: &str = "Two rows:\n\nname          balance\n───────────  ────────\nFjordlys AS      9.50\nA | B        48210.00\n\nThat is all, a | b.\n";

fn shown(pieces: &[&str]) -> String {
    let mut tables = Tables::default();
    let mut text: String = pieces.iter().map(|piece| tables.push(piece)).collect();
    text.push_str(&tables.end());
    text
}

#[test]
fn a_table_is_aligned_and_everything_else_stays() {
    assert_eq!(shown(&[ANSWER]), SHOWN);
}

#[test]
fn a_table_at_the_very_end_is_shown_whole() {
    assert_eq!(shown(&["| a | b |\n|---|---|\n| 1 | 2 |"]), "a  b\n─  ─\n1  2\n");
}

#[test]
fn bars_that_make_no_table_stay_as_they_are() {
    for text in ["| not a table\n", "|a|b|\n|1|2|\n", "| a |\n|---|---|\n", "|", "||\n||\n", "|a|\n|-|\n|b|a|\n"] {
        assert_eq!(shown(&[text]), text);
    }
}

proptest! {
    #[test]
    fn it_does_not_matter_where_the_stream_is_cut(cuts in proptest::collection::vec(0..ANSWER.len(), 0..12)) {
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| ANSWER.is_char_boundary(*cut)).chain([0, ANSWER.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<&str> = cuts.windows(2).map(|pair| &ANSWER[pair[0]..pair[1]]).filter(|piece| !piece.is_empty()).collect();
        prop_assert_eq!(shown(&pieces), SHOWN);
    }

    #[test]
    fn any_text_comes_through(text in "[ab| \\\\:\n-]{0,80}") {
        let letters = |text: &str| text.chars().filter(|c| matches!(c, 'a' | 'b')).count();
        prop_assert_eq!(letters(&shown(&[&text])), letters(&text));
    }
}
