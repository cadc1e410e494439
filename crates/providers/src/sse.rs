//! Server-sent events, as the HTML standard parses them (section 9.2.6): lines end in CR, LF or CRLF, a byte order mark may
//! come first, comments and unknown fields are skipped, an event without data is none, one cut off by the end is dropped.

use memchr::memchr2;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One event. The bytes are as they came; they need not be UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    /// The `event` field; empty where there was none.
    pub(crate) name: &'a [u8],
    /// The `data` fields, joined by line feeds.
    pub(crate) data: &'a [u8],
}

/// A line or an event is larger than the decoder keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Turns pieces of a body, cut anywhere, into events.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// Bytes of a line whose end has not come.
    rest: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    first_line: bool,
    /// The last line ended in CR: an LF that follows belongs to it.
    after_cr: bool,
    /// Bound of a line and of an event's data, in bytes.
    limit: usize,
}

impl Decoder {
    pub(crate) fn new(limit: usize) -> Self {
        Self { rest: Vec::new(), name: Vec::new(), data: Vec::new(), has_data: false, first_line: true, after_cr: false, limit }
    }

    /// Takes the next piece and calls `on_event` for each event that it completes.
    ///
    /// # Errors
    /// [`TooLarge`]; the decoder is of no use afterwards.
    pub(crate) fn feed(&mut self, piece: &[u8], mut on_event: impl FnMut(Event<'_>)) -> Result<(), TooLarge> {
        let mut left = piece;
        loop {
            if self.after_cr && !left.is_empty() {
                self.after_cr = false;
                if left[0] == b'\n' {
                    left = &left[1..];
                }
            }
            let Some(end) = memchr2(b'\n', b'\r', left) else { break };
            self.after_cr = left[end] == b'\r';
            if self.rest.is_empty() {
                self.line(&left[..end], &mut on_event)?;
            } else {
                self.keep(&left[..end])?;
                let line = std::mem::take(&mut self.rest);
                self.line(&line, &mut on_event)?;
                self.rest = line;
                self.rest.clear();
            }
            left = &left[end + 1..];
        }
        self.keep(left)
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), TooLarge> {
        if self.rest.len() + part.len() > self.limit {
            return Err(TooLarge);
        }
        self.rest.extend_from_slice(part);
        Ok(())
    }

    fn line(&mut self, line: &[u8], on_event: &mut impl FnMut(Event<'_>)) -> Result<(), TooLarge> {
        let line = if std::mem::take(&mut self.first_line) { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
        if line.is_empty() {
            if self.has_data {
                on_event(Event { name: &self.name, data: &self.data });
            }
            self.name.clear();
            self.data.clear();
            self.has_data = false;
            return Ok(());
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.data.len() + value.len() >= self.limit {
                    return Err(TooLarge);
                }
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            // Comments, and `id` and `retry`, which say how to reconnect: a model's answer cannot be resumed.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
