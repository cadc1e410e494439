//! What was tried out, on the page of evidence: what Business Central said of each change before anybody was asked, and when.

use bca_protocol::{ApprovalRequest, AuditAction, AuditEntry, ChangePreview, DryRun, FieldChange, Json, TriedOutcome, TriedWrite};

use crate::{
    evidence::{Evidence, Question},
    evidence_page::shown,
};

/// The trials of a question: of what was proposed, and of each edit.
pub(crate) fn of_question(evidence: &Evidence, question: &Question) -> String {
    let answered = &question.approval.request;
    let earlier = question.versions.iter().map(|version| &version.request).filter(|request| request.revision != answered.revision);
    earlier.chain([answered]).map(|request| of_version(evidence, request)).collect()
}

fn of_version(evidence: &Evidence, request: &ApprovalRequest) -> String {
    let Some(dry_run) = &request.dry_run else { return String::new() };
    let version = if request.revision == 0 { String::new() } else { format!(", version {}", request.revision) };
    // The log knows to the moment; without it, it was before the question.
    let when = trial_of(evidence, request).map_or_else(|| format!("before {}", request.requested_at), |entry| entry.at.to_string());
    let mut html = format!("<h3>Tried out before it was asked{version}</h3>\n");
    match dry_run {
        DryRun::NotTried { why } => html.push_str(&format!("<p>Not tried out. {}</p>\n", shown(why))),
        DryRun::NotKnown { why } => html.push_str(&format!("<p>Sent once to be taken back at once, {when}; nothing can be said of it. {}</p>\n", shown(why))),
        DryRun::Tried { writes } => {
            html.push_str(&format!("<p>Sent once in a transaction that was made to fail, {when}. Nothing of it was found in the books afterwards.</p>\n"));
            html.push_str("<table><tr><th>Change</th><th>What Business Central said</th><th>What it would fill in</th></tr>");
            writes.iter().for_each(|tried| html.push_str(&row(request, tried)));
            html.push_str("</table>\n");
        }
    }
    html
}

/// The log's entry about the trial of exactly these requests.
fn trial_of<'a>(evidence: &'a Evidence, request: &ApprovalRequest) -> Option<&'a AuditEntry> {
    let digest = request.changes.first()?.digest.to_string();
    let is_it = |entry: &&AuditEntry| {
        entry.action == AuditAction::DryRun && entry.at <= evidence.at && entry.details.as_ref().is_some_and(|details| details.as_str().contains(&digest))
    };
    evidence.audit.iter().find(is_it)
}

fn row(request: &ApprovalRequest, tried: &TriedWrite) -> String {
    let is_it = |change: &&ChangePreview| change.change_id == tried.change_id;
    let title = request.changes.iter().chain(&request.left_out).find(is_it).map_or("", |change| change.title.as_str());
    let (said, fills) = said(&tried.outcome);
    format!("<tr><td>{}</td><td>{said}</td><td>{}</td></tr>", shown(title), fills.join("<br>"))
}

/// What Business Central said, and what it would fill in.
fn said(outcome: &TriedOutcome) -> (String, Vec<String>) {
    match outcome {
        TriedOutcome::WouldWork { fills } => ("Would work".to_owned(), fills.iter().map(fill).collect()),
        TriedOutcome::WouldFail { code, message } => {
            let code = code.as_deref().map(|code| format!(" <small>{}</small>", shown(code))).unwrap_or_default();
            (format!("<span class=\"w\">Would be refused:</span> {}{code}", shown(message)), Vec::new())
        }
        TriedOutcome::NotKnown { why } => (format!("Nothing can be said. {}", shown(why)), Vec::new()),
    }
}

fn fill(fill: &FieldChange) -> String {
    let value = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map_or_else(|| "(empty)".to_owned(), shown);
    let label = fill.after_label.as_deref().map(|label| format!(" ({})", shown(label))).unwrap_or_default();
    let sent = fill.before.as_deref().map(|before| format!(" in place of {}", shown(before))).unwrap_or_default();
    format!("{}: {}{label}{sent}", shown(&fill.caption), value(&fill.after))
}

/// All trials that the log tells of, those that led to no question included.
pub(crate) fn all(evidence: &Evidence) -> String {
    let trials: Vec<String> = evidence.audit.iter().filter(|entry| entry.action == AuditAction::DryRun).map(logged).collect();
    if trials.is_empty() {
        return String::new();
    }
    let head = "<h2>Tried out</h2>\n<table><tr><th>When</th><th>Position in the log</th><th>Change</th><th>What came of it</th></tr>";
    format!("{head}{}</table>\n", trials.concat())
}

fn logged(entry: &AuditEntry) -> String {
    let details = entry.details.as_ref().and_then(|details| details.tree().ok()).unwrap_or(Json::Null);
    let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).map(shown).unwrap_or_default();
    let place = format!("<td>{}</td><td>{}</td>", entry.at, entry.seq);
    let note = match (text(&details, "alarm"), text(&details, "why")) {
        (alarm, _) if !alarm.is_empty() => format!("<tr>{place}<td colspan=\"2\" class=\"w\">{alarm}</td></tr>"),
        (_, why) if !why.is_empty() => format!("<tr>{place}<td colspan=\"2\">{why}</td></tr>"),
        _ => String::new(),
    };
    let Some(Json::Array(writes)) = details.get("writes") else { return format!("<tr>{place}<td colspan=\"2\">The details can't be read any more.</td></tr>") };
    let one = |write: &Json| {
        let outcome = match write.get("outcome").and_then(Json::as_str) {
            Some("would_work") => "Would work.",
            Some("would_fail") => "Would be refused:",
            Some("not_tried") => "Not tried out.",
            _ => "Nothing can be said.",
        };
        format!("<tr>{place}<td>{}</td><td>{outcome} {}</td></tr>", text(write, "title"), text(write, "said"))
    };
    format!("{note}{}", writes.iter().map(one).collect::<String>())
}

#[cfg(test)]
#[path = "evidence_trials_tests.rs"]
mod tests;
