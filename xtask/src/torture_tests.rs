use super::*;

#[test]
fn the_page_holds_one_row_for_each_figure() {
    let page = page(&["15 | races | 1000 of 1000".to_owned(), "20 | overwrites | 0 of 500".to_owned()], Extent::Full);
    assert!(page.ends_with("|---|---|---|\n| 15 | races | 1000 of 1000 |\n| 20 | overwrites | 0 of 500 |\n"), "{page}");
    assert!(page.contains(FULL) && !page.contains(TWENTIETH), "{page}");
}
