#![allow(clippy::unwrap_used)]
use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use bca_protocol::{Block, ChangePreview, MessageId, RunId, SessionId, StopReason};
use jiff::Timestamp;

use super::*;
use crate::{
    console::{Form, Motion, Stream},
    paint::Paint,
    render::samples,
};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Told {
    out: String,
    err: String,
}

/// Streams into files.
fn told(telling: Telling, loudness: Loudness, kinds: Vec<EventKind>) -> Told {
    told_on(telling, loudness, kinds, |sink| Stream { sink: Box::new(sink), is_terminal: false, paint: Paint::Plain, motion: Motion::Lines })
}

fn told_on(telling: Telling, loudness: Loudness, kinds: Vec<EventKind>, stream: impl Fn(Kept) -> Stream) -> Told {
    let (out, err) = (Kept::default(), Kept::default());
    let mut console = Console { out: stream(out.clone()), err: stream(err.clone()), keys: false, form: Form::People, loudness };
    let mut narrator = Narrator::new(telling, Heading::EachRun, Mode::Demo);
    let (run_id, session_id) = (RunId::new(), SessionId::new());
    for (seq, kind) in (1..).zip(kinds) {
        narrator.tell(&mut console, &AgentEvent { seq, at: Timestamp::UNIX_EPOCH, run_id, session_id, kind }).unwrap();
    }
    Told { out: out.text(), err: err.text() }
}

fn text(text: &str) -> EventKind {
    EventKind::TextDelta { text: text.into() }
}

fn message() -> EventKind {
    EventKind::MessageCompleted { message_id: MessageId::new(), role: Role::Assistant, content: vec![Block::Text { text: "x".into() }] }
}

fn call(name: &str) -> Vec<EventKind> {
    let call_id = CallId::from_provider("call_1");
    let input = RawJson::parse(r#"{"entity":"customers"}"#.into()).unwrap();
    let output = RawJson::parse(r#"{"rows":[{},{}]}"#.into()).unwrap();
    vec![
        EventKind::ToolCallStarted { call_id: call_id.clone(), tool: name.into(), effect: bca_protocol::Effect::Read, input },
        EventKind::ToolCallCompleted { call_id, status: ToolCallStatus::Ok, output, duration_ms: 84 },
    ]
}

fn a_run() -> Vec<EventKind> {
    let mut kinds = vec![
        EventKind::RunStarted { model: "demo".into(), connection: Some(samples::connection()) },
        EventKind::TurnStarted { turn: 1 },
        EventKind::ThinkingDelta { text: "I look\n".into() },
        EventKind::ThinkingDelta { text: "first.".into() },
        text("I look "),
        text("up customers."),
        message(),
    ];
    kinds.extend(call("bc_query_entities"));
    kinds.extend([EventKind::TurnStarted { turn: 2 }, text("There are two.\n"), message(), EventKind::RunCompleted { stop_reason: StopReason::EndTurn }]);
    kinds
}

#[test]
fn only_the_answer_goes_to_standard_output() {
    let told = told(Telling::People, Loudness::Normal, a_run());
    assert_eq!(told.out, "I look up customers.\n\nThere are two.\n");
    let expected =
        "Nordby AS · demo company · demo model (reads English by rules; it is not Claude)\nThinking: I look\nfirst.\n  • customers · 2 rows · 84 ms\n";
    assert_eq!(told.err, expected);
}

/// A create that is collected for a set of this title: its start, and the message with its result.
fn collected(title: &str) -> Vec<EventKind> {
    let call_id = CallId::from_provider("call_9");
    let input = RawJson::parse(r#"{"entity":"customers"}"#.into()).unwrap();
    let output = serde_json::json!({"status": "collected", "change_set": title, "result": 1, "writes_so_far": 1}).to_string();
    vec![
        EventKind::ToolCallStarted { call_id: call_id.clone(), tool: "bc_create_entity".into(), effect: bca_protocol::Effect::Write, input },
        results(vec![Block::ToolResult { call_id, status: ToolCallStatus::Ok, output }]),
    ]
}

fn results(content: Vec<Block>) -> EventKind {
    EventKind::MessageCompleted { message_id: MessageId::new(), role: Role::User, content }
}

/// The end of that call, and the message that tells the model of it.
fn collected_ends(status: ToolCallStatus, output: &str) -> Vec<EventKind> {
    let call_id = CallId::from_provider("call_9");
    let block = Block::ToolResult { call_id: call_id.clone(), status, output: output.to_owned() };
    let output = RawJson::parse(output.to_owned()).unwrap();
    vec![EventKind::ToolCallCompleted { call_id, status, output, duration_ms: 0 }, results(vec![block])]
}

const ABORTED: &str = r#"{"status":"aborted","message":"The person stopped the run."}"#;
const COLLECTED: &str = "  • create customers · collected for “Set up two customers”; it will be asked with the others\n";

#[test]
fn a_write_that_is_collected_is_told_at_once_and_so_is_that_it_was_dropped() {
    let kinds = [collected("Set up two customers"), collected_ends(ToolCallStatus::Aborted, ABORTED)].concat();
    let told = told(Telling::People, Loudness::Normal, kinds.clone());
    assert_eq!(told.err, format!("{COLLECTED}  • create customers · dropped: the run ended before anybody was asked; nothing was sent\n"));
    assert_eq!(told_quietly(kinds), "");
}

fn told_quietly(kinds: Vec<EventKind>) -> String {
    told(Telling::People, Loudness::Quiet, kinds).err
}

#[test]
fn a_collected_write_that_was_asked_about_ends_as_any_other() {
    let change = ChangePreview { call_id: CallId::from_provider("call_9"), ..samples::update(Vec::new()) };
    let asked = EventKind::ApprovalRequested(samples::request(vec![change]));
    let kinds = [collected("Set up two customers"), vec![asked], collected_ends(ToolCallStatus::Aborted, ABORTED)].concat();
    assert_eq!(told(Telling::People, Loudness::Normal, kinds).err, format!("{COLLECTED}  • create customers · aborted · 0 ms\n"));
    let confirmed = collected_ends(ToolCallStatus::Ok, r#"{"status":"confirmed"}"#);
    let told = told(Telling::People, Loudness::Normal, [collected("Set up two customers"), confirmed].concat());
    assert_eq!(told.err, format!("{COLLECTED}  • create customers · confirmed · 0 ms\n"));
}

#[test]
fn the_title_of_a_set_reaches_the_screen_harmless() {
    let told = told(Telling::People, Loudness::Normal, collected("x\u{1b}]0;owned\u{7}\u{202e}\ny"));
    assert!(told.err.contains("\\u{1b}") && told.err.contains("\\u{202e}") && told.err.lines().count() == 1, "{}", told.err);
}

#[test]
fn quiet_leaves_only_the_answer_and_errors() {
    let error = EventKind::Error { code: bca_protocol::ErrorCode::ModelUnavailable, message: "The model did not answer.".into(), retryable: true };
    let told = told(Telling::People, Loudness::Quiet, [a_run(), vec![error]].concat());
    assert_eq!(told.err, "error: The model did not answer.\n");
}

#[test]
fn a_broken_off_answer_gets_its_line_break_before_the_error() {
    let kinds = vec![
        text("Half an ans"),
        EventKind::Error { code: bca_protocol::ErrorCode::ModelUnavailable, message: "Broken off.".into(), retryable: true },
        EventKind::RunCompleted { stop_reason: StopReason::Error },
    ];
    let told = told(Telling::People, Loudness::Normal, kinds);
    assert_eq!(told.out, "Half an ans\n");
    assert!(told.err.starts_with("error: Broken off.\nThe run ended with an error."), "{}", told.err);
}

#[test]
fn on_one_screen_nothing_breaks_into_a_line_of_the_answer() {
    let terminal = |sink: Kept| Stream { sink: Box::new(sink), is_terminal: true, paint: Paint::Colour, motion: Motion::Cursor };
    let kinds = [vec![text("one ")], call("bc_query_entities"), vec![text("line"), message()]].concat();
    let screen = Kept::default();
    let both = screen.clone();
    let _ = told_on(Telling::People, Loudness::Normal, kinds, move |_| terminal(both.clone()));
    assert_eq!(screen.text(), "one line\n  \u{1b}[2m• customers · 2 rows · 84 ms\u{1b}[0m\n");
}

#[test]
fn whatever_a_model_or_a_record_writes_reaches_the_screen_harmless() {
    let evil = "x\u{1b}]0;owned\u{7}\u{202e}";
    let mut kinds = vec![EventKind::ThinkingDelta { text: evil.into() }, text(evil), message()];
    kinds.extend(call(evil));
    kinds.push(EventKind::Error { code: bca_protocol::ErrorCode::Internal, message: evil.into(), retryable: false });
    let told = told(Telling::People, Loudness::Verbose, kinds);
    for stream in [&told.out, &told.err] {
        assert!(stream.contains("\\u{1b}") && stream.contains("\\u{202e}"), "{stream}");
        assert!(!stream.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{stream:?}");
    }
}

#[test]
fn a_program_gets_one_event_per_line_and_nothing_else() {
    let mut kinds = a_run();
    let input = RawJson::parse("{\n  \"entity\": \"cust\u{202e}omers\"\n}".into()).unwrap();
    kinds.push(EventKind::ToolCallStarted { call_id: CallId::fresh(), tool: "x".into(), effect: bca_protocol::Effect::Read, input });
    let count = kinds.len();
    let told = told(Telling::Events, Loudness::Normal, kinds);
    let events: Vec<serde_json::Value> = told.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), count);
    assert_eq!(events[0]["type"], "run_started");
    assert_eq!(events[count - 1]["input"]["entity"], "cust\u{202e}omers");
    assert!(!told.out.contains('\u{202e}') && told.err.is_empty());
}
