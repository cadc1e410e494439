//! Colour where it is welcome.

/// Whether a stream takes colour (a terminal, no NO_COLOR, no dumb terminal).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Escape sequences of ECMA-48 (SGR).
    Colour,
    /// Plain text.
    Plain,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Beside the point: thinking, tool calls.
    Dim,
    /// A title.
    Bold,
    /// Done.
    Good,
    /// Look twice.
    Warning,
    /// Failed, or production.
    Bad,
    /// A place that is only for trying.
    Demo,
}

impl Paint {
    /// The sequence that begins a style; empty without colour.
    #[must_use]
    pub const fn begin(self, style: Style) -> &'static str {
        match (self, style) {
            (Self::Plain, _) => "",
            (Self::Colour, Style::Dim) => "\u{1b}[2m",
            (Self::Colour, Style::Bold) => "\u{1b}[1m",
            (Self::Colour, Style::Good) => "\u{1b}[32m",
            (Self::Colour, Style::Warning) => "\u{1b}[33m",
            (Self::Colour, Style::Bad) => "\u{1b}[1;31m",
            (Self::Colour, Style::Demo) => "\u{1b}[36m",
        }
    }

    /// The sequence that ends every style; empty without colour.
    #[must_use]
    pub const fn end(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Colour => "\u{1b}[0m",
        }
    }

    /// The text in a style. The text must be harmless already.
    #[must_use]
    pub fn text(self, style: Style, text: &str) -> String {
        format!("{}{text}{}", self.begin(style), self.end())
    }
}
