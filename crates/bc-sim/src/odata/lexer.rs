//! The words of a `$filter`.

use crate::error::{Answer, ApiError};

/// Longest filter read, in bytes; a request line of Business Central is shorter than that.
const LONGEST: usize = 16 * 1024;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A name, keyword, number, date or GUID: anything outside quotes.
    Word(String),
    /// A quoted string, with its doubled quotes undone.
    Quoted(String),
    Open,
    Close,
    Comma,
}

/// Splits a filter into tokens.
pub(crate) fn tokens(text: &str) -> Answer<Vec<Token>> {
    if text.len() > LONGEST {
        return Err(ApiError::bad_request(format!("The filter is longer than {LONGEST} bytes.")));
    }
    let mut out = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((start, character)) = characters.next() {
        match character {
            ' ' | '\t' | '\n' | '\r' => {}
            '(' => out.push(Token::Open),
            ')' => out.push(Token::Close),
            ',' => out.push(Token::Comma),
            '\'' => out.push(Token::Quoted(quoted(&mut characters, start)?)),
            _ if is_word(character) => {
                let mut word = String::from(character);
                while let Some((_, next)) = characters.next_if(|(_, next)| is_word(*next)) {
                    word.push(next);
                }
                out.push(Token::Word(word));
            }
            other => return Err(ApiError::bad_request(format!("Syntax error: character '{other}' is not valid at position {start} in the filter."))),
        }
    }
    Ok(out)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | '-' | ':' | '/' | '+' | '$' | '@')
}

fn quoted(characters: &mut std::iter::Peekable<std::str::CharIndices>, start: usize) -> Answer<String> {
    let mut text = String::new();
    loop {
        match characters.next() {
            Some((_, '\'')) if characters.next_if(|(_, next)| *next == '\'').is_some() => text.push('\''),
            Some((_, '\'')) => return Ok(text),
            Some((_, character)) => text.push(character),
            None => return Err(ApiError::bad_request(format!("There is an unterminated string literal at position {start} in the filter."))),
        }
    }
}
