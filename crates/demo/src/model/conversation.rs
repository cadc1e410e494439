//! What a request tells: the newest message, what this run has done so far, and what came before.

use jiff::civil::Date;
use serde_json::Value;

use super::json::Json;

/// One tool call with its result.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    id: String,
    /// The name without any prefix of a server.
    pub(crate) tool: String,
    pub(crate) input: Json,
    pub(crate) failed: bool,
    /// The result, null where it was no JSON.
    pub(crate) result: Json,
    /// The result as it was given.
    pub(crate) text: String,
}

/// One request, read.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) today: Date,
    /// The newest text of the person.
    pub(crate) message: String,
    /// The texts of the person before that one, oldest first.
    pub(crate) before: Vec<String>,
    /// What the model said last before the newest message.
    pub(crate) said: String,
    /// What the model said last in the part that has been read.
    saying: String,
    /// The turns of this run that called tools, oldest first.
    pub(crate) run: Vec<Vec<Call>>,
    /// The calls of earlier runs, oldest first.
    pub(crate) earlier: Vec<Call>,
    /// The tools on offer: their full names and input schemas.
    pub(crate) tools: Vec<(String, Value)>,
}

impl Conversation {
    /// Reads the parts of a valid request. `today` is used where the system prompt names no day.
    pub(crate) fn of(request: &Value, today: Date) -> Self {
        let mut conversation = Self {
            today: day_of(&system_text(request)).unwrap_or(today),
            message: String::new(),
            before: Vec::new(),
            said: String::new(),
            saying: String::new(),
            run: Vec::new(),
            earlier: Vec::new(),
            tools: offered(request),
        };
        for message in request["messages"].as_array().into_iter().flatten() {
            match message["role"].as_str() {
                Some("assistant") => conversation.assistant(&message["content"]),
                _ => conversation.user(&message["content"]),
            }
        }
        conversation
    }

    fn assistant(&mut self, content: &Value) {
        let calls: Vec<Call> = blocks(content).filter(|block| block["type"] == "tool_use").map(call).collect();
        let text = text_of(content);
        if !text.is_empty() {
            self.saying = text;
        }
        if !calls.is_empty() {
            self.run.push(calls);
        }
    }

    fn user(&mut self, content: &Value) {
        for block in blocks(content).filter(|block| block["type"] == "tool_result") {
            let id = block["tool_use_id"].as_str().unwrap_or_default();
            let text = text_of(&block["content"]);
            let open = self.run.iter_mut().flatten().rev().find(|call| call.text == pending(id));
            if let Some(call) = open {
                call.ended(block["is_error"].as_bool().unwrap_or(false), text);
            }
        }
        for (id, ok, text) in blocks(content).filter_map(|block| late_outcome(block["text"].as_str()?)) {
            if let Some(call) = self.run.iter_mut().flatten().rev().find(|call| call.id == id) {
                call.ended(!ok, text.to_owned());
            }
        }
        let text = text_of(content);
        if !text.is_empty() {
            self.earlier.extend(std::mem::take(&mut self.run).into_iter().flatten());
            if !self.message.is_empty() {
                self.before.push(std::mem::take(&mut self.message));
            }
            self.message = text;
            self.said = std::mem::take(&mut self.saying);
        }
    }

    /// The name under which a tool is offered: its own or one with a server's prefix.
    pub(crate) fn offered(&self, tool: &str) -> Option<(&str, &Value)> {
        let matches = |name: &str| name.strip_suffix(tool).is_some_and(|prefix| prefix.is_empty() || prefix.ends_with("__"));
        self.tools.iter().find(|(name, _)| matches(name)).map(|(name, schema)| (name.as_str(), schema))
    }
}

impl Call {
    /// A call of an optional tool that was not offered.
    pub(crate) fn not_made(tool: &str, input: &Json) -> Self {
        Self { id: String::new(), tool: tool.to_owned(), input: input.clone(), failed: false, result: Json::Null, text: String::new() }
    }

    fn ended(&mut self, failed: bool, text: String) {
        self.failed = failed;
        self.result = read_result(&text);
        self.text = text;
    }
}

/// What became of a call of an earlier turn whose write was collected: its id, whether it went well, and the outcome.
fn late_outcome(text: &str) -> Option<(&str, bool, &str)> {
    let (head, outcome) = text.trim().strip_prefix("<tool_outcome call_id=\"")?.strip_suffix("</tool_outcome>")?.split_once('>')?;
    let (id, rest) = head.split_once('"')?;
    Some((id, rest.contains("status=\"ok\""), outcome))
}

/// Marks a call whose result has not been read yet.
fn pending(id: &str) -> String {
    format!("pending {id}")
}

fn call(block: &Value) -> Call {
    let name = block["name"].as_str().unwrap_or_default();
    Call {
        id: block["id"].as_str().unwrap_or_default().to_owned(),
        tool: name.rsplit("__").next().unwrap_or(name).to_owned(),
        input: Json::parse(&block["input"].to_string()).unwrap_or(Json::Null),
        failed: false,
        result: Json::Null,
        text: pending(block["id"].as_str().unwrap_or_default()),
    }
}

/// The JSON of a result, also where a note stands around it.
fn read_result(text: &str) -> Json {
    let inner = || text.find('{').zip(text.rfind('}')).filter(|(from, to)| from < to).and_then(|(from, to)| Json::parse(&text[from..=to]));
    Json::parse(text).or_else(inner).unwrap_or(Json::Null)
}

fn blocks(content: &Value) -> impl Iterator<Item = &Value> {
    content.as_array().into_iter().flatten()
}

/// The text of a message, without blocks that a program put there in angle brackets and without the lines that name attached files.
fn text_of(content: &Value) -> String {
    let whole = match content.as_str() {
        Some(text) => text.to_owned(),
        None => {
            let texts = blocks(content).filter(|block| block["type"] == "text").filter_map(|block| block["text"].as_str()).map(str::trim);
            texts.filter(|text| !(text.starts_with('<') && text.ends_with('>'))).collect::<Vec<_>>().join("\n")
        }
    };
    let said = whole.lines().filter(|line| !(line.starts_with("[Attached file: ") && line.ends_with(']')));
    said.collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn system_text(request: &Value) -> String {
    match &request["system"] {
        Value::String(text) => text.clone(),
        system => blocks(system).filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n"),
    }
}

/// `Today is 2026-11-21` in a system prompt.
fn day_of(system: &str) -> Option<Date> {
    let (_, after) = system.split_once("Today is ")?;
    after.get(..10)?.parse().ok()
}

fn offered(request: &Value) -> Vec<(String, Value)> {
    let refused = request["tool_choice"]["type"] == "none";
    let tools = request["tools"].as_array().filter(|_| !refused);
    tools.into_iter().flatten().filter_map(|tool| Some((tool["name"].as_str()?.to_owned(), tool["input_schema"].clone()))).collect()
}
