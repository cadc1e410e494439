//! Lists as aligned tables.

use unicode_width::UnicodeWidthStr;

use super::words::value;
use crate::paint::{Paint, Style};

/// On which side a column's values stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Text.
    Left,
    /// Figures.
    Right,
}

/// A column's heading with its side.
pub type Column = (&'static str, Side);

/// The rows below their headings, two spaces apart. Cells are made harmless here, so that no caller can forget it.
#[must_use]
pub fn table(columns: &[Column], rows: &[Vec<String>], paint: Paint) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| value(cell)).collect()).collect();
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(i, (title, _))| rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.width()).max().unwrap_or(0).max(title.width()))
        .collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(columns).zip(&widths).map(|((cell, (_, side)), width)| pad(cell, *width, *side));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let titles: Vec<String> = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
    let mut text = paint.text(Style::Bold, &line(&titles));
    for row in &rows {
        text.push('\n');
        text.push_str(&line(row));
    }
    text.push('\n');
    text
}

/// The text filled up to `width` columns of a terminal.
#[must_use]
pub fn pad(text: &str, width: usize, side: Side) -> String {
    let blanks = " ".repeat(width.saturating_sub(text.width()));
    match side {
        Side::Left => format!("{text}{blanks}"),
        Side::Right => format!("{blanks}{text}"),
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
