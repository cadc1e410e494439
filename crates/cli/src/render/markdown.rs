//! Markdown tables, aligned for a screen while the answer streams. Everything else passes through as it comes.

use unicode_width::UnicodeWidthStr;

use super::table::{Side, pad};

/// Holds the rows of a table back until it is whole.
#[derive(Debug, Default)]
pub struct Tables {
    rows: Vec<String>,
    /// The row that streams now.
    row: Option<String>,
    is_mid_line: bool,
}

impl Tables {
    /// Takes a piece of the answer and gives what can be shown now.
    pub fn push(&mut self, piece: &str) -> String {
        let mut shown = String::new();
        for part in piece.split_inclusive('\n') {
            self.part(part, &mut shown);
        }
        shown
    }

    /// A piece of at most one line.
    fn part(&mut self, part: &str, shown: &mut String) {
        let ends = part.ends_with('\n');
        match &mut self.row {
            Some(row) => row.push_str(part),
            None if !self.is_mid_line && part.starts_with('|') => self.row = Some(part.to_owned()),
            None => {
                shown.push_str(&self.flush());
                shown.push_str(part);
                self.is_mid_line = !ends;
            }
        }
        if ends && let Some(row) = self.row.take() {
            self.rows.push(row);
        }
    }

    /// Whether anything is held back.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.row.is_some() || !self.rows.is_empty()
    }

    /// What was held back, at the end of the answer.
    pub fn end(&mut self) -> String {
        self.rows.extend(self.row.take());
        self.is_mid_line = false;
        self.flush()
    }

    fn flush(&mut self) -> String {
        let rows = std::mem::take(&mut self.rows);
        aligned(&rows).unwrap_or_else(|| rows.concat())
    }
}

/// The table; nothing where the rows are none (GitHub Flavored Markdown, section 4.10).
fn aligned(rows: &[String]) -> Option<String> {
    let [head, rule, body @ ..] = rows else { return None };
    let sides: Vec<Side> = cells(rule).iter().map(|cell| side(cell)).collect::<Option<_>>()?;
    let head = cells(head);
    if head.len() != sides.len() {
        return None;
    }
    let body: Vec<Vec<String>> = body.iter().map(|row| cells(row)).collect();
    // A row with more cells than the head has would lose some: shown as it came.
    if body.iter().any(|row| row.len() > sides.len()) {
        return None;
    }
    let widest = |i: usize| body.iter().filter_map(|row| row.get(i)).chain(head.get(i)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..sides.len()).map(widest).collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> =
            sides.iter().zip(&widths).enumerate().map(|(i, (side, width))| pad(cells.get(i).map_or("", String::as_str), *width, *side)).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let rule = widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  ");
    Some(format!("{}{rule}\n{}", line(&head), body.iter().map(|row| line(row)).collect::<String>()))
}

/// The cells of a row; `\\|` is a bar within one.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = row.strip_suffix('|').filter(|rest| !rest.ends_with('\\')).unwrap_or(row);
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut characters = row.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.next_if_eq(&'|').is_some() => cell.push('|'),
            '|' => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}

/// `---`, `:--`, `--:`, `:-:`; nothing for any other cell.
fn side(cell: &str) -> Option<Side> {
    let dashes = cell.trim_start_matches(':').trim_end_matches(':');
    let is_rule = !dashes.is_empty() && dashes.chars().all(|c| c == '-');
    is_rule.then(|| if cell.ends_with(':') && !cell.starts_with(':') { Side::Right } else { Side::Left })
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
