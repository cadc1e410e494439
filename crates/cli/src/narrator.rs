//! Tells a run as it happens: the answer on standard output, everything else on standard error.

use std::collections::{HashMap, HashSet};

use bca_app::Mode;
use bca_protocol::{AgentEvent, ApprovalRequest, Block, CallId, ChangeId, Connection, EventKind, RawJson, Role, Todo, ToolCallStatus, Usage};

use crate::{
    console::{Console, Loudness},
    exit::Failure,
    paint::Style,
    render::{
        approval, change, event,
        markdown::Tables,
        tool::{self, Ended},
        words::{self, connection, resolution, running, value},
    },
};

/// To whom a run is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// To a person.
    People,
    /// To a program: one event per line.
    Events,
    /// Only questions and errors; the result comes later and from elsewhere.
    Questions,
}

/// Whether each run begins with where it goes and who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heading {
    /// It does.
    EachRun,
    /// The person was told at the start.
    Greeted,
}

/// What has been told of the runs of one command so far.
pub struct Narrator {
    telling: Telling,
    heading: Heading,
    mode: Mode,
    /// The answer's last line has no line break yet.
    is_mid_answer: bool,
    /// Something of an earlier message stands on standard output.
    has_answered: bool,
    /// Nothing of the message that streams stands there yet.
    is_new_message: bool,
    is_thinking: bool,
    tables: Tables,
    /// Lines that wait for the end of the answer's line.
    waiting: Vec<String>,
    calls: HashMap<CallId, (String, RawJson)>,
    /// Calls whose writes wait for the rest of their set: nobody was asked yet.
    collected: HashSet<CallId>,
    titles: HashMap<ChangeId, String>,
    todos: Vec<Todo>,
    turns: u32,
    ended_calls: u64,
    usage: Usage,
}

impl Narrator {
    /// Nothing told yet.
    #[must_use]
    pub fn new(telling: Telling, heading: Heading, mode: Mode) -> Self {
        Self {
            telling,
            heading,
            mode,
            is_mid_answer: false,
            has_answered: false,
            is_new_message: true,
            is_thinking: false,
            tables: Tables::default(),
            waiting: Vec::new(),
            calls: HashMap::new(),
            collected: HashSet::new(),
            titles: HashMap::new(),
            todos: Vec::new(),
            turns: 0,
            ended_calls: 0,
            usage: Usage::default(),
        }
    }

    /// Tells one event.
    ///
    /// # Errors
    /// Standard output that can't be written.
    pub fn tell(&mut self, console: &mut Console, event: &AgentEvent) -> Result<(), Failure> {
        match self.telling {
            Telling::People => self.tell_people(console, &event.kind),
            Telling::Events => console.json(event),
            Telling::Questions => Ok(()),
        }
    }

    /// Shows a question with every field. Where nobody is asked, it is shown only to people who want to know.
    pub fn question(&mut self, console: &mut Console, request: &ApprovalRequest, asked: Asked) {
        let is_wanted = match asked {
            Asked::Person => true,
            Asked::Nobody => self.telling == Telling::People && console.loudness > Loudness::Quiet,
        };
        if is_wanted {
            self.close_thinking(console);
            let text = approval::question(request, approval::Standing::Waits, console.err.paint, console.loudness);
            console.say(&format!("\n{text}"));
        }
    }

    /// Says something that comes from outside the run, on a line of its own.
    pub fn interject(&mut self, console: &mut Console, line: &str) {
        self.close_thinking(console);
        if self.is_mid_answer && console.out.is_terminal && console.err.is_terminal {
            console.aside("\n");
        }
        console.remark(line);
    }

    fn tell_people(&mut self, console: &mut Console, kind: &EventKind) -> Result<(), Failure> {
        match kind {
            EventKind::RunStarted { model, connection } => self.started(console, model, connection.as_ref()),
            EventKind::TurnStarted { turn } => self.turns = *turn,
            EventKind::ThinkingDelta { text } => self.thinking(console, text),
            EventKind::TextDelta { text } => self.text(console, text)?,
            EventKind::MessageCompleted { role: Role::Assistant, .. } => self.message_ended(console)?,
            EventKind::MessageCompleted { role: Role::User, content, .. } => self.results(console, content),
            EventKind::ToolCallStarted { call_id, tool, input, .. } => {
                self.calls.insert(call_id.clone(), (tool.clone(), input.clone()));
            }
            EventKind::ToolCallCompleted { call_id, status, output, duration_ms } => self.call_ended(console, call_id, *status, output, *duration_ms),
            EventKind::ApprovalRequested(request) => self.asked(request),
            EventKind::ApprovalResolved { decision, by, reason, .. } => {
                let sentence = resolution(*decision, *by, reason.as_deref());
                self.line(console, &format!("   {}", console.err.paint.text(Style::Bold, &sentence)));
            }
            EventKind::ChangeRecorded { change_id, outcome, undoable, .. } => {
                let title = self.titles.get(change_id).map_or("Change", String::as_str);
                let undo = if *undoable { change::Undo::Possible } else { change::Undo::Impossible };
                let line = change::outcome(title, outcome.state(), undo, console.err.paint);
                self.line(console, &line);
            }
            EventKind::TodosUpdated { todos } => {
                for line in event::plan(&self.todos, todos, console.err.paint) {
                    self.line(console, &line);
                }
                self.todos.clone_from(todos);
            }
            EventKind::Usage(usage) => self.usage = self.usage + *usage,
            EventKind::Error { message, .. } => {
                self.message_ended(console)?;
                let sign = console.err.paint.text(Style::Bad, "error:");
                console.say(&format!("{sign} {}", value(message)));
            }
            EventKind::RunCompleted { stop_reason } => {
                self.message_ended(console)?;
                self.run_ended(console, *stop_reason);
            }
        }
        Ok(())
    }

    fn started(&mut self, console: &mut Console, model: &str, place: Option<&Connection>) {
        self.todos.clear();
        (self.turns, self.ended_calls, self.usage) = (0, 0, Usage::default());
        if self.heading == Heading::Greeted {
            return;
        }
        let paint = console.err.paint;
        let place = place.map_or_else(|| "no connection to Business Central".to_owned(), |place| connection(place, paint));
        let model = match self.mode {
            Mode::Demo => "demo model (reads English by rules; it is not Claude)".to_owned(),
            Mode::Own => value(model),
        };
        self.line(console, &format!("{place}{}", paint.text(Style::Dim, &format!(" · {model}"))));
    }

    fn thinking(&mut self, console: &mut Console, text: &str) {
        if console.loudness == Loudness::Quiet || (text.trim().is_empty() && !self.is_thinking) {
            return;
        }
        if self.is_mid_answer && console.out.is_terminal && console.err.is_terminal {
            return;
        }
        if !self.is_thinking {
            self.is_thinking = true;
            console.aside(&format!("{}Thinking: ", console.err.paint.begin(Style::Dim)));
        }
        console.aside(&running(text));
    }

    fn close_thinking(&mut self, console: &mut Console) {
        if std::mem::take(&mut self.is_thinking) {
            console.aside(&format!("{}\n", console.err.paint.end()));
        }
    }

    fn text(&mut self, console: &mut Console, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        self.close_thinking(console);
        if std::mem::take(&mut self.is_new_message) && std::mem::replace(&mut self.has_answered, true) {
            console.print("\n")?;
        }
        self.is_mid_answer = !text.ends_with('\n');
        let text = running(text);
        if !console.out.is_terminal {
            return console.print(&text);
        }
        // On a screen a table is held back until its columns are known.
        console.print(&self.tables.push(&text))
    }

    /// Ends the answer's line and tells what waited for that.
    fn message_ended(&mut self, console: &mut Console) -> Result<(), Failure> {
        self.close_thinking(console);
        self.is_new_message = true;
        let held_back = self.tables.end();
        if !held_back.is_empty() {
            self.is_mid_answer = !held_back.ends_with('\n');
            console.print(&held_back)?;
        }
        if std::mem::take(&mut self.is_mid_answer) {
            console.print("\n")?;
        }
        for line in std::mem::take(&mut self.waiting) {
            console.say(&line);
        }
        Ok(())
    }

    fn asked(&mut self, request: &ApprovalRequest) {
        self.titles.extend(request.changes.iter().map(|change| (change.change_id, change.title.clone())));
        for change in &request.changes {
            self.collected.remove(&change.call_id);
        }
    }

    /// A result of a call that has not ended says that its write was collected for a set.
    fn results(&mut self, console: &mut Console, content: &[Block]) {
        for block in content {
            if let Block::ToolResult { call_id, output, .. } = block
                && let Some((tool, input)) = self.calls.get(call_id)
                && let Some(line) = tool::collected(tool, input, output)
            {
                self.collected.insert(call_id.clone());
                self.line(console, &format!("  {}", console.err.paint.text(Style::Dim, &format!("• {line}"))));
            }
        }
    }

    fn call_ended(&mut self, console: &mut Console, call_id: &CallId, status: ToolCallStatus, output: &RawJson, duration_ms: u64) {
        self.ended_calls += 1;
        let (tool, input) = self.calls.remove(call_id).unwrap_or_else(|| ("tool".to_owned(), RawJson::null()));
        // The plan is told by its own event.
        if tool == "todo_write" && status == ToolCallStatus::Ok && console.loudness < Loudness::Verbose {
            return;
        }
        let line = if self.collected.remove(call_id) && status == ToolCallStatus::Aborted {
            tool::dropped(&tool, &input)
        } else {
            tool::line(&Ended { tool: &tool, input: &input, status, output, duration_ms })
        };
        let style = if status == ToolCallStatus::Ok { Style::Dim } else { Style::Warning };
        self.line(console, &format!("  {}", console.err.paint.text(style, &format!("• {line}"))));
        if console.loudness == Loudness::Verbose {
            for (name, json) in [("input", &input), ("output", output)] {
                self.line(console, &console.err.paint.text(Style::Dim, &event::detail(name, json.as_str())));
            }
        }
    }

    fn run_ended(&mut self, console: &mut Console, stop_reason: bca_protocol::StopReason) {
        if let Some(sentence) = words::stopped(stop_reason) {
            console.say(sentence);
        }
        if console.loudness == Loudness::Verbose {
            console.remark(&event::effort(self.turns, self.ended_calls, self.usage));
        }
    }

    /// A line on standard error, unless `-q`. It never breaks into a line of the answer on the same screen.
    fn line(&mut self, console: &mut Console, line: &str) {
        if console.loudness == Loudness::Quiet {
            return;
        }
        self.close_thinking(console);
        if (self.is_mid_answer || self.tables.is_holding()) && console.out.is_terminal && console.err.is_terminal {
            self.waiting.push(line.to_owned());
        } else {
            console.say(line);
        }
    }
}

/// Whether a person is asked a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// At this terminal.
    Person,
    /// A rule answers.
    Nobody,
}

#[cfg(test)]
#[path = "narrator_tests.rs"]
mod tests;
