//! Proposing writes, and telling exactly what became of them.

use super::{Flow, Replay, Step, Todos, Turn};
use crate::model::answer;
use crate::model::conversation::Call;
use crate::model::json::{Json, object};
use crate::model::read::label;

/// A write to propose.
#[derive(Debug, Clone)]
pub(super) struct Write {
    tool: &'static str,
    /// What the validation is told: create, update, delete, action.
    operation: &'static str,
    input: Json,
    /// What it is, for a person: "the customer “Harbor Lights Ltd”".
    title: String,
}

impl Write {
    pub(super) fn create(set: &str, data: Json, title: String) -> Self {
        Self { tool: "bc_create_entity", operation: "create", input: object([("entity", Json::from(set)), ("data", data)]), title }
    }

    pub(super) fn update(set: &str, id: &str, data: Json, title: String) -> Self {
        let input = object([("entity", Json::from(set)), ("id", Json::from(id)), ("data", data)]);
        Self { tool: "bc_update_entity", operation: "update", input, title }
    }

    pub(super) fn delete(set: &str, id: &str, title: String) -> Self {
        let input = object([("entity", Json::from(set)), ("id", Json::from(id))]);
        Self { tool: "bc_delete_entity", operation: "delete", input, title }
    }

    pub(super) fn act(set: &str, id: &str, action: &str, title: String) -> Self {
        let input = object([("entity", Json::from(set)), ("id", Json::from(id)), ("action", Json::from(action))]);
        Self { tool: "bc_invoke_action", operation: "action", input, title }
    }

    /// The input as one of a set of this title.
    fn of_set(&self, title: &str, more: bool) -> Json {
        let Json::Object(mut entries) = self.input.clone() else { return Json::Null };
        entries.push(("change_set".to_owned(), object([("title", Json::from(title)), ("more", Json::Bool(more))])));
        Json::Object(entries)
    }

    fn check(&self) -> Json {
        let Json::Object(entries) = &self.input else { return Json::Null };
        let mut check = vec![("operation".to_owned(), Json::from(self.operation))];
        check.extend(entries.iter().cloned());
        Json::Object(check)
    }
}

/// Checks the writes, proposes them all in one turn, and gives back the results when every one was confirmed. Ends the
/// run with an exact account where one was not. A refused write is never tried again.
///
/// `done` counts the steps of the plan that are complete; three more are taken here.
pub(super) fn propose(replay: &mut Replay<'_>, todos: &mut Todos, done: usize, writes: &[Write], lead: &str) -> Flow<Vec<Call>> {
    let subject = if writes.len() == 1 { "the change".to_owned() } else { format!("the {} changes", writes.len()) };
    let checking = Turn::new(format!("Before anyone is asked I check {subject} against what Business Central accepts.")).calls([todos.at(done)]);
    let checks = replay.turn(checking.calls(writes.iter().map(|write| ("bc_validate_operation", write.check()))))?;
    let problems: Vec<String> = checks.iter().skip(1).flat_map(problems).collect();
    if !problems.is_empty() {
        return stop(replay, todos, format!("This would not work, so I did not propose it:\n\n{}\n\nNothing was changed.", problems.join("\n")));
    }
    let irreversible = checks.iter().any(|check| check.result.text_at("undo") == "irreversible");
    let warning = if irreversible { " It cannot be undone." } else { "" };
    let proposing = Turn::new("The check is fine. I propose it; a person decides.").saying(format!("{lead}{warning}")).calls([todos.at(done + 1)]);
    let results = replay.turn(proposing.calls(writes.iter().map(|write| (write.tool, write.input.clone()))))?;
    told(replay, todos, writes, results[1..].to_vec())
}

/// The same with one write in each turn, gathered under a title: the person is asked once, with the last.
pub(super) fn propose_as_set(replay: &mut Replay<'_>, todos: &mut Todos, done: usize, writes: &[Write], title: &str) -> Flow<Vec<Call>> {
    let checking = Turn::new("Before anything is collected I check each write against what Business Central accepts.").calls([todos.at(done)]);
    let checks = replay.turn(checking.calls(writes.iter().map(|write| ("bc_validate_operation", write.check()))))?;
    let problems: Vec<String> = checks.iter().skip(1).flat_map(problems).collect();
    if !problems.is_empty() {
        return stop(replay, todos, format!("This would not work, so I did not propose it:\n\n{}\n\nNothing was changed.", problems.join("\n")));
    }
    let mut results = Vec::with_capacity(writes.len());
    for (at, write) in writes.iter().enumerate() {
        let more = at + 1 < writes.len();
        let thinking = if more { "It waits until the set is complete." } else { "This is the last one, so a person decides on all of them now." };
        let text = format!("{} of {}: {}.", at + 1, writes.len(), write.title);
        let turn = Turn::new(thinking).saying(text).calls([todos.at(done + 1)]).call(write.tool, write.of_set(title, more));
        results.extend(replay.turn(turn)?.into_iter().skip(1));
        // A write that could not even be collected ends the plan; the person is asked about those before it.
        if results.last().is_some_and(|call| call.failed) && more {
            break;
        }
    }
    told(replay, todos, writes, results)
}

/// The results, where every write was made; else the run ends with an exact account.
fn told(replay: &mut Replay<'_>, todos: &Todos, writes: &[Write], results: Vec<Call>) -> Flow<Vec<Call>> {
    if results.len() == writes.len() && results.iter().all(confirmed) {
        return Ok(results);
    }
    let account = account(writes, &results);
    stop(replay, todos, account)
}

/// Shows the whole plan as done, then says the answer.
pub(super) fn finish(replay: &mut Replay<'_>, todos: &mut Todos, text: String) -> Flow<Step> {
    let all = todos.steps.len();
    replay.turn(Turn::default().calls([todos.at(all)]))?;
    Ok(Step::say(text))
}

/// Leaves the plan where it stopped, then says why.
fn stop<T>(replay: &mut Replay<'_>, todos: &Todos, text: String) -> Flow<T> {
    replay.turn(Turn::default().calls([todos.stopped()]))?;
    Err(Step::say(text))
}

fn confirmed(call: &Call) -> bool {
    !call.failed && call.result.text_at("status") == "confirmed"
}

fn problems(check: &Call) -> Vec<String> {
    if check.failed {
        return vec![format!("- {}", answer::refused(check))];
    }
    if check.result.get("valid") != Some(&Json::Bool(false)) {
        return Vec::new();
    }
    let problem = |problem: &Json| {
        let suggestion = problem.text_at("suggestion");
        format!("- {} {suggestion}", problem.text_at("message")).trim_end().to_owned()
    };
    check.result.items_at("problems").iter().map(problem).collect()
}

/// What became of each write where not all were made.
fn account(writes: &[Write], results: &[Call]) -> String {
    let untouched = results.iter().all(|call| !confirmed(call) && call.result.text_at("status") != "unknown");
    let mut sentences: Vec<String> = Vec::new();
    if let [only] = results {
        sentences.push(outcome(only));
    } else if untouched
        && results.windows(2).all(|pair| pair[0].result.text_at("status") == pair[1].result.text_at("status") && outcome(&pair[0]) == outcome(&pair[1]))
    {
        sentences.extend(results.first().map(outcome));
    } else {
        sentences.extend(writes.iter().zip(results).map(|(write, call)| format!("- {}: {}", write.title, outcome(call))));
    }
    if untouched {
        sentences.push("Nothing was changed.".to_owned());
        return sentences.join(if results.len() == 1 || sentences.len() == 2 { " " } else { "\n" });
    }
    sentences.join("\n")
}

fn outcome(call: &Call) -> String {
    let reason = match call.result.text_at("reason") {
        "" => String::new(),
        reason => format!(" Reason: “{}”.", answer::inline(reason)),
    };
    match call.result.text_at("status") {
        "confirmed" => "done and verified.".to_owned(),
        "collected" => "it waits for your decision.".to_owned(),
        "rejected" => format!("The change was rejected.{reason}"),
        "expired" => "Nobody decided in time, so the request expired.".to_owned(),
        "aborted" => "The run was stopped before the change was decided.".to_owned(),
        "unknown" => format!(
            "The outcome is unknown: the request was sent, but no clear answer came back. Please check the record before you ask again. {}",
            answer::inline(call.result.text_at("message"))
        ),
        "failed" => format!("Business Central did not accept the change: {}", answer::sentence(call.result.text_at("message"))),
        _ => answer::refused(call),
    }
}

/// "Verified by reading it back: name = Harbor Lights Ltd, city = Bergen." and what came out differently.
pub(super) fn verified(call: &Call, names: &[(String, String)]) -> String {
    let shown = |value: &Json| {
        let id = value.plain();
        names.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone()).unwrap_or_else(|| answer::value(value))
    };
    let pair = |entry: &Json| {
        let property = entry.text_at("property");
        let found = entry.get("found").unwrap_or(&Json::Null);
        (field(property), shown(found), shown(entry.get("sent").unwrap_or(&Json::Null)))
    };
    let agreed: Vec<String> = call.result.items_at("verified").iter().map(pair).map(|(name, found, _)| format!("| {name} | {found} |")).collect();
    let differing: Vec<String> = call
        .result
        .items_at("differences")
        .iter()
        .map(pair)
        .map(|(name, found, sent)| format!("- {name}: sent {sent}, found {}", if found.is_empty() { "nothing" } else { &found }))
        .collect();
    let mut text = String::new();
    if !agreed.is_empty() {
        text.push_str(&format!("\n\nI read the record back and verified:\n\n| field | value |\n|---|---|\n{}", agreed.join("\n")));
    }
    if !differing.is_empty() {
        text.push_str(&format!("\n\nThis came out differently:\n\n{}", differing.join("\n")));
    }
    if agreed.is_empty() && differing.is_empty() {
        text.push_str(" Nothing was reported about a check after the write.");
    }
    text
}

/// A property's name for a person; of a line, `salesOrderLines[0].quantity` is "line 1: quantity".
fn field(property: &str) -> String {
    let line = property.split_once('[').and_then(|(_, rest)| rest.split_once("].")).and_then(|(index, name)| Some((index.parse::<usize>().ok()? + 1, name)));
    line.map_or_else(|| label(property), |(number, name)| format!("line {number}: {}", label(name)))
}
