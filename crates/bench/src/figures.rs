//! What was measured, and how it is shown.

use std::fmt::Write as _;

use serde::Serialize;

/// What a figure is to be at most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// So much, in the figure's unit.
    AtMost(f64),
    /// So many times what the plain program beside it takes.
    TimesPlain(f64),
}

/// A unit of measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// Microseconds.
    #[serde(rename = "us")]
    Micros,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Millis,
    /// Bytes divided by four.
    #[serde(rename = "tokens")]
    Tokens,
    /// 1,048,576 bytes.
    #[serde(rename = "MiB")]
    Mebibytes,
    /// Of a hundred.
    #[serde(rename = "percent")]
    Percent,
}

impl Unit {
    fn word(self) -> &'static str {
        match self {
            Self::Micros => "µs",
            Self::Millis => "ms",
            Self::Tokens => "tokens",
            Self::Mebibytes => "MiB",
            Self::Percent => "%",
        }
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::Micros | Self::Tokens => format!("{value:.0} {}", self.word()),
            Self::Millis => format!("{value:.2} {}", self.word()),
            Self::Percent | Self::Mebibytes => format!("{value:.1} {}", self.word()),
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// Which measurement it belongs to.
    pub part: &'static str,
    /// What was measured.
    pub what: String,
    /// In `unit`.
    pub value: f64,
    /// Of `value` and `plain`.
    pub unit: Unit,
    /// The same for the plain program, measured in the same run.
    pub plain: Option<f64>,
    /// What it is to be at most.
    pub goal: Option<Goal>,
}

impl Figure {
    /// A figure without goal or comparison.
    pub fn new(part: &'static str, what: impl Into<String>, value: f64, unit: Unit) -> Self {
        Self { part, what: what.into(), value, unit, plain: None, goal: None }
    }

    /// Beside what the plain program takes.
    pub fn beside(self, plain: f64) -> Self {
        Self { plain: Some(plain), ..self }
    }

    /// With what it is to be at most.
    pub fn goal(self, goal: Goal) -> Self {
        Self { goal: Some(goal), ..self }
    }

    /// Whether the goal is reached; `None` without one.
    pub fn reached(&self) -> Option<bool> {
        match (self.goal?, self.plain) {
            (Goal::AtMost(most), _) => Some(self.value <= most),
            (Goal::TimesPlain(times), Some(plain)) => Some(self.value <= times * plain),
            (Goal::TimesPlain(_), None) => None,
        }
    }

    fn cells(&self) -> [String; 5] {
        let against = self.plain.map_or_else(String::new, |plain| format!("{} ({:.2}x)", self.unit.show(plain), self.value / plain));
        let goal = match self.goal {
            None => String::new(),
            Some(Goal::AtMost(most)) => self.unit.show(most),
            Some(Goal::TimesPlain(times)) => format!("{times}x"),
        };
        let reached = match self.reached() {
            None => "",
            Some(true) => "yes",
            Some(false) => "NO",
        };
        [self.what.clone(), self.unit.show(self.value), against, goal, reached.to_owned()]
    }
}

/// The figures as people read them.
pub fn table(figures: &[Figure]) -> String {
    let head = ["", "measured", "plain", "goal", "reached"].map(str::to_owned);
    let rows: Vec<(&str, [String; 5])> = figures.iter().map(|figure| (figure.part, figure.cells())).collect();
    let mut widths = head.clone().map(|cell| cell.chars().count());
    for (_, cells) in &rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String; 5]| {
        let [what, rest @ ..] = cells;
        let mut line = format!("  {what:width$}", width = widths[0]);
        for (cell, width) in rest.iter().zip(&widths[1..]) {
            // Writing to a string cannot fail.
            let _ = write!(line, "  {cell:>width$}");
        }
        line.trim_end().to_owned() + "\n"
    };
    let (mut text, mut part) = (line(&head), "");
    for (of, cells) in &rows {
        if *of != part {
            part = of;
            let _ = writeln!(text, "{part}");
        }
        text.push_str(&line(cells));
    }
    text
}

/// The value below which so many of a hundred lie. Zero of nothing.
pub fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(index).copied().unwrap_or(0.0)
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
