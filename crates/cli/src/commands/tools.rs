//! `tools`: what the agent can do, and doing one of it without a model.

use bca_app::App;
use bca_protocol::{CallId, Json, RawJson, ToolCallStatus, ToolView};
use serde::Serialize;

use crate::{
    args::{Approve, Tools},
    console::{Console, Form, Loudness},
    conversation::approver,
    escape::one_line_json,
    exit::{Exit, Failure},
    follow::{Events, Follow},
    keyboard::{Keyboard, read_all},
    narrator::{Heading, Narrator, Telling},
    render::{
        table::{Column, Side, table},
        tool,
        words::{brief, running, value},
    },
    signals::Signals,
    tally::Tally,
};

const COLUMNS: [Column; 3] = [("Tool", Side::Left), ("Effect", Side::Left), ("What it is for", Side::Left)];

pub(super) async fn run(app: &App, command: Tools, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Tools::List => {
            list(&app.tools().await?, console)?;
            Ok(Exit::Done)
        }
        Tools::Call { name, input, approve } => call(app, &name, input, approve, console).await,
    }
}

#[derive(Serialize)]
struct List<'a> {
    tools: &'a [ToolView],
}

fn list(tools: &[ToolView], console: &mut Console) -> Result<(), Failure> {
    match (console.form, console.loudness) {
        (Form::Json, _) => console.json(&List { tools }),
        (Form::People, Loudness::Quiet) => tools.iter().try_for_each(|tool| console.print(&format!("{}\n", value(&tool.name)))),
        (Form::People, Loudness::Normal) => {
            let first_sentence = |text: &str| brief(text.split_once(". ").map_or(text, |(first, _)| first), 100);
            let rows: Vec<Vec<String>> =
                tools.iter().map(|tool| vec![tool.name.clone(), tool.effect.as_str().to_owned(), first_sentence(&tool.description)]).collect();
            console.print(&table(&COLUMNS, &rows, console.out.paint))
        }
        (Form::People, Loudness::Verbose) => tools.iter().try_for_each(|tool| {
            let text = format!("{} ({})\n{}\n{}\n\n", value(&tool.name), tool.effect.as_str(), running(&tool.description), value(tool.input_schema.as_str()));
            console.print(&text)
        }),
    }
}

#[derive(Serialize)]
struct Called<'a> {
    tool: &'a str,
    status: ToolCallStatus,
    output: &'a RawJson,
}

async fn call(app: &App, name: &str, input: String, approve: Approve, console: &mut Console) -> Result<Exit, Failure> {
    let approver = approver(app, console, approve)?;
    let input = if input == "-" { read_all("The input")? } else { input };
    let input = parsed(input)?;
    let (mut keyboard, mut signals) = (Keyboard::default(), Signals::listen()?);
    let telling = match console.form {
        Form::People => Telling::People,
        Form::Json => Telling::Questions,
    };
    let mut narrator = Narrator::new(telling, Heading::EachRun, app.mode());
    let (sink, events) = Events::channel();
    let work = app.call_tool(name, input, sink);
    let followed = Follow::new(app, console, &mut keyboard, &mut signals, &mut narrator, &approver).through(events, work).await?;
    let result = followed.value?;
    match console.form {
        Form::Json => console.json(&Called { tool: name, status: result.status, output: &result.output })?,
        Form::People => console.print(&format!("{}\n", pretty(&result.output)))?,
    }
    Ok(exit(result.status, &result.output, followed.tally))
}

fn parsed(text: String) -> Result<RawJson, Failure> {
    let wrong = |why: &dyn std::fmt::Display| Failure::usage(format!("The tool's input must be a JSON object such as {{\"entity\":\"customers\"}}: {why}."));
    let json = RawJson::parse(text).map_err(|e| wrong(&e))?;
    match json.tree().map_err(|e| wrong(&e))? {
        Json::Object(_) => Ok(json),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => Err(wrong(&"it is none")),
    }
}

/// The result, indented; numbers stay digit for digit as they came.
fn pretty(output: &RawJson) -> String {
    let mut text = String::new();
    match output.tree() {
        Ok(tree) => indent(&tree, 0, &mut text),
        Err(_) => text.push_str(output.as_str()),
    }
    running(&text)
}

fn indent(tree: &Json, depth: usize, text: &mut String) {
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.push_str(&"  ".repeat(depth));
    };
    match tree {
        Json::Object(members) if !members.is_empty() => {
            text.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                text.push_str(if i > 0 { "," } else { "" });
                line(text, depth + 1);
                text.push_str(&one_line_json(&Json::String(name.clone()).to_string()));
                text.push_str(": ");
                indent(value, depth + 1, text);
            }
            line(text, depth);
            text.push('}');
        }
        Json::Array(items) if !items.is_empty() => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                text.push_str(if i > 0 { "," } else { "" });
                line(text, depth + 1);
                indent(item, depth + 1, text);
            }
            line(text, depth);
            text.push(']');
        }
        leaf => text.push_str(&one_line_json(&leaf.to_string())),
    }
}

fn exit(status: ToolCallStatus, output: &RawJson, mut tally: Tally) -> Exit {
    let tree = output.tree().unwrap_or(Json::Null);
    let code = tool::code(&tree);
    tally.status(&CallId::fresh(), status, code);
    let failed = match (status, code) {
        (ToolCallStatus::Ok, _) => Exit::Done,
        (ToolCallStatus::Error, Some("not_connected")) => Exit::NotSignedIn,
        (ToolCallStatus::Error | ToolCallStatus::Rejected | ToolCallStatus::Expired | ToolCallStatus::Aborted | ToolCallStatus::Unknown, _) => Exit::Failed,
    };
    tally.exit().max(failed)
}

#[cfg(test)]
#[path = "tools_tests.rs"]
mod tests;
