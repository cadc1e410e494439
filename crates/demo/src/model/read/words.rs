//! A message as words: punctuation stands alone, numbers, e-mail addresses and quoted text stay whole, and every word
//! remembers where it was, so that a value can be given back exactly as the person wrote it.

/// One word, number, quoted text or punctuation mark.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    /// As written, without quotes.
    pub(crate) text: String,
    /// In lower case, for comparison with the vocabulary.
    pub(crate) low: String,
    pub(crate) quoted: bool,
    start: usize,
    end: usize,
}

/// A message with its words.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    source: String,
    pub(crate) list: Vec<Word>,
}

impl Words {
    /// Splits a message.
    pub(crate) fn of(source: &str) -> Self {
        let mut list = Vec::new();
        let chars: Vec<(usize, char)> = source.char_indices().collect();
        let end_of = |index: usize| chars.get(index).map_or(source.len(), |(at, _)| *at);
        let mut index = 0;
        while let Some(&(start, first)) = chars.get(index) {
            if first.is_whitespace() {
                index += 1;
                continue;
            }
            if let Some(length) = quoted(&chars[index..], index == 0 || !chars[index - 1].1.is_alphanumeric()) {
                let text = &source[end_of(index + 1)..end_of(index + length - 1)];
                list.push(word(text, true, start, end_of(index + length)));
                index += length;
                continue;
            }
            let length = if stands_alone(first) { 1 } else { word_length(&chars[index..]) };
            let end = end_of(index + length);
            split_possessive(&source[start..end], start, &mut list);
            index += length;
        }
        Self { source: source.to_owned(), list }
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The lower-case form of a word, empty beyond the end and for quoted text, which is never a keyword.
    pub(crate) fn low(&self, index: usize) -> &str {
        match self.list.get(index) {
            Some(word) if !word.quoted => &word.low,
            _ => "",
        }
    }

    /// The words of a range as the person wrote them, without separators at either end.
    pub(crate) fn slice(&self, from: usize, to: usize) -> String {
        let (from, to) = self.trim(from, to);
        match (self.list.get(from), to.checked_sub(1).and_then(|last| self.list.get(last))) {
            (Some(only), Some(_)) if to == from + 1 => only.text.clone(),
            (Some(first), Some(last)) if from < to => self.source[first.start..last.end].trim().to_owned(),
            _ => String::new(),
        }
    }

    /// The range without separators and joining words at either end.
    pub(crate) fn trim(&self, mut from: usize, mut to: usize) -> (usize, usize) {
        to = to.min(self.len());
        let joins = |low: &str| matches!(low, "and" | "with" | "plus" | "please" | "its" | "their" | "also" | "then" | "has" | "the");
        let separates = |index: usize| {
            let word = &self.list[index];
            !word.quoted && (matches!(word.low.as_str(), "," | ";" | "." | ":" | "?" | "!" | "(" | ")" | "=") || joins(&word.low))
        };
        while from < to && separates(from) {
            from += 1;
        }
        let article = |index: usize| matches!(self.list[index].text.as_str(), "a" | "an");
        while to > from && (separates(to - 1) || to > from + 1 && article(to - 1)) {
            to -= 1;
        }
        (from, to)
    }

    /// Whether the words from `index` on are these.
    pub(crate) fn starts_at(&self, index: usize, phrase: &[&str]) -> bool {
        phrase.iter().enumerate().all(|(offset, expected)| self.low(index + offset) == *expected)
    }

    /// Where a phrase first stands at or after `from`.
    pub(crate) fn find(&self, from: usize, phrase: &[&str]) -> Option<usize> {
        (from..self.len()).find(|index| self.starts_at(*index, phrase))
    }

    /// Whether the word is one of these.
    pub(crate) fn is(&self, index: usize, any: &[&str]) -> bool {
        any.contains(&self.low(index)) && !self.low(index).is_empty()
    }

    /// Whether the word begins with a capital letter.
    pub(crate) fn capital(&self, index: usize) -> bool {
        self.list.get(index).is_some_and(|word| word.quoted || word.text.chars().next().is_some_and(char::is_uppercase))
    }
}

fn word(text: &str, quoted: bool, start: usize, end: usize) -> Word {
    Word { text: text.to_owned(), low: text.to_lowercase(), quoted, start, end }
}

fn stands_alone(first: char) -> bool {
    matches!(first, ',' | ';' | ':' | '?' | '!' | '(' | ')' | '=' | '"' | '“' | '”' | '\n' | '<' | '>')
}

/// The length in characters of a quoted text at the start, quotes included.
fn quoted(chars: &[(usize, char)], at_word_start: bool) -> Option<usize> {
    let close = match chars.first()?.1 {
        '"' => '"',
        '“' => '”',
        '\'' if at_word_start => '\'',
        _ => return None,
    };
    let inner = chars.iter().skip(1).take(200).position(|(_, c)| *c == close)?;
    let followed = chars.get(inner + 2).map(|(_, c)| *c);
    (inner > 0 && (close != '\'' || followed.is_none_or(|c| !c.is_alphanumeric()))).then_some(inner + 2)
}

/// How far a word reaches: a mark inside it belongs to it only between two characters that are no space.
fn word_length(chars: &[(usize, char)]) -> usize {
    let mut length = 1;
    while let Some(&(_, c)) = chars.get(length) {
        let next = chars.get(length + 1).map(|(_, next)| *next);
        let previous = chars[length - 1].1;
        let inside = match c {
            c if c.is_whitespace() => false,
            ',' => previous.is_ascii_digit() && next.is_some_and(|n| n.is_ascii_digit()),
            '.' => next.is_some_and(|n| n.is_alphanumeric()),
            ':' => next.is_some_and(|n| n == '/' || n.is_ascii_digit()) && !previous.is_whitespace(),
            '=' | '?' => chars.iter().take(length).any(|(_, c)| *c == '/'),
            '<' | '>' | ';' | '!' | '(' | ')' | '"' | '“' | '”' => false,
            _ => true,
        };
        if !inside {
            break;
        }
        length += 1;
    }
    length
}

fn split_possessive(text: &str, start: usize, list: &mut Vec<Word>) {
    for suffix in ["'s", "’s", "'S"] {
        if let Some(stem) = text.strip_suffix(suffix).filter(|stem| !stem.is_empty()) {
            let middle = start + stem.len();
            list.push(word(stem, false, start, middle));
            list.push(Word { low: "'s".to_owned(), ..word(suffix, false, middle, start + text.len()) });
            return;
        }
    }
    list.push(word(text, false, start, start + text.len()));
}

/// A word without its plural ending, good enough to compare "lamps" with "Lamp".
pub(crate) fn stem(word: &str) -> String {
    let low = word.to_lowercase();
    let cut = |ending: &str, keep: usize| low.len() > keep + ending.len() && low.ends_with(ending);
    if cut("ies", 2) {
        format!("{}y", &low[..low.len() - 3])
    } else if ["ches", "shes", "xes", "sses", "zes"].iter().any(|ending| cut(ending, 1)) {
        low[..low.len() - 2].to_owned()
    } else if cut("s", 2) && !low.ends_with("ss") {
        low[..low.len() - 1].to_owned()
    } else {
        low
    }
}
