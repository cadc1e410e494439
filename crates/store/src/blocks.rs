//! Messages as JSON: the neutral blocks as they stand on the wire, and the provider's own forms beside them.

use std::borrow::Cow;

use bca_agent::{HistoryBlock, Message};
use bca_protocol::{Block, CallId, RawJson};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use serde::Deserialize;

use crate::{StoreError, sql::Word};

/// A message's columns.
pub(crate) struct Columns {
    pub content: String,
    pub raw: Option<String>,
    pub provider: Option<String>,
    pub words: String,
}

/// Turns a message into its columns.
pub(crate) fn columns(message: &Message) -> Result<Columns, StoreError> {
    let json = |error: serde_json::Error| StoreError::Invalid(format!("A message could not be stored: {error}."));
    let content = serde_json::to_string(&message.blocks.iter().map(|b| &b.block).collect::<Vec<_>>()).map_err(json)?;
    let raw = if message.blocks.iter().any(|b| b.raw.is_some()) {
        Some(serde_json::to_string(&message.blocks.iter().map(|b| &b.raw).collect::<Vec<_>>()).map_err(json)?)
    } else {
        None
    };
    Ok(Columns { content, raw, provider: message.provider.clone(), words: words(message.blocks.iter().map(|b| &b.block)) })
}

/// What the search finds a message by: its text. Results of tools are found through their calls; reasoning is not searched.
fn words<'a>(blocks: impl Iterator<Item = &'a Block>) -> String {
    let mut words = String::new();
    for block in blocks {
        match block {
            Block::Text { text } => {
                if !words.is_empty() {
                    words.push('\n');
                }
                words.push_str(text);
            }
            Block::Thinking { .. } | Block::ToolUse { .. } | Block::ToolResult { .. } => {}
        }
    }
    words
}

/// A block as it stands in the database: all members of all kinds, because a tagged enumeration can't keep raw JSON.
#[derive(Deserialize)]
struct Flat<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Cow<'a, str>,
    call_id: Option<CallId>,
    #[serde(borrow, default)]
    tool: Cow<'a, str>,
    #[serde(default = "RawJson::null")]
    input: RawJson,
    #[serde(borrow, default)]
    status: Cow<'a, str>,
    #[serde(borrow, default)]
    output: Cow<'a, str>,
}

#[derive(Debug, thiserror::Error)]
enum BadBlock {
    #[error("a stored block of type `{0}` can't be read")]
    Kind(String),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Flat<'_> {
    fn block(self) -> Result<Block, BadBlock> {
        let Self { kind, text, call_id, tool, input, status, output } = self;
        match (&*kind, call_id) {
            ("text", _) => Ok(Block::Text { text: text.into_owned() }),
            ("thinking", _) => Ok(Block::Thinking { text: text.into_owned() }),
            ("tool_use", Some(call_id)) => Ok(Block::ToolUse { call_id, tool: tool.into_owned(), input }),
            ("tool_result", Some(call_id)) => {
                let status = Word::of_word(&status).ok_or_else(|| BadBlock::Kind(kind.into_owned()))?;
                Ok(Block::ToolResult { call_id, status, output: output.into_owned() })
            }
            _ => Err(BadBlock::Kind(kind.into_owned())),
        }
    }
}

fn parse(text: &str) -> Result<Vec<Block>, BadBlock> {
    let flat: Vec<Flat<'_>> = serde_json::from_str(text)?;
    flat.into_iter().map(Flat::block).collect()
}

/// The neutral blocks in a column.
pub(crate) struct Blocks(pub Vec<Block>);

impl FromSql for Blocks {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parse(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// The provider's own forms in a column.
pub(crate) struct RawBlocks(pub Vec<Option<RawJson>>);

impl FromSql for RawBlocks {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// Puts both forms side by side again.
pub(crate) fn history_blocks(blocks: Vec<Block>, raw: Option<RawBlocks>) -> Vec<HistoryBlock> {
    let mut raw = raw.map_or_else(Vec::new, |r| r.0).into_iter();
    blocks.into_iter().map(|block| HistoryBlock { block, raw: raw.next().flatten() }).collect()
}
