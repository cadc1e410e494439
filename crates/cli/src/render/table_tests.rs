use super::*;

const COLUMNS: [Column; 2] = [("Name", Side::Left), ("Balance", Side::Right)];

#[test]
fn columns_line_up_by_what_a_terminal_shows() {
    let rows = [vec!["日本".to_owned(), "9.50".to_owned()], vec!["Fjordlys AS".to_owned(), "48210.00".to_owned()]];
    let expected = "Name          Balance\n日本             9.50\nFjordlys AS  48210.00\n";
    assert_eq!(table(&COLUMNS, &rows, Paint::Plain), expected);
}

#[test]
fn a_cell_can_neither_break_the_line_nor_reach_the_terminal() {
    let rows = [vec!["Evil\n\u{1b}[31mCorp".to_owned(), "1".to_owned()]];
    let text = table(&COLUMNS, &rows, Paint::Plain);
    assert!(text.contains("Evil\\u{a}\\u{1b}[31mCorp"), "{text}");
    assert_eq!(text.lines().count(), 2);
}
