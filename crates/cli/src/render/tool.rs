//! A tool call in one line: `customers · 12 rows · 84 ms`.

use bca_protocol::{Json, RawJson, ToolCallStatus};

use super::words::{brief, counted, duration, value};

/// A tool call that ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// The tool.
    pub tool: &'a str,
    /// What it was called with.
    pub input: &'a RawJson,
    /// How it ended.
    pub status: ToolCallStatus,
    /// What it answered.
    pub output: &'a RawJson,
    /// How long it took (milliseconds).
    pub duration_ms: u64,
}

/// The line, harmless.
#[must_use]
pub fn line(call: &Ended<'_>) -> String {
    let output = call.output.tree().unwrap_or(Json::Null);
    let mut parts = vec![subject(call.tool, call.input)];
    match call.status {
        ToolCallStatus::Ok => parts.extend(figures(&output)),
        ToolCallStatus::Error => parts.push(format!("error: {}", brief(&message(&output).unwrap_or_else(|| "the tool gave no reason".to_owned()), 300))),
        ToolCallStatus::Rejected | ToolCallStatus::Expired | ToolCallStatus::Aborted | ToolCallStatus::Unknown => parts.push(call.status.as_str().to_owned()),
    }
    parts.push(duration(call.duration_ms));
    value(&parts.join(" · "))
}

/// The line of a write that was collected for a set, harmless; `None` where the result says something else.
#[must_use]
pub fn collected(tool: &str, input: &RawJson, output: &str) -> Option<String> {
    let output = RawJson::parse(output.to_owned()).ok()?;
    let output = output.tree().ok()?;
    if output.get("status").and_then(Json::as_str) != Some("collected") {
        return None;
    }
    let title = output.get("change_set").and_then(Json::as_str)?;
    Some(value(&format!("{} · collected for “{title}”; it will be asked with the others", subject(tool, input))))
}

/// The line of a collected write whose run ended before anybody was asked, harmless.
#[must_use]
pub fn dropped(tool: &str, input: &RawJson) -> String {
    value(&format!("{} · dropped: the run ended before anybody was asked; nothing was sent", subject(tool, input)))
}

/// What a call is about, from its input: `customers`, `create customers`, `post salesInvoices`.
#[must_use]
pub fn subject(tool: &str, input: &RawJson) -> String {
    let input = input.tree().unwrap_or(Json::Null);
    let word = |name: &str| input.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()).map(|text| brief(text, 60));
    let told = match tool {
        "bc_query_entities" => word("entity"),
        "bc_create_entity" => word("entity").map(|entity| format!("create {entity}")),
        "bc_update_entity" => word("entity").map(|entity| format!("change {entity}")),
        "bc_delete_entity" => word("entity").map(|entity| format!("delete {entity}")),
        "bc_invoke_action" => word("entity").zip(word("action")).map(|(entity, action)| format!("{action} {entity}")),
        "bc_get_schema" => word("entity").or_else(|| word("search")).map(|about| format!("schema {about}")),
        "bc_validate_operation" => word("operation").zip(word("entity")).map(|(operation, entity)| format!("check {operation} {entity}")),
        "bc_validate_workflow" => word("workflow").map(|workflow| format!("check workflow {workflow}")),
        _ => None,
    };
    told.unwrap_or_else(|| brief(tool, 80))
}

/// How much came back, or that a write was confirmed.
fn figures(output: &Json) -> Vec<String> {
    let number = |name: &str| output.get(name).and_then(Json::display).and_then(|text| text.parse::<u64>().ok());
    let length = |name: &str| match output.get(name) {
        Some(Json::Array(items)) => Some(items.len() as u64),
        Some(_) | None => None,
    };
    let more = matches!(output.get("truncated"), Some(Json::Bool(true)));
    let mut parts = Vec::new();
    if let Some(rows) = length("rows") {
        parts.push(counted(rows, "row", "rows"));
    }
    if let Some(groups) = length("groups") {
        parts.push(counted(groups, "group", "groups"));
    }
    match (number("count"), more) {
        (Some(count), _) => parts.push(format!("{count} in all")),
        (None, true) => parts.push("more exist".to_owned()),
        (None, false) => {}
    }
    if output.get("status").and_then(Json::as_str) == Some("confirmed") {
        parts.push("confirmed".to_owned());
    }
    parts
}

/// The sentence of an error or of a write that wasn't confirmed.
#[must_use]
pub fn message(output: &Json) -> Option<String> {
    let sentence = output.get("error").and_then(|error| error.get("message")).or_else(|| output.get("message"));
    sentence.and_then(Json::as_str).map(str::to_owned)
}

/// The code of an error: `not_signed_in`.
#[must_use]
pub fn code(output: &Json) -> Option<&str> {
    output.get("error").and_then(|error| error.get("code")).and_then(Json::as_str)
}

#[cfg(test)]
#[path = "tool_tests.rs"]
mod tests;
