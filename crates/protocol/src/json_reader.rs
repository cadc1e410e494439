//! Reads JSON in one pass: pages of records are most of what the engine reads.

use std::collections::HashSet;

use crate::json::{Json, JsonError, MAX_DEPTH};

/// Objects with more members than this look for repeated names in a set; below, comparing is quicker.
const MANY: usize = 64;

/// Reads a whole text; nothing but blanks may follow the value.
pub(crate) fn read(text: &str) -> Result<Json, JsonError> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    reader.blanks();
    let value = reader.value(0)?;
    reader.blanks();
    if reader.at == reader.bytes.len() { Ok(value) } else { Err(reader.syntax()) }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// What is wrong, in the words of the library that reads JSON elsewhere.
    fn syntax(&self) -> JsonError {
        let said = serde_json::from_str::<serde::de::IgnoredAny>(self.text).err().map(|fault| fault.to_string());
        JsonError::Syntax(said.unwrap_or_else(|| format!("unexpected text at byte {}", self.at)))
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, JsonError> {
        match self.bytes.get(self.at..self.at + word.len()) {
            Some(found) if found == word.as_bytes() => {
                self.at += word.len();
                Ok(value)
            }
            _ => Err(self.syntax()),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        match self.peek() {
            Some(b'"') => self.string().map(Json::String),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.syntax()),
        }
    }

    /// RFC 8259 section 6.
    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.text.get(start..self.at).map(|number| Json::Number(number.to_owned())).ok_or_else(|| self.syntax())
    }

    /// One digit at least.
    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.syntax()) }
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonError> {
        let mut items = Vec::new();
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            self.blanks();
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                _ => return Err(self.syntax()),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.syntax());
            }
            let name = self.string()?;
            if members.len() == MANY {
                seen.extend(members.iter().map(|(name, _)| name.clone()));
            }
            let repeated = if members.len() < MANY { members.iter().any(|(known, _)| *known == name) } else { !seen.insert(name.clone()) };
            if repeated {
                return Err(JsonError::DuplicateMember(name));
            }
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.syntax());
            }
            self.at += 1;
            self.blanks();
            let value = self.value(depth + 1)?;
            members.push((name, value));
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(members));
                }
                _ => return Err(self.syntax()),
            }
        }
    }

    /// RFC 8259 section 7. Half a character outside the first plane is no text.
    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let start = self.at;
        self.plain();
        if self.peek() == Some(b'"') {
            let text = self.text.get(start..self.at).ok_or_else(|| self.syntax())?;
            self.at += 1;
            return Ok(text.to_owned());
        }
        let mut text = self.text.get(start..self.at).ok_or_else(|| self.syntax())?.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                _ => return Err(self.syntax()),
            }
            let start = self.at;
            self.plain();
            text.push_str(self.text.get(start..self.at).ok_or_else(|| self.syntax())?);
        }
    }

    /// Goes on to what ends plain text: a quote, a backslash, a control character, the end.
    fn plain(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|&c| c == b'"' || c == b'\\' || c < 0x20).unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let c = self.peek().ok_or_else(|| self.syntax())?;
        self.at += 1;
        Ok(match c {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                if let Some(c) = char::from_u32(first.into()) {
                    return Ok(c);
                }
                if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
                    return Err(self.syntax());
                }
                self.at += 2;
                let second = self.unit()?;
                let mut decoded = char::decode_utf16([first, second]);
                match (decoded.next(), decoded.next()) {
                    (Some(Ok(c)), None) => c,
                    _ => return Err(self.syntax()),
                }
            }
            _ => return Err(self.syntax()),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u16, JsonError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or_else(|| self.syntax())?;
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
#[path = "json_reader_tests.rs"]
mod tests;
