use super::*;

#[test]
fn the_page_holds_one_row_for_each_figure() {
    let page = page(&["15 | races | 1000 of 1000".to_owned(), "20 | overwrites | 0 of 500".to_owned()], Extent::Full, Duration::from_secs(61));
    assert!(page.contains("|---|---|---|\n| 15 | races | 1000 of 1000 |\n| 20 | overwrites | 0 of 500 |\n\n## "), "{page}");
    assert!(page.contains("It took 2 minutes."), "{page}");
    assert!(page.contains(FULL) && !page.contains(TWENTIETH), "{page}");
}

#[test]
fn figures_are_found_wherever_they_stand_and_sorted_by_their_threat() {
    let mut told = told("test a ... reliability | 12 | b | 0 of 5\nok\nreliability | 2 | a | 1\nnothing | 3 | c | 4\n");
    told.sort_by_key(|figure| threat(figure));
    assert_eq!(told, ["2 | a | 1", "12 | b | 0 of 5"]);
}
