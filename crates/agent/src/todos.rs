//! The agent's plan: from the `todo_write` tool, or read from a numbered plan that a model writes in its text or reasoning.

use bca_protocol::{Block, EventKind, Json, RawJson, Role, StopReason, Todo, TodoId, TodoPriority, TodoStatus, UserError};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{Message, ToolSpec, run::Run};

/// The tool's name.
pub const TOOL: &str = "todo_write";

/// Longest content of a todo, in characters.
const MAX_CONTENT: usize = 500;

/// Most todos of one plan.
const MAX_TODOS: usize = 100;

/// Fewer numbered lines than this are no plan.
const MIN_STEPS: usize = 3;

const DESCRIPTION: &str = "Shows the person your plan and how far you are. Send the whole list every time. Use it for work of three steps or more: \
write the plan first, keep one step in_progress, and mark a step completed as soon as it is done.";

const SCHEMA: &str = r#"{"type":"object","required":["todos"],"additionalProperties":false,"properties":{"todos":{"type":"array","maxItems":100,"description":"The whole plan, in order.","items":{"type":"object","required":["content","status"],"additionalProperties":false,"properties":{"id":{"type":"string","description":"Keep it when you send the list again."},"content":{"type":"string","maxLength":500,"description":"The step in a few words."},"description":{"type":"string","description":"More about it."},"priority":{"type":"string","enum":["low","medium","high"]},"status":{"type":"string","enum":["pending","in_progress","completed"]}}}}}}"#;

/// The tool as the model is told of it.
#[must_use]
pub fn spec() -> ToolSpec {
    let input_schema = RawJson::parse(SCHEMA.to_owned()).unwrap_or_else(|_| RawJson::null());
    ToolSpec { name: TOOL.to_owned(), description: DESCRIPTION.to_owned(), input_schema }
}

#[derive(Deserialize)]
struct Input {
    todos: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: Option<String>,
    content: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    priority: TodoPriority,
    #[serde(default)]
    status: TodoStatus,
}

/// Where the plan came from decides who moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Origin {
    /// No plan yet.
    #[default]
    None,
    /// The model keeps it by tool.
    Tool,
    /// It was read from text: the engine moves it as turns succeed.
    Text,
}

/// The plan of one run.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    todos: Vec<Todo>,
    origin: Origin,
    /// Whether the work of the turn just ended went well; absent before the first.
    worked: Option<Worked>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worked {
    Well,
    Badly,
}

impl Plan {
    /// Takes the model's list in the place of the present one.
    pub(crate) fn replace(&mut self, input: &RawJson, now: Timestamp) -> Result<&[Todo], String> {
        let Input { todos: items } = serde_json::from_str(input.as_str()).map_err(|fault| format!("`todos` is not as the schema asks: {fault}"))?;
        if items.len() > MAX_TODOS {
            return Err(format!("A plan holds at most {MAX_TODOS} steps."));
        }
        let mut todos: Vec<Todo> = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            if item.content.trim().is_empty() {
                return Err(format!("Step {} has no content.", index + 1));
            }
            let order = u32::try_from(index).unwrap_or(u32::MAX);
            let given = item.id.filter(|id| !id.is_empty() && id.len() <= 100 && todos.iter().all(|t| t.id.0 != *id));
            let id = TodoId(given.unwrap_or_else(|| (index + 1).to_string()));
            let completed_at = match item.status {
                TodoStatus::Completed => self.completed_at(&id, &item.content).or(Some(now)),
                TodoStatus::Pending | TodoStatus::InProgress => None,
            };
            todos.push(Todo {
                id,
                content: clip(&item.content),
                description: item.description,
                priority: item.priority,
                order,
                status: item.status,
                completed_at,
            });
        }
        self.todos = todos;
        self.origin = Origin::Tool;
        Ok(&self.todos)
    }

    fn completed_at(&self, id: &TodoId, content: &str) -> Option<Timestamp> {
        self.todos.iter().find(|t| t.id == *id || t.content == content).and_then(|t| t.completed_at)
    }

    /// Notes how the tool calls of a turn went.
    pub(crate) fn worked(&mut self, well: bool) {
        self.worked = Some(if well { Worked::Well } else { Worked::Badly });
    }

    /// Takes up a plan found in text, or moves the one that was found before: a turn whose calls all went well completes a step.
    fn follow(&mut self, text: &str, now: Timestamp) -> Moved {
        match self.origin {
            Origin::Tool => Moved::No,
            Origin::None => match steps(text) {
                None => Moved::No,
                Some(steps) => {
                    self.todos = steps.into_iter().enumerate().map(|(index, content)| from_step(index, content)).collect();
                    self.origin = Origin::Text;
                    Moved::Yes
                }
            },
            Origin::Text => match self.worked.take() {
                Some(Worked::Well) => self.advance(now),
                Some(Worked::Badly) | None => Moved::No,
            },
        }
    }

    /// Completes the step under way and starts the next; the last one is completed by the end of the run.
    fn advance(&mut self, now: Timestamp) -> Moved {
        let Some(current) = self.todos.iter().position(|t| t.status == TodoStatus::InProgress) else { return Moved::No };
        if current + 1 >= self.todos.len() {
            return Moved::No;
        }
        for (todo, status) in self.todos.iter_mut().skip(current).zip([TodoStatus::Completed, TodoStatus::InProgress]) {
            todo.completed_at = (status == TodoStatus::Completed).then_some(now);
            todo.status = status;
        }
        Moved::Yes
    }

    /// A run that ended well has done what its written plan says.
    fn finish(&mut self, stop: StopReason, now: Timestamp) -> Moved {
        if self.origin != Origin::Text || stop != StopReason::EndTurn || self.worked == Some(Worked::Badly) {
            return Moved::No;
        }
        let mut moved = Moved::No;
        for todo in self.todos.iter_mut().filter(|t| t.status != TodoStatus::Completed) {
            todo.status = TodoStatus::Completed;
            todo.completed_at = Some(now);
            moved = Moved::Yes;
        }
        moved
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    Yes,
    No,
}

impl Run {
    /// After an answer: a numbered plan in it becomes todos; an earlier one moves on.
    pub(crate) async fn follow_written_plan(&mut self, messages: &[Message]) -> Result<(), UserError> {
        let text = messages.last().filter(|m| m.role == Role::Assistant).map(prose).unwrap_or_default();
        match self.plan.follow(&text, self.engine.clock.now()) {
            Moved::Yes => self.publish_plan().await,
            Moved::No => Ok(()),
        }
    }

    pub(crate) async fn publish_plan(&self) -> Result<(), UserError> {
        self.engine.transcript.todos(&self.record, &self.plan.todos).await?;
        self.emitter.emit(EventKind::TodosUpdated { todos: self.plan.todos.clone() });
        Ok(())
    }

    /// At the end of the run.
    pub(crate) async fn settle_plan(&mut self, stop: StopReason) {
        if self.plan.finish(stop, self.engine.clock.now()) == Moved::Yes
            && let Err(fault) = self.publish_plan().await
        {
            tracing::error!(%fault, "the finished plan could not be stored");
        }
    }
}

/// Text and reasoning of an answer, where it uses no `todo_write` itself.
fn prose(message: &Message) -> String {
    let mut text = String::new();
    for part in &message.blocks {
        match &part.block {
            Block::Text { text: t } | Block::Thinking { text: t } => {
                text.push_str(t);
                text.push('\n');
            }
            Block::ToolUse { tool, .. } if tool == TOOL => return String::new(),
            Block::ToolUse { .. } | Block::ToolResult { .. } => {}
        }
    }
    text
}

/// The first run of lines numbered 1, 2, 3 ... of at least three steps; lines between that carry no number belong to their step.
pub(crate) fn steps(text: &str) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        let Some((number, content)) = numbered(line) else { continue };
        if number == found.len() + 1 {
            found.push(clip(content));
        } else if found.len() >= MIN_STEPS {
            break;
        } else if number == 1 {
            found = vec![clip(content)];
        } else {
            found.clear();
        }
        if found.len() >= MAX_TODOS {
            break;
        }
    }
    (found.len() >= MIN_STEPS).then_some(found)
}

/// `2. Text`, `2) Text`, `**2.** Text`, `Step 2: Text`.
fn numbered(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start().trim_start_matches(['*', '#', ' ']);
    let line = line.strip_prefix("Step ").or_else(|| line.strip_prefix("step ")).unwrap_or(line);
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 3 {
        return None;
    }
    let (number, rest) = line.split_at(digits);
    let rest = rest.strip_prefix(['.', ')', ':'])?.trim_start_matches('*');
    let content = rest.strip_prefix([' ', '\t'])?.trim().trim_matches('*').trim();
    if content.is_empty() { None } else { number.parse().ok().map(|n| (n, content)) }
}

fn clip(content: &str) -> String {
    content.trim().chars().take(MAX_CONTENT).collect()
}

fn from_step(index: usize, content: String) -> Todo {
    let order = u32::try_from(index).unwrap_or(u32::MAX);
    let status = if index == 0 { TodoStatus::InProgress } else { TodoStatus::Pending };
    Todo { id: TodoId((index + 1).to_string()), content, description: String::new(), priority: TodoPriority::Medium, order, status, completed_at: None }
}

/// What the model gets back: ids, contents and statuses.
pub(crate) fn outline(todos: &[Todo]) -> Json {
    let word = |status: TodoStatus| match status {
        TodoStatus::Pending => "pending",
        TodoStatus::InProgress => "in_progress",
        TodoStatus::Completed => "completed",
    };
    let text = |s: &str| Json::String(s.to_owned());
    Json::Array(
        todos
            .iter()
            .map(|t| Json::Object(vec![("id".into(), text(&t.id.0)), ("content".into(), text(&t.content)), ("status".into(), text(word(t.status)))]))
            .collect(),
    )
}

#[cfg(test)]
#[path = "todos_tests.rs"]
mod tests;
