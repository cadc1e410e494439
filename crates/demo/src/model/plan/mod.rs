//! From an [`Intent`] and a history to the next step.
//!
//! The model keeps nothing between requests. A plan is a straight piece of code that is run again for every request:
//! [`Replay::turn`] gives back the results of a turn that the history already holds, and ends the plan with the step
//! to take where it does not.

mod action;
mod check;
mod document;
mod lookup;
mod onboard;
mod question;
mod record;
mod refer;
mod talk;
mod write;

use serde_json::Value;

use super::answer;
use super::conversation::{Call, Conversation};
use super::json::{Json, object};
use super::read::{self, Intent};

/// The longest message that is read, in bytes: a request in plain words is far shorter.
const LONGEST_MESSAGE: usize = 8_000;

/// What the model does next: say something, call tools, or both. Without calls the run is over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) thinking: String,
    pub(crate) text: String,
    /// Name as offered, and input.
    pub(crate) calls: Vec<(String, Json)>,
}

impl Step {
    /// The last step of a run.
    pub(crate) fn say(text: impl Into<String>) -> Self {
        Self { thinking: String::new(), text: text.into(), calls: Vec::new() }
    }

    /// What the model thought before it.
    pub(crate) fn thinking(mut self, thinking: impl Into<String>) -> Self {
        self.thinking = thinking.into();
        self
    }
}

/// A value, or the step that ends this request.
pub(crate) type Flow<T> = Result<T, Step>;

/// The calls of one turn and what is said with them.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    thinking: String,
    text: String,
    calls: Vec<(&'static str, Json)>,
}

impl Turn {
    pub(crate) fn new(thinking: impl Into<String>) -> Self {
        Self { thinking: thinking.into(), ..Self::default() }
    }

    pub(crate) fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    pub(crate) fn call(mut self, tool: &'static str, input: Json) -> Self {
        self.calls.push((tool, input));
        self
    }

    pub(crate) fn calls(mut self, calls: impl IntoIterator<Item = (&'static str, Json)>) -> Self {
        self.calls.extend(calls);
        self
    }
}

/// A run of a plan against the history.
pub(crate) struct Replay<'a> {
    pub(crate) conversation: &'a Conversation,
    /// What the person chose when this run answers "which one?", for each such question in turn.
    pub(crate) choices: std::vec::IntoIter<String>,
    next: usize,
}

/// Tools that make the work better but without which it can be done.
const OPTIONAL: &[&str] = &["todo_write", "bc_validate_operation", "bc_validate_workflow"];

impl Replay<'_> {
    /// The calls before this point, newest first: those of this run, then those of earlier ones.
    pub(crate) fn past(&self) -> impl Iterator<Item = &Call> {
        let run = self.conversation.run.get(..self.next).unwrap_or_default();
        run.iter().rev().flat_map(|turn| turn.iter().rev()).chain(self.conversation.earlier.iter().rev())
    }

    /// The results of a turn, one for each call and null for a call of an optional tool that was not offered.
    pub(crate) fn turn(&mut self, turn: Turn) -> Flow<Vec<Call>> {
        let mut named = Vec::new();
        let mut missing = Vec::new();
        for (tool, input) in &turn.calls {
            match self.conversation.offered(tool) {
                Some((name, schema)) => named.push((name.to_owned(), fitted(input.clone(), schema))),
                None if OPTIONAL.contains(tool) => {}
                None => missing.push(*tool),
            }
        }
        if !missing.is_empty() {
            missing.dedup();
            return Err(Step::say(format!("For that I would need the tool `{}`, which I was not given here. Nothing was done.", missing.join("`, `"))));
        }
        let mut done = Vec::new();
        if !named.is_empty() {
            let Some(past) = self.conversation.run.get(self.next) else {
                return Err(Step { thinking: turn.thinking, text: turn.text, calls: named });
            };
            let same = past.len() == named.len() && past.iter().zip(&named).all(|(past, (name, _))| name.ends_with(&past.tool));
            if !same {
                return Err(Step::say("This conversation was continued by another model, and I cannot take up its plan. Please ask again."));
            }
            self.next += 1;
            done.clone_from(past);
        }
        let mut done = done.into_iter();
        Ok(turn
            .calls
            .iter()
            .map(|(tool, input)| if self.conversation.offered(tool).is_some() { done.next() } else { None }.unwrap_or_else(|| Call::not_made(tool, input)))
            .collect())
    }
}

/// Lists are given as a list or as text with commas, as the tool's schema wants.
fn fitted(input: Json, schema: &Value) -> Json {
    let Json::Object(entries) = input else { return input };
    let wants_text = |key: &str| schema["properties"][key]["type"] == "string";
    let wants_list = |key: &str| {
        let kind = &schema["properties"][key]["type"];
        kind == "array" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "array"))
    };
    let fit = |(key, value): (String, Json)| {
        let value = match value {
            Json::List(items) if matches!(key.as_str(), "select" | "expand") && wants_text(&key) => {
                Json::from(items.iter().map(Json::plain).collect::<Vec<_>>().join(","))
            }
            Json::Text(text) if key == "orderby" && wants_list(&key) => Json::List(vec![Json::from(text)]),
            value => value,
        };
        (key, value)
    };
    Json::Object(entries.into_iter().map(fit).collect())
}

/// The next step of a conversation.
pub(crate) fn next(conversation: &Conversation) -> Step {
    if conversation.message.len() > LONGEST_MESSAGE {
        return Step::say(format!(
            "That message has {} characters; I am the demo model and read up to {LONGEST_MESSAGE}. Please say in a sentence or two what you want.",
            conversation.message.chars().count()
        ));
    }
    let (intents, choices) = understand(conversation);
    let mut replay = Replay { conversation, choices: choices.into_iter(), next: 0 };
    let mut told = Vec::new();
    for intent in intents {
        match follow(&mut replay, intent) {
            Ok(step) => told.push(step),
            // Either the next turn, or an end that makes what was asked after it pointless.
            Err(step) if step.calls.is_empty() => {
                told.push(Step { text: since_writes(conversation, step.text), ..step });
                break;
            }
            Err(step) => return step,
        }
    }
    let thinking = told.iter().map(|step| step.thinking.as_str()).find(|thinking| !thinking.is_empty()).unwrap_or_default().to_owned();
    Step { thinking, ..Step::say(told.iter().map(|step| step.text.as_str()).collect::<Vec<_>>().join("\n\n")) }
}

/// What ends a run early says that nothing was changed. Where this run has made writes before, that would be false:
/// then it says that nothing more was, and what is there.
fn since_writes(conversation: &Conversation, text: String) -> String {
    const NOTHING: &str = "Nothing was changed.";
    let confirmed = conversation.run.iter().flatten().filter(|call| !call.failed && call.result.text_at("status") == "confirmed");
    let made: Vec<String> = confirmed.filter_map(|call| call.result.get("record")).map(answer::bold).filter(|title| !title.is_empty()).collect();
    if made.is_empty() || !text.contains(NOTHING) {
        return text;
    }
    text.replace(NOTHING, &format!("Nothing more was changed. What was done before stands: {}.", made.join(", ")))
}

/// The newest message, or the one before it where the newest only chooses or repeats; with it, what was chosen.
fn understand(conversation: &Conversation) -> (Vec<Intent>, Vec<String>) {
    let read = |text: &str| read::read_all(text, conversation.today);
    if conversation.said.contains(lookup::WHICH) && lookup::is_choice(&conversation.message) {
        let mut choices = vec![conversation.message.clone()];
        for earlier in conversation.before.iter().rev() {
            if !lookup::is_choice(earlier) {
                choices.reverse();
                return (read(earlier), choices);
            }
            choices.push(earlier.clone());
        }
    }
    let intents = read(&conversation.message);
    if !matches!(intents.as_slice(), [Intent::Again]) {
        return (intents, Vec::new());
    }
    let repeats = |intents: &Vec<Intent>| !matches!(intents.as_slice(), [Intent::Again | Intent::Unknown | Intent::Thanks | Intent::Greeting]);
    (conversation.before.iter().rev().map(|text| read(text)).find(repeats).unwrap_or(intents), Vec::new())
}

fn follow(replay: &mut Replay<'_>, intent: Intent) -> Flow<Step> {
    match intent {
        Intent::Greeting => Ok(talk::greeting()),
        Intent::Thanks => Ok(Step::say("You are welcome.")),
        Intent::Help => Ok(talk::help()),
        Intent::Again | Intent::Unknown => Ok(talk::unknown(&replay.conversation.message)),
        Intent::Query(query) => question::query(replay, query),
        Intent::Show(show) => question::show(replay, &show),
        Intent::Schema(schema) => question::schema(replay, &schema),
        Intent::Create(create) => record::create(replay, &create),
        Intent::Update(update) => record::update(replay, &update),
        Intent::Delete(delete) => record::delete(replay, &delete),
        Intent::Document(document) => document::create(replay, &document),
        Intent::Onboard(onboard) => onboard::onboard(replay, &onboard),
        Intent::Act(act) => action::act(replay, &act),
        Intent::MonthEnd => check::month_end(replay),
    }
}

/// A plan on the person's list, with the state of each step.
pub(crate) struct Todos {
    steps: Vec<String>,
    done: usize,
}

impl Todos {
    pub(crate) fn of<const N: usize>(steps: [String; N]) -> Self {
        Self { steps: steps.into(), done: 0 }
    }

    /// The call that shows the first `done` steps as completed and the next one in progress.
    pub(crate) fn at(&mut self, done: usize) -> (&'static str, Json) {
        self.done = done;
        self.call(true)
    }

    /// The call that shows how far the work came when it stops early.
    pub(crate) fn stopped(&self) -> (&'static str, Json) {
        self.call(false)
    }

    fn call(&self, going_on: bool) -> (&'static str, Json) {
        let status = |index: usize| match index.cmp(&self.done) {
            std::cmp::Ordering::Less => "completed",
            std::cmp::Ordering::Equal if going_on => "in_progress",
            std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => "pending",
        };
        let todo = |(index, step): (usize, &String)| {
            object([
                ("id", Json::from((index + 1).to_string())),
                ("content", Json::from(step.as_str())),
                ("priority", Json::from("medium")),
                ("status", Json::from(status(index))),
            ])
        };
        ("todo_write", object([("todos", Json::List(self.steps.iter().enumerate().map(todo).collect()))]))
    }
}
